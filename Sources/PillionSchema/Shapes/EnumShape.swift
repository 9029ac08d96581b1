/// The proto enum of a field with `choices` and `enum: true`. On the wire its values are those of an int32.
package struct EnumShape: Sendable {
  package struct Value: Sendable {
    /// `POST_LANGUAGE_DE`
    package var name: String
    /// From 1: zero says that nothing was chosen.
    package var number: Int32
    /// What the database holds.
    package var choice: Choice

    package init(name: String, number: Int32, choice: Choice) {
      self.name = name
      self.number = number
      self.choice = choice
    }
  }

  /// Without the package: `PostLanguage`.
  package var name: String
  /// In the order of `choices`, without the zero.
  package var values: [Value]

  package init(name: String, values: [Value]) {
    self.name = name
    self.values = values
  }

  /// `POST_LANGUAGE_UNSPECIFIED`
  package var zeroName: String { Self.valueName("unspecified", in: name) }

  /// What is stored for a number; nil: no value has it.
  package func choice(_ number: Int64) -> Choice? { values.first { $0.number == number }?.choice }

  /// `POST_LANGUAGE_DE` of `de` in `PostLanguage`; nil if nothing of the choice can be in a name.
  package static func name(of choice: Choice, in name: String) -> String? {
    switch choice {
    case .int(let number): return valueName(number < 0 ? "minus_\(number.magnitude)" : "\(number)", in: name)
    case .text(let text):
      let words = text.utf8.split { byte in
        let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        return !isLetter && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      }
      guard !words.isEmpty else { return nil }
      let snake = words.map { Identifier.snakeCase(String(decoding: $0, as: UTF8.self)) }
      return valueName(snake.joined(separator: "_"), in: name)
    }
  }

  private static func valueName(_ value: String, in name: String) -> String {
    "\(Identifier.snakeCase(name))_\(value)".uppercased()
  }
}
