package import PillionDatabase
import PillionTransport

/// Asks the database whether indexes serve a query, away from the event loops.
package protocol IndexJudge: AnyObject, Sendable {
  /// Takes the check and returns at once; the check comes back through its mailbox exactly once.
  func judge(_ check: IndexCheck)
}

/// A question that waits for the database, and who waits for the answer.
///
/// `@unchecked Sendable`: as `Job`; `then` is touched only on the event loop that made the check.
package final class IndexCheck: Job, @unchecked Sendable {
  package let question: IndexQuestion
  /// Of the call that raised it.
  package let path: String
  /// Written by the judge before `arrive()`; nil: it could not ask.
  package var answer: IndexQuestion.Answer?
  private let then: ((IndexQuestion.Answer?) -> Void)?

  init(
    _ question: IndexQuestion, path: String, mailbox: any Mailbox, then: ((IndexQuestion.Answer?) -> Void)? = nil
  ) {
    self.question = question
    self.path = path
    self.then = then
    super.init(mailbox: mailbox)
  }

  override public func arrive() { then?(answer) }
}

/// `require_index` of one service: lets Lists through whose shape indexes serve.
struct IndexGuard: Sendable {
  let refuses: Bool
  let judge: any IndexJudge

  /// Opens the List, at once or when the database has answered, or ends its call. What could not be asked goes through:
  /// the database that did not answer will tell the call itself.
  func admit(_ question: IndexQuestion, _ call: ServerCall, _ loop: LoopState, open: @escaping () -> Void) {
    let known = question.answer(now: MonotonicTime.now())
    guard refuses else {
      if known == nil, question.claim() { judge.judge(IndexCheck(question, path: call.method.path, mailbox: loop)) }
      return open()
    }
    func decide(_ answer: IndexQuestion.Answer?) {
      switch answer {
      case .served, nil: open()
      case .lacking: call.finish(Self.refusal(question))
      }
    }
    if let known { return decide(known) }
    judge.judge(
      IndexCheck(question, path: call.method.path, mailbox: loop) { answer in
        if !call.isEnded { decide(answer) }
      })
  }

  private static func refusal(_ question: IndexQuestion) -> Status {
    let (name, parameter) = question.part == .filter ? ("filter", "filter") : ("order", "order_by")
    return Status(
      .failedPrecondition, "No index serves the \(name): \(question.advice.text).",
      details: [.errorInfo(reason: "INDEX_REQUIRED", metadata: [("parameter", parameter)])])
  }
}
