import NIOCore
import PillionDatabase
import PillionTransport

/// A unary action of a model that has hooks that may wait: a task answers each call that comes to such a hook, and
/// `UnaryMethod` all others.
final class HookedMethod: MethodHandler {
  let method: UnaryMethod
  let hook: any AnsweringHook
  let sessions: SessionPool

  init(method: UnaryMethod, hook: any AnsweringHook, sessions: SessionPool) {
    self.method = method
    self.hook = hook
    self.sessions = sessions
  }

  func makeHandler(for call: ServerCall) -> any CallHandler {
    hook.waits(in: method.action) ? HookedHandler(method: self) : method.makeHandler(for: call)
  }
}

private final class HookedHandler: CallHandler {
  private let method: HookedMethod
  private var request: [UInt8] = []
  private var task: Task<Void, Never>?

  init(method: HookedMethod) { self.method = method }

  func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) {
    request = Array(bytes)
    method.hook.begin(call, request)
  }

  func onRequestEnd(_ call: ServerCall) {
    let (hook, unary) = (method.hook, method.method)
    let made = HookedCall(
      call, request: request, notes: hook.notes(of: call), method: unary, sessions: method.sessions,
      loop: hook.mayBlock ? nil : unary.loops.state(of: call.eventLoop))
    guard let hooked = made else { return }
    task = Task(executorPreference: hooked.loop?.executor) { await HookedHandler.run(hook, hooked, call, unary) }
  }

  private nonisolated(nonsending) static func run(
    _ hook: any AnsweringHook, _ hooked: HookedCall, _ call: ServerCall, _ unary: UnaryMethod
  ) async {
    let result = await result(hook, hooked)
    let finish = { @Sendable () -> Void in
      guard !call.isEnded else { return }
      switch result {
      case .success(let answer): unary.finish(call, framed: answer.framed)
      case .failure(let error): unary.finish(call, error)
      }
    }
    if call.eventLoop.inEventLoop { finish() } else { call.eventLoop.execute(finish) }
    if case .success(let answer) = result { await answer.committed?() }
  }

  private nonisolated(nonsending) static func result(
    _ hook: any AnsweringHook, _ call: HookedCall
  ) async -> Result<HookedAnswer, any Error> {
    do {
      return .success(try call.masked(await hook.answer(call)))
    } catch {
      return .failure(error)
    }
  }

  func onCancel(_ reason: CancelReason, _ call: ServerCall) { task?.cancel() }

  func onDrained(_ call: ServerCall) {}
}
