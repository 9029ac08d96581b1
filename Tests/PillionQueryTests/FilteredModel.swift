import PillionQuery
import PillionSchema
import Testing

/// A model with a field of every type that filters tell apart, and what texts come to over it.
struct FilteredModel {
  private let schema: Schema

  init() throws {
    let yaml = """
      models:
        Post:
          fields:
            id: { type: int64, primary_key: true }
            title: { type: string, null: true }
            flag: { type: bool }
            when: { type: timestamp }
            day: { type: date }
            span: { type: duration }
            price: { type: decimal }
            rate: { type: double }
            code: { type: uuid }
            raw: { type: bytes }
            meta: { type: json, null: true }
            words: { type: array, items: string }
            author: { type: foreign_key, model: Post, null: true }
            tags: { type: many_to_many, model: Post }
      """
    let (schema, diagnostics) = SchemaLoader.load(files: [("blog.yaml", yaml)])
    self.schema = try #require(schema, "\(diagnostics)")
  }

  func makeReader(limits: FilterLimits = FilterLimits()) -> FilterReader {
    FilterReader(model: schema.models[0], schema: schema, limits: limits)
  }

  /// What a reader that has seen nothing makes of a text.
  func parse(_ text: String, limits: FilterLimits = FilterLimits()) -> Result<Filter?, QueryError> {
    do throws(QueryError) {
      return .success(try Filter.parse(text, model: schema.models[0], schema: schema, limits: limits))
    } catch {
      return .failure(error)
    }
  }

  /// Whether a reader that has seen others makes the same of a text, mistakes in the same words.
  func agrees(_ reader: FilterReader, on text: String, limits: FilterLimits = FilterLimits()) -> Bool {
    let expected = parse(text, limits: limits)
    do throws(QueryError) {
      let filter = try reader.filter(text)
      if case .success(let parsed) = expected { return filter == parsed }
    } catch {
      if case .failure(let other) = expected { return error.description == other.description }
    }
    return false
  }
}
