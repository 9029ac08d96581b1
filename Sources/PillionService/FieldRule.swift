import PillionDatabase
import PillionSchema
import PillionWire
import _StringProcessing

/// One option of a field that its values must meet.
enum FieldRule: Sendable {
  /// Bounds of a length; characters are Unicode scalars, as PostgreSQL counts them.
  case length(minimum: Int?, maximum: Int?, unit: LengthUnit)
  case signed(minimum: Int64?, maximum: Int64?)
  case unsigned(minimum: UInt64?, maximum: UInt64?)
  case double(minimum: Double?, maximum: Double?)
  case instant(minimum: Instant?, maximum: Instant?)
  case text(minimum: String?, maximum: String?, OrderedText)
  case intChoices(Set<Int64>)
  case textChoices([String])
  case regex(Pattern)
  case format(TextFormat)

  enum LengthUnit: Sendable { case characters, bytes, items }

  enum OrderedText: Sendable { case decimal, date, time, timestamp, duration }

  /// A regular expression, compiled once, and its text.
  ///
  /// `@unchecked Sendable`: `Regex` is not Sendable because closures of a regex builder may be in it. One that is made
  /// of a text has none, and what it lowers itself to at the first match it stores atomically.
  struct Pattern: @unchecked Sendable {
    let source: String
    /// Nil if the text is malformed, which the definitions' loader does not let pass.
    private let regex: Regex<AnyRegexOutput>?

    init(source: String) {
      self.source = source
      regex = try? Regex(source)
    }

    func matches(_ text: String) -> Bool { regex.map { text.firstMatch(of: $0) != nil } ?? false }
  }

  static func rules(of field: Field) -> [FieldRule] {
    var rules: [FieldRule] = []
    if field.minimumLength != nil || field.maximumLength != nil {
      var unit = LengthUnit.characters
      if field.type.isRepeated { unit = .items } else if field.type.scalar == .bytes { unit = .bytes }
      rules.append(.length(minimum: field.minimumLength, maximum: field.maximumLength, unit: unit))
    }
    if field.minimum != nil || field.maximum != nil, let rule = bounds(of: field) { rules.append(rule) }
    if !field.choices.isEmpty {
      let numbers = field.choices.compactMap { if case .int(let value) = $0 { value } else { nil } }
      let texts = field.choices.compactMap { if case .text(let value) = $0 { value } else { nil } }
      rules.append(numbers.count == field.choices.count ? .intChoices(Set(numbers)) : .textChoices(texts))
    }
    if let regex = field.regex { rules.append(.regex(Pattern(source: regex))) }
    if let format = field.format { rules.append(.format(format)) }
    return rules
  }

  private static func bounds(of field: Field) -> FieldRule? {
    func signed(_ bound: Bound?) -> Int64? {
      switch bound {
      case .int(let value): value
      case .uint(let value): Int64(exactly: value)
      default: nil
      }
    }
    func unsigned(_ bound: Bound?) -> UInt64? {
      switch bound {
      case .int(let value): UInt64(exactly: value)
      case .uint(let value): value
      default: nil
      }
    }
    func double(_ bound: Bound?) -> Double? {
      switch bound {
      case .int(let value): Double(value)
      case .uint(let value): Double(value)
      case .double(let value): value
      case .text, nil: nil
      }
    }
    func text(_ bound: Bound?) -> String? {
      switch bound {
      case .int(let value): "\(value)"
      case .uint(let value): "\(value)"
      case .double(let value): "\(value)"
      case .text(let value): value
      case nil: nil
      }
    }
    func ordered(_ kind: OrderedText) -> FieldRule {
      .text(minimum: text(field.minimum), maximum: text(field.maximum), kind)
    }
    switch field.type.scalar {
    case .int32, .int64: return .signed(minimum: signed(field.minimum), maximum: signed(field.maximum))
    case .uint32, .uint64: return .unsigned(minimum: unsigned(field.minimum), maximum: unsigned(field.maximum))
    case .float, .double: return .double(minimum: double(field.minimum), maximum: double(field.maximum))
    case .decimal: return ordered(.decimal)
    case .date: return ordered(.date)
    case .time: return ordered(.time)
    case .timestamp where field.usesStringInProto: return ordered(.timestamp)
    case .timestamp:
      return .instant(
        minimum: text(field.minimum).flatMap { Instant(rfc3339: $0) },
        maximum: text(field.maximum).flatMap { Instant(rfc3339: $0) })
    case .duration where field.usesStringInProto: return ordered(.duration)
    case .bool, .string, .bytes, .duration, .uuid, .json: return nil
    }
  }

