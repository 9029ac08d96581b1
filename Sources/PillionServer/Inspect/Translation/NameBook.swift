import PillionSchema

/// Gives out names that are not taken, so that the same tables get the same names in every run.
struct NameBook {
  private var taken: Set<String> = []

  /// The first of `name`, `name2`, `name3`… whose claims are all free; they are taken then.
  mutating func take(_ name: String, separator: String, claims: (String) -> [String]) -> String {
    var candidate = name
    var number = 1
    while !taken.isDisjoint(with: claims(candidate)) {
      number += 1
      candidate = "\(name)\(separator)\(number)"
    }
    taken.formUnion(claims(candidate))
    return candidate
  }

  mutating func reserve(_ claims: [String]) { taken.formUnion(claims) }

  func isFree(_ claims: [String]) -> Bool { taken.isDisjoint(with: claims) }

  /// What a model needs in its proto package: its message, its requests and its service.
  static func claims(ofModel name: String, service: String) -> [String] {
    [name, service] + ["List", "Retrieve", "PartialUpdate", "Destroy"].map { "\(name)\($0)Request" }
  }

  /// What a field needs in its messages: names that differ in underscores only are one to protobuf's JSON.
  static func claims(ofField name: String, isRepeated: Bool) -> [String] {
    [Identifier.jsonKey(name)] + (isRepeated ? [Identifier.jsonKey("is_\(name)_set")] : [])
  }

  /// Messages that a package may get for nullable fields.
  static let nullables: [String] =
    [
      "Bool", "Int32", "Int64", "Uint32", "Uint64", "Float", "Double", "String", "Bytes", "Timestamp", "Duration",
      "Value",
    ].map { "Nullable" + $0 }
}
