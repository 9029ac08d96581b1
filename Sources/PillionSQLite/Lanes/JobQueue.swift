import PillionDatabase

/// Operations on their way from the event loops to the threads of one lane.
final class JobQueue: Sendable {
  fileprivate struct State {
    var jobs: ContiguousArray<Operation> = []
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

  /// Takes the job, or says why not.
  func push(_ job: Operation) -> DatabaseError.Reason? {
    var wakes = false
    let refusal: DatabaseError.Reason? = monitor.withLock { state in
      if state.isClosed { return .unavailable }
      if state.jobs.count >= limit {
        state.refusals &+= 1
        return .exhausted
      }
      if state.sleepers == 0 { state.waits &+= 1 }
      state.jobs.append(job)
      wakes = state.wakesSleeper()
      return nil
    }
    if wakes { monitor.wakeOne() }
    return refusal
  }

  /// Puts back, at the front, what a thread has taken and cannot get to.
  func giveBack(_ jobs: ArraySlice<Operation>) {
    var wakes = false
    monitor.withLock { state in
      state.jobs.insert(contentsOf: jobs, at: 0)
      wakes = state.wakesSleeper()
    }
    if wakes { monitor.wakeOne() }
  }

  /// Sleeps until there are jobs and appends up to `limit` of them, and no more than this thread's share where
  /// `threads` of them serve the queue. False when the queue has been closed and is empty.
  func take(into batch: inout [Operation], atMost limit: Int, threads: Int = 1) -> Bool {
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
      let threads = max(threads, 1)
      let share = min(limit, (state.jobs.count &+ threads &- 1) / threads)
      batch.append(contentsOf: state.jobs.prefix(share))
      if share == state.jobs.count {
        state.jobs.removeAll(keepingCapacity: true)
      } else {
        state.jobs.removeFirst(share)
        wakes = state.wakesSleeper()
      }
      return share > 0
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
  func close() -> ContiguousArray<Operation> {
    let rest = monitor.withLock { state in
      state.isClosed = true
      let rest = state.jobs
      state.jobs = []
      return rest
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
