package import PillionDatabase
package import PillionSchema

/// What the definitions name and a live database has not, or has in a form that no value can be read from.
///
/// Every column is selected as a plan selects it, from no rows: PostgreSQL refuses a cast that does not exist when it
/// reads the statement. SQLite's columns hold what they are given, so there only a declared BLOB tells anything.
package struct SchemaComparison {
  private let schema: Schema
  private let connection: any AdminConnection

  package init(schema: Schema, connection: any AdminConnection) {
    self.schema = schema
    self.connection = connection
  }

  /// Of all models, in the order of the definitions.
  package var findings: [Diagnostic] { schema.models.flatMap(findings) }

  private func findings(of model: Model) -> [Diagnostic] {
    if let reason = refusal(of: ["1"], from: model.table) {
      return [
        Diagnostic(
          at: model.location, "table '\(model.table)' of \(model.fullName) cannot be read; \(reason)",
          suggestion: "create it, for instance by `pillion schema --apply`")
      ]
    }
    let blobs = blobColumns(of: model.table)
    // One question for all columns; only where that is refused, one for each.
    let columns = model.fields.compactMap { field -> String? in
      if case .manyToMany = field.type { nil } else { select(field.column, as: field) }
    }
    let isWhole = columns.isEmpty || refusal(of: columns, from: model.table) == nil
    return model.fields.compactMap { field in
      if case .manyToMany(let relation) = field.type { return finding(relation, of: model, at: field.location) }
      if !isWhole, let reason = refusal(of: [select(field.column, as: field)], from: model.table) {
        return Diagnostic(at: field.location, reason)
      }
      guard blobs.contains(field.column.lowercased()), !field.fitsBlob else { return nil }
      return Diagnostic(
        at: field.location,
        "column '\(field.column)' is declared BLOB, and no \(field.type.scalar.rawValue) can be read from a blob")
    }
  }

  /// The columns of a join table, as keys of the two models.
  private func finding(_ relation: ManyToMany, of model: Model, at location: SourceLocation) -> Diagnostic? {
    let source = model.primaryKey.first.map { select(relation.source, as: model.fields[$0]) }
    let target = select(relation.target, as: schema.models[relation.model].fields[relation.field])
    return refusal(of: [source, target].compactMap { $0 }, from: relation.through).map { Diagnostic(at: location, $0) }
  }

  private func select(_ column: String, as field: Field) -> String {
    // t."c" cannot be taken for a string literal by SQLite, as a bare "c" can.
    let column = "t.\(connection.dialect.quote(column))"
    return FieldCodec(field: field, dialect: connection.dialect).selectExpression(column)
  }

  /// What the database says against a select list; no row is read.
  private func refusal(of list: [String], from table: TableName) -> String? {
    do throws(DatabaseError) {
      let table = connection.dialect.quote(table)
      _ = try connection.query("SELECT \(list.joined(separator: ", ")) FROM \(table) AS t LIMIT 0")
      return nil
    } catch {
      return "the database says: \(error.message)"
    }
  }

  /// Names, in lower case, of the columns that a SQLite table declares as BLOB.
  private func blobColumns(of table: TableName) -> Set<String> {
    guard connection.dialect == .sqlite else { return [] }
    let arguments = ([table.name] + [table.schema].compactMap { $0 }).map { SQLText.literal($0) }
    let query =
      "SELECT lower(name) FROM pragma_table_info(\(arguments.joined(separator: ", "))) WHERE upper(type) = 'BLOB'"
    let rows = (try? connection.query(query)) ?? []
    return Set(rows.compactMap { $0.first.flatMap { $0 } })
  }
}

extension Field {
  /// Whether SQLite may hold values of the field as blobs: bytes, uuids, and JSON text.
  fileprivate var fitsBlob: Bool { [.bytes, .uuid, .json].contains(type.scalar) || type.isRepeated }
}
