import PillionDatabase
import PillionQuery
import PillionTransport
import PillionWire

/// List of one model: a stream of rows, as fast as the client takes them.
final class ListMethod: MethodHandler, RowMethod {
  /// The trailer that says where the next page begins.
  static let tokenTrailer = "pillion-next-page-token"

  let request: ListRequest
  let driver: any Driver
  let errors: ErrorPolicy
  let loops: LoopStates
  let access: ServiceAccess?
  let hook: (any ModelHook)?

  init(
    request: ListRequest, driver: any Driver, errors: ErrorPolicy, loops: LoopStates, access: ServiceAccess?,
    hook: (any ModelHook)? = nil
  ) {
    self.access = access
    self.hook = hook
    self.request = request
    self.driver = driver
    self.errors = errors
    self.loops = loops
  }

  func makeHandler(for call: ServerCall) -> any CallHandler {
    ListHandler(method: self, loop: loops.state(of: call.eventLoop))
  }

  func makeStream(_ list: ListRequest.Call, call: ServerCall, loop: LoopState) -> RowAnswer {
    ListStream(list, method: self, call: call, loop: loop)
  }

  /// What a client is told when the position of a page does not fit into a token.
  static var tooLong: Status {
    Status(
      .failedPrecondition, "The page ends at a value that is too long for a page token; order by shorter fields.",
      details: [.errorInfo(reason: "PAGE_TOKEN_TOO_LONG")])
  }
}

/// `@unchecked Sendable`: as `RowStream`; `call` is touched only on the event loop that made the stream.
private final class ListStream: RowAnswer, @unchecked Sendable {
  private let method: ListMethod
  private let call: ServerCall
  private let binding: ListRequest.TokenBinding
  private let present: RowPresenter?

  init(_ list: ListRequest.Call, method: ListMethod, call: ServerCall, loop: LoopState) {
    self.method = method
    self.call = call
    binding = list.binding
    present = list.presenter(method.hook, call)
    super.init(
      list, call: call, loop: loop,
      deadline: call.databaseDeadline(timeout: method.request.statementTimeout))
  }

  override public func arrive() { pump() }

  override func drained() { pump() }

  /// Passes on what waits, as long as the client takes it.
  private func pump() {
    guard !call.isEnded, call.isWritable else { return }
    let delivery = take()
    for chunk in delivery.chunks {
      call.rowCount += chunk.rows
      guard let bytes = presented(chunk.bytes) else { return }
      call.send(bytes)
    }
    if delivery.needsResume { method.driver.resume(self) }
    if let end = delivery.end { noteTrace(call, method.driver, end) }
    switch delivery.end {
    case .complete: complete()
    case .failed(let error): call.finish(method.errors.status(for: error, of: call))
    case nil: break
    }
  }

  /// The rows as the program wants them shown; nil: it failed, and the call has ended.
  private func presented(_ rows: [UInt8]) -> [UInt8]? {
    guard let present else { return rows }
    do {
      return try rows.presented(by: present)
    } catch {
      method.driver.cancel(self)
      call.finish(method.errors.status(forThrown: error, path: call.method.path, requestID: call.requestID))
      return nil
    }
  }

  private func complete() {
    if let next = cutter?.next,
      !call.addTrailer(ListMethod.tokenTrailer, method.request.token(next, binding, now: call.wallTime))
    {
      return call.finish(ListMethod.tooLong)
    }
    call.finish(.ok)
  }
}
