package import PillionSchema
package import PillionWire
import Synchronization

/// Create, Update and PartialUpdate: writes the columns and relations that a request holds and answers with the row.
///
/// Which parts a request holds differs from call to call, so the steps are made once for each set of parts that occurs
/// and found again by that set.
package final class WritePlan: UnaryPlan {
  enum Kind { case insert, update }

  /// A column or relation that may be written.
  struct Part: Sendable {
    enum Target: Sendable { case column, relation(ManyToMany) }
    enum Presence: Sendable {
      case always
      /// When this slot is not absent.
      case slot(Int)
      /// When this slot, a bool, is true.
      case flag(Int)
      /// When any other part is written: `auto_now` of a partial update.
      case withOthers
    }

    let field: Int
    let target: Target
    let presence: Presence
    let binding: Binding
  }

  private struct Prepared: Sendable {
    var steps: [Step]
    var hidesConflicts: Bool
  }

  package let request: MessageShape
  private let response: MessageShape
  private let sql: ModelSQL
  private let kind: Kind
  private let lookups: [Binding]
  private let parts: [Part]
  /// Values of the scopes of related models, whose rows the answer holds.
  private let relatedScopes: Parameters
  private let cache = Mutex<[PartSet: Prepared]>([:])
  /// Sets of parts whose steps are kept; the cache starts afresh beyond it.
  private static let cacheLimit = 512

  init(_ sql: ModelSQL, kind: Kind, request: MessageShape, response: MessageShape, parts: [Part]) {
    self.request = request
    self.response = response
    self.sql = sql
    self.kind = kind
    self.lookups = kind == .update ? Binding.lookups(sql, in: request) : []
    self.parts = parts
    relatedScopes = sql.select(response).relatedScopes
  }

  package func bind(
    _ message: borrowing DecodedMessage, caller: Parameters?, now: () -> WallTime, violations: inout [FieldViolation]
  ) -> BoundOperation? {
    var parameters = Parameters(capacity: lookups.count + parts.count)
    // All that a row says of the time is the same.
    let time = now()
    for lookup in lookups { lookup.bind(message, now: { time }, to: &parameters, violations: &violations) }
    if kind == .update, let scope = sql.scope { parameters.append(contentsOf: scope.parameters) }
    if let caller { parameters.append(contentsOf: caller) }

    var present = PartSet()
    for (index, part) in parts.enumerated() where isPresent(part, in: message) { present.insert(index) }
    if !present.isEmpty {
      for (index, part) in parts.enumerated() {
        if case .withOthers = part.presence { present.insert(index) }
      }
    }
    for (index, part) in parts.enumerated() where present.contains(index) {
      part.binding.bind(message, now: { time }, to: &parameters, violations: &violations)
    }
    guard violations.isEmpty else { return nil }
    parameters.append(contentsOf: relatedScopes)
    let isWrite = kind == .insert || !present.isEmpty
    let prepared = prepared(for: present)
    return BoundOperation(
      steps: prepared.steps, parameters: parameters, isWrite: isWrite, hidesConflicts: prepared.hidesConflicts)
  }

  private func isPresent(_ part: Part, in message: borrowing DecodedMessage) -> Bool {
    switch part.presence {
    case .always: true
    case .slot(let slot): message.slots[slot].state != .absent
    case .flag(let slot): message.slots[slot].word != 0
    case .withOthers: false
    }
  }

  private func prepared(for present: PartSet) -> Prepared {
    if let known = cache.withLock({ $0[present] }) { return known }
    var write = RowWrite()
    var parameter = kind == .update ? sql.lookupCount : sql.rows?.count ?? 0
    for (index, part) in parts.enumerated() where present.contains(index) {
      switch part.target {
      case .column: write.columns.append((part.field, parameter))
      case .relation(let relation): write.relations.append((part.field, relation, parameter))
      }
      parameter += 1
    }
    write.parameterCount = parameter
    let made = Prepared(
      steps: kind == .insert ? sql.insert(write, response) : sql.update(write, response),
      hidesConflicts: kind == .insert && !sql.isDecided(by: write))
    return cache.withLock { cache in
      // Two calls may have made the same steps at once: all use the first, so that its statements are prepared once.
      if let known = cache[present] { return known }
      if cache.count >= Self.cacheLimit { cache.removeAll(keepingCapacity: true) }
      cache[present] = made
      return made
    }
  }
}

