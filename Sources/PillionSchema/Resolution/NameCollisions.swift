/// Finds names of the generated protos that would be there twice.
struct NameCollisions {
  let sink: DiagnosticSink

  /// Messages that a package gets when its models have nullable fields; reserved always, so that a field may become
  /// nullable later.
  static let nullables =
    ProtoScalar.allCases.map { "Nullable" + Identifier.upperCamelCase($0.rawValue) }
    + ["NullableTimestamp", "NullableDuration", "NullableValue"]

  /// Messages and services of one package share one scope.
  func check(package models: [(definition: ModelDefinition, model: Model)]) {
    var names: [String: String] = [:]
    for name in NameCollisions.nullables { names[name] = "the message for nullable values" }
    var modelPlaces: [String: SourceLocation] = [:]
    for (definition, _) in models {
      let name = definition.name
      if let first = modelPlaces[name.value] {
        sink.error(at: name.location, "model '\(name.value)' is already defined at \(first)")
      } else if let owner = names[name.value] {
        sink.error(at: name.location, "the name '\(name.value)' is taken by \(owner)")
      } else {
        modelPlaces[name.value] = name.location
        names[name.value] = "model '\(name.value)'"
      }
    }
    for (definition, model) in models where modelPlaces[definition.name.value] == definition.name.location {
      checkServices(of: model, definition, &names)
    }
  }

  /// Services of one model may share a message, and then the requests that are named for it.
  private func checkServices(of model: Model, _ definition: ModelDefinition, _ names: inout [String: String]) {
    var claimed: Set<String> = []
    var sharing: [String: ServiceDefinition] = [:]
    for (section, view) in zip(definition.services, model.views) {
      let owner = "model '\(model.name)'"
      let named = section.entries[.name]?.value.location ?? definition.name.location
      let place = section.entries[.message]?.value.location ?? named
      if let other = sharing[view.messageName] {
        if !view.service.hasSameMessages(as: other) {
          sink.error(
            at: place,
            "service '\(view.service.name)' cannot share the message '\(view.messageName)' with '\(other.name)': "
              + "their fields, null styles or lookup fields differ",
            suggestion: "give it a 'message' of its own")
        }
      } else {
        sharing[view.messageName] = view.service
        if !view.hasOwnMessage {
          claim(view.messageName, for: "the message of a service of \(owner)", at: place, &names)
        }
      }
      for request in NameCollisions.requests(of: view) where claimed.insert(request).inserted {
        claim(request, for: "a request of \(owner)", at: view.hasOwnMessage ? definition.name.location : place, &names)
      }
      for method in view.service.methods {
        for message in method.messages {
          let kind = message.suffix == method.requestSuffix ? "request" : "response"
          claim(
            view.messageName + message.suffix, for: "the \(kind) of \(view.service.name).\(method.name)",
            at: method.location, &names)
        }
      }
      // A further service without a name is reported already.
      if view.hasOwnMessage || section.entries[.name] != nil {
        claim(view.service.name, for: "the service of \(owner)", at: named, &names)
      }
    }
  }

  private func claim(_ name: String, for owner: String, at location: SourceLocation, _ names: inout [String: String]) {
    if let first = names[name] {
      sink.error(at: location, "the name '\(name)' of \(owner) is taken by \(first)")
    } else {
      names[name] = owner
    }
  }

  private static func requests(of model: Model) -> [String] {
    model.service.actions.filter { $0 != .create && $0 != .update }.map { "\(model.messageName)\($0.rawValue)Request" }
  }

  /// Fields of one model's messages, and its columns.
  func check(model: Model, _ definition: ModelDefinition) {
    var keys: [String: String] = [:]
    var columns: [String: String] = [:]
    for (field, written) in zip(model.fields, definition.fields) {
      for name in field.protoNames {
        let key = Identifier.jsonKey(name)
        if let first = keys[key], name == field.name {
          sink.error(
            at: field.location, "'\(field.name)' and '\(first)' have the same JSON name, which protobuf forbids",
            suggestion: "rename one of them and keep its 'column'")
        } else if let first = keys[key] {
          sink.error(
            at: written.section.entries[.expand]?.keyLocation ?? field.location,
            "'\(name)', which 'expand' adds, and '\(first)' have the same JSON name, which protobuf forbids",
            suggestion: "give the expanded rows a name of their own: 'expand: NAME'")
        } else {
          keys[key] = name
        }
      }
      if !field.hasColumn { continue }
      if let first = columns[field.column] {
        let place = written.section.entries[.column]?.value.location ?? field.location
        sink.error(at: place, "column '\(field.column)' is already that of field '\(first)'")
      } else {
        columns[field.column] = field.name
      }
    }
    for (section, view) in zip(definition.services, model.views) {
      checkPartialUpdate(view, section, definition)
      for method in view.service.methods { check(method, of: view) }
    }
  }

  /// A method's request has the lookup fields under their request names, and fields of its own.
  private func check(_ method: DeclaredMethod, of model: Model) {
    for (suffix, fields) in method.messages {
      var keys: [String: String] = [:]
      if suffix == method.requestSuffix, method.findsRow {
        for name in model.lookupRequestNames { keys[Identifier.jsonKey(name)] = name }
      }
      for field in fields {
        guard let first = keys.updateValue(field.name, forKey: Identifier.jsonKey(field.name)) else { continue }
        sink.error(
          at: field.location, "'\(field.name)' and '\(first)' collide in \(model.messageName)\(suffix)",
          suggestion: "rename it")
      }
    }
  }

  /// The partial-update request has the lookup fields under their request names, and `is_<field>_set`.
  private func checkPartialUpdate(
    _ model: Model, _ section: Section<ServiceKey>, _ definition: ModelDefinition
  ) {
    guard model.service.actions.contains(.partialUpdate) else { return }
    let lookups = model.lookupFields
    let writable = model.service.fields.filter { model.isWritable($0) && !lookups.contains($0) }
    var keys: [String: String] = [:]
    for index in writable { keys[Identifier.jsonKey(model.fields[index].valueName)] = model.fields[index].name }
    for name in model.lookupRequestNames {
      let key = Identifier.jsonKey(name)
      if let first = keys[key] {
        let place = section.entries[.lookupRequestField]?.value.location ?? definition.name.location
        sink.error(at: place, "'\(name)' and the field '\(first)' collide in \(model.messageName)PartialUpdateRequest")
      }
      keys[key] = name
    }
    for index in writable where model.fields[index].type.isRepeated {
      let name = "is_\(model.fields[index].valueName)_set"
      guard let first = keys[Identifier.jsonKey(name)], let place = model.fieldIndex(first) else { continue }
      sink.error(
        at: model.fields[place].location,
        "'\(first)' collides with '\(name)' of '\(model.fields[index].name)' in \(model.messageName)PartialUpdateRequest",
        suggestion: "rename it and keep its 'column'")
    }
  }
}

extension ServiceDefinition {
  /// Whether the messages of both are the same, whatever of them each uses.
  fileprivate func hasSameMessages(as other: ServiceDefinition) -> Bool {
    fields == other.fields && nullStyle == other.nullStyle && lookupField == other.lookupField
      && lookupRequestField == other.lookupRequestField
  }
}
