package import PillionDatabase
package import PillionSchema

/// What a database's catalogs say, in terms that both databases share.
package struct Catalog: Sendable {
  package var dialect: Dialect
  /// The database's name; of a SQLite file what stands before its ending, empty in memory.
  package var name: String
  /// Tables and views, by schema and name; no system tables.
  package var tables: [CatalogTable]
  /// What could not be read, in sentences for people.
  package var notes: [String] = []

  package init(dialect: Dialect, name: String, tables: [CatalogTable] = [], notes: [String] = []) {
    self.dialect = dialect
    self.name = name
    self.tables = tables
    self.notes = notes
  }

  /// Reads the catalogs of a database; nothing is written.
  package static func read(_ connection: any AdminConnection) throws(DatabaseError) -> Catalog {
    switch connection.dialect {
    case .sqlite: try SQLiteCatalog(connection: connection).read()
    case .postgresql: try PostgreSQLCatalog(connection: connection).read()
    }
  }
}

package struct CatalogTable: Sendable {
  package enum Kind: Sendable {
    case table, view
    /// Rows that something else holds: SQLite's virtual tables, PostgreSQL's foreign tables.
    case virtual
  }

  /// Without a schema where the plain name finds the table.
  package var name: TableName
  /// The schema that the table is in: `public`, `main`.
  package var schema: String
  package var kind: Kind
  /// In the order of the table.
  package var columns: [CatalogColumn]
  /// Names of columns, in the order of the key; empty: none.
  package var primaryKey: [String] = []
  /// Unique constraints and indexes of whole columns, without the primary key.
  package var uniques: [[String]] = []
  package var foreignKeys: [CatalogForeignKey] = []
  /// The expressions of CHECK constraints, as SQL.
  package var checks: [String] = []
  package var comment: String?

  package init(name: TableName, schema: String, kind: Kind = .table, columns: [CatalogColumn] = []) {
    self.name = name
    self.schema = schema
    self.kind = kind
    self.columns = columns
  }

  package func column(_ name: String) -> CatalogColumn? { columns.first { $0.name == name } }
}

package struct CatalogColumn: Sendable {
  package enum Generation: Sendable {
    case none
    /// The database gives a row that has no value the next one: identity, serial, rowid.
    case counted
    /// Made of other columns; cannot be written.
    case computed
  }

  package var name: String
  package var type: CatalogType
  package var isNullable: Bool
  /// SQL.
  package var defaultValue: String?
  package var generation: Generation = .none
  package var comment: String?
  /// SQLite only: what the first rows hold, where the declared type leaves it open.
  package var sample: ColumnSample?

  package init(name: String, type: CatalogType, isNullable: Bool = true, defaultValue: String? = nil) {
    self.name = name
    self.type = type
    self.isNullable = isNullable
    self.defaultValue = defaultValue
  }
}

/// A column's type with domains resolved.
package struct CatalogType: Sendable {
  package enum Kind: Sendable, Hashable {
    case base
    /// A native enum with its labels in order.
    case enumeration([String])
    /// Ranges, composite types and what else has no type in the definitions.
    case other
  }

  /// PostgreSQL: the base type's name in the catalog (`int4`, `varchar`); SQLite: the type as declared.
  package var name: String
  package var kind: Kind = .base
  /// Length, or precision and scale.
  package var arguments: [Int] = []
  /// Dimensions of an array; 0: a single value.
  package var dimensions = 0
  /// CHECK expressions of domains, about `VALUE`.
  package var checks: [String] = []
  /// As the database writes it, for people.
  package var text: String

  package init(_ name: String, kind: Kind = .base, arguments: [Int] = [], dimensions: Int = 0, text: String? = nil) {
    self.name = name
    self.kind = kind
    self.arguments = arguments
    self.dimensions = dimensions
    self.text = text ?? name
  }
}

package struct CatalogForeignKey: Sendable {
  package var columns: [String]
  package var table: TableName
  /// Empty: the target's primary key.
  package var targets: [String]
  package var onDelete: OnDelete

  package init(columns: [String], table: TableName, targets: [String], onDelete: OnDelete = .noAction) {
    self.columns = columns
    self.table = table
    self.targets = targets
    self.onDelete = onDelete
  }
}
