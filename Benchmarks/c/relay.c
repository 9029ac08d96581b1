/* What one more hop costs: rows of PostgreSQL by their key, one at a time, through a process in between that does nothing but pass the
   key on and the row back, over TCP as all that is measured here, and sleeps while it waits: what a sidecar of any kind adds its work to.
   usage: relay CONNINFO ROWS SECONDS; prints rows per second and the median latency in microseconds. */
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS = 7, CALLS = 1 << 22 };

static uint32_t latencies[CALLS];
static char row[1 << 16];

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "relay: %s\n", what);
  exit(1);
}

static PGconn *connect_to(const char *where) {
  PGconn *connection = PQconnectdb(where);
  if (PQstatus(connection) != CONNECTION_OK) fail(PQerrorMessage(connection));
  const char *text = "SELECT id, title, content, views, rating, published, created FROM bench_post WHERE id = $1";
  PGresult *result = PQprepare(connection, "row", text, 1, NULL);
  if (PQresultStatus(result) != PGRES_COMMAND_OK) fail(PQresultErrorMessage(result));
  PQclear(result);
  return connection;
}

/* Bytes of the row with that key, big-endian, in `row`: its columns one behind the other. */
static int fetch(PGconn *connection, uint64_t key) {
  const char *values[] = {(const char *)&key};
  int lengths[] = {sizeof key}, formats[] = {1}, count = 0;
  PGresult *result = PQexecPrepared(connection, "row", 1, values, lengths, formats, 1);
  if (PQntuples(result) != 1 || PQnfields(result) != COLUMNS || memcmp(PQgetvalue(result, 0, 0), &key, sizeof key)) fail("no such row");
  for (int column = 0; column < COLUMNS; column++) {
    int length = PQgetlength(result, 0, column);
    if (count + length > (int)sizeof row) fail("too long a row");
    memcpy(row + count, PQgetvalue(result, 0, column), length);
    count += length;
  }
  PQclear(result);
  return count;
}

static void serve(int listener, PGconn *connection) {
  int client = accept(listener, NULL, NULL), one = 1;
  uint64_t key;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  while (read(client, &key, sizeof key) == sizeof key) {
    int count = fetch(connection, key);
    if (write(client, row, count) != count) fail("cannot write");
  }
}

static int compare(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* Asks the relay behind `server` for rows, for so many seconds. */
static void measure(int server, uint64_t rows, double seconds) {
  uint64_t start = now(), end = start + seconds * 1e9, time = start, random = 88172645463325252u;
  int count = 0;
  while (time < end && count < CALLS) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    uint64_t id = 1 + random % rows, key = ((uint64_t)htonl(id) << 32) | htonl(id >> 32), began = time;
    if (write(server, &key, sizeof key) != sizeof key || read(server, row, sizeof row) < (ssize_t)sizeof key || memcmp(row, &key, sizeof key))
      fail("the relay gave no row");
    time = now();
    latencies[count++] = time - began;
  }
  if (!count) fail("no calls");
  qsort(latencies, count, sizeof *latencies, compare);
  printf("rps=%.1f p50_us=%.1f\n", count / ((time - start) / 1e9), latencies[count / 2] / 1000.0);
}

int main(int argc, char **argv) {
  uint64_t rows = argc == 4 ? strtoull(argv[2], NULL, 10) : 0;
  double seconds = argc == 4 ? atof(argv[3]) : 0;
  if (!rows || seconds <= 0) return 2;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), server = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1) || getsockname(listener, (struct sockaddr *)&address, &size))
    fail("cannot listen");
  pid_t relay = fork();
  if (relay < 0) fail("cannot fork");
  if (!relay) {
    close(server);
    serve(listener, connect_to(argv[1]));
    return 0;
  }
  /* Only the relay's is left: should the relay end, whoever waits for it is told. */
  close(listener);
  if (connect(server, (struct sockaddr *)&address, size)) fail("cannot connect");
  setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  measure(server, rows, seconds);
  close(server);
  waitpid(relay, NULL, 0);
  return 0;
}
