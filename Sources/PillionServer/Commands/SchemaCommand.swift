package import PillionDatabase
import PillionSchema

/// `pillion schema`
package struct SchemaCommand {
  package var configuration: Configuration
  /// Nil: that of the database, or SQLite's.
  package var dialect: Dialect?
  /// Creates what the database lacks.
  package var isApply: Bool

  package init(configuration: Configuration, dialect: Dialect?, isApply: Bool) {
    self.configuration = configuration
    self.dialect = dialect
    self.isApply = isApply
  }

  package func run() -> ExitStatus {
    let loaded = Definitions.load(configuration)
    Terminal.complain(loaded.diagnostics)
    guard let definitions = loaded.definitions else { return .configuration }
    let dialect = dialect ?? configuration.database?.dialect ?? .sqlite
    let overlong = OverlongNames.findings(in: definitions.schema, dialect)
    guard overlong.isEmpty else {
      Terminal.complain(overlong)
      return .configuration
    }
    guard isApply else {
      for statement in SchemaDDL(schema: definitions.schema, dialect: dialect).statements() {
        Terminal.print(statement + ";\n")
      }
      return .success
    }
    guard let database = configuration.database else {
      Terminal.complain("error: no database; give --database URL or set database.url")
      return .configuration
    }
    if dialect != database.dialect {
      Terminal.complain("error: --dialect \(dialect.rawValue) does not fit \(database.masked)")
      return .configuration
    }
    do throws(DatabaseError) {
      let missing = try database.createTables(of: definitions.schema, hasSession: configuration.prepares)
      for table in missing { Terminal.print("created \(table)") }
      if missing.isEmpty { Terminal.print("nothing to create: every table exists") }
      return .success
    } catch {
      Terminal.complain("error: \(database.masked): \(error.description)")
      return error.isUnreachable ? .unavailable : .failure
    }
  }
}

extension DatabaseURL {
  /// Creates the tables that are missing, all or none of them; their names.
  func createTables(of schema: Schema, hasSession: Bool) throws(DatabaseError) -> [TableName] {
    let connection = try connect(isReadOnly: false, hasSession: hasSession)
    let ddl = SchemaDDL(schema: schema, dialect: dialect)
    let existing = try SchemaDDL.existingTables(connection)
    let statements = ddl.statements(existing: existing)
    if !statements.isEmpty { try connection.execute(statements) }
    return ddl.missing(in: existing).map(\.name)
  }
}
