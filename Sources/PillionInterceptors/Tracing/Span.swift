/// One span on its way to the collector.
struct Span: Sendable {
  /// The raw value is that of OTLP's `SpanKind`.
  enum Kind: UInt64, Sendable { case `internal` = 1, server, client }

  enum Value: Sendable {
    case text(String)
    case number(Int)
  }

  var trace: SpanID.Trace
  var id: SpanID
  /// Nil: the trace begins with it.
  var parent: SpanID?
  var state = ""
  var name: String
  var kind: Kind
  /// Unix time in nanoseconds.
  var begin: UInt64
  var end: UInt64
  var attributes: [(name: String, value: Value)] = []
  var isFailed = false
}
