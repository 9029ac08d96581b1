package import NIOCore
import Synchronization

/// Takes spans from all event loops and sends them to an OTLP collector in batches, on one of the loops.
///
/// A bounded queue is all that a call meets: when the collector is slow or away, spans are dropped and counted, and no
/// call waits.
package final class SpanExporter: Sendable {
  package struct Configuration: Sendable {
    /// Where batches are posted: the collector's URL and `/v1/traces`.
    package var url: HTTPURL
    package var service = "pillion"
    package var version: String
    /// Spans that may wait.
    package var queueLimit = 8192
    /// Spans of one request.
    package var batch = 512
    /// How long a span waits for others.
    package var interval = TimeAmount.seconds(1)
    package var timeout = TimeAmount.seconds(5)
    /// Times that a batch is sent again, after 500 ms, 1 s, 2 s and so on.
    package var retries = 4

    package init(url: HTTPURL, version: String) {
      self.url = url
      self.version = version
    }
  }

  private struct State {
    var spans: [Span] = []
    var isSending = false
    /// Sends what there is without waiting for more, and without trying again.
    var isStopping = false
    var hasTimer = false
    var isFailing = false
    var exported = 0
    var dropped = 0
    var failures = 0
  }

  private let configuration: Configuration
  private let client: HTTPClient
  private let loop: any EventLoop
  private let state = Mutex(State())
  private let report: @Sendable (String) -> Void

  /// `report`: told, in words for the log, when exporting fails after it went well, and when it goes well again.
  package init(
    _ configuration: Configuration, group: any EventLoopGroup, report: @escaping @Sendable (String) -> Void
  ) {
    self.configuration = configuration
    client = HTTPClient(group: group)
    loop = group.next()
    self.report = report
  }

  /// Any loop: takes spans, or drops those that there is no room for.
  func add(_ spans: [Span]) {
    enum Next { case nothing, timer, now }
    let next: Next = state.withLock { state in
      let room = max(0, configuration.queueLimit - state.spans.count)
      state.spans.append(contentsOf: spans.prefix(room))
      state.dropped += max(0, spans.count - room)
      if state.isSending { return .nothing }
      if state.spans.count >= configuration.batch { return .now }
      if state.hasTimer { return .nothing }
      state.hasTimer = true
      return .timer
    }
    switch next {
    case .nothing: break
    case .now: loop.execute { self.sendNext() }
    case .timer:
      loop.scheduleTask(in: configuration.interval) {
        self.state.withLock { $0.hasTimer = false }
        self.sendNext()
      }
    }
  }

  /// Sends what waits, once, and returns when that is done or `limit` is over. For a thread that may wait.
  package func stop(within limit: TimeAmount) {
    let stopped = loop.makePromise(of: Void.self)
    let timer = loop.scheduleTask(in: limit) { stopped.succeed() }
    state.withLock { $0.isStopping = true }
    loop.execute {
      self.sendNext()
      self.waitUntilIdle(stopped)
    }
    // The promise never fails.
    try? stopped.futureResult.wait()
    timer.cancel()
  }

  private func waitUntilIdle(_ idle: EventLoopPromise<Void>) {
    let isIdle = state.withLock { !$0.isSending && $0.spans.isEmpty }
    if isIdle { return idle.succeed() }
    loop.scheduleTask(in: .milliseconds(10)) { self.waitUntilIdle(idle) }
  }

  // MARK: The exporter's loop

  private func sendNext() {
    let batch: [Span] = state.withLock { state in
      guard !state.isSending, !state.spans.isEmpty else { return [] }
      state.isSending = true
      let batch = Array(state.spans.prefix(configuration.batch))
      state.spans.removeFirst(batch.count)
      return batch
    }
    guard !batch.isEmpty else { return }
    let body = SpanBatch.encode(batch, service: configuration.service, version: configuration.version)
    send(body, count: batch.count, attempt: 0)
  }

  private func send(_ body: [UInt8], count: Int, attempt: Int) {
    let request = HTTPClient.Request(
      method: "POST", url: configuration.url, headers: [("content-type", "application/x-protobuf")], body: body,
      timeout: configuration.timeout, maximumBytes: 64 << 10)
    let client = client
    loop.makeFutureWithTask { try await client.send(request) }.whenComplete { result in
      switch result {
      case .success(let answer) where (200..<300).contains(answer.status): self.sent(count)
      case .success(let answer):
        // What OTLP/HTTP lets a client try again.
        let mayRetry = [429, 502, 503, 504].contains(answer.status)
        self.failed("the collector answered \(answer.status)", body, count, mayRetry ? attempt : .max)
      case .failure(let error): self.failed("\(error)", body, count, attempt)
      }
    }
  }

  private func sent(_ count: Int) {
    let wasFailing = state.withLock { state in
      state.isSending = false
      state.exported += count
      defer { state.isFailing = false }
      return state.isFailing
    }
    if wasFailing { report("spans reach the collector again") }
    sendMore()
  }

  private func failed(_ reason: String, _ body: [UInt8], _ count: Int, _ attempt: Int) {
    let (isFirst, tries) = state.withLock { state in
      state.failures += 1
      let tries = attempt < configuration.retries && !state.isStopping
      if !tries {
        state.isSending = false
        state.dropped += count
      }
      defer { state.isFailing = true }
      return (!state.isFailing, tries)
    }
    if isFirst { report("spans do not reach \(configuration.url.authority): \(reason)") }
    guard tries else { return sendMore() }
    let pause = TimeAmount.milliseconds(500 << Int64(min(attempt, 6)))
    loop.scheduleTask(in: pause) { self.send(body, count: count, attempt: attempt + 1) }
  }

  /// Goes on with what has gathered meanwhile: at once if it is a batch.
  private func sendMore() {
    let (waits, isStopping) = state.withLock { ($0.spans.count, $0.isStopping) }
    if waits >= configuration.batch || (isStopping && waits > 0) { sendNext() } else if waits > 0 { add([]) }
  }
}

extension SpanExporter: MetricsSource {
  package func append(to page: inout PrometheusText) {
    let state = state.withLock {
      (exported: $0.exported, dropped: $0.dropped, failures: $0.failures, queue: $0.spans.count)
    }
    page.single("pillion_trace_spans_exported_total", .counter, "Spans that the collector has taken.", state.exported)
    page.single("pillion_trace_spans_dropped_total", .counter, "Spans that were given up.", state.dropped)
    page.single(
      "pillion_trace_export_failures_total", .counter, "Requests to the collector that failed.", state.failures)
    page.single("pillion_trace_queue_length", .gauge, "Spans that wait for the collector.", state.queue)
  }
}
