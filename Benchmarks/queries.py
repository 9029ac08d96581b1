#!/usr/bin/env python3
"""What pages and filters cost.

pages: a page far behind beside the first page of the same order, in turn, on a table that is as large as asked for.
filter: CPU time of the server's process for a call with a filter beside one without, in turn, four connections with four calls each
in flight. Values differ from call to call, so that only the query's shape is known from before. What is measured is the filter, not
what it finds. A List without one gives the table's first row, always the same, one with a filter any; so the table has 10,000 rows,
which stay in the database's cache. And a page with others behind it has a token, which costs more than a filter: two terms give such
a page and stand beside a List of the same table; `id = N` gives the only page and stands beside a List of a table of one row.

usage: queries.py [--pillion PATH] [--rows N] [--page N] [--page-size N] [--seconds S] [--rounds N] [--only pages,filter]
                  [--databases postgresql,sqlite]
"""
import argparse
import contextlib
import os
import pathlib
import sqlite3
import statistics
import sys
import tempfile
import time

import grpc

import run

MODEL = """
package: bench
models:
  Row:
    table: bench_row
    fields: &fields
      id: { type: int64, primary_key: true }
      views: { type: int32 }
      note: { type: string }
      rating: { type: int32, null: true }
    services:
      - actions: [ListPage]
  Small:
    table: bench_small
    fields: *fields
    services:
      - actions: [List, Retrieve]
      - { name: ScopedController, message: Small, actions: [Retrieve], filter: views >= 0 AND note != "gone" }
  Single:
    table: bench_single
    fields: *fields
    services:
      - actions: [List]
"""
# Rows of the table that filters go over; pages go over bench_row.
SMALL = 10_000
# Rows come in the order of the key; each number of views has several, each of the 1,000 notes many, and a tenth of the ratings
# is NULL. Each order of ORDERS has an index that it can use: a page of any other costs a look at the whole table, be it the first.
FILL = {
    "postgresql": """
        CREATE TABLE {table} (id bigint PRIMARY KEY, views integer NOT NULL, note text NOT NULL, rating integer);
        INSERT INTO {table} SELECT i, (i::bigint * 7919) % ({rows} / 5 + 1), 'note ' || i % 1000, nullif(i % 10, 0) FROM generate_series(1, {rows}) AS i;
        CREATE INDEX {table}_views ON {table} (views, id);
        CREATE INDEX {table}_rating ON {table} (rating, id);
        CREATE INDEX {table}_rating_desc ON {table} (rating DESC, id);
        CREATE INDEX {table}_note ON {table} (note, id);
        """,
    "sqlite": """
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = OFF;
        CREATE TABLE {table} (id INTEGER PRIMARY KEY, views INTEGER NOT NULL, note TEXT NOT NULL, rating INTEGER);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
          INSERT INTO {table} SELECT i, (i * 7919) % ({rows} / 5 + 1), 'note ' || i % 1000, nullif(i % 10, 0) FROM n;
        CREATE INDEX {table}_views ON {table} (views, id);
        CREATE INDEX {table}_rating ON {table} (rating, id);
        CREATE INDEX {table}_rating_desc ON {table} (rating DESC, id);
        CREATE INDEX {table}_note ON {table} (note, id);
        """,
}


def fill(database, rows):
    """Makes the tables of MODEL, `rows` of them in bench_row; `database` is a run.PostgreSQL, or the path of an SQLite file."""
    for table, count in {"bench_row": rows, "bench_small": SMALL, "bench_single": 1}.items():
        if isinstance(database, run.PostgreSQL):
            database.sql(FILL["postgresql"].format(table=table, rows=count))
            database.sql(f"VACUUM (FREEZE, ANALYZE) {table}")
        else:
            with contextlib.closing(sqlite3.connect(database)) as connection:
                connection.executescript(FILL["sqlite"].format(table=table, rows=count))


ORDERS = ["", "id desc", "views", "views desc, id desc", "views desc", "rating, id", "rating desc", "note"]


# The few messages that are needed, by hand.

def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def text(field, value):
    value = value.encode()
    return bytes([field << 3 | 2]) + varint(len(value)) + value if value else b""


def list_request(filter="", order="", size=0, token=""):
    return text(1, filter) + text(2, order) + (b"\x18" + varint(size) if size else b"") + text(4, token)


def page(answer):
    """Number of rows and the token of a ListPage's answer."""
    rows, token, index = 0, "", 0

    def number():
        nonlocal index
        value, shift = 0, 0
        while True:
            byte = answer[index]
            index += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while index < len(answer):
        tag = number()
        if tag & 7 == 0:
            number()
            continue
        length = number()
        rows += tag == 10
        if tag == 18:
            token = answer[index:index + length].decode()
        index += length
    return rows, token


