import PillionSchema
import Testing

/// What the loader says about one file, as a person would see it.
func diagnostics(_ yaml: String, file: String = "blog.yaml") -> [String] {
  SchemaLoader.load(files: [(file, yaml)]).diagnostics.map(\.description)
}

/// A file with one model whose field `it`, on line 5, is `field`; a value starts in column 11.
func withField(_ field: String) -> String {
  """
  models:
    Post:
      fields:
        id: { type: int64, primary_key: true }
        it: \(field)
  """
}

/// A file with one model, `Post{id,title,tags[]}`; `section` goes below `Post` from line 7 on, indented by 4.
func withModel(_ section: String) -> String {
  """
  models:
    Post:
      fields:
        id: { type: int64, primary_key: true }
        title: { type: string, unique: true }
        labels: { type: array, items: string }
      \(section)
  """
}

/// The schema of one file that must be right.
func schema(_ yaml: String, file: String = "blog.yaml", pattern: String = SchemaLoader.defaultServiceNamePattern) throws
  -> Schema
{
  let (schema, diagnostics) = SchemaLoader.load(files: [(file, yaml)], serviceNamePattern: pattern)
  guard let schema else { throw Unexpected(diagnostics: diagnostics) }
  return schema
}

struct Unexpected: Error { var diagnostics: [Diagnostic] }

/// One wrong definition and everything that is to be said about it.
struct Mistake: CustomTestStringConvertible, Sendable {
  var yaml: String
  var expected: [String]

  init(_ yaml: String, _ expected: String...) {
    self.yaml = yaml
    self.expected = expected
  }

  var testDescription: String { expected.first ?? yaml }
}
