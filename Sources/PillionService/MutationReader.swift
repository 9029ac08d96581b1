import PillionDatabase
import PillionSchema
import PillionTransport
import PillionWire

/// Says of a call that writes which row it is about and which fields it writes, for the audit.
struct MutationReader: Sendable {
  private struct Part: Sendable {
    let slot: Int
    /// The slot that says whether a repeated field of a partial update counts.
    let flag: Int?
    let name: String
  }

  /// Bytes of a key's value that are repeated at most.
  private static let maximumValueBytes = 1024

  private let action: Action
  private let request: MessageShape
  /// Slots of the key: of the lookup fields, or of the primary key in what Create answers.
  private let key: [(slot: Int, name: String)]
  private let parts: [Part]

  /// Nil for an action that writes nothing.
  init?(action: Action, request: MessageShape, model: Model) {
    guard action.isMutating else { return nil }
    self.action = action
    self.request = request
    let keyFields = action == .create ? model.primaryKey : model.lookupFields
    key = keyFields.compactMap { field in
      request.fields.firstIndex { $0.source == .field(field) }.map { ($0, model.fields[field].name) }
    }
    guard action != .destroy else {
      parts = []
      return
    }
    parts = request.fields.enumerated().compactMap { slot, shape in
      guard case .field(let field) = shape.source,
        action == .create ? model.isWritable(field) : model.isUpdatable(field)
      else { return nil }
      return Part(slot: slot, flag: request.fields.firstIndex { $0.source == .isSet(field) }, name: shape.name)
    }
  }

  /// Notes what the request says. A key that the database makes is not known yet.
  func note(_ message: borrowing DecodedMessage, in note: MutationNote) {
    if action != .create || key.contains(where: { message.slots[$0.slot].state == .present }) {
      noteKey(message, in: note)
    }
    for part in parts {
      let isWritten =
        switch (action, part.flag) {
        case (.update, _): true
        case (_, let flag?): message.slots[flag].word != 0
        case (_, nil): message.slots[part.slot].state != .absent
        }
      if isWritten { note.fields.append(part.name) }
    }
  }

  /// Notes the key of the row that Create has made, which its answer holds; `framed` has the five-byte prefix.
  func note(answer framed: [UInt8], decoder: RequestDecoder, in note: MutationNote) {
    guard action == .create else { return }
    var message = DecodedMessage()
    framed.withUnsafeBytes { bytes in
      guard bytes.count > 5 else { return }
      do throws(WireError) {
        try decoder.decode(UnsafeRawBufferPointer(rebasing: bytes[5...]), into: &message)
      } catch {
        // Our own bytes: they can be read.
        return assertionFailure("an answer that cannot be read: \(error.message)")
      }
      note.key = []
      noteKey(message, in: note)
    }
  }

  private func noteKey(_ message: borrowing DecodedMessage, in note: MutationNote) {
    for (slot, name) in key {
      let (value, isNumber) = text(message.slots[slot], request.fields[slot], message)
      note.key.append(MutationNote.KeyPart(field: name, value: value, isNumber: isNumber))
    }
  }

  private func text(_ slot: Slot, _ shape: FieldShape, _ message: borrowing DecodedMessage) -> (String, Bool) {
    if let choice = shape.enumeration?.choice(Int64(bitPattern: slot.word)) {
      switch choice {
      case .int(let number): return ("\(number)", true)
      case .text(let text): return (text, false)
      }
    }
    switch shape.type {
    case .scalar(let scalar), .wrapper(let scalar), .nullable(.scalar(let scalar)):
      switch scalar {
      case .bool: return (slot.word != 0 ? "true" : "false", true)
      case .int32, .int64: return ("\(Int64(bitPattern: slot.word))", true)
      case .uint32, .uint64: return ("\(slot.word)", true)
      case .float, .double:
        let number = Double(bitPattern: slot.word)
        return ("\(number)", number.isFinite)
      case .string:
        return message.withBytes(of: slot) {
          (String(decoding: $0.prefix(Self.maximumValueBytes), as: UTF8.self), false)
        }
      case .bytes:
        return message.withBytes(of: slot) { bytes in
          let digits = bytes.prefix(Self.maximumValueBytes / 2).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
          }
          return (digits.joined(), false)
        }
      }
    case .wellKnown(.timestamp), .wellKnown(.duration), .nullable(.wellKnown(.timestamp)),
      .nullable(.wellKnown(.duration)):
      return ("\(Int64(bitPattern: slot.word)).\(slot.nanoseconds)", false)
    case .wellKnown, .nullable, .message, .imported: return ("", false)
    }
  }
}
