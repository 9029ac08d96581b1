import Glibc
import PillionProto
import Testing

/// The goldens' folder, beside this file.
private let folder = "\(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex))/Goldens"

/// Compares with `Goldens/<name>`, which is edited by hand before the code that makes it.
///
/// With `PILLION_ACTUAL` set to a folder, what was made is also written there, for a diff.
func expectGolden(_ text: String, _ name: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) {
  if let actual = getenv("PILLION_ACTUAL") {
    try? ProtoOutput.write(text, toFile: "\(String(cString: actual))/\(name)")
  }
  guard let file = fopen("\(folder)/\(name)", "r") else {
    Issue.record("no golden called \(name)", sourceLocation: sourceLocation)
    return
  }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
  let made = text.split(separator: "\n", omittingEmptySubsequences: false)
  let golden = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
  for (line, (made, golden)) in zip(made, golden).enumerated() where made != golden {
    Issue.record("\(name):\(line + 1): `\(made)` where `\(golden)` should be", sourceLocation: sourceLocation)
    return
  }
  #expect(made.count == golden.count, "\(name): number of lines", sourceLocation: sourceLocation)
}
