import PillionSchema

/// A field whose location is its name's place in a pretended file, so that diagnostics can be told apart.
func field(
  _ name: String, _ type: ScalarType, null: Bool = false, default defaultValue: DefaultValue? = nil,
  readOnly: Bool = false, doc: String? = nil
) -> Field {
  Field(
    name: name, type: .scalar(type), isNullable: null, defaultValue: defaultValue, isReadOnly: readOnly, doc: doc,
    location: SourceLocation(file: "models/test.yaml", line: 7, column: 3))
}

/// A many-to-many field to the model with this index.
func manyToMany(_ name: String, model: Int, key: ScalarType = .int32) -> Field {
  let relation = ManyToMany(
    model: model, field: 0, type: key, through: TableName(name: "join_\(name)"), source: "source_id",
    target: "target_id")
  return Field(
    name: name, type: .manyToMany(relation), location: SourceLocation(file: "models/test.yaml", line: 8, column: 3))
}

/// A foreign key to the model with this index.
func foreignKey(_ name: String, model: Int, key: ScalarType = .int64, null: Bool = false) -> Field {
  let key = ForeignKey(model: model, field: 0, type: key, onDelete: .cascade)
  return Field(
    name: name, type: .foreignKey(key), column: "\(name)_id", isNullable: null,
    location: SourceLocation(file: "models/test.yaml", line: 9, column: 3))
}

/// A model with every field in its service; the index is set by `schema(_:)`.
func model(
  _ name: String, package: String = "test", doc: String? = nil, key: [Int] = [0], actions: [Action] = Action.standard,
  style: NullStyle = .oneof, lookupField: Int? = nil, lookupRequestField: String? = nil, _ fields: [Field]
) -> Model {
  let location = SourceLocation(file: "models/\(package).yaml", line: 3, column: 3)
  return Model(
    index: 0, package: package, name: name, table: TableName(name: name.lowercased()), doc: doc, fields: fields,
    primaryKey: key,
    service: ServiceDefinition(
      name: "\(name)Controller", actions: actions, fields: Array(fields.indices), lookupField: lookupField,
      lookupRequestField: lookupRequestField, nullStyle: style, location: location),
    location: location)
}

/// The models in the order given, a package for each name that they have.
func schema(_ models: Model..., docs: [String: String] = [:]) -> Schema { schema(models, docs: docs) }

func schema(_ models: [Model], docs: [String: String] = [:]) -> Schema {
  var packages: [Schema.Package] = []
  var indexed = models
  for (index, model) in models.enumerated() {
    indexed[index].index = index
    if let package = packages.firstIndex(where: { $0.name == model.package }) {
      packages[package].models.append(index)
    } else {
      packages.append(
        Schema.Package(
          name: model.package, doc: docs[model.package], models: [index],
          location: SourceLocation(file: "models/\(model.package).yaml")))
    }
  }
  return Schema(packages: packages, models: indexed)
}
