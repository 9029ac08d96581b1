/// One statement of an operation.
///
/// A class, as each call takes hold of it several times: one reference costs less than copies of its parts.
package final class Step: Sendable {
  package enum Effect: Sendable {
    /// Rows, if any, are ignored.
    case none
    /// There must be a row, or the operation ends with `.notFound` and is rolled back.
    case requireRow
    /// There must be a row, or the operation ends with `.denied` and is rolled back.
    case permitRow
    /// There must be a row; its columns go to the later steps as their last parameters.
    case captureRow
    /// There must be a row; it becomes the response.
    case respond(RowEncoder)
  }

  package let statement: Statement
  /// For each placeholder, the index of its value in the operation's parameters; captured columns follow these.
  package let parameters: [Int]
  /// Whether the captured columns are bound behind `parameters`.
  package let takesCapture: Bool
  package let effect: Effect
  /// How several operations of this step become one statement; nil: they do not.
  package let gathering: Gathering?

  package init(
    _ statement: Statement, parameters: [Int], takesCapture: Bool = false, effect: Effect, gathering: Gathering? = nil
  ) {
    self.statement = statement
    self.parameters = parameters
    self.takesCapture = takesCapture
    self.effect = effect
    self.gathering = gathering
  }

  /// The same, going together with others of its kind.
  func gathered(by gathering: Gathering?) -> Step {
    Step(statement, parameters: parameters, takesCapture: takesCapture, effect: effect, gathering: gathering)
  }
}

/// What one unary call does to the database: steps that happen all or not at all.
///
/// PostgreSQL plans have one step, whose statement is a transaction by itself. SQLite plans may have several, which
/// the writer lane runs in a savepoint.
///
/// `@unchecked Sendable`: as `Job`; `outcome` is the lane's until it hands the operation back.
open class Operation: Job, @unchecked Sendable {
  package enum Outcome: Sendable {
    case pending
    /// The response message with its five-byte gRPC prefix.
    case message([UInt8])
    /// All steps done; there is no response row (Destroy).
    case done
    /// A step found no row.
    case notFound
    /// A row filter does not let the caller write such a row; nothing has been written.
    case denied
    /// Behind a reference, so that outcomes are as small as the messages that most of them are.
    indirect case failed(DatabaseError)
  }

  /// What is to be done, in one piece: its parts are not taken hold of one by one.
  package let bound: BoundOperation
  /// Written by the lane before `arrive()`.
  package var outcome: Outcome = .pending
  /// Whether the thread that hands it to the driver may be kept from sleeping for `AwakeWait.nanoseconds`. Set before that.
  package final var staysAwake = false
  /// Written by the lane: that thread has waited for the answer, with nothing else to do, for no longer than that where
  /// it stayed awake.
  package final var cameAtOnce = false

  package init(
    _ bound: consuming BoundOperation, mailbox: any Mailbox, deadline: UInt64 = 0, session: CallSession? = nil
  ) {
    self.bound = bound
    super.init(mailbox: mailbox, deadline: deadline, session: session)
  }

  package convenience init(
    steps: [Step], parameters: Parameters, isWrite: Bool, mailbox: any Mailbox, deadline: UInt64 = 0,
    session: CallSession? = nil
  ) {
    let bound = BoundOperation(steps: steps, parameters: parameters, isWrite: isWrite)
    self.init(bound, mailbox: mailbox, deadline: deadline, session: session)
  }

  /// What came of it, for the one who takes it; `pending` is left behind.
  package final func takeOutcome() -> Outcome {
    var taken = Outcome.pending
    swap(&taken, &outcome)
    return taken
  }

  override package final func turnsToFallback() -> Bool {
    guard let fallback, case .failed(let error) = outcome, error.mayBeTheCopys, !isCancelled else { return false }
    self.fallback = nil
    outcome = .pending
    fallback.submit(self)
    return true
  }
}
