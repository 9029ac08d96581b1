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
    /// Its lane looks after it, and is to be told.
    case waits(Waiting)
    case full
    case closed
  }

  private struct Lane {
    /// Lists that it runs or looks after.
    var load = 0
    /// Open connections on which nothing runs, and connections that it may still open, as its last turn has left them.
    var idle = 0
    var room = 0
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

    /// A lane that has a connection free, if `lane` has none.
    func idle(besides lane: Int) -> Int? {
      lanes[lane].idle > 0 ? nil : lanes.indices.first { lanes[$0].idle > 0 }
    }

    mutating func move(_ waiting: inout Waiting, to lane: Int) {
      lanes[waiting.lane].load &-= 1
      lanes[lane].load &+= 1
      waiting.lane = lane
    }
  }

  private let state: Locked<State>
  private let limit: Int
  private let wake: @Sendable (Int) -> Void

  /// - Parameters:
  ///   - limit: Lists that may wait.
  ///   - wake: wakes a lane: something waits that it has a connection for.
  init(lanes: Int, limit: Int, wake: @escaping @Sendable (Int) -> Void) {
    self.wake = wake
    // As if there were room: a lane's first turn says what there is.
    state = Locked(State(lanes: Array(repeating: Lane(room: 1), count: lanes)))
    self.limit = limit
  }

  // MARK: From any thread

  func append(_ stream: RowStream, at now: UInt64) -> Verdict {
    let (verdict, idle): (Verdict, Int?) = state.withLock { state in
      guard !state.isClosed else { return (.closed, nil) }
      guard state.waiting.count < limit else {
        state.refusals &+= 1
        return (.full, nil)
      }
      var waiting = Waiting(stream: stream, arrival: now)
      waiting.lane = state.lanes.indices.min { state.lanes[$0].load < state.lanes[$1].load } ?? 0
      state.number &+= 1
      waiting.number = state.number
      state.lanes[waiting.lane].load &+= 1
      state.waiting.append(waiting)
      return (.waits(waiting), state.idle(besides: waiting.lane))
    }
    if let idle { wake(idle) }
    return verdict
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
      state.lanes[lane].idle = max(0, state.lanes[lane].idle &- 1)
      state.move(&first, to: lane)
      return first
    }
  }

  /// Puts back what this lane had taken, and still looks after.
  func prepend(_ waiting: Waiting, for lane: Int) {
    let idle = state.withLock { state in
      var waiting = waiting
      waiting.lane = lane
      state.waiting.prepend(waiting)
      return state.idle(besides: lane)
    }
    if let idle { wake(idle) }
  }

  /// Takes those that `isOut` says, which are this lane's from here on.
  func take(for lane: Int, where isOut: (Waiting) -> Bool) -> [Waiting] {
    state.withLock { state in
      var taken: [Waiting] = []
      guard (0..<state.waiting.count).contains(where: { state.waiting[$0].map(isOut) ?? false }) else { return taken }
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

  /// Those for which this lane should have a connection: which it looks after, and then such as nobody else can open one
  /// for, which are this lane's from here on.
  ///
  /// - Parameter limit: connections that the lane may have for them.
  func adopt(upTo limit: Int, for lane: Int) -> (count: Int, adopted: [Waiting]) {
    state.withLock { state in
      var count = 0
      for index in 0..<state.waiting.count where state.waiting[index]?.lane == lane { count += 1 }
      var adopted: [Waiting] = []
      for index in 0..<state.waiting.count where count + adopted.count < limit {
        guard var next = state.waiting[index], next.lane != lane, state.lanes[next.lane].room <= 0 else { continue }
        state.move(&next, to: lane)
        state.waiting[index] = next
        adopted.append(next)
      }
      return (count + adopted.count, adopted)
    }
  }

  /// A List of this lane has ended.
  func ended(on lane: Int) { state.withLock { $0.lanes[lane].load &-= 1 } }

  /// A lane has no connection free: what waits has not been taken at once, unless another has one.
  func noteDelay(of lane: Int) {
    state.withLock { state in
      state.lanes[lane].idle = 0
      if state.lanes.allSatisfy({ $0.idle == 0 }) { state.lastDelayed = state.number }
    }
  }

  /// What a lane's turn has left: open connections on which nothing runs, and how many more it may open.
  ///
  /// - Returns: whether something waits that it can take at once.
  func noteTurn(of lane: Int, idle: Int, room: Int) -> Bool {
    state.withLock { state in
      state.lanes[lane].idle = idle
      state.lanes[lane].room = room
      return idle > 0 && !state.waiting.isEmpty
    }
  }
}
