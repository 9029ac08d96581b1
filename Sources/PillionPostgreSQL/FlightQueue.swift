internal import PillionDatabase

/// What waits for a connection: inserts that may go together, by their statement, and all else as it came.
struct FlightQueue {
  var calls = Ring<Flight>()
  private var inserts: [Int: Ring<Flight>] = [:]
  /// The statements that have inserts waiting, the next first.
  private var turns = Ring<Int>()
  private var insertCount = 0

  var count: Int { calls.count + insertCount }
  var isEmpty: Bool { count == 0 }

  mutating func append(_ flight: Flight) {
    guard flight.isGatherableInsert else { return calls.append(flight) }
    let id = flight.statement.id
    if inserts[id] == nil { turns.append(id) }
    inserts[id, default: Ring()].append(flight)
    insertCount += 1
  }

  /// Puts a flight back whose turn it was.
  mutating func prepend(_ flight: Flight) {
    guard flight.isGatherableInsert else { return calls.prepend(flight) }
    let id = flight.statement.id
    if inserts[id] == nil { turns.prepend(id) }
    inserts[id, default: Ring()].prepend(flight)
    insertCount += 1
  }

  /// Takes the first of the calls, up to `limit` of them and up to one that goes alone.
  mutating func takeCalls(_ limit: Int) -> ContiguousArray<Flight> {
    var taken: ContiguousArray<Flight> = []
    taken.reserveCapacity(min(limit, calls.count))
    while taken.count < limit, calls.first?.isAlone == false, let next = calls.removeFirst() { taken.append(next) }
    return taken
  }

  /// The statement whose inserts are next, and how many they are.
  var nextInserts: (statement: Int, count: Int)? {
    guard let id = turns.first, let waiting = inserts[id] else { return nil }
    return (id, waiting.count)
  }

  /// Takes the first of the inserts that are next, and up to `count` as long as their values are at most `bytes`
  /// together; others have their turn before the rest.
  mutating func takeInserts(_ count: Int, bytes: Int = .max) -> ContiguousArray<Flight> {
    var taken: ContiguousArray<Flight> = []
    guard let id = turns.removeFirst(), var waiting = inserts.removeValue(forKey: id) else { return taken }
    taken.reserveCapacity(count)
    var size = 0
    while taken.count < count, let flight = waiting.first {
      size += flight.operation?.bound.parameters.bytes.count ?? 0
      guard taken.isEmpty || size <= bytes else { break }
      waiting.removeFirst()
      taken.append(flight)
    }
    insertCount -= taken.count
    if !waiting.isEmpty {
      inserts[id] = waiting
      turns.append(id)
    }
    return taken
  }

  /// Takes everything: the calls as they came, then the inserts, statement by statement.
  mutating func takeAll() -> ContiguousArray<Flight> {
    var taken: ContiguousArray<Flight> = []
    taken.reserveCapacity(count)
    while let flight = calls.removeFirst() { taken.append(flight) }
    while !turns.isEmpty { taken.append(contentsOf: takeInserts(insertCount)) }
    return taken
  }
}
