import Glibc
package import PillionSchema

/// The effective value of every setting and where it came from: defaults < file < environment < flags.
package struct SettingValues: Sendable {
  package struct Value: Sendable {
    /// More than one only for addresses.
    package var texts: [String]
    /// For messages and `--print-config`.
    package var origin: String
    package var location: SourceLocation
  }

  package private(set) var values: [String: Value] = [:]
  package private(set) var diagnostics: [Diagnostic] = []

  /// `file` nil: `pillion.yaml` if there is one. `flags` by path.
  package init(file: String?, environment: [String: String], flags: [String: [String]]) {
    for setting in Setting.all {
      if let text = setting.defaultValue {
        values[setting.path] = Value(texts: [text], origin: "default", location: SourceLocation(file: "default"))
      }
    }
    readFile(file, environment: environment)
    for setting in Setting.all {
      let location = SourceLocation(file: "environment \(setting.environmentName)")
      if let text = environment[setting.environmentName], !text.isEmpty {
        let texts = setting.kind == .addresses ? text.split(separator: ",").map(Self.trimmed) : [text]
        values[setting.path] = Value(texts: texts, origin: "environment", location: location)
      }
      if let texts = flags[setting.path], !texts.isEmpty {
        values[setting.path] = Value(texts: texts, origin: "flag", location: SourceLocation(file: "command line"))
      }
    }
    resolveSecrets()
  }

  private static func trimmed(_ text: Substring) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }

  private mutating func readFile(_ file: String?, environment: [String: String]) {
    let path = file ?? "pillion.yaml"
    guard file != nil || access(path, F_OK) == 0 else { return }
    guard let text = TextFile.read(path) else {
      diagnostics.append(Diagnostic(at: SourceLocation(file: path), "the file cannot be read"))
      return
    }
    let (settings, problems) = FlatSettings.read(path: path, text: text)
    diagnostics += problems
    for entry in settings.entries {
      guard let setting = Setting.all.first(where: { $0.path == entry.path }) else {
        let paths = Setting.all.map(\.path)
        let section = paths.filter { $0.hasPrefix(entry.path + ".") }
        let near = Suggestion.of(entry.path, among: section.isEmpty ? paths : section)
        diagnostics.append(Diagnostic(at: entry.location, "unknown setting '\(entry.path)'", suggestion: near))
        continue
      }
      if entry.isList && setting.kind != .addresses {
        diagnostics.append(Diagnostic(at: entry.location, "'\(entry.path)' expected one value, found a list"))
        continue
      }
      let texts = entry.values.compactMap { expand($0, environment: environment, at: entry.location) }
      values[entry.path] = Value(texts: texts, origin: path, location: entry.location)
    }
  }

  /// `${NAME}` and `${NAME:-default}`.
  private mutating func expand(_ text: String, environment: [String: String], at location: SourceLocation) -> String? {
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

  private static func isVariableName(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy {
        $0 == UInt8(ascii: "_") || ($0 < 0x80 && Character(Unicode.Scalar($0)).isLetter)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
      }
  }

  /// `file:/path` in place of a secret: the file's content, without the line break at its end.
  private mutating func resolveSecrets() {
    for setting in Setting.all where setting.isSecret {
      guard let value = values[setting.path], let text = value.texts.first, text.hasPrefix("file:") else { continue }
      let path = String(text.dropFirst(5))
      if let secret = TextFile.read(path) {
        values[setting.path]?.texts = [String(secret.reversed().drop { $0.isNewline }.reversed())]
      } else {
        diagnostics.append(Diagnostic(at: value.location, "'\(setting.path)': the file \(path) cannot be read"))
      }
    }
  }
}
