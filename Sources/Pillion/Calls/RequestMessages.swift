import NIOCore
import PillionTransport
import Synchronization

/// The messages of a request, one after the other, as they come; to be gone through once, by one task.
///
/// What the method has not asked for waits with the client: at most a handful of messages are kept here.
public struct RequestMessages: AsyncSequence, Sendable {
  let inbox: RequestInbox

  public func makeAsyncIterator() -> Iterator { Iterator(inbox: inbox) }

  public struct Iterator: AsyncIteratorProtocol {
    let inbox: RequestInbox

    /// Nil once the client has said that no more will come; throws `CancellationError` when the call has ended.
    public mutating func next() async throws -> [UInt8]? { try await inbox.next() }
  }
}

/// Between the event loop, which brings messages, and the task, which takes them.
final class RequestInbox: Sendable {
  private struct State {
    var messages: ArraySlice<[UInt8]> = []
    var isOver = false
    var isCancelled = false
    /// Whether the call has been told to bring no more.
    var isPaused = false
    var reader: CheckedContinuation<[UInt8]?, any Error>?
  }

  /// Messages that may wait.
  private static let limit = 8
  private let call: ServerCall
  private let state = Mutex(State())

  init(call: ServerCall) { self.call = call }

  // MARK: On the event loop

  func put(_ message: [UInt8]) {
    let reader = state.withLock { state -> CheckedContinuation<[UInt8]?, any Error>? in
      if state.reader == nil {
        state.messages.append(message)
        if state.messages.count >= Self.limit, !state.isPaused {
          state.isPaused = true
          call.pauseReading()
        }
      }
      return state.reader.take()
    }
    reader?.resume(returning: message)
  }

  func end() {
    let reader = state.withLock { state in
      state.isOver = true
      return state.reader.take()
    }
    reader?.resume(returning: nil)
  }

  // MARK: Anywhere

  /// The call, or the task that reads, has ended.
  func cancel() {
    let reader = state.withLock { state in
      state.isCancelled = true
      return state.reader.take()
    }
    reader?.resume(throwing: CancellationError())
  }

  func next() async throws -> [UInt8]? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { take($0) }
    } onCancel: {
      cancel()
    }
  }

  private enum Outcome {
    case message([UInt8])
    case over
    case cancelled
    case waiting
  }

  private func take(_ reader: CheckedContinuation<[UInt8]?, any Error>) {
    var resumes = false
    let outcome = state.withLock { state -> Outcome in
      if state.isCancelled { return .cancelled }
      if let message = state.messages.popFirst() {
        resumes = state.isPaused && state.messages.isEmpty
        if resumes { state.isPaused = false }
        return .message(message)
      }
      if state.isOver { return .over }
      // Two tasks that read at once: the one that waited is told that there is nothing for it.
      let other = state.reader.take()
      state.reader = reader
      other?.resume(returning: nil)
      return .waiting
    }
    let call = call
    if resumes { call.eventLoop.execute { call.resumeReading() } }
    switch outcome {
    case .message(let message): reader.resume(returning: message)
    case .over: reader.resume(returning: nil)
    case .cancelled: reader.resume(throwing: CancellationError())
    case .waiting: break
    }
  }
}
