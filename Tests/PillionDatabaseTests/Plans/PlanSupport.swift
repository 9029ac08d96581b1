import PillionDatabase
import PillionQuery
import PillionSchema
import PillionWire
import Testing

/// A value of a request field, before its field says how it is wired.
enum PlanValue: Sendable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
  case int(Int64)
  case text(String)
  case null
  case list([PlanValue])

  init(integerLiteral value: Int64) { self = .int(value) }
  init(stringLiteral value: String) { self = .text(value) }
  init(nilLiteral: ()) { self = .null }
}

extension PlanValue: ExpressibleByArrayLiteral {
  init(arrayLiteral elements: PlanValue...) { self = .list(elements) }
}

typealias PlanRequest = KeyValuePairs<String, PlanValue>

/// The plans of one model of a definition, on one dialect.
struct PlanFixture {
  let schema: Schema
  let model: Model
  let shape: ServiceShape
  let plans: ModelPlans
  let filtered: FilteredPlans
  /// The caller's values in row filters.
  let caller: Parameters?
  let dialect: Dialect
  /// 2024-02-29T12:00:00Z
  static let now = WallTime(seconds: 1_709_208_000, nanoseconds: 0)

  /// - Parameters:
  ///   - filters: row filters by the names of models.
  ///   - claims: of the caller, whose name is their `sub`.
  ///   - isPresented: whether a program changes rows on their way out.
  ///   - isOfRecords: whether the plans are those by which code asks for the rows.
  init(
    _ yaml: String, model name: String = "Post", on dialect: Dialect, filters: [String: String] = [:],
    claims: [String: ClaimValue] = [:], isPresented: Bool = false, isOfRecords: Bool = false
  ) throws {
    let (schema, diagnostics) = SchemaLoader.load(files: [("blog.yaml", yaml)])
    let loaded = try #require(schema, "\(diagnostics)")
    self.schema = loaded
    model = try #require(self.schema.model(named: name))
    var numbers = FieldNumbers()
    let shapes = self.schema.models.map { ServiceShape(model: $0, numbers: &numbers) }
    shape = isOfRecords ? shapes[model.index].ofRecords([.list]) : shapes[model.index]
    let scopes = try self.schema.models.map { model in
      try model.service.filter.flatMap {
        try Filter.parse($0.value, model: model, schema: loaded, limits: FilterLimits(), isTrusted: true)
      }
    }
    let relations = RelatedModels(shapes: shapes, scopes: scopes)
    self.dialect = dialect
    let (shape, model, known) = (shape, model, self.schema)
    let rows = try known.models.map { model in
      try filters[model.name].map { try RowFilter.parse($0, model: model, schema: known) }
    }
    let make: @Sendable ([Int: Predicate]?, Predicate?) -> ModelPlans = { rows, base in
      ModelPlans(
        model: model, schema: known, shape: shape, dialect: dialect, scope: scopes[model.index], relations: relations,
        rows: rows, base: base, isPresented: isPresented)
    }
    filtered = FilteredPlans(model: model, schema: known, filters: rows, make: make)
    let access = filtered.access(for: Caller(identity: Identity(principal: "x", claims: claims), address: ""))
    plans = filtered.hasRowFilters ? access.plans : make(nil, nil)
    caller = filtered.hasRowFilters ? access.values : nil
  }

  /// What an action does with a request; nil when it finds violations, which are then in `violations`.
  func bind(
    _ action: Action, _ request: PlanRequest, violations: inout [FieldViolation]
  ) throws -> BoundOperation? {
    let plan = try #require(plans.unary[action])
    let bytes = try planWire(request, plan.request)
    var message = DecodedMessage()
    return try bytes.withUnsafeBytes { bytes in
      try RequestDecoder(shape: plan.request).decode(bytes, into: &message)
      return plan.bind(message, caller: caller, now: { Self.now }, violations: &violations)
    }
  }

  func operation(_ action: Action, _ request: PlanRequest) throws -> BoundOperation {
    var violations: [FieldViolation] = []
    let operation = try bind(action, request, violations: &violations)
    return try #require(operation, "\(violations)")
  }

