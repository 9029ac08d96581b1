import PillionProto
import PillionSchema
import Testing

/// Random lives of schemas: whatever people do to the definitions, a number means one field for ever.
struct LockHistoryTests {
  @Test("1,000 random histories: no number is used twice, no field changes its number", arguments: 0..<20)
  func histories(batch: UInt64) {
    var accepted = 0
    var problems: [String] = []
    for history in 0..<50 {
      let seed = batch &* 1_000 &+ UInt64(history)
      var life = Life(random: SplitMix(state: seed))
      life.run()
      accepted += life.accepted
      problems += life.problems.map { "seed \(seed): \($0)" }
    }
    #expect(problems == [])
    // Of 400 edits some are refused and taken back.
    #expect(accepted > 200)
  }
}

/// One history: edits, and a ledger of every number that was ever given out.
private struct Life {
  var random: SplitMix
  var problems: [String] = []
  var accepted = 0
  private var lock = Lock()
  /// `message/number` to `name type`.
  private var owners: [String: String] = [:]
  /// `message/name type` to number.
  private var numbers: [String: Int32] = [:]

  init(random: SplitMix) { self.random = random }

  mutating func run() {
    var models = [randomModel("Alpha"), randomModel("Beta")]
    for _ in 0..<8 {
      let before = models
      edit(&models)
      var protos = ProtoGenerator(schema: schema(models), lock: lock).generate()
      if protos.hasErrors {
        // Somebody broke clients: told so, and either takes it back or means it.
        let refused = protos.diagnostics.filter { $0.severity == .error }.map(\.message)
        problems += refused.filter { !$0.hasPrefix("breaking change ") }
        if Bool.random(using: &random) {
          models = before
          continue
        }
        let accepted = Set(protos.changes.filter(\.kind.isRefused).map(\.id))
        protos = ProtoGenerator(schema: schema(models), lock: lock, accepting: accepted).generate()
        if protos.hasErrors { problems.append("what is accepted is refused: \(protos.diagnostics)") }
      }
      accepted += 1
      lock = protos.lock
      for file in protos.protoFiles {
        for message in file.messages { enter(message, named: file.fullName(message.name)) }
      }
      let (parsed, findings) = Lock.parse(lock.text, file: Lock.fileName)
      if !findings.isEmpty || parsed != lock { problems.append("the lock is not read back as it was") }
      if Int.random(in: 0..<4, using: &random) == 0 {
        let again = ProtoGenerator(schema: schema(models), lock: parsed).generate()
        if !again.changes.isEmpty { problems.append("breaks what is accepted: \(again.changes)") }
        if again.lock != lock || again.files.map(\.text) != protos.files.map(\.text) { problems.append("not stable") }
      }
    }
    for (place, owner) in owners {
      let parts = place.split(separator: "/")
      let field = lock.messages[String(parts[0])]?.fields.first { String($0.number) == parts[1] }
      if field.map({ "\($0.name) \(plain($0.type))" }) != owner { problems.append("\(place) is lost") }
    }
  }

  private func plain(_ type: String) -> String { type.hasPrefix("optional ") ? String(type.dropFirst(9)) : type }

  private mutating func enter(_ message: ProtoMessage, named name: String) {
    let numbersHere = Set(message.fields.map(\.number))
    if numbersHere.count != message.fields.count { problems.append("\(name) has a number twice") }
    if !numbersHere.isDisjoint(with: message.reservedNumbers) { problems.append("\(name) uses a reserved number") }
    if !Set(message.fields.map(\.name)).isDisjoint(with: message.reservedNames) {
      problems.append("\(name) uses a reserved name")
    }
    for field in message.fields {
      let owner = "\(field.name) \(plain(field.lockType))"
      let other = owners.updateValue(owner, forKey: "\(name)/\(field.number)")
      if let other, other != owner { problems.append("\(name): \(field.number) was \(other), is \(owner)") }
      let number = numbers.updateValue(field.number, forKey: "\(name)/\(owner)")
      if let number, number != field.number { problems.append("\(name): \(owner) was \(number), is \(field.number)") }
    }
  }

  private static let names = ["a", "b", "c", "d", "e", "f", "g", "h"]

  private mutating func randomField(not taken: [Field]) -> Field? {
    let free = Self.names.filter { name in !taken.contains { $0.name == name } }
    guard let name = free.randomElement(using: &random) else { return nil }
    if Int.random(in: 0..<5, using: &random) == 0 { return manyToMany(name, model: 0) }
    let type = [ScalarType.int32, .string, .timestamp].randomElement(using: &random) ?? .string
    return field(name, type, null: Bool.random(using: &random))
  }

  private mutating func randomModel(_ name: String) -> Model {
    var fields = [field("id", .int64)]
    for _ in 0..<Int.random(in: 0..<5, using: &random) {
      if let field = randomField(not: fields) { fields.append(field) }
    }
    return model(name, fields)
  }

  private mutating func edit(_ models: inout [Model]) {
    guard let index = models.indices.randomElement(using: &random) else {
      models.append(randomModel("Alpha"))
      return
    }
    var fields = models[index].fields
    var model = models[index]
    switch Int.random(in: 0..<11, using: &random) {
    case 0, 1, 2:
      if let new = randomField(not: fields) {
        fields.insert(new, at: Int.random(in: 1...fields.count, using: &random))
      }
    case 3 where fields.count > 1, 4 where fields.count > 1:
      fields.remove(at: Int.random(in: 1..<fields.count, using: &random))
    case 5 where fields.count > 1:
      let renamed = Int.random(in: 1..<fields.count, using: &random)
      if let new = randomField(not: fields) { fields[renamed].name = new.name }
    case 6:
      fields = [fields[0]] + fields.dropFirst().shuffled(using: &random)
    case 7 where fields.count > 1:
      fields[Int.random(in: 1..<fields.count, using: &random)].isReadOnly.toggle()
    case 8 where fields.count > 1:
      fields[Int.random(in: 1..<fields.count, using: &random)].isNullable.toggle()
    case 9:
      model.service.actions = Action.allCases.filter { _ in Bool.random(using: &random) }
      model.service.lookupRequestField = [nil, "pk", "key"].randomElement(using: &random) ?? nil
      model.service.nullStyle = NullStyle.allCases.randomElement(using: &random) ?? .oneof
    case 10:
      let name = ["Alpha", "Beta", "Gamma"].randomElement(using: &random) ?? "Gamma"
      if let there = models.firstIndex(where: { $0.name == name }) {
        models.remove(at: there)
      } else {
        models.append(randomModel(name))
      }
      return
    default: return
    }
    model.fields = fields
    model.service.fields = Array(fields.indices)
    models[index] = model
  }
}

/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators": the same numbers on every machine.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
