import PillionSchema

/// What becomes of the text of a literal that stands for one value of a test.
///
/// The test is settled before: texts that a form takes differ in nothing but the value.
enum FilterForm {
  /// A value of the type.
  case scalar(ScalarType)
  /// A part of a text, with anything before it, behind it, or both.
  case part(isAtStart: Bool, isAtEnd: Bool)
  case text
  /// A regular expression.
  case expression
  /// A bare literal beside JSON, of which it says itself what it is.
  case json(JSONKind)

  /// Nil for a text that is no such value.
  func value(of text: String) -> FilterValue? {
    switch self {
    case .scalar(let type): FilterLiteral.value(text, as: type).map(FilterValue.value)
    case .part(let isAtStart, let isAtEnd): .pattern((isAtStart ? [] : [""]) + [text] + (isAtEnd ? [] : [""]))
    case .text: .text(text)
    case .expression: FilterPattern.problem(text) == nil ? .text(text) : nil
    case .json(let kind): Self.json(text, kind)
    }
  }

  /// Why a text is no such value.
  func problem(_ text: String) -> String {
    switch self {
    case .expression: FilterPattern.problem(text) ?? ""
    case .scalar(let type): Self.expected(FilterLiteral.expected(type), text)
    case .json(let kind): Self.expected("a JSON \(kind)", text)
    case .part, .text: Self.expected("text", text)
    }
  }

  private static func expected(_ expectation: String, _ text: String) -> String {
    "expected \(expectation), found `\(PathResolver.excerpt(text))`"
  }

  private static func json(_ text: String, _ kind: JSONKind) -> FilterValue? {
    guard JSONKind(ofBare: text) == kind else { return nil }
    switch kind {
    case .bool: return .value(.bool(text == "true"))
    case .number:
      // As JSON writes it: no sign in front of a positive number, no digits left out.
      let number = DecimalText(text)?.description ?? FilterLiteral.number(text)?.description
      return number.map(FilterValue.text)
    case .string: return .text(text)
    }
  }
}

extension JSONKind {
  /// What a literal without quotes means.
  init(ofBare text: String) {
    switch text {
    case "true", "false": self = .bool
    default: self = FilterLiteral.number(text) == nil ? .string : .number
    }
  }
}
