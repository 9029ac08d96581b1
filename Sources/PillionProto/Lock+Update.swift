import PillionSchema

extension Lock {
  /// Records what `files` have: new fields and rpcs are added, those that are gone become tombstones.
  ///
  /// - Returns: what no definition can bring about: a number that belongs to another field, which the lock keeps, and
  ///   one that is out of range.
  mutating func update(to files: [ProtoFile]) -> [Diagnostic] {
    var diagnostics: [Diagnostic] = []
    var messages = messages.mapValues(\.buried)
    var services = services.mapValues(\.buried)
    for file in files {
      for message in file.messages {
        let name = file.fullName(message.name)
        var locked = messages[name] ?? Message()
        locked.isReserved = false
        let before = self.messages[name] ?? Message()
        let isNew = self.messages[name].map(\.isReserved) ?? true
        // A lock that does not know the model takes its `was` at its word.
        if isNew, let was = message.was, !locked.formerNames.contains(was) { locked.formerNames.append(was) }
        for field in message.fields {
          locked.use(field, of: name, before: before, isNew: isNew, diagnostics: &diagnostics)
        }
        messages[name] = locked
      }
      for service in file.services {
        let name = file.fullName(service.name)
        var locked = services[name] ?? Service()
        locked.isReserved = false
        for method in service.methods {
          locked.methods[method.name] = Method(
            request: method.request.description, response: method.response.description,
            isServerStreaming: method.isServerStreaming)
        }
        services[name] = locked
      }
    }
    self.messages = messages
    self.services = services
    updateEnums(to: files)
    return diagnostics
  }
}

extension Lock {
  /// Values that are gone become tombstones. A number is always its name's: shapes take it from here.
  private mutating func updateEnums(to files: [ProtoFile]) {
    enums = enums.mapValues(\.buried)
    for file in files {
      for enumeration in file.enums {
        let name = file.fullName(enumeration.name)
        var locked = enums[name] ?? Message()
        locked.isReserved = false
        for value in enumeration.values where value.number != 0 {
          if let index = locked.fields.firstIndex(where: { $0.number == value.number }) {
            locked.fields[index].isReserved = false
          } else {
            locked.insert(Field(number: value.number, name: value.name, type: "enum"))
          }
        }
        enums[name] = locked
      }
    }
  }
}

extension Lock.Message {
  /// The message with everything reserved.
  fileprivate var buried: Self {
    var message = self
    message.isReserved = true
    for index in message.fields.indices { message.fields[index].isReserved = true }
    return message
  }

  /// Marks `field` as in use, or adds it; `before` is the message as the lock had it, `isNew` whether that was not at
  /// all or reserved.
  fileprivate mutating func use(
    _ field: ProtoField, of message: String, before: Lock.Message, isNew: Bool, diagnostics: inout [Diagnostic]
  ) {
    guard Lock.isFieldNumber(field.number) else {
      diagnostics.append(Diagnostic(at: field.location, "\(message).\(field.name): no field number is left"))
      return
    }
    guard let index = fields.firstIndex(where: { $0.number == field.number }) else {
      if let other = before.field(field.name) {
        diagnostics.append(
          Diagnostic(
            at: field.location, "\(message).\(field.name) has number \(field.number) but \(other.number) in the lock"))
        keep(other)
        return
      }
      let was = isNew ? [field.was].compactMap(\.self) : []
      insert(Lock.Field(number: field.number, name: field.name, type: field.lockType, formerNames: was))
      return
    }
    let locked = fields[index]
    let wasInUse = before.field(field.name)?.number == field.number
    if wasInUse || locked.name == field.name && Lock.isSameOnWire(locked.type, field.lockType) {
      fields[index].name = field.name
      fields[index].type = field.lockType
      fields[index].isReserved = false
    } else {
      diagnostics.append(
        Diagnostic(
          at: field.location, "\(message).\(field.name): number \(field.number) belongs to `\(locked.name)` in the lock"
        ))
      if let other = before.field(locked.name) { keep(other) }
    }
  }

  /// Marks a field as in use, its number and type as they were.
  private mutating func keep(_ field: Lock.Field) {
    guard let index = fields.firstIndex(where: { $0.number == field.number }) else { return }
    fields[index].isReserved = false
  }
}

extension Lock {
  /// Makes tombstones of these fields, so that the next ones with their names get other numbers.
  mutating func bury(_ spots: [BreakingChange.Spot]) {
    for spot in spots {
      let index = messages[spot.message]?.fields.firstIndex { $0.name == spot.field && !$0.isReserved }
      if let index { messages[spot.message]?.fields[index].isReserved = true }
    }
  }
}

extension Lock.Service {
  /// The service with everything reserved.
  fileprivate var buried: Self {
    var service = self
    service.isReserved = true
    service.methods = service.methods.mapValues { method in
      var method = method
      method.isReserved = true
      return method
    }
    return service
  }
}
