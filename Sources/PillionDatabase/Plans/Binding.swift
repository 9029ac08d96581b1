package import PillionSchema
package import PillionWire

/// One request field whose value cannot be stored, and why.
package struct FieldViolation: Sendable, Hashable {
  /// The field's path in the request.
  package var field: String
  package var description: String

  package init(field: String, description: String) {
    self.field = field
    self.description = description
  }
}

/// Where one parameter of a plan comes from.
///
/// A class, as each call takes hold of it: one reference costs less than copies of its parts.
final class Binding: Sendable {
  enum Source: Sendable {
    /// Index into the request message's slots.
    case slot(Int, absent: Absent)
    case value(DefaultValue)
  }

  /// What a field that is not on the wire means.
  enum Absent: Sendable {
    /// The type's zero, as proto3 has it for a field without presence.
    case zero
    case value(DefaultValue)
    /// A violation.
    case required
  }

  let codec: FieldCodec
  let source: Source
  /// The request field, for violations.
  let name: String
  /// The enum whose numbers the slot holds.
  let enumeration: EnumShape?

  init(codec: FieldCodec, source: Source, name: String, enumeration: EnumShape? = nil) {
    self.codec = codec
    self.source = source
    self.name = name
    self.enumeration = enumeration
  }

  /// Appends the value; a value that cannot be stored becomes a violation, with NULL in its place.
  func bind(
    _ message: borrowing DecodedMessage, now: () -> WallTime, to parameters: inout Parameters,
    violations: inout [FieldViolation]
  ) {
    do throws(ValueError) {
      switch source {
      case .value(let value):
        try bind(value, now: now(), to: &parameters)
      case .slot(let index, let absent):
        let slot = message.slots[index]
        switch (slot.state, absent) {
        case (.null, _): parameters.appendNull()
        case (.absent, .value(let value)): try bind(value, now: now(), to: &parameters)
        case (.absent, .required): throw ValueError("is required")
        case (_, _) where enumeration != nil: try bindChoice(slot, to: &parameters)
        case (_, _): try codec.bind(slot, of: message, to: &parameters)
        }
      }
    } catch {
      violations.append(FieldViolation(field: name, description: error.message))
      parameters.appendNull()
    }
  }

  /// Stores what the enum's number stands for; zero, also where nothing was sent, stands for nothing.
  private func bindChoice(_ slot: Slot, to parameters: inout Parameters) throws(ValueError) {
    let number = slot.state == .present ? Int64(bitPattern: slot.word) : 0
    guard let enumeration, let choice = enumeration.choice(number) else {
      throw ValueError(number == 0 ? "must be set, to another value than the enum's zero" : "is not one of the choices")
    }
    let value: DefaultValue =
      switch choice {
      case .int(let number): .int(number)
      case .text(let text): .text(text)
      }
    try codec.bind(value, now: WallTime(seconds: 0, nanoseconds: 0), to: &parameters)
  }

  private func bind(_ value: DefaultValue, now: WallTime, to parameters: inout Parameters) throws(ValueError) {
    if case .null = value { return parameters.appendNull() }
    try codec.bind(value, now: now, to: &parameters)
  }
}

extension Binding {
  /// A lookup value: plain on the wire, so its absence is the zero.
  static func lookups(_ sql: ModelSQL, in message: MessageShape) -> [Binding] {
    sql.model.lookupFields.compactMap { field in
      guard let slot = message.fields.firstIndex(where: { $0.source == .field(field) }) else { return nil }
      return Binding(
        codec: sql.codec(field), source: .slot(slot, absent: .zero), name: message.fields[slot].name,
        enumeration: message.fields[slot].enumeration)
    }
  }

  /// A field of the model's message in Create or Update.
  static func value(_ sql: ModelSQL, field: Int, slot: Int, in message: MessageShape, replacing: Bool) -> Binding {
    let definition = sql.model.fields[field]
    let shape = message.fields[slot]
    let absent: Absent
    if definition.isNullable && !definition.type.isRepeated {
      absent = .value(replacing ? .null : definition.defaultValue ?? .null)
    } else if let value = definition.defaultValue, !definition.type.isRepeated {
      absent = .value(value)
    } else if case .wellKnown = shape.type, shape.label != .repeated {
      absent = .required
    } else {
      absent = .zero
    }
    return Binding(
      codec: sql.codec(field), source: .slot(slot, absent: absent), name: shape.name,
      enumeration: shape.enumeration)
  }
}

/// An operation ready for a driver.
package struct BoundOperation: Sendable {
  package var steps: [Step]
  package var parameters: Parameters
  /// Whether it may change the database; SQLite sends it to the writer lane, PostgreSQL gives it a Sync of its own.
  package var isWrite: Bool
  /// Whether the caller must not learn what a new row collides with: its row filter looks at what only the database fills
  /// in, so that nobody knows whether the caller might have seen it.
  package var hidesConflicts = false
  /// What of the answer goes out once a program has seen it; nil: all of it.
  package var mask: MessageMask?
}

/// One unary action of one model: what to do with a request, settled when the schema loads.
///
/// Of classes, as each call takes hold of it.
package protocol UnaryPlan: AnyObject, Sendable {
  /// The request's message.
  var request: MessageShape { get }

  /// Binds a decoded request; adds every violation it finds, and returns nil if there were any.
  ///
  /// - Parameters:
  ///   - caller: the caller's values in row filters; nil where there are none.
  ///   - now: asked by what writes times.
  func bind(
    _ message: borrowing DecodedMessage, caller: Parameters?, now: () -> WallTime, violations: inout [FieldViolation]
  ) -> BoundOperation?
}
