import PillionDatabase
import PillionSchema
@testable import PillionService
import PillionWire
import Testing

/// Options of fields against requests: which values are refused, in which words, and when a field is looked at at all.
@Suite struct RequestValidatorTests {
  /// A request field with its bytes as protobuf has them, tag aside.
  enum Wire: Sendable {
    case varint(Int64)
    case double(Double)
    case text(String)
    case message([UInt8])
    /// `NullableT { null }`, or a wrapper of the text.
    case null, wrapped(String)
  }

  private func violations(
    _ fields: String, _ request: [(String, Wire)], role: MessageShape.Role = .model, service: String = ""
  ) throws -> [String] {
    let yaml = "models:\n  M:\n    fields:\n      id: { type: int64, primary_key: true }\n      \(fields)\n\(service)"
    let (schema, diagnostics) = SchemaLoader.load(files: [("m.yaml", yaml)])
    let model = try #require(schema?.models.first, "\(diagnostics)")
    var numbers = FieldNumbers()
    let shape = try #require(ServiceShape(model: model, numbers: &numbers).message(role))
    var bytes: [UInt8] = []
    for (name, value) in request {
      let number = UInt8(try #require(shape.fields.first { $0.name == name }, "\(name)").number) << 3
      func delimited(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        [number | 2] + varint(UInt64(content.count)) + content
      }
      switch value {
      case .varint(let integer): bytes += [number] + varint(UInt64(bitPattern: integer))
      case .double(let double):
        bytes += [number | 1] + withUnsafeBytes(of: double.bitPattern.littleEndian) { Array($0) }
      case .text(let text): bytes += delimited(number, Array(text.utf8))
      case .message(let content): bytes += delimited(number, content)
      case .null: bytes += delimited(number, [0x10, 0])
      case .wrapped(let text): bytes += delimited(number, delimited(8, Array(text.utf8)))
      }
    }
    var message = DecodedMessage()
    var violations: [FieldViolation] = []
    try bytes.withUnsafeBytes { bytes in
      try RequestDecoder(shape: shape).decode(bytes, into: &message)
      RequestValidator(request: shape, model: model).validate(message, violations: &violations)
    }
    return violations.map { "\($0.field) \($0.description)" }
  }

  private func varint(_ value: UInt64) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(truncatingIfNeeded: value) | 0x80] + varint(value >> 7)
  }

  /// One field `it` with a value, and what is said about it.
  struct Case: Sendable, CustomTestStringConvertible {
    var field: String
    var value: Wire?
    var expected: [String]

    init(_ field: String, _ value: Wire?, _ expected: String...) {
      (self.field, self.value, self.expected) = (field, value, expected)
    }

    var testDescription: String { "\(field) \(value.map { "\($0)" } ?? "unset")" }
  }

  static let lengths = [
    Case("type: string, max_length: 3", .text("abc")), Case("type: string, max_length: 3", .text("äöü")),
    Case("type: string, max_length: 3", .text("😀😀😀")),
    Case("type: string, max_length: 3", .text("abcd"), "it must have at most 3 characters, has 4"),
    Case("type: string, max_length: 3", .text("äöüß"), "it must have at most 3 characters, has 4"),
    // A letter and a combining mark are two, as the database counts.
    Case("type: string, max_length: 1", .text("e\u{301}"), "it must have at most 1 characters, has 2"),
    Case("type: string, min_length: 2", .text("ab")), Case("type: string, min_length: 2", .text("äö")),
    Case("type: string, min_length: 2", .text("ä"), "it must have at least 2 characters, has 1"),
    Case("type: string, min_length: 2", .text("😀"), "it must have at least 2 characters, has 1"),
    Case("type: string, min_length: 1", nil, "it must have at least 1 characters, has 0"),
    Case("type: string, min_length: 2147483647", .text("ab"), "it must have at least 2147483647 characters, has 2"),
    Case("type: string, min_length: 1, max_length: 2", .text("ab")),
    Case("type: bytes, max_length: 3", .text("äöü"), "it must have at most 3 bytes, has 6"),
    Case("type: string, null: true, min_length: 1", nil), Case("type: string, null: true, min_length: 1", .null),
    Case("type: string, null: true, min_length: 1", .wrapped(""), "it must have at least 1 characters, has 0"),
    Case("type: string, default: ab, min_length: 1", nil),
    Case("type: string, default: ab, min_length: 1", .text(""), "it must have at least 1 characters, has 0"),
    Case("type: string, read_only: true, min_length: 1", nil),
  ]

  static let bounds = [
    Case("type: int32, min: 1, max: 3", .varint(1)), Case("type: int32, min: 1, max: 3", .varint(3)),
    Case("type: int32, min: 1, max: 3", .varint(4), "it must be at most 3"),
    Case("type: int32, min: 1, max: 3", nil, "it must be at least 1"),
    Case("type: int64, min: -5", .varint(-6), "it must be at least -5"),
    Case("type: uint64, max: 18446744073709551614", .varint(-1), "it must be at most 18446744073709551614"),
    Case("type: uint64, min: 9223372036854775808", .varint(.max), "it must be at least 9223372036854775808"),
    Case("type: double, min: 0.5", .double(0.5)),
    Case("type: double, min: 0.5", .double(0.25), "it must be at least 0.5"),
    Case("type: double, max: 2", .double(.infinity), "it must be at most 2.0"),
    Case("type: double, max: 2", .double(.nan), "it must be a number"),
    Case("type: double", .double(.nan)),
    Case("type: decimal, min: \"0.01\", max: \"99.99\"", .text("0.010")),
    Case("type: decimal, min: \"0.01\", max: \"99.99\"", .text("0"), "it must be at least 0.01"),
    Case("type: decimal, min: \"0.01\", max: \"99.99\"", .text("100"), "it must be at most 99.99"),
    // 10.5 is less than 9.5 as a text, more as a number.
    Case("type: decimal, max: \"10.5\"", .text("9.5")),
    Case("type: decimal, max: \"10.5\"", .text(String(repeating: "9", count: 400)), "it must be at most 10.5"),
    // What is no decimal is reported where it is bound.
    Case("type: decimal, min: \"1\"", .text("x")),
    Case("type: date, min: \"2020-01-01\"", .text("2020-01-01")),
    Case("type: date, min: \"2020-01-01\"", .text("2019-12-31"), "it must be at least 2020-01-01"),
    Case("type: time, max: \"12:00:00\"", .text("12:00:01"), "it must be at most 12:00:00"),
    Case("type: timestamp, min: \"1970-01-01T00:00:10Z\"", .message([8, 10])),
    Case(
      "type: timestamp, min: \"1970-01-01T00:00:10Z\"", .message([8, 9]), "it must be at least 1970-01-01T00:00:10Z"),
    Case(
      "type: timestamp, proto_type: string, min: \"2020-01-01T00:00:00Z\"", .text("2020-01-01T01:00:00+02:00"),
      "it must be at least 2020-01-01T00:00:00Z"),
  ]

  static let others = [
    Case("type: string, choices: [a, b]", .text("a")),
    Case("type: string, choices: [a, b]", .text("A"), "it is not one of the choices"),
    Case("type: string, choices: [a, b]", nil, "it is not one of the choices"),
    // Equal to people, other bytes to the database.
    Case("type: string, choices: [\"\\u00e9\"]", .text("e\u{301}"), "it is not one of the choices"),
    Case("type: int32, choices: [1, -2]", .varint(-2)),
    Case("type: int32, choices: [1, 2]", .varint(3), "it is not one of the choices"),
    Case("type: string, regex: \"^[a-z]+$\"", .text("abc")),
    Case("type: string, regex: \"^[a-z]+$\"", .text("ABC"), "it does not match the pattern ^[a-z]+$"),
    Case("type: string, regex: b", .text("abc")),
    Case("type: string, format: slug", .text("a b"), "it is not a slug of letters, digits, hyphens and underscores"),
    Case("type: string, format: ipv4, null: true", .null),
    Case("type: array, items: string, max_length: 1", .text("abc")),
    Case("type: array, items: int32, min_length: 1", nil, "it must have at least 1 items, has 0"),
    Case(
      "type: string, max_length: 1, regex: \"^x\", choices: [x]", .text("ab"),
      "it must have at most 1 characters, has 2", "it is not one of the choices", "it does not match the pattern ^x"),
  ]

  @Test(arguments: lengths + bounds + others)
  func option(_ test: Case) throws {
    let request = test.value.map { [("it", $0)] } ?? []
    #expect(try violations("it: { \(test.field) }", request) == test.expected)
  }

  @Test func everyFieldIsReported() throws {
    let fields =
      "a: { type: string, max_length: 1 }\n      b: { type: int32, max: 1 }\n      c: { type: string, max_length: 9 }"
    #expect(
      try violations(fields, [("b", .varint(2)), ("a", .text("xx")), ("c", .text("fine"))]) == [
        "a must have at most 1 characters, has 2", "b must be at most 1",
      ])
  }

  @Test func itemsAreCounted() throws {
    let two = [("it", Wire.text("a")), ("it", .text("b"))]
    #expect(
      try violations("it: { type: array, items: string, max_length: 1 }", two) == [
        "it must have at most 1 items, has 2"
      ])
  }

  /// In a partial update only what is present counts, a list only with its flag; the key finds a row and is not checked.
  @Test func partialUpdate() throws {
    let fields = """
      name: { type: string, min_length: 2 }
            list: { type: array, items: string, min_length: 1 }
      """
    #expect(try violations(fields, [], role: .partialUpdate) == [])
    #expect(
      try violations(fields, [("name", .wrapped("x"))], role: .partialUpdate) == [
        "name must have at least 2 characters, has 1"
      ])
    #expect(
      try violations(fields, [("is_list_set", .varint(1))], role: .partialUpdate) == [
        "list must have at least 1 items, has 0"
      ])
    #expect(try violations(fields, [("is_list_set", .varint(1)), ("list", .text("x"))], role: .partialUpdate) == [])
  }

  /// A lookup value that breaks the rules finds no row, which is another answer than a violation.
  @Test func lookupsAreNotChecked() throws {
    let fields = "name: { type: string, unique: true, min_length: 5 }"
    let service = "    service: { lookup_field: name }\n"
    for role in [MessageShape.Role.retrieve, .destroy, .partialUpdate] {
      #expect(try violations(fields, [("name", .text("x"))], role: role, service: service) == [])
    }
    #expect(try violations(fields, [("name", .text("x"))], service: service).count == 1)
  }
}
