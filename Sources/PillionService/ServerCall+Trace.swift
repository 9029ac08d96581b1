import PillionDatabase
import PillionTransport

extension Job {
  /// Notes from now on when what happens to it, if the call that it is for is traced, and tells the database of the call
  /// if that is wanted.
  func trace(_ call: ServerCall) {
    if call.tellsRequestID, let id = call.requestID { comment = StatementComment.text(requestID: id) }
    if call.attributes[CallTrace.self] != nil { timing = JobTiming(submitted: MonotonicTime.now()) }
  }
}

extension ServerCall {
  /// Notes how long a job that has come back for good has waited and worked.
  func noteTrace(
    of job: Job, _ dialect: @autoclosure () -> Dialect, isFailed: Bool, statement: @autoclosure () -> String?
  ) {
    guard let timing = job.timing, let trace = attributes[CallTrace.self] else { return }
    let system = dialect().rawValue
    let end = timing.ended == 0 ? MonotonicTime.now() : timing.ended
    let start = timing.started == 0 ? end : timing.started
    trace.note(.init(kind: .wait, begin: timing.submitted, end: start, system: system))
    guard timing.started != 0 else { return }
    var part = CallTrace.Part(kind: .statement, begin: start, end: end, system: system)
    part.isFailed = isFailed
    if trace.showsStatements { part.text = statement() }
    trace.note(part)
  }
}

extension Operation.Outcome {
  var isFailure: Bool { if case .failed = self { true } else { false } }
}
