/// Rows for the tables of a schema, read from a file of YAML or JSON, every value of its field's type.
///
/// Two shapes are read: that of Django's `dumpdata`, a list of `{model, pk, fields}`, and a mapping from models to lists of
/// rows.
package struct Fixture: Sendable {
  /// In the order of the file.
  package var rows: [Row]

  package struct Row: Sendable {
    /// Index into `Schema.models`.
    package var model: Int
    /// In the order of the file, each field once; of a many-to-many relation, a list of keys.
    package var values: [(field: Int, value: DefaultValue)]
    package var location: SourceLocation

    package func value(of field: Int) -> DefaultValue? { values.first { $0.field == field }?.value }
  }

  /// `fixture` is nil if any diagnostic is an error.
  package static func load(path: String, schema: Schema) -> (fixture: Fixture?, diagnostics: [Diagnostic]) {
    let sink = DiagnosticSink()
    let text = SourceFiles.text(of: path, sink)
    let fixture = text.flatMap { FixtureReader(path: path, schema: schema, sink: sink).read($0) }
    return (sink.hasErrors ? nil : fixture, sink.sorted(files: [path]))
  }

  /// The same for a text that is already read; `path` is what diagnostics show.
  package static func read(
    path: String, text: String, schema: Schema
  ) -> (fixture: Fixture?, diagnostics: [Diagnostic]) {
    let sink = DiagnosticSink()
    let fixture = FixtureReader(path: path, schema: schema, sink: sink).read(text)
    return (sink.hasErrors ? nil : fixture, sink.sorted(files: [path]))
  }
}
