extension ServiceShape {
  /// The shape of the service that `model` is seen through. Names that `numbers` knows keep their number; new ones take
  /// the next free number in definition order and are recorded in `numbers`.
  package init(model: Model, numbers: inout FieldNumbers) {
    var builder = ShapeBuilder(model: model, numbers: numbers)
    var messages = [builder.modelMessage()]
    var methods: [MethodShape] = []
    for action in model.service.actions {
      let request: Int
      var response: Int? = action == .destroy ? nil : 0
      switch action {
      case .create, .update:
        request = 0
      case .list, .retrieve, .partialUpdate, .destroy:
        request = messages.count
        messages.append(builder.request(of: action))
      case .listPage:
        // The same request as List's, which comes first if it is there.
        if let list = messages.firstIndex(where: { $0.role == .list }) {
          request = list
        } else {
          request = messages.count
          messages.append(builder.request(of: .list))
        }
        response = messages.count
        messages.append(builder.pageMessage())
      }
      methods.append(MethodShape(action: action, request: request, response: response))
    }
    for method in model.service.methods {
      let request = messages.count
      messages.append(builder.request(of: method))
      var response: Int?
      switch method.response {
      case .model: response = 0
      case .empty: break
      case .fields(let fields):
        response = messages.count
        messages.append(builder.message(method.responseSuffix, fields))
      }
      methods.append(MethodShape(method, request: request, response: response))
    }
    for message in messages.indices {
      for field in messages[message].fields.indices {
        guard let definition = messages[message].definition(of: messages[message].fields[field], in: model) else {
          continue
        }
        messages[message].fields[field].enumeration = builder.enumeration(of: definition)
      }
    }
    numbers = builder.numbers
    self.init(model: model.index, name: model.service.name, messages: messages, methods: methods)
  }
}

extension Model {
  /// Indices of the fields that find one row: the lookup field, or else the key's fields.
  package var lookupFields: [Int] { service.lookupField.map { [$0] } ?? primaryKey }

  /// Names of the request fields that carry the lookup values, in the order of `lookupFields`.
  package var lookupRequestNames: [String] {
    if lookupFields.count == 1, let name = service.lookupRequestField { return [name] }
    return lookupFields.map { fields[$0].valueName }
  }

  /// Whether a Create may set the field.
  package func isWritable(_ field: Int) -> Bool {
    let field = fields[field]
    return !field.isReadOnly && !field.isAutoNow && !field.isAutoNowAdd
  }

  /// Whether an Update or PartialUpdate may set the field: the key and the lookup fields say which row and stay.
  package func isUpdatable(_ field: Int) -> Bool {
    isWritable(field) && !lookupFields.contains(field) && !primaryKey.contains(field)
  }
}

private struct ShapeBuilder {
  let model: Model
  var numbers: FieldNumbers

  func fullName(_ name: String) -> String { model.package.isEmpty ? name : "\(model.package).\(name)" }

  var partialUpdateName: String { "\(model.messageName)PartialUpdateRequest" }

  /// Every number that `message` uses or has used.
  func takenNumbers(in message: String) -> Set<Int32> {
    var taken = numbers.reserved[message] ?? []
    if let assigned = numbers.assigned[message] { taken.formUnion(assigned.values) }
    return taken
  }

  /// The number of `field` in `message`: the one it has, else `preferred` unless the message has used that, else the
  /// next that neither the message nor any of `alsoTaken` has used.
  mutating func number(
    _ field: String, in message: String, preferring preferred: Int32? = nil, alsoTaken: [String] = []
  )
    -> Int32
  {
    let message = fullName(message)
    if let known = numbers.assigned[message]?[field] { return known }
    var taken = takenNumbers(in: message)
    if let preferred, !taken.contains(preferred) {
      numbers.assigned[message, default: [:]][field] = preferred
      return preferred
    }
    for name in alsoTaken { taken.formUnion(takenNumbers(in: fullName(name))) }
    var number = (taken.max() ?? 0) + 1
    // 19000 to 19999 belong to protobuf's implementation.
    if (19_000...19_999).contains(number) { number = 20_000 }
    numbers.assigned[message, default: [:]][field] = number
    return number
  }

  /// The enum of a field, its values numbered as the lock has them.
  mutating func enumeration(of field: Field) -> EnumShape? {
    guard let name = field.enumName else { return nil }
    let values = field.choices.compactMap { choice in
      EnumShape.name(of: choice, in: name).map {
        EnumShape.Value(name: $0, number: number($0, in: name), choice: choice)
      }
    }
    return EnumShape(name: name, values: values)
  }

