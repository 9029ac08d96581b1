import Glibc

/// Reads and replaces whole files.
package enum FileAccess {
  /// The file's bytes; nil: there is no such file.
  static func read(_ path: String) throws(ProtoOutputError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw failure(path, "read")
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count == 0 { return bytes }
      if count > 0 {
        bytes.append(contentsOf: buffer.prefix(count))
      } else if errno != EINTR {
        throw failure(path, "read")
      }
    }
  }

  /// Writes beside the file and renames, so that a reader or a crash finds the old bytes or the new, never a part.
  package static func replace(_ path: String, with bytes: [UInt8]) throws(ProtoOutputError) {
    let temporary = "\(path).\(getpid()).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure(path, "write") }
    let isWritten = write(bytes, to: descriptor) && fsync(descriptor) == 0
    guard isWritten else {
      let error = failure(path, "write")
      close(descriptor)
      unlink(temporary)
      throw error
    }
    guard close(descriptor) == 0, rename(temporary, path) == 0 else {
      let error = failure(path, "write")
      unlink(temporary)
      throw error
    }
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count > 0 {
          rest = rest.dropFirst(count)
        } else if count == 0 || errno != EINTR {
          return false
        }
      }
      return true
    }
  }

  /// Makes the folder and those above it where they are missing.
  package static func createDirectory(_ path: String) throws(ProtoOutputError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for component in path.split(separator: "/") {
      prefix += component
      if mkdir(prefix, 0o777) != 0, errno != EEXIST { throw failure(prefix, "create") }
      prefix += "/"
    }
  }

  /// Names in a folder, sorted; none where there is no such folder.
  package static func names(in path: String) throws(ProtoOutputError) -> [String] {
    guard let directory = opendir(path) else {
      if errno == ENOENT { return [] }
      throw failure(path, "read")
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        // d_name ends in a NUL within its 256 bytes: readdir(3).
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      names.append(name)
    }
    return names.sorted()
  }

  private static func failure(_ path: String, _ operation: String) -> ProtoOutputError {
    ProtoOutputError(path: path, operation: operation, cause: String(cString: strerror(errno)))
  }
}
