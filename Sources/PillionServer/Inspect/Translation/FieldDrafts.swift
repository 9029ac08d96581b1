import PillionDatabase
import PillionSchema

/// Makes the fields of one model.
struct FieldDrafts {
  struct Link {
    /// The model's name as this file refers to it.
    var model: String
    var onDelete: OnDelete
  }

  private let reading: TableReading
  private let dialect: Dialect
  private let existing: Model?
  private let isSame: (String, String) -> Bool
  private let links: [Link?]
  private let notes: [[String]]
  private var book = NameBook()
  /// In the order of the columns, many_to_many fields behind them.
  private(set) var fields: [FieldDraft] = []

  /// `links` and `notes` are in the order of the table's columns.
  init(
    reading: TableReading, dialect: Dialect, existing: Model?, isSame: @escaping (String, String) -> Bool,
    links: [Link?], notes: [[String]]
  ) {
    self.reading = reading
    self.dialect = dialect
    self.existing = existing
    self.isSame = isSame
    self.links = links
    self.notes = notes
    for field in existing?.fields ?? [] {
      for name in field.protoNames {
        book.reserve(NameBook.claims(ofField: name, isRepeated: field.type.isRepeated))
      }
    }
  }

  func fieldName(ofColumn column: String) -> String? { fields.first { $0.column == column }?.name }

  mutating func makeColumns() {
    let names = columnNames()
    for (index, column) in reading.table.columns.enumerated() {
      fields.append(field(column, index, name: names[index]))
    }
  }

  /// A many_to_many field by the first of `names` that is free.
  mutating func makeRelation(
    names: [String], model: String, through: TableName, source: String, target: String, doc: String?
  ) {
    let claims = { (name: String) in NameBook.claims(ofField: name, isRepeated: true) }
    guard let best = names.first(where: { book.isFree(claims($0)) }) ?? names.last else { return }
    let name = book.take(best, separator: "_", claims: claims)
    var field = FieldDraft(
      name: name, kind: .manyToMany(model: model, through: through, source: source, target: target), column: nil)
    field.doc = doc
    fields.append(field)
  }

  // MARK: Names

  /// Columns whose names are legal as they are choose first; a foreign key goes by its name without `_id`.
  private mutating func columnNames() -> [String] {
    let columns = reading.table.columns
    var names = columns.map { column in
      existing?.fields.first { field in
        field.hasColumn && isSame(field.column, column.name)
      }?.name
    }
    for isPlain in [true, false] {
      for (index, column) in columns.enumerated() where names[index] == nil {
        let isRepeated = reading.types[column.name]?.isArray ?? false
        let claims = { (name: String) in NameBook.claims(ofField: name, isRepeated: isRepeated) }
        let whole = Words.field(column.name)
        guard !isPlain || (links[index] == nil && whole == column.name) else { continue }
        var best = whole
        if links[index] != nil, whole.hasSuffix("_id"), book.isFree(claims(String(whole.dropLast(3)))) {
          best = String(whole.dropLast(3))
        }
        names[index] = book.take(best, separator: "_", claims: claims)
      }
    }
    return names.map { $0 ?? "" }
  }

  // MARK: Fields

  private func field(_ column: CatalogColumn, _ index: Int, name: String) -> FieldDraft {
    let type = reading.types[column.name] ?? MappedType(.string)
    let isKey = reading.key.contains(column.name)
    let kind: FieldDraft.Kind =
      if let link = links[index] {
        .foreignKey(model: link.model, onDelete: link.onDelete)
      } else {
        type.isArray ? .array(type.scalar) : .scalar(type.scalar)
      }
    var field = FieldDraft(name: name, kind: kind, column: column.name)
    let facts = reading.facts[column.name] ?? []
    field.isPrimaryKey = reading.key == [column.name]
    field.isNullable = column.isNullable && !isKey && !facts.contains(.notNull)
    field.isUnique = !field.isPrimaryKey && !type.isArray && reading.table.uniques.contains([column.name])
    field.doc = column.comment
    field.notes = notes[index]
    if links[index] == nil {
      field.storage = type.storage
      field.notes += [type.note].compactMap { $0 }
      limit(&field, type, facts)
    }
    makeDefault(&field, column, type)
    settleAction(&field)
    return field
  }

