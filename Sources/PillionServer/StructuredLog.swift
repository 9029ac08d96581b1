import Glibc
package import Logging

/// Log lines on standard error: one JSON object a line for machines, or one plain line for people.
package struct StructuredLog: LogHandler {
  package enum Format: String, Sendable { case json, text }

  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]
  private let label: String
  private let format: Format

  package init(label: String, level: Logger.Level, format: Format) {
    self.label = label
    self.logLevel = level
    self.format = format
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let merged = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
    var line: String
    switch format {
    case .json:
      line =
        "{\"time\":\"\(Timestamp.now())\",\"level\":\"\(event.level)\",\"logger\":\(Self.quote(label)),\"message\":\(Self.quote("\(event.message)"))"
      for (key, value) in merged { line += ",\(Self.quote(key)):\(Self.quote("\(value)"))" }
      line += "}"
    case .text:
      line = "\(Timestamp.now()) \(event.level): \(event.message)"
      for (key, value) in merged { line += " \(key)=\(Self.quote("\(value)"))" }
    }
    Terminal.complain(line)
  }

  /// A JSON string; control characters cannot break the line.
  static func quote(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
