import Glibc
import NIOCore
import NIOPosix

@testable import PillionTransport

/// What happened inside the server, for tests to look at.
///
/// `@unchecked Sendable`: `entries` is touched under `lock` only; one of pthread's, which the thread sanitizer knows.
final class Journal: CallObserver, @unchecked Sendable {
  struct Entries {
    var cancels: [CancelReason] = []
    var summaries: [CallSummary] = []
    var paths: [String] = []
    var metadata: [Metadata] = []
    var deadlines: [UInt64] = []
    var sentBytes = 0
    var mostQueuedBytes = 0
    var receivedMessages = 0
    var identities: [PeerIdentity?] = []
  }

  private var entries = Entries()
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() { pthread_mutex_init(lock, nil) }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  func note(_ body: (inout Entries) -> Void) {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    body(&entries)
  }

  var now: Entries {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return entries
  }

  func callEnded(_ call: ServerCall, _ summary: CallSummary) {
    note {
      $0.summaries.append(summary)
      $0.paths.append(call.method.path)
    }
  }

  /// Waits until the entries satisfy a condition, for five seconds at most.
  func wait(_ condition: (Entries) -> Bool) async -> Bool {
    for _ in 0..<500 {
      if condition(now) { return true }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return condition(now)
  }
}

/// A handler made of closures.
final class ClosureHandler: CallHandler {
  var message: (UnsafeRawBufferPointer, ServerCall) -> Void = { _, _ in }
  var requestEnd: (ServerCall) -> Void = { _ in }
  var cancel: (CancelReason) -> Void = { _ in }
  var drained: (ServerCall) -> Void = { _ in }

  func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) { message(bytes, call) }
  func onRequestEnd(_ call: ServerCall) { requestEnd(call) }
  func onCancel(_ reason: CancelReason, _ call: ServerCall) { cancel(reason) }
  func onDrained(_ call: ServerCall) { drained(call) }
}

final class ClosureMethod: MethodHandler {
  let journal: Journal
  let setUp: @Sendable (ClosureHandler, ServerCall, Journal) -> Void

  init(journal: Journal, setUp: @escaping @Sendable (ClosureHandler, ServerCall, Journal) -> Void) {
    self.journal = journal
    self.setUp = setUp
  }

  func makeHandler(for call: ServerCall) -> any CallHandler {
    let handler = ClosureHandler()
    let journal = journal
    handler.cancel = { reason in journal.note { $0.cancels.append(reason) } }
    journal.note {
      $0.metadata.append(call.metadata)
      $0.deadlines.append(call.deadline)
      $0.identities.append(call.peerIdentity)
    }
    setUp(handler, call, journal)
    return handler
  }
}

/// The methods of `/t.T`, one for each way of answering.
enum TestService {
  static func router(_ journal: Journal) -> Router {
    func method(
      _ name: String, clientStreams: Bool = false, serverStreams: Bool = false,
      _ setUp: @escaping @Sendable (ClosureHandler, ServerCall, Journal) -> Void
    ) -> (descriptor: MethodDescriptor, handler: any MethodHandler) {
      let descriptor = MethodDescriptor(
        path: "/t.T/\(name)", isClientStreaming: clientStreams, isServerStreaming: serverStreams)
      return (descriptor, ClosureMethod(journal: journal, setUp: setUp))
    }
    return Router(methods: [
      method("Echo") { handler, _, _ in
        var answer: [UInt8] = []
        handler.message = { bytes, _ in answer = framed(Array(bytes)) }
        handler.requestEnd = { $0.finish(message: answer) }
      },
      // Answers from a later task of the loop, as a database does.
      method("Later") { handler, _, _ in
        var answer: [UInt8] = []
        handler.message = { bytes, _ in answer = framed(Array(bytes)) }
        handler.requestEnd = { call in
          let answer = answer
          call.eventLoop.scheduleTask(in: .milliseconds(300)) { call.finish(message: answer) }
        }
      },
      method("Never", clientStreams: true) { _, _, _ in },
      method("Half", serverStreams: true) { handler, _, _ in
        handler.requestEnd = { $0.send(framed([1, 2, 3])) }
      },
      method("Bidi", clientStreams: true, serverStreams: true) { handler, _, journal in
        handler.message = { bytes, call in
          call.send(framed(Array(bytes)))
          journal.note {
            $0.receivedMessages += 1
            $0.mostQueuedBytes = max($0.mostQueuedBytes, call.queuedBytes)
          }
          if !call.isWritable { call.pauseReading() }
        }
        handler.requestEnd = { $0.finish(.ok) }
        handler.drained = { $0.resumeReading() }
      },
      // As many messages of 1,000 bytes as the request says, in ASCII; as fast as the client takes them.
      method("Many", serverStreams: true) { handler, _, journal in
        var left = 0
        let message = framed([UInt8](repeating: 7, count: 1000))
        let pump = { (call: ServerCall) in
          while left > 0, call.isWritable {
            call.send(message)
            left -= 1
            journal.note {
              $0.sentBytes += message.count
              $0.mostQueuedBytes = max($0.mostQueuedBytes, call.queuedBytes)
            }
          }
          if left == 0 { call.finish(.ok) }
        }
        handler.message = { bytes, _ in left = Int(String(decoding: bytes, as: UTF8.self)) ?? 0 }
        handler.requestEnd = pump
        handler.drained = pump
      },
      method("Early", clientStreams: true) { handler, _, _ in
        handler.message = { _, call in call.finish(Status(.failedPrecondition, "enough")) }
      },
      method("Details") { handler, _, _ in
        handler.requestEnd = { call in
          call.addHeader("x-head", "first")
          call.addTrailer("x-tail", "last")
          call.addTrailer("x-raw-bin", "a\u{0}b")
          call.finish(Status(.notFound, "no “row” 100% found\n", details: [0, 255, 1, 2]))
        }
      },
      // Fails after a first message.
      method("Partial", serverStreams: true) { handler, _, _ in
        handler.requestEnd = { call in
          call.send(framed([9]))
          call.finish(Status(.aborted, "half-way"))
        }
      },
    ])
  }
}

/// A loop on which nothing happens.
func idleLoop() -> LoopContext {
  LoopContext(
    eventLoop: MultiThreadedEventLoopGroup.singleton.next(), index: 0, configuration: TransportConfiguration(),
    router: Router(methods: []), load: ServerLoad(TransportConfiguration()), observer: nil)
}

func portOf(_ address: SocketAddress) -> Int { address.port ?? 0 }

/// A server on a free port, ended when `body` is over.
func withServer(
  router: Router? = nil, interceptors: [any Interceptor] = [],
  _ adjust: (inout TransportConfiguration) -> Void = { _ in },
  _ body: (_ port: Int, _ journal: Journal, _ server: TransportServer) async throws -> Void
) async throws {
  var configuration = TransportConfiguration()
  configuration.eventLoopThreads = 2
  adjust(&configuration)
  let journal = Journal()
  let group = configuration.makeEventLoopGroup()
  let server = TransportServer(
    configuration: configuration, router: router ?? TestService.router(journal), group: group,
    interceptors: interceptors,
    observer: journal)
  do {
    let address = try await server.bind(host: "127.0.0.1", port: 0)
    try await body(address.port ?? 0, journal, server)
  } catch {
    await server.shutdown(grace: .zero)
    try await group.shutdownGracefully()
    throw error
  }
  await server.shutdown(grace: .zero)
  try await group.shutdownGracefully()
}
