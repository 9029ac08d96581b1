internal import Synchronization

/// Whether the database answered when it was last asked.
final class Availability: Sendable {
  private let flag = Atomic<Bool>(true)

  var isAvailable: Bool { flag.load(ordering: .relaxed) }

  func set(_ isAvailable: Bool) {
    // Most calls change nothing and should not take the cache line away from readers.
    if flag.load(ordering: .relaxed) != isAvailable { flag.store(isAvailable, ordering: .relaxed) }
  }
}
