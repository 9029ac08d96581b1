import Foundation
import PillionSchema
@testable import PillionServer
import Testing

@Suite struct StructuredLogTests {
  @Test(arguments: [
    ("plain", #""plain""#), ("a\"b\\c", #""a\"b\\c""#), ("a\nb\rc\td", #""a\nb\rc\td""#), ("", #""""#),
    ("\0\u{1b}[31m\u{7f}\u{85}", #""\u0000\u001b[31m\u007f\u0085""#), ("ü😀", "\"ü😀\""), ("\r\n", #""\r\n""#),
  ])
  func quotes(_ text: String, _ expected: String) {
    #expect(QuotedText.json(text) == expected)
  }

  /// Whatever a client or a database says, a line stays a line, and reads back as it was.
  @Test func everyScalarReadsBack() throws {
    let scalars = (0...0x2fff).compactMap { Unicode.Scalar($0 as UInt32) } + ["\u{1f600}", "\u{10ffff}"]
    let text = String(String.UnicodeScalarView(scalars))
    let quoted = QuotedText.json(text)
    #expect(!quoted.unicodeScalars.contains { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) })
    let read = try JSONDecoder().decode([String].self, from: Data("[\(quoted)]".utf8))
    #expect(read.first.map { $0.unicodeScalars.elementsEqual(text.unicodeScalars) } == true)
  }
}
