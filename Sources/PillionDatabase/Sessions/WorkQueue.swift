import Glibc

/// What one thread waits for and others bring, in order.
///
/// `@unchecked Sendable`: everything is touched under `mutex` only.
package final class WorkQueue<Work: Sendable>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var waiting: ArraySlice<Work> = []
  private var isClosed = false

  package init() {
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  package func put(_ work: Work) {
    pthread_mutex_lock(mutex)
    waiting.append(work)
    pthread_mutex_unlock(mutex)
    pthread_cond_signal(condition)
  }

  /// What waits is still handed out.
  package func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_mutex_unlock(mutex)
    pthread_cond_signal(condition)
  }

  /// The next; waits for it. Nil: the queue is closed and empty.
  package func take() -> Work? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while waiting.isEmpty, !isClosed { pthread_cond_wait(condition, mutex) }
    return waiting.popFirst()
  }
}
