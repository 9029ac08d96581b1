import PillionDatabase
import PillionProto
import PillionSchema

/// `pillion check`: definitions, protos and lock, and the live database against each other.
package struct CheckCommand {
  package var configuration: Configuration

  package init(configuration: Configuration) { self.configuration = configuration }

  package func run() -> ExitStatus {
    let loaded = Definitions.load(configuration)
    Terminal.complain(loaded.diagnostics)
    guard let schema = loaded.definitions?.schema ?? loaded.contradiction else { return .configuration }
    var findings: [Diagnostic] = []
    if let protos = loaded.definitions?.protos {
      do throws(ProtoOutputError) {
        findings += try ProtoOutput.check(protos, in: configuration.protos)
      } catch {
        findings.append(Diagnostic(at: SourceLocation(file: error.path), error.description))
      }
    }
    if let database = configuration.database {
      do throws(DatabaseError) {
        let connection = try database.connect(isReadOnly: true)
        findings += SchemaComparison(schema: schema, connection: connection).findings
      } catch {
        Terminal.complain("error: \(database.masked): \(error.description)")
        return .unavailable
      }
    } else {
      Terminal.complain("note: no database given, so only definitions and protos are checked")
    }
    Terminal.complain(findings)
    guard findings.isEmpty, loaded.definitions != nil else { return .failure }
    Terminal.print("definitions, protos\(configuration.database == nil ? "" : " and database") agree")
    return .success
  }
}
