/// What a traced call notes of its parts: made by the layer that traces, filled by those who do the work.
package final class CallTrace: CallNote {
  package enum Kind: Sendable {
    /// Waiting for a connection to the database.
    case wait
    /// Work that the database does.
    case statement
  }

  /// Times are those of `CLOCK_MONOTONIC`, in nanoseconds.
  package struct Part: Sendable {
    package var kind: Kind
    package var begin: UInt64
    package var end: UInt64
    package var isFailed = false
    /// `sqlite`, `postgresql`.
    package var system: String
    /// Of a statement; nil: not to be shown.
    package var text: String?

    package init(kind: Kind, begin: UInt64, end: UInt64, system: String) {
      self.kind = kind
      self.begin = begin
      self.end = end
      self.system = system
    }
  }

  /// Whether the text of statements is wanted; values are never in it.
  package let showsStatements: Bool
  package private(set) var parts: [Part] = []

  package init(showsStatements: Bool) { self.showsStatements = showsStatements }

  package func note(_ part: Part) { parts.append(part) }
}

/// The trace that a call belongs to, for its log line: 32 hexadecimal digits.
package final class TraceID: CallNote {
  package let text: String

  package init(_ text: String) { self.text = text }
}
