import PillionDatabase
import PillionQuery
import PillionSchema
import PillionTransport
import PillionWire

/// ListPage: List as one message (AIP-158).
final class ListPageMethod: MethodHandler, RowMethod {
  /// Bytes of an answer at most: rows are gathered before they go out.
  static let maximumBytes = 64 << 20

  let request: ListRequest
  let resultsTag: UInt8
  let tokenTag: UInt8
  let driver: any Driver
  let errors: ErrorPolicy
  let loops: LoopStates
  let access: ServiceAccess?
  let hook: (any ModelHook)?

  /// Nil if the plan has no answer for pages.
  init?(
    request: ListRequest, driver: any Driver, errors: ErrorPolicy, loops: LoopStates, access: ServiceAccess?,
    hook: (any ModelHook)? = nil
  ) {
    guard let page = request.plan.page, let results = Self.tag(.results, page),
      let token = Self.tag(.nextPageToken, page)
    else { return nil }
    self.request = request
    self.hook = hook
    resultsTag = results
    tokenTag = token
    self.driver = driver
    self.errors = errors
    self.loops = loops
    self.access = access
  }

  func makeHandler(for call: ServerCall) -> any CallHandler {
    ListHandler(method: self, loop: loops.state(of: call.eventLoop))
  }

  func makeStream(_ list: ListRequest.Call, call: ServerCall, loop: LoopState) -> RowAnswer {
    PageStream(list, method: self, call: call, loop: loop)
  }

  /// The tag of a length-delimited field, in one byte: the answer's numbers are never above 15.
  private static func tag(_ source: FieldShape.Source, _ page: MessageShape) -> UInt8? {
    guard let field = page.fields.first(where: { $0.source == source }), (1...15).contains(field.number) else {
      return nil
    }
    return UInt8(truncatingIfNeeded: field.number) << 3 | 2
  }
}

/// Gathers the rows, then the number of them all where the service says it.
///
/// `@unchecked Sendable`: as `RowStream`; everything of its own is touched only on the event loop that made it.
private final class PageStream: RowAnswer, @unchecked Sendable {
  private let method: ListPageMethod
  private let call: ServerCall
  private let loop: LoopState
  private let list: ListRequest.Call
  private var answer = WireWriter()
  private var frame = 0
  private var count: CountOperation?
  private let present: RowPresenter?
  /// Whether all rows are there: a lane may report the last of them and the end one after the other.
  private var isComplete = false

  init(_ list: ListRequest.Call, method: ListPageMethod, call: ServerCall, loop: LoopState) {
    self.method = method
    self.call = call
    self.loop = loop
    self.list = list
    present = list.presenter(method.hook, call)
    frame = answer.beginGRPCFrame()
    super.init(
      list, call: call, loop: loop,
      deadline: call.databaseDeadline(timeout: method.request.statementTimeout))
  }

  override func cancel(_ driver: any Driver) {
    super.cancel(driver)
    if let count { driver.cancel(count) }
  }

  override public func arrive() {
    guard !call.isEnded, !isComplete else { return }
    let delivery = take()
    for chunk in delivery.chunks {
      call.rowCount += chunk.rows
      do {
        append(try present.map { try chunk.bytes.presented(by: $0) } ?? chunk.bytes)
      } catch {
        method.driver.cancel(self)
        return call.finish(
          method.errors.status(forThrown: error, path: call.method.path, requestID: call.requestID))
      }
    }
    guard answer.count <= ListPageMethod.maximumBytes else {
      method.driver.cancel(self)
      return call.finish(
        Status(
          .resourceExhausted, "The page is too large for one message; ask for fewer rows.",
          details: [.errorInfo(reason: "PAGE_TOO_LARGE")]))
    }
    if delivery.needsResume { method.driver.resume(self) }
    if let end = delivery.end { noteTrace(call, method.driver, end) }
    switch delivery.end {
    case .complete:
      isComplete = true
      countRows()
    case .failed(let error): call.finish(method.errors.status(for: error, of: call))
    case nil: break
    }
  }

  /// Rows with their gRPC prefixes as elements of `results`.
  private func append(_ framed: [UInt8]) {
    framed.withUnsafeBytes { bytes in
      var offset = 0
      while offset + 5 <= bytes.count {
        let length = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 1, as: UInt32.self)))
        guard length <= bytes.count - offset - 5 else { return }
        append(method.resultsTag, UnsafeRawBufferPointer(rebasing: bytes[(offset + 5)..<(offset + 5 + length)]))
        offset += 5 + length
      }
    }
  }

  private func append(_ tag: UInt8, _ bytes: UnsafeRawBufferPointer) {
    answer.append(varint: UInt64(tag))
    answer.append(varint: UInt64(bytes.count))
    answer.append(bytes: bytes)
  }

  private func countRows() {
    if let next = cutter?.next {
      var token = method.request.token(next, list.binding, now: call.wallTime)
      token.withUTF8 { append(method.tokenTag, UnsafeRawBufferPointer($0)) }
    }
    do throws(ValueError) {
      guard let bound = try list.plan.bindCount(list.query.filter, caller: list.admission?.rows?.values) else {
        return finish()
      }
      let count = CountOperation(bound, page: self, mailbox: loop, deadline: deadline, session: session)
      count.comment = comment
      self.count = count
      loop.submit(count, to: method.driver)
    } catch {
      call.finish(method.errors.status(for: [FieldViolation(field: "filter", description: error.message)]))
    }
  }

  fileprivate func counted(_ outcome: Operation.Outcome) {
    count = nil
    guard !call.isEnded else { return }
    switch outcome {
    case .message(let framed):
      // A message with `total_size` alone: behind the rest it is a part of it.
      framed.dropFirst(5).withUnsafeBytes { answer.append(bytes: $0) }
      finish()
    case .failed(let error): call.finish(method.errors.status(for: error, of: call))
    case .done, .notFound, .denied, .pending: finish()
    }
  }

  private func finish() {
    answer.endGRPCFrame(frame)
    call.finish(message: Array(answer.bytes))
  }
}

/// `@unchecked Sendable`: as `Job`; `page` is touched only on the event loop that made it.
private final class CountOperation: Operation, @unchecked Sendable {
  private let page: PageStream

  init(_ bound: BoundOperation, page: PageStream, mailbox: any Mailbox, deadline: UInt64, session: CallSession?) {
    self.page = page
    super.init(bound, mailbox: mailbox, deadline: deadline, session: session)
  }

  override public func arrive() { page.counted(outcome) }
}
