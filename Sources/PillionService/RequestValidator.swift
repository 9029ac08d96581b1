import PillionDatabase
import PillionSchema
import PillionWire

/// Checks the options of a model's fields (lengths, bounds, choices, patterns) against a decoded request.
///
/// Whether a text is a date, a decimal and so on is found when its value is bound; null values are not looked at.
struct RequestValidator: Sendable {
  private struct Check: Sendable {
    let slot: Int
    let name: String
    /// Whether a field that is not on the wire holds its type's zero, as proto3 has it.
    let absentIsZero: Bool
    /// The slot that says whether a repeated field of a partial update counts.
    let flag: Int?
    let isRepeated: Bool
    let rules: [FieldRule]
  }

  private let checks: [Check]

  init(request: MessageShape, model: Model) {
    checks = request.fields.enumerated().compactMap { slot, shape in
      // A lookup value only finds a row: one that breaks the rules finds none.
      guard case .field(let index) = shape.source, model.isWritable(index),
        request.role == .model || !model.lookupFields.contains(index)
      else { return nil }
      // A number of an enum is a choice, or it cannot be bound.
      guard shape.enumeration == nil else { return nil }
      let rules = FieldRule.rules(of: model.fields[index])
      guard !rules.isEmpty else { return nil }
      var absentIsZero = shape.label == .repeated
      if case .scalar = shape.type, shape.label == .implicit { absentIsZero = true }
      return Check(
        slot: slot, name: shape.name, absentIsZero: absentIsZero,
        flag: request.fields.firstIndex { $0.source == .isSet(index) }, isRepeated: shape.label == .repeated,
        rules: rules)
    }
  }

  func validate(_ message: DecodedMessage, violations: inout [FieldViolation]) {
    for check in checks {
      if let flag = check.flag, message.slots[flag].word == 0 { continue }
      let slot = message.slots[check.slot]
      guard slot.state == .present || (slot.state == .absent && check.absentIsZero) else { continue }
      for rule in check.rules {
        let problem =
          check.isRepeated ? rule.problem(withItems: slot, in: message) : rule.problem(with: slot, in: message)
        if let problem { violations.append(FieldViolation(field: check.name, description: problem)) }
      }
    }
  }
}
