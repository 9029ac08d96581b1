import Foundation
import PillionSchema
import PillionServer

/// A folder that goes with the test.
final class TemporaryFolder {
  let path: String

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pillion-server-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, its folders with it, and returns its path.
  @discardableResult func write(_ name: String, _ text: String) throws -> String {
    let file = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    return file.path
  }
}

/// What `Configuration.load` makes of a file's text and the rest; without a text, of an empty file.
func load(
  _ yaml: String = "", environment: [String: String] = [:], flags: [String: [String]] = [:]
) throws -> (configuration: Configuration?, diagnostics: [String]) {
  let folder = try TemporaryFolder()
  let file = try folder.write("pillion.yaml", yaml)
  let (configuration, diagnostics) = Configuration.load(file: file, environment: environment, flags: flags)
  return (configuration, diagnostics.map { $0.description.replacing(folder.path + "/", with: "") })
}
