#pragma once
#include <sqlite3.h>

// Variadic, which Swift cannot call. https://sqlite.org/c3ref/db_config.html
static inline int pillion_sqlite3_db_config(sqlite3 *db, int option, int value) {
  return sqlite3_db_config(db, option, value, (int *)0);
}

// Likewise. https://sqlite.org/c3ref/config.html
static inline int pillion_sqlite3_config(int option, int value) { return sqlite3_config(option, value); }

// SQLITE_TRANSIENT is a cast of -1 to a function pointer, which Swift does not import.
static inline int pillion_sqlite3_bind_text_copy(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 count) {
  return sqlite3_bind_text64(statement, index, text, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int pillion_sqlite3_bind_blob_copy(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
  return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_TRANSIENT);
}

static inline void pillion_sqlite3_result_text_copy(sqlite3_context *context, const char *text, sqlite3_uint64 count) {
  sqlite3_result_text64(context, text, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline void pillion_sqlite3_result_blob_copy(sqlite3_context *context, const void *bytes, sqlite3_uint64 count) {
  sqlite3_result_blob64(context, bytes, count, SQLITE_TRANSIENT);
}
