internal import CPillionPostgreSQL
internal import Glibc
internal import PillionDatabase

/// A POSIX thread that runs one closure.
///
/// `@unchecked Sendable`: immutable; joined by its one owner.
final class WorkerThread: @unchecked Sendable {
  private final class Body {
    let name: String
    let run: @Sendable () -> Void

    init(_ name: String, _ run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }

  private let thread: pthread_t

  /// `name` is cut to the 15 bytes that Linux shows.
  init(name: String, _ run: @escaping @Sendable () -> Void) throws(DatabaseError) {
    let body = Unmanaged.passRetained(Body(name, run))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        pillion_name_thread(body.name)
        body.run()
        return nil
      }, body.toOpaque())
    guard code == 0 else {
      body.release()
      throw DatabaseError(.pillion(.exhausted), "no thread could be made: error \(code)")
    }
    self.thread = thread
  }

  /// Waits for the closure to return. Called once.
  func join() { pthread_join(thread, nil) }

  /// Lets the thread go by itself. Called instead of `join`.
  func detach() { pthread_detach(thread) }
}
