import PillionSchema

/// `${NAME}` and `${NAME:-default}` in the values of a settings file.
struct EnvironmentReferences {
  let environment: [String: String]

  /// The text with what the variables hold; nil, and reported, if a variable is not set.
  func expand(_ text: String, at location: SourceLocation, _ diagnostics: inout [Diagnostic]) -> String? {
    var result = ""
    var rest = text[...]
    while let start = rest.firstRange(of: "${") {
      result += rest[..<start.lowerBound]
      guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
        diagnostics.append(Diagnostic(at: location, "'${' without '}'"))
        return nil
      }
      let reference = rest[start.upperBound..<end]
      let separator = reference.firstRange(of: ":-")
      let name = String(separator.map { reference[..<$0.lowerBound] } ?? reference)
      // What is no name may be a secret, so it is not repeated.
      guard Self.isVariableName(name) else {
        diagnostics.append(Diagnostic(at: location, "'${' expected the name of an environment variable behind it"))
        return nil
      }
      if let value = environment[name], !value.isEmpty {
        result += value
      } else if let separator {
        result += reference[separator.upperBound...]
      } else {
        diagnostics.append(
          Diagnostic(at: location, "the environment has no '\(name)'", suggestion: "${\(name):-default}"))
        return nil
      }
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }

  /// The same for every value of a tree; keys are as they are.
  func expand(_ node: YAMLNode, _ diagnostics: inout [Diagnostic]) -> YAMLNode {
    var node = node
    switch node.value {
    case .scalar(var scalar):
      // What is reported once need not be wrong again.
      scalar.text = expand(scalar.text, at: node.location, &diagnostics) ?? scalar.text
      node.value = .scalar(scalar)
    case .list(let items): node.value = .list(items.map { expand($0, &diagnostics) })
    case .mapping(let entries):
      node.value = .mapping(
        entries.map { entry in
          var entry = entry
          entry.value = expand(entry.value, &diagnostics)
          return entry
        })
    }
    return node
  }

  private static func isVariableName(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy {
        $0 == UInt8(ascii: "_") || ($0 < 0x80 && Character(Unicode.Scalar($0)).isLetter)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
      }
  }
}
