/// Everything that the definitions in `models/` say: validated, every reference resolved.
///
/// Later stages refer to a model by its index in `models` and to a field by its index in `Model.fields`.
package struct Schema: Sendable {
  /// Proto packages in the order of their files' names.
  package let packages: [Package]
  /// All models, package after package, in definition order.
  package let models: [Model]
  /// The many_to_many fields of all models, each with its model's index.
  package let manyToMany: [(model: Int, relation: ManyToMany)]

  package init(packages: [Package] = [], models: [Model] = []) {
    self.packages = packages
    self.models = models
    manyToMany = models.flatMap { model in
      model.fields.compactMap { if case .manyToMany(let relation) = $0.type { (model.index, relation) } else { nil } }
    }
  }

  /// One definition file: one proto package.
  package struct Package: Sendable {
    package var name: String
    package var doc: String?
    /// Indices into `Schema.models`.
    package var models: [Int]
    package var location: SourceLocation

    package init(name: String, doc: String? = nil, models: [Int] = [], location: SourceLocation) {
      self.name = name
      self.doc = doc
      self.models = models
      self.location = location
    }
  }

  /// Every model as each of its services shows it, model after model: what shapes and scopes are indexed by.
  package var views: [Model] { models.flatMap(\.views) }

  /// `author.name`: a path from `model` as a client writes it.
  package func text(of path: FieldPath, from model: Model) -> String {
    var (model, names) = (model, [String]())
    for relation in path.relations where model.fields.indices.contains(relation) {
      names.append(model.fields[relation].name)
      guard let next = model.fields[relation].type.related, models.indices.contains(next) else { break }
      model = models[next]
    }
    if model.fields.indices.contains(path.field) { names.append(model.fields[path.field].name) }
    return names.joined(separator: ".")
  }

  /// The model called `blog.Post`, or `Post` when only one package has it; of a message such as `blog.PublicPost`, the
  /// model as the service shows it that has that message.
  package func model(named name: String) -> Model? {
    if let exact = models.first(where: { $0.fullName == name }) { return exact }
    if let view = views.first(where: { $0.messageFullName == name }) { return view }
    let short = views.filter { $0.messageName == name }
    return short.count == 1 ? short[0] : nil
  }
}

/// One model: a table and the services over it.
///
/// A value of this type is the model as `service` shows it: in `Schema.models` that is the first one, and `views` gives
/// the others.
package struct Model: Sendable {
  /// Its index in `Schema.models`.
  package var index: Int
  /// The proto package.
  package var package: String
  /// UpperCamelCase; the name of the proto message.
  package var name: String
  package var table: TableName
  /// Becomes the proto comment.
  package var doc: String?
  /// In definition order.
  package var fields: [Field]
  /// Indices of the key's fields in the order of the key; at least one unless the model is read-only.
  package var primaryKey: [Int]
  /// Default order of List, as written; the key is appended by whoever orders.
  package var ordering: [OrderTerm]
  package var service: ServiceDefinition
  /// The services behind the first, in definition order.
  package var otherServices: [ServiceDefinition]
  /// `was:`, the model's name before it was renamed, without the package.
  package var was: FormerName?
  /// Clients are told not to use it any more; it works as before.
  package var isDeprecated: Bool
  package var location: SourceLocation

  package init(
    index: Int, package: String, name: String, table: TableName, doc: String? = nil, fields: [Field], primaryKey: [Int],
    ordering: [OrderTerm] = [], service: ServiceDefinition, otherServices: [ServiceDefinition] = [],
    was: FormerName? = nil, isDeprecated: Bool = false,
    location: SourceLocation
  ) {
    self.index = index
    self.package = package
    self.name = name
    self.table = table
    self.doc = doc
    self.fields = fields
    self.primaryKey = primaryKey
    self.ordering = ordering
    self.service = service
    self.otherServices = otherServices
    self.was = was
    self.isDeprecated = isDeprecated
    self.location = location
  }

  /// `blog.Post`.
  package var fullName: String { package.isEmpty ? name : "\(package).\(name)" }

  /// The model as each of its services shows it, in definition order.
  package var views: [Model] {
    [self]
      + otherServices.map { other in
        var view = self
        view.service = other
        view.otherServices = []
        return view
      }
  }

  /// Name of the proto message that carries the rows of `service`, which its requests are named for too.
  package var messageName: String { service.message ?? name }

  /// Whether the message is the model's own, and so is called as it is.
  package var hasOwnMessage: Bool { messageName == name }

  /// `blog.Post`, or `blog.PublicPost` of a further service.
  package var messageFullName: String { package.isEmpty ? messageName : "\(package).\(messageName)" }

  /// `blog.PostController`.
  package var serviceFullName: String { package.isEmpty ? service.name : "\(package).\(service.name)" }

  /// Index of the field called `name`.
  package func fieldIndex(_ name: String) -> Int? {
    // Reads the names where they lie, without a copy of each field.
    for index in fields.indices where fields[index].name == name { return index }
    return nil
  }

  /// Index of the field that a client calls `name`: by its own name, or by one that it has in messages.
  package func fieldIndex(forClient name: String) -> Int? {
    fieldIndex(name) ?? fields.firstIndex { $0.isCalled(name) }
  }

  /// Whether the database makes the key: a single int32, int64, uint32 or uuid key without a default that refers to
  /// nothing. No database has a generated column for all of uint64.
  package func isGenerated(_ field: Int) -> Bool {
    guard primaryKey == [field], fields[field].defaultValue == nil else { return false }
    switch fields[field].type {
    case .scalar(.int32), .scalar(.int64), .scalar(.uint32), .scalar(.uuid): return true
    default: return false
    }
  }
}

