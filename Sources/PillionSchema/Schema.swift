/// Everything that the definitions in `models/` say: validated, every reference resolved.
///
/// Later stages refer to a model by its index in `models` and to a field by its index in `Model.fields`.
package struct Schema: Sendable {
  /// Proto packages in the order of their files' names.
  package var packages: [Package]
  /// All models, package after package, in definition order.
  package var models: [Model]

  package init(packages: [Package] = [], models: [Model] = []) {
    self.packages = packages
    self.models = models
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

  /// The model called `blog.Post`, or `Post` when only one package has it.
  package func model(named name: String) -> Model? {
    if let exact = models.first(where: { $0.fullName == name }) { return exact }
    let short = models.filter { $0.name == name }
    return short.count == 1 ? short[0] : nil
  }
}

/// One model: a table and the service over it.
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
  /// `was:`, the model's name before it was renamed, without the package.
  package var was: FormerName?
  /// Clients are told not to use it any more; it works as before.
  package var isDeprecated: Bool
  package var location: SourceLocation

  package init(
    index: Int, package: String, name: String, table: TableName, doc: String? = nil, fields: [Field], primaryKey: [Int],
    ordering: [OrderTerm] = [], service: ServiceDefinition, was: FormerName? = nil, isDeprecated: Bool = false,
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
    self.was = was
    self.isDeprecated = isDeprecated
    self.location = location
  }

  /// `blog.Post`.
  package var fullName: String { package.isEmpty ? name : "\(package).\(name)" }

  /// `blog.PostController`.
  package var serviceFullName: String { package.isEmpty ? service.name : "\(package).\(service.name)" }

  /// Index of the field called `name`.
  package func fieldIndex(_ name: String) -> Int? { fields.firstIndex { $0.name == name } }

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

/// The `service:` section of a model, defaults filled in.
package struct ServiceDefinition: Sendable {
  /// Default `<Model>Controller`.
  package var name: String
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
  package var totalSize: TotalSize
  /// Longest time that a call may keep the database; nil: what the configuration says.
  package var statementTimeoutMilliseconds: Int?
  package var location: SourceLocation

  package init(
    name: String, actions: [Action] = Action.standard, fields: [Int], lookupField: Int? = nil,
    lookupRequestField: String? = nil, nullStyle: NullStyle = .oneof, isDeprecated: Bool = false,
    filter: Located<String>? = nil,
    maximumPageSize: Int? = nil, totalSize: TotalSize = .none, statementTimeoutMilliseconds: Int? = nil,
    location: SourceLocation
  ) {
    self.name = name
    self.actions = actions
    self.fields = fields
    self.lookupField = lookupField
    self.lookupRequestField = lookupRequestField
    self.nullStyle = nullStyle
    self.isDeprecated = isDeprecated
    self.filter = filter
    self.maximumPageSize = maximumPageSize
    self.totalSize = totalSize
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

/// How a nullable field looks in the model's message.
package enum NullStyle: String, Sendable, Hashable, CaseIterable {
  /// `NullableString { oneof kind { string value = 1; google.protobuf.NullValue null = 2; } }`
  case oneof
  /// `google.protobuf.StringValue`
  case wrapper
  /// proto3 `optional string`
  case optional
}
