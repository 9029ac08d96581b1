/// Definitions to `Schema`: names first, then keys, references, fields, services, and last what only shows in the whole.
struct SchemaBuilder {
  let files: [FileDefinition]
  /// False if a file could not be read at all: models of other packages may then only seem to be missing.
  let isComplete: Bool
  let serviceNamePattern: String
  let sink: DiagnosticSink

  /// Complete only if the sink has no errors; broken fields are left out otherwise.
  func build() -> Schema {
    let symbols = SymbolTable(files: files, isComplete: isComplete, sink: sink)
    let keys = PrimaryKeys(symbols, sink: sink)
    let references = References(symbols, keys: keys, sink: sink)
    let models = symbols.models.indices.map { index in
      ModelBuilder(
        index: index, symbols: symbols, keys: keys, references: references, serviceNamePattern: serviceNamePattern,
        sink: sink
      ).build()
    }
    let collisions = NameCollisions(sink: sink)
    var packages: [Schema.Package] = []
    var next = 0
    for file in files {
      let indices = next..<(next + file.models.count)
      next = indices.upperBound
      packages.append(
        Schema.Package(name: file.package.value, doc: file.doc, models: Array(indices), location: file.package.location)
      )
      collisions.check(package: zip(file.models, models[indices]).map { ($0, $1) })
      FormerNames(sink: sink).check(models[indices].map { ($0.name, $0.was) }, called: "model")
    }
    if !sink.hasErrors { ExpansionLimits(models: models, sink: sink).check() }
    return Schema(packages: packages, models: models)
  }
}
