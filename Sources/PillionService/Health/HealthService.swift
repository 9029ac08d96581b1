import NIOCore
import PillionSchema
package import PillionTransport
import PillionWire

/// `grpc.health.v1.Health`, as gRPC's `doc/health-checking.md` describes it: Check and Watch.
package enum HealthService {
  package static let name = "grpc.health.v1.Health"
  /// How long a change may take to reach a watcher.
  static let watchInterval = TimeAmount.milliseconds(200)

  package static func methods(
    _ state: HealthState
  ) -> [(descriptor: MethodDescriptor, handler: any MethodHandler)] {
    [
      (MethodDescriptor(path: "/\(name)/Check"), HealthMethod(state: state, isWatch: false)),
      (MethodDescriptor(path: "/\(name)/Watch", isServerStreaming: true), HealthMethod(state: state, isWatch: true)),
    ]
  }
}

private final class HealthMethod: MethodHandler {
  let state: HealthState
  let isWatch: Bool

  init(state: HealthState, isWatch: Bool) {
    self.state = state
    self.isWatch = isWatch
  }

  func makeHandler(for call: ServerCall) -> any CallHandler {
    HealthHandler(state: state, isWatch: isWatch)
  }
}

/// One Check or Watch.
///
/// `@unchecked Sendable`: touched only on its call's event loop, where the repeated look of Watch runs too.
private final class HealthHandler: CallHandler, @unchecked Sendable {
  /// `HealthCheckRequest`.
  private static let request = RequestDecoder(
    shape: MessageShape(
      role: .retrieve, name: "HealthCheckRequest",
      fields: [
        FieldShape(name: "service", number: 1, type: .scalar(.string), label: .implicit, source: .serviceField)
      ]))

  private let state: HealthState
  private let isWatch: Bool
  private var service = ""
  /// What the watcher was told last.
  private var told: ServingStatus?
  private var watch: RepeatedTask?

  init(state: HealthState, isWatch: Bool) {
    self.state = state
    self.isWatch = isWatch
  }

  func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) {
    var message = DecodedMessage()
    do throws(WireError) {
      try Self.request.decode(bytes, into: &message)
    } catch {
      return call.finish(Status(undecodable: error))
    }
    if let slot = message.slots.first, slot.state == .present {
      service = message.withBytes(of: slot) { String(decoding: $0, as: UTF8.self) }
    }
  }

  func onRequestEnd(_ call: ServerCall) {
    if isWatch { startWatching(call) } else { check(call) }
  }

  func onCancel(_ reason: CancelReason, _ call: ServerCall) { watch?.cancel() }

  /// A status that a slow watcher has missed is not sent late: the next look finds the one that holds.
  func onDrained(_ call: ServerCall) {}

  private func check(_ call: ServerCall) {
    let status = state.status(of: service)
    guard status != .serviceUnknown else { return call.finish(Status(.notFound, "unknown service")) }
    call.finish(message: Self.response(status))
  }

  private func startWatching(_ call: ServerCall) {
    look(call)
    guard !call.isEnded else { return }
    let interval = HealthService.watchInterval
    let target = NIOLoopBound(call, eventLoop: call.eventLoop)
    watch = call.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [weak self] task in
      let call = target.value
      guard let self, !call.isEnded else { return task.cancel() }
      self.look(call)
    }
  }

  private func look(_ call: ServerCall) {
    let status = state.status(of: service)
    if status != told, call.isWritable {
      told = status
      call.send(Self.response(status))
    }
    // A watch has no end of its own and must not hold up the shutdown.
    if state.isShuttingDown {
      watch?.cancel()
      call.finish(Status(.unavailable, "the server is shutting down"))
    }
  }

  /// `HealthCheckResponse` in its gRPC frame.
  private static func response(_ status: ServingStatus) -> [UInt8] {
    var writer = WireWriter()
    let frame = writer.beginGRPCFrame()
    writer.append(tag: 1, wireType: 0)
    writer.append(varint: status.rawValue)
    writer.endGRPCFrame(frame)
    return Array(writer.bytes)
  }
}
