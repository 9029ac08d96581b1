internal import CPillionPostgreSQL
internal import Glibc
internal import PillionDatabase

/// A session with the server: the one owner of a `PGconn`.
///
/// `@unchecked Sendable`: one thread at a time uses it. The connector makes it and hands it to a lane through the lane's
/// locked inbox; the lane uses it under its own lock or on its own thread only. `waitForInput` alone may run beside that:
/// it touches nothing but `socket`, a number that never changes. Should libpq close it meanwhile, what it says is of no
/// account, as who waited then looks under the lock.
final class Connection: @unchecked Sendable {
  enum Flush { case done, pending, failed }

  private let handle: OpaquePointer
  let cancelHandle: CancelHandle
  let socket: Int32

  /// Takes over a connection that is open.
  init?(adopting handle: OpaquePointer) {
    guard let cancelHandle = CancelHandle(handle) else {
      PQfinish(handle)
      return nil
    }
    self.handle = handle
    self.cancelHandle = cancelHandle
    socket = PQsocket(handle)
  }

  deinit { PQfinish(handle) }

  var isBroken: Bool { PQstatus(handle) == CONNECTION_BAD }

  /// Lets statements follow one another without waiting ("Pipeline Mode" in PostgreSQL's manual).
  func enterPipelineMode() -> Bool { PQenterPipelineMode(handle) == 1 }

  /// Only once all that was sent has been answered.
  func exitPipelineMode() -> Bool { PQexitPipelineMode(handle) == 1 }

  /// Why the last call failed, in libpq's words.
  var failure: String { QueryResult.firstLine(PQerrorMessage(handle)) }

  // MARK: Receiving

  /// Reads what has come without waiting; false when the connection broke.
  func consumeInput() -> Bool { PQconsumeInput(handle) == 1 }

  /// Waits until there is input, or the connection broke; false: neither within `milliseconds`. It touches the socket
  /// alone, so that another thread may use the connection meanwhile.
  func waitForInput(milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, milliseconds) > 0
  }

  /// Whether `nextResult` would wait for the server.
  var isBusy: Bool { PQisBusy(handle) == 1 }

  func nextResult() -> QueryResult? {
    guard let result = PQgetResult(handle) else { return nil }
    return QueryResult(result)
  }

  // MARK: Sending: all of it into libpq's buffer; false when the connection broke

  func prepare(_ statement: Statement) -> Bool {
    statement.parameterTypes.withUnsafeBufferPointer { types in
      let count = Int32(clamping: types.count)
      return PQsendPrepare(handle, StatementCache.name(statement.id), statement.sql, count, types.baseAddress) == 1
    }
  }

  func deallocate(_ name: String) -> Bool { send("DEALLOCATE \(name)") }

  /// A statement without parameters.
  func send(_ sql: String) -> Bool { PQsendQueryParams(handle, sql, 0, nil, nil, nil, nil, 0) == 1 }

  /// A statement with parameters, not prepared.
  func send(_ statement: Statement, _ bound: ParameterBinder.Bound) -> Bool {
    statement.parameterTypes.withUnsafeBufferPointer { types in
      PQsendQueryParams(
        handle, statement.sql, bound.count, types.baseAddress, bound.values, bound.lengths, bound.formats, 1) == 1
    }
  }

  /// A prepared statement; its rows come in binary formats.
  func execute(_ name: ContiguousArray<CChar>, _ bound: ParameterBinder.Bound) -> Bool {
    name.withUnsafeBufferPointer {
      PQsendQueryPrepared(handle, $0.baseAddress, bound.count, bound.values, bound.lengths, bound.formats, 1) == 1
    }
  }

  /// A statement that nobody will find again; its rows come in binary formats.
  func execute(unnamed statement: Statement, comment: String? = nil, _ bound: ParameterBinder.Bound) -> Bool {
    let sql = comment.map { statement.sql + $0 } ?? statement.sql
    return statement.parameterTypes.withUnsafeBufferPointer { types in
      // libpq reads as many types as there are parameters; without any, the server finds them itself.
      let known = types.count >= Int(bound.count) ? types.baseAddress : nil
      return PQsendQueryParams(
        handle, sql, bound.count, known, bound.values, bound.lengths, bound.formats, 1) == 1
    }
  }

  /// A statement whose parameters' types the server finds itself; its rows come as text.
  func execute(text sql: String, _ bound: ParameterBinder.Bound) -> Bool {
    PQsendQueryParams(handle, sql, bound.count, nil, bound.values, bound.lengths, bound.formats, 0) == 1
  }

  /// Makes the rows of the statement just sent come one by one.
  func setSingleRowMode() -> Bool { PQsetSingleRowMode(handle) == 1 }

  /// Ends a segment of the pipeline: commits it, and keeps its errors from the next. Flushes.
  func sync() -> Bool { PQpipelineSync(handle) == 1 }

  /// Sends what it can without waiting.
  func flush() -> Flush {
    switch PQflush(handle) {
    case 0: .done
    case 1: .pending
    default: .failed
    }
  }
}
