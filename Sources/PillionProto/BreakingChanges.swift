import PillionSchema

/// Compares what the definitions make with what the lock knows to be out there.
struct BreakingChanges {
  /// One for each kind and place, in the order of the files.
  private(set) var found: [BreakingChange] = []
  private let lock: Lock

  /// - Parameter lock: with the renames that the definitions ask for.
  init(lock: Lock, files: [ProtoFile]) {
    self.lock = lock
    for file in files {
      for message in file.messages { compare(message, named: file.fullName(message.name)) }
      for enumeration in file.enums { compare(enumeration, named: file.fullName(enumeration.name)) }
    }
    for file in files {
      for service in file.services { compare(service, named: file.fullName(service.name)) }
    }
    findRemovedServices(files)
  }

  /// A field whose type changes in the model's message changes in its requests too: that is one change.
  private mutating func add(_ change: BreakingChange) {
    let isSame = { (other: BreakingChange) in
      other.place == change.place && (other.kind == change.kind || !other.spots.isEmpty && !change.spots.isEmpty)
    }
    if let index = found.firstIndex(where: isSame) {
      found[index].spots += change.spots
    } else {
      found.append(change)
    }
  }

  private mutating func compare(_ message: ProtoMessage, named name: String) {
    guard let locked = lock.messages[name], !locked.isReserved else { return }
    for field in message.fields {
      if let old = locked.field(field.name) {
        if old.number == field.number { compare(field, with: old, in: name) }
      } else if locked.hasUsed(field.name) {
        add(
          BreakingChange(
            kind: .fieldRestored, place: field.origin ?? "\(name).\(field.name)", location: field.location,
            change: "the name was reserved since a field with it was removed or renamed",
            effect: "a client that still sends JSON by the old definition means that field"))
      }
    }
    for old in locked.fields where !old.isReserved && message.lookups.contains(old.name) {
      guard !message.fields.contains(where: { $0.name == old.name }) else { continue }
      add(
        BreakingChange(
          kind: .lookupRemoved, place: "\(name).\(old.name)", location: message.location,
          change: "it no longer finds a row", effect: "what clients send in it is ignored",
          remedy: "leave out 'detail: false'"))
    }
    guard message.role == .retrieve || message.role == .destroy, let model = message.model else { return }
    for old in locked.fields where !old.isReserved && !message.fields.contains(where: { $0.name == old.name }) {
      add(
        BreakingChange(
          kind: .lookupRemoved, place: "\(model).\(old.name)", location: message.location,
          change: "it no longer finds a row",
          effect: "what clients send in it is ignored, and their calls fail",
          remedy: "keep 'lookup_field' and 'lookup_request_field' as they were"))
    }
  }

  private mutating func compare(_ field: ProtoField, with old: Lock.Field, in message: String) {
    let new = field.lockType
    guard !Lock.isSameOnWire(old.type, new) else { return }
    let isCardinality = Lock.element(of: old.type) == Lock.element(of: new)
    add(
      BreakingChange(
        kind: isCardinality ? .fieldCardinality : .fieldType, place: field.origin ?? "\(message).\(field.name)",
        location: field.location,
        change: isCardinality
          ? "it changes from \(old.type) to \(new)" : "its type changes from \(old.type) to \(new)",
        effect: "clients still send and expect \(old.type)",
        remedy: "give the field its old type back or a new name",
        spots: [BreakingChange.Spot(message: message, field: field.name)]))
  }

  private mutating func compare(_ enumeration: ProtoEnum, named name: String) {
    guard let locked = lock.enums[name], !locked.isReserved else { return }
    for value in enumeration.values where locked.fields.contains(where: { $0.name == value.name && $0.isReserved }) {
      add(
        BreakingChange(
          kind: .enumValueRestored, place: "\(name).\(value.name)", location: enumeration.location,
          change: "the value was removed and comes back, with the number that it had",
          effect: "clients made in between show it as a number"))
    }
  }

  private mutating func compare(_ service: ProtoService, named name: String) {
    guard let locked = lock.services[name], !locked.isReserved else { return }
    for (method, old) in locked.methods.sorted(by: { $0.key < $1.key }) where !old.isReserved {
      let place = "\(name).\(method)"
      func add(_ kind: BreakingChange.Kind, _ change: String, _ effect: String, _ remedy: String? = nil) {
        self.add(
          BreakingChange(
            kind: kind, place: place, location: service.location, change: change, effect: effect, remedy: remedy))
      }
      guard let new = service.methods.first(where: { $0.name == method }) else {
        let list = Action(rawValue: method) == nil ? "methods" : "actions"
        add(.rpcRemoved, "the rpc is gone", "its callers get UNIMPLEMENTED", "keep \(method) in '\(list)'")
        continue
      }
      if old.request != new.request.description {
        add(
          .rpcRequest, "its request changes from \(old.request) to \(new.request)",
          "clients send a message of another type")
      }
      if old.response != new.response.description {
        add(
          .rpcResponse, "its response changes from \(old.response) to \(new.response)",
          "clients read a message of another type")
      }
      if old.isServerStreaming != new.isServerStreaming {
        let forms = ["one message", "a stream"]
        add(
          .rpcStreaming,
          "it answers with \(forms[new.isServerStreaming ? 1 : 0]) instead of \(forms[old.isServerStreaming ? 1 : 0])",
          "clients made before cannot read the answer")
      }
    }
  }

  private mutating func findRemovedServices(_ files: [ProtoFile]) {
    let names = Set(files.flatMap { file in file.services.map { file.fullName($0.name) } })
    for (name, service) in lock.services.sorted(by: { $0.key < $1.key })
    where !service.isReserved && !names.contains(name) {
      let short = name.split(separator: ".").last ?? ""
      add(
        BreakingChange(
          kind: .serviceRemoved, place: name, location: lock.location(ofService: name),
          change: "the service is gone", effect: "its callers get UNIMPLEMENTED",
          remedy: "bring its model back, or give the service its name: 'service: { name: \(short) }'"))
    }
  }
}

extension Lock {
  /// Whether every value of one type has the same bytes in the other: the same type, with or without `optional`, which
  /// only adds that presence is seen.
  static func isSameOnWire(_ one: String, _ other: String) -> Bool {
    one.hasPrefix("repeated ") == other.hasPrefix("repeated ") && element(of: one) == element(of: other)
  }

  /// The type without its label: `int32` of `repeated int32`.
  static func element(of type: String) -> Substring {
    type.split(separator: " ").last ?? ""
  }
}
