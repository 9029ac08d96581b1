import Glibc

/// The definition files of a directory.
enum SourceFiles {
  /// Larger files are refused: they are no definitions.
  private static let maximumSize = 16 * 1_024 * 1_024

  /// Every `*.yaml` and `*.yml` directly in `directory`, by name. What cannot be read is reported and left out.
  static func read(directory: String, sink: DiagnosticSink) -> [(path: String, text: String)] {
    guard let names = names(in: directory, sink) else { return [] }
    let files = names.filter { !$0.hasPrefix(".") && ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) }
    if files.isEmpty {
      sink.error(
        at: SourceLocation(file: directory), "the directory holds no definitions", suggestion: "expected *.yaml files")
    }
    let prefix = directory.hasSuffix("/") ? directory : directory + "/"
    return files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.compactMap { name in
      text(of: prefix + name, sink).map { (prefix + name, $0) }
    }
  }

  private static func names(in directory: String, _ sink: DiagnosticSink) -> [String]? {
    guard let handle = opendir(directory) else {
      sink.error(at: SourceLocation(file: directory), "cannot read the directory: \(systemError())")
      return nil
    }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
    }
    return names
  }

  static func text(of path: String, _ sink: DiagnosticSink) -> String? {
    let location = SourceLocation(file: path)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      sink.error(at: location, "cannot read the file: \(systemError())")
      return nil
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        sink.error(at: location, "cannot read the file: \(systemError())")
        return nil
      }
      bytes.append(contentsOf: buffer.prefix(count))
      guard bytes.count <= maximumSize else {
        sink.error(at: location, "the file is larger than \(maximumSize / 1_048_576) MiB")
        return nil
      }
    }
    return decode(bytes, at: location, sink)
  }

  /// UTF-8, checked; the first byte that is not is reported with its line.
  static func decode(_ bytes: [UInt8], at location: SourceLocation, _ sink: DiagnosticSink) -> String? {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    var line = 1
    var column = 1
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    decoding: while true {
      switch decoder.decode(&iterator) {
      case .scalarValue("\n"): (line, column) = (line + 1, 1)
      case .scalarValue: column += 1
      case .emptyInput, .error: break decoding
      }
    }
    sink.error(
      at: SourceLocation(file: location.file, line: line, column: column), "the file is not UTF-8",
      suggestion: "save it as UTF-8")
    return nil
  }

  private static func systemError() -> String { String(cString: strerror(errno)) }
}
