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

    fileprivate init(texts: [String], origin: String, location: SourceLocation) {
      self.texts = texts
      self.origin = origin
      self.location = location
    }

    fileprivate init(_ texts: [String], origin: String, at place: String) {
      self.init(texts: texts, origin: origin, location: SourceLocation(file: place))
    }
  }

  package private(set) var values: [String: Value] = [:]
  /// The list of interceptors as it was written, and where.
  package private(set) var interceptors: (list: YAMLNode, origin: String)?
  package private(set) var diagnostics: [Diagnostic] = []

  /// `file` nil: `pillion.yaml` if there is one. `flags` by path.
  package init(file: String?, environment: [String: String], flags: [String: [String]]) {
    let written = readFile(file, environment: environment)
    let sources = SettingSources(flags: flags, environment: environment, file: written.mapValues(\.texts))
    for setting in Setting.all {
      guard let (texts, source) = sources.value(of: setting) else { continue }
      switch source {
      case .file: values[setting.path] = written[setting.path]
      case .flags: values[setting.path] = Value(texts, origin: "flag", at: "command line")
      case .environment:
        values[setting.path] = Value(texts, origin: "environment", at: "environment \(setting.environmentName)")
      case .defaults: values[setting.path] = Value(texts, origin: "default", at: "default")
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

  /// The values in the file.
  private mutating func readFile(_ file: String?, environment: [String: String]) -> [String: Value] {
    var written: [String: Value] = [:]
    let path = file ?? "pillion.yaml"
    guard file != nil || access(path, F_OK) == 0 else { return written }
    guard let text = TextFile.read(path) else {
      diagnostics.append(Diagnostic(at: SourceLocation(file: path), "the file cannot be read"))
      return written
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
      written[entry.path] = Value(texts: texts, origin: path, location: entry.location)
    }
    return written
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
