import NIOCore
import PillionDatabase
import PillionSchema
import PillionTransport

/// A unary action of a model that has hooks: a task answers each call. Models without hooks have `UnaryMethod` itself.
final class HookedMethod: MethodHandler {
  let action: Action
  let method: UnaryMethod
  let hook: any ModelHook
  let sessions: SessionPool

  init(action: Action, method: UnaryMethod, hook: any ModelHook, sessions: SessionPool) {
    self.action = action
    self.method = method
    self.hook = hook
    self.sessions = sessions
  }

  func makeHandler(for call: ServerCall) -> any CallHandler { HookedHandler(method: self) }
}

private final class HookedHandler: CallHandler {
  private let method: HookedMethod
  private var request: [UInt8] = []
  private var task: Task<Void, Never>?

  init(method: HookedMethod) { self.method = method }

  func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) { request = Array(bytes) }

  func onRequestEnd(_ call: ServerCall) {
    let hook = method.hook
    let unary = method.method
    let made = HookedCall(
      call, action: method.action, request: request, notes: hook.begin(call), method: unary,
      loop: unary.loops.state(of: call.eventLoop), sessions: method.sessions)
    guard let hooked = made else { return }
    task = Task { await HookedHandler.run(hook, hooked, call, unary) }
  }

  private static func run(_ hook: any ModelHook, _ hooked: HookedCall, _ call: ServerCall, _ unary: UnaryMethod) async {
    let result = await result(hook, hooked)
    call.eventLoop.execute {
      hook.end(call, notes: hooked.notes)
      switch result {
      case .success(let answer): finish(call, answer.message, unary)
      case .failure(let error): call.finish(unary.status(for: error, of: call))
      }
    }
    if case .success(let answer) = result { await answer.committed?() }
  }

  private static func result(_ hook: any ModelHook, _ call: HookedCall) async -> Result<HookedAnswer, any Error> {
    do {
      return .success(try call.masked(await hook.answer(call)))
    } catch {
      return .failure(error)
    }
  }

  func onCancel(_ reason: CancelReason, _ call: ServerCall) { task?.cancel() }

  func onDrained(_ call: ServerCall) {}

  private static func finish(_ call: ServerCall, _ message: [UInt8], _ method: UnaryMethod) {
    guard !call.isEnded else { return }
    let framed = message.framed
    if let mutation = method.mutation, let note = call.attributes[MutationNote.self] {
      mutation.note(answer: framed, decoder: method.decoder, in: note)
    }
    call.rowCount = 1
    call.finish(message: framed)
  }
}

extension UnaryMethod {
  /// On the event loop.
  func status(for error: any Error, of call: ServerCall) -> Status {
    switch error {
    case HookFailure.violations(let violations): errors.status(for: violations)
    default: errors.status(forThrown: error, path: call.method.path, requestID: call.requestID)
    }
  }
}

extension [UInt8] {
  /// A message with gRPC's five-byte prefix.
  var framed: [UInt8] {
    var framed: [UInt8] = []
    framed.reserveCapacity(count + 5)
    framed.append(0)
    Swift.withUnsafeBytes(of: UInt32(clamping: count).bigEndian) { framed.append(contentsOf: $0) }
    framed.append(contentsOf: self)
    return framed
  }

  /// Whole messages with their prefixes, each changed by `present`.
  func presented(by present: RowPresenter) throws -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count)
    var offset = 0
    while count - offset >= 5 {
      let length = self[(offset + 1)..<(offset + 5)].reduce(0) { $0 << 8 | Int($1) }
      guard length <= count - offset - 5 else { break }
      result.append(contentsOf: try present(Array(self[(offset + 5)..<(offset + 5 + length)])).framed)
      offset += 5 + length
    }
    return result
  }
}
