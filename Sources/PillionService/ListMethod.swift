import PillionDatabase
import PillionQuery
import PillionSchema
import PillionTransport
import PillionWire

/// List of one model: a stream of rows, as fast as the client takes them.
final class ListMethod: MethodHandler {
  let plan: ListPlan
  let decoder: RequestDecoder
  let driver: any Driver
  let errors: ErrorPolicy
  let loops: LoopStates

  init(plan: ListPlan, driver: any Driver, errors: ErrorPolicy, loops: LoopStates) {
    self.plan = plan
    self.decoder = RequestDecoder(shape: plan.request)
    self.driver = driver
    self.errors = errors
    self.loops = loops
  }

  func makeHandler(for call: ServerCall) -> any CallHandler {
    ListHandler(method: self, loop: loops.state(of: call.eventLoop))
  }

  /// What a request asks for.
  fileprivate struct Query {
    var order: [OrderTerm]?
    var limit: Int32?
  }

  fileprivate func query(_ message: DecodedMessage) -> Result<Query, RequestProblem> {
    var query = Query()
    var violations: [FieldViolation] = []
    for (index, field) in plan.request.fields.enumerated() {
      let slot = message.slots[index]
      guard slot.state == .present else { continue }
      switch field.source {
      case .orderBy:
        let text = message.withBytes(of: slot) { String(decoding: $0, as: UTF8.self) }
        do throws(QueryError) {
          let terms = try OrderBy.parse(text, model: plan.model)
          if !terms.isEmpty { query.order = terms }
        } catch {
          violations.append(
            FieldViolation(field: field.name, description: "position \(error.position): \(error.message)"))
        }
      case .pageSize:
        let size = Int32(truncatingIfNeeded: Int64(bitPattern: slot.word))
        if size < 0 { violations.append(FieldViolation(field: field.name, description: "must not be negative")) }
        if size > 0 { query.limit = size }
      case .filter where slot.count > 0, .pageToken where slot.count > 0:
        return .failure(
          RequestProblem(
            status: Status(
              .unimplemented, "This version of Pillion does not know `\(field.name)` yet.",
              details: [.errorInfo(reason: "UNIMPLEMENTED", metadata: [("field", field.name)])])))
      default:
        break
      }
    }
    return violations.isEmpty ? .success(query) : .failure(RequestProblem(status: errors.status(for: violations)))
  }
}

/// A request that is answered without asking the database.
private struct RequestProblem: Error { var status: Status }

private final class ListHandler: CallHandler {
  private let method: ListMethod
  private let loop: LoopState
  private var stream: ListStream?

  init(method: ListMethod, loop: LoopState) {
    self.method = method
    self.loop = loop
  }

  func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) {
    do throws(WireError) {
      try method.decoder.decode(bytes, into: &loop.message)
    } catch {
      return call.finish(Status(.internal, "The request cannot be decoded: \(error.message)."))
    }
    switch method.query(loop.message) {
    case .success(let query):
      let bound = method.plan.bind(order: query.order, limit: query.limit)
      stream = ListStream(
        statement: bound.statement, parameters: bound.parameters, method: method, call: call, loop: loop)
    case .failure(let problem):
      call.finish(problem.status)
    }
  }

  func onRequestEnd(_ call: ServerCall) {
    if let stream { method.driver.open(stream) }
  }

  func onCancel(_ reason: CancelReason, _ call: ServerCall) {
    if let stream { method.driver.cancel(stream) }
  }

  func onDrained(_ call: ServerCall) { stream?.pump() }
}

/// `@unchecked Sendable`: as `RowStream`; `call` is touched only on the event loop that made the stream.
private final class ListStream: RowStream, @unchecked Sendable {
  private let method: ListMethod
  private let call: ServerCall

  init(statement: Statement, parameters: Parameters, method: ListMethod, call: ServerCall, loop: LoopState) {
    self.method = method
    self.call = call
    super.init(
      statement: statement, parameters: parameters, encoder: method.plan.encoder, mailbox: loop, deadline: call.deadline
    )
  }

  override public func arrive() { pump() }

  /// Passes on what waits, as long as the client takes it.
  func pump() {
    guard !call.isEnded, call.isWritable else { return }
    let delivery = take()
    for chunk in delivery.chunks { call.send(chunk.bytes) }
    if delivery.needsResume { method.driver.resume(self) }
    switch delivery.end {
    case .complete: call.finish(.ok)
    case .failed(let error): call.finish(method.errors.status(for: error, path: call.method.path))
    case nil: break
    }
  }
}
