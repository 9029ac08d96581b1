/// A YAML file of settings, flattened: `server: { listen: a }` is `server.listen` with the value `a`.
package struct FlatSettings: Sendable {
  package struct Entry: Sendable {
    /// Keys joined by dots.
    package var path: String
    /// The scalar's text, or the texts of a list.
    package var values: [String]
    package var isList: Bool
    package var location: SourceLocation
  }

  /// In the order of the file.
  package private(set) var entries: [Entry] = []
  /// The value of the key that is kept as it was written.
  package private(set) var tree: YAMLNode?
  private let treeKey: String?

  private init(treeKey: String?) { self.treeKey = treeKey }

  /// Reads a file's text. An empty file has no entries; what cannot be read is reported and left out.
  ///
  /// - Parameter tree: a key of the file whose value is not flattened.
  package static func read(path: String, text: String, tree: String? = nil) -> (
    settings: FlatSettings, diagnostics: [Diagnostic]
  ) {
    var settings = FlatSettings(treeKey: tree)
    let sink = DiagnosticSink()
    let isBlank = text.split(whereSeparator: \.isNewline).allSatisfy { line in
      line.allSatisfy(\.isWhitespace) || line.drop(while: \.isWhitespace).first == "#"
    }
    if !isBlank, let root = YAMLReader.read(path: path, text: text, sink: sink) {
      if case .mapping = root.value {
        settings.flatten(root, prefix: "", sink: sink)
      } else {
        // What stands there may be a secret, so it is not repeated.
        sink.error(at: root.location, "the settings must be a mapping")
      }
    }
    return (settings, sink.sorted(files: [path]))
  }

  /// Reads one value, such as an environment variable holds.
  package static func value(name: String, text: String) -> (value: YAMLNode?, diagnostics: [Diagnostic]) {
    let sink = DiagnosticSink()
    let value = YAMLReader.read(path: name, text: text, sink: sink)
    return (value, sink.sorted(files: [name]))
  }

  private mutating func flatten(_ node: YAMLNode, prefix: String, sink: DiagnosticSink) {
    switch node.value {
    case .mapping(let pairs):
      for pair in pairs {
        if prefix.isEmpty, pair.key == treeKey {
          tree = pair.value
          continue
        }
        var value = pair.value
        // The key's place says more than that of a value on a later line.
        if case .mapping = value.value {} else { value.location = pair.keyLocation }
        flatten(value, prefix: prefix.isEmpty ? pair.key : "\(prefix).\(pair.key)", sink: sink)
      }
    case .scalar(let scalar):
      if !node.isNull {
        entries.append(Entry(path: prefix, values: [scalar.text], isList: false, location: node.location))
      }
    case .list(let items):
      let texts = items.compactMap { item -> String? in
        guard case .scalar(let scalar) = item.value else {
          sink.error(at: item.location, "'\(prefix)' expected a list of texts, found \(item.kind) in it")
          return nil
        }
        return scalar.text
      }
      entries.append(Entry(path: prefix, values: texts, isList: true, location: node.location))
    }
  }
}
