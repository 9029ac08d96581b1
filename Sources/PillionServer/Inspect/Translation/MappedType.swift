import PillionDatabase
import PillionSchema

/// What a column's type is in the definitions.
struct MappedType: Hashable {
  var scalar: ScalarType
  var isArray = false
  var minimumLength: Int?
  var maximumLength: Int?
  var choices: [String] = []
  var storage: SQLiteStorage?
  /// What a reader of the definitions should know.
  var note: String?

  init(
    _ scalar: ScalarType, isArray: Bool = false, minimumLength: Int? = nil, maximumLength: Int? = nil,
    choices: [String] = [], storage: SQLiteStorage? = nil, note: String? = nil
  ) {
    self.scalar = scalar
    self.isArray = isArray
    self.minimumLength = minimumLength.flatMap { (1...Int(Int32.max)).contains($0) ? $0 : nil }
    self.maximumLength = maximumLength.flatMap { (1...Int(Int32.max)).contains($0) ? $0 : nil }
    self.choices = choices
    self.storage = storage
    self.note = note
  }

  init(_ column: CatalogColumn, _ dialect: Dialect) {
    switch dialect {
    case .sqlite: self = SQLiteTypes.map(column.type, sample: column.sample, default: column.defaultValue)
    case .postgresql: self = PostgreSQLTypes.map(column.type)
    }
  }

  /// Whether a foreign key of this type can hold keys of the other: the values are served as the other's.
  func holdsKeys(of other: MappedType) -> Bool {
    guard !isArray, !other.isArray else { return false }
    let numbers: [ScalarType] = [.int32, .int64, .uint32, .uint64]
    return scalar == other.scalar || (numbers.contains(scalar) && numbers.contains(other.scalar))
  }
}
