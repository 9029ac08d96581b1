import PillionDatabase

/// The types of a PostgreSQL database: what a column's type is when domains and arrays are followed.
struct PostgreSQLTypeTable {
  private struct Entry {
    var schema: String
    var name: String
    /// `typtype`: b base, d domain, e enum, r range, m multirange, p pseudo.
    var kind: String
    /// `typcategory`: A is an array.
    var category: String
    /// Of a domain.
    var base: String
    var baseModifier: Int
    var baseDimensions: Int
    var element: String
    var isNotNull: Bool
    var defaultValue: String?
  }

  struct Resolved {
    var type: CatalogType
    /// Of domains.
    var isNotNull = false
    var defaultValue: String?
  }

  private var entries: [String: Entry] = [:]
  private var labels: [String: [String]] = [:]
  private var checks: [String: [String]] = [:]

  init(_ connection: any AdminConnection) throws(DatabaseError) {
    let types = try connection.query(
      """
      SELECT t.oid, n.nspname, t.typname, t.typtype, t.typcategory, t.typbasetype, t.typtypmod, t.typndims, t.typelem, \
      t.typnotnull, pg_catalog.pg_get_expr(t.typdefaultbin, 0) \
      FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.typrelid = 0
      """)
    for row in types {
      guard let oid = row[0] else { continue }
      entries[oid] = Entry(
        schema: row[1] ?? "", name: row[2] ?? "", kind: row[3] ?? "", category: row[4] ?? "", base: row[5] ?? "",
        baseModifier: row[6].flatMap { Int($0) } ?? -1, baseDimensions: row[7].flatMap { Int($0) } ?? 0,
        element: row[8] ?? "0", isNotNull: row[9] == "t", defaultValue: row[10])
    }
    for row in try connection.query(
      "SELECT e.enumtypid, e.enumlabel FROM pg_catalog.pg_enum e ORDER BY e.enumtypid, e.enumsortorder")
    {
      if let type = row[0], let label = row[1] { labels[type, default: []].append(label) }
    }
    for row in try connection.query(
      """
      SELECT k.contypid, pg_catalog.pg_get_expr(k.conbin, 0) FROM pg_catalog.pg_constraint k \
      WHERE k.contypid <> 0 AND k.contype = 'c' ORDER BY k.contypid, k.conname COLLATE "C"
      """)
    {
      if let type = row[0], let check = row[1] { checks[type, default: []].append(check) }
    }
  }

  /// `modifier` is the column's `atttypmod`; `text` the type as the database writes it.
  func resolve(_ oid: String, modifier: Int, dimensions: Int, text: String) -> Resolved {
    var (oid, modifier, dimensions) = (oid, modifier, dimensions)
    var resolved = Resolved(type: CatalogType("", kind: .other, text: text))
    // Domains of domains end, as each is made of one that was there before.
    while let entry = entries[oid], entry.kind == "d" {
      resolved.isNotNull = resolved.isNotNull || entry.isNotNull
      resolved.defaultValue = resolved.defaultValue ?? entry.defaultValue
      resolved.type.checks += checks[oid] ?? []
      (oid, modifier, dimensions) = (entry.base, entry.baseModifier, entry.baseDimensions)
    }
    guard var entry = entries[oid] else { return resolved }
    if entry.category == "A", entry.element != "0", let element = entries[entry.element] {
      resolved.type.dimensions = max(1, dimensions)
      oid = entry.element
      entry = element
      // The limits of an element's domain are not those of the array.
      while entry.kind == "d", let base = entries[entry.base] {
        (oid, modifier) = (entry.base, entry.baseModifier)
        entry = base
      }
    }
    resolved.type.name = entry.name
    switch entry.kind {
    case "e": resolved.type.kind = .enumeration(labels[oid] ?? [])
    case "b": resolved.type.kind = .base
    default: resolved.type.kind = .other
    }
    resolved.type.arguments = Self.arguments(of: entry.name, modifier)
    return resolved
  }

  /// Lengths are stored with four more bytes (src/backend/utils/adt/varchar.c, numeric.c).
  private static func arguments(of type: String, _ modifier: Int) -> [Int] {
    guard modifier >= 4 else { return [] }
    switch type {
    case "varchar", "bpchar": return [modifier - 4]
    case "numeric":
      let scale = (modifier - 4) & 0x7FF
      return [((modifier - 4) >> 16) & 0xFFFF, scale > 1023 ? scale - 2048 : scale]
    case "interval": return [modifier >> 16]
    default: return []
    }
  }
}
