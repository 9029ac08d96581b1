import Glibc

/// Waiting for a socket without sleeping: it is looked at again and again (busy polling), as waking a thread takes longer
/// than a small query.
package enum AwakeWait {
  /// The longest that a socket is looked at: what a small query takes where threads are slow to wake, or a client on the
  /// same machine that calls again.
  package static let nanoseconds: UInt64 = 200_000

  /// Whether there is input, or the end of the connection, within `nanoseconds`.
  package static func untilReadable(_ socket: Int32) -> Bool {
    var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    let end = MonotonicTime.after(MonotonicTime.now(), nanoseconds)
    repeat {
      if poll(&entry, 1, 0) > 0 { return true }
    } while MonotonicTime.now() < end
    return false
  }
}
