import PillionDatabase
import PillionSchema

/// SQLite's declared types in the definitions.
///
/// A declared type is a hint at what programs store, so where they differ the first rows decide. What is not known goes
/// by SQLite's affinities (https://sqlite.org/datatype3.html#determination_of_column_affinity).
enum SQLiteTypes {
  /// Whether the declared type leaves open what is stored, or how.
  static func needsSample(_ type: CatalogType) -> Bool {
    if array(type) != nil { return false }
    return switch known(type) {
    case .int32, .int64, .uint32, .uint64, .float, .double, .bytes, .json, .time: false
    case .string: type.name == "char" && type.arguments == [32]
    case .bool, .timestamp, .date, .duration, .decimal, .uuid, nil: true
    }
  }

  /// `default` is SQL: what it makes tells how a table without rows will hold its keys.
  static func map(_ type: CatalogType, sample: ColumnSample?, default sql: String? = nil) -> MappedType {
    let sample = sample ?? ColumnSample([])
    if let array = array(type) { return array }
    guard let scalar = known(type), fits(sample, scalar) else { return unknown(type, sample) }
    switch scalar {
    case .string:
      if type.name == "char", type.arguments == [32], holdsUUIDs(sample) { return MappedType(.uuid, storage: .hex) }
      return MappedType(.string, maximumLength: type.arguments.first)
    case .timestamp:
      if holdsMilliseconds(sample) { return MappedType(.int64, note: "\(type.text) in milliseconds since 1970") }
      return MappedType(.timestamp, storage: storage(type, sample) ?? timestampStorage(type, sample))
    case .uuid where sample.isEmpty:
      return MappedType(.uuid, storage: storage(type, sample) ?? storage(ofUUIDsBy: sql ?? ""))
    default: return MappedType(scalar, storage: storage(type, sample) ?? storage(of: scalar, sample))
    }
  }

  /// `INT64_ARRAY(2, 5)`, as `pillion schema` declares a list of 2 to 5 numbers.
  private static func array(_ type: CatalogType) -> MappedType? {
    guard type.name.hasSuffix("_array"), let items = ScalarType(rawValue: String(type.name.dropLast(6))) else {
      return nil
    }
    let counts = type.arguments.count > 1 ? type.arguments : [0] + type.arguments
    return MappedType(
      items, isArray: true, minimumLength: counts[0], maximumLength: counts.dropFirst().first)
  }

  /// Whether the first rows could be read as the declared type promises.
  private static func fits(_ sample: ColumnSample, _ scalar: ScalarType) -> Bool {
    sample.values.allSatisfy { value in
      switch (scalar, value.kind) {
      case (.bool, .integer): value.text == "0" || value.text == "1"
      case (.bool, .text): ["t", "f", "true", "false", "0", "1"].contains(value.text.asciiLowercased)
      case (.timestamp, .text), (.date, .text): CalendarDate(iso8601: value.text.prefix(10)) != nil
      case (.decimal, .text): DecimalText(value.text) != nil
      case (.duration, .text): TimeSpan(iso8601: value.text) != nil
      case (.uuid, .text): UUIDText.canonical(value.text) != nil
      case (.uuid, .blob): value.text.utf8.count == 32
      case (.uuid, _), (.bool, _), (.duration, .real), (_, .blob): scalar == .bytes
      default: true
      }
    }
  }

  private static func storage(of scalar: ScalarType, _ sample: ColumnSample) -> SQLiteStorage? {
    switch (scalar, sample.kind) {
    case (.date, .integer), (.duration, .integer): .integer
    case (.date, .real): .real
    case (.uuid, .blob): .blob
    case (.uuid, .text) where sample.allTexts({ $0.utf8.count == 32 }): .hex
    case (.bool, .text): .text
    default: nil
    }
  }

  /// Of random bytes as they are, or as digits without dashes between them.
  private static func storage(ofUUIDsBy sql: String) -> SQLiteStorage? {
    let tokens = SQLTokenizer.tokens(sql, .sqlite)
    guard tokens.contains(where: { $0.isWord("randomblob") }) else { return nil }
    guard tokens.contains(where: { $0.isWord("hex") }) else { return .blob }
    return tokens.contains { $0.kind == .text("-") } ? nil : .hex
  }

