import PillionSchema
import PillionWire

/// Wire bytes for tests, written by hand rather than by the writer under test.
enum Bytes {
  /// `size`: at least so many bytes, padded with what adds nothing.
  static func varint(_ number: UInt64, size: Int = 0) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    while bytes.count < size {
      bytes[bytes.count - 1] |= 0x80
      bytes.append(0)
    }
    return bytes
  }

  static func tag(_ number: UInt64, _ wireType: UInt64) -> [UInt8] { varint(number << 3 | wireType) }

  static func field(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
    tag(number, 2) + varint(UInt64(content.count)) + content
  }

  static func field(_ number: UInt64, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

  static func field(_ number: UInt64, varint value: UInt64) -> [UInt8] { tag(number, 0) + varint(value) }

  static func fixed64(_ bits: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) } }

  static func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count * count)
    for _ in 0..<count { result += bytes }
    return result
  }
}

extension MessageShape {
  init(_ fields: (Int32, FieldShape.Label, ProtoType)...) {
    self.init(
      role: .model, name: "Message",
      fields: fields.map { number, label, type in
        FieldShape(name: "f\(number)", number: number, type: type, label: label, source: .field(0))
      })
  }

  /// Every type in every place that a model can give it; the corpus script has the same as `every_shape`.
  static var everything: MessageShape {
    let items = ProtoScalar.allCases.map { ProtoElement.scalar($0) } + WellKnownType.allCases.map { .wellKnown($0) }
    var fields: [FieldShape] = []
    func add(_ number: Int, _ label: FieldShape.Label, _ type: ProtoType) {
      fields.append(
        FieldShape(name: "f\(number)", number: Int32(number), type: type, label: label, source: .field(fields.count)))
    }
    for (index, item) in items.enumerated() {
      let plain: ProtoType =
        switch item {
        case .scalar(let scalar): .scalar(scalar)
        case .wellKnown(let type): .wellKnown(type)
        }
      add(index + 1, .implicit, plain)
      add(index + 21, .repeated, plain)
      add(index + 41, .implicit, .nullable(item))
      if case .scalar(let scalar) = item {
        add(index + 61, .implicit, .wrapper(scalar))
        add(index + 1001, .optional, plain)
      }
    }
    return MessageShape(role: .model, name: "Everything", fields: fields)
  }
}

extension RequestDecoder {
  /// Decodes `bytes` and hands the message to `body` while they live.
  func withMessage<Result>(_ bytes: [UInt8], _ body: (borrowing DecodedMessage) throws -> Result) throws -> Result {
    var message = DecodedMessage()
    return try bytes.withUnsafeBytes { raw in
      try decode(raw, into: &message)
      return try body(message)
    }
  }

  /// The message's fields as the corpus writes them.
  func dump(_ bytes: [UInt8]) throws -> String {
    try withMessage(bytes) { try MessageDump(shape: shape).text(of: $0) }
  }
}

extension DecodedMessage {
  func text(of slot: Slot) -> String { withBytes(of: slot) { String(decoding: $0, as: UTF8.self) } }
}
