import Glibc
package import Logging
import PillionSchema

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
        "{\"time\":\"\(Timestamp.now())\",\"level\":\"\(event.level)\",\"logger\":\(QuotedText.json(label)),\"message\":\(QuotedText.json("\(event.message)"))"
      for (key, value) in merged { line += ",\(QuotedText.json(key)):\(QuotedText.json("\(value)"))" }
      line += "}"
    case .text:
      line = "\(Timestamp.now()) \(event.level): \(event.message)"
      for (key, value) in merged { line += " \(key)=\(QuotedText.json("\(value)"))" }
    }
    Terminal.complain(line)
  }
}