/// A set of small indices.
struct PartSet: Hashable, Sendable {
  private var low: UInt64 = 0
  /// From 64 on.
  private var rest: Set<Int> = []

  var isEmpty: Bool { low == 0 && rest.isEmpty }

  mutating func insert(_ index: Int) {
    if index < 64 { low |= 1 << UInt64(index) } else { rest.insert(index) }
  }

  func contains(_ index: Int) -> Bool {
    index < 64 ? low & (1 << UInt64(index)) != 0 : rest.contains(index)
  }
}

extension WritePlan {
  static func create(_ sql: ModelSQL, message: MessageShape) -> WritePlan {
    let model = sql.model
    var parts: [Part] = []
    for (index, field) in model.fields.enumerated() {
      let slot = message.fields.firstIndex { $0.source == .field(index) }
      if let slot, model.isWritable(index) {
        var presence = Part.Presence.always
        if model.isGenerated(index) || isRelation(field) { presence = .slot(slot) }
        let binding = Binding.value(sql, field: index, slot: slot, in: message, replacing: false)
        parts.append(Part(field: index, target: target(field), presence: presence, binding: binding))
      } else if !isRelation(field), let value = valueOfCreate(field) {
        let binding = Binding(codec: sql.codec(index), source: .value(value), name: field.name)
        parts.append(Part(field: index, target: .column, presence: .always, binding: binding))
      }
    }
    return WritePlan(sql, kind: .insert, request: message, response: message, parts: parts)
  }

  static func update(_ sql: ModelSQL, message: MessageShape) -> WritePlan {
    let model = sql.model
    var parts: [Part] = []
    for (slot, shape) in message.fields.enumerated() {
      guard case .field(let index) = shape.source, model.isUpdatable(index) else { continue }
      let binding = Binding.value(sql, field: index, slot: slot, in: message, replacing: true)
      parts.append(Part(field: index, target: target(model.fields[index]), presence: .always, binding: binding))
    }
    return WritePlan(
      sql, kind: .update, request: message, response: message, parts: parts + timestamps(sql))
  }

  static func partialUpdate(_ sql: ModelSQL, request: MessageShape, response: MessageShape) -> WritePlan {
    let model = sql.model
    var parts: [Part] = []
    for (slot, shape) in request.fields.enumerated() {
      guard case .field(let index) = shape.source, model.isUpdatable(index) else { continue }
      let field = model.fields[index]
      var presence = Part.Presence.slot(slot)
      if field.type.isRepeated, let flag = request.fields.firstIndex(where: { $0.source == .isSet(index) }) {
        presence = .flag(flag)
      }
      let binding = Binding(
        codec: sql.codec(index), source: .slot(slot, absent: .zero), name: shape.name,
        enumeration: shape.enumeration)
      parts.append(Part(field: index, target: target(field), presence: presence, binding: binding))
    }
    return WritePlan(sql, kind: .update, request: request, response: response, parts: parts + timestamps(sql))
  }

  /// The `auto_now` columns of an update.
  private static func timestamps(_ sql: ModelSQL) -> [Part] {
    sql.model.fields.indices.filter { sql.model.fields[$0].isAutoNow }.map { index in
      let binding = Binding(codec: sql.codec(index), source: .value(.now), name: sql.model.fields[index].name)
      return Part(field: index, target: .column, presence: .withOthers, binding: binding)
    }
  }

  /// What Create writes to a field that its request cannot set.
  private static func valueOfCreate(_ field: Field) -> DefaultValue? {
    field.isAutoNow || field.isAutoNowAdd ? .now : field.defaultValue
  }

  private static func isRelation(_ field: Field) -> Bool {
    if case .manyToMany = field.type { true } else { false }
  }

  private static func target(_ field: Field) -> Part.Target {
    if case .manyToMany(let relation) = field.type { .relation(relation) } else { .column }
  }
}