/// A table's name, with its schema on PostgreSQL.
package struct TableName: Sendable, Hashable, CustomStringConvertible {
  package var schema: String?
  package var name: String

  package init(schema: String? = nil, name: String) {
    self.schema = schema
    self.name = name
  }

  package var description: String { schema.map { "\($0).\(name)" } ?? name }
}

/// One term of an order: a field and its direction.
package struct OrderTerm: Sendable, Hashable {
  /// Of the model, or of one that its foreign keys lead to.
  package var path: FieldPath
  package var descending: Bool

  package init(_ path: FieldPath, descending: Bool = false) {
    self.path = path
    self.descending = descending
  }

  /// A term of the model's own field.
  package init(field: Int, descending: Bool = false) {
    self.init(FieldPath([], field), descending: descending)
  }
}

/// A field of a model, or of one that its relations lead to.
package struct FieldPath: Sendable, Hashable {
  /// The relations on the way: an index into the fields of each model in turn.
  package var relations: [Int]
  /// Index into the fields of the last model.
  package var field: Int

  package init(_ relations: [Int], _ field: Int) {
    self.relations = relations
    self.field = field
  }
}

/// One service of a model, defaults filled in.
package struct ServiceDefinition: Sendable {
  /// Default `<Model>Controller`.
  package var name: String
  /// Name of the proto message that carries its rows; nil: the model's own.
  package var message: String?
  /// In the order of `Action.allCases`.
  package var actions: [Action]
  /// Indices of the fields that the service shows, in definition order; default: all.
  package var fields: [Int]
  /// Index of the field that finds one row; nil: the primary key, whatever its number of fields.
  package var lookupField: Int?
  /// Name of the request field that carries the lookup value; nil: the lookup field's own name.
  package var lookupRequestField: String?
  package var nullStyle: NullStyle
  /// Clients are told not to use it any more; it works as before.
  package var isDeprecated: Bool
  /// The rows that the service knows, in the filter language; nil: all.
  package var filter: Located<String>?
  /// Rows of a List or ListPage at most; nil: what the configuration says.
  package var maximumPageSize: Int?
  /// Rows of a ListPage that asks for none; nil: what the configuration says.
  package var defaultPageSize: Int?
  package var totalSize: TotalSize
  /// Nil: what the configuration says.
  package var indexRequirement: IndexRequirement?
  /// Longest time that a call may keep the database; nil: what the configuration says.
  package var statementTimeoutMilliseconds: Int?
  /// What it has beside its actions, in definition order.
  package var methods: [DeclaredMethod] = []
  package var location: SourceLocation

  package init(
    name: String, message: String? = nil, actions: [Action] = Action.standard, fields: [Int], lookupField: Int? = nil,
    lookupRequestField: String? = nil, nullStyle: NullStyle = .oneof, isDeprecated: Bool = false,
    filter: Located<String>? = nil,
    maximumPageSize: Int? = nil, defaultPageSize: Int? = nil, totalSize: TotalSize = .none,
    indexRequirement: IndexRequirement? = nil, statementTimeoutMilliseconds: Int? = nil, location: SourceLocation
  ) {
    self.name = name
    self.message = message
    self.actions = actions
    self.fields = fields
    self.lookupField = lookupField
    self.lookupRequestField = lookupRequestField
    self.nullStyle = nullStyle
    self.isDeprecated = isDeprecated
    self.filter = filter
    self.maximumPageSize = maximumPageSize
    self.defaultPageSize = defaultPageSize
    self.totalSize = totalSize
    self.indexRequirement = indexRequirement
    self.statementTimeoutMilliseconds = statementTimeoutMilliseconds
    self.location = location
  }
}

/// What a service can do with a model; the raw value is the rpc's name.
package enum Action: String, Sendable, Hashable, CaseIterable {
  case list = "List"
  case create = "Create"
  case retrieve = "Retrieve"
  case update = "Update"
  case partialUpdate = "PartialUpdate"
  case destroy = "Destroy"
  case listPage = "ListPage"

  /// Those that a service has unless it says otherwise: all but ListPage, List's unary form.
  package static let standard = allCases.filter { $0 != .listPage }

  /// Whether it changes rows.
  package var isMutating: Bool {
    switch self {
    case .create, .update, .partialUpdate, .destroy: true
    case .list, .retrieve, .listPage: false
    }
  }
}

/// What ListPage says of the number of rows behind its filter; the raw value is the name in the definitions.
package enum TotalSize: String, Sendable, Hashable, CaseIterable {
  case none
  /// Counts them.
  case exact
  /// Counts up to 10,000; without a filter, PostgreSQL's statistics say it.
  case estimated
}

/// What becomes of a List whose filter or order no index serves; the raw value is the name in definitions and
/// configuration.
package enum IndexRequirement: String, Sendable, Hashable, CaseIterable {
  case off
  /// It is logged.
  case warn
  /// It fails.
  case refuse
}

/// How a nullable field looks in the model's message.
package enum NullStyle: String, Sendable, Hashable, CaseIterable {
  /// `NullableString { oneof kind { string value = 1; google.protobuf.NullValue null = 2; } }`
  case oneof
  /// `google.protobuf.StringValue`
  case wrapper
  /// proto3 `optional string`
  case optional
}
