internal import Glibc
internal import PillionDatabase

/// Reads by key that were sent as one statement.
final class GatheredReads {
  let gathering: Gathering
  /// How many there were at first.
  let count: Int
  /// Empty once the statement has been dealt with; a flight's operation is nil once it is answered.
  private(set) var flights: ContiguousArray<Flight>
  /// The keys, one behind the other.
  private var keys: [UInt8] = []
  /// Whether the statement still runs although nobody waits for it.
  private(set) var isAbandoned = false

  /// Nil: a parameter is no key.
  init?(_ gathering: Gathering, _ flights: ContiguousArray<Flight>) {
    self.gathering = gathering
    self.flights = flights
    count = flights.count
    let width = gathering.key.width
    keys.reserveCapacity(count * width)
    for flight in flights {
      guard let parameters = flight.operation?.parameters, let entry = parameters.entries.first,
        entry.kind == (gathering.key == .integer ? .binary : .text), entry.count == width
      else { return nil }
      keys.append(contentsOf: parameters.bytes[entry.start..<entry.start + width])
    }
  }

  var parameters: Parameters { gathering.parameters(of: keys) }

  /// Whether `answer` and `takeAll` have nothing left to do.
  var isOver: Bool { flights.isEmpty }

  /// Gives the operations that want this key to `body`.
  func answer(_ key: Cell, _ body: (Operation) -> Void) -> Bool {
    let width = gathering.key.width
    guard key.bytes.count == width, let found = key.bytes.baseAddress else { return false }
    var isKnown = false
    keys.withUnsafeBytes { keys in
      guard let base = keys.baseAddress else { return }
      for index in flights.indices where memcmp(base + index * width, found, width) == 0 {
        isKnown = true
        guard let operation = flights[index].operation else { continue }
        flights[index].operation = nil
        body(operation)
      }
    }
    return isKnown
  }

  /// The flights that are not answered yet; there are none afterwards.
  func takeAll() -> ContiguousArray<Flight> {
    var taken: ContiguousArray<Flight> = []
    swap(&taken, &flights)
    taken.removeAll { $0.operation == nil }
    return taken
  }

  /// Lets go of the flights that `isOut` says; true when that leaves a statement that runs for nobody.
  func giveUp(_ isOut: (Flight) -> Bool) -> Bool {
    guard !flights.isEmpty, !isAbandoned else { return false }
    for index in flights.indices where flights[index].operation != nil && isOut(flights[index]) {
      flights[index].operation = nil
    }
    isAbandoned = flights.allSatisfy { $0.operation == nil }
    return isAbandoned
  }
}
