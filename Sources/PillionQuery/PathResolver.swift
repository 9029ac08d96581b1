import PillionSchema

/// Finds the fields that a query's names mean.
struct PathResolver {
  /// A name that leads nowhere, or where a client may not go.
  struct Problem: Error {
    /// Index of the name.
    var name: Int
    var message: String
  }

  /// Where names lead.
  struct Target {
    var path: FieldPath
    var model: Model
    /// Names behind a json field: keys of its value.
    var keys: [String]

    var field: Field { model.fields[path.field] }
  }

  let schema: Schema
  let model: Model
  /// Definitions may use every field; clients those that a service shows and that are not write-only.
  let isTrusted: Bool
  let maximumRelations: Int

  func resolve(_ names: [String]) throws(Problem) -> Target {
    var model = model
    var relations: [Int] = []
    for (index, name) in names.enumerated() {
      guard let field = model.fieldIndex(forClient: name), isTrusted || model.service.fields.contains(field) else {
        throw Problem(name: index, message: unknown(name, of: model))
      }
      let definition = model.fields[field]
      if definition.isWriteOnly, !isTrusted {
        throw Problem(name: index, message: "`\(name)` is write-only and takes no part in queries")
      }
      let rest = names.dropFirst(index + 1)
      if rest.isEmpty { return Target(path: FieldPath(relations, field), model: model, keys: []) }
      switch definition.type {
      case .foreignKey(let key):
        model = try follow(key.model, index)
        // The key of the related row is in this one already.
        if rest.count == 1, let name = rest.first, model.fieldIndex(forClient: name) == key.field {
          try check(key.field, of: model, at: index + 1)
          return Target(path: FieldPath(relations, field), model: schema.models[previous(relations)], keys: [])
        }
      case .manyToMany(let relation): model = try follow(relation.model, index)
      case .reverse(let relation): model = try follow(relation.model, index)
      case .scalar(.json): return Target(path: FieldPath(relations, field), model: model, keys: Array(rest))
      case .scalar, .array:
        throw Problem(name: index + 1, message: "`\(name)` is no relation and has no fields")
      }
      relations.append(field)
      guard relations.count <= maximumRelations else {
        throw Problem(name: index, message: "more than \(maximumRelations) relations in a row")
      }
    }
    throw Problem(name: 0, message: "expected a field name")
  }

  private func follow(_ index: Int, _ name: Int) throws(Problem) -> Model {
    guard schema.models.indices.contains(index) else { throw Problem(name: name, message: "leads nowhere") }
    return schema.models[index]
  }

  /// Whether a relation on the way leads to many rows.
  func hasMany(_ path: FieldPath) -> Bool {
    var index = model.index
    for relation in path.relations {
      let type = schema.models[index].fields[relation].type
      if type.isRepeated { return true }
      index = type.related ?? index
    }
    return false
  }

  /// The model that the relations lead to.
  private func previous(_ relations: [Int]) -> Int {
    var index = model.index
    for relation in relations { index = schema.models[index].fields[relation].type.related ?? index }
    return index
  }

  private func check(_ field: Int, of model: Model, at name: Int) throws(Problem) {
    guard isTrusted || model.service.fields.contains(field) && !model.fields[field].isWriteOnly else {
      throw Problem(name: name, message: unknown(model.fields[field].name, of: model))
    }
  }

  private func unknown(_ name: String, of model: Model) -> String {
    let shown = isTrusted ? Array(model.fields.indices) : model.service.fields.filter { !model.fields[$0].isWriteOnly }
    let near = Suggestion.of(name, among: shown.flatMap { model.fields[$0].protoNames })
    return "`\(Self.excerpt(name))` is not a field of \(model.name)" + (near.map { "; \($0)" } ?? "")
  }

  /// Cut by scalars: one Character may be a megabyte of combining marks.
  static func excerpt(_ name: String) -> String {
    name.unicodeScalars.count <= 64
      ? name : String(String.UnicodeScalarView(name.unicodeScalars.prefix(64))) + "…"
  }
}
