import CPillionSQLite
import PillionDatabase

/// Whether the schema may call what SQLite takes for unsafe in it (https://sqlite.org/security.html, point 1.2): it may
/// not, but for one mistake of the library.
///
/// Debian 12's version 3.40 takes SQLite's own JSON functions for unsafe, so that a CHECK constraint, view or trigger
/// with one makes a table, or the whole database, unreadable. Django makes such a constraint for every JSONField. With
/// such a version a schema that calls JSON functions, and no other, is trusted. It can do nothing outside the database
/// even then: extensions cannot be loaded, and the functions that we register only compute.
extension Connection {
  /// Whether the library takes its JSON functions for unsafe.
  static let refusesJSON: Bool = {
    var handle: OpaquePointer?
    defer { sqlite3_close_v2(handle) }
    guard sqlite3_open_v2(":memory:", &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nil) == SQLITE_OK,
      pillion_sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0) == SQLITE_OK
    else { return false }
    return sqlite3_exec(handle, "CREATE TABLE t (a CHECK (json_valid(a)))", nil, nil, nil) != SQLITE_OK
  }()

  /// Trusts the schema if it calls a JSON function that would be refused; the functions must be registered.
  func settleTrust() throws(DatabaseError) {
    guard Self.refusesJSON else { return }
    // Without trust the schema could not even be looked at.
    try trustSchema(true)
    // json_valid(…), "json_valid" (…), json(…), a -> '$.b'; a name in a comment or text does no harm.
    let calls = #"(^|[^a-z0-9_])jsonb?(_[a-z_]+)?["'`]?[[:space:]]*\(|->"#
    let statement = try PreparedStatement(
      "SELECT 1 FROM sqlite_schema WHERE lower(sql) REGEXP \(SQLText.literal(calls)) LIMIT 1", on: handle)
    if try !statement.step() { try trustSchema(false) }
  }

  /// Whether an error is only that the schema has come to call JSON functions since the connection was opened; the next
  /// use of the connection works then.
  func mendsTrust(after error: DatabaseError) -> Bool {
    guard Self.refusesJSON, error.message.contains("unsafe use of ") else { return false }
    do throws(DatabaseError) {
      try settleTrust()
      return trustsSchema
    } catch {
      return false
    }
  }

  func trustSchema(_ isTrusted: Bool) throws(DatabaseError) {
    let code = pillion_sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, isTrusted ? 1 : 0)
    guard code == SQLITE_OK else { throw SQLiteError.last(code, on: handle) }
    trustsSchema = isTrusted
  }
}
