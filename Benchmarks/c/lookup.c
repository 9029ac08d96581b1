/* Rows of SQLite by their key through the C API: what a program without Pillion would do in its own process.
   usage: lookup FILE ROWS SECONDS; prints rows per second. */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void must(int code, sqlite3 *db) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  sqlite3 *db;
  sqlite3_stmt *statement;
  must(sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, 0), db);
  must(sqlite3_prepare_v3(db, "SELECT id, title, content, views, rating, published, created FROM bench_post WHERE id = ?", -1,
                          SQLITE_PREPARE_PERSISTENT, &statement, 0),
       db);
  uint64_t rows = strtoull(argv[2], 0, 10), random = 88172645463325252u, bytes = 0;
  double start = now(), end = start + atof(argv[3]), stop = start;
  long count = 0;
  while (stop < end) {
    for (int i = 0; i < 64; i++, count++) {
      random ^= random << 13, random ^= random >> 7, random ^= random << 17;
      sqlite3_int64 id = 1 + random % rows;
      sqlite3_bind_int64(statement, 1, id);
      if (sqlite3_step(statement) != SQLITE_ROW || sqlite3_column_int64(statement, 0) != id) {
        fprintf(stderr, "no row %lld: %s\n", id, sqlite3_errmsg(db));
        return 1;
      }
      for (int column = 1; column < 7; column++) {
        if (sqlite3_column_type(statement, column) == SQLITE_TEXT) {
          const unsigned char *text = sqlite3_column_text(statement, column);
          bytes += text[0] + sqlite3_column_bytes(statement, column);
        } else {
          bytes += sqlite3_column_int64(statement, column);
        }
      }
      must(sqlite3_reset(statement), db);
    }
    stop = now();
  }
  if (!bytes) return 1;
  printf("%.1f\n", count / (stop - start));
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return 0;
}
