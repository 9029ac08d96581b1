import Glibc
import PillionInterceptors
package import PillionQuery
import PillionSchema

/// `pillion api-key`: makes a key, shows it once, and gives the line by which the server knows it.
package struct APIKeyCommand {
  package var name: String
  package var claims: [String: ClaimValue]
  /// In Unix seconds; nil: never.
  package var expires: Int64?
  /// The file that the line is added to; nil: it is printed.
  package var file: String?

  package init(name: String, claims: [String: ClaimValue] = [:], expires: Int64? = nil, file: String? = nil) {
    self.name = name
    self.claims = claims
    self.expires = expires
    self.file = file
  }

  package func run() -> ExitStatus {
    let key = APIKey.make()
    let record = APIKeyRecord(key, name: name, expires: expires, claims: claims)
    guard let file else {
      // Apart, so that `>> keys` writes what may be kept and shows what may not.
      Terminal.complain(key.text)
      Terminal.print(record.line)
      return .success
    }
    if let mistake = Self.append(record.line, to: file) {
      Terminal.complain("error: \(file): \(mistake)")
      return .failure
    }
    Terminal.print(key.text)
    return .success
  }

  /// Of `role=editor` and the like; a value that is JSON is taken as such. Nil for what is not written so, or twice.
  package static func claims(_ texts: [String]) -> [String: ClaimValue]? {
    var claims: [String: ClaimValue] = [:]
    for text in texts {
      guard let separator = text.firstIndex(of: "="), separator > text.startIndex else { return nil }
      let value = String(text[text.index(after: separator)...])
      let claim = (try? JSONClaims.parse(Array(value.utf8))) ?? .string(value)
      guard claims.updateValue(claim, forKey: String(text[..<separator])) == nil else { return nil }
    }
    return claims
  }

  /// In Unix seconds, of a time, a date or a number of days: `2030-01-31T12:00:00Z`, `2030-01-31`, `90d`.
  package static func time(_ text: String) -> Int64? {
    if let instant = Instant(rfc3339: text) { return instant.seconds }
    if let date = CalendarDate(iso8601: text) { return Int64(date.daysSinceEpoch) * 86_400 }
    guard text.last == "d", let days = Int64(text.dropLast()), (1...36_500).contains(days) else { return nil }
    return Int64(Glibc.time(nil)) + days * 86_400
  }

  /// Adds a line in one write, so that two commands at once leave two lines; nil: done. Only the owner may read a file
  /// that is new.
  private static func append(_ line: String, to path: String) -> String? {
    let descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return String(cString: strerror(errno)) }
    defer { close(descriptor) }
    var bytes = Array("\(line)\n".utf8)
    var last: UInt8 = 0
    let length = lseek(descriptor, 0, SEEK_END)
    // A last line without its end stays a line of its own.
    if length > 0, pread(descriptor, &last, 1, length - 1) == 1, last != UInt8(ascii: "\n") {
      bytes.insert(UInt8(ascii: "\n"), at: 0)
    }
    guard write(descriptor, bytes, bytes.count) == bytes.count else { return String(cString: strerror(errno)) }
    return nil
  }
}
