import PillionSchema
import PillionWire

/// `ServerReflectionRequest`.
struct ReflectionRequest {
  /// `message_request`.
  enum Question {
    case fileNamed(String)
    case fileDeclaring(String)
    case fileWithExtension
    case extensionNumbers(ofType: String)
    case services
  }

  let host: String
  /// Nil: none of those that are known.
  let question: Question?

  private static let decoder = RequestDecoder(
    shape: MessageShape(
      role: .retrieve, name: "ServerReflectionRequest",
      fields: [
        field("host", 1, .string), field("file_by_filename", 3, .string), field("file_containing_symbol", 4, .string),
        // An `ExtensionRequest`, whatever it asks for: proto3 has no extensions.
        field("file_containing_extension", 5, .bytes), field("all_extension_numbers_of_type", 6, .string),
        field("list_services", 7, .string),
      ]))

  private static func field(_ name: String, _ number: Int32, _ type: ProtoScalar) -> FieldShape {
    FieldShape(name: name, number: number, type: .scalar(type), label: .optional, source: .serviceField)
  }

  init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
    var message = DecodedMessage()
    try Self.decoder.decode(bytes, into: &message)
    func text(_ slot: Slot) -> String { message.withBytes(of: slot) { String(decoding: $0, as: UTF8.self) } }
    host = message.slots.first.map { $0.state == .present ? text($0) : "" } ?? ""
    // Of a oneof the member counts that came last.
    let members = message.slots.enumerated().dropFirst().filter { $0.element.state == .present }
    question = members.max { $0.element.start < $1.element.start }.flatMap { position, slot in
      switch position {
      case 1: .fileNamed(text(slot))
      case 2: .fileDeclaring(text(slot))
      case 3: .fileWithExtension
      case 4: .extensionNumbers(ofType: text(slot))
      case 5: .services
      default: nil
      }
    }
  }
}
