import Glibc
import NIOPosix
import Synchronization

/// Why a file is not what it should be.
struct SourceMistake: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Whole small files.
enum SmallFile {
  private static let maximumBytes = 16 << 20

  static func read(_ path: String) throws(SourceMistake) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SourceMistake("cannot be read: \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        throw SourceMistake("cannot be read: \(String(cString: strerror(errno)))")
      }
      bytes.append(contentsOf: buffer[..<count])
      guard bytes.count <= maximumBytes else { throw SourceMistake("is larger than 16 MiB") }
    }
  }

  /// What changes when the file does; a link's target counts, not the link.
  static func fingerprint(_ path: String) -> String {
    var information = stat()
    guard stat(path, &information) == 0 else { return "" }
    let time = information.st_mtim
    return "\(information.st_dev) \(information.st_ino) \(information.st_size) \(time.tv_sec).\(time.tv_nsec)"
  }
}

/// Looks at a file twice a second, and says when it has changed and two looks in succession have found it the same.
final class SourceWatch: Sendable {
  private static let interval = Duration.milliseconds(500)

  private let path: String
  private let known: String
  private let changed: @Sendable () -> Void
  private let task = Mutex<Task<Void, Never>?>(nil)

  /// - Parameter known: the fingerprint of what is in use.
  init(path: String, known: String, changed: @escaping @Sendable () -> Void) {
    self.path = path
    self.known = known
    self.changed = changed
  }

  func start() {
    let task = Task {
      var reported = known
      var last = known
      while !Task.isCancelled {
        do { try await Task.sleep(for: Self.interval) } catch { return }
        let (seen, isNew) = (last, reported)
        // Files are read on threads that may wait for a disk.
        let now = try? await NIOThreadPool.singleton.runIfActive { [path, changed] in
          let now = SmallFile.fingerprint(path)
          if now == seen, now != isNew { changed() }
          return now
        }
        guard let now else { continue }
        if now == seen { reported = now }
        last = now
      }
    }
    self.task.withLock { $0 = task }
  }

  func stop() { task.withLock { $0 }?.cancel() }
}
