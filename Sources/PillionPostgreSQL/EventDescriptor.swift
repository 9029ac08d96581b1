internal import CPillionPostgreSQL
internal import Glibc
internal import PillionDatabase

/// An eventfd: readable from `signal` until `drain`.
final class EventDescriptor: Sendable {
  let descriptor: Int32

  init() throws(DatabaseError) {
    descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    guard descriptor >= 0 else {
      throw DatabaseError(.pillion(.exhausted), "no file descriptor left: error \(errno)")
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func signal() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  func drain() {
    var value: UInt64 = 0
    _ = read(descriptor, &value, 8)
  }
}
