import Glibc
package import PillionSchema

/// How a command ends; the numbers are those of `sysexits.h`.
package enum ExitStatus: Int32, Sendable {
  case success = 0
  /// A check failed.
  case failure = 1
  /// The command line is wrong.
  case usage = 64
  /// The database, or the server that was asked, cannot be reached.
  case unavailable = 69
  /// The configuration or the definitions are wrong.
  case configuration = 78
}

/// What commands say to people: results on standard output, everything else on standard error.
package enum Terminal {
  package static func print(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

  package static func complain(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

  package static func complain(_ diagnostics: [Diagnostic]) {
    for diagnostic in diagnostics { complain(diagnostic.description) }
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      // A reader that has gone, as with `pillion … | head`, is not our trouble.
      if count <= 0 { return }
      bytes = bytes.dropFirst(count)
    }
  }
}