  private func limit(_ field: inout FieldDraft, _ type: MappedType, _ facts: [CheckFacts.Fact]) {
    field.minimumLength = type.minimumLength
    field.maximumLength = type.maximumLength
    field.choices = type.choices.map(Choice.text)
    for fact in facts {
      switch fact {
      case .minimum(let number): field.minimum = reading.bound(number, type)
      case .maximum(let number): field.maximum = reading.bound(number, type)
      case .minimumLength(let length): field.minimumLength = max(length, field.minimumLength ?? 0)
      case .maximumLength(let length): field.maximumLength = min(length, field.maximumLength ?? .max)
      case .choices(let values):
        let choices = values.compactMap { choice($0, type.scalar) }
        field.choices = field.choices.isEmpty ? choices : field.choices.filter(choices.contains)
      case .notNull, .json, .itemMinimum, .itemMaximum: break
      }
    }
    var seen: Set<Choice> = []
    field.choices = field.choices.filter { seen.insert($0).inserted }
    if field.minimumLength == 0 { field.minimumLength = nil }
    // What contradicts itself is for the database to refuse.
    if let least = field.minimumLength, let most = field.maximumLength, most < least {
      (field.minimumLength, field.maximumLength) = (nil, nil)
    }
    if let least = field.minimum, let most = field.maximum,
      most.value.isLess(than: least.value, as: type.scalar) == true
    {
      (field.minimum, field.maximum) = (nil, nil)
    }
    let keeps = field.choices.allSatisfy { field.allows($0.defaultValue) }
    if !keeps { (field.minimumLength, field.maximumLength, field.minimum, field.maximum) = (nil, nil, nil, nil) }
  }

  private func choice(_ value: SQLExpression, _ scalar: ScalarType) -> Choice? {
    switch value {
    case .number(let text), .text(let text): scalar == .string ? .text(text) : Int64(text).map(Choice.int)
    default: nil
    }
  }

  /// A value that only the database makes is left to it: writing the type's zero instead would be wrong.
  private func makeDefault(_ field: inout FieldDraft, _ column: CatalogColumn, _ type: MappedType) {
    if column.generation == .computed {
      field.isReadOnly = true
      return
    }
    if column.generation == .counted, !field.isPrimaryKey {
      field.isReadOnly = true
      field.notes.append("the database counts it")
      return
    }
    switch DefaultReading(column.defaultValue, as: type, dialect) {
    case .none: break
    case .value(let value):
      if field.allows(value), field.choices.isEmpty || value.choice.map(field.choices.contains) ?? false {
        field.defaultValue = value
      } else {
        field.notes.append("the database's default, \(column.defaultValue ?? ""), breaks its own limits")
      }
    case .expression:
      // A single uuid or number is known to be made by the database.
      let makesKey = [.uuid, .int32, .int64, .uint32].contains(field.scalar)
      guard !(field.isPrimaryKey && makesKey) else { return }
      field.isReadOnly = true
      field.notes.append("the database's default: \(column.defaultValue ?? "")")
    }
  }

  /// An action that the definitions would refuse is the database's alone.
  private func settleAction(_ field: inout FieldDraft) {
    guard case .foreignKey(let model, let action) = field.kind else { return }
    let isLegal =
      switch action {
      case .setNull: field.isNullable
      case .setDefault: field.defaultValue != nil
      case .cascade, .restrict, .noAction: true
      }
    if isLegal { return }
    field.kind = .foreignKey(model: model, onDelete: .noAction)
    field.notes.append("on delete: \(action.rawValue)")
  }
}

extension Choice {
  var defaultValue: DefaultValue {
    switch self {
    case .int(let number): .int(number)
    case .text(let text): .text(text)
    }
  }
}

extension Bound {
  fileprivate var value: DefaultValue {
    switch self {
    case .int(let number): .int(number)
    case .uint(let number): .uint(number)
    case .double(let number): .double(number)
    case .text(let text): .text(text)
    }
  }
}

extension FieldDraft {
  /// Whether a value keeps to the lengths and bounds.
  fileprivate func allows(_ value: DefaultValue) -> Bool {
    let length: Int?
    switch value {
    case .text(let text) where scalar == .string: length = text.unicodeScalars.count
    case .bytes(let bytes): length = bytes.count
    case .list(let items): length = items.count
    case .null, .bool, .int, .uint, .double, .text, .now: length = nil
    }
    if let length, length < minimumLength ?? 0 || length > maximumLength ?? .max { return false }
    guard let scalar else { return true }
    let isBelow = minimum.map { value.isLess(than: $0.value, as: scalar) ?? false } ?? false
    let isAbove = maximum.map { $0.value.isLess(than: value, as: scalar) ?? false } ?? false
    return !isBelow && !isAbove
  }
}
