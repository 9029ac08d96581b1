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
    // By index: a loop over them would take hold of each.
    for index in flights.indices {
      guard flights[index].operation?.appendKey(gathering.key, to: &keys) == true else { return nil }
    }
    return GatheredCalls(
      .reads(keys: keys, width: width), gathering.statement, gathering.parameters(of: keys), flights)
  }

  /// - Parameter statement: of as many rows as there are flights.
  static func inserts(_ statement: Statement, _ flights: ContiguousArray<Flight>) -> GatheredCalls {
    var parameters = Parameters(capacity: statement.parameterTypes.count)
    for flight in flights {
      guard let operation = flight.operation, let step = operation.bound.steps.first else { continue }
      for index in step.parameters { parameters.append(index, of: operation.bound.parameters) }
    }
    return GatheredCalls(.inserts, statement, parameters, flights)
  }

  /// Whether they write: what they have done holds once the Sync behind them is answered.
  var areWrites: Bool { if case .inserts = kind { true } else { false } }

  /// What they add to the load of their connection.
  var load: Int { areWrites ? PipelinedConnection.writeLoad + count : count }

  /// Whether there is nothing left to answer.
  var isOver: Bool { flights.isEmpty }

  /// The next of the reads, from `start` on, that wants this key; nil: there is none.
  func index(of key: Cell, from start: Int) -> Int? {
    guard case .reads(let keys, let width) = kind, width >= 8, key.bytes.count == width,
      let found = key.bytes.baseAddress
    else { return nil }
    return keys.withUnsafeBytes { all in
      // A key has eight bytes or more, which nearly always tell it from the others.
      let head = found.loadUnaligned(as: UInt64.self)
      var offset = start * width
      while offset + width <= all.count {
        if all.loadUnaligned(fromByteOffset: offset, as: UInt64.self) == head,
          width == 8 || all[offset..<offset + width].elementsEqual(key.bytes)
        {
          return offset / width
        }
        offset += width
      }
      return nil
    }
  }

  /// The operation of a read, which is answered with that; nil: it has been already.
  func take(_ index: Int) -> Operation? {
    guard flights.indices.contains(index) else { return nil }
    return flights[index].operation.take()
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
