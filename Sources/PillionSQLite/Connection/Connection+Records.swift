import CPillionSQLite
import PillionDatabase

extension Connection {
  /// Makes the functions known that put rows into rows (`SQLiteRecord`).
  func registerRecords() throws(DatabaseError) {
    let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS
    var codes: [Int32] = []
    codes.append(
      sqlite3_create_function_v2(
        handle, SQLiteRecord.row, -1, flags, nil, { packRow($0, $1, $2) }, nil, nil, nil))
    codes.append(
      sqlite3_create_function_v2(
        handle, SQLiteRecord.join, -1, flags, nil, { joinRecords($0, $1, $2) }, nil, nil, nil))
    codes.append(
      sqlite3_create_function_v2(
        handle, SQLiteRecord.list, 1, flags, nil, nil, { appendToList($0, $1, $2) }, { finishList($0) }, nil))
    if let code = codes.first(where: { $0 != SQLITE_OK }) { throw SQLiteError.last(code, on: handle) }
  }
}

private func packRow(_ context: OpaquePointer?, _ count: Int32, _ values: UnsafeMutablePointer<OpaquePointer?>?) {
  var bytes: [UInt8] = []
  for index in 0..<Int(count) {
    SQLiteRecord.append(values?[index].map { Cell($0) } ?? Cell(), to: &bytes)
  }
  result(bytes, context)
}

private func joinRecords(_ context: OpaquePointer?, _ count: Int32, _ values: UnsafeMutablePointer<OpaquePointer?>?) {
  var bytes: [UInt8] = []
  for index in 0..<Int(count) {
    if let value = values?[index] { bytes.append(contentsOf: Cell(value).bytes) }
  }
  result(bytes, context)
}

/// The list so far: SQLite keeps a pointer to it, zero at first, until it asks for the result, which it does in any case
/// (https://sqlite.org/c3ref/aggregate_context.html).
private final class RecordList {
  var bytes: [UInt8] = []
}

private func appendToList(_ context: OpaquePointer?, _ count: Int32, _ values: UnsafeMutablePointer<OpaquePointer?>?) {
  let size = Int32(MemoryLayout<UnsafeMutableRawPointer?>.size)
  guard let memory = sqlite3_aggregate_context(context, size) else { return sqlite3_result_error_nomem(context) }
  let kept = memory.assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
  let list: RecordList
  if let known = kept.pointee {
    list = Unmanaged<RecordList>.fromOpaque(known).takeUnretainedValue()
  } else {
    list = RecordList()
    kept.pointee = Unmanaged.passRetained(list).toOpaque()
  }
  SQLiteRecord.append(values?[0].map { Cell($0) } ?? Cell(), to: &list.bytes)
}

private func finishList(_ context: OpaquePointer?) {
  // Without memory there was no row.
  guard let memory = sqlite3_aggregate_context(context, 0),
    let kept = memory.assumingMemoryBound(to: UnsafeMutableRawPointer?.self).pointee
  else { return result([], context) }
  result(Unmanaged<RecordList>.fromOpaque(kept).takeRetainedValue().bytes, context)
}

private func result(_ bytes: [UInt8], _ context: OpaquePointer?) {
  bytes.withUnsafeBytes { bytes in
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return sqlite3_result_zeroblob(context, 0) }
    pillion_sqlite3_result_blob_copy(context, base, sqlite3_uint64(bytes.count))
  }
}
