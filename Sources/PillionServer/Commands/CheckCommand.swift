package import PillionDatabase
import PillionProto
package import PillionSchema

/// `pillion check`: definitions, protos and lock, and the live database against each other.
package struct CheckCommand {
  package var configuration: Configuration

  package init(configuration: Configuration) { self.configuration = configuration }

  package func run() -> ExitStatus {
    let (definitions, diagnostics) = Definitions.load(configuration)
    Terminal.complain(diagnostics)
    guard let definitions else { return .configuration }
    var findings: [Diagnostic] = []
    do throws(ProtoOutputError) {
      findings += try ProtoOutput.check(definitions.protos, in: configuration.protos)
    } catch {
      findings.append(Diagnostic(at: SourceLocation(file: error.path), error.description))
    }
    if let database = configuration.database {
      do throws(DatabaseError) {
        let connection = try database.connect(isReadOnly: true)
        findings += Self.compare(definitions.schema, with: connection)
      } catch {
        Terminal.complain("error: \(database.masked): \(error.description)")
        return .unavailable
      }
    } else {
      Terminal.complain("note: no database given, so only definitions and protos are checked")
    }
    Terminal.complain(findings)
    guard findings.isEmpty else { return .failure }
    Terminal.print("definitions, protos\(configuration.database == nil ? "" : " and database") agree")
    return .success
  }

  /// Tables and columns that the definitions name and the database has not: each is asked for, no row is read.
  package static func compare(_ schema: Schema, with connection: any AdminConnection) -> [Diagnostic] {
    schema.models.flatMap { model -> [Diagnostic] in
      let dialect = connection.dialect
      func problem(_ columns: [String], of table: TableName, at location: SourceLocation) -> Diagnostic? {
        // t."c" cannot be taken for a string literal by SQLite, as a bare "c" can.
        let list = columns.map { "t.\(dialect.quote($0))" }.joined(separator: ", ")
        do throws(DatabaseError) {
          _ = try connection.query("SELECT \(list.isEmpty ? "1" : list) FROM \(dialect.quote(table)) AS t LIMIT 0")
          return nil
        } catch {
          return Diagnostic(at: location, "the database says: \(error.message)")
        }
      }
      if let missing = problem([], of: model.table, at: model.location) {
        return [
          Diagnostic(
            at: model.location, "table '\(model.table)' of \(model.fullName) cannot be read; \(missing.message)",
            suggestion: "create it, for instance by `pillion schema --apply`")
        ]
      }
      return model.fields.compactMap { field in
        if case .manyToMany(let relation) = field.type {
          return problem([relation.source, relation.target], of: relation.through, at: field.location)
        }
        return problem([field.column], of: model.table, at: field.location)
      }
    }
  }
}
