import Logging
import PillionDatabase
import PillionService
import PillionTransport

/// Logs what clients are not told in full.
struct LoggingObserver: ServiceObserver, ConnectionObserver {
  let logger: Logger
  let databaseErrors: EventCounts

  func handshakeFailed(peer: String, reason: String) {
    logger.info("TLS handshake failed: \(reason)", metadata: ["peer": "\(peer)"])
  }

  func codeFailed(_ error: any Error, path: String, requestID: String) {
    logger.error(
      "a method or hook has thrown: \(error)",
      metadata: ["method": "\(path)", "request_id": "\(requestID)", "type": "\(type(of: error))"])
  }

  func databaseFailed(_ error: DatabaseError, rule: ErrorRule, path: String, requestID: String) {
    databaseErrors.note(rule.reason)
    // What a client did wrong is the client's to read; the rest is the operator's.
    let level: Logger.Level =
      switch rule.code {
      case .internal, .dataLoss, .unavailable, .permissionDenied: .error
      case .failedPrecondition where rule.reason == "SCHEMA_DRIFT": .error
      case .resourceExhausted, .deadlineExceeded: .warning
      default: .debug
      }
    logger.log(
      level: level, "\(rule.reason): \(error.description)",
      metadata: ["method": "\(path)", "status": "\(rule.code)", "request_id": "\(requestID)"])
  }
}