  // MARK: Checking

  /// What is wrong with the items of a repeated field, or nil: a length is the list's, all else each item's.
  func problem(withItems slot: Slot, in message: borrowing DecodedMessage) -> String? {
    if case .length(let minimum, let maximum, .items) = self {
      return Self.problem(length: slot.count, minimum: minimum, maximum: maximum, unit: "items")
    }
    for (index, item) in message.elements[slot.start..<slot.start + slot.count].enumerated() {
      if let problem = problem(with: item, in: message) { return "item \(index + 1) \(problem)" }
    }
    return nil
  }

  /// What is wrong with a value, or nil. An absent slot holds its type's zero.
  func problem(with slot: Slot, in message: borrowing DecodedMessage) -> String? {
    switch self {
    case .length(let minimum, let maximum, let unit):
      guard unit == .characters else {
        return Self.problem(length: slot.count, minimum: minimum, maximum: maximum, unit: "bytes")
      }
      // A character has one to four bytes, so the count of bytes often settles it.
      if slot.count <= maximum ?? .max && slot.count >= (minimum ?? 0) * 4 { return nil }
      let count = message.withBytes(of: slot) { bytes in bytes.count { $0 & 0xc0 != 0x80 } }
      return Self.problem(length: count, minimum: minimum, maximum: maximum, unit: "characters")
    case .signed(let minimum, let maximum):
      return Self.problem(Int64(bitPattern: slot.word), minimum: minimum, maximum: maximum)
    case .unsigned(let minimum, let maximum):
      return Self.problem(slot.word, minimum: minimum, maximum: maximum)
    case .double(let minimum, let maximum):
      let value = Double(bitPattern: slot.word)
      if value.isNaN { return "must be a number" }
      return Self.problem(value, minimum: minimum, maximum: maximum)
    case .instant(let minimum, let maximum):
      // An instant out of range is reported when it is bound.
      guard
        let value = Instant(seconds: Int64(bitPattern: slot.word), nanoseconds: slot.nanoseconds)
      else { return nil }
      return Self.problem(value, minimum: minimum, maximum: maximum)
    case .text(let minimum, let maximum, let kind):
      return kind.problem(Self.text(of: slot, in: message), minimum: minimum, maximum: maximum)
    case .intChoices(let choices):
      return choices.contains(Int64(bitPattern: slot.word)) ? nil : "is not one of the choices"
    case .textChoices(let choices):
      let value = Self.text(of: slot, in: message)
      return choices.contains { $0.utf8.elementsEqual(value.utf8) } ? nil : "is not one of the choices"
    case .regex(let pattern):
      return pattern.matches(Self.text(of: slot, in: message)) ? nil : "does not match the pattern \(pattern.source)"
    case .format(let format):
      return format.accepts(Self.text(of: slot, in: message)) ? nil : "is not \(format.phrase)"
    }
  }

  private static func text(of slot: Slot, in message: borrowing DecodedMessage) -> String {
    message.withBytes(of: slot) { String(decoding: $0, as: UTF8.self) }
  }

  private static func problem(length: Int, minimum: Int?, maximum: Int?, unit: String) -> String? {
    if let maximum, length > maximum { return "must have at most \(maximum) \(unit), has \(length)" }
    if let minimum, length < minimum { return "must have at least \(minimum) \(unit), has \(length)" }
    return nil
  }

  static func problem<Value: Comparable>(_ value: Value, minimum: Value?, maximum: Value?) -> String? {
    if let minimum, value < minimum { return "must be at least \(minimum)" }
    if let maximum, value > maximum { return "must be at most \(maximum)" }
    return nil
  }
}

extension FieldRule.OrderedText {
  /// A text that is no value of the kind is reported when it is bound.
  fileprivate func problem(_ value: String, minimum: String?, maximum: String?) -> String? {
    func compare<Value: Comparable>(_ make: (String) -> Value?) -> String? {
      make(value).flatMap { FieldRule.problem($0, minimum: minimum.flatMap(make), maximum: maximum.flatMap(make)) }
    }
    return switch self {
    case .decimal: compare { DecimalText($0) }
    case .date: compare { CalendarDate(iso8601: $0) }
    case .time: compare { TimeOfDay(iso8601: $0) }
    case .timestamp: compare { Instant(rfc3339: $0) }
    case .duration: compare { TimeSpan(iso8601: $0) }
    }
  }
}
