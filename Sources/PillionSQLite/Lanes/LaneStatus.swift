import PillionDatabase
import Synchronization

/// What the lanes of a driver share.
final class LaneStatus: Sendable {
  let statements = StatementCounts()
  private let stopping = Atomic<Bool>(false)
  private let available = Atomic<Bool>(true)

  /// Set once, at shutdown: running reads and waits for locks end.
  var isStopping: Bool { stopping.load(ordering: .relaxed) }

  func stop() { stopping.store(true, ordering: .relaxed) }

  /// Whether the database answered when it was last asked.
  var isAvailable: Bool { available.load(ordering: .relaxed) }

  /// Remembers an answer. Written only where it changes, so that the lanes do not fight over the cache line.
  func noteAvailable(_ answer: Bool) {
    if isAvailable != answer { available.store(answer, ordering: .relaxed) }
  }
}
