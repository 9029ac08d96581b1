import PillionSchema
import PillionWire
import Testing

/// JSON text to `google.protobuf.Value` and back.
@Suite struct JSONValueTests {
  private func value(of json: String) throws -> [UInt8] { try value(of: Array(json.utf8)) }

  private func value(of json: [UInt8]) throws -> [UInt8] {
    var writer = WireWriter()
    try json.withUnsafeBytes { try writer.append(value: $0) }
    return Array(writer.bytes)
  }

  @Test func everyKind() throws {
    #expect(try value(of: "null") == [0x08, 0])
    #expect(try value(of: " 1.5\n") == [0x11] + Bytes.fixed64(1.5.bitPattern))
    #expect(try value(of: #""a""#) == [0x1A, 1, 0x61])
    #expect(try value(of: "false") == [0x20, 0])
    #expect(try value(of: "true") == [0x20, 1])
    #expect(try value(of: "{}") == [0x2A, 0])
    #expect(try value(of: "[]") == [0x32, 0])
    #expect(
      try value(of: #"{"k":[true]}"#)
        == Bytes.field(
          5,
          Bytes.field(
            1,
            Bytes.field(1, "k")
              + Bytes.field(2, Bytes.field(6, Bytes.field(1, [0x20, 1]))))))
  }

  @Test(arguments: [
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
    (#""\ud83d\uDE00!""#, "😀!"), (#""\u0000""#, "\0"), ("\"日本\"", "日本"), (#""\udbff\udfff""#, "\u{10FFFF}"),
  ])
  func strings(json: String, text: String) throws {
    #expect(try value(of: json) == Bytes.field(3, text))
  }

  @Test(
    arguments: [
      ("0", 0), ("-0", -0.0), ("10", 10), ("-17", -17), ("3.25", 3.25), ("1e3", 1000), ("1E-2", 0.01), ("1e+2", 100),
      ("999999999999999", 999_999_999_999_999), ("9007199254740993", 9_007_199_254_740_992),
      ("12345678901234567890", 12_345_678_901_234_567_168), ("1e-400", 0), ("0.30000000000000004", 0.30000000000000004),
      ("1.7976931348623157e308", Double.greatestFiniteMagnitude), ("5e-324", Double.leastNonzeroMagnitude),
    ] as [(String, Double)])
  func numbers(json: String, number: Double) throws {
    #expect(try value(of: json) == [0x11] + Bytes.fixed64(number.bitPattern))
  }

  @Test(arguments: [
    "", " ", "nul", "nulll", "True", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "{a:1}", #"{"a"}"#,
    #"{"a":}"#,
    #"{"a":1,}"#, #"{"a" 1}"#, "{1:2}", #"{"a":1"#, "\"", #""\"#, #""\x""#, #""\u12"#, #""\u12g4""#, #""\ud800""#,
    #""\ud800\n""#, #""\ud800\u0041""#, #""\udc00""#, #""\ud83d\ud83d""#, "\"\u{1}\"", "\"\n\"", "'a'", "01", "-", "-a",
    "+1", "1.", ".5", "1.e1", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity", "1e309", "-1e999", "1 2", "null,",
    "// c\n1", "\u{FEFF}1", "[1]]", "\0", "1\0",
  ])
  func refused(json: String) {
    #expect(throws: WireError.self) { try value(of: json) }
  }

  @Test func refusedBytes() {
    #expect(throws: WireError.self) { try value(of: [0x22, 0xFF, 0x22]) }
    #expect(throws: WireError.self) { try value(of: [0x22, 0xED, 0xA0, 0x80, 0x22]) }
    #expect(throws: WireError.self) { try value(of: [0x5B, 0x80, 0x5D]) }
  }

  @Test func afterAnErrorWhatWasWrittenStays() {
    var writer = WireWriter()
    writer.append(byte: 9)
    #expect(throws: WireError.self) {
      try Array(#"{"a":[1,"b",x]}"#.utf8).withUnsafeBytes { try writer.append(value: $0) }
    }
    #expect(Array(writer.bytes) == [9])
  }

  @Test func depth() throws {
    func arrays(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    _ = try value(of: arrays(100))
    #expect(throws: WireError.self) { try value(of: arrays(101)) }
    #expect(throws: WireError.self) { try value(of: String(repeating: "[", count: 1_000_000)) }
    #expect(throws: WireError.self) { try value(of: String(repeating: #"{"a":"#, count: 200_000)) }
  }

  /// What the decoder makes of what the writer wrote.
  @Test(arguments: [
    ("null", "null"), ("true", "true"), (" [ 1 , 2.5 , -3 ] ", "[1,2.5,-3]"),
    (#"{"b":1,"a":{"x":[]},"b":2}"#, #"{"b":2,"a":{"x":[]}}"#), (#"{"é":1,"e\u0301":2}"#, "{\"é\":1,\"e\u{301}\":2}"),
    (#""\u0000\u001f\u007f\"\\\/""#, "\"\\u0000\\u001f\u{7F}\\\"\\\\/\""), (#""\b\f\n\r\t""#, #""\b\f\n\r\t""#),
    ("1e15", "1000000000000000"), ("9007199254740993", "9007199254740992"), ("1e18", "1000000000000000000"),
    ("-9223372036854775808", "-9223372036854775808"), ("1e22", "1e+22"), ("0.1", "0.1"), ("-0.0", "-0.0"),
    ("1e-7", "1e-07"),
  ])
  func thereAndBack(json: String, text: String) throws {
    let decoder = RequestDecoder(shape: MessageShape((1, .implicit, .wellKnown(.value))))
    try decoder.withMessage(Bytes.field(1, try value(of: json))) { message in
      #expect(message.slots[0].state == .present)
      #expect(Array(message.text(of: message.slots[0]).utf8) == Array(text.utf8))
    }
  }
}
