import NIOCore
import PillionServer
import PillionService
import PillionTransport

/// A method whose calls are each answered by a task.
final class TaskMethod: MethodHandler {
  /// What is returned is the last message; nil: there is none to add.
  typealias Body = @Sendable (RequestMessages, ResponseWriter, CallContext) async throws -> [UInt8]?

  let work: CustomServiceContext
  let body: Body

  init(work: CustomServiceContext, body: @escaping Body) {
    self.work = work
    self.body = body
  }

  func makeHandler(for call: ServerCall) -> any CallHandler {
    let handler = TaskHandler(call: call, work)
    handler.start(body)
    return handler
  }
}

/// One call of a method that a task answers.
///
/// `@unchecked Sendable`: `task`, `writers` and what is asked of `call` are touched only on the call's event loop; the
/// rest is immutable.
final class TaskHandler: CallHandler, @unchecked Sendable {
  private let call: ServerCall
  private let work: CustomServiceContext
  private let context: CallContext
  private let inbox: RequestInbox
  private var task: Task<Void, Never>?
  /// Those that wait until the client has room.
  private var writers: [CheckedContinuation<Void, any Error>] = []

  init(call: ServerCall, _ work: CustomServiceContext) {
    self.call = call
    self.work = work
    context = CallContext(call, work.database)
    inbox = RequestInbox(call: call)
  }

  func start(_ body: @escaping TaskMethod.Body) {
    let requests = RequestMessages(inbox: inbox)
    task = Task {
      do {
        let last = try await body(requests, ResponseWriter(handler: self), self.context)
        self.finish { call in
          if let last { call.finish(message: last.framed) } else { call.finish(.ok) }
        }
      } catch {
        let status = self.work.errors.status(
          forThrown: error, path: self.context.path, requestID: self.context.requestID)
        self.finish { $0.finish(status) }
      }
    }
  }

  // MARK: On the event loop

  func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) { inbox.put(Array(bytes)) }

  func onRequestEnd(_ call: ServerCall) { inbox.end() }

  func onCancel(_ reason: CancelReason, _ call: ServerCall) { stop() }

  func onDrained(_ call: ServerCall) {
    let ready = writers
    writers = []
    for writer in ready { writer.resume() }
  }

  private func stop() {
    inbox.cancel()
    task?.cancel()
    let waiting = writers
    writers = []
    for writer in waiting { writer.resume(throwing: CancellationError()) }
  }

  // MARK: In the task

  func send(_ message: [UInt8]) async throws {
    let framed = message.framed
    try await withCheckedThrowingContinuation { (writer: CheckedContinuation<Void, any Error>) in
      call.eventLoop.execute {
        guard !self.call.isEnded else { return writer.resume(throwing: CancellationError()) }
        self.context.passAdded(to: self.call)
        self.call.send(framed)
        if self.call.isEnded {
          // It was too long, and the client has been told.
          writer.resume(throwing: CancellationError())
        } else if self.call.isWritable {
          writer.resume()
        } else {
          self.writers.append(writer)
        }
      }
    }
  }

  private func finish(_ end: @escaping @Sendable (ServerCall) -> Void) {
    call.eventLoop.execute {
      self.context.passAdded(to: self.call)
      end(self.call)
      // A layer may have put a status in the place of the answer, and a child task may still read or write.
      self.stop()
    }
  }
}
