package import PillionSchema

/// One thing that `check` found.
package struct CheckFinding: Sendable, Hashable {
  package enum Code: String, Sendable, CaseIterable {
    /// The definitions or the lock are wrong, or contradict each other.
    case definitions
    /// A proto or the lock is not what the definitions make.
    case protos
    case missingTable = "missing-table"
    case missingColumn = "missing-column"
    /// A table or column that the database does not let us read.
    case unreadable
    case typeMismatch = "type-mismatch"
    case nullMismatch = "null-mismatch"
    case missingUnique = "missing-unique"
    case missingIndex = "missing-index"
  }

  package var code: Code
  /// Its suggestion is the fix.
  package var diagnostic: Diagnostic

  package init(_ code: Code, _ diagnostic: Diagnostic) {
    self.code = code
    self.diagnostic = diagnostic
  }

  package init(
    _ code: Code, _ severity: Diagnostic.Severity = .error, at location: SourceLocation, _ message: String,
    fix: String? = nil
  ) {
    self.init(code, Diagnostic(severity, at: location, message, suggestion: fix))
  }
}

extension [CheckFinding] {
  package var errors: [CheckFinding] { filter { $0.diagnostic.severity == .error } }

  package var warnings: [CheckFinding] { filter { $0.diagnostic.severity == .warning } }

  /// One JSON object with all findings, for machines.
  package var json: String {
    let rows = map { finding in
      let diagnostic = finding.diagnostic
      let members = [
        "\"code\":\(quoted(finding.code.rawValue))", "\"severity\":\(quoted(diagnostic.severity.rawValue))",
        "\"file\":\(quoted(diagnostic.location.file))", "\"line\":\(diagnostic.location.line)",
        "\"column\":\(diagnostic.location.column)", "\"message\":\(quoted(diagnostic.message))",
        "\"fix\":\(diagnostic.suggestion.map(quoted) ?? "null")",
      ]
      return "{\(members.joined(separator: ","))}"
    }
    return
      "{\"errors\":\(errors.count),\"warnings\":\(warnings.count),\"findings\":[\(rows.joined(separator: ","))]}"
  }
}

private func quoted(_ text: String) -> String { QuotedText.json(text) }
