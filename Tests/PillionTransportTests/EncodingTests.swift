import Testing

@testable import PillionTransport

@Suite struct EncodingTests {
  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
    ("foobar", "Zm9vYmFy"),
  ])
  func `base64 follows the test vectors of RFC 4648, without padding`(plain: String, encoded: String) {
    var text: [UInt8] = []
    Base64.append(Array(plain.utf8), to: &text)
    #expect(String(decoding: text, as: UTF8.self) == encoded)
    #expect(Base64.decode(Array(encoded.utf8)) == Array(plain.utf8))
    let padded = encoded + String(repeating: "=", count: (4 - encoded.utf8.count % 4) % 4)
    #expect(Base64.decode(Array(padded.utf8)) == Array(plain.utf8))
  }

  @Test func `base64 round-trips all bytes at all lengths`() {
    for count in 0..<300 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ count) }
      var text: [UInt8] = []
      Base64.append(bytes, to: &text)
      #expect(Base64.decode(text) == bytes)
    }
  }

  @Test(arguments: [
    "A", "A===", "Zg=", "Zg===", "Z=g=", "Zm9v====", "Zm 9", "Zm-9", "Zm_9", "Zé", "AAAAA", "=", "====",
  ])
  func `base64 refuses`(text: String) {
    #expect(Base64.decode(Array(text.utf8)) == nil)
  }

  @Test(arguments: [
    ("plain text", "plain text"), ("50% off", "50%25 off"), ("a\nb", "a%0Ab"), ("é", "%C3%A9"), ("😀", "%F0%9F%98%80"),
    ("\u{0}\u{7F}~ ", "%00%7F~ "),
  ])
  func `a message is percent-encoded`(message: String, encoded: String) {
    var text: [UInt8] = []
    PercentEncoding.append(message, to: &text, limit: 1000)
    #expect(String(decoding: text, as: UTF8.self) == encoded)
  }

  @Test func `a long message is cut between characters`() {
    var text: [UInt8] = Array("x".utf8)
    PercentEncoding.append("abéd", to: &text, limit: 7)
    #expect(String(decoding: text, as: UTF8.self) == "xab")
    PercentEncoding.append("éd", to: &text, limit: 7)
    #expect(String(decoding: text, as: UTF8.self) == "xab%C3%A9d")
  }

  @Test(
    arguments: [
      ("1n", 1), ("99999999n", 99_999_999), ("10000000u", 10_000_000_000), ("1m", 1_000_000), ("1S", 1_000_000_000),
      ("00000001S", 1_000_000_000), ("2M", 120_000_000_000), ("1H", 3_600_000_000_000), ("0S", 0),
      ("2562047H", 9_223_369_200_000_000_000), ("2562048H", UInt64(Int64.max)), ("99999999H", UInt64(Int64.max)),
    ] as [(String, UInt64)])
  func `a timeout is one to eight digits and a unit`(text: String, nanoseconds: UInt64) {
    #expect(Array(text.utf8).withUnsafeBufferPointer { GRPCTimeout.nanoseconds($0) } == nanoseconds)
  }

  @Test func `all digits with all units are read`() {
    let units: [(Character, UInt64)] = [
      ("n", 1), ("u", 1_000), ("m", 1_000_000), ("S", 1_000_000_000), ("M", 60_000_000_000), ("H", 3_600_000_000_000),
    ]
    for (unit, factor) in units {
      for digits in 1...8 {
        for digit in ["1", "4", "9"] {
          let text = String(repeating: digit, count: digits) + String(unit)
          let (product, overflow) = (UInt64(text.dropLast()) ?? 0).multipliedReportingOverflow(by: factor)
          let expected = overflow ? UInt64(Int64.max) : min(product, UInt64(Int64.max))
          #expect(Array(text.utf8).withUnsafeBufferPointer { GRPCTimeout.nanoseconds($0) } == expected, "\(text)")
        }
      }
    }
  }

  @Test(arguments: ["", "S", "1", "123456789S", "1s", "-1S", "+1S", " 1S", "1 S", "1.5S", "1SS", "0x1S", "١S", "1h"])
  func `anything else is no timeout`(text: String) {
    #expect(Array(text.utf8).withUnsafeBufferPointer { GRPCTimeout.nanoseconds($0) } == nil)
  }

  @Test func `metadata is read as it was received`() {
    var storage: [UInt8] = []
    for (name, value) in [("a", "1"), ("b-bin", "AP8"), ("a", "two"), ("c", ""), ("d-bin", "!")] {
      Array(name.utf8).withUnsafeBufferPointer { name in
        Array(value.utf8).withUnsafeBufferPointer { Metadata.append(name: name, value: $0, to: &storage) }
      }
    }
    let metadata = Metadata(storage: storage)
    #expect(metadata["a"] == "1")
    #expect(metadata.all("a") == ["1", "two"])
    #expect(metadata["c"] == "")
    #expect(metadata["e"] == nil)
    #expect(metadata.binary("b-bin") == [0, 255])
    #expect(metadata.binary("d-bin") == nil)
    #expect(metadata.pairs.map(\.name) == ["a", "b-bin", "a", "c", "d-bin"])
    #expect(Metadata().isEmpty && !metadata.isEmpty)
  }
}