class Client:
    def __init__(self, server):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{server.port}", options=[("grpc.max_receive_message_length", -1)])
        self.list_page = self.channel.unary_unary(
            "/bench.RowController/ListPage", request_serializer=bytes, response_deserializer=bytes)


def measure_pages(report, client, database, options):
    for order in ORDERS:
        token, started = "", time.perf_counter()
        for number in range(1, options.page):
            rows, token = page(client.list_page(list_request(order=order, size=options.page_size, token=token)))
            if rows != options.page_size or not token:
                sys.exit(f"page {number} of order {order!r} has {rows} rows: more --rows or a lower --page")
        print(f"walked to page {options.page:,} by {order or 'key'!r} in {time.perf_counter() - started:.1f} s", flush=True)

        def timed(token):
            def call():
                request = list_request(order=order, size=options.page_size, token=token)
                start = time.perf_counter()
                answer = client.list_page(request)
                elapsed = time.perf_counter() - start
                if page(answer)[0] != options.page_size:
                    sys.exit("a page is not full")
                return elapsed * 1e6
            return call

        far, first = timed(token), timed("")
        for call in (far, first) * 20:
            call()
        ours, theirs = run.alternate(options.rounds * 100, far, first)
        # One page is noise; its hundreds are not.
        chunk = lambda values: [statistics.median(values[i::options.rounds]) for i in range(options.rounds)]
        report.add(f"{database}, {options.rows:,} rows by {order or 'key'}: page {options.page:,}", 1.3, chunk(ours), chunk(theirs), "µs",
                   "page 1", invert=True)


def measure_filters(report, server, database, options):
    def per_call(service, operation, **more):
        def measure():
            path = f"/bench.{service}/{operation.capitalize()}"
            return server.cpu_per_call(operation, 4, 4, options.seconds, path=path, lo=1, hi=SMALL - 1, **more)
        measure()
        return measure

    retrieve = ("Retrieve", per_call("SmallController", "retrieve"))
    listed = ("List(page_size: 1)", per_call("SmallController", "list", page_size=1))
    single = ("List(page_size: 1) of a table of one row", per_call("SingleController", "list", page_size=1))
    by_key = ('List(filter: "id = N", page_size: 1)', per_call("SmallController", "list", page_size=1, filter="id = {}"))
    two_terms = ('List(filter: "id >= N AND note != xN", page_size: 1)',
                 per_call("SmallController", "list", page_size=1, filter='id >= {} AND note != "x{}"'))
    scoped = ("Retrieve of a service with a filter", per_call("ScopedController", "retrieve"))
    for (name, ours), (beside, theirs) in [(scoped, retrieve), (by_key, single), (two_terms, listed), (by_key, retrieve)]:
        with_filter, without = run.alternate(options.rounds, ours, theirs)
        added = [one - other for one, other in zip(with_filter, without)]
        print(f"{database}: {name} {statistics.median(with_filter):.2f} µs, {beside} {statistics.median(without):.2f} µs")
        report.value(f"{database}: CPU that {name} adds to {beside}", 5, added, "µs")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pillion", type=pathlib.Path, default=run.PILLION)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--page", type=int, default=10_000)
    parser.add_argument("--page-size", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="pages,filter")
    parser.add_argument("--databases", default="postgresql,sqlite")
    options = parser.parse_args()
    run.PILLION = options.pillion.resolve()
    report = run.Report()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        os.chmod(name, 0o755)
        folder = pathlib.Path(name)
        (folder / "models").mkdir()
        (folder / "models/bench.yaml").write_text(MODEL)
        rows = options.rows if "pages" in options.only else 1
        for database in options.databases.split(","):
            if database == "postgresql":
                postgres = run.PostgreSQL(folder / "pg")
                stack.callback(postgres.stop)
                fill(postgres, rows)
                url = postgres.uri
            else:
                fill(folder / "rows.db", rows)
                url = f"sqlite:{folder}/rows.db"
            server = run.Pillion(folder, url, folder / "models")
            client = Client(server)
            if "pages" in options.only:
                measure_pages(report, client, database, options)
            if "filter" in options.only:
                measure_filters(report, server, database, options)
            client.channel.close()
            server.stop()
    header = f"# Pages and filters\n\n{run.machine()}."
    report.write(run.HERE / "report/queries.md", header)
    print(f"\nwritten to {run.HERE}/report/queries.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
