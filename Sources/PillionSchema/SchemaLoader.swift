/// The front end: model definitions to a validated `Schema`.
///
/// files → `YAMLNode` trees (`YAMLReader`) → definitions (`DefinitionReader`) → `Schema` (`SchemaBuilder`). Every stage
/// goes on after an error, so that one run reports everything.
package struct SchemaLoader {
  /// What a service is called if its model does not say; `{model}` stands for the model's name.
  package static let defaultServiceNamePattern = "{model}Controller"

  /// Loads every `*.yaml` and `*.yml` directly in `directory`, sorted by name.
  ///
  /// `schema` is nil if any diagnostic is an error. Diagnostics are in the order of the files, lines and columns.
  package static func load(directory: String, serviceNamePattern: String = defaultServiceNamePattern) -> (
    schema: Schema?, diagnostics: [Diagnostic]
  ) {
    let sink = DiagnosticSink()
    let files = SourceFiles.read(directory: directory, sink: sink)
    return load(files, serviceNamePattern, sink)
  }

  /// Loads texts that are already read, in the order given; `path` is what diagnostics and default package names show.
  package static func load(
    files: [(path: String, text: String)], serviceNamePattern: String = defaultServiceNamePattern
  )
    -> (schema: Schema?, diagnostics: [Diagnostic])
  {
    load(files, serviceNamePattern, DiagnosticSink())
  }

  private static func load(_ files: [(path: String, text: String)], _ pattern: String, _ sink: DiagnosticSink) -> (
    schema: Schema?, diagnostics: [Diagnostic]
  ) {
    let isComplete = !sink.hasErrors
    let definitions = files.compactMap { file in
      YAMLReader.read(path: file.path, text: file.text, sink: sink).flatMap {
        DefinitionReader(path: file.path, sink: sink).file($0)
      }
    }
    let schema = SchemaBuilder(
      files: definitions, isComplete: isComplete && definitions.count == files.count, serviceNamePattern: pattern,
      sink: sink
    ).build()
    return (sink.hasErrors ? nil : schema, sink.sorted(files: files.map(\.path)))
  }
}
