/// Finds the ends of what YAML writes in brackets and quotes, in a text that is known to be YAML.
struct FlowText {
  private let scalars: [Unicode.Scalar]

  init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

  struct End {
    /// The closing bracket.
    var bracket: Int
    /// Behind the last item, where one more can go.
    var content: Int
    /// Whether there is an item that no comma follows.
    var needsComma: Bool
  }

  /// Of the collection whose opening bracket is at `start`.
  func end(of start: Int) -> End? {
    var depth = 0
    var offset = start
    var content = start
    while offset < scalars.count {
      let scalar = scalars[offset]
      switch scalar {
      case "\"", "'":
        // Inside a plain scalar a quote is a character like any other.
        if startsToken(offset) {
          guard let end = endOfQuotes(offset) else { return nil }
          offset = end
        }
      case "#" where offset > 0 && isBlank(scalars[offset - 1]):
        while offset + 1 < scalars.count, scalars[offset + 1] != "\n" { offset += 1 }
        offset += 1
        continue
      case "{", "[": depth += 1
      case "}", "]":
        depth -= 1
        if depth == 0 {
          let last = scalars[content]
          return End(bracket: offset, content: content + 1, needsComma: content > start && last != ",")
        }
      default: break
      }
      if !isBlank(scalars[min(offset, scalars.count - 1)]) { content = offset }
      offset += 1
    }
    return nil
  }

  /// The closing quote of the one at `start`.
  func endOfQuotes(_ start: Int) -> Int? {
    guard scalars.indices.contains(start) else { return nil }
    let quote = scalars[start]
    var offset = start + 1
    while offset < scalars.count {
      if quote == "\"", scalars[offset] == "\\" {
        offset += 2
        continue
      }
      if scalars[offset] == quote {
        guard quote == "'", offset + 1 < scalars.count, scalars[offset + 1] == "'" else { return offset }
        offset += 1
      }
      offset += 1
    }
    return nil
  }

  private func startsToken(_ offset: Int) -> Bool {
    var before = offset - 1
    while before >= 0, isBlank(scalars[before]) { before -= 1 }
    return before < 0 || ["{", "[", ",", ":", "?", "-"].contains(scalars[before])
  }

  private func isBlank(_ scalar: Unicode.Scalar) -> Bool { [" ", "\t", "\n", "\r"].contains(scalar) }
}
