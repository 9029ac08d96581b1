package import PillionSchema

/// Finds the fields that a query's names mean, from one model on.
///
/// A class, and its models are read where they lie: a copy of a model costs more than to find a name in it.
package final class PathResolver: Sendable {
  /// A name that leads nowhere, or where a client may not go.
  struct Problem: Error {
    /// Index of the name.
    var name: Int
    var message: String
  }

  /// Where names lead.
  struct Target {
    var path: FieldPath
    var field: TargetField
    /// Names behind a json field: keys of its value.
    var keys: [String] = []
  }

  /// What a query has to know of a field.
  struct TargetField {
    var name: String
    var type: FieldType
  }

  private let schema: Schema
  /// As the service shows it that is asked.
  let model: Model
  /// Definitions may use every field; clients those that a service shows and that are not write-only.
  private let isTrusted: Bool
  private let maximumRelations: Int

  package init(model: Model, schema: Schema, isTrusted: Bool = false, limits: FilterLimits = FilterLimits()) {
    self.schema = schema
    self.model = model
    self.isTrusted = isTrusted
    maximumRelations = limits.maximumRelations
  }

  func resolve<Names: RandomAccessCollection>(_ names: Names) throws(Problem) -> Target
  where Names.Element == String, Names.Index == Int {
    var index = model.index
    var relations: [Int] = []
    for (position, name) in names.enumerated() {
      guard let field = schema.models[index].fieldIndex(forClient: name),
        isShown(field, of: index, isOwn: position == 0)
      else {
        throw Problem(name: position, message: unknown(name, of: position == 0 ? model : schema.models[index]))
      }
      if !isTrusted, schema.models[index].fields[field].isWriteOnly {
        throw Problem(name: position, message: "`\(name)` is write-only and takes no part in queries")
      }
      if schema.models[index].fields[field].isComputed {
        throw Problem(name: position, message: "`\(name)` is computed, not stored, and takes no part in queries")
      }
      let type = schema.models[index].fields[field].type
      if position == names.count - 1 {
        return Target(path: FieldPath(relations, field), field: TargetField(name: name, type: type))
      }
      switch type {
      case .foreignKey(let key):
        let target = try follow(key.model, position)
        // The key of the related row is in this one already.
        if position == names.count - 2, schema.models[target].fieldIndex(forClient: names[position + 1]) == key.field {
          guard isShown(key.field, of: target, isOwn: false),
            isTrusted || !schema.models[target].fields[key.field].isWriteOnly
          else { throw Problem(name: position + 1, message: unknown(names[position + 1], of: schema.models[target])) }
          return Target(path: FieldPath(relations, field), field: TargetField(name: name, type: type))
        }
        index = target
      case .manyToMany(let relation): index = try follow(relation.model, position)
      case .reverse(let relation): index = try follow(relation.model, position)
      case .scalar(.json):
        return Target(
          path: FieldPath(relations, field), field: TargetField(name: name, type: type),
          keys: Array(names[(position + 1)...]))
      case .scalar, .array:
        throw Problem(name: position + 1, message: "`\(name)` is no relation and has no fields")
      }
      relations.append(field)
      guard relations.count <= maximumRelations else {
        throw Problem(name: position, message: "more than \(maximumRelations) relations in a row")
      }
    }
    throw Problem(name: 0, message: "expected a field name")
  }

  private func follow(_ index: Int, _ name: Int) throws(Problem) -> Int {
    guard schema.models.indices.contains(index) else { throw Problem(name: name, message: "leads nowhere") }
    return index
  }

  /// Own fields are those of the service that is asked, others those of the other model's first service.
  private func isShown(_ field: Int, of index: Int, isOwn: Bool) -> Bool {
    if isTrusted { return true }
    return isOwn ? model.service.fields.contains(field) : schema.models[index].service.fields.contains(field)
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

  private func unknown(_ name: String, of model: Model) -> String {
    let shown = isTrusted ? Array(model.fields.indices) : model.service.fields.filter { !model.fields[$0].isWriteOnly }
    let usable = shown.filter { !model.fields[$0].isComputed }
    let near = Suggestion.of(name, among: usable.flatMap { model.fields[$0].protoNames })
    return "`\(Self.excerpt(name))` is not a field of \(model.name)" + (near.map { "; \($0)" } ?? "")
  }

  /// Cut by scalars: one Character may be a megabyte of combining marks.
  static func excerpt(_ name: String) -> String {
    name.unicodeScalars.count <= 64
      ? name : String(String.UnicodeScalarView(name.unicodeScalars.prefix(64))) + "…"
  }
}
