package import PillionQuery
import PillionSchema

/// A line of the file of keys: whose key it is, and a salted hash to know it by.
package struct APIKeyRecord: Sendable {
  package var id: UInt64
  package var name: String
  package var salt: [UInt8]
  package var hash: [UInt8]
  /// In Unix seconds; nil: never.
  package var expires: Int64?
  package var claims: [String: ClaimValue]

  package init(_ key: APIKey, name: String, expires: Int64? = nil, claims: [String: ClaimValue] = [:]) {
    id = key.id
    self.name = name
    salt = (0..<16).map { _ in UInt8.random(in: 0...255) }
    hash = key.hash(salt: salt)
    self.expires = expires
    self.claims = claims
  }

  /// As a line of the file, without its end.
  package var line: String {
    var members = [
      ("id", ClaimValue.string(APIKey.text(id))), ("name", .string(name)), ("salt", .string(Base64URL.text(salt))),
      ("hash", .string(Base64URL.text(hash))),
    ]
    if let expires, let instant = Instant(seconds: expires) { members.append(("expires", .string("\(instant)"))) }
    if !claims.isEmpty { members.append(("claims", .object(claims))) }
    return "{" + members.map { "\(ClaimValue.string($0).json): \($1.json)" }.joined(separator: ", ") + "}"
  }
}

/// The callers' keys, by their number.
package struct APIKeyring: Sendable {
  /// A line that is wrong.
  package struct Malformed: Error, Sendable, Hashable {
    package var line: Int
    package var message: String
  }

  private var records: [UInt64: APIKeyRecord] = [:]

  package init() {}

  package var count: Int { records.count }

  /// Lines of JSON; empty lines and those that begin with `#` say nothing.
  package init(_ text: String) throws(Malformed) {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = line.drop { $0.isWhitespace }
      if line.isEmpty || line.first == "#" { continue }
      let record: APIKeyRecord
      do throws(APIKeyRecord.Mistake) {
        record = try APIKeyRecord(line: line)
      } catch {
        throw Malformed(line: index + 1, message: error.message)
      }
      guard records.updateValue(record, forKey: record.id) == nil else {
        throw Malformed(line: index + 1, message: "the id '\(APIKey.text(record.id))' is there already")
      }
    }
  }

  package enum Problem: Error, Sendable, Hashable {
    case malformed, unknown, wrong
    case expired(String)
  }

  /// Whose key it is. A key that is not known takes as long as one that is.
  package func identity(_ text: UnsafeBufferPointer<UInt8>, now: Int64) throws(Problem) -> Identity {
    guard let key = APIKey(text) else { throw .malformed }
    guard let record = records[key.id] else {
      _ = key.hash(salt: Self.noSalt)
      throw .unknown
    }
    let hash = key.hash(salt: record.salt)
    let isSame = hash.withUnsafeBytes { hash in record.hash.withUnsafeBytes { ConstantTime.isEqual(hash, $0) } }
    guard isSame else { throw .wrong }
    if let expires = record.expires, now >= expires { throw .expired(record.name) }
    return Identity(principal: record.name, claims: record.claims)
  }

  private static let noSalt = [UInt8](repeating: 0, count: 16)
}

extension APIKeyRecord {
  fileprivate struct Mistake: Error {
    let message: String

    init(_ message: String) { self.message = message }
  }

  fileprivate init(line: Substring) throws(Mistake) {
    guard let value = try? JSONClaims.parse(Array(line.utf8)), let members = value.members else {
      throw Mistake("expected a JSON object, as `pillion api-key` prints it")
    }
    let known: Set = ["id", "name", "salt", "hash", "expires", "claims"]
    if let other = members.keys.sorted().first(where: { !known.contains($0) }) {
      throw Mistake("unknown member '\(other)'; expected \(known.sorted().joined(separator: ", "))")
    }
    guard let id = members["id"]?.text.flatMap({ APIKey.number($0.utf8) }) else {
      throw Mistake("'id' expected 16 hexadecimal digits")
    }
    guard let name = members["name"]?.text, !name.isEmpty else { throw Mistake("'name' expected a text") }
    guard let salt = members["salt"]?.text.flatMap({ Base64URL.bytes($0) }), salt.count >= 8 else {
      throw Mistake("'salt' expected 8 bytes or more in base64url")
    }
    guard let hash = members["hash"]?.text.flatMap({ Base64URL.bytes($0) }), hash.count == 32 else {
      throw Mistake("'hash' expected 32 bytes in base64url")
    }
    self.id = id
    self.name = name
    self.salt = salt
    self.hash = hash
    claims = [:]
    switch members["expires"] {
    case nil: expires = nil
    case let value?:
      guard let instant = value.text.flatMap({ Instant(rfc3339: $0) }) else {
        throw Mistake("'expires' expected a time such as 2030-01-31T00:00:00Z")
      }
      expires = instant.seconds
    }
    if let value = members["claims"] {
      guard let members = value.members else { throw Mistake("'claims' expected an object") }
      claims = members
    }
  }
}
