import Synchronization

/// Counts what happens seldom, by a name from a fixed set: database errors, reloads.
final class EventCounts: Sendable {
  private let counts: Mutex<[String: Int]>

  /// Those of `names` are there from the beginning, so that a first increase can be seen.
  init(_ names: [String] = []) { counts = Mutex(Dictionary(names.map { ($0, 0) }) { first, _ in first }) }

  func note(_ name: String) { counts.withLock { $0[name, default: 0] += 1 } }

  /// By name.
  var sorted: [(name: String, count: Int)] {
    counts.withLock { counts in counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
  }
}
