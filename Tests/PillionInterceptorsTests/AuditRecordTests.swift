import Testing

@testable import PillionInterceptors

@Suite struct AuditRecordTests {
  private static func line(_ text: String) -> String {
    var record = AuditRecord()
    record.add("t", text)
    return String(decoding: record.line(), as: UTF8.self)
  }

  @Test func members() {
    var record = AuditRecord()
    record.add("a", "x")
    record.add("b", nil)
    record.add("c", 7)
    record.add("d", list: ["x", "\"y"])
    record.add("e", object: [("id", "-3", true), ("name", "-3", false)])
    record.add("f", list: [])
    record.add("g", object: [])
    #expect(
      String(decoding: record.line(), as: UTF8.self)
        == #"{"a":"x","b":null,"c":7,"d":["x","\"y"],"e":{"id":-3,"name":"-3"},"f":[],"g":{}}"# + "\n")
  }

  @Test(arguments: [
    ("a\nb", #"a\u000ab"#), ("\u{1B}[31m", #"\u001b[31m"#), ("\\\"", #"\\\""#), ("\u{7F}\u{85}", #"\u007f\u0085"#),
    ("\u{2028}\u{2029}\u{202E}\u{FEFF}", #"\u2028\u2029\u202e\ufeff"#), ("\u{E0001}", #"\udb40\udc01"#),
    ("é日👍", "é日👍"), ("e\u{301}", "e\u{301}"), ("\r\n", #"\u000d\u000a"#),
  ])
  func escapes(text: String, escaped: String) {
    #expect(Self.line(text) == "{\"t\":\"\(escaped)\"}\n")
  }

  /// One line of printable text for every scalar that there is.
  @Test func everyScalar() {
    for value in UInt32(0)...0x10FFFF {
      guard value < 0x3000 || value % 37 == 0, let scalar = Unicode.Scalar(value) else { continue }
      let line = Self.line(String(scalar))
      #expect(line.unicodeScalars.filter { $0 == "\n" }.count == 1 && line.utf8.suffix(3).elementsEqual("\"}\n".utf8))
      #expect(!line.dropLast().unicodeScalars.contains { $0.properties.generalCategory == .control }, "\(value)")
    }
  }
}
