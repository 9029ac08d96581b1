import Glibc
import Synchronization

/// The file that records are appended to.
///
/// A record is in the kernel's hands when `append` returns: it outlives the process, not the machine. Records have one
/// order, that of their numbers, whichever event loop they come from.
package final class AuditFile: Sendable {
  /// What the system said when the file could not be opened.
  package struct Failure: Error, Sendable, CustomStringConvertible {
    package var description: String
  }

  private struct State {
    var descriptor: Int32
    /// Which file that is.
    var identity: Identity
    /// Whether the last record did not get to its end: the next one begins on a new line.
    var isTorn: Bool
    var sequence = 0
    var nextLook: UInt64 = 0
    /// Why the last record was not written.
    var problem: String?
    var failures = 0
  }

  private struct Identity: Equatable {
    var device: dev_t
    var node: ino_t
  }

  private let path: String
  private let state: Mutex<State>
  private let report: @Sendable (String) -> Void

  /// How often it is looked whether the file has been moved away; 100 ms.
  private static let lookInterval: UInt64 = 100_000_000

  /// Opens the file for appending, or makes it, for this user alone. `report`: told in words for the log when records
  /// cannot be written, and when they can be again.
  package init(path: String, report: @escaping @Sendable (String) -> Void) throws(Failure) {
    self.path = path
    self.report = report
    let (descriptor, identity) = try Self.open(path)
    state = Mutex(State(descriptor: descriptor, identity: identity, isTorn: Self.endsInsideLine(path)))
  }

  deinit { state.withLock { _ = close($0.descriptor) } }

  private static func open(_ path: String) throws(Failure) -> (Int32, Identity) {
    let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Failure(description: "\(path): \(String(cString: strerror(errno)))") }
    var information = stat()
    fstat(descriptor, &information)
    return (descriptor, Identity(device: information.st_dev, node: information.st_ino))
  }

  /// Whether the process before this one was killed inside a record.
  private static func endsInsideLine(_ path: String) -> Bool {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var last: UInt8 = 0
    guard lseek(descriptor, -1, SEEK_END) >= 0, read(descriptor, &last, 1) == 1 else { return false }
    return last != UInt8(ascii: "\n")
  }

  /// Opens the path anew: after SIGHUP.
  package func reopen() { state.withLock { follow(&$0, isForced: true) } }

  /// Appends the record that `make` makes with its number, which no other record of this process has.
  ///
  /// - Returns: whether it was written.
  @discardableResult
  func append(now: UInt64, _ make: (_ sequence: Int) -> [UInt8]) -> Bool {
    var news: String?
    let isWritten = state.withLock { state in
      if now >= state.nextLook {
        state.nextLook = now &+ Self.lookInterval
        follow(&state)
      }
      state.sequence += 1
      var bytes = make(state.sequence)
      if state.isTorn { bytes.insert(UInt8(ascii: "\n"), at: 0) }
      let problem = Self.write(bytes, to: state.descriptor, &state.isTorn)
      if let problem {
        state.failures += 1
        if state.problem == nil { news = "the audit cannot be written: \(path): \(problem)" }
      } else if state.problem != nil {
        news = "the audit can be written again"
      }
      state.problem = problem
      return problem == nil
    }
    if let news { report(news) }
    return isWritten
  }

  /// Whether the last record was written.
  var isWritable: Bool { state.withLock { $0.problem == nil } }

  /// Writes all of it; else says why not.
  private static func write(_ bytes: [UInt8], to descriptor: Int32, _ isTorn: inout Bool) -> String? {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let problem = String(cString: strerror(count < 0 ? errno : ENOSPC))
        isTorn = isTorn || rest.count < bytes.count
        return problem
      }
      rest = rest.dropFirst(count)
    }
    isTorn = false
    return nil
  }

  /// Goes on in a new file where the old one was moved away or deleted.
  private func follow(_ state: inout State, isForced: Bool = false) {
    var information = stat()
    let isThere = stat(path, &information) == 0
    let identity = Identity(device: information.st_dev, node: information.st_ino)
    guard isForced || !isThere || identity != state.identity else { return }
    // Where no new file can be made, records go on into the old one; the next look tries again.
    guard let (descriptor, opened) = try? Self.open(path) else { return }
    close(state.descriptor)
    state.descriptor = descriptor
    if opened != state.identity { state.isTorn = Self.endsInsideLine(path) }
    state.identity = opened
  }
}

extension AuditFile: MetricsSource {
  package func append(to page: inout PrometheusText) {
    let (records, failures) = state.withLock { ($0.sequence - $0.failures, $0.failures) }
    page.single("pillion_audit_records_total", .counter, "Records of the audit.", records)
    page.single("pillion_audit_failures_total", .counter, "Records that could not be written.", failures)
  }
}
