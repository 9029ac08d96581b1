internal import CPillionPostgreSQL
internal import Glibc
internal import PillionDatabase

/// An epoll set and the eventfd that wakes the thread which waits on it.
final class Poller: Sendable {
  /// The token of `wake`.
  static let wakeToken = UInt64.max

  private let epoll: Int32
  private let event: EventDescriptor

  init() throws(DatabaseError) {
    event = try EventDescriptor()
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw DatabaseError(.pillion(.exhausted), "no file descriptor left: error \(errno)") }
    control(EPOLL_CTL_ADD, event.descriptor, Self.wakeToken, EPOLLIN.rawValue)
  }

  deinit { if epoll >= 0 { close(epoll) } }

  /// Watches a socket for input. Its events come with `token`.
  func add(_ socket: Int32, token: UInt64) { control(EPOLL_CTL_ADD, socket, token, EPOLLIN.rawValue) }

  /// Watches for room in the socket's send buffer too, or no longer.
  func change(_ socket: Int32, token: UInt64, wantsOutput: Bool) {
    control(EPOLL_CTL_MOD, socket, token, EPOLLIN.rawValue | (wantsOutput ? EPOLLOUT.rawValue : 0))
  }

  /// No longer watches a socket, until `change`; that it is broken still shows.
  func pause(_ socket: Int32, token: UInt64) { control(EPOLL_CTL_MOD, socket, token, 0) }

  func remove(_ socket: Int32) { control(EPOLL_CTL_DEL, socket, 0, 0) }

  /// Ends the current or next `wait`. From any thread.
  func wake() { event.signal() }

  /// Waits for events, at most `milliseconds` (-1: for ever); returns how many there are.
  func wait(_ events: UnsafeMutableBufferPointer<epoll_event>, milliseconds: Int32) -> Int {
    let count = epoll_wait(epoll, events.baseAddress, Int32(clamping: events.count), milliseconds)
    return max(0, Int(count))
  }

  /// Takes back what `wake` wrote.
  func acknowledge() { event.drain() }

  private func control(_ operation: Int32, _ socket: Int32, _ token: UInt64, _ events: UInt32) {
    var event = epoll_event(events: events, data: epoll_data_t(u64: token))
    epoll_ctl(epoll, operation, socket, &event)
  }
}
