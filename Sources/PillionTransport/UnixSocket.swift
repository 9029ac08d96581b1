import Glibc

/// A Unix domain socket in the file system: made with its permissions, and removed by the one who made it.
struct UnixSocket: Sendable {
  let path: String
  /// Which file it is, so that one that another server has put in its place is left alone.
  private let device: dev_t
  private let inode: ino_t

  /// Binds a socket at `path` and returns it with its descriptor, which the caller closes.
  ///
  /// A socket that is there already is replaced if nothing answers on it: a crash leaves such a file behind. Anything
  /// else that is there is an error.
  static func bind(path: String, permissions: UInt32) throws(ListenError) -> (socket: UnixSocket, descriptor: Int32) {
    var address = try address(path)
    try removeStale(path, &address)
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { throw ListenError(errno) }
    do throws(ListenError) {
      // The file is born with the mode of the descriptor (unix(7)), so that nobody can connect too early.
      guard fchmod(descriptor, permissions) == 0 else { throw ListenError(errno) }
      guard withSocketAddress(&address, { Glibc.bind(descriptor, $0, $1) }) == 0 else { throw ListenError(errno) }
      // The umask has taken bits away.
      guard chmod(path, permissions) == 0 else { throw ListenError(errno) }
      var information = stat()
      guard lstat(path, &information) == 0 else { throw ListenError(errno) }
      return (UnixSocket(path: path, device: information.st_dev, inode: information.st_ino), descriptor)
    } catch {
      Glibc.close(descriptor)
      throw error
    }
  }

  /// Two sockets that are connected with each other, for the caller to close.
  static func pair() throws(ListenError) -> (Int32, Int32) {
    var descriptors: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &descriptors) == 0 else { throw ListenError(errno) }
    return (descriptors[0], descriptors[1])
  }

  /// Removes the file, if it is still this one.
  func remove() {
    var information = stat()
    guard lstat(path, &information) == 0, information.st_dev == device, information.st_ino == inode else { return }
    unlink(path)
  }

  private static func address(_ path: String) throws(ListenError) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard bytes.count < capacity else {
      throw ListenError(reason: "the path is longer than the \(capacity - 1) bytes that the system allows")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return address
  }

  private static func removeStale(_ path: String, _ address: inout sockaddr_un) throws(ListenError) {
    var information = stat()
    guard lstat(path, &information) == 0 else {
      if errno == ENOENT { return }
      throw ListenError(errno)
    }
    guard information.st_mode & S_IFMT == S_IFSOCK else { throw ListenError(reason: "the file is not a socket") }
    let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard probe >= 0 else { throw ListenError(errno) }
    defer { Glibc.close(probe) }
    if withSocketAddress(&address, { connect(probe, $0, $1) }) == 0 || errno == EAGAIN {
      throw ListenError(reason: "another server answers on it")
    }
    guard errno == ECONNREFUSED else { throw ListenError(errno) }
    guard unlink(path) == 0 || errno == ENOENT else { throw ListenError(errno) }
  }

  private static func withSocketAddress(
    _ address: inout sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}

/// Why an address cannot be listened on.
package struct ListenError: Error, CustomStringConvertible {
  package var reason: String

  init(reason: String) { self.reason = reason }

  /// The C library's words for an `errno`.
  init(_ code: Int32) { reason = String(cString: strerror(code)) }

  package var description: String { reason }
}
