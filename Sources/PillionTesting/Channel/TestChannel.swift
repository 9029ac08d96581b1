public import GRPCCore
import NIOCore
import Pillion
import PillionTransport
import Synchronization

/// A channel to a server inside the process: what the stubs that grpc-swift-2 generates call, without a port.
///
/// Calls go through all that a client's go through: HTTP/2 over a pair of sockets, the interceptors, the codec, the
/// database.
public final class TestChannel: ClientTransport {
  public typealias Bytes = [UInt8]

  /// Tests want to see failures, not a second attempt.
  public var retryThrottle: RetryThrottle? { nil }

  private let client: InsideClient
  /// What every call sends along.
  private let metadata: [(name: String, value: String)]
  private let ending = Ending()

  init(_ client: InsideClient, metadata: [(name: String, value: String)] = []) {
    self.client = client
    self.metadata = metadata
  }

  /// Returns when the channel is no longer used, or its task is cancelled.
  public func connect() async throws {
    await withTaskCancellationHandler {
      await ending.wait()
    } onCancel: {
      beginGracefulShutdown()
    }
  }

  public func beginGracefulShutdown() { ending.end() }

  public func config(forMethod descriptor: GRPCCore.MethodDescriptor) -> MethodConfig? { nil }

  public func withStream<T: Sendable>(
    descriptor: GRPCCore.MethodDescriptor, options: CallOptions,
    _ closure: (_ stream: RPCStream<Inbound, Outbound>, _ context: ClientContext) async throws -> T
  ) async throws -> T {
    let stream = TestStream(client: client, path: "/\(descriptor.fullyQualifiedMethod)", metadata: metadata)
    defer { stream.cancel() }
    let context = ClientContext(descriptor: descriptor, remotePeer: "pillion", localPeer: "test")
    return try await closure(
      RPCStream(
        descriptor: descriptor, inbound: RPCAsyncSequence(wrapping: TestAnswers(stream: stream)),
        outbound: RPCWriter.Closable(wrapping: stream)),
      context)
  }
}

/// That a channel has ended, for the one who waits for it.
private final class Ending: Sendable {
  private enum State {
    case open
    case waiting(CheckedContinuation<Void, Never>)
    case ended
  }

  private let state = Mutex(State.open)

  func wait() async {
    await withCheckedContinuation { waiter in
      let isOver = state.withLock { state in
        if case .open = state {
          state = .waiting(waiter)
          return false
        }
        return true
      }
      if isOver { waiter.resume() }
    }
  }

  func end() {
    let before = state.withLock { state in
      defer { state = .ended }
      return state
    }
    if case .waiting(let waiter) = before { waiter.resume() }
  }
}
