/// Custom metadata of a response.
struct AddedMetadata {
  typealias Field = (name: String, value: [UInt8])

  var headers: [Field] = []
  var trailers: [Field] = []
  var byteCount = 0
}

extension ServerCall {
  /// Names and values of custom metadata that one call may add; clients take 8 KiB at least.
  private static let maxAddedBytes = 8 << 10

  /// Adds a field to the initial metadata; of use until the first message is sent. The rules are `addTrailer`'s.
  @discardableResult
  public func addHeader(_ name: String, _ value: String) -> Bool {
    addHeader(name, bytes: Array(value.utf8))
  }

  /// The same for a value that is not text.
  @discardableResult
  public func addHeader(_ name: String, bytes: [UInt8]) -> Bool {
    guard !isResponseStarted, let field = checked(name, bytes) else { return false }
    added?.headers.append(field)
    return true
  }

  /// Adds a field to the trailing metadata; of use until `finish`.
  ///
  /// Returns false, and adds nothing, for what cannot be sent: a name that is not made of `a`–`z`, digits, `-`, `_` and
  /// `.`, or begins with `grpc-`; a value with characters outside 0x20–0x7E or with a space at either end; more than
  /// 8 KiB in all. The value of a name that ends in `-bin` may be anything: its UTF-8 is sent as base64.
  @discardableResult
  public func addTrailer(_ name: String, _ value: String) -> Bool {
    addTrailer(name, bytes: Array(value.utf8))
  }

  /// The same for a value that is not text.
  @discardableResult
  public func addTrailer(_ name: String, bytes: [UInt8]) -> Bool {
    guard !isEnded, let field = checked(name, bytes) else { return false }
    added?.trailers.append(field)
    return true
  }

  private func checked(_ name: String, _ bytes: [UInt8]) -> AddedMetadata.Field? {
    guard Self.isMetadataName(name) else { return nil }
    var field = (name: name, value: bytes)
    if name.hasSuffix("-bin") {
      field.value = []
      Base64.append(bytes, to: &field.value)
    } else if !Self.isText(bytes) {
      return nil
    }
    let size = name.utf8.count + field.value.count + 32
    let total = (added?.byteCount ?? 0) + size
    guard total <= Self.maxAddedBytes else { return nil }
    if added == nil { added = AddedMetadata() }
    added?.byteCount = total
    return field
  }

  /// Whether a field of the answer may have this name.
  package static func isMetadataName(_ name: String) -> Bool {
    guard !name.isEmpty, !name.hasPrefix("grpc-"), name != "content-type", name != "te" else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
      case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
      default: false
      }
    }
  }

  /// Whether a text can be the value of a field.
  static func isShortText(_ text: String) -> Bool { text.utf8.count <= maxAddedBytes && isText(Array(text.utf8)) }

  private static func isText(_ value: [UInt8]) -> Bool {
    let space = UInt8(ascii: " ")
    return value.first != space && value.last != space && value.allSatisfy { $0 >= 0x20 && $0 <= 0x7E }
  }
}
