import PillionSchema

extension Lock {
  /// Records what `files` have: new fields and rpcs are added, those that are gone become tombstones.
  ///
  /// - Returns: what must not happen: a field in use that changed its type, which keeps its old one here, and a number
  ///   that belongs to another field, which the lock keeps too.
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
        for field in message.fields { locked.use(field, of: name, before: before, diagnostics: &diagnostics) }
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
    return diagnostics
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

  /// Marks `field` as in use, or adds it; `before` is the message as the lock had it.
  fileprivate mutating func use(
    _ field: ProtoField, of message: String, before: Lock.Message, diagnostics: inout [Diagnostic]
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
      insert(Lock.Field(number: field.number, name: field.name, type: field.lockType))
      return
    }
    let locked = fields[index]
    let wasInUse = before.field(field.name)?.number == field.number
    if wasInUse, let finding = BreakingChanges.type(of: field, in: message, was: locked) {
      diagnostics.append(finding)
      keep(locked)
    } else if wasInUse || locked.name == field.name && isSameOnWire(locked.type, field.lockType) {
      fields[index] = Lock.Field(number: field.number, name: field.name, type: field.lockType)
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
