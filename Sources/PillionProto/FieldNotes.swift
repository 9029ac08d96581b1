import PillionSchema

/// What a client should know about a field and its proto type does not say: sentences for the field's comment.
struct FieldNotes {
  let schema: Schema
  let model: Model

  /// The sentences for the field with this index, in a fixed order.
  func sentences(_ index: Int) -> [String] {
    guard model.fields.indices.contains(index) else { return [] }
    return sentences(of: model.fields[index], key: key(index))
  }

  /// The same for a field; `key` is what there is to say of it as a key.
  func sentences(of field: Field, key: String? = nil) -> [String] {
    [form(field), relation(field), key, length(field), range(field), pattern(field), choices(field)]
      .compactMap(\.self) + access(field) + unset(field)
  }

  /// The sentences for the rows that the relation with this index leads to.
  func sentences(ofExpansion index: Int) -> [String] {
    guard model.fields.indices.contains(index), let name = model.fields[index].type.related.flatMap(name(ofModel:))
    else { return [] }
    switch model.fields[index].type {
    case .foreignKey: return ["The \(name); unset: there is none.", "Read-only."]
    case .reverse(let relation):
      return ["The \(name) rows that refer to this one, \(relation.limit) at most.", "Read-only."]
    case .scalar, .array, .manyToMany: return ["The \(name) rows.", "Read-only."]
    }
  }

  private func form(_ field: Field) -> String? {
    if let format = field.format {
      switch format {
      case .email: return "An e-mail address."
      case .url: return "A URL."
      case .slug: return "A slug: letters, digits, hyphens and underscores."
      case .ipv4: return "An IPv4 address."
      case .ipv6: return "An IPv6 address."
      }
    }
    switch field.type.scalar {
    case .date: return "ISO 8601 date, like 2024-02-29."
    case .time: return "ISO 8601 time, like 13:45:30."
    case .decimal: return "Plain decimal number, like -12.50."
    case .uuid: return "UUID in lower case."
    case .timestamp where field.usesStringInProto: return "ISO 8601 timestamp, like 2024-02-29T13:45:30Z."
    case .duration where field.usesStringInProto: return "ISO 8601 duration, like PT1H30M."
    case .json where field.usesStringInProto: return "JSON text."
    default: return nil
    }
  }

  private func relation(_ field: Field) -> String? {
    switch field.type {
    case .foreignKey(let key): name(ofModel: key.model).map { "Key of the \($0)." }
    case .manyToMany(let relation): name(ofModel: relation.model).map { "Keys of the \($0) rows." }
    case .reverse(let relation):
      name(ofModel: relation.model).map { "Keys of the \($0) rows that refer to this one, \(relation.limit) at most." }
    case .scalar, .array: nil
    }
  }

  private func name(ofModel index: Int) -> String? {
    guard schema.models.indices.contains(index) else { return nil }
    let target = schema.models[index]
    return target.package == model.package ? target.name : target.fullName
  }

  private func key(_ index: Int) -> String? {
    if model.isGenerated(index), model.isWritable(index) { return "Primary key; unset: the database makes one." }
    if model.primaryKey == [index] { return "Primary key." }
    if model.primaryKey.contains(index) { return "Part of the primary key." }
    return model.fields[index].isUnique ? "Unique." : nil
  }

  private func length(_ field: Field) -> String? {
    let unit =
      switch field.type {
      case .array, .manyToMany, .reverse: "item"
      case .scalar(.bytes): "byte"
      case .scalar, .foreignKey: "character"
      }
    return Self.limits(
      minimum: field.minimumLength.map(String.init), maximum: field.maximumLength.map(String.init),
      unit: field.maximumLength ?? field.minimumLength == 1 ? " \(unit)" : " \(unit)s")
  }

  private func range(_ field: Field) -> String? {
    Self.limits(minimum: field.minimum?.text, maximum: field.maximum?.text, unit: "")
  }

  private static func limits(minimum: String?, maximum: String?, unit: String) -> String? {
    switch (minimum, maximum) {
    case (nil, nil): nil
    case (let minimum?, nil): "At least \(minimum)\(unit)."
    case (nil, let maximum?): "At most \(maximum)\(unit)."
    case (let minimum?, let maximum?) where minimum == maximum: "Exactly \(minimum)\(unit)."
    case (let minimum?, let maximum?): "From \(minimum) to \(maximum)\(unit)."
    }
  }

  private func pattern(_ field: Field) -> String? { field.regex.map { "Matches `\($0)`." } }

  private func choices(_ field: Field) -> String? {
    guard !field.choices.isEmpty, field.enumName == nil else { return nil }
    let values = field.choices.map { choice in
      switch choice {
      case .int(let value): String(value)
      case .text(let value): "\"\(value)\""
      }
    }
    return values.count == 1 ? "Always \(values[0])." : "One of \(values.joined(separator: ", "))."
  }

  private func access(_ field: Field) -> [String] {
    if field.isAutoNow { return ["Read-only: set to the current time by every write."] }
    if field.isAutoNowAdd { return ["Read-only: set to the current time by Create."] }
    if field.isComputed { return ["Read-only: computed by the server."] }
    if field.isReadOnly { return ["Read-only."] }
    return field.isWriteOnly ? ["Write-only: never sent."] : []
  }

  private func unset(_ field: Field) -> [String] {
    if let value = field.defaultValue?.text { return ["Default: \(value)."] }
    guard field.isNullable, !field.type.isRepeated else { return [] }
    return model.service.nullStyle == .oneof ? [] : ["Unset: null."]
  }
}

extension Bound {
  var text: String {
    switch self {
    case .int(let value): String(value)
    case .uint(let value): String(value)
    case .double(let value): String(value)
    case .text(let value): value
    }
  }
}

extension DefaultValue {
  /// For people; nil where there is nothing worth saying.
  var text: String? {
    switch self {
    case .null, .bytes: return nil
    case .bool(let value): return String(value)
    case .int(let value): return String(value)
    case .uint(let value): return String(value)
    case .double(let value): return String(value)
    case .text(let value): return "\"\(value)\""
    case .list(let values):
      let texts = values.compactMap(\.text)
      return texts.count == values.count ? "[\(texts.joined(separator: ", "))]" : nil
    case .now: return "now"
    }
  }
}
