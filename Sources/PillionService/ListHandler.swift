import PillionDatabase
import PillionTransport
import PillionWire

/// List or ListPage of one model: the same request, answered in one of two ways.
protocol RowMethod: AnyObject, Sendable {
  var request: ListRequest { get }
  var driver: any Driver { get }
  var errors: ErrorPolicy { get }
  var access: ServiceAccess? { get }
  var hook: (any ModelHook)? { get }

  /// Takes the rows on their way to the client.
  func makeStream(_ list: ListRequest.Call, call: ServerCall, loop: LoopState) -> RowAnswer
}

extension ListRequest.Call {
  /// What a program makes of each row, less what the request has not asked for; nil: rows go out as they are.
  func presenter(_ hook: (any ModelHook)?, _ call: ServerCall) -> RowPresenter? {
    hook?.presenter(call, bound.mask)
  }
}

/// `@unchecked Sendable`: as `RowStream`.
class RowAnswer: RowStream, @unchecked Sendable {
  init(_ list: ListRequest.Call, call: ServerCall, loop: LoopState, deadline: UInt64) {
    let bound = list.bound
    super.init(
      statement: bound.statement, parameters: bound.parameters, encoder: bound.encoder, cutter: bound.cutter,
      mailbox: loop, deadline: deadline, session: list.admission?.session)
    trace(call)
  }

  /// Notes for the call's trace that the stream has come to its end.
  func noteTrace(_ call: ServerCall, _ driver: any Driver, _ end: End) {
    let isFailed = if case .failed = end { true } else { false }
    call.noteTrace(of: self, driver.dialect, isFailed: isFailed, statement: statement.sql)
  }

  /// The client has taken what was sent.
  func drained() {}

  /// The client has left.
  func cancel(_ driver: any Driver) { driver.cancel(self) }
}

/// Reads the request and opens the stream.
final class ListHandler: CallHandler {
  private let method: any RowMethod
  private let loop: LoopState
  private var answer: RowAnswer?
  private var index: IndexQuestion?

  init(method: any RowMethod, loop: LoopState) {
    self.method = method
    self.loop = loop
  }

  func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) {
    do throws(WireError) {
      try method.request.decode(bytes, into: &loop.message)
    } catch {
      return call.finish(Status(undecodable: error))
    }
    method.hook?.begin(call, Array(bytes))
    let admission = method.access?.admit(call)
    if call.isEnded { return }
    var violations: [FieldViolation] = []
    guard let list = method.request.call(loop.message, admission, now: call.wallTime, violations: &violations) else {
      return call.finish(method.errors.status(for: violations))
    }
    answer = method.makeStream(list, call: call, loop: loop)
    index = list.bound.index
  }

  func onRequestEnd(_ call: ServerCall) {
    guard let answer else { return }
    guard let index, let indexes = method.request.indexes else { return method.driver.open(answer) }
    indexes.admit(index, call, loop) { [method] in method.driver.open(answer) }
  }

  func onCancel(_ reason: CancelReason, _ call: ServerCall) { answer?.cancel(method.driver) }

  func onDrained(_ call: ServerCall) { answer?.drained() }
}
