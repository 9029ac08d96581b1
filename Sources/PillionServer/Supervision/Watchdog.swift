import Dispatch
import NIOCore
import PillionDatabase
import Synchronization

/// Tells the service manager that the process is alive as long as every event loop answers, and is silent when one does
/// not: then the manager ends the process and starts another.
final class Watchdog: Sendable {
  private let loops: [any EventLoop]
  private let milliseconds: Int
  private let keepalive: @Sendable () -> Void
  private let end = DispatchSemaphore(value: 0)
  private let thread = Mutex<LaneThread?>(nil)

  /// - Parameters:
  ///   - milliseconds: between two signs of life.
  ///   - keepalive: gives one; called on the watchdog's own thread.
  init(group: any EventLoopGroup, milliseconds: Int, keepalive: @escaping @Sendable () -> Void) {
    self.loops = Array(group.makeIterator())
    self.milliseconds = milliseconds
    self.keepalive = keepalive
  }

  func start() throws(DatabaseError) {
    let thread = try LaneThread(name: "watchdog") { self.watch() }
    self.thread.withLock { $0 = thread }
  }

  /// Ends before the loops do.
  func stop() {
    end.signal()
    thread.withLock { thread in
      defer { thread = nil }
      return thread
    }?.join()
  }

  private func watch() {
    keepalive()
    while true {
      let round = Round(loops.count)
      for loop in loops { loop.execute { round.answer() } }
      guard end.wait(timeout: .now() + .milliseconds(milliseconds)) == .timedOut else { return }
      if round.isComplete { keepalive() }
    }
  }

  /// Who has answered to one question.
  private final class Round: Sendable {
    private let missing: Atomic<Int>

    init(_ count: Int) { missing = Atomic(count) }

    func answer() { missing.subtract(1, ordering: .relaxed) }

    var isComplete: Bool { missing.load(ordering: .relaxed) == 0 }
  }
}
