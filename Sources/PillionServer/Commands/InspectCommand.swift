import PillionDatabase
import PillionProto
import PillionSchema

/// `pillion inspect`: definitions for the tables that a database has. The database is only read.
package struct InspectCommand {
  package var configuration: Configuration
  /// The folder of definitions to write or add to; nil: standard output.
  package var out: String?
  /// Only these tables; nil: all.
  package var tables: [String]?
  /// The proto package of new definitions; nil: the only one that `out` has, or the database's name.
  package var package: String?

  package init(configuration: Configuration, out: String?, tables: [String]?, package: String?) {
    self.configuration = configuration
    self.out = out
    self.tables = tables
    self.package = package
  }

  package func run() -> ExitStatus {
    guard let database = configuration.database else {
      Terminal.complain("error: no database; give --database URL or set database.url")
      return .configuration
    }
    if let package, !Identifier.isPackageName(package) || package.split(separator: ".").contains("google") {
      Terminal.complain("error: '\(package)' is no proto package; write '\(Words.package(package))'")
      return .configuration
    }
    let catalog: Catalog
    do throws(DatabaseError) {
      catalog = try Catalog.read(try database.connect(isReadOnly: true))
    } catch {
      Terminal.complain("error: \(database.masked): \(error.description)")
      return error.isUnreachable ? .unavailable : .failure
    }
    for note in catalog.notes { Terminal.complain("note: \(note)") }
    let names = tables?.map(Self.tableName)
    let unknown = Translation.unknown(names ?? [], in: catalog)
    guard unknown.isEmpty else {
      for name in unknown {
        let near = Suggestion.of("\(name)", among: catalog.tables.map(\.name.description), listing: false)
        Terminal.complain("error: there is no table '\(name)'" + (near.map { "; \($0)" } ?? ""))
      }
      return .configuration
    }
    let package = package ?? Words.package(catalog.name.isEmpty ? "db" : catalog.name)
    let drafts = Translation(
      catalog, package: package, serviceNamePattern: configuration.serviceNamePattern, tables: names
    ).drafts()
    guard !drafts.isEmpty else {
      Terminal.complain("error: \(database.masked) has no tables")
      return .failure
    }
    let text = DefinitionPrinter.file(package: package, models: drafts)
    guard let out else {
      Terminal.print(String(text.dropLast()))
      return .success
    }
    do throws(ProtoOutputError) {
      let path = "\(out)/\(package).yaml"
      guard TextFile.read(path) == nil else {
        Terminal.complain("error: \(path) exists; nothing is ever overwritten")
        return .configuration
      }
      try FileAccess.createDirectory(out)
      try FileAccess.replace(path, with: Array(text.utf8))
      Terminal.print("wrote \(path)")
      return .success
    } catch {
      Terminal.complain("error: \(error.description)")
      return .configuration
    }
  }

  /// `schema.table`, parted at the first dot as in definitions.
  private static func tableName(_ text: String) -> TableName {
    let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
    return parts.count == 2 ? TableName(schema: parts[0], name: parts[1]) : TableName(name: text)
  }
}
