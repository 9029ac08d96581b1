import Logging
import PillionDatabase
import PillionSchema

/// What `check` finds, asked when a server starts and when its definitions are reloaded.
struct StartCheck: Sendable {
  let configuration: Configuration
  let database: DatabaseURL
  let allowsDrift: Bool
  let logger: Logger

  /// Logs what it finds; throws errors that `--allow-drift` has not allowed.
  ///
  /// Protos that are not up to date are no reason not to serve: the numbers are those of the lock.
  func run(_ definitions: Definitions) throws(StartFailure) {
    var findings = CheckCommand.compare(definitions.protos, in: configuration.protos)
    for index in findings.indices { findings[index].diagnostic.severity = .warning }
    findings += self.findings(definitions)
    let isRefused = !allowsDrift && !findings.errors.isEmpty
    var errors: [String] = []
    for finding in findings {
      if isRefused, finding.diagnostic.severity == .error {
        errors.append(finding.diagnostic.description)
      } else {
        finding.diagnostic.warn(logger, code: finding.code.rawValue)
      }
    }
    guard isRefused else { return }
    throw StartFailure(
      .failure, errors + ["error: definitions and database differ; --allow-drift serves all the same"])
  }

  /// What keeps calls from running for roles of their own; not being able to find out does, too.
  func loginMistake(_ rules: RowRules) -> Diagnostic? {
    guard rules.databaseRole != nil else { return nil }
    for (index, url) in ([database] + configuration.replicas).enumerated() {
      do throws(DatabaseError) {
        let connection = try url.connect(isReadOnly: true, hasSession: configuration.prepares)
        if let mistake = try rules.checkLogin(connection) { return mistake }
      } catch {
        let problem = "the login role of \(url.masked) cannot be checked: \(error.description)"
        if index == 0 { return Diagnostic(at: SourceLocation(file: "database.url"), problem) }
        // It may come back later.
        logger.warning("\(problem)")
      }
    }
    return nil
  }

  /// Where the database differs from the definitions.
  func findings(_ definitions: Definitions) -> [CheckFinding] {
    // A database in memory is the driver's own: another connection would see an empty one.
    guard database != .sqlite(path: ":memory:") else { return [] }
    do throws(DatabaseError) {
      let connection = try database.connect(isReadOnly: true, hasSession: configuration.prepares)
      return SchemaComparison(schema: definitions.schema, connection: connection).findings
    } catch {
      logger.warning("the tables could not be checked: \(error.description)")
      return []
    }
  }
}

extension Diagnostic {
  /// Logs what is not wrong enough to stop for.
  func warn(_ logger: Logger, code: String? = nil) {
    var metadata: Logger.Metadata = ["place": "\(location)"]
    metadata["code"] = code.map { "\($0)" }
    metadata["fix"] = suggestion.map { "\($0)" }
    logger.warning("\(message)", metadata: metadata)
  }
}
