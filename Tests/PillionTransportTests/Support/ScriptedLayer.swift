import Glibc

@testable import PillionTransport

/// What layers did, in order.
///
/// `@unchecked Sendable`: `lines` is touched under `lock` only.
final class LayerLog: @unchecked Sendable {
  private var lines: [String] = []
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() { pthread_mutex_init(lock, nil) }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  func add(_ line: String) {
    pthread_mutex_lock(lock)
    lines.append(line)
    pthread_mutex_unlock(lock)
  }

  var all: [String] {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return lines
  }

  /// The lines once there are so many of them, or after five seconds.
  func lines(_ count: Int) async -> [String] {
    for _ in 0..<500 where all.count < count { try? await Task.sleep(for: .milliseconds(10)) }
    return all
  }
}

/// A layer that notes what it is asked, and does what a test wants besides.
struct ScriptedLayer: Interceptor {
  let name: String
  let log: LayerLog
  var verdict: @Sendable (ServerCall) -> Verdict = { _ in .proceed }
  var atFinish: @Sendable (ServerCall, inout Status) -> Void = { _, _ in }

  func begin(_ call: ServerCall) -> Verdict {
    log.add("\(name) begins")
    return verdict(call)
  }

  func finish(_ call: ServerCall, _ status: inout Status) {
    log.add("\(name) finishes \(status.code)")
    atFinish(call, &status)
  }

  func end(_ call: ServerCall, _ summary: CallSummary) { log.add("\(name) ends \(summary.status)") }
}

/// A layer that notes the lengths of messages.
struct MessageLayer: MessageInterceptor {
  let log: LayerLog

  func begin(_ call: ServerCall) -> Verdict { .proceed }
  func received(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) { log.add("in \(bytes.count)") }
  func sending(_ framed: [UInt8], _ call: ServerCall) { log.add("out \(framed.count)") }
}

/// A door that a test opens.
actor Gate {
  private var isOpen = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func pass() async {
    if isOpen { return }
    await withCheckedContinuation { waiting.append($0) }
  }

  func open() {
    isOpen = true
    for continuation in waiting { continuation.resume() }
    waiting = []
  }
}
