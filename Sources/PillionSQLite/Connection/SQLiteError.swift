import CPillionSQLite
import PillionDatabase

/// DatabaseErrors out of SQLite's result codes and messages.
enum SQLiteError {
  /// The error of the last call on a connection, which returned `code`.
  static func last(_ code: Int32, on handle: OpaquePointer?, sql: String? = nil) -> DatabaseError {
    guard let handle else { return DatabaseError(.sqlite(code), text(code), sql: sql) }
    // The connection's code is that of its last call, unless that was not recorded there (SQLITE_MISUSE).
    let extended = sqlite3_extended_errcode(handle)
    guard extended & 0xff == code & 0xff, let message = sqlite3_errmsg(handle) else {
      return DatabaseError(.sqlite(code), text(code), sql: sql)
    }
    return make(extended, String(cString: message), sql: sql)
  }

  /// SQLite's English for a result code.
  static func text(_ code: Int32) -> String {
    guard let text = sqlite3_errstr(code) else { return "unknown error" }
    return String(cString: text)
  }

  /// Takes the table, column or constraint out of the messages that name them: `UNIQUE constraint failed: post.title`
  /// (sqlite3UniqueConstraint and sqlite3HaltConstraint in SQLite's insert.c and build.c).
  static func make(_ code: Int32, _ message: String, sql: String? = nil) -> DatabaseError {
    var error = DatabaseError(.sqlite(code), message, sql: sql)
    guard code & 0xff == SQLITE_CONSTRAINT else { return error }
    switch code {
    case Extended.check:
      error.constraint = rest(of: message, behind: "CHECK constraint failed: ")
    case Extended.unique, Extended.primaryKey, Extended.rowID:
      guard let names = rest(of: message, behind: "UNIQUE constraint failed: ") else { break }
      if let index = rest(of: names, behind: "index '") {
        error.constraint = String(index.dropLast())
      } else {
        setColumns(names, in: &error)
      }
    case Extended.notNull:
      guard let name = rest(of: message, behind: "NOT NULL constraint failed: ") else { break }
      setColumns(name, in: &error)
    case Extended.dataType:
      // cannot store TEXT value in INTEGER column t.c
      guard let last = message.split(separator: " ").last, message.hasPrefix("cannot store ") else { break }
      setColumns(String(last), in: &error)
    default: break
    }
    return error
  }

  /// `t.a, t.b` becomes table `t` and column `a, b`.
  private static func setColumns(_ names: String, in error: inout DatabaseError) {
    var columns: [Substring] = []
    for name in names.split(separator: ", ") {
      guard let dot = name.lastIndex(of: ".") else { return }
      error.table = String(name[..<dot])
      columns.append(name[name.index(after: dot)...])
    }
    if !columns.isEmpty { error.column = columns.joined(separator: ", ") }
  }

  private static func rest(of message: String, behind prefix: String) -> String? {
    message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : nil
  }

  /// Extended result codes are macros with shifts, which Swift does not import (https://sqlite.org/rescode.html).
  enum Extended {
    static let check: Int32 = 275
    static let foreignKey: Int32 = 787
    static let notNull: Int32 = 1299
    static let primaryKey: Int32 = 1555
    static let unique: Int32 = 2067
    static let rowID: Int32 = 2579
    static let dataType: Int32 = 3091
  }
}

extension DatabaseError {
  /// SQLite's code without its extension; nil for errors that are not SQLite's.
  var primarySQLiteCode: Int32? {
    if case .sqlite(let code) = code { code & 0xff } else { nil }
  }

  /// Whether it means that the database cannot be used at all, as opposed to one statement that failed.
  var saysUnavailable: Bool {
    switch primarySQLiteCode {
    case SQLITE_CANTOPEN, SQLITE_NOTADB, SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_PROTOCOL: true
    default: code == .pillion(.unavailable)
    }
  }
}
