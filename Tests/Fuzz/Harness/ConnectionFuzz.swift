import NIOCore
import NIOEmbedded

@testable import PillionTransport

/// One connection in memory: the preface, the input in pieces, half a minute of silence, the end. Nothing may trap, and
/// what the client made the server hold must be given back.
///
/// The input's first byte says how long the pieces are.
enum ConnectionFuzz {
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  static func run(_ input: UnsafeRawBufferPointer) {
    guard let first = input.first else { return }
    var configuration = TransportConfiguration()
    configuration.maxConcurrentStreams = 8
    configuration.maxMessageBytes = 1 << 16
    configuration.maxConnectionBufferedBytes = 1 << 18
    configuration.compression = first & 1 == 0 ? .identity : .gzip
    let channel = EmbeddedChannel()
    let loop = LoopContext(
      eventLoop: channel.embeddedEventLoop, index: 0, configuration: configuration, router: Router(methods: methods),
      load: ServerLoad(configuration), observer: nil)
    let connection = Connection(loop: loop, door: .plaintext)
    do {
      try channel.pipeline.syncOperations.addHandler(connection)
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
      try channel.writeInbound(ByteBuffer(bytes: preface))
      let step = Int(first >> 1) * 8 + 1
      for start in stride(from: 1, to: input.count, by: step) where channel.isActive {
        try channel.writeInbound(ByteBuffer(bytes: input[start..<min(start + step, input.count)]))
        channel.embeddedEventLoop.run()
      }
    } catch {
      // The channel was closed under the writer, as a socket is.
    }
    channel.embeddedEventLoop.advanceTime(by: .seconds(30))
    _ = try? channel.finish(acceptAlreadyClosed: true)
    channel.embeddedEventLoop.advanceTime(by: .seconds(30))
    precondition(connection.calls.isEmpty, "calls outlive their connection")
    precondition(connection.heldBytes == 0, "the connection is gone, \(connection.heldBytes) bytes are held")
  }

  private static let methods: [(descriptor: MethodDescriptor, handler: any MethodHandler)] = [
    (MethodDescriptor(path: "/t/u"), Echo()),
    (MethodDescriptor(path: "/t/s", isClientStreaming: true, isServerStreaming: true), Echo()),
    (MethodDescriptor(path: "/t/p", isClientStreaming: true), Pausing()),
  ]

  /// Sends each message back; a unary call ends with it.
  private final class Echo: MethodHandler {
    func makeHandler(for call: ServerCall) -> any CallHandler { Handler() }

    private final class Handler: CallHandler {
      func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) {
        let length = UInt32(bytes.count)
        call.send([0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + Array(bytes))
        if !call.method.isClientStreaming { call.finish(.ok) }
      }
      func onRequestEnd(_ call: ServerCall) { call.finish(.ok) }
      func onCancel(_ reason: CancelReason, _ call: ServerCall) {}
      func onDrained(_ call: ServerCall) {}
    }
  }

  /// Takes one message, lets the others wait for a while, and answers with an error.
  private final class Pausing: MethodHandler {
    func makeHandler(for call: ServerCall) -> any CallHandler { Handler() }

    private final class Handler: CallHandler {
      func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) {
        call.pauseReading()
        call.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(10)) { call.resumeReading() }
      }
      func onRequestEnd(_ call: ServerCall) { call.finish(Status(.dataLoss, "lost — \u{1F600}")) }
      func onCancel(_ reason: CancelReason, _ call: ServerCall) {}
      func onDrained(_ call: ServerCall) {}
    }
  }
}
