package import PillionSchema
package import PillionWire

/// Why a value that a request holds cannot be stored; becomes a field violation.
package struct ValueError: Error, Sendable {
  /// For the client: says what was expected, without the value.
  package var message: String
  package init(_ message: String) { self.message = message }
}

/// The time of a call, for `auto_now` and `default: now`.
package struct WallTime: Sendable {
  /// Since 1970 in UTC.
  package var seconds: Int64
  package var nanoseconds: Int32

  package init(seconds: Int64, nanoseconds: Int32) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }
}

/// How the values of one field go into a database: from a request's slot to a bound parameter.
///
/// A class, as what holds one is copied for each call, and it is large.
package final class FieldCodec: Sendable {
  package let field: Field
  package let dialect: Dialect
  let scalar: ScalarType
  let storage: SQLiteStorage?
  private let isRepeated: Bool

  package init(field: Field, dialect: Dialect) {
    self.field = field
    self.dialect = dialect
    scalar = field.type.scalar
    storage = field.storage
    isRepeated = field.type.isRepeated
  }

  /// What to select so that `RowEncoder` can read it: PostgreSQL casts to the declared type, SQLite takes the column.
  /// `column` is a quoted column or an expression; one with operators must come in parentheses.
  package func selectExpression(_ column: String) -> String {
    guard dialect == .postgresql else { return column }
    let cast = column + PostgreSQLType.cast(scalar, isArray: isRepeated)
    // An inet column's text has the length of its netmask behind it, even where that says nothing.
    return field.format == .ipv4 || field.format == .ipv6 ? "split_part(\(cast), '/', 1)" : cast
  }

  /// PostgreSQL's type OID of the field's placeholder; 0: the server decides.
  package var parameterType: UInt32 {
    guard dialect == .postgresql else { return 0 }
    return isRepeated ? PostgreSQLType.array(scalar) : PostgreSQLType.parameter(scalar)
  }

  /// Binds a slot that is present (or absent, for a field without presence: its zero). A repeated field binds as one
  /// parameter that holds all elements.
  package func bind(
    _ slot: Slot, of message: borrowing DecodedMessage, to parameters: inout Parameters
  ) throws(ValueError) {
    if isRepeated { return try bindElements(slot, of: message, to: &parameters) }
    if slot.state == .null { return parameters.appendNull() }
    if let invalidity = slot.invalidity { throw ValueError(invalidity.message) }
    if slot.state == .absent && isMessage { throw ValueError("is required") }
    guard isText else { return try append(try value(slot), to: &parameters) }
    try message.withBytes(of: slot) { (bytes) throws(ValueError) in
      try append(try BoundValue(text: bytes, as: scalar), to: &parameters)
    }
  }

  /// Binds a default, or the current time.
  package func bind(_ value: DefaultValue, now: WallTime, to parameters: inout Parameters) throws(ValueError) {
    switch value {
    case .null: parameters.appendNull()
    case .list(let elements):
      var array = ArrayBuilder(self, count: elements.count)
      for element in elements {
        try withValue(of: element, now: now) { (value) throws(ValueError) in try array.append(value) }
      }
      array.finish(into: &parameters)
    case .bool, .int, .uint, .double, .text, .bytes, .now:
      try withValue(of: value, now: now) { (value) throws(ValueError) in try append(value, to: &parameters) }
    }
  }
}

extension FieldCodec {
  /// Binds a value as `SQLiteFunction` makes it of what the column stores.
  func bindComparable(_ value: DefaultValue, to parameters: inout Parameters) throws(ValueError) {
    try withValue(of: value, now: .zero) { (value) throws(ValueError) in
      guard let form = value.comparableForm() else { throw ValueError("does not compare") }
      form.append(to: &parameters)
    }
  }

  /// How one item of an array goes into the database.
  var item: FieldCodec {
    var field = field
    field.type = .scalar(scalar)
    return FieldCodec(field: field, dialect: dialect)
  }

  /// Whether the values are the keys of a many_to_many.
  var isRelation: Bool {
    if case .manyToMany = field.type { true } else { false }
  }

  /// Whether a slot's value is in its bytes.
  private var isText: Bool {
    switch scalar {
    case .string, .bytes, .date, .time, .decimal, .uuid, .json: true
    case .timestamp, .duration: field.usesStringInProto
    case .bool, .int32, .int64, .uint32, .uint64, .float, .double: false
    }
  }

