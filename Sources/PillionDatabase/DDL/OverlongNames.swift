package import PillionSchema

/// Names that PostgreSQL cuts, which the catalogs then do not have as the definitions write them
/// (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS).
package enum OverlongNames {
  private static let limit = 63

  /// In the order of the definitions; none on SQLite.
  package static func findings(in schema: Schema, _ dialect: Dialect) -> [Diagnostic] {
    guard dialect == .postgresql else { return [] }
    return schema.models.flatMap { model in
      [finding(model.table.name, "table", model.location), finding(model.table.schema, "schema", model.location)]
        .compactMap(\.self)
        + model.fields.flatMap { field -> [Diagnostic] in
          guard case .manyToMany(let relation) = field.type else {
            return field.hasColumn ? [finding(field.column, "column", field.location)].compactMap(\.self) : []
          }
          return [
            finding(relation.through.name, "join table", field.location),
            finding(relation.source, "column", field.location), finding(relation.target, "column", field.location),
          ].compactMap(\.self)
        }
    }
  }

  private static func finding(_ name: String?, _ what: String, _ location: SourceLocation) -> Diagnostic? {
    guard let name, name.utf8.count > limit else { return nil }
    return Diagnostic(
      .error, at: location, "PostgreSQL cuts the name of the \(what) '\(name)' at \(limit) bytes",
      suggestion: "give it a shorter one")
  }
}