  mutating func modelMessage() -> MessageShape {
    var shapes: [FieldShape] = []
    // What `expand` adds comes last, so that the numbers of a new model are those of its fields' order.
    for isAdded in [false, true] {
      for index in model.service.fields {
        let field = model.fields[index]
        if field.hasValue, isAdded == (field.valueName != field.name) {
          let (type, label) = modelType(of: index)
          let number = numberOfMessage(field.valueName)
          shapes.append(
            FieldShape(
              name: field.valueName, number: number, type: type, label: label, source: .field(index), doc: field.doc))
        }
        if let expansion = field.expansion, isAdded == (expansion.name != field.name) {
          shapes.append(expansionShape(expansion, of: index))
        }
      }
    }
    return MessageShape(role: .model, name: model.messageName, doc: model.doc, fields: shapes)
  }

  /// The number of a field in the message of the service's rows.
  private mutating func numberOfMessage(_ field: String) -> Int32 {
    // A partial-update request repeats the model's numbers, so a new field avoids what that request holds.
    number(
      field, in: model.messageName, preferring: ownNumber(of: field),
      alsoTaken: model.hasOwnMessage ? [partialUpdateName] : [partialUpdateName, model.name])
  }

  /// In the message of a further service, the number that a field has in the model's own message.
  private func ownNumber(of field: String) -> Int32? {
    guard !model.hasOwnMessage, let number = numbers.assigned[model.fullName]?[field] else { return nil }
    return takenNumbers(in: fullName(partialUpdateName)).contains(number) ? nil : number
  }

  /// The field in which a relation's rows are sent.
  private mutating func expansionShape(_ expansion: Expansion, of index: Int) -> FieldShape {
    let field = model.fields[index]
    let type: ProtoType =
      expansion.package == model.package
      ? .message(expansion.message) : .imported(expansion.message, package: expansion.package)
    return FieldShape(
      name: expansion.name, number: numberOfMessage(expansion.name), type: type,
      label: field.type.isRepeated ? .repeated : .implicit, source: .expansion(index), doc: field.doc)
  }

  /// Type and label in the model's message.
  func modelType(of index: Int) -> (ProtoType, FieldShape.Label) {
    let field = model.fields[index]
    return type(of: field, takesDefault: field.defaultValue != nil || model.isGenerated(index))
  }

  /// - Parameter takesDefault: whether to leave the field out says something else than to send its type's zero.
  private func type(of field: Field, takesDefault: Bool) -> (ProtoType, FieldShape.Label) {
    if field.type.isRepeated { return (plainType(field), .repeated) }
    guard case .scalar(let scalar) = field.protoElement else {
      let isNullableMessage = field.isNullable && model.service.nullStyle == .oneof
      return (isNullableMessage ? .nullable(field.protoElement) : plainType(field), .implicit)
    }
    guard field.isNullable else {
      return (.scalar(scalar), takesDefault ? .optional : .implicit)
    }
    switch model.service.nullStyle {
    case .oneof: return (.nullable(.scalar(scalar)), .implicit)
    // There is no wrapper around an enum.
    case .wrapper where field.enumName != nil: return (.scalar(scalar), .optional)
    case .wrapper: return (.wrapper(scalar), .implicit)
    case .optional: return (.scalar(scalar), .optional)
    }
  }

  func plainType(_ field: Field) -> ProtoType {
    switch field.protoElement {
    case .scalar(let scalar): .scalar(scalar)
    case .wellKnown(let type): .wellKnown(type)
    }
  }

  mutating func request(of action: Action) -> MessageShape {
    switch action {
    case .list, .listPage:
      let name = "\(model.messageName)ListRequest"
      let fields: [(String, ProtoType, FieldShape.Source, String)] = [
        ("filter", .scalar(.string), .filter, "Rows to send, in the AIP-160 filter language; empty: all."),
        ("order_by", .scalar(.string), .orderBy, "\"a desc, b\"; empty: the model's own order."),
        ("page_size", .scalar(.int32), .pageSize, "Rows to send at most; 0: no limit of the request's own."),
        ("page_token", .scalar(.string), .pageToken, "Where to go on, from the page before."),
        ("read_mask", .wellKnown(.fieldMask), .readMask, "Fields to send; empty: all."),
      ]
      return MessageShape(
        role: .list, name: name,
        fields: fields.map { field, type, source, doc in
          FieldShape(
            name: field, number: number(field, in: name), type: type, label: .implicit, source: source, doc: doc)
        })
    case .partialUpdate:
      return partialUpdateRequest()
    case .retrieve, .destroy:
      let name = "\(model.messageName)\(action.rawValue)Request"
      var fields = lookups(in: name)
      let mask = "read_mask"
      if action == .retrieve, !fields.contains(where: { $0.name == mask }) {
        fields.append(
          FieldShape(
            name: mask, number: number(mask, in: name), type: .wellKnown(.fieldMask), label: .implicit,
            source: .readMask, doc: "Fields to send; empty: all."))
      }
      return MessageShape(role: action == .retrieve ? .retrieve : .destroy, name: name, fields: fields)
    case .create, .update:
      return modelMessage()
    }
  }

