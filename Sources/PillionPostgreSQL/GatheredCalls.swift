internal import Glibc
internal import PillionDatabase

/// Calls that were sent as one statement.
final class GatheredCalls {
  enum Kind {
    /// The keys, one behind the other, each `width` bytes.
    case reads(keys: [UInt8], width: Int)
    /// A row of the statement each.
    case inserts
  }

  let kind: Kind
  let statement: Statement
  let parameters: Parameters
  /// How many there were at first.
  let count: Int
  /// Empty once the statement has been dealt with; a flight's operation is nil once it is answered.
  private(set) var flights: ContiguousArray<Flight>
  /// Whether the statement still runs although nobody waits for it.
  private(set) var isAbandoned = false

  private init(_ kind: Kind, _ statement: Statement, _ parameters: Parameters, _ flights: ContiguousArray<Flight>) {
    self.kind = kind
    self.statement = statement
    self.parameters = parameters
    self.flights = flights
    count = flights.count
  }

  /// Nil: a parameter is no key.
  static func reads(_ gathering: ReadGathering, _ flights: ContiguousArray<Flight>) -> GatheredCalls? {
    let width = gathering.key.width
    var keys: [UInt8] = []
    keys.reserveCapacity(flights.count * width)
    for flight in flights {
      guard let parameters = flight.operation?.parameters, let entry = parameters.entries.first,
        entry.kind == (gathering.key == .integer ? .binary : .text), entry.count == width
      else { return nil }
      keys.append(contentsOf: parameters.bytes[entry.start..<entry.start + width])
    }
    return GatheredCalls(
      .reads(keys: keys, width: width), gathering.statement, gathering.parameters(of: keys), flights)
  }

  /// - Parameter statement: of as many rows as there are flights.
  static func inserts(_ statement: Statement, _ flights: ContiguousArray<Flight>) -> GatheredCalls {
    var parameters = Parameters(capacity: statement.parameterTypes.count)
    for flight in flights {
      guard let operation = flight.operation, let step = operation.steps.first else { continue }
      for index in step.parameters { parameters.append(index, of: operation.parameters) }
    }
    return GatheredCalls(.inserts, statement, parameters, flights)
  }

  /// Whether they write: what they have done holds once the Sync behind them is answered.
  var areWrites: Bool { if case .inserts = kind { true } else { false } }

  /// What they add to the load of their connection.
  var load: Int { areWrites ? PipelinedConnection.writeLoad + count : count }

  /// Whether `answer` and `takeAll` have nothing left to do.
  var isOver: Bool { flights.isEmpty }

  /// Gives the reads that want this key to `body`.
  func answer(_ key: Cell, _ body: (Operation) -> Void) -> Bool {
    guard case .reads(let keys, let width) = kind, width >= 8, key.bytes.count == width,
      let found = key.bytes.baseAddress
    else { return false }
    var isKnown = false
    keys.withUnsafeBytes { all in
      guard let base = all.baseAddress else { return }
      // A key has eight bytes or more, which nearly always tell it from the others.
      let head = found.loadUnaligned(as: UInt64.self)
      for index in flights.indices {
        let wanted = base + index * width
        guard wanted.loadUnaligned(as: UInt64.self) == head, width == 8 || memcmp(wanted, found, width) == 0 else {
          continue
        }
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
