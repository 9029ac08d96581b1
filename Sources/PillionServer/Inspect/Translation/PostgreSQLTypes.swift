import PillionSchema

/// PostgreSQL's types in the definitions; every type that has none is text, which any type converts to and from.
enum PostgreSQLTypes {
  static func map(_ type: CatalogType) -> MappedType {
    if type.dimensions > 1 { return asText(type, "an array of \(type.dimensions) dimensions") }
    var mapped = single(type)
    guard type.dimensions == 1 else { return mapped }
    // Lengths and choices of items are the database's to check.
    mapped.isArray = true
    mapped.maximumLength = nil
    mapped.choices = []
    return mapped
  }

  private static func single(_ type: CatalogType) -> MappedType {
    if case .enumeration(let labels) = type.kind { return MappedType(.string, choices: labels) }
    guard type.kind == .base else { return asText(type) }
    if let scalar = scalars[type.name] { return MappedType(scalar) }
    switch type.name {
    case "text", "citext": return MappedType(.string)
    case "varchar", "bpchar": return MappedType(.string, maximumLength: type.arguments.first)
    case "name": return MappedType(.string, maximumLength: 63)
    case "char": return MappedType(.string, maximumLength: 1)
    case "interval":
      // YEAR, MONTH and YEAR TO MONTH (src/include/utils/datetime.h), which have no fixed length.
      let hasMonthsOnly = type.arguments.first.map { [1 << 2, 1 << 1, 1 << 2 | 1 << 1].contains($0) } ?? false
      return hasMonthsOnly ? asText(type) : MappedType(.duration)
    default: return asText(type)
    }
  }

  private static let scalars: [String: ScalarType] = [
    "bool": .bool, "int2": .int32, "int4": .int32, "int8": .int64, "oid": .uint32, "float4": .float, "float8": .double,
    "numeric": .decimal, "money": .decimal, "bytea": .bytes, "timestamp": .timestamp, "timestamptz": .timestamp,
    "date": .date, "time": .time, "uuid": .uuid, "json": .json, "jsonb": .json,
  ]

  private static func asText(_ type: CatalogType, _ what: String? = nil) -> MappedType {
    MappedType(.string, note: "\(what ?? type.text), as text")
  }
}
