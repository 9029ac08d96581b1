import Logging
import NIOPosix
import PillionDatabase
import PillionService
import Synchronization

/// Asks the database with `EXPLAIN` on a thread and a read-only connection of its own, and logs each lack once.
///
/// `@unchecked Sendable`: `connection` is touched only on the only thread of `pool`; the rest is immutable or atomic.
final class DatabaseIndexJudge: IndexJudge, @unchecked Sendable {
  private let database: DatabaseURL
  private let hasSession: Bool
  private let logger: Logger
  private let pool = NIOThreadPool(numberOfThreads: 1)
  private let waiting = Atomic<Int>(0)
  private var connection: (any AdminConnection)?
  /// Checks that may wait; a client that makes up shapes faster than the database explains them gets no further.
  private static let limit = 256

  init(database: DatabaseURL, hasSession: Bool, logger: Logger) {
    self.database = database
    self.hasSession = hasSession
    self.logger = logger
    pool.start()
  }

  /// Leaves what runs to its end, without waiting for it.
  func stop() { pool.shutdownGracefully { _ in } }

  func judge(_ check: IndexCheck) {
    guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.limit else {
      waiting.wrappingSubtract(1, ordering: .relaxed)
      return deliver(check, nil)
    }
    pool.submit { state in
      self.waiting.wrappingSubtract(1, ordering: .relaxed)
      self.deliver(check, state == .active ? self.answer(check) : nil)
    }
  }

  private func deliver(_ check: IndexCheck, _ answer: IndexQuestion.Answer?) {
    if answer == nil { check.question.release() }
    check.answer = answer
    check.mailbox.deliver([check])
  }

  /// Nil if the database does not answer.
  private func answer(_ check: IndexCheck) -> IndexQuestion.Answer? {
    let question = check.question
    // Calls that came at once ask the same.
    if let known = question.answer(now: MonotonicTime.now()) { return known }
    do throws(DatabaseError) {
      let answer = try question.need.isMet(on: try open()) ? IndexQuestion.Answer.served : .lacking
      if question.settle(answer, now: MonotonicTime.now()), answer == .lacking { log(question, check.path) }
      return answer
    } catch {
      // A connection that broke is made again.
      connection = nil
      logger.debug("whether an index serves a query could not be asked: \(error.description)")
      return nil
    }
  }

  /// The connection; a new one if there is none.
  private func open() throws(DatabaseError) -> any AdminConnection {
    if let connection { return connection }
    let made = try database.connect(isReadOnly: true, hasSession: hasSession)
    connection = made
    return made
  }

  private func log(_ question: IndexQuestion, _ path: String) {
    var metadata: Logger.Metadata = ["method": "\(path)", "query": "\(question.sql)"]
    let statements = question.advice.indexes.map { $0.statement + ";" }.joined(separator: " ")
    if !statements.isEmpty { metadata["fix"] = "\(statements)" }
    logger.warning(
      "no index serves \(question.part == .filter ? "a filter" : "an order"): \(question.advice.text)",
      metadata: metadata)
  }
}
