package import PillionDatabase
package import PillionTransport

/// Watches what clients are not told in full.
package protocol ServiceObserver: Sendable {
  /// A call failed in the database; `requestID` is what its client was given.
  func databaseFailed(_ error: DatabaseError, rule: ErrorRule, path: String, requestID: String)

  /// Code that the program has brought along has thrown what only the operator is to read.
  func codeFailed(_ error: any Error, path: String, requestID: String)
}

/// Turns what went wrong into what a client reads.
package struct ErrorPolicy: Sendable {
  /// Whether clients read the database's own words: `errors.verbosity: detailed`.
  package var isDetailed: Bool
  package var observer: any ServiceObserver
  /// What RetryInfo asks a client to wait.
  package var retryMilliseconds = Self.defaultRetryMilliseconds

  private static let defaultRetryMilliseconds = 100

  /// For a call that the server has no memory for: nothing was done, and soon there may be some.
  package static let serverIsFull = Status(
    .resourceExhausted, "The server holds as much as it may; try again later.",
    details: [.errorInfo(reason: "EXHAUSTED"), .retry(milliseconds: defaultRetryMilliseconds)])

  package init(isDetailed: Bool, observer: any ServiceObserver) {
    self.isDetailed = isDetailed
    self.observer = observer
  }

  /// The call's request id is in it; a call that has none is given one for it.
  package func status(for error: DatabaseError, of call: ServerCall) -> Status {
    status(for: error, path: call.method.path, requestID: call.requestID)
  }

  package func status(for error: DatabaseError, path: String, requestID: String? = nil) -> Status {
    let rule = ErrorRule.rule(for: error)
    let requestID = requestID ?? Self.makeRequestID()
    observer.databaseFailed(error, rule: rule, path: path, requestID: requestID)
    var message = rule.message
    var metadata = [("request_id", requestID)]
    if rule.reason == "RAISED" { message = error.message }
    if message.isEmpty { message = "Internal error, request id \(requestID)." }
    if isDetailed {
      message += " (\(error.description))"
      metadata += [("table", error.table), ("column", error.column), ("constraint", error.constraint)]
        .compactMap { name, value in value.map { (name, $0) } }
    }
    var details: [StatusDetail] = [.errorInfo(reason: rule.reason, metadata: metadata)]
    if rule.isRetryable { details.append(.retry(milliseconds: retryMilliseconds)) }
    return Status(rule.code, message, details: details)
  }

  package func status(for violations: [FieldViolation]) -> Status {
    let summary = violations.prefix(3).map { "\($0.field) \($0.description)" }.joined(separator: "; ")
    let more = violations.count > 3 ? "; and \(violations.count - 3) more" : ""
    return Status(
      .invalidArgument, "Invalid request: \(summary)\(more).",
      details: [.badRequest(violations), .errorInfo(reason: "INVALID_ARGUMENT")])
  }

  package func notFound(_ model: String) -> Status {
    Status(.notFound, "\(model) not found!", details: [.errorInfo(reason: "NOT_FOUND", metadata: [("model", model)])])
  }

  /// For what code of the program's own has thrown: a `Status` is passed on, a database's error is what it always is, and
  /// anything else is the operator's to read.
  package func status(forThrown error: any Error, path: String, requestID: String?) -> Status {
    switch error {
    case let status as Status:
      return status.code == .ok ? Status(.internal, "a method ended with an error that is none") : status
    case let error as DatabaseError: return status(for: error, path: path, requestID: requestID)
    case is CancellationError: return Status(.cancelled, "the call was cancelled")
    default:
      let requestID = requestID ?? Self.makeRequestID()
      observer.codeFailed(error, path: path, requestID: requestID)
      return Status(
        .internal, "Internal error, request id \(requestID).",
        details: [.errorInfo(reason: "INTERNAL", metadata: [("request_id", requestID)])])
    }
  }

  /// 64 random bits in hexadecimal.
  package static func makeRequestID() -> String {
    let hex = String(UInt64.random(in: .min ... .max), radix: 16)
    return String(repeating: "0", count: 16 - hex.count) + hex
  }
}