  /// The fields that find one row.
  private mutating func lookups(in message: String) -> [FieldShape] {
    zip(model.lookupFields, model.lookupRequestNames).map { index, field in
      FieldShape(
        name: field, number: number(field, in: message), type: plainType(model.fields[index]), label: .implicit,
        source: .field(index))
    }
  }

  mutating func request(of method: DeclaredMethod) -> MessageShape {
    let name = model.messageName + method.requestSuffix
    return message(method.requestSuffix, method.request, behind: method.findsRow ? lookups(in: name) : [])
  }

  /// A message of a method, with fields that no other has.
  mutating func message(_ suffix: String, _ fields: [Field], behind first: [FieldShape] = []) -> MessageShape {
    let name = model.messageName + suffix
    let own = fields.indices.map { index in
      let (type, label) = type(of: fields[index], takesDefault: false)
      return FieldShape(
        name: fields[index].name, number: number(fields[index].name, in: name), type: type, label: label,
        source: .ownField(index), doc: fields[index].doc)
    }
    var message = MessageShape(role: .method, name: name, fields: first + own)
    message.ownFields = fields
    return message
  }

  /// The answer of ListPage (AIP-158).
  mutating func pageMessage() -> MessageShape {
    let name = "\(model.messageName)ListResponse"
    let fields: [(String, ProtoType, FieldShape.Source, String)] = [
      ("results", .message(model.messageName), .results, "The rows of the page."),
      ("next_page_token", .scalar(.string), .nextPageToken, "Where the next page begins; empty: this is the last."),
      ("total_size", .scalar(.int64), .totalSize, "Rows on all pages, where the service counts them."),
    ]
    return MessageShape(
      role: .listPage, name: name,
      fields: fields.map { field, type, source, doc in
        FieldShape(
          name: field, number: number(field, in: name), type: type, label: source == .results ? .repeated : .implicit,
          source: source, doc: doc)
      })
  }

  mutating func partialUpdateRequest() -> MessageShape {
    let name = partialUpdateName
    var shapes: [FieldShape] = []
    let lookups = model.lookupFields
    let numbersInModel = numbers.assigned[fullName(model.messageName)] ?? [:]
    for (index, field) in zip(lookups, model.lookupRequestNames) {
      let number = number(
        field, in: name, preferring: numbersInModel[model.fields[index].valueName], alsoTaken: [model.messageName])
      shapes.append(
        FieldShape(
          name: field, number: number, type: plainType(model.fields[index]), label: .implicit, source: .field(index)))
    }
    let writable = model.service.fields.filter { model.isUpdatable($0) }
    for index in writable {
      let field = model.fields[index]
      let type: ProtoType
      var label = FieldShape.Label.implicit
      if field.type.isRepeated {
        (type, label) = (plainType(field), .repeated)
      } else if field.isNullable {
        type = .nullable(field.protoElement)
      } else if field.enumName != nil {
        (type, label) = (plainType(field), .optional)
      } else if case .scalar(let scalar) = field.protoElement {
        type = .wrapper(scalar)
      } else {
        type = plainType(field)
      }
      let number = number(
        field.valueName, in: name, preferring: numbersInModel[field.valueName], alsoTaken: [model.messageName])
      shapes.append(
        FieldShape(
          name: field.valueName, number: number, type: type, label: label, source: .field(index), doc: field.doc))
    }
    for index in writable where model.fields[index].type.isRepeated {
      let field = "is_\(model.fields[index].valueName)_set"
      shapes.append(
        FieldShape(
          name: field, number: number(field, in: name, alsoTaken: [model.messageName]), type: .scalar(.bool),
          label: .implicit,
          source: .isSet(index), doc: "Whether `\(model.fields[index].valueName)` is to be written."))
    }
    return MessageShape(role: .partialUpdate, name: name, fields: shapes)
  }
}
