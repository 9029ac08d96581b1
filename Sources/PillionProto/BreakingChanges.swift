import PillionSchema

/// Rules on what a change of the definitions must not do to the clients that are out there.
enum BreakingChanges {
  /// The finding when a field in use changes its type, nil when clients do not notice.
  static func type(of field: ProtoField, in message: String, was locked: Lock.Field) -> Diagnostic? {
    guard !isSameOnWire(locked.type, field.lockType) else { return nil }
    return Diagnostic(
      at: field.location, "\(message).\(field.name): changed from \(locked.type) to \(field.lockType)",
      suggestion: "clients still send and expect \(locked.type); give the field its old type back or a new name")
  }
}

/// Whether every value of one type has the same bytes in the other: the same type, with or without `optional`, which
/// only adds that presence is seen.
func isSameOnWire(_ one: String, _ other: String) -> Bool {
  func withoutPresence(_ type: String) -> Substring { type.hasPrefix("optional ") ? type.dropFirst(9) : type[...] }
  return withoutPresence(one) == withoutPresence(other)
}