  /// Whether the proto field is a message, which has no zero.
  private var isMessage: Bool {
    switch scalar {
    case .timestamp, .duration, .json: !field.usesStringInProto
    default: false
    }
  }

  /// The value of a slot that is not text.
  private func value(_ slot: Slot) throws(ValueError) -> BoundValue {
    let integer = Int64(bitPattern: slot.word)
    switch scalar {
    case .bool: return .bool(slot.word != 0)
    case .uint64: return .unsigned(slot.word)
    case .float: return .float(Float(Double(bitPattern: slot.word)))
    case .double: return .double(Double(bitPattern: slot.word))
    case .timestamp: return try .timestamp(seconds: integer, nanoseconds: slot.nanoseconds)
    case .duration: return try .duration(seconds: integer, nanoseconds: slot.nanoseconds)
    case .int32, .int64, .uint32, .string, .bytes, .date, .time, .decimal, .uuid, .json: return .integer(integer)
    }
  }

  private func bindElements(
    _ slot: Slot, of message: borrowing DecodedMessage, to parameters: inout Parameters
  ) throws(ValueError) {
    var array = ArrayBuilder(self, count: slot.count)
    for index in slot.start..<slot.start + slot.count {
      let element = message.elements[index]
      if let invalidity = element.invalidity { throw ValueError(invalidity.message) }
      if isText {
        try message.withBytes(of: element) { (bytes) throws(ValueError) in
          try array.append(try BoundValue(text: bytes, as: scalar))
        }
      } else {
        try array.append(try value(element))
      }
    }
    array.finish(into: &parameters)
  }

  private func append(_ value: BoundValue, to parameters: inout Parameters) throws(ValueError) {
    switch dialect {
    case .postgresql: try value.postgreSQLForm().append(to: &parameters)
    case .sqlite: try sqliteForm(value).append(to: &parameters)
    }
  }

  /// The value as SQLite holds it in this field's column.
  func sqliteForm(_ value: BoundValue) throws(ValueError) -> ParameterForm {
    let form = try value.sqliteForm(storage)
    return scalar == .decimal ? try BoundValue.sqliteDecimal(form, storage) : form
  }

  /// Calls `body` with a default; numbers of one kind stand for those of another where nothing is lost.
  private func withValue(
    of value: DefaultValue, now: WallTime, _ body: (BoundValue) throws(ValueError) -> Void
  ) throws(ValueError) {
    switch (value, scalar) {
    case (.bool(let bool), _): try body(.bool(bool))
    case (.int(let number), .float): try body(.float(Float(number)))
    case (.int(let number), .double): try body(.double(Double(number)))
    case (.int(let number), .decimal): try withText(String(number), body)
    case (.int(let number), .uint64):
      guard let unsigned = UInt64(exactly: number) else { throw ValueError("must not be negative") }
      try body(.unsigned(unsigned))
    case (.int(let number), _): try body(.integer(number))
    case (.uint(let number), .uint64): try body(.unsigned(number))
    case (.uint(let number), _):
      guard let integer = Int64(exactly: number) else { throw ValueError("must be at most 9223372036854775807") }
      try withValue(of: .int(integer), now: now, body)
    case (.double(let number), .float): try body(.float(Float(number)))
    case (.double(let number), _): try body(.double(number))
    case (.text(let text), _): try withText(text, body)
    case (.bytes(let bytes), _):
      try bytes.withUnsafeBufferPointer { (bytes) throws(ValueError) in
        try body(.bytes(UnsafeRawBufferPointer(bytes)))
      }
    case (.now, _): try body(try current(now))
    case (.null, _), (.list, _): throw ValueError("must be a value")
    }
  }

  private func withText(_ text: String, _ body: (BoundValue) throws(ValueError) -> Void) throws(ValueError) {
    try text.utf8Span.span.bytes.withUnsafeBytes { (bytes) throws(ValueError) in
      try body(try BoundValue(text: bytes, as: scalar))
    }
  }

  /// The current time as a timestamp, date or time.
  private func current(_ now: WallTime) throws(ValueError) -> BoundValue {
    guard let instant = Instant(seconds: now.seconds, nanoseconds: now.nanoseconds) else {
      throw ValueError(BoundValue.timestampRange)
    }
    return switch scalar {
    case .date: .date(instant.dayAndTime.day)
    case .time: .time(instant.dayAndTime.nanoseconds)
    default: .timestamp(instant)
    }
  }
}
