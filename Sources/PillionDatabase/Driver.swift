/// A database as the services see it. Every method may be called from any thread, returns at once and never blocks; but
/// `submit` may take a millisecond on the thread of the operations' mailbox.
package protocol Driver: AnyObject, Sendable {
  var dialect: Dialect { get }

  /// Queues all operations, in order, and takes them out of the ring; each comes back through its mailbox exactly once,
  /// with an outcome.
  func submit(_ operations: inout Ring<Operation>)

  /// Queues a List for one of the streaming connections; it comes back through its mailbox whenever it has chunks, and
  /// once with its end.
  func open(_ stream: RowStream)

  /// The event loop has taken chunks of a parked stream.
  func resume(_ stream: RowStream)

  /// The client has left or the deadline has come: stops the running statement, or takes the job off the queue. The job
  /// still comes back, with `.failed` or whatever it had reached.
  func cancel(_ job: Job)

  /// A connection for one caller; blocks until it is open, unlike everything else here. To be closed before `shutdown`.
  func makeSession() throws(DatabaseError) -> any Session

  /// Whether the database answered when it was last asked.
  var isAvailable: Bool { get }

  /// What the lanes have to do now. May wait for a lane's lock, for as long as the lane takes for one turn.
  var statistics: DriverStatistics { get }

  /// Ends lanes and connections; queued jobs come back as unavailable. Returns when the last thread has gone; called
  /// once, from a thread that may wait.
  func shutdown()
}

extension Driver {
  package func submit(_ operation: Operation) {
    var operations = Ring<Operation>()
    operations.append(operation)
    submit(&operations)
  }
}

/// A blocking connection for commands that run and exit: `schema`, `check`, `inspect`.
package protocol AdminConnection: AnyObject {
  var dialect: Dialect { get }
  /// Runs statements without parameters, all in one transaction.
  func execute(_ statements: [String]) throws(DatabaseError)
  /// Rows of one statement, every value as text, NULL as nil.
  func query(_ sql: String) throws(DatabaseError) -> [[String?]]
}
