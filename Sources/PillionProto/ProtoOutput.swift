package import PillionSchema

/// The output folder of `generate-protos`: one `.proto` a package and the lock beside them.
package enum ProtoOutput {
  /// The lock of a folder; an empty one where there is no lock yet.
  ///
  /// - Returns: the lock, and what is wrong with its text; with an error it must not be used.
  package static func readLock(in directory: String) throws(ProtoOutputError) -> (lock: Lock, diagnostics: [Diagnostic])
  {
    let path = "\(directory)/\(Lock.fileName)"
    guard let bytes = try FileAccess.read(path) else { return (Lock(), []) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      return (Lock(), [Diagnostic(at: SourceLocation(file: path), "the lock file is not UTF-8")])
    }
    return Lock.parse(text, file: path)
  }

  /// Writes what differs, each file whole or not at all; the lock first, so that no number can reach a client unrecorded.
  ///
  /// - Returns: the names of the files written. Nothing is written when the protos have errors.
  package static func write(_ protos: GeneratedProtos, to directory: String) throws(ProtoOutputError) -> [String] {
    guard !protos.hasErrors else { return [] }
    try FileAccess.createDirectory(directory)
    var written: [String] = []
    for file in outputs(of: protos) {
      if try write(Array(file.text.utf8), toFile: "\(directory)/\(file.name)") { written.append(file.name) }
    }
    return written
  }

  /// Writes a file unless it has these bytes already; whether it was written.
  package static func write(_ bytes: [UInt8], toFile path: String) throws(ProtoOutputError) -> Bool {
    if try FileAccess.read(path) == bytes { return false }
    try FileAccess.replace(path, with: bytes)
    return true
  }

  /// Whether the file is missing or has other bytes.
  package static func differs(_ bytes: [UInt8], fromFile path: String) throws(ProtoOutputError) -> Bool {
    try FileAccess.read(path) != bytes
  }

  /// What `write` would change, as `diff -u` prints it; empty: nothing.
  package static func diff(_ protos: GeneratedProtos, in directory: String) throws(ProtoOutputError) -> String {
    var text = ""
    for file in outputs(of: protos) {
      let path = "\(directory)/\(file.name)"
      let old = try FileAccess.read(path).map { String(decoding: $0, as: UTF8.self) }
      text += UnifiedDiff(from: old, to: file.text, path: path).text
    }
    return text
  }

  /// Writes one text, as `--file` does.
  package static func write(_ text: String, toFile path: String) throws(ProtoOutputError) {
    try FileAccess.replace(path, with: Array(text.utf8))
  }

  /// Where the folder differs from what the definitions make: at each file's first line that does; nothing is written.
  ///
  /// Files that this program generated for a package that is gone are named too.
  package static func check(_ protos: GeneratedProtos, in directory: String) throws(ProtoOutputError) -> [Diagnostic] {
    var differences: [Diagnostic] = []
    let outputs = outputs(of: protos)
    for file in outputs {
      let path = "\(directory)/\(file.name)"
      if let bytes = try FileAccess.read(path) {
        if let difference = difference(of: bytes, from: Array(file.text.utf8), path: path) {
          differences.append(difference)
        }
      } else {
        differences.append(
          Diagnostic(at: SourceLocation(file: path), "the file is missing", suggestion: "run `pillion generate-protos`")
        )
      }
    }
    for name in try FileAccess.names(in: directory)
    where name.hasSuffix(".proto") && !outputs.contains(where: { $0.name == name }) {
      let path = "\(directory)/\(name)"
      guard let bytes = try FileAccess.read(path), bytes.starts(with: ProtoFile.generatedMark.utf8) else { continue }
      differences.append(
        Diagnostic(at: SourceLocation(file: path), "no definition makes this file any more", suggestion: "delete it"))
    }
    return differences
  }

  private static func outputs(of protos: GeneratedProtos) -> [(name: String, text: String)] {
    [(Lock.fileName, protos.lock.text)] + protos.files
  }

  private static func difference(of found: [UInt8], from expected: [UInt8], path: String) -> Diagnostic? {
    guard found != expected else { return nil }
    let newline = UInt8(ascii: "\n")
    let found = found.split(separator: newline, omittingEmptySubsequences: false)
    let expected = expected.split(separator: newline, omittingEmptySubsequences: false)
    let line = zip(found, expected).prefix { $0 == $1 }.count
    func quoted(_ lines: [ArraySlice<UInt8>]) -> String {
      guard lines.indices.contains(line) else { return "the end of the file" }
      return "`\(String(decoding: lines[line], as: UTF8.self))`"
    }
    return Diagnostic(
      at: SourceLocation(file: path, line: line + 1),
      "differs from what the definitions make: \(quoted(found)) where \(quoted(expected)) should be",
      suggestion: "run `pillion generate-protos`")
  }
}

/// A file or folder that could not be read or written.
package struct ProtoOutputError: Error, Sendable, Hashable, CustomStringConvertible {
  package var path: String
  /// `read`, `write` or `create`.
  package var operation: String
  /// The C library's message for the error number.
  package var cause: String

  package init(path: String, operation: String, cause: String) {
    self.path = path
    self.operation = operation
    self.cause = cause
  }

  package var description: String { "\(path): cannot \(operation): \(cause)" }
}
