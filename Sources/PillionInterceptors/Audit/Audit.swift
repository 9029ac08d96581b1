import Glibc
import PillionQuery
package import PillionTransport

/// `audit`: one record for each call of a method that writes, whatever became of it: who, which row, which fields, how
/// it ended. Values are never in it, but for the row's key.
///
/// The record is written when how the call ends is settled and before any of its answer goes out: who has an answer has
/// a record. It has a place around all other layers, so that it sees what they refuse.
package struct Audit: Interceptor {
  package enum Trouble: String, Sendable, CaseIterable {
    /// While records cannot be written, calls that write are UNAVAILABLE.
    case refuse
    /// They go on without a record.
    case ignore
  }

  /// Whether the call has its record.
  private final class Written: CallNote {}

  private let file: AuditFile
  private let trouble: Trouble
  private static let refusal = Status(
    .unavailable, "Changes are not taken while they cannot be recorded; try again later.",
    details: [.errorInfo(reason: "AUDIT_UNAVAILABLE"), .retry(milliseconds: 1000)])

  package init(file: AuditFile, trouble: Trouble) {
    self.file = file
    self.trouble = trouble
  }

  package func begin(_ call: ServerCall) -> Verdict {
    guard call.method.isMutating else { return .proceed }
    call.attributes[MutationNote.self] = MutationNote()
    // A call that is refused gets its record if it can, and with that the next one is let through.
    return trouble == .ignore || file.isWritable ? .proceed : .refuse(Self.refusal)
  }

  package func finish(_ call: ServerCall, _ status: inout Status) {
    guard call.method.isMutating else { return }
    write(call, status.code)
  }

  /// A call that was cancelled has no `finish`.
  package func end(_ call: ServerCall, _ summary: CallSummary) {
    guard call.method.isMutating, call.attributes[Written.self] == nil else { return }
    write(call, summary.status)
  }

  private func write(_ call: ServerCall, _ status: StatusCode) {
    call.attributes[Written.self] = Written()
    file.append(now: LoopContext.now()) { sequence in
      var record = AuditRecord()
      record.add("time", AuditTime.now())
      record.add("sequence", sequence)
      if let id = call.requestID { record.add("request_id", id) }
      if let trace = call.attributes[TraceID.self] { record.add("trace_id", trace.text) }
      record.add("principal", call.identity?.principal)
      record.add("peer", call.peer)
      let path = call.method.path
      record.add("method", String(path.dropFirst()))
      record.add("action", String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]))
      if let model = call.method.model { record.add("model", model) }
      let note = call.attributes[MutationNote.self]
      record.add("key", object: (note?.key ?? []).map { ($0.field, $0.value, $0.isNumber) })
      record.add("fields", list: note?.fields ?? [])
      record.add("outcome", status.description)
      return record.line()
    }
  }
}

extension Audit: MetricsSource, Reopening {
  package func append(to page: inout PrometheusText) { file.append(to: &page) }

  package func reopen() { file.reopen() }
}

/// The present as records have it: RFC 3339 in UTC, with microseconds.
private enum AuditTime {
  static func now() -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var seconds = time.tv_sec
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func digits(_ number: Int, _ width: Int) -> String {
      let text = "\(number)"
      return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
    let date =
      "\(digits(Int(parts.tm_year) + 1900, 4))-\(digits(Int(parts.tm_mon) + 1, 2))-\(digits(Int(parts.tm_mday), 2))"
    let clock = "\(digits(Int(parts.tm_hour), 2)):\(digits(Int(parts.tm_min), 2)):\(digits(Int(parts.tm_sec), 2))"
    return "\(date)T\(clock).\(digits(time.tv_nsec / 1000, 6))Z"
  }
}
