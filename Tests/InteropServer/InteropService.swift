import NIOCore
import PillionTransport

/// What gRPC's `interop-test-descriptions.md` asks of a server.
enum InteropService {
  static var methods: [(descriptor: MethodDescriptor, handler: any MethodHandler)] {
    func method(
      _ name: String, clientStreams: Bool = false, serverStreams: Bool = false,
      _ make: @escaping @Sendable () -> InteropHandler
    ) -> (descriptor: MethodDescriptor, handler: any MethodHandler) {
      let descriptor = MethodDescriptor(
        path: "/grpc.testing.TestService/\(name)", isClientStreaming: clientStreams, isServerStreaming: serverStreams)
      return (descriptor, InteropMethod(make: make))
    }
    return [
      method("EmptyCall") { EmptyCall() },
      method("UnaryCall") { UnaryCall() },
      method("StreamingInputCall", clientStreams: true) { InputCall() },
      method("StreamingOutputCall", serverStreams: true) { OutputCall() },
      method("FullDuplexCall", clientStreams: true, serverStreams: true) { OutputCall() },
    ]
  }
}

final class InteropMethod: MethodHandler {
  let make: @Sendable () -> InteropHandler

  init(make: @escaping @Sendable () -> InteropHandler) { self.make = make }

  func makeHandler(for call: ServerCall) -> any CallHandler {
    // The metadata that the tests want back.
    if let text = call.metadata["x-grpc-test-echo-initial"] { call.addHeader("x-grpc-test-echo-initial", text) }
    if let bytes = call.metadata.binary("x-grpc-test-echo-trailing-bin") {
      call.addTrailer("x-grpc-test-echo-trailing-bin", bytes: bytes)
    }
    return make()
  }
}

/// What the handlers have in common.
class InteropHandler: CallHandler {
  func take(_ request: WireFields, _ call: ServerCall) {}
  func onRequestEnd(_ call: ServerCall) {}
  func onDrained(_ call: ServerCall) {}
  func onCancel(_ reason: CancelReason, _ call: ServerCall) {}

  func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) {
    guard let request = WireFields(bytes) else { return call.finish(Status(.internal, "no message")) }
    take(request, call)
  }

  /// Ends the call as `EchoStatus` says, if it says so.
  func echoStatus(_ status: WireFields?, _ call: ServerCall) {
    guard let status else { return }
    let message = String(decoding: status.bytes(2) ?? [], as: UTF8.self)
    call.finish(Status(StatusCode(rawValue: status.number(1)), message))
  }

  /// Whether the message came compressed as it says; ends the call otherwise.
  func isAsExpected(_ expected: Bool?, _ call: ServerCall) -> Bool {
    guard let expected, expected != call.isMessageCompressed else { return true }
    call.finish(Status(.invalidArgument, "the message came \(expected ? "un" : "")compressed"))
    return false
  }
}

final class EmptyCall: InteropHandler {
  override func onRequestEnd(_ call: ServerCall) { call.finish(message: WireFields.framed([])) }
}

final class UnaryCall: InteropHandler {
  override func take(_ request: WireFields, _ call: ServerCall) {
    guard isAsExpected(request.bool(8), call) else { return }
    echoStatus(request.message(7), call)
    if request.bool(6) == true { call.compressAnswer() }
    call.finish(message: WireFields.answer(payload: request.number(2)))
  }
}

final class InputCall: InteropHandler {
  private var size = 0

  override func take(_ request: WireFields, _ call: ServerCall) {
    guard isAsExpected(request.bool(2), call) else { return }
    size += request.message(1)?.bytes(2)?.count ?? 0
  }

  override func onRequestEnd(_ call: ServerCall) {
    call.finish(message: WireFields.framed(WireFields.varint(1 << 3) + WireFields.varint(size)))
  }
}

/// Answers each request with the messages it asks for, one after the other, each after its pause.
final class OutputCall: InteropHandler {
  private struct Answer {
    let size: Int
    let pause: Int
    let isCompressed: Bool

    init(_ parameters: WireFields) {
      size = parameters.number(1)
      pause = parameters.number(2)
      isCompressed = parameters.bool(3) ?? false
    }
  }

  private var waiting: ArraySlice<Answer> = []
  private var isPausing = false
  private var hasRequestEnded = false

  override func take(_ request: WireFields, _ call: ServerCall) {
    let answers = request.messages(2).map(Answer.init)
    if answers.contains(where: \.isCompressed) { call.compressAnswer() }
    waiting += answers
    echoStatus(request.message(7), call)
    pump(call)
  }

  override func onRequestEnd(_ call: ServerCall) {
    hasRequestEnded = true
    pump(call)
  }

  override func onDrained(_ call: ServerCall) { pump(call) }

  private func pump(_ call: ServerCall) {
    while !isPausing, call.isWritable, !call.isEnded, let next = waiting.first {
      if next.pause > 0 {
        isPausing = true
        call.eventLoop.assumeIsolated().scheduleTask(in: .microseconds(Int64(next.pause))) {
          self.isPausing = false
          self.sendNext(call)
          self.pump(call)
        }
      } else {
        sendNext(call)
      }
    }
    if hasRequestEnded, !isPausing, waiting.isEmpty { call.finish(.ok) }
  }

  private func sendNext(_ call: ServerCall) {
    guard let answer = waiting.popFirst() else { return }
    call.compressesMessages = answer.isCompressed
    call.send(WireFields.answer(payload: answer.size))
  }
}
