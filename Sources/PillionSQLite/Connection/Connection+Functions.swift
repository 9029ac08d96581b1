import CPillionSQLite
import PillionDatabase
import PillionQuery

extension Connection {
  /// Makes the functions known that plans ask for (https://sqlite.org/c3ref/create_function.html).
  func registerFunctions() throws(DatabaseError) {
    let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS
    for (index, function) in SQLiteFunction.allCases.enumerated() {
      // The index comes back as the context's user data: no memory to keep.
      let code = sqlite3_create_function_v2(
        handle, function.rawValue, 1, flags, UnsafeMutableRawPointer(bitPattern: index + 1),
        { context, count, values in callFunction(context, count, values) }, nil, nil, nil)
      guard code == SQLITE_OK else { throw SQLiteError.last(code, on: handle) }
    }
    // What `REGEXP` calls (https://sqlite.org/lang_expr.html#regexp).
    let code = sqlite3_create_function_v2(
      handle, "regexp", 2, flags, nil, { context, count, values in callRegexp(context, count, values) }, nil, nil, nil)
    guard code == SQLITE_OK else { throw SQLiteError.last(code, on: handle) }
  }
}

private func callFunction(
  _ context: OpaquePointer?, _ count: Int32, _ values: UnsafeMutablePointer<OpaquePointer?>?
) {
  let index = Int(bitPattern: sqlite3_user_data(context)) - 1
  guard count == 1, let value = values?[0], SQLiteFunction.allCases.indices.contains(index) else {
    return sqlite3_result_null(context)
  }
  switch SQLiteFunction.allCases[index].value(of: Cell(value)) {
  case .null: sqlite3_result_null(context)
  case .integer(let number): sqlite3_result_int64(context, number)
  case .text(let bytes):
    bytes.withUnsafeBytes { bytes in
      pillion_sqlite3_result_text_copy(
        context, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), sqlite3_uint64(bytes.count))
    }
  case .blob(let bytes):
    bytes.withUnsafeBytes { bytes in
      pillion_sqlite3_result_blob_copy(context, bytes.baseAddress, sqlite3_uint64(bytes.count))
    }
  }
}

/// `regexp(pattern, text)`; the compiled pattern stays with the statement as long as the pattern is the same.
private func callRegexp(
  _ context: OpaquePointer?, _ count: Int32, _ values: UnsafeMutablePointer<OpaquePointer?>?
) {
  guard count == 2, let pattern = values?[0], let subject = values?[1],
    sqlite3_value_type(pattern) != SQLITE_NULL, sqlite3_value_type(subject) != SQLITE_NULL
  else { return sqlite3_result_null(context) }
  let expression: RegularExpression
  if let kept = sqlite3_get_auxdata(context, 0) {
    expression = Unmanaged<RegularExpression>.fromOpaque(kept).takeUnretainedValue()
  } else {
    guard let made = RegularExpression(Array(Cell(pattern).bytes)) else {
      return sqlite3_result_error(context, "malformed regular expression", -1)
    }
    sqlite3_set_auxdata(context, 0, Unmanaged.passRetained(made).toOpaque()) { kept in
      if let kept { Unmanaged<RegularExpression>.fromOpaque(kept).release() }
    }
    expression = made
  }
  guard let text = sqlite3_value_text(subject) else { return sqlite3_result_null(context) }
  text.withMemoryRebound(to: CChar.self, capacity: 1) { sqlite3_result_int(context, expression.matches($0) ? 1 : 0) }
}

extension Cell {
  /// An argument of a function; valid while the function runs.
  init(_ value: OpaquePointer) {
    switch sqlite3_value_type(value) {
    case SQLITE_INTEGER: self.init(kind: .integer, word: UInt64(bitPattern: sqlite3_value_int64(value)))
    case SQLITE_FLOAT: self.init(kind: .real, word: sqlite3_value_double(value).bitPattern)
    case SQLITE_TEXT:
      let text = sqlite3_value_text(value)
      self.init(
        kind: .text,
        bytes: UnsafeRawBufferPointer(start: text, count: text == nil ? 0 : Int(sqlite3_value_bytes(value))))
    case SQLITE_BLOB:
      let blob = sqlite3_value_blob(value)
      self.init(
        kind: .blob,
        bytes: UnsafeRawBufferPointer(start: blob, count: blob == nil ? 0 : Int(sqlite3_value_bytes(value))))
    default: self.init()
    }
  }
}
