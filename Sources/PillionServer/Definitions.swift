package import PillionProto
package import PillionQuery
package import PillionSchema

/// The definitions of a models folder, compiled against a lock.
package struct Definitions: Sendable {
  package var schema: Schema
  package var protos: GeneratedProtos
  /// The services' filters, in the order of `Schema.views`.
  package var scopes: [Filter?]

  /// What the configuration says of their rows, in the order of the models.
  package var rowFilters: [RowFilter?]

  /// What came of reading definitions and lock.
  package struct Loaded: Sendable {
    /// Nil if anything is wrong, which the diagnostics then say.
    package var definitions: Definitions?
    package var diagnostics: [Diagnostic]
    /// What the definitions say, if they are right by themselves but contradict the lock.
    package var contradiction: Schema?
  }

  /// Reads the models folder, and the lock in the folder of the protos.
  ///
  /// - Parameter accepted: breaking changes that may be made, as `BreakingChange.id` names them.
  package static func load(_ configuration: Configuration, accepting accepted: Set<String> = []) -> Loaded {
    var (schema, diagnostics) = SchemaLoader.load(
      directory: configuration.models, serviceNamePattern: configuration.serviceNamePattern)
    let lock: Lock
    do throws(ProtoOutputError) {
      let read = try ProtoOutput.readLock(in: configuration.protos)
      lock = read.lock
      diagnostics += read.diagnostics
    } catch {
      diagnostics.append(Diagnostic(at: SourceLocation(file: error.path), "cannot \(error.operation): \(error.cause)"))
      return Loaded(diagnostics: diagnostics)
    }
    let isReadable = !diagnostics.contains { $0.severity == .error }
    guard let schema, isReadable else { return Loaded(diagnostics: diagnostics) }
    let scopes = scopes(schema, &diagnostics)
    let rowFilters = RowRules(configuration.interceptors).filters(schema, &diagnostics)
    let protos = ProtoGenerator(schema: schema, lock: lock, accepting: accepted).generate()
    diagnostics += protos.diagnostics
    if !diagnostics.contains(where: { $0.severity == .error }) {
      let definitions = Definitions(schema: schema, protos: protos, scopes: scopes, rowFilters: rowFilters)
      return Loaded(definitions: definitions, diagnostics: diagnostics)
    }
    // Without the lock, only what is wrong with the definitions themselves is left.
    let isRight = protos.hasErrors && !ProtoGenerator(schema: schema).generate().hasErrors
    return Loaded(diagnostics: diagnostics, contradiction: isRight ? schema : nil)
  }

  /// Reads the services' filters in their models' terms.
  private static func scopes(_ schema: Schema, _ diagnostics: inout [Diagnostic]) -> [Filter?] {
    var scopes: [Filter?] = []
    for model in schema.views {
      guard let text = model.service.filter else {
        scopes.append(nil)
        continue
      }
      do throws(QueryError) {
        scopes.append(
          try Filter.parse(
            text.value, model: model, schema: schema, limits: FilterLimits(), isTrusted: true))
      } catch {
        diagnostics.append(
          Diagnostic(at: text.location, "the filter of \(model.service.name) is wrong at \(error.description)"))
        scopes.append(nil)
      }
    }
    return scopes
  }
}
