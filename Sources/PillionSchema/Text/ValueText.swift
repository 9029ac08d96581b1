/// Text as the definitions' YAML has it, and so JSON too, as a field's value.
package enum ValueText {
  /// A single value of the type, or the items of an array; nil for any other text.
  package static func read(_ text: String, as scalar: ScalarType, isArray: Bool) -> DefaultValue? {
    let sink = DiagnosticSink()
    guard let node = YAMLReader.read(path: "", text: escaped(text), sink: sink), !sink.hasErrors else { return nil }
    guard isArray else { return single(node, scalar) }
    guard case .list(let items) = node.value else { return nil }
    let values = items.compactMap { single($0, scalar) }
    return values.count == items.count ? .list(values) : nil
  }

  /// JSON is YAML, but for characters that YAML wants escaped; they stand in texts only.
  package static func escaped(_ json: String) -> String {
    var result = ""
    for scalar in json.unicodeScalars {
      switch scalar {
      case "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FEFF}", "\u{FFFE}", "\u{FFFF}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func single(_ node: YAMLNode, _ scalar: ScalarType) -> DefaultValue? {
    if case .value(let value) = ScalarValue(scalar).read(node) { return value }
    guard scalar == .float || scalar == .double, case .scalar(let text) = node.value, !text.isPlain else { return nil }
    // JSON has no such numbers, so they are texts in it.
    switch text.text {
    case "NaN": return .double(.nan)
    case "Infinity": return .double(.infinity)
    case "-Infinity": return .double(-.infinity)
    default: return nil
    }
  }
}
