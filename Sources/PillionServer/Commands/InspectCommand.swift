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
      catalog = try Catalog.read(try database.connect(isReadOnly: true, hasSession: configuration.prepares))
    } catch {
      Terminal.complain("error: \(database.masked): \(error.description)")
      return error.isUnreachable ? .unavailable : .failure
    }
    for note in catalog.notes { Terminal.complain("note: \(note)") }
    let names = tables?.map(Self.tableName)
    let unknown = Translation.unknown(names ?? [], in: catalog)
    for name in unknown {
      let near = Suggestion.of("\(name)", among: catalog.tables.map(\.name.description), listing: false)
      Terminal.complain("error: there is no table '\(name)'" + (near.map { "; \($0)" } ?? ""))
    }
    guard unknown.isEmpty else { return .configuration }
    guard !catalog.tables.isEmpty else {
      Terminal.complain("error: \(database.masked) has no tables")
      return .failure
    }
    let named = Words.package(catalog.name.isEmpty ? "db" : catalog.name)
    if let out { return merge(catalog, into: out, tables: names, named: named) }
    let package = package ?? named
    let drafts = Translation(
      catalog, package: package, serviceNamePattern: configuration.serviceNamePattern, tables: names
    ).drafts()
    Terminal.print(String(DefinitionPrinter.file(package: package, models: drafts).dropLast()))
    return .success
  }

  /// Writes a new file, or adds to those that are there.
  private func merge(_ catalog: Catalog, into folder: String, tables: [TableName]?, named: String) -> ExitStatus {
    do throws(ProtoOutputError) {
      let files = try DefinitionFolder.files(in: folder)
      let pattern = configuration.serviceNamePattern
      var schema = Schema()
      if !files.isEmpty {
        let loaded = SchemaLoader.load(files: files, serviceNamePattern: pattern)
        guard let found = loaded.schema else {
          Terminal.complain(loaded.diagnostics)
          return .configuration
        }
        schema = found
      }
      let only = schema.packages.count == 1 ? schema.packages.first?.name : nil
      let package = package ?? only ?? named
      let commented = DefinitionMerge.commentedOut(files)
      func translate(leftOut: [TableName]) -> [ModelDraft] {
        Translation(
          catalog, existing: schema, package: package, serviceNamePattern: pattern, tables: tables, leftOut: leftOut
        ).drafts()
      }
      var drafts = translate(leftOut: [])
      let leftOut = drafts.filter { $0.package == nil && commented.contains($0.name) }.map(\.table)
      if !leftOut.isEmpty { drafts = translate(leftOut: leftOut) }
      let merge = DefinitionMerge(drafts, files: files, schema: schema, package: package, folder: folder)
      guard let merged = load(merge, files, pattern) else { return .configuration }
      try FileAccess.createDirectory(folder)
      for file in merge.changed { try FileAccess.replace(file.path, with: Array(file.text.utf8)) }
      for note in merge.notes { Terminal.print(note) }
      let drift = DefinitionDrift(drafts, schema: merged, catalog: catalog)
      for line in drift.lines { Terminal.print(line) }
      if merge.notes.isEmpty, drift.lines.isEmpty { Terminal.print("\(folder) says what the database says") }
      return .success
    } catch {
      Terminal.complain("error: \(error.description)")
      return .configuration
    }
  }

  /// What the definitions say with what is new; nil, and reported, if they would not load.
  private func load(_ merge: DefinitionMerge, _ files: [DefinitionMerge.File], _ pattern: String) -> Schema? {
    let made = merge.changed.filter { file in !files.contains { $0.path == file.path } }
    let kept = files.map { file in merge.changed.first { $0.path == file.path } ?? file }
    let loaded = SchemaLoader.load(files: kept + made, serviceNamePattern: pattern)
    if let schema = loaded.schema { return schema }
    Terminal.complain(loaded.diagnostics)
    Terminal.complain("error: the definitions would not load with what is new, so nothing is written")
    return nil
  }

  /// `schema.table`, parted at the first dot as in definitions.
  private static func tableName(_ text: String) -> TableName {
    let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
    return parts.count == 2 ? TableName(schema: parts[0], name: parts[1]) : TableName(name: text)
  }
}
