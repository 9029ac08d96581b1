import PillionDatabase
import PillionSchema
import PillionWire

/// Checks the options of a model's fields (lengths, bounds, choices, patterns) against a decoded request.
///
/// Whether a text is a date, a decimal and so on is found when its value is bound; null values are not looked at.
///
/// A class, as each call takes hold of it: one reference costs less than copies of its parts.
final class RequestValidator: Sendable {
  fileprivate struct Check: Sendable {
    let slot: Int
    let name: String
    /// Whether a field that is not on the wire holds its type's zero, as proto3 has it.
    let absentIsZero: Bool
    /// The slot that says whether a repeated field of a partial update counts.
    let flag: Int?
    let isRepeated: Bool
    let rules: [FieldRule]
    /// Of a field that no column holds: what would store its values reads them, to say whether they are any.
    var form: FieldCodec?
  }

  private let checks: [Check]

  init(request: MessageShape, model: Model) {
    checks = request.fields.enumerated().compactMap { slot, shape in
      if case .ownField(let index) = shape.source, request.ownFields.indices.contains(index) {
        return Check(ownField: request.ownFields[index], slot: slot, shape)
      }
      // A lookup value only finds a row: one that breaks the rules finds none.
      guard case .field(let index) = shape.source, model.isWritable(index),
        request.role == .model || !model.lookupFields.contains(index)
      else { return nil }
      // A number of an enum is a choice, or it cannot be bound.
      guard shape.enumeration == nil else { return nil }
      let rules = FieldRule.rules(of: model.fields[index])
      guard !rules.isEmpty else { return nil }
      return Check(
        slot: slot, name: shape.name, absentIsZero: shape.absentIsZero,
        flag: request.fields.firstIndex { $0.source == .isSet(index) }, isRepeated: shape.label == .repeated,
        rules: rules)
    }
  }

  /// Whether it lets everything pass.
  var isEmpty: Bool { checks.isEmpty }

  func validate(_ message: borrowing DecodedMessage, violations: inout [FieldViolation]) {
    if checks.isEmpty { return }
    for check in checks {
      if let flag = check.flag, message.slots[flag].word == 0 { continue }
      let slot = message.slots[check.slot]
      guard slot.state == .present || (slot.state == .absent && check.absentIsZero) else {
        if slot.state == .absent, let form = check.form, !form.field.isNullable {
          violations.append(FieldViolation(field: check.name, description: "is required"))
        }
        continue
      }
      if let form = check.form {
        do throws(ValueError) {
          var parameters = Parameters()
          try form.bind(slot, of: message, to: &parameters)
        } catch {
          violations.append(FieldViolation(field: check.name, description: error.message))
          continue
        }
      }
      for rule in check.rules {
        let problem =
          check.isRepeated ? rule.problem(withItems: slot, in: message) : rule.problem(with: slot, in: message)
        if let problem { violations.append(FieldViolation(field: check.name, description: problem)) }
      }
    }
  }
}

extension RequestValidator.Check {
  /// A field of a method's request, which nothing binds: null aside, its value must be one of its type.
  fileprivate init?(ownField field: Field, slot: Int, _ shape: FieldShape) {
    var rules = FieldRule.rules(of: field)
    if let enumeration = shape.enumeration {
      rules = [.intChoices(Set(enumeration.values.map { Int64($0.number) }))]
    }
    let form = field.type.scalar.hasForm ? FieldCodec(field: field, dialect: .postgresql) : nil
    if rules.isEmpty, form == nil { return nil }
    self.init(
      slot: slot, name: shape.name, absentIsZero: shape.absentIsZero, flag: nil,
      isRepeated: shape.label == .repeated, rules: rules,
      form: form)
  }
}

extension ScalarType {
  /// Whether some values of the proto type are none of this type.
  fileprivate var hasForm: Bool {
    switch self {
    case .timestamp, .date, .time, .duration, .decimal, .uuid, .json: true
    case .bool, .int32, .int64, .uint32, .uint64, .float, .double, .string, .bytes: false
    }
  }
}

extension FieldShape {
  /// Whether the field holds its type's zero where it is not on the wire.
  fileprivate var absentIsZero: Bool {
    if case .scalar = type, label == .implicit { return true }
    return label == .repeated
  }
}
