import PillionDatabase

/// Operations on their way from the event loops to the threads of one lane.
final class JobQueue: Sendable {
  fileprivate struct State {
    var jobs = Ring<Operation>()
    var sleepers = 0
    /// A sleeper has been woken and has not yet come for its jobs.
    var isWaking = false
    var isClosed = false
    /// Jobs that came when no thread was free, and when there was no room.
    var waits = 0
    var refusals = 0
  }

  private let monitor = Monitor(State())
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  var isEmpty: Bool { monitor.withLock { $0.jobs.isEmpty } }

  /// Takes the first `count` of `operations`, or says of how many of these not, and why: they are still there.
  func push(_ operations: inout Ring<Operation>, count: Int) -> (count: Int, reason: DatabaseError.Reason)? {
    var wakes = false
    let refusal: (count: Int, reason: DatabaseError.Reason)? = monitor.withLock { state in
      if state.isClosed { return (count, .unavailable) }
      let taken = max(0, min(count, limit &- state.jobs.count))
      state.jobs.take(from: &operations, atMost: taken)
      if state.sleepers == 0 { state.waits &+= taken }
      state.refusals &+= count &- taken
      if taken > 0 { wakes = state.wakesSleeper() }
      return taken == count ? nil : (count &- taken, .exhausted)
    }
    if wakes { monitor.wakeOne() }
    return refusal
  }

  /// Puts back, at the front, what a thread has taken and cannot get to.
  func giveBack(_ operations: inout Ring<Operation>) {
    var wakes = false
    monitor.withLock { state in
      operations.take(from: &state.jobs)
      swap(&operations, &state.jobs)
      wakes = state.wakesSleeper()
    }
    if wakes { monitor.wakeOne() }
  }

  /// Sleeps until there are jobs and appends up to `limit` of them. False when the queue has been closed and is empty.
  func take(into batch: inout Ring<Operation>, atMost limit: Int) -> Bool {
    var isSleeping = false
    var wakes = false
    let taken = monitor.wait { (state, _) -> Bool? in
      let isIdle = state.jobs.isEmpty && !state.isClosed
      if isIdle != isSleeping {
        state.sleepers &+= isIdle ? 1 : -1
        isSleeping = isIdle
      }
      if isIdle { return nil }
      state.isWaking = false
      let hasJobs = !state.jobs.isEmpty
      batch.take(from: &state.jobs, atMost: limit)
      if !state.jobs.isEmpty { wakes = state.wakesSleeper() }
      return hasJobs
    }
    if wakes { monitor.wakeOne() }
    return taken
  }

  /// What its lane has to do; `threads` serve it, with a connection each.
  func statistics(_ name: String, threads: Int) -> DriverStatistics.Lane {
    monitor.withLock { state in
      var lane = DriverStatistics.Lane(name: name)
      lane.connections = threads
      lane.limit = threads
      lane.busy = max(0, threads - state.sleepers)
      lane.waiting = state.jobs.count
      lane.waits = state.waits
      lane.refusals = state.refusals
      return lane
    }
  }

  /// Takes no further jobs, wakes the threads, and returns what was waiting.
  func close() -> Ring<Operation> {
    var rest = Ring<Operation>()
    monitor.withLock { state in
      state.isClosed = true
      swap(&rest, &state.jobs)
    }
    monitor.wakeAll()
    return rest
  }
}

extension JobQueue.State {
  /// Whether somebody must be woken: one wake for many jobs, and the woken thread wakes the next one if it leaves some.
  fileprivate mutating func wakesSleeper() -> Bool {
    guard sleepers > 0, !isWaking else { return false }
    isWaking = true
    return true
  }
}
