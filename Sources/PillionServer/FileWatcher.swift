import Glibc
import PillionDatabase
import Synchronization

/// Looks at files again and again, and says when they have changed.
///
/// Looks at names, sizes and times of change: no file-system notification reaches every kind of mount. A change is
/// reported once two looks in succession agree, so that files which change together are seen together.
final class FileWatcher: Sendable {
  private let microseconds: UInt32
  private let known: [String]
  private let fingerprint: @Sendable () -> [String]
  private let changed: @Sendable () -> Void
  private let isStopped = Atomic<Bool>(false)

  /// - Parameters:
  ///   - milliseconds: between two looks.
  ///   - known: the fingerprint of what is in use.
  ///   - fingerprint: what changes when a file changes, as `FileWatcher.entry` gives it for each file.
  ///   - changed: called on the watcher's own thread.
  init(
    milliseconds: UInt32, known: [String], fingerprint: @escaping @Sendable () -> [String],
    changed: @escaping @Sendable () -> Void
  ) {
    self.microseconds = milliseconds * 1000
    self.known = known
    self.fingerprint = fingerprint
    self.changed = changed
  }

  /// What changes when the file changes; a link's target counts, not the link.
  static func entry(_ path: String) -> String {
    var information = stat()
    guard stat(path, &information) == 0 else { return "\(path) -" }
    let time = information.st_mtim
    return "\(path) \(information.st_ino) \(information.st_size) \(time.tv_sec).\(time.tv_nsec)"
  }

  func start() throws(DatabaseError) { try LaneThread(name: "watch") { self.watch() }.detach() }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  private func watch() {
    var reported = known
    var last = known
    while !isStopped.load(ordering: .relaxed) {
      usleep(microseconds)
      let now = fingerprint()
      if now == last, now != reported {
        reported = now
        changed()
      }
      last = now
    }
  }
}
