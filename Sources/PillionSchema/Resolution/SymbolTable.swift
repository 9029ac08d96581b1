/// All models of all files, by index, and what they are called.
struct SymbolTable {
  struct Entry {
    var package: String
    var definition: ModelDefinition
    /// Index of the first field with a name.
    var fieldsByName: [String: Int]

    var fullName: String { package.isEmpty ? definition.name.value : "\(package).\(definition.name.value)" }

    /// Index of the field called `name`, or an error at its place.
    func field(_ name: Located<String>, _ sink: DiagnosticSink) -> Int? {
      if let index = fieldsByName[name.value] { return index }
      sink.error(
        at: name.location, "model '\(definition.name.value)' has no field '\(name.value)'",
        suggestion: Suggestion.of(name.value, among: definition.fields.map(\.name.value)))
      return nil
    }
  }

  /// In the order of the files.
  private(set) var models: [Entry] = []
  private let isComplete: Bool
  private var byFullName: [String: Int] = [:]

  /// Reports packages and models that are there twice.
  init(files: [FileDefinition], isComplete: Bool, sink: DiagnosticSink) {
    self.isComplete = isComplete
    var packages: [String: Located<String>] = [:]
    for file in files {
      let package = file.package
      if !package.value.isEmpty {
        if let first = packages[package.value] {
          sink.error(
            at: package.location, "package '\(package.value)' is already defined by \(first.location)",
            suggestion: "one file is one package")
        } else {
          packages[package.value] = package
        }
      }
      for definition in file.models {
        let names = definition.fields.enumerated().map { ($1.name.value, $0) }
        let entry = Entry(
          package: package.value, definition: definition,
          fieldsByName: Dictionary(names, uniquingKeysWith: { first, _ in first }))
        if byFullName[entry.fullName] == nil { byFullName[entry.fullName] = models.count }
        models.append(entry)
      }
    }
  }

  /// The model that `name`, written in `package`, refers to: a model of the same package or `package.Model`.
  func model(_ name: Located<String>, from package: String, _ sink: DiagnosticSink) -> Int? {
    let local = package.isEmpty ? name.value : "\(package).\(name.value)"
    if let index = byFullName[local] ?? byFullName[name.value] { return index }
    // It may be in a file that could not be read, which is reported.
    if !isComplete, name.value.contains(".") { return nil }
    let elsewhere = models.filter { $0.definition.name.value == name.value }.map(\.fullName)
    let suggestion: String?
    if let other = elsewhere.first {
      suggestion = "did you mean '\(other)'?"
    } else {
      let names = models.map { $0.package == package ? $0.definition.name.value : $0.fullName }
      suggestion = Suggestion.of(name.value, among: names, listing: names.count <= 12)
    }
    sink.error(at: name.location, "there is no model '\(name.value)'", suggestion: suggestion)
    return nil
  }
}
