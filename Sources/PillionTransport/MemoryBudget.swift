import Synchronization

/// How many bytes of messages the event loops of a server hold together, counted in whole reservations.
final class MemoryBudget: Sendable {
  private let limit: Int
  private let reserved = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  var reservedBytes: Int { reserved.load(ordering: .relaxed) }

  /// Whether as much is reserved as may be.
  var isSpent: Bool { reserved.load(ordering: .relaxed) > limit }

  /// Reserves more if the limit allows it.
  fileprivate func tryReserve(_ count: Int) -> Bool {
    if reserved.wrappingAdd(count, ordering: .relaxed).newValue <= limit { return true }
    reserved.wrappingSubtract(count, ordering: .relaxed)
    return false
  }

  /// Adds what is held already.
  fileprivate func reserve(_ count: Int) { reserved.wrappingAdd(count, ordering: .relaxed) }

  fileprivate func giveBack(_ count: Int) { reserved.wrappingSubtract(count, ordering: .relaxed) }
}

/// One event loop's part of the budget. It reserves ahead, so that the loops meet at the shared counter once in a
/// megabyte and not at every message.
struct LoopMemory {
  private static let step = 1 << 20

  private let budget: MemoryBudget
  private var used = 0
  private var reserved = 0

  init(_ budget: MemoryBudget) { self.budget = budget }

  var isSpent: Bool { budget.isSpent }

  /// Whether `count` bytes more may be held.
  mutating func hasRoom(for count: Int) -> Bool {
    if used + count <= reserved { return true }
    // Near the limit a whole step may be too much where the bytes themselves are not.
    for wanted in [used + count - reserved + Self.step, used + count - reserved] where budget.tryReserve(wanted) {
      reserved += wanted
      return true
    }
    return false
  }

  /// Notes that `count` bytes more are held, or, when it is negative, fewer.
  mutating func hold(_ count: Int) {
    used += count
    if used > reserved {
      budget.reserve(used - reserved + Self.step)
      reserved = used + Self.step
    } else if reserved - used > 4 * Self.step {
      let surplus = reserved - used - Self.step
      budget.giveBack(surplus)
      reserved -= surplus
    }
  }
}
