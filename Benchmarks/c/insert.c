/* Single committed inserts into SQLite through the C API: what a program without Pillion would do.
   usage: insert FILE SECONDS; prints inserts per second. */
#include <sqlite3.h>
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
  if (argc != 3) return 2;
  sqlite3 *db;
  sqlite3_stmt *statement;
  must(sqlite3_open(argv[1], &db), db);
  must(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", 0, 0, 0), db);
  must(sqlite3_prepare_v2(db,
                          "INSERT INTO bench_post (title, content, views, rating, published, created) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                          -1, &statement, 0),
       db);
  double start = now(), end = start + atof(argv[2]), stop = start;
  long count = 0;
  while (stop < end) {
    sqlite3_bind_text(statement, 1, "the river garden over stat", -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2,
                      "the river garden over station planner letter music when winter cursor and market vacuum signal of "
                      "stream teacher window in the river garden over station planner letter music when winter cursor",
                      -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, count);
    sqlite3_bind_double(statement, 4, 2.5);
    sqlite3_bind_int64(statement, 5, 1);
    sqlite3_bind_text(statement, 6, "2024-01-01T00:00:00.123456Z", -1, SQLITE_STATIC);
    while (sqlite3_step(statement) == SQLITE_ROW) {}
    must(sqlite3_reset(statement), db);
    count++;
    stop = now();
  }
  printf("%.1f\n", count / (stop - start));
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return 0;
}
