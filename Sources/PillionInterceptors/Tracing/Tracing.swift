import Glibc
import NIOCore
package import PillionTransport

/// `tracing`: goes on with the caller's trace or begins one, and sends a span for the call, one for its wait for a
/// connection to the database and one for the statement.
package struct Tracing: Interceptor {
  package struct Configuration: Sendable {
    /// Of the calls that begin a trace, the share that is recorded; others do as their caller says.
    package var sample = 1.0
    /// Whether the spans of statements have their SQL, which has placeholders in the place of values.
    package var showsStatements = false

    package init() {}
  }

  /// What the layer remembers of a call that is recorded.
  private final class Recorded: CallNote {
    let context: TraceContext
    let span: SpanID

    init(context: TraceContext, span: SpanID) {
      self.context = context
      self.span = span
    }
  }

  private let configuration: Configuration
  private let exporter: SpanExporter
  /// Of the 63 low bits of a trace's name, those below are recorded.
  private let threshold: UInt64

  package init(_ configuration: Configuration, exporter: SpanExporter) {
    self.configuration = configuration
    self.exporter = exporter
    threshold = UInt64(max(0, min(1, configuration.sample)) * 0x1p63)
  }

  package func begin(_ call: ServerCall) -> Verdict {
    let context = context(of: call.metadata)
    let span = SpanID.random()
    call.attributes[TraceID.self] = TraceID(context.trace.description)
    call.addHeader("traceparent", context.traceparent(span))
    if context.isSampled {
      call.attributes[Recorded.self] = Recorded(context: context, span: span)
      call.attributes[CallTrace.self] = CallTrace(showsStatements: configuration.showsStatements)
    }
    return .proceed
  }

  private func context(of metadata: Metadata) -> TraceContext {
    let parents = metadata.all("traceparent")
    if parents.count == 1, let parent = parents.first, var context = TraceContext(traceparent: parent) {
      context.state = TraceContext.state(metadata.all("tracestate"))
      return context
    }
    let trace = SpanID.Trace.random()
    return TraceContext(trace: trace, isSampled: trace.low & UInt64(Int64.max) < threshold)
  }

  package func end(_ call: ServerCall, _ summary: CallSummary) {
    guard let recorded = call.attributes[Recorded.self] else { return }
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let now = UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    let monotonic = LoopContext.now()
    /// The Unix time of a monotonic one.
    func wall(_ time: UInt64) -> UInt64 { now &- (monotonic > time ? monotonic - time : 0) }

    let duration = UInt64(clamping: summary.durationNanoseconds)
    var spans = [span(of: call, summary, recorded, begin: now &- duration, end: now)]
    for part in call.attributes[CallTrace.self]?.parts ?? [] {
      var span = Span(
        trace: recorded.context.trace, id: .random(), parent: recorded.span, state: recorded.context.state,
        name: part.kind == .wait ? "wait for a connection" : "statement",
        kind: part.kind == .wait ? .internal : .client, begin: wall(part.begin), end: wall(part.end),
        isFailed: part.isFailed)
      span.attributes = [("db.system.name", .text(part.system))]
      if let text = part.text { span.attributes.append(("db.query.text", .text(text))) }
      spans.append(span)
    }
    exporter.add(spans)
  }

  package func shutDown() { exporter.stop(within: .seconds(2)) }

  private func span(
    of call: ServerCall, _ summary: CallSummary, _ recorded: Recorded, begin: UInt64, end: UInt64
  ) -> Span {
    // Names are those of the server's own methods: what a client makes up would be a new name each time.
    let method = call.method.isKnown ? String(call.method.path.dropFirst()) : "unknown method"
    var span = Span(
      trace: recorded.context.trace, id: recorded.span, parent: recorded.context.parent,
      state: recorded.context.state, name: method, kind: .server, begin: begin, end: end)
    span.attributes = [
      ("rpc.system", .text("grpc")), ("rpc.grpc.status_code", .number(summary.status.rawValue)),
      ("network.peer.address", .text(call.peer)), ("pillion.rows", .number(call.rowCount)),
    ]
    if call.method.isKnown, let slash = method.lastIndex(of: "/") {
      span.attributes.append(("rpc.service", .text(String(method[..<slash]))))
      span.attributes.append(("rpc.method", .text(String(method[method.index(after: slash)...]))))
    }
    if let id = call.requestID { span.attributes.append(("pillion.request_id", .text(id))) }
    span.isFailed = Self.failures.contains(summary.status)
    return span
  }

  /// The statuses that are the server's fault, as OpenTelemetry's conventions for gRPC have them.
  private static let failures: Set<StatusCode> = [
    .unknown, .deadlineExceeded, .unimplemented, .internal, .unavailable, .dataLoss,
  ]
}

extension Tracing: MetricsSource {
  package func append(to page: inout PrometheusText) { exporter.append(to: &page) }
}
