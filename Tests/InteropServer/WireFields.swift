/// Enough of protobuf's wire format for the messages of `interop.proto`.
struct WireFields {
  enum Value {
    case number(UInt64)
    case bytes([UInt8])
  }

  private(set) var fields: [(number: Int, value: Value)] = []

  /// nil where the bytes are no message. Fixed-width fields and groups do not occur.
  init?(_ bytes: some Collection<UInt8>) {
    var rest = bytes[...]
    func varint() -> UInt64? {
      var result: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 64, by: 7) {
        guard let byte = rest.popFirst() else { return nil }
        result |= UInt64(byte & 127) << shift
        if byte < 128 { return result }
      }
      return nil
    }
    while !rest.isEmpty {
      guard let tag = varint(), let value = varint() else { return nil }
      switch tag & 7 {
      case 0: fields.append((Int(tag >> 3), .number(value)))
      case 2:
        guard let count = Int(exactly: value), count <= rest.count else { return nil }
        fields.append((Int(tag >> 3), .bytes(Array(rest.prefix(count)))))
        rest = rest.dropFirst(count)
      default: return nil
      }
    }
  }

  /// The last number of a field; 0: there is none.
  func number(_ field: Int) -> Int {
    guard case .number(let number) = fields.last(where: { $0.number == field })?.value else { return 0 }
    return Int(truncatingIfNeeded: Int32(truncatingIfNeeded: number))
  }

  func bytes(_ field: Int) -> [UInt8]? {
    guard case .bytes(let bytes) = fields.last(where: { $0.number == field })?.value else { return nil }
    return bytes
  }

  func message(_ field: Int) -> WireFields? { bytes(field).flatMap { WireFields($0) } }

  func messages(_ field: Int) -> [WireFields] {
    fields.compactMap { entry in
      guard entry.number == field, case .bytes(let bytes) = entry.value else { return nil }
      return WireFields(bytes)
    }
  }

  /// A `BoolValue`; nil: absent.
  func bool(_ field: Int) -> Bool? { message(field).map { $0.number(1) != 0 } }

  static func varint(_ value: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = UInt64(bitPattern: Int64(value))
    while rest >= 128 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(bytes.count) + bytes
  }

  /// A message with its five-byte prefix.
  static func framed(_ message: [UInt8]) -> [UInt8] {
    [0] + withUnsafeBytes(of: UInt32(message.count).bigEndian) { Array($0) } + message
  }

  /// A message whose field 1 is a `Payload` of so many zeros: every answer of the service that has one.
  static func answer(payload size: Int) -> [UInt8] {
    let size = max(0, size)
    let inner = varint(2 << 3 | 2) + varint(size)
    let outer = varint(1 << 3 | 2) + varint(inner.count + size)
    let length = withUnsafeBytes(of: UInt32(outer.count + inner.count + size).bigEndian) { Array($0) }
    let head = [0] + length + outer + inner
    // Made whole and then written over: appending a byte at a time takes a build without optimization seconds.
    var answer = [UInt8](repeating: 0, count: head.count + size)
    answer.replaceSubrange(0..<head.count, with: head)
    return answer
  }
}
