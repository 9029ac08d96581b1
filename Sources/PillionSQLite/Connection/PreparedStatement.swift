import CPillionSQLite
import PillionDatabase

/// A compiled statement: the one owner of a `sqlite3_stmt`, used on its connection's thread.
final class PreparedStatement {
  let handle: OpaquePointer
  private let connection: OpaquePointer
  let sql: String
  /// Whether it leaves the database file as it is (https://sqlite.org/c3ref/stmt_readonly.html).
  let isReadOnly: Bool
  /// For the cache: when it was last taken.
  var lastUse: UInt64 = 0

  /// Compiles the first statement of `sql` for repeated use.
  init(_ sql: String, on connection: OpaquePointer) throws(DatabaseError) {
    var text = sql
    var handle: OpaquePointer?
    let code = text.withUTF8 { utf8 in
      utf8.withMemoryRebound(to: CChar.self) { characters in
        sqlite3_prepare_v3(
          connection, characters.baseAddress, Int32(clamping: characters.count), UInt32(SQLITE_PREPARE_PERSISTENT),
          &handle, nil)
      }
    }
    guard code == SQLITE_OK else { throw SQLiteError.last(code, on: connection, sql: sql) }
    guard let handle else { throw DatabaseError(.pillion(.internal), "there is no statement in the SQL", sql: sql) }
    self.handle = handle
    self.connection = connection
    self.sql = sql
    isReadOnly = sqlite3_stmt_readonly(handle) != 0
  }

  deinit { sqlite3_finalize(handle) }

  /// The indices of the values that its parameters take. `$2` and `?2` take the second, wherever they stand: to SQLite `$2`
  /// is a name, and it numbers names as they come (https://sqlite.org/lang_expr.html#varparam). One without a number
  /// takes the value of its place.
  var placeholders: [Int] {
    (0..<sqlite3_bind_parameter_count(handle)).map { place in
      let name = sqlite3_bind_parameter_name(handle, place + 1).map { String(cString: $0) }
      return name.flatMap { Int($0.dropFirst()) }.map { $0 &- 1 } ?? Int(place)
    }
  }

  /// Binds the values at `indices` of `parameters` from the first placeholder on.
  ///
  /// - Parameter bytes: those of `parameters`; must stay valid until `reset`. Nil: SQLite makes copies.
  func bind(
    _ indices: some Collection<Int>, of parameters: Parameters, bytes: UnsafeRawBufferPointer?, from first: Int32 = 1
  ) throws(DatabaseError) {
    var position = first
    let entries = parameters.entries
    // By place: a loop over them would take hold of what the statements of all threads share.
    for place in indices.indices {
      let index = indices[place]
      guard entries.indices.contains(index) else {
        throw DatabaseError(.pillion(.internal), "placeholder \(position) has no value", sql: sql)
      }
      let entry = entries[index]
      let code: Int32
      if let bytes {
        code = bind(entry, bytes, copies: false, at: position)
      } else {
        code = parameters.bytes.withUnsafeBytes { bind(entry, $0, copies: true, at: position) }
      }
      guard code == SQLITE_OK else { throw SQLiteError.last(code, on: connection, sql: sql) }
      position &+= 1
    }
  }

  private func bind(
    _ entry: Parameters.Entry, _ bytes: UnsafeRawBufferPointer, copies: Bool, at position: Int32
  ) -> Int32 {
    switch entry.kind {
    case .null: return sqlite3_bind_null(handle, position)
    case .integer: return sqlite3_bind_int64(handle, position, Int64(bitPattern: entry.word))
    case .real: return sqlite3_bind_double(handle, position, Double(bitPattern: entry.word))
    case .text, .binary:
      guard entry.start >= 0, entry.count >= 0, entry.start &+ entry.count <= bytes.count else { return SQLITE_RANGE }
      let count = UInt64(entry.count)
      guard entry.kind == .text else {
        // A null pointer would bind NULL (https://sqlite.org/c3ref/bind_blob.html).
        guard count > 0, let base = bytes.baseAddress else { return sqlite3_bind_zeroblob(handle, position, 0) }
        let start = base + entry.start
        return copies
          ? pillion_sqlite3_bind_blob_copy(handle, position, start, count)
          : sqlite3_bind_blob64(handle, position, start, count, nil)
      }
      guard let base = bytes.baseAddress else { return SQLITE_RANGE }
      let start = (base + entry.start).assumingMemoryBound(to: CChar.self)
      return copies
        ? pillion_sqlite3_bind_text_copy(handle, position, start, count)
        : sqlite3_bind_text64(handle, position, start, count, nil, UInt8(SQLITE_UTF8))
    }
  }

  /// Steps to the next row; false at the end.
  func step() throws(DatabaseError) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw SQLiteError.last(code, on: connection, sql: sql)
    }
  }

  /// Ends the run and forgets the bound values.
  func reset() {
    // It repeats the code of the failed step, which has been seen.
    sqlite3_reset(handle)
    sqlite3_clear_bindings(handle)
  }
}
