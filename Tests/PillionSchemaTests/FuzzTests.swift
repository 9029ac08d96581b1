import PillionSchema
import Testing

/// Mutated definitions: the loader never traps, and says what is wrong whenever it gives no schema.
@Suite struct FuzzTests {
  @Test func mutatedDefinitionsNeverTrap() {
    var random = SplitMix64(state: 0x5EED)
    let seeds = [SchemaTests.blog] + FieldMistakesTests.all.prefix(60).map(\.yaml) + ModelMistakesTests.all.map(\.yaml)
    let tokens = FuzzTests.tokens
    var accepted = 0
    for round in 0..<20_000 {
      // The large example a quarter of the time.
      let seed = round % 4 == 0 ? seeds[0] : seeds[Int(random.next(below: seeds.count))]
      var text = Array(seed.unicodeScalars)
      for _ in 0...random.next(below: 4) { mutate(&text, tokens, &random) }
      let yaml = String(String.UnicodeScalarView(text))
      // Sometimes next to a file that is right.
      let others = round % 8 == 0 ? [(path: "other.yaml", text: SchemaTests.blog)] : []
      let (schema, diagnostics) = SchemaLoader.load(files: [("fuzz.yaml", yaml)] + others)
      let hasErrors = diagnostics.contains { $0.severity == .error }
      guard hasErrors == (schema == nil) else {
        Issue.record("round \(round): \(yaml)")
        return
      }
      if schema != nil { accepted += 1 }
      // Whatever is accepted is whole: every index leads somewhere, every shape can be made.
      if let schema, let problem = FuzzTests.problem(in: schema) {
        Issue.record("round \(round): \(problem)\n\(yaml)")
        return
      }
    }
    #expect(accepted > 100, "mutations that hit nothing are to be among them")
  }

  static let tokens =
    ScalarType.allCases.map(\.rawValue)
    + [
      "foreign_key", "many_to_many", "array", "model", "primary_key", "true", "false", "null", "~", "- ", ": ", "{",
      "}",
      "[", "]", "*a", "&a ", "'", "\"", "\n", "\n  ", "\t", "#", "|\n", ">", "---\n", "...", "%", "!!str ", "?", "<<: ",
      "0", "-1", "1e999",
      "99999999999999999999", "0x", "now", "Post", "User", "Tag", "id", "title", "service", "fields", "choices",
      "default", "\u{FEFF}",
      "\u{0}", "\u{E000}", "é", "\r", "\u{2028}", "auto_now", "regex: '(?<='", "min", "max", "storage", "items",
      "ordering", "-",
    ]

  private func mutate(_ text: inout [Unicode.Scalar], _ tokens: [String], _ random: inout SplitMix64) {
    let place = random.next(below: text.count + 1)
    switch random.next(below: 6) {
    case 0:
      text.insert(contentsOf: tokens[random.next(below: tokens.count)].unicodeScalars, at: place)
    case 1:
      text.removeSubrange(place..<min(text.count, place + random.next(below: 12)))
    case 2:
      let end = min(text.count, place + random.next(below: 40))
      text.insert(contentsOf: text[place..<end], at: random.next(below: text.count + 1))
    case 3:
      // A word becomes another word.
      let start = text[place...].firstIndex { $0.properties.isAlphabetic } ?? text.count
      let end = text[start...].firstIndex { !$0.properties.isAlphabetic && $0 != "_" } ?? text.count
      text.replaceSubrange(start..<end, with: tokens[random.next(below: tokens.count)].unicodeScalars)
    case 4:
      // A whole line again, somewhere else.
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      let line = lines[random.next(below: lines.count)]
      let position = lines[..<random.next(below: lines.count)].reduce(0) { $0 + $1.count + 1 }
      text.insert(contentsOf: line + ["\n"], at: min(position, text.count))
    default:
      if place < text.count, let scalar = Unicode.Scalar(UInt32(random.next(below: 128))) { text[place] = scalar }
    }
  }

  /// What later stages would trip over.
  private static func problem(in schema: Schema) -> String? {
    for (index, model) in schema.models.enumerated() {
      guard model.index == index, !model.fields.isEmpty else { return "model \(index)" }
      let fields = model.fields.indices
      let used =
        model.primaryKey
        + model.views.flatMap { view in view.service.fields + (view.service.lookupField.map { [$0] } ?? []) }
      guard used.allSatisfy(fields.contains) else { return "field of \(model.name)" }
      for term in model.ordering {
        let names = schema.text(of: term.path, from: model).split(separator: ".")
        guard names.count == term.path.relations.count + 1 else { return "ordering of \(model.name)" }
      }
      for field in model.fields {
        switch field.type {
        case .foreignKey(let key):
          guard schema.models.indices.contains(key.model), schema.models[key.model].primaryKey == [key.field] else {
            return "target of \(field.name)"
          }
        case .manyToMany(let relation):
          guard schema.models.indices.contains(relation.model),
            schema.models[relation.model].primaryKey == [relation.field]
          else { return "target of \(field.name)" }
        case .reverse(let relation):
          guard schema.models.indices.contains(relation.model),
            case .foreignKey(let key) = schema.models[relation.model].fields[relation.field].type, key.model == index,
            relation.key.map({ schema.models[relation.model].primaryKey == [$0] }) ?? (field.expansion != nil)
          else { return "source of \(field.name)" }
        case .scalar, .array: break
        }
      }
      guard !model.lookupFields.isEmpty || model.service.actions == [.list] else { return "lookup of \(model.name)" }
      var numbers = FieldNumbers()
      let shape = ServiceShape(model: model, numbers: &numbers)
      for message in shape.messages where Set(message.fields.map(\.name)).count != message.fields.count {
        return "names in \(message.name)"
      }
      guard Set(shape.messages.map(\.name)).count == shape.messages.count else { return "messages of \(model.name)" }
    }
    return nil
  }
}

/// Sebastiano Vigna's splitmix64: small, seeded, the same everywhere.
struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// 0 if `limit` is 0.
  mutating func next(below limit: Int) -> Int { limit < 1 ? 0 : Int(next() % UInt64(limit)) }
}
