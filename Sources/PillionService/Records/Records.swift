package import PillionDatabase
package import PillionQuery
package import PillionSchema
import Synchronization

/// The models as code of a program's own reaches them: by their messages, through the lanes or inside a transaction.
package final class Records: Sendable {
  package let driver: any Driver
  private let errors: ErrorPolicy
  private let current = Mutex<Definitions?>(nil)

  package init(driver: any Driver, errors: ErrorPolicy) {
    self.driver = driver
    self.errors = errors
  }

  /// Takes definitions in the place of those before.
  ///
  /// - Parameters:
  ///   - shapes: in the order of `schema.views`, as `scopes`, the services' filters.
  ///   - rowFilters: in the order of `schema.models`.
  ///   - services: those that are put together in code.
  package func replace(
    schema: Schema, shapes: [ServiceShape], scopes: [Filter?], rowFilters: [RowFilter?], services: [CodeService]
  ) {
    let definitions = Definitions(
      schema: schema, shapes: shapes, scopes: scopes, rowFilters: rowFilters, services: services,
      dialect: driver.dialect, errors: errors)
    current.withLock { $0 = definitions }
  }

  /// A model by its name or its message's, `blog.Post`.
  package func model(_ name: String) throws(RecordError) -> RecordModel { try definitions().model(name) }

  /// A service over a model by its full name, `blog.PostController`.
  package func service(_ name: String) throws(RecordError) -> RecordService { try definitions().service(name) }

  private func definitions() throws(RecordError) -> Definitions {
    guard let definitions = current.withLock({ $0 }) else { throw RecordError("the server has not started yet") }
    return definitions
  }
}

/// One reading of the definitions, with the plans that somebody has asked for.
private final class Definitions: Sendable {
  private let schema: Schema
  private let shapes: [ServiceShape]
  private let scopes: [Filter?]
  private let rowFilters: [RowFilter?]
  private let services: [CodeService]
  private let relations: RelatedModels
  private let dialect: Dialect
  private let errors: ErrorPolicy
  private let knownModels = Mutex<[String: RecordModel]>([:])
  private let knownServices = Mutex<[String: RecordService]>([:])

  init(
    schema: Schema, shapes: [ServiceShape], scopes: [Filter?], rowFilters: [RowFilter?], services: [CodeService],
    dialect: Dialect, errors: ErrorPolicy
  ) {
    self.schema = schema
    self.shapes = shapes
    self.scopes = scopes
    self.rowFilters = rowFilters
    self.services = services
    self.dialect = dialect
    self.errors = errors
    relations = RelatedModels(shapes: shapes, scopes: scopes)
  }

  func model(_ name: String) throws(RecordError) -> RecordModel {
    if let known = knownModels.withLock({ $0[name] }) { return known }
    let views = schema.views
    let index =
      views.firstIndex { $0.messageFullName == name } ?? views.firstIndex { $0.fullName == name }
    guard let index, shapes.indices.contains(index) else {
      throw RecordError("there is no model '\(name)' in the definitions")
    }
    let plans = ModelPlans.ofRecords(
      views[index], schema: schema, shape: shapes[index], dialect: dialect, relations: relations)
    let view = RecordView(model: plans.model, schema: schema, errors: errors)
    return keep(RecordModel(view, plans, message: shapes[index].messages[0]), as: name, in: knownModels)
  }

  func service(_ name: String) throws(RecordError) -> RecordService {
    if let known = knownServices.withLock({ $0[name] }) { return known }
    let index =
      services.first { $0.name == name }.map { $0.view(in: schema) }
      ?? schema.views.firstIndex { $0.serviceFullName == name }
    guard let index, shapes.indices.contains(index) else { throw RecordError("'\(name)' is no service over a model") }
    let (model, shape) = (schema.views[index], shapes[index].ofRecords([.list]))
    let scope = scopes.indices.contains(index) ? scopes[index] : nil
    let filtered = FilteredPlans(model: model, schema: schema, filters: rowFilters) {
      [schema, dialect, relations] rows, base in
      ModelPlans(
        model: model, schema: schema, shape: shape, dialect: dialect, scope: scope, relations: relations, rows: rows,
        base: base)
    }
    let view = RecordView(model: model, schema: schema, errors: errors)
    let made = RecordService(view, filtered, filters: BaseRowFilters(model: model, schema: schema))
    return keep(made, as: name, in: knownServices)
  }

  /// Two calls may have made the same at once: all use the first, so that its statements are prepared once.
  private func keep<Made: Sendable>(_ made: Made, as name: String, in known: borrowing Mutex<[String: Made]>) -> Made {
    known.withLock { known in
      if let first = known[name] { return first }
      known[name] = made
      return made
    }
  }
}

/// What code has asked for and cannot have: a name, a type or a value is wrong.
package struct RecordError: Error, Sendable {
  package var message: String

  package init(_ message: String) { self.message = message }
}
