internal import PillionDatabase

/// Lists that wait for a connection, and which of the lanes looks after each: the one that has least to do, until another
/// has a connection free first.
final class StreamQueue: Sendable {
  struct Waiting: Sendable {
    var stream: RowStream
    /// Monotonic nanoseconds.
    var arrival: UInt64
    /// Whether a connection broke under it before its first rows.
    var wasLost = false
    /// Place of the lane that looks after it.
    fileprivate(set) var lane = 0
    fileprivate var number = 0

    init(stream: RowStream, arrival: UInt64, wasLost: Bool = false) {
      self.stream = stream
      self.arrival = arrival
      self.wasLost = wasLost
    }
  }

  enum Verdict {
    /// This lane looks after it; `idle` has a connection free, and shall look as well.
    case waits(Waiting, idle: Int?)
    case full
    case closed
  }

  private struct Lane {
    /// Lists that it runs or looks after.
    var load = 0
    /// Open connections on which nothing runs.
    var idle = 0
  }

  private struct State {
    var lanes: [Lane]
    var waiting = Ring<Waiting>()
    /// Number of the last List that has come, and of the last of those that no connection could take at once.
    var number = 0
    var lastDelayed = 0
    var delayed = 0
    var refusals = 0
    var isClosed = false

    mutating func move(_ waiting: inout Waiting, to lane: Int) {
      lanes[waiting.lane].load &-= 1
      lanes[lane].load &+= 1
      waiting.lane = lane
    }
  }

  private let state: Locked<State>
  private let limit: Int

  /// - Parameter limit: Lists that may wait.
  init(lanes: Int, limit: Int) {
    state = Locked(State(lanes: Array(repeating: Lane(), count: lanes)))
    self.limit = limit
  }

  // MARK: From any thread

  func append(_ stream: RowStream, at now: UInt64) -> Verdict {
    state.withLock { state in
      guard !state.isClosed else { return .closed }
      guard state.waiting.count < limit else {
        state.refusals &+= 1
        return .full
      }
      var waiting = Waiting(stream: stream, arrival: now)
      waiting.lane = state.lanes.indices.min { state.lanes[$0].load < state.lanes[$1].load } ?? 0
      state.number &+= 1
      waiting.number = state.number
      state.lanes[waiting.lane].load &+= 1
      state.waiting.append(waiting)
      if state.lanes[waiting.lane].idle > 0 { return .waits(waiting, idle: nil) }
      return .waits(waiting, idle: state.lanes.indices.first { state.lanes[$0].idle > 0 })
    }
  }

  /// Nothing more comes.
  func close() { state.withLock { $0.isClosed = true } }

  /// Lists that wait, those so far that had to, and those that there was no room for.
  var statistics: (waiting: Int, waits: Int, refusals: Int) {
    state.withLock { ($0.waiting.count, $0.delayed, $0.refusals) }
  }

  // MARK: From a lane

  /// Takes the first List, which is this lane's from here on.
  func takeFirst(for lane: Int) -> Waiting? {
    state.withLock { state -> Waiting? in
      guard var first = state.waiting.removeFirst() else { return nil }
      if first.number > 0, first.number <= state.lastDelayed { state.delayed &+= 1 }
      state.move(&first, to: lane)
      return first
    }
  }

  /// Puts back what this lane had taken.
  func prepend(_ waiting: Waiting, for lane: Int) {
    state.withLock { state in
      var waiting = waiting
      waiting.lane = lane
      state.waiting.prepend(waiting)
    }
  }

  /// Takes those that `isOut` says, which are this lane's from here on.
  func take(for lane: Int, where isOut: (Waiting) -> Bool) -> [Waiting] {
    state.withLock { state in
      var taken: [Waiting] = []
      var kept = Ring<Waiting>()
      while var next = state.waiting.removeFirst() {
        if isOut(next) {
          state.move(&next, to: lane)
          taken.append(next)
        } else {
          kept.append(next)
        }
      }
      state.waiting = kept
      return taken
    }
  }

  /// How many this lane looks after that have no connection yet.
  func count(of lane: Int) -> Int {
    state.withLock { state in
      var count = 0
      for index in 0..<state.waiting.count where state.waiting[index]?.lane == lane { count += 1 }
      return count
    }
  }

  /// A List of this lane has ended.
  func ended(on lane: Int) { state.withLock { $0.lanes[lane].load &-= 1 } }

  /// A lane has no connection free: what waits has not been taken at once.
  func noteDelay() { state.withLock { $0.lastDelayed = $0.number } }

  /// Open connections of the lane on which nothing runs.
  func noteIdle(_ count: Int, of lane: Int) { state.withLock { $0.lanes[lane].idle = count } }
}
