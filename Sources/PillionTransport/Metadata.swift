/// The metadata of a request: names in lower case, in the order they came, a name as often as it came.
///
/// Kept as the bytes that were received and read when asked. The fields that gRPC itself uses (`te`, `content-type`,
/// `grpc-timeout`, `grpc-encoding`, `grpc-accept-encoding` and the pseudo-header fields) are not in it.
public struct Metadata: Sendable {
  /// For each field: two lengths of four bytes, little-endian, then name and value.
  var storage: [UInt8]

  public init() { storage = [] }

  init(storage: [UInt8]) { self.storage = storage }

  public var isEmpty: Bool { storage.isEmpty }

  /// The first value of `name` as text, nil when there is none. Bytes that are not UTF-8 are replaced by U+FFFD.
  public subscript(_ name: String) -> String? {
    firstField(name).map { String(decoding: storage[$0.value], as: UTF8.self) }
  }

  /// All values of `name` as text.
  public func all(_ name: String) -> [String] {
    fields(name).map { String(decoding: storage[$0.value], as: UTF8.self) }
  }

  /// The first value of `name`, which ends in `-bin`, decoded; nil when there is none or it is not base64.
  public func binary(_ name: String) -> [UInt8]? {
    firstField(name).flatMap { Base64.decode(storage[$0.value]) }
  }

  /// All values of `name`, which ends in `-bin`, decoded; one that is not base64 is left out.
  public func allBinary(_ name: String) -> [[UInt8]] { fields(name).compactMap { Base64.decode(storage[$0.value]) } }

  /// Every name and value; a `-bin` value as it was sent.
  public var pairs: [(name: String, value: String)] {
    fields(nil).map {
      (String(decoding: storage[$0.name], as: UTF8.self), String(decoding: storage[$0.value], as: UTF8.self))
    }
  }

  /// Takes out all values of `name`.
  public mutating func remove(_ name: String) {
    for field in fields(name).reversed() { storage.removeSubrange(field.name.lowerBound - 8..<field.value.upperBound) }
  }

  /// Puts `value` in the place of all values of `name`, which is in lower case.
  public mutating func set(_ name: String, _ value: String) {
    remove(name)
    var name = name
    var value = value
    name.withUTF8 { name in
      value.withUTF8 { value in Self.append(name: name, value: value, to: &storage) }
    }
  }

  /// Shows `body` the bytes of each value of `name`, borrowed until it returns; no text is made of them.
  package func forEach(_ name: StaticString, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    storage.withUnsafeBufferPointer { bytes in
      var offset = 0
      while let field = field(at: &offset) {
        if UnsafeBufferPointer(rebasing: bytes[field.name]).isSame(as: name) {
          body(UnsafeBufferPointer(rebasing: bytes[field.value]))
        }
      }
    }
  }

  private struct Field {
    var name: Range<Int>
    var value: Range<Int>

    func isNamed(_ text: String, in storage: [UInt8]) -> Bool {
      name.count == text.utf8.count && storage[name].elementsEqual(text.utf8)
    }
  }

  private func firstField(_ name: String) -> Field? {
    var offset = 0
    while let field = field(at: &offset) {
      if field.isNamed(name, in: storage) { return field }
    }
    return nil
  }

  private func fields(_ name: String?) -> [Field] {
    var result: [Field] = []
    var offset = 0
    while let field = field(at: &offset) {
      if let name, !field.isNamed(name, in: storage) { continue }
      result.append(field)
    }
    return result
  }

  private func field(at offset: inout Int) -> Field? {
    guard offset + 8 <= storage.count else { return nil }
    let nameLength = length(at: offset)
    let valueLength = length(at: offset + 4)
    let start = offset + 8
    guard start + nameLength + valueLength <= storage.count else { return nil }
    offset = start + nameLength + valueLength
    return Field(name: start..<start + nameLength, value: start + nameLength..<offset)
  }

  private func length(at offset: Int) -> Int {
    Int(storage[offset]) | Int(storage[offset + 1]) << 8 | Int(storage[offset + 2]) << 16
      | Int(storage[offset + 3]) << 24
  }

  /// Appends a field to bytes that become a `Metadata`.
  static func append(
    name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>, to storage: inout [UInt8]
  ) {
    let lengths = UInt64(UInt32(truncatingIfNeeded: name.count)) | UInt64(value.count) << 32
    withUnsafeBytes(of: lengths.littleEndian) { storage.append(contentsOf: $0) }
    storage.append(contentsOf: name)
    storage.append(contentsOf: value)
  }
}
