/// A place in a file that a person wrote.
package struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
  /// Path as given on the command line or found below the models folder.
  package var file: String
  /// From 1; 0 when the whole file is meant.
  package var line: Int
  /// From 1, in characters; 0 when the whole line is meant.
  package var column: Int

  package init(file: String, line: Int = 0, column: Int = 0) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// `file:line:column`, as compilers print it.
  package var description: String {
    line == 0 ? file : column == 0 ? "\(file):\(line)" : "\(file):\(line):\(column)"
  }
}

/// One finding about what a person wrote.
package struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
  package enum Severity: String, Sendable, Hashable { case error, warning, note }

  package var severity: Severity
  package var location: SourceLocation
  package var message: String
  /// What to write instead, when it is known.
  package var suggestion: String?

  package init(_ severity: Severity = .error, at location: SourceLocation, _ message: String, suggestion: String? = nil)
  {
    self.severity = severity
    self.location = location
    self.message = message
    self.suggestion = suggestion
  }

  /// `file:line:column: error: message; suggestion`.
  package var description: String {
    "\(location): \(severity.rawValue): \(message)" + (suggestion.map { "; \($0)" } ?? "")
  }
}
