/// What a client wrote wrong in a query parameter.
package struct QueryError: Error, Sendable, Hashable {
  /// `order_by` or `filter`.
  package var parameter: String
  /// In characters (Unicode scalars), from 1.
  package var position: Int
  package var message: String
  /// The text around the place with a caret below it, on two lines.
  package var excerpt: String

  package init(parameter: String, position: Int, message: String, excerpt: String = "") {
    self.parameter = parameter
    self.position = position
    self.message = message
    self.excerpt = excerpt
  }

  /// `offset` counts the bytes of `text` before the place.
  init(parameter: String, text: [UInt8], offset: Int, message: String) {
    let offset = min(max(offset, 0), text.count)
    let before = String(decoding: text[..<offset], as: UTF8.self).unicodeScalars
    let after = String(decoding: text[offset...], as: UTF8.self).unicodeScalars
    let (head, tail) = (before.suffix(Self.window), after.prefix(Self.window))
    let isCutBefore = head.count < before.count
    let shown = head.map(Self.printable) + tail.map(Self.printable)
    let line =
      (isCutBefore ? "…" : "") + String(String.UnicodeScalarView(shown)) + (tail.count < after.count ? "…" : "")
    let indent = String(repeating: " ", count: head.count + (isCutBefore ? 1 : 0))
    self.init(
      parameter: parameter, position: before.count + 1, message: message, excerpt: "\(line)\n\(indent)^")
  }

  /// Scalars that an excerpt shows on each side.
  private static let window = 40

  /// One line stays one line.
  private static func printable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar
  }

  /// `position 7: expected a value, found the end` and the excerpt.
  package var description: String {
    "position \(position): \(message)" + (excerpt.isEmpty ? "" : "\n\(excerpt)")
  }
}
