import Glibc

/// A POSIX extended regular expression of the C library, for the database that has none of its own (regex(3)).
///
/// Characters are UTF-8's. `\d` and `\D` are understood, as PostgreSQL does. Matching takes time in proportion to the
/// text: what refers back is refused before it comes here.
///
/// `@unchecked Sendable`: what is compiled never changes, and `regexec` may be called by several threads at once (POSIX
/// names it neither in its list of functions that may not, nor does regex(3)).
package final class RegularExpression: @unchecked Sendable {
  private let compiled: UnsafeMutablePointer<regex_t>

  /// Nil if `pattern` is malformed.
  package init?(_ pattern: [UInt8]) {
    let compiled = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
    compiled.initialize(to: regex_t())
    self.compiled = compiled
    let translated = Self.translated(pattern) + [0]
    let code = Self.inUTF8 {
      translated.withUnsafeBufferPointer { bytes in
        bytes.withMemoryRebound(to: CChar.self) { text in
          text.baseAddress.map { regcomp(compiled, $0, REG_EXTENDED | REG_NOSUB) } ?? -1
        }
      }
    }
    guard code == 0 else {
      // What failed to compile must not be freed: a copy without memory is.
      compiled.pointee = regex_t()
      return nil
    }
  }

  deinit {
    regfree(compiled)
    compiled.deallocate()
  }

  /// Whether it matches somewhere in a text that ends with a NUL.
  package func matches(_ text: UnsafePointer<CChar>) -> Bool {
    Self.inUTF8 { regexec(compiled, text, 0, nil, 0) == 0 }
  }

  /// Behind `\`, outside brackets: `\d` as `[0-9]`.
  private static func translated(_ pattern: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var isEscaped = false
    var inBrackets = false
    for byte in pattern {
      if isEscaped {
        isEscaped = false
        switch byte {
        case UInt8(ascii: "d"): result += Array("[0-9]".utf8)
        case UInt8(ascii: "D"): result += Array("[^0-9]".utf8)
        default: result += [UInt8(ascii: "\\"), byte]
        }
        continue
      }
      if byte == UInt8(ascii: "\\"), !inBrackets {
        isEscaped = true
        continue
      }
      if byte == UInt8(ascii: "[") { inBrackets = true }
      if byte == UInt8(ascii: "]") { inBrackets = false }
      result.append(byte)
    }
    if isEscaped { result.append(UInt8(ascii: "\\")) }
    return result
  }

  /// The thread's character set; what other code set stays.
  private static func inUTF8<Result>(_ body: () -> Result) -> Result {
    guard let locale = utf8.locale else { return body() }
    let before = uselocale(locale)
    defer { uselocale(before) }
    return body()
  }

  /// `@unchecked Sendable`: a locale object is read-only.
  private struct Locale: @unchecked Sendable { let locale: locale_t? }

  private static let utf8 = Locale(locale: newlocale(LC_CTYPE_MASK, "C.UTF-8", nil))
}
