import PillionSchema
import Testing

/// Right options of a field, and the form that their values take.
@Suite struct FieldTests {
  private func field(_ text: String) throws -> Field { try schema(withField(text)).models[0].fields[1] }

  @Test(arguments: ScalarType.allCases) func everyTypeBareAndInAnArray(_ type: ScalarType) throws {
    #expect(try field("{ type: \(type.rawValue) }").type == .scalar(type))
    #expect(try field("{ type: array, items: \(type.rawValue), null: true }").type == .array(type))
  }

  @Test(arguments: ScalarType.allCases) func everyTypeCanBeComputed(_ type: ScalarType) throws {
    for text in ["type: \(type.rawValue), null: true", "type: array, items: \(type.rawValue)"] {
      let field = try field("{ \(text), computed: true }")
      #expect(field.isComputed && field.isReadOnly && !field.hasColumn)
    }
    #expect(try field("{ type: \(type.rawValue), computed: false }").hasColumn)
  }

  @Test(
    arguments: [
      ("bool, default: true", DefaultValue.bool(true)),
      ("int32, default: -2147483648", .int(-2_147_483_648)),
      ("int64, default: -9223372036854775808", .int(.min)),
      ("int64, default: 0x1F", .int(31)),
      ("int64, default: 0o17", .int(15)),
      ("uint32, default: 4294967295", .uint(4_294_967_295)),
      ("uint64, default: 18446744073709551615", .uint(.max)),
      ("float, default: 1", .double(1)),
      ("double, default: -.inf", .double(-.infinity)),
      ("double, default: 1e400000", nil),
      ("double, default: 1.", .double(1)),
      ("double, default: .5", .double(0.5)),
      ("string, default: no", .text("no")),
      ("string, default: 2024-01-01", .text("2024-01-01")),
      ("string, default: '1.0'", .text("1.0")),
      ("string, default: 12:30", .text("12:30")),
      ("string, default: !!str 5", .text("5")),
      ("string, default: 'null'", .text("null")),
      ("string, null: true, default: ~", .null),
      ("bytes, default: aGk=", .bytes([0x68, 0x69])),
      ("timestamp, default: 2024-02-29t12:00:00+02:00", .text("2024-02-29T10:00:00Z")),
      ("timestamp, default: now", .now),
      ("date, default: 2024-02-29", .text("2024-02-29")),
      ("date, default: now", .now),
      ("time, default: 09:30", .text("09:30:00")),
      ("duration, default: PT90M", .text("PT1H30M")),
      ("decimal, default: 0.10", .text("0.10")),
      ("decimal, default: 123456789012345678901234567890.5", .text("123456789012345678901234567890.5")),
      ("uuid, default: 123E4567E89B12D3A456426614174000", .text("123e4567-e89b-12d3-a456-426614174000")),
      (
        "json, default: { a: [1, 1.50, x, null, true], 'b\"': \"\\n\" }",
        .text(#"{"a":[1,1.50,"x",null,true],"b\"":"\n"}"#)
      ),
      ("json, default: []", .text("[]")),
      ("array, items: int32, default: []", .list([])),
      ("array, items: int32, default: [1, -2]", .list([.int(1), .int(-2)])),
      ("array, items: date, default: [2024-01-01]", .list([.text("2024-01-01")])),
    ] as [(String, DefaultValue?)])
  func defaults(_ text: String, _ value: DefaultValue?) throws {
    guard let value else {
      #expect(!diagnostics(withField("{ type: \(text) }")).isEmpty)
      return
    }
    #expect(try field("{ type: \(text) }").defaultValue == value)
  }

  @Test func bounds() throws {
    let int = try field("{ type: int64, min: -5, max: 5, default: 5 }")
    #expect(int.minimum == .int(-5) && int.maximum == .int(5))
    let uint = try field("{ type: uint64, max: 18446744073709551615 }")
    #expect(uint.minimum == nil && uint.maximum == .uint(.max))
    #expect(try field("{ type: double, min: 0, max: .inf }").minimum == .double(0))
    #expect(try field("{ type: decimal, min: 0.10, max: 00.2 }").maximum == .text("0.2"))
    #expect(try field("{ type: timestamp, min: 2024-01-01T01:00:00+01:00 }").minimum == .text("2024-01-01T00:00:00Z"))
    #expect(try field("{ type: date, min: 2024-01-01, max: 2024-01-01 }").minimum == .text("2024-01-01"))
    #expect(try field("{ type: time, min: 08:00 }").minimum == .text("08:00:00"))
  }

  @Test func lengthsPatternsAndChoices() throws {
    let text = try field("{ type: string, min_length: 1, max_length: 3, regex: '^é+$', format: email, default: ééé }")
    #expect(text.minimumLength == 1 && text.maximumLength == 3 && text.regex == "^é+$" && text.format == .email)
    let list = try field("{ type: array, items: string, max_length: 2, default: [a, b] }")
    #expect(list.maximumLength == 2)
    #expect(try field("{ type: bytes, max_length: 2, default: aGk= }").maximumLength == 2)
    #expect(try field("{ type: int32, choices: [1, -2], default: -2 }").choices == [.int(1), .int(-2)])
    #expect(try field("{ type: uint64, choices: [1] }").choices == [.int(1)])
    #expect(
      try field("{ type: string, choices: [no, off, 'true', 2024-01-01, 017] }").choices == [
        .text("no"), .text("off"), .text("true"), .text("2024-01-01"), .text("017"),
      ])
  }

  @Test func timesThatAreSet() throws {
    #expect(try field("{ type: time, auto_now: true }").isReadOnly)
    #expect(try field("{ type: date, auto_now_add: true, read_only: true }").isReadOnly)
    #expect(try !field("{ type: date, auto_now: false, default: now }").isReadOnly)
  }

  @Test func storage() throws {
    for type in ScalarType.allCases {
      for storage in SQLiteStorage.allCases {
        let yaml = withField("{ type: \(type.rawValue), storage: \(storage.rawValue) }")
        #expect(diagnostics(yaml).isEmpty == type.storages.contains(storage), "\(type) \(storage)")
      }
    }
    #expect(try field("{ type: uuid, storage: blob }").storage == .blob)
    #expect(try field("{ type: json, proto_type: string }").usesStringInProto)
    #expect(try field("{ type: array, items: duration, proto_type: string }").usesStringInProto)
  }

  @Test func foreignKeysTakeDefaultsOfTheirType() throws {
    let yaml = "{ type: foreign_key, model: Post, null: true, default: 7, on_delete: set_default, unique: true }"
    let field = try field(yaml)
    #expect(field.defaultValue == .int(7) && field.isUnique && field.isNullable)
    #expect(try self.field("{ type: foreign_key, model: Post, null: true, on_delete: set_null }").defaultValue == nil)
  }
}
