import Foundation
import FuzzHarness
import Testing

/// What `make fuzz-coverage` starts from, and what it once found: each file is an input that must do no harm.
@Suite struct FuzzFindingsTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Fuzz").standardizedFileURL

  @Test(arguments: FuzzTarget.allCases)
  func `inputs that are kept do no harm`(_ target: FuzzTarget) throws {
    var count = 0
    for kind in ["seeds", "findings"] {
      let folder = Self.folder.appending(path: "\(kind)/\(target.rawValue)")
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where !name.hasPrefix(".") {
        try Data(contentsOf: folder.appending(path: name)).withUnsafeBytes { target.run($0) }
        count += 1
      }
    }
    #expect(count > 0)
  }
}
