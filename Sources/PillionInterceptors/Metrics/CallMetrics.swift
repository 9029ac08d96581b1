package import NIOCore
package import PillionTransport
import Synchronization

/// `metrics`: counts calls by method and status, their time, messages and bytes.
///
/// Each event loop counts for itself, in numbers that nobody else touches; a scrape asks every loop for a copy. Labels
/// come from the server's own methods: what a client calls that does not exist has one place for all.
package final class CallMetrics: Interceptor {
  /// Methods that have a place of their own; a server that is reloaded for ever stops here.
  private static let methodLimit = 10_000

  private struct Method {
    var service: String
    var name: String
    var type: String
  }

  private struct Methods {
    var all = [Method(service: "unknown", name: "unknown", type: "unknown")]
    var numbers: [String: Int] = [:]
  }

  /// `@unchecked Sendable`: `table` is touched only on `eventLoop`.
  private final class Loop: @unchecked Sendable {
    let eventLoop: any EventLoop
    var table = CallTable()

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }
  }

  private let loops: [Loop]
  private let methods = Mutex(Methods())

  /// `group`: the loops of the server, in the server's order.
  package init(group: any EventLoopGroup) {
    var loops: [Loop] = []
    for eventLoop in group.makeIterator() { loops.append(Loop(eventLoop: eventLoop)) }
    self.loops = loops
  }

  /// The method's place, for `MethodDescriptor.number`; the same one each time.
  package func number(of method: MethodDescriptor) -> Int {
    methods.withLock { methods in
      if let number = methods.numbers[method.path] { return number }
      guard methods.all.count < Self.methodLimit else { return 0 }
      let parts = method.path.split(separator: "/")
      let type =
        switch (method.isClientStreaming, method.isServerStreaming) {
        case (false, false): "unary"
        case (true, false): "client_stream"
        case (false, true): "server_stream"
        case (true, true): "bidi_stream"
        }
      methods.all.append(
        Method(service: String(parts.first ?? ""), name: String(parts.dropFirst().first ?? ""), type: type))
      methods.numbers[method.path] = methods.all.count - 1
      return methods.all.count - 1
    }
  }

  package func begin(_ call: ServerCall) -> Verdict {
    let index = call.loopIndex
    if loops.indices.contains(index) { loops[index].table.callBegan(call.route.method.number) }
    return .proceed
  }

  package func end(_ call: ServerCall, _ summary: CallSummary) {
    let index = call.loopIndex
    if loops.indices.contains(index) { loops[index].table.callEnded(call.route.method.number, call, summary) }
  }

  // MARK: A scrape

  /// Writes the families of all calls to the end of `page`.
  package func append(to page: PrometheusText, on eventLoop: any EventLoop) -> EventLoopFuture<String> {
    let tables = loops.map { loop in loop.eventLoop.submit { loop.table } }
    return EventLoopFuture.whenAllSucceed(tables, on: eventLoop).map { tables in
      var sum = CallTable()
      for table in tables { sum.add(table) }
      var page = page
      self.write(sum, to: &page)
      return page.text
    }
  }

  private func write(_ table: CallTable, to page: inout PrometheusText) {
    let methods = methods.withLock { $0.all }
    let rows = methods.enumerated().map { number, method in
      (
        labels: [("grpc_type", method.type), ("grpc_service", method.service), ("grpc_method", method.name)]
          as PrometheusText.Labels, row: table.row(number)
      )
    }
    func family(
      _ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: (CallTable.Row) -> Int
    ) {
      page.family(name, kind, help)
      for (labels, row) in rows { page.sample(name, labels, value(row)) }
    }
    family("grpc_server_started_total", .counter, "Calls that have begun.") { $0.started }
    page.family("grpc_server_handled_total", .counter, "Calls that have ended, by status.")
    for (labels, row) in rows {
      for (code, count) in row.handled.enumerated() where count > 0 || code == 0 {
        page.sample("grpc_server_handled_total", labels + [("grpc_code", Self.codes[code])], count)
      }
    }
    family("grpc_server_in_flight", .gauge, "Calls that have begun and not ended.") {
      $0.started - $0.handled.reduce(0, +)
    }
    family("grpc_server_msg_received_total", .counter, "Request messages.") { $0.received }
    family("grpc_server_msg_sent_total", .counter, "Response messages.") { $0.sent }
    family("grpc_server_msg_received_bytes_total", .counter, "Bytes of requests, as they came.") { $0.receivedBytes }
    family("grpc_server_msg_sent_bytes_total", .counter, "Bytes of responses, as they went.") { $0.sentBytes }
    family("pillion_rows_total", .counter, "Rows that calls have read or written.") { $0.rows }
    let name = "grpc_server_handling_seconds"
    page.family(name, .histogram, "From a call's headers to the last byte of its answer.")
    for (labels, row) in rows where row.started > 0 {
      var count = 0
      for (bound, bucket) in zip(CallTable.bounds, row.buckets) {
        count += bucket
        page.sample("\(name)_bucket", labels + [("le", "\(bound)")], count)
      }
      count += row.buckets.last ?? 0
      page.sample("\(name)_bucket", labels + [("le", "+Inf")], count)
      page.sample("\(name)_sum", labels, Double(row.nanoseconds) / 1e9)
      page.sample("\(name)_count", labels, count)
    }
  }

  /// As gRPC's Go library spells the codes, and dashboards with it.
  private static let codes = [
    "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists",
    "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal",
    "Unavailable", "DataLoss", "Unauthenticated",
  ]
}
