import PillionWire
import Testing

@Suite struct UTF8ValidationTests {
  private func isValid(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { $0.isValidUTF8 } }

  /// At every distance from the eight bytes that ASCII goes in, the fast path must stop for what is no ASCII.
  @Test(arguments: 0..<20)
  func lastAndFirstOfEachLength(before: Int) {
    let ascii = [UInt8](repeating: 0x61, count: before)
    for scalar in [
      "\0", "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}",
    ] {
      #expect(isValid(ascii + Array(scalar.utf8)))
      #expect(isValid(ascii + Array(scalar.utf8) + ascii + Array(scalar.utf8)))
      if scalar.utf8.count > 1 { #expect(!isValid(ascii + Array(scalar.utf8).dropLast())) }
    }
    for bad in Self.bad {
      #expect(!isValid(ascii + bad))
      #expect(!isValid(ascii + bad + ascii))
    }
  }

  static let bad: [[UInt8]] = [
    [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2, 0x20], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
    [0xED, 0xBF, 0xBF],
    [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98, 0x28],
    [0xF4, 0x90, 0x80, 0x80],
    [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
  ]

  /// Against the standard library: every sequence of two bytes, and three and four with bytes at the limits.
  @Test func agreesWithStandardLibrary() {
    let limits: [UInt8] = [0, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xFF]
    var wrong: [[UInt8]] = []
    func check(_ bytes: [UInt8]) {
      if isValid(bytes) != (String(validating: bytes, as: UTF8.self) != nil) { wrong.append(bytes) }
    }
    for first in UInt8.min...UInt8.max {
      check([first])
      for second in UInt8.min...UInt8.max { check([first, second]) }
      for second in limits {
        for third in limits {
          check([first, second, third])
          if first >= 0xE0 { for fourth in limits { check([first, second, third, fourth]) } }
        }
      }
    }
    #expect(wrong.isEmpty)
  }

  @Test func nothing() {
    #expect(UnsafeRawBufferPointer(start: nil, count: 0).isValidUTF8)
    #expect(isValid([]))
  }
}
