import Glibc

/// Tells the service manager how things stand: a datagram to the socket that `NOTIFY_SOCKET` names, as sd_notify(3)
/// describes it. systemd sets the variable for units of `Type=notify`.
package struct ServiceManager: Sendable {
  private let path: [UInt8]
  /// A quarter of the time after which the manager takes this process for hung, if it looks after that at all.
  package let keepaliveMilliseconds: Int?

  /// Nil: nobody wants to know.
  package init?(environment: [String: String] = ProcessEnvironment.all) {
    guard let path = environment["NOTIFY_SOCKET"], path.hasPrefix("/") || path.hasPrefix("@") else { return nil }
    guard path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
    self.path = Array(path.utf8)
    // Another process's: sd_watchdog_enabled(3).
    let isOurs = environment["WATCHDOG_PID"].map { Int32($0) == getpid() } ?? true
    let microseconds = environment["WATCHDOG_USEC"].flatMap { Int($0) } ?? 0
    keepaliveMilliseconds = isOurs && microseconds > 0 ? max(1, microseconds / 4000) : nil
  }

  /// Calls are taken.
  package func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }

  /// No new calls are taken.
  package func stopping() { send("STOPPING=1\nSTATUS=finishing calls in flight") }

  /// The process is not hung.
  package func keepalive() { send("WATCHDOG=1") }

  /// A manager that does not take it is not our trouble.
  private func send(_ text: String) {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { name in
      name.copyBytes(from: path)
      // A name without a file, which begins with NUL (unix(7)).
      if path.first == UInt8(ascii: "@") { name[0] = 0 }
    }
    let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    let length = socklen_t(offset + path.count)
    let bytes = Array(text.utf8)
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }
}
