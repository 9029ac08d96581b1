import Glibc
package import PillionSchema

/// The effective value of every setting and where it came from: defaults < file < environment < flags.
package struct SettingValues: Sendable {
  package struct Value: Sendable {
    /// More than one only for lists.
    package var texts: [String]
    /// For messages and `--print-config`.
    package var origin: String
    package var location: SourceLocation
  }

  package private(set) var values: [String: Value] = [:]
  /// The list of interceptors as it was written, and where.
  package private(set) var interceptors: (list: YAMLNode, origin: String)?
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
        let texts = setting.isList ? text.split(separator: ",").map(Self.trimmed) : [text]
        values[setting.path] = Value(texts: texts, origin: "environment", location: location)
      }
      if let texts = flags[setting.path], !texts.isEmpty {
        values[setting.path] = Value(texts: texts, origin: "flag", location: SourceLocation(file: "command line"))
      }
    }
    resolveSecrets()
    let name = Setting.environmentName("interceptors")
    if let text = environment[name], !text.isEmpty {
      let (list, problems) = FlatSettings.value(name: "environment \(name)", text: text)
      diagnostics += problems
      if let list { interceptors = (list, "environment") }
    }
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
    let (settings, problems) = FlatSettings.read(path: path, text: text, tree: "interceptors")
    diagnostics += problems
    let references = EnvironmentReferences(environment: environment)
    if let tree = settings.tree, !tree.isNull {
      interceptors = (references.expand(tree, &diagnostics), path)
    }
    for entry in settings.entries {
      guard let setting = Setting.all.first(where: { $0.path == entry.path }) else {
        let paths = Setting.all.map(\.path) + ["interceptors"]
        let section = paths.filter { $0.hasPrefix(entry.path + ".") }
        let near = Suggestion.of(entry.path, among: section.isEmpty ? paths : section)
        diagnostics.append(Diagnostic(at: entry.location, "unknown setting '\(entry.path)'", suggestion: near))
        continue
      }
      if entry.isList && !setting.isList {
        diagnostics.append(Diagnostic(at: entry.location, "'\(entry.path)' expected one value, found a list"))
        continue
      }
      let texts = entry.values.compactMap { references.expand($0, at: entry.location, &diagnostics) }
      values[entry.path] = Value(texts: texts, origin: path, location: entry.location)
    }
  }

  /// `file:/path` in place of a secret: the file's content, without the line break at its end.
  private mutating func resolveSecrets() {
    for setting in Setting.all where setting.isSecret {
      guard let value = values[setting.path] else { continue }
      for (index, text) in value.texts.enumerated() where text.hasPrefix("file:") {
        let path = String(text.dropFirst(5))
        if let secret = TextFile.read(path) {
          values[setting.path]?.texts[index] = String(secret.reversed().drop { $0.isNewline }.reversed())
        } else {
          diagnostics.append(Diagnostic(at: value.location, "'\(setting.path)': the file \(path) cannot be read"))
        }
      }
    }
  }
}
