import PillionDatabase

/// A connection for unary reads, and the thread that takes them from the queue.
///
/// Most reads take less than handing them over does. So while none waits, an event loop answers its own on the connection
/// of a lane that has nothing to do.
final class ReaderLane: Sendable {
  private let queue: JobQueue
  private let reader: Locked<Reader>

  init(_ configuration: SQLiteConfiguration, queue: JobQueue, status: LaneStatus) throws(DatabaseError) {
    self.queue = queue
    reader = Locked(try Reader(configuration, queue: queue, status: status))
  }

  /// Whether the connection is at work.
  var isBusy: Bool { reader.withLockIfAvailable { _ in } == nil }

  /// The thread's body; returns when the queue has been closed.
  func run() {
    var taken = Ring<Operation>()
    var limit = Reader.batchLimit
    while queue.take(into: &taken, atMost: limit) {
      limit = reader.withLock { reader in
        reader.answer(&taken)
        return reader.limit
      }
    }
    reader.withLock { $0.close() }
  }

  /// Answers the first `count` of `operations` on their event loop's thread, which calls this; false, and they are all
  /// still there, when the lane is at work, or should not be used so.
  func answer(_ operations: inout Ring<Operation>, count: Int) -> Bool {
    reader.withLockIfAvailable { $0.answer(&operations, count: count) } ?? false
  }
}
