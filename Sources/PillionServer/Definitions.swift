package import PillionProto
package import PillionSchema

/// The definitions of a models folder, compiled against a lock.
package struct Definitions: Sendable {
  package var schema: Schema
  package var protos: GeneratedProtos

  /// Reads `models` and the lock in `protos`. Nil if anything is wrong, which the diagnostics then say.
  package static func load(_ configuration: Configuration) -> (definitions: Definitions?, diagnostics: [Diagnostic]) {
    var (schema, diagnostics) = SchemaLoader.load(
      directory: configuration.models, serviceNamePattern: configuration.serviceNamePattern)
    let lock: Lock
    do throws(ProtoOutputError) {
      let read = try ProtoOutput.readLock(in: configuration.protos)
      lock = read.lock
      diagnostics += read.diagnostics
    } catch {
      return (nil, diagnostics + [Diagnostic(at: SourceLocation(file: error.path), "cannot \(error.operation): \(error.cause)")])
    }
    guard let schema else { return (nil, diagnostics) }
    let protos = ProtoGenerator(schema: schema, lock: lock).generate()
    diagnostics += protos.diagnostics
    let hasErrors = diagnostics.contains { $0.severity == .error }
    return (hasErrors ? nil : Definitions(schema: schema, protos: protos), diagnostics)
  }
}
