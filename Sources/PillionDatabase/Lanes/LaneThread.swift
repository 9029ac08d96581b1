import Glibc

/// A POSIX thread that runs one closure, for C calls that block: a lane.
package struct LaneThread: Sendable {
  private let thread: pthread_t

  private final class Body {
    let name: String
    let run: () -> Void

    init(name: String, run: @escaping () -> Void) {
      self.name = name
      self.run = run
    }
  }

  /// Starts the thread. `name` shows in `top -H`; the kernel keeps 15 bytes of it. One of `join` and `detach` is to be
  /// called, once.
  package init(name: String, _ run: sending @escaping () -> Void) throws(DatabaseError) {
    let body = Unmanaged.passRetained(Body(name: name, run: run))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
        LaneThread.setName(body.name)
        body.run()
        return nil
      }, body.toOpaque())
    guard status == 0 else {
      body.release()
      throw DatabaseError(.pillion(.exhausted), "cannot start a thread: errno \(status)")
    }
    self.thread = thread
  }

  /// Names the calling thread through proc(5), as Glibc's module has no `pthread_setname_np`.
  private static func setName(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = Array(name.utf8.prefix(15)).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    close(file)
  }

  /// Returns when the thread has ended.
  package func join() { pthread_join(thread, nil) }

  /// Lets the thread go by itself.
  package func detach() { pthread_detach(thread) }
}