  /// What a suffix of the declared type says, as in `UUID_BLOB`, unless the first rows are otherwise; nil where that is
  /// the only form that is not a number.
  private static func storage(_ type: CatalogType, _ sample: ColumnSample) -> SQLiteStorage? {
    guard let scalar = known(type), let suffix = type.name.split(separator: "_").last,
      let storage = SQLiteStorage(rawValue: String(suffix)), scalar.storages.contains(storage)
    else { return nil }
    let isText = storage == .text
    if isText, scalar == .decimal || scalar == .json { return nil }
    guard !sample.isEmpty, isText else { return storage }
    let isOther = scalar == .timestamp ? timestampStorage(type, sample) != nil : sample.kind != .text
    return isOther ? nil : storage
  }

  /// Django, Rails and SQLAlchemy write a space and no zone; what is there already, or a type with a zone, says
  /// otherwise.
  private static func timestampStorage(_ type: CatalogType, _ sample: ColumnSample) -> SQLiteStorage? {
    if type.name == "timestamptz", sample.isEmpty { return nil }
    return switch sample.kind {
    case .integer: .integer
    case .real: .real
    // A column of NUMERIC affinity makes integers of whole days.
    case nil where sample.isNumeric: .real
    case .text where sample.allTexts({ $0.utf8.contains(UInt8(ascii: "T")) }): nil
    default: .django
    }
  }

  /// As Prisma writes them; they would be seconds in the year 50000.
  private static func holdsMilliseconds(_ sample: ColumnSample) -> Bool {
    sample.kind == .integer && sample.values.contains { (Int64($0.text) ?? 0) > 253_402_300_799 }
  }

  private static func holdsUUIDs(_ sample: ColumnSample) -> Bool {
    // Of a random hash one in eight would have a UUID's version and variant.
    sample.isEmpty
      || sample.allTexts { text in
        let digits = Array(text.utf8)
        guard digits.count == 32, UUIDText.canonical(text) != nil else { return false }
        return digits.allSatisfy { $0 == 0x30 }
          || ("12345678".utf8.contains(digits[12]) && "89abAB".utf8.contains(digits[16]))
      }
  }

  /// The type of a name that is known: what stands before its brackets and a suffix such as `_text`.
  private static func known(_ type: CatalogType) -> ScalarType? {
    let name = type.name
    if name == "tinyint", type.arguments == [1] { return .bool }
    if let scalar = names[name.hasSuffix(" unsigned") ? String(name.dropLast(9)) : name] { return scalar }
    if let underscore = name.lastIndex(of: "_"),
      SQLiteStorage(rawValue: String(name[underscore...].dropFirst())) != nil,
      let scalar = names[String(name[..<underscore])]
    {
      return scalar
    }
    if name.hasPrefix("timestamp") || name.hasPrefix("datetime") { return .timestamp }
    if name.hasPrefix("int") || name.hasSuffix("int") || name.contains("int ") || name.contains("integer") {
      return .int64
    }
    if ["char", "clob", "text"].contains(where: { name.contains($0) }) { return .string }
    if name.contains("blob") || name.contains("binary") { return .bytes }
    if ["real", "floa", "doub"].contains(where: { name.contains($0) }) { return .double }
    return nil
  }

  private static let names: [String: ScalarType] = [
    "bool": .bool, "boolean": .bool, "bit": .bool,
    "int32": .int32, "int4": .int32, "int2": .int32, "smallint": .int32, "tinyint": .int32, "mediumint": .int32,
    "uint32": .uint32, "uint64": .uint64, "serial": .int64, "bigserial": .int64,
    "float32": .float, "float4": .float,
    "decimal": .decimal, "numeric": .decimal, "dec": .decimal, "money": .decimal, "currency": .decimal,
    "string": .string, "citext": .string, "enum": .string, "xml": .string, "inet": .string, "cidr": .string,
    "bytea": .bytes, "image": .bytes, "bytes": .bytes,
    "date": .date, "time": .time, "interval": .duration, "duration": .duration,
    "uuid": .uuid, "guid": .uuid, "uniqueidentifier": .uuid, "json": .json, "jsonb": .json,
  ]

  /// No type, or one that nobody has heard of.
  private static func unknown(_ type: CatalogType, _ sample: ColumnSample) -> MappedType {
    let what = type.name.isEmpty ? "no declared type" : "declared \(type.text)"
    switch sample.kind {
    case .integer: return MappedType(.int64, note: "\(what); the first rows hold integers")
    case .blob: return MappedType(.bytes, note: "\(what); the first rows hold blobs")
    case .text: return MappedType(.string, note: "\(what); the first rows hold text")
    case .real: return MappedType(.double, note: "\(what); the first rows hold numbers")
    case nil where sample.isNumeric: return MappedType(.double, note: "\(what); the first rows hold numbers")
    case nil: return MappedType(.string, note: "\(what), read as text")
    }
  }
}
