/// Reads one value of `default:`, `min:`, `max:` or `choices:` as a scalar type, in its canonical form.
struct ScalarValue {
  let type: ScalarType

  enum Result {
    case value(DefaultValue)
    /// What was expected, and what to write instead if that is known.
    case wrong(expected: String, suggestion: String?)
  }

  init(_ type: ScalarType) {
    self.type = type
  }

  func read(_ node: YAMLNode) -> Result {
    if type == .json { return json(node) }
    guard case .scalar(let scalar) = node.value, !node.isNull else {
      return .wrong(expected: expected, suggestion: nil)
    }
    return read(scalar, node)
  }

  private func read(_ scalar: YAMLScalar, _ node: YAMLNode) -> Result {
    switch type {
    case .bool:
      if case .bool(let flag) = scalar.meaning { return .value(.bool(flag)) }
      return .wrong(expected: expected, suggestion: YAMLValues.flagMeant(node).map { "write \($0)" })
    case .int32, .int64, .uint32, .uint64: return integer(scalar)
    case .float, .double: return float(scalar)
    case .string:
      if scalar.meaning == .text { return .value(.text(scalar.text)) }
      return .wrong(expected: expected, suggestion: "for text write '\(scalar.excerpt)' in quotes")
    case .bytes: return wrap(Base64Text.bytes(scalar.text).map(DefaultValue.bytes))
    case .timestamp: return text(Instant(rfc3339: scalar.text)?.description)
    case .date: return text(CalendarDate(iso8601: scalar.text)?.description)
    case .time: return text(TimeOfDay(iso8601: scalar.text)?.description)
    case .duration: return text(TimeSpan(iso8601: scalar.text)?.description)
    case .decimal: return text(DecimalText(scalar.text)?.description)
    case .uuid: return text(UUIDText.canonical(scalar.text))
    case .json: return json(node)
    }
  }

  private var expected: String { type.expectation }

  private func wrap(_ value: DefaultValue?) -> Result {
    value.map(Result.value) ?? .wrong(expected: expected, suggestion: nil)
  }

  private func text(_ canonical: String?) -> Result { wrap(canonical.map(DefaultValue.text)) }

  private func integer(_ scalar: YAMLScalar) -> Result {
    guard case .integer(let isNegative, let magnitude) = scalar.meaning else {
      return .wrong(expected: expected, suggestion: ScalarValue.plainNumber(scalar.text).map { "write \($0)" })
    }
    switch type {
    case .uint32: return wrap(isNegative ? nil : UInt32(exactly: magnitude).map { .uint(UInt64($0)) })
    case .uint64: return wrap(isNegative ? nil : .uint(magnitude))
    default:
      let signed =
        isNegative
        ? (magnitude == UInt64(Int64.max) + 1 ? Int64.min : Int64(exactly: magnitude).map { -$0 })
        : Int64(exactly: magnitude)
      guard let signed, type == .int64 || Int32(exactly: signed) != nil else { return wrap(nil) }
      return .value(.int(signed))
    }
  }

  /// `1_000` and `017` mean numbers to YAML 1.1.
  private static func plainNumber(_ text: String) -> String? {
    guard let first = text.utf8.first, first >= 48, first <= 57,
      text.utf8.allSatisfy({ ($0 >= 48 && $0 <= 57) || $0 == 95 })
    else { return nil }
    let digits = text.filter { $0 != "_" }.drop { $0 == "0" }
    return digits.isEmpty ? "0" : String(digits)
  }

  private func float(_ scalar: YAMLScalar) -> Result {
    let number: Double
    switch scalar.meaning {
    case .integer(let isNegative, let magnitude): number = isNegative ? -Double(magnitude) : Double(magnitude)
    case .float(let value): number = value
    case .null, .bool, .text: return wrap(nil)
    }
    // A finite literal that is infinite as IEEE number is a slip, `.inf` is not.
    let isInfinityMeant = scalar.text.lowercased().hasSuffix("inf")
    if number.isInfinite || (type == .float && Float(number).isInfinite), !isInfinityMeant { return wrap(nil) }
    return .value(.double(number))
  }

  private func json(_ node: YAMLNode) -> Result {
    JSONText.of(node).map { .value(.text($0)) } ?? .wrong(expected: expected, suggestion: nil)
  }
}

extension ScalarType {
  /// What a message asks for.
  package var expectation: String {
    switch self {
    case .bool: "true or false"
    case .int32: "a whole number from \(Int32.min) to \(Int32.max)"
    case .int64: "a whole number from \(Int64.min) to \(Int64.max)"
    case .uint32: "a whole number from 0 to \(UInt32.max)"
    case .uint64: "a whole number from 0 to \(UInt64.max)"
    case .float: "a number that fits 32-bit floating point"
    case .double: "a number"
    case .string: "text"
    case .bytes: "bytes in base64"
    case .timestamp: "a timestamp like 2024-02-29T12:30:00Z"
    case .date: "a date like 2024-02-29"
    case .time: "a time like 12:30:00"
    case .duration: "a duration like P1DT2H30M"
    case .decimal: "a plain decimal number like 12.50"
    case .uuid: "a UUID like 123e4567-e89b-12d3-a456-426614174000"
    case .json: "a value that JSON knows"
    }
  }
}
