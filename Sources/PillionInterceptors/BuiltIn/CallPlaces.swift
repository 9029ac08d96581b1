import Synchronization

/// Places for calls that run, and a queue for those that wait for one, first come, first served.
///
/// Taking a place and giving one back is an atomic addition as long as nobody waits. A waiter is counted before it looks
/// for a place a last time, and a place is given back before its giver looks for waiters: one of the two sees the other.
final class CallPlaces: Sendable {
  /// A call in the queue. Every one that is made must `leave`, once.
  ///
  /// `@unchecked Sendable`: its variables are touched under the queue's lock only.
  final class Waiter: @unchecked Sendable {
    fileprivate enum State { case waiting, placed, gone }
    fileprivate var state = State.waiting
    fileprivate var continuation: CheckedContinuation<Void, Never>?
  }

  private let limit: Int
  private let queueLimit: Int
  private let taken = Atomic<Int>(0)
  private let waiting = Atomic<Int>(0)
  /// In the order of their coming, those that have gone among them until it is their turn.
  private let waiters = Mutex<[Waiter]>([])

  init(limit: Int, queueLimit: Int) {
    self.limit = limit
    self.queueLimit = queueLimit
  }

  /// Takes a free place; false if there is none, or others wait for it.
  func take() -> Bool { waiting.load(ordering: .sequentiallyConsistent) == 0 && takeAnyway() }

  private func takeAnyway() -> Bool {
    var count = taken.load(ordering: .sequentiallyConsistent)
    while count < limit {
      let (exchanged, original) = taken.compareExchange(
        expected: count, desired: count + 1, ordering: .sequentiallyConsistent)
      if exchanged { return true }
      count = original
    }
    return false
  }

  /// A place in the queue; nil if it is full.
  func queue() -> Waiter? {
    let waiter = Waiter()
    let isIn = waiters.withLock { waiters in
      guard waiting.load(ordering: .sequentiallyConsistent) < queueLimit else { return false }
      waiting.wrappingAdd(1, ordering: .sequentiallyConsistent)
      if waiters.count > 2 * queueLimit { waiters.removeAll { $0.state != .waiting } }
      waiters.append(waiter)
      return true
    }
    // A place may have been given back meanwhile.
    if isIn { advance() }
    return isIn ? waiter : nil
  }

  /// Returns when the waiter has a place, or its task is cancelled.
  func wait(_ waiter: Waiter) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = waiters.withLock { _ in
          if case .waiting = waiter.state {
            waiter.continuation = continuation
            return false
          }
          return true
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      leave(waiter)
    }
  }

  /// The waiter's call is over: its place goes to the next, be it one in the queue. To leave again changes nothing.
  func leave(_ waiter: Waiter) {
    let (continuation, hadPlace) = waiters.withLock { _ in
      defer {
        waiter.state = .gone
        waiter.continuation = nil
      }
      if case .waiting = waiter.state { waiting.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
      let hadPlace = if case .placed = waiter.state { true } else { false }
      return (waiter.continuation, hadPlace)
    }
    continuation?.resume()
    if hadPlace { giveBack() } else { advance() }
  }

  func giveBack() {
    taken.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    if waiting.load(ordering: .sequentiallyConsistent) > 0 { advance() }
  }

  /// Gives free places to the first in the queue.
  private func advance() {
    var placed: [CheckedContinuation<Void, Never>] = []
    waiters.withLock { waiters in
      var passed = 0
      for waiter in waiters {
        if case .waiting = waiter.state {
          guard takeAnyway() else { break }
          waiter.state = .placed
          waiting.wrappingSubtract(1, ordering: .sequentiallyConsistent)
          if let continuation = waiter.continuation { placed.append(continuation) }
          waiter.continuation = nil
        }
        passed += 1
      }
      waiters.removeFirst(passed)
    }
    for continuation in placed { continuation.resume() }
  }

  /// For tests.
  var figures: (taken: Int, waiting: Int) {
    (taken.load(ordering: .sequentiallyConsistent), waiting.load(ordering: .sequentiallyConsistent))
  }
}
