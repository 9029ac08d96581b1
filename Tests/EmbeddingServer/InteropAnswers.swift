/// What gRPC's `interop-test-descriptions.md` asks of a server, whatever it is written with.
enum InteropAnswers {
  struct Ended: Error {
    var code: Int
    var message: String
  }

  struct Answer {
    var message: [UInt8]
    var pauseMicroseconds: Int
  }

  static func fields(_ message: [UInt8]) throws -> WireFields {
    guard let fields = WireFields(message) else { throw Ended(code: 13, message: "no message") }
    return fields
  }

  /// `UnaryCall`
  static func single(_ message: [UInt8]) throws -> [UInt8] {
    let request = try fields(message)
    try end(request)
    return payload(request.number(2))
  }

  /// `StreamingOutputCall`, and a turn of `FullDuplexCall`.
  static func turn(_ message: [UInt8]) throws -> [Answer] {
    let request = try fields(message)
    let answers = request.messages(2).map {
      Answer(message: payload($0.number(1)), pauseMicroseconds: max(0, $0.number(2)))
    }
    try end(request)
    return answers
  }

  /// `StreamingInputCall`
  static func size(_ message: [UInt8]) throws -> Int { try fields(message).message(1)?.bytes(2)?.count ?? 0 }

  static func sum(_ size: Int) -> [UInt8] { WireFields.varint(1 << 3) + WireFields.varint(size) }

  private static func payload(_ size: Int) -> [UInt8] { Array(WireFields.answer(payload: size).dropFirst(5)) }

  private static func end(_ request: WireFields) throws {
    guard let status = request.message(7) else { return }
    throw Ended(code: status.number(1), message: String(decoding: status.bytes(2) ?? [], as: UTF8.self))
  }
}
