package import PillionProto
package import PillionSchema

/// The definitions of a models folder, compiled against a lock.
package struct Definitions: Sendable {
  package var schema: Schema
  package var protos: GeneratedProtos

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
    let protos = ProtoGenerator(schema: schema, lock: lock, accepting: accepted).generate()
    diagnostics += protos.diagnostics
    guard protos.hasErrors else {
      return Loaded(definitions: Definitions(schema: schema, protos: protos), diagnostics: diagnostics)
    }
    // Without the lock, only what is wrong with the definitions themselves is left.
    let isRight = !ProtoGenerator(schema: schema).generate().hasErrors
    return Loaded(diagnostics: diagnostics, contradiction: isRight ? schema : nil)
  }
}
