import PillionDatabase
package import PillionSchema

/// Why a server does not start: what is wrong, a line each, and the exit status that says of which kind it is.
package struct StartFailure: Error, CustomStringConvertible {
  package var status: ExitStatus
  package var messages: [String]

  package init(_ status: ExitStatus, _ messages: [String]) {
    self.status = status
    self.messages = messages
  }

  package init(_ status: ExitStatus, error: String) { self.init(status, ["error: \(error)"]) }

  /// Of files that are wrong.
  package init(_ diagnostics: [Diagnostic]) { self.init(.configuration, diagnostics.map(\.description)) }

  init(_ error: DatabaseError, _ database: DatabaseURL) {
    self.init(.unavailable, error: "\(database.masked): \(error.description)")
  }

  package var description: String { messages.joined(separator: "\n") }
}
