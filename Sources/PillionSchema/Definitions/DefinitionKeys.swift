/// The keys of a section of the definitions; the raw value is the key in the file.
protocol DefinitionKey: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
  /// What a message calls a thing that has these keys: `a field`.
  static var owner: String { get }
}

/// The keys of a file's root.
enum FileKey: String, DefinitionKey {
  case package, doc, models
  static let owner = "a definition file"
}

/// The keys of a model.
enum ModelKey: String, DefinitionKey {
  case table, doc, fields, ordering, service, services, was, deprecated
  case primaryKey = "primary_key"
  static let owner = "a model"
}

/// The keys of a model's `service:`, and of each of its `services:`.
enum ServiceKey: String, DefinitionKey {
  case name, message, actions, methods, fields, filter, deprecated
  case lookupField = "lookup_field"
  case lookupRequestField = "lookup_request_field"
  case nullStyle = "null_style"
  case maximumPageSize = "max_page_size"
  case defaultPageSize = "default_page_size"
  case totalSize = "total_size"
  case indexRequirement = "require_index"
  case statementTimeout = "statement_timeout"
  static let owner = "a service"
}

/// The keys of a method of a service's `methods:`.
enum MethodKey: String, DefinitionKey {
  case doc, detail, request, response, stream, deprecated
  static let owner = "a method"
}

/// The keys of a field.
enum FieldKey: String, DefinitionKey {
  case type, items, model, column, null, `default`, unique, regex, format, choices, doc, storage, through, source
  case target, was, deprecated, `enum`, field, limit, ordering, expand, computed
  case primaryKey = "primary_key"
  case maximumLength = "max_length"
  case minimumLength = "min_length"
  case minimum = "min"
  case maximum = "max"
  case readOnly = "read_only"
  case writeOnly = "write_only"
  case autoNow = "auto_now"
  case autoNowAdd = "auto_now_add"
  case onDelete = "on_delete"
  case protoType = "proto_type"
  static let owner = "a field"
}
