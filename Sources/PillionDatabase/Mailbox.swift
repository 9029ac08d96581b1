import Synchronization

/// The way back from a lane to the event loop that asked.
package protocol Mailbox: AnyObject, Sendable {
  /// Takes jobs that have news; calls `arrive()` on each, in order, on the mailbox's own thread. Called by lanes, once
  /// per batch; must not block.
  func deliver(_ jobs: ContiguousArray<Job>)

  /// Whether the caller runs on the mailbox's own thread, which may work for a millisecond on what it submits.
  var isOwnThread: Bool { get }

  /// Runs `work`, which may take a millisecond, on the mailbox's own thread once that has dealt with all it has at hand.
  ///
  /// - Returns: false, and `work` is not run, where the mailbox has no thread of its own.
  func whenIdle(_ work: @escaping @Sendable () -> Void) -> Bool
}

extension Mailbox {
  package var isOwnThread: Bool { false }
  package func whenIdle(_ work: @escaping @Sendable () -> Void) -> Bool { false }
}

/// Something a lane works on for somebody on an event loop.
///
/// `@unchecked Sendable`: a job has one owner at a time. The event loop makes it and hands it to a driver; the lane
/// alone touches its mutable state until it hands the job to the mailbox, which passes it on to the event loop through
/// a synchronised queue. What both sides may touch at once (`isCancelled`, and `RowStream`'s queue) is atomic or locked.
///
/// `open`, though nothing else of this package is public: Swift lets only open classes be inherited from in other modules.
open class Job: @unchecked Sendable {
  package let mailbox: any Mailbox
  /// Monotonic nanoseconds (CLOCK_MONOTONIC); 0: none.
  package let deadline: UInt64
  /// When what happened to it, for those who want to know: set by whoever submits it, filled in by the lane.
  package final var timing: JobTiming?
  /// Goes behind the SQL of a statement that is then not prepared, where the database shows statements to people; nil:
  /// nothing does. Set by whoever submits the job.
  package final var comment: String?
  /// For whom the work is done; nil: for the login role.
  package let session: CallSession?
  /// Who does the work if the driver that has it cannot, for reasons of its own.
  package final var fallback: (any Driver)?
  private let cancelled = Atomic<Bool>(false)

  package init(mailbox: any Mailbox, deadline: UInt64 = 0, session: CallSession? = nil) {
    self.mailbox = mailbox
    self.deadline = deadline
    self.session = session
  }

  /// Whether its client has left or its deadline has come; set through `Driver.cancel`.
  package final var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

  /// Marks the job: lanes drop it where they can. Use `Driver.cancel`, which also stops a running statement.
  package final func markCancelled() { cancelled.store(true, ordering: .relaxed) }

  /// Why it shall not begin or go on, if so.
  package final func end(at now: UInt64) -> DatabaseError? {
    if isCancelled { return DatabaseError(.pillion(.cancelled), "the call was cancelled") }
    guard deadline != 0, now >= deadline else { return nil }
    return DatabaseError(.pillion(.timeout), "the call's deadline has come")
  }

  /// Lane: works on it from now on.
  package final func noteStarted() {
    if timing?.started == 0 { timing?.started = MonotonicTime.now() }
  }

  /// Lane: it is done with.
  package final func noteEnded() {
    if timing != nil { timing?.ended = MonotonicTime.now() }
  }

  /// Whether the job goes to another driver instead of back to who asked. Before it is delivered, on its lane.
  package func turnsToFallback() -> Bool { false }

  /// The lane has news. Runs on the mailbox's thread.
  open func arrive() {}
}

/// When a job was handed to its driver, when a lane began with it, and when it was done. Monotonic nanoseconds; 0: not.
package struct JobTiming: Sendable {
  package var submitted: UInt64
  package var started: UInt64 = 0
  package var ended: UInt64 = 0

  package init(submitted: UInt64) { self.submitted = submitted }
}

/// Collects finished jobs on a lane and hands each mailbox its share in one batch.
package struct Outbox {
  private var shares: [(mailbox: any Mailbox, jobs: ContiguousArray<Job>)] = []

  package init() {}

  package var isEmpty: Bool { shares.isEmpty }

  package mutating func append(_ job: Job) {
    if job.fallback != nil, job.turnsToFallback() { return }
    // As many mailboxes as event loops: a handful, so a scan beats a table.
    for index in shares.indices where shares[index].mailbox === job.mailbox {
      shares[index].jobs.append(job)
      return
    }
    shares.append((job.mailbox, [job]))
  }

  package mutating func flush() {
    guard !shares.isEmpty else { return }
    let batch = shares
    shares.removeAll(keepingCapacity: true)
    for share in batch { share.mailbox.deliver(share.jobs) }
  }
}
