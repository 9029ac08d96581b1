import Logging
import NIOCore
import PillionQuery
import PillionTransport

/// The log lines of one event loop's calls, on their way to the writer.
final class CallLines {
  /// Which calls have a line, and its level.
  struct Levels: Sendable {
    /// Names of levels; nil: no line is written.
    private let ordinary: StaticString?
    private let slow: StaticString?
    private let slowNanoseconds: Int64

    /// - Parameters:
    ///   - slow: in nanoseconds; a call that takes so long or longer has a warning.
    ///   - least: lines of levels below it are not written.
    init(_ level: Logger.Level, slow: UInt64?, least: Logger.Level) {
      ordinary = level >= least ? Self.name(level) : nil
      self.slow = max(level, .warning) >= least ? Self.name(max(level, .warning)) : nil
      slowNanoseconds = slow.map { Int64(clamping: $0) } ?? .max
    }

    func level(of summary: CallSummary) -> StaticString? {
      summary.durationNanoseconds >= slowNanoseconds ? slow : ordinary
    }

    private static func name(_ level: Logger.Level) -> StaticString {
      switch level {
      case .trace: "trace"
      case .debug: "debug"
      case .info: "info"
      case .notice: "notice"
      case .warning: "warning"
      case .error: "error"
      case .critical: "critical"
      }
    }
  }

  /// Lines are handed over when they are so many bytes, or so old.
  private static let fullBytes = 32 << 10
  private static let delay = TimeAmount.milliseconds(10)

  private let levels: Levels
  private let isJSON: Bool
  private let writer: LogWriter
  private let lines = LineBytes(capacity: fullBytes + 1024)
  private var count = 0
  private var isHandOverDue = false
  private let clock = LineClock()

  init(_ levels: Levels, isJSON: Bool, writer: LogWriter) {
    self.levels = levels
    self.isJSON = isJSON
    self.writer = writer
  }

  func add(_ call: ServerCall, _ summary: CallSummary) {
    guard let level = levels.level(of: summary) else { return }
    let end = call.startTime &+ UInt64(clamping: summary.durationNanoseconds)
    if isJSON { appendJSON(call, summary, level, end) } else { appendText(call, summary, level, end) }
    count += 1
    if lines.count >= Self.fullBytes { return handOver() }
    if isHandOverDue { return }
    isHandOverDue = true
    call.eventLoop.assumeIsolated().scheduleTask(in: Self.delay) {
      self.isHandOverDue = false
      self.handOver()
    }
  }

  func handOver() {
    guard count > 0 else { return }
    writer.write(lines.bytes, lines: count)
    lines.removeAll()
    count = 0
  }

  private func appendJSON(_ call: ServerCall, _ summary: CallSummary, _ level: StaticString, _ end: UInt64) {
    lines.append("{\"time\":\"")
    clock.append(to: lines, at: end)
    lines.append("\",\"level\":\"")
    lines.append(level)
    lines.append("\",\"logger\":\"pillion.calls\",\"message\":\"call\",\"method\":")
    // A method's name is the server's own, and has nothing to escape.
    if call.route.method.isKnown {
      lines.append(quoted: call.route.method.path)
    } else {
      lines.append(json: call.route.method.path)
    }
    lines.append(",\"status\":\"")
    append(summary.status)
    lines.append("\",\"duration_ms\":")
    lines.append(milliseconds: summary.durationNanoseconds)
    lines.append(",\"request_bytes\":")
    lines.append(decimal: summary.requestBytes)
    lines.append(",\"response_bytes\":")
    lines.append(decimal: summary.responseBytes)
    lines.append(",\"rows\":")
    lines.append(decimal: call.rowCount)
    lines.append(",\"peer\":")
    lines.append(quoted: call.peer)
    if let identity = call.identity {
      lines.append(",\"principal\":")
      lines.append(json: identity.principal)
    }
    append(call.identifier, after: ",\"request_id\":")
    if let trace = call.attributes[TraceID.self] {
      lines.append(",\"trace_id\":")
      lines.append(quoted: trace.text)
    }
    lines.append("}\n")
  }

  private func appendText(_ call: ServerCall, _ summary: CallSummary, _ level: StaticString, _ end: UInt64) {
    clock.append(to: lines, at: end)
    lines.append(" ")
    lines.append(level)
    lines.append(": ")
    // Without quotes where it cannot be mistaken: a method's name is the server's own.
    if call.route.method.isKnown {
      lines.append(text: call.route.method.path)
    } else {
      lines.append(json: call.route.method.path)
    }
    lines.append(" ")
    append(summary.status)
    lines.append(" ")
    lines.append(milliseconds: summary.durationNanoseconds)
    lines.append("ms in=")
    lines.append(decimal: summary.requestBytes)
    lines.append(" out=")
    lines.append(decimal: summary.responseBytes)
    lines.append(" rows=")
    lines.append(decimal: call.rowCount)
    lines.append(" peer=")
    lines.append(text: call.peer)
    if let identity = call.identity {
      lines.append(" principal=")
      lines.append(json: identity.principal)
    }
    append(call.identifier, after: " request_id=")
    if let trace = call.attributes[TraceID.self] {
      lines.append(" trace_id=")
      lines.append(text: trace.text)
    }
    lines.append("\n")
  }

  private func append(_ status: StatusCode) {
    if status == .ok { lines.append("OK") } else { lines.append(text: status.description) }
  }

  private func append(_ identifier: RequestID, after name: StaticString) {
    switch identifier {
    case .none: break
    case .made:
      lines.append(name)
      lines.append("\"")
      identifier.withBytes { lines.append($0) }
      lines.append("\"")
    case .given(let text):
      lines.append(name)
      lines.append(json: text)
    }
  }
}
