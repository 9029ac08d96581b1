import Logging
import PillionSchema

extension Audit {
  static let definition = InterceptorDefinition(
    name: "audit",
    summary: "Writes a line for each call that writes, whatever became of it: who, which row, which fields.",
    settings: [
      Setting(path: "file", kind: .path, summary: "The file that lines of JSON are appended to."),
      Setting(
        path: "on_error", kind: .choice, defaultValue: Trouble.refuse.rawValue,
        summary: "While records cannot be written: refuse calls that write, or let them go on without.",
        choices: Trouble.allCases.map(\.rawValue)),
    ],
    shorthand: "file", isOutermost: true
  ) { (settings, context) throws(InterceptorError) in
    guard let path = settings.text("file"), !path.isEmpty else {
      throw settings.error("file", "'audit.file' expected the path of a file")
    }
    let logger = context.logger
    let file: AuditFile
    do throws(AuditFile.Failure) {
      file = try AuditFile(path: path) { logger.error("\($0)") }
    } catch {
      throw settings.error("file", "the audit cannot be opened: \(error.description)")
    }
    return Audit(file: file, trouble: settings.text("on_error").flatMap { Trouble(rawValue: $0) } ?? .refuse)
  }
}