  /// Every step as `SQL <- parameters`.
  func steps(_ action: Action, _ request: PlanRequest) throws -> [String] {
    let operation = try operation(action, request)
    return operation.steps.map { step in
      var values = step.parameters.map { operation.parameters.described($0) }
      if step.takesCapture { values.append("captured") }
      return step.statement.sql + " <- " + values.joined(separator: ", ")
    }
  }

  /// `name: description` of every violation.
  func violations(_ action: Action, _ request: PlanRequest) throws -> [String] {
    var violations: [FieldViolation] = []
    let operation = try bind(action, request, violations: &violations)
    #expect((operation == nil) == !violations.isEmpty)
    return violations.map { "\($0.field): \($0.description)" }
  }

  func list(_ order: [(String, Bool)]? = nil, limit: Int32? = nil) throws -> (Statement, Parameters) {
    let bound = try bound(order, limit: limit)
    return (bound.statement, bound.parameters)
  }

  func bound(_ order: [(String, Bool)]? = nil, limit: Int32? = nil) throws -> BoundList {
    let plan = try #require(plans.list)
    let terms = try order?.map { OrderTerm(field: try #require(model.fieldIndex($0)), descending: $1) }
    var query = ListQuery()
    query.order = terms
    query.limit = limit.map(Int.init)
    return try plan.bind(query, caller: caller)
  }
}

extension Parameters {
  /// `12`, `'text'`, `x'00ff'` or `NULL`.
  func described(_ index: Int) -> String {
    let entry = entries[index]
    let content = bytes[entry.start..<entry.start + entry.count]
    return switch entry.kind {
    case .null: "NULL"
    case .integer: "\(Int64(bitPattern: entry.word))"
    case .real: "\(Double(bitPattern: entry.word))"
    case .text: "'\(String(decoding: content, as: UTF8.self))'"
    case .binary: "x'\(valuesHex(content))'"
    }
  }
}

/// A request's bytes.
func planWire(_ request: PlanRequest, _ shape: MessageShape) throws -> [UInt8] {
  var writer = PlanWriter()
  for (name, value) in request {
    let field = try #require(shape.fields.first { $0.name == name }, "\(shape.name) has no field \(name)")
    if case .list(let items) = value {
      for item in items { writer.append(item, field.number) }
      continue
    }
    switch field.type {
    case .scalar: writer.append(value, field.number)
    case .wrapper, .nullable:
      var inner = PlanWriter()
      if case .null = value { inner.append(.int(0), 2) } else { inner.append(value, 1) }
      writer.append(bytes: inner.bytes, field.number)
    case .wellKnown, .message, .imported:
      // Seconds of a Timestamp.
      var inner = PlanWriter()
      inner.append(value, 1)
      writer.append(bytes: inner.bytes, field.number)
    }
  }
  return writer.bytes
}

private struct PlanWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ value: PlanValue, _ number: Int32) {
    switch value {
    case .int(let integer):
      append(varint: UInt64(number) << 3)
      append(varint: UInt64(bitPattern: integer))
    case .text(let text): append(bytes: Array(text.utf8), number)
    case .null, .list: break
    }
  }

  mutating func append(bytes content: [UInt8], _ number: Int32) {
    append(varint: UInt64(number) << 3 | 2)
    append(varint: UInt64(content.count))
    bytes += content
  }

  private mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

extension PlanFixture {
  /// A model's message as one text a field: a number, a text, seconds of a timestamp, `null`, `[items]`.
  func text(of bytes: ArraySlice<UInt8>) throws -> [String] {
    let message = shape.messages[0]
    var decoded = DecodedMessage()
    return try Array(bytes).withUnsafeBytes { bytes in
      try RequestDecoder(shape: message).decode(bytes, into: &decoded)
      return message.fields.enumerated().map { index, field in
        guard case .field(let number) = field.source else { return "" }
        let slot = decoded.slots[index]
        func text(_ slot: Slot) -> String {
          switch (model.fields[number].protoElement, slot.state) {
          case (_, .null): "null"
          case (.scalar(.string), _), (.scalar(.bytes), _):
            decoded.withBytes(of: slot) { String(decoding: $0, as: UTF8.self) }
          default: "\(Int64(bitPattern: slot.word))"
          }
        }
        guard field.label == .repeated else { return text(slot) }
        return "[" + decoded.elements[slot.start..<slot.start + slot.count].map(text).joined(separator: ", ") + "]"
      }
    }
  }
}
