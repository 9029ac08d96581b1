/// What a field's value must keep to: lengths, bounds, a pattern, choices. Each is checked against the type and against
/// the others.
struct FieldLimits {
  let scalar: ScalarType
  private(set) var maximumLength: Int?
  private(set) var minimumLength: Int?
  private(set) var minimum: DefaultValue?
  private(set) var maximum: DefaultValue?
  private(set) var regex: (pattern: String, compiled: Regex<AnyRegexOutput>)?
  private(set) var choices: [Choice] = []

  init(section: Section<FieldKey>, kind: FieldKind, scalar: ScalarType, sink: DiagnosticSink) {
    self.scalar = scalar
    readLengths(section, kind, sink)
    if FieldKey.minimum.applies(to: kind) {
      minimum = bound(.minimum, section, sink)
      maximum = bound(.maximum, section, sink)
      if let minimum, let maximum, maximum.isLess(than: minimum, as: scalar) == true,
        let location = section.entries[.maximum]?.value.location
      {
        sink.error(at: location, "'max' \(maximum.excerpt) is less than 'min' \(minimum.excerpt)")
      }
    }
    if FieldKey.regex.applies(to: kind), let pattern = section.text(.regex, sink) { compile(pattern, sink) }
    if FieldKey.choices.applies(to: kind) { readChoices(section, sink) }
  }

  /// Reports what in `value`, a value of the field, breaks a limit.
  func check(_ value: DefaultValue, called name: String, at location: SourceLocation, _ sink: DiagnosticSink) {
    if let length = value.length {
      if let maximumLength, length > maximumLength {
        sink.error(at: location, "\(name) \(value.excerpt) is longer than max_length \(maximumLength)")
      }
      if let minimumLength, length < minimumLength {
        sink.error(at: location, "\(name) \(value.excerpt) is shorter than min_length \(minimumLength)")
      }
    }
    if let minimum, value.isLess(than: minimum, as: scalar) == true {
      sink.error(at: location, "\(name) \(value.excerpt) is less than min \(minimum.excerpt)")
    }
    if let maximum, maximum.isLess(than: value, as: scalar) == true {
      sink.error(at: location, "\(name) \(value.excerpt) is more than max \(maximum.excerpt)")
    }
    if let regex, case .text(let text) = value, (try? regex.compiled.firstMatch(in: text)) == nil {
      sink.error(at: location, "\(name) \(value.excerpt) does not match the regex")
    }
  }

  private mutating func readLengths(_ section: Section<FieldKey>, _ kind: FieldKind, _ sink: DiagnosticSink) {
    guard FieldKey.maximumLength.applies(to: kind) else { return }
    let longest = section.wholeNumber(.maximumLength, from: 1, sink)
    let shortest = section.wholeNumber(.minimumLength, from: 0, sink)
    maximumLength = longest?.value
    minimumLength = shortest?.value
    if let longest, let shortest, longest.value < shortest.value {
      sink.error(at: longest.location, "'max_length' \(longest.value) is less than 'min_length' \(shortest.value)")
    }
  }

  private func bound(_ key: FieldKey, _ section: Section<FieldKey>, _ sink: DiagnosticSink) -> DefaultValue? {
    guard let node = section.entries[key]?.value else { return nil }
    switch ScalarValue(scalar).read(node) {
    case .value(let value) where value.bound != nil:
      return value
    case .value:
      sink.error(at: node.location, "'\(key.rawValue)' expected \(scalar.expectation), found \(node.kind)")
    case .wrong(let expected, let suggestion):
      sink.error(
        at: node.location, "'\(key.rawValue)' expected \(expected), found \(node.kind)", suggestion: suggestion)
    }
    return nil
  }

  private mutating func compile(_ pattern: Located<String>, _ sink: DiagnosticSink) {
    do {
      regex = (pattern.value, try Regex(pattern.value))
    } catch {
      sink.error(at: pattern.location, "'regex' is no regular expression: \(error)")
    }
  }

  private mutating func readChoices(_ section: Section<FieldKey>, _ sink: DiagnosticSink) {
    guard let entry = section.entries[.choices] else { return }
    guard case .list(let items) = entry.value.value else {
      sink.error(at: entry.value.location, "'choices' expected a list, found \(entry.value.kind)")
      return
    }
    if items.isEmpty { sink.error(at: entry.value.location, "'choices' is empty") }
    var seen = Set<Choice>()
    for item in items {
      switch ScalarValue(scalar).read(item) {
      case .wrong(let expected, let suggestion):
        sink.error(at: item.location, "a choice expected \(expected), found \(item.kind)", suggestion: suggestion)
      case .value(let value):
        guard let choice = value.choice else {
          sink.error(at: item.location, "the choice \(value.excerpt) does not fit 64 bits with a sign")
          continue
        }
        if !seen.insert(choice).inserted {
          sink.error(at: item.location, "the choice \(value.excerpt) is there twice")
          continue
        }
        check(value, called: "the choice", at: item.location, sink)
        choices.append(choice)
      }
    }
  }
}
