import PillionDatabase
import PillionProto
import PillionSchema

/// `pillion check`: definitions, protos and lock, and the live database against each other; writes nothing anywhere.
package struct CheckCommand {
  package enum Format: String, Sendable, CaseIterable { case text, json }

  package var configuration: Configuration
  package var format = Format.text

  package init(configuration: Configuration) { self.configuration = configuration }

  package func run() -> ExitStatus {
    let loaded = Definitions.load(configuration)
    var findings = loaded.diagnostics.map { CheckFinding(.definitions, $0) }
    guard let schema = loaded.definitions?.schema ?? loaded.contradiction else {
      report(findings)
      return .configuration
    }
    if let protos = loaded.definitions?.protos { findings += Self.compare(protos, in: configuration.protos) }
    if let database = configuration.database {
      do throws(DatabaseError) {
        let connection = try database.connect(isReadOnly: true, hasSession: configuration.prepares)
        findings += SchemaComparison(schema: schema, connection: connection).findings
      } catch {
        report(findings)
        Terminal.complain("error: \(database.masked): \(error.description)")
        return .unavailable
      }
    } else {
      Terminal.complain("note: no database given, so only definitions and protos are checked")
    }
    report(findings)
    guard findings.errors.isEmpty else { return .failure }
    if format == .text {
      Terminal.print("definitions, protos\(configuration.database == nil ? "" : " and database") agree")
    }
    return .success
  }

  /// Where the protos and the lock are not what the definitions make.
  static func compare(_ protos: GeneratedProtos, in directory: String) -> [CheckFinding] {
    do throws(ProtoOutputError) {
      return try ProtoOutput.check(protos, in: directory).map { CheckFinding(.protos, $0) }
    } catch {
      return [CheckFinding(.protos, at: SourceLocation(file: error.path), error.description)]
    }
  }

  private func report(_ findings: [CheckFinding]) {
    switch format {
    case .text: Terminal.complain(findings.map(\.diagnostic))
    case .json: Terminal.print(findings.json)
    }
  }
}
