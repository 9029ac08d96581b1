import PillionSchema
import PillionWire

/// A decoded message as text, in the form of Tests/Differential/wire_corpus.py.
struct MessageDump {
  struct Unreadable: Error { var json: String }

  let shape: MessageShape

  func text(of message: borrowing DecodedMessage) throws -> String {
    var parts: [String] = []
    for (index, field) in shape.fields.enumerated() {
      let slot = message.slots[index]
      guard slot.state != .absent else { continue }
      let text: String
      if field.label == .repeated {
        let elements = message.elements[slot.start..<slot.start + slot.count]
        text = "[" + (try elements.map { try self.text(of: $0, field.type, message) }).joined(separator: ";") + "]"
      } else {
        text = try self.text(of: slot, field.type, message)
        if field.label == .implicit, case .scalar = field.type, ["0", "d0000000000000000", "x"].contains(text) {
          continue
        }
      }
      parts.append("\(field.number)=\(text)")
    }
    return parts.joined(separator: " ")
  }

  private func text(of slot: Slot, _ type: ProtoType, _ message: borrowing DecodedMessage) throws -> String {
    switch slot.state {
    case .null: return "null"
    case .invalid: return "!"
    case .absent: return "-"
    case .present: break
    }
    switch type {
    case .scalar(let scalar), .wrapper(let scalar), .nullable(.scalar(let scalar)):
      return text(of: slot, scalar, message)
    case .wellKnown(.value), .nullable(.wellKnown(.value)):
      return try message.withBytes(of: slot) { bytes in
        var parser = JSONDump(bytes: Array(bytes))
        guard let text = parser.value(), parser.index == bytes.count else {
          throw Unreadable(json: String(decoding: bytes, as: UTF8.self))
        }
        return text
      }
    case .message, .imported: return text(of: slot, .bytes, message)
    case .wellKnown, .nullable(.wellKnown):
      return "t\(Int64(bitPattern: slot.word)):\(slot.nanoseconds)"
    }
  }

  private func text(of slot: Slot, _ scalar: ProtoScalar, _ message: borrowing DecodedMessage) -> String {
    switch scalar {
    case .bool, .uint32, .uint64: "\(slot.word)"
    case .int32, .int64: "\(Int64(bitPattern: slot.word))"
    case .float, .double: dump(Double(bitPattern: slot.word))
    case .string, .bytes: message.withBytes(of: slot) { "x" + hex($0) }
    }
  }
}

/// Reads JSON text without spaces, as the decoder makes it, and writes the corpus's form; nil for anything else.
private struct JSONDump {
  let bytes: [UInt8]
  var index = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func take(_ text: String) -> Bool {
    guard bytes[index...].starts(with: text.utf8) else { return false }
    index += text.utf8.count
    return true
  }

  mutating func value() -> String? {
    if take("null") { return "n" }
    if take("true") { return "b1" }
    if take("false") { return "b0" }
    if take("[") { return elements(closing: "]") { $0.value() }.map { "[" + $0.joined(separator: ";") + "]" } }
    if take("{") {
      let members = elements(closing: "}") { parser -> (key: String, value: String)? in
        guard let key = parser.string(), parser.take(":"), let value = parser.value() else { return nil }
        return (key, value)
      }
      return members.map {
        "{" + $0.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ";") + "}"
      }
    }
    if index < bytes.count, bytes[index] == UInt8(ascii: "\"") { return string() }
    let start = index
    while index < bytes.count, "+-.eE0123456789".utf8.contains(bytes[index]) { index += 1 }
    return Double(String(decoding: bytes[start..<index], as: UTF8.self)).map { dump($0) }
  }

  private mutating func elements<Element>(
    closing: String, _ element: (inout JSONDump) -> Element?
  ) -> [Element]? {
    var all: [Element] = []
    if take(closing) { return all }
    repeat {
      guard let one = element(&self) else { return nil }
      all.append(one)
    } while take(",")
    return take(closing) ? all : nil
  }

  private mutating func string() -> String? {
    guard take("\"") else { return nil }
    var text: [UInt8] = []
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "\"") { return "x" + hex(text) }
      if byte < 0x20 { return nil }
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        continue
      }
      if take("u00"), index + 2 <= bytes.count {
        guard let code = UInt8(String(decoding: bytes[index..<index + 2], as: UTF8.self), radix: 16) else { return nil }
        text.append(code)
        index += 2
        continue
      }
      let escapes: [Character: UInt8] = ["\"": 0x22, "\\": 0x5C, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9]
      guard index < bytes.count, let code = escapes[Character(Unicode.Scalar(bytes[index]))] else { return nil }
      text.append(code)
      index += 1
    }
    return nil
  }
}

private func dump(_ number: Double) -> String {
  if number.isNaN { return "nan" }
  let digits = String(number.bitPattern, radix: 16)
  return "d" + String(repeating: "0", count: 16 - digits.count) + digits
}

private func hex(_ bytes: some Sequence<UInt8>) -> String {
  var text: [UInt8] = []
  let digits = Array("0123456789abcdef".utf8)
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}
