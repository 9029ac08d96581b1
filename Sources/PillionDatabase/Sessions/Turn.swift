import Glibc

/// Whose turn it is, among threads that may wait: first come, first served.
///
/// `@unchecked Sendable`: everything is touched under `mutex` only.
package final class Turn: @unchecked Sendable {
  /// Nanoseconds between two looks whether a waiting call still goes on.
  private static let look = 10_000_000

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var isTaken = false
  private var waiting: [UInt64] = []
  private var nextTicket: UInt64 = 0

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

  /// Waits for the turn; throws when the job's call has ended before.
  package func take(for job: Job) throws(DatabaseError) {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    let ticket = nextTicket
    nextTicket &+= 1
    waiting.append(ticket)
    while isTaken || waiting.first != ticket {
      if let error = job.end(at: MonotonicTime.now()) {
        waiting.removeAll { $0 == ticket }
        pthread_cond_broadcast(condition)
        throw error
      }
      wait()
    }
    waiting.removeFirst()
    isTaken = true
  }

  package func give() {
    pthread_mutex_lock(mutex)
    isTaken = false
    pthread_mutex_unlock(mutex)
    pthread_cond_broadcast(condition)
  }

  /// Until something changes, or it is time to look.
  private func wait() {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    time.tv_nsec += Self.look
    if time.tv_nsec >= 1_000_000_000 {
      time.tv_nsec -= 1_000_000_000
      time.tv_sec += 1
    }
    pthread_cond_timedwait(condition, mutex, &time)
  }
}
