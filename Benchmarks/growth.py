#!/usr/bin/env python3
"""What a call costs as things around it grow, with a plot for each: what should be flat is divided by where it began.

usage: growth.py [--quick] [--rounds N] [--seconds S] [--rows N] [--only NAME,NAME]

models: one definition file of 1 to 1,000 models; table: 1,000 to --rows rows (1,000,000; 10,000,000 takes minutes and 10 GB);
idle: connections without calls beside one that is busy; active: connections with a call each; page: pages of 100 that follow each
other's tokens; rows: rows of one List; cores: the server kept to one core or two. Writes report/growth.md.
"""
import argparse
import contextlib
import os
import pathlib
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

import peers
import queries
import run
from matrix import at, spread, version
from peers import OURS
from plots import bars, lines

REPORT = run.HERE / "report"
PARTS = ("models", "table", "idle", "active", "page", "rows", "cores")
# Seconds for 10,000 calls as microseconds for one.
MICROS = 100
# Columns of one post, by the number i.
POST_OF = """'the river garden over station ' || i, {content}, i % 2000000, CASE WHEN i % 10 = 0 THEN NULL ELSE (i % 500) / 100.0 END, {published}, {created}"""


class Growth:
    """Curves of one report: a table and a plot each, and by how much the last differs from the first."""

    def __init__(self):
        self.sections, self.verdicts = [], []

    def curve(self, name, title, across, unit, series, note="", flat=None, flat_from=1, powers=False):
        """`series`: {name: {x: rounds}}. With `flat`, the median at the largest x may be that many times the one at the smallest from
        `flat_from` on."""
        series = {who: points for who, points in series.items() if points}
        xs = sorted({x for points in series.values() for x in points})
        table = [f"| {across} | {' | '.join(f'{who}, {unit}' for who in series)} |", "|---" * (len(series) + 1) + "|"]
        digits = 2 if min(statistics.median(r) for p in series.values() for r in p.values()) < 10 else 1
        table += [f"| {x:,} | " + " | ".join(spread(points[x], digits) if x in points else "–" for points in series.values()) + " |" for x in xs]
        lines(REPORT / f"growth-{name}.svg", title, across, unit,
              {who: [(x, statistics.median(rounds), min(rounds), max(rounds)) for x, rounds in sorted(points.items())] for who, points in series.items()}, powers)
        self.sections += ["", f"## {title}", "", *([note, ""] if note else []), *table, "", f"![{title}](growth-{name}.svg)"]
        for who, points in series.items():
            ends = min(x for x in points if x >= flat_from), max(points)
            first, last = (statistics.median(points[x]) for x in ends)
            if flat is not None:
                ratio = last / first if first else 1
                self.verdicts.append((title, who, f"{ends[0]:,} → {ends[1]:,}", f"{first:,.{digits}f} → {last:,.{digits}f} {unit}", f"{ratio:.2f}", f"≤ {flat}",
                                      "yes" if ratio <= flat else "NO"))
            print(f"{time.strftime('%H:%M:%S')} {title}: {who} {first:,.{digits}f} → {last:,.{digits}f} {unit}", flush=True)


def measure_models(folder, options, growth):
    text = (run.HERE / "models/bench.yaml").read_text().split("  Post:\n")
    path = folder / "models.db"
    run.seed_sqlite(path, 10_000)
    start, memory, cost = {}, {}, {}
    for count in (1, 10, 100, 1000):
        models = folder / f"models-{count}"
        models.mkdir()
        (models / "bench.yaml").write_text(text[0] + "".join(f"  Post{i}:\n{text[1]}\n" for i in range(count)))
        last = {"path": f"/bench.Post{count - 1}Controller/Retrieve", "hi": 10_000}
        for _ in range(options.rounds):
            server = run.Pillion(folder, f"sqlite:{path}", models)
            run.load(server.port, "retrieve", 1, 1, 5, n=1, **last)
            start.setdefault(count, []).append((time.perf_counter() - server.start) * 1000)
            memory.setdefault(count, []).append(server.memory_kib() / 1024)
            cost.setdefault(count, []).append(peers.load(server, "retrieve", 4, 4, options.seconds, **last)["cpu"] * MICROS)
            server.stop()
    growth.curve("models", "CPU of a call, by the number of models", "models", "µs", {"Retrieve, SQLite, 4 × 4": cost}, flat=1.3)
    growth.curve("models-start", "Start to first answer, by the number of models", "models", "ms", {OURS: start})
    growth.curve("models-memory", "Resident memory, by the number of models", "models", "MiB", {OURS: memory})


def make_rows(pg, path, begin, end):
    """Posts with the keys from `begin` to `end` on both databases."""
    columns = ", ".join(peers.POST)
    text = POST_OF.format(content="repeat('the river garden over station ', 6)", published="i % 5 <> 0",
                          created="timestamptz '2020-01-01' + i * interval '1 second'")
    pg.sql(f"INSERT INTO bench_post ({columns}) SELECT i, {text} FROM generate_series({begin}::bigint, {end}) i")
    pg.sql("VACUUM (FREEZE, ANALYZE) bench_post")
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.create_function("repeat", 2, lambda value, times: value * times, deterministic=True)
        text = POST_OF.format(content=f"'{'the river garden over station ' * 6}'", published="i % 5 <> 0",
                              created="strftime('%Y-%m-%dT%H:%M:%S.000000Z', 1577836800 + i, 'unixepoch')")
        db.execute(f"WITH RECURSIVE n(i) AS (SELECT {begin} UNION ALL SELECT i + 1 FROM n WHERE i < {end}) INSERT INTO bench_post ({columns}) SELECT i, {text} FROM n")
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def measure_table(folder, pg, options, growth):
    path = folder / "table.db"
    run.seed_postgres(pg, 1)
    run.seed_sqlite(path, 1)
    servers = {"PostgreSQL": run.Pillion(folder, pg.uri), "SQLite": run.Pillion(folder, f"sqlite:{path}")}
    series, have, rows = {}, 1, 1000
    calls = {"Retrieve": ("retrieve", {}), "List of 20 from a key": ("list", {"page_size": 20, "filter": "id >= {} AND published = true"})}
    while rows <= options.rows:
        make_rows(pg, path, have + 1, rows)
        have = rows
        # Statements are planned anew now that there are other statistics.
        for database, server in servers.items():
            for title, (operation, more) in calls.items():
                run.load(server.port, operation, 1, 1, 0.2, hi=rows - 100, **more)
        for _ in range(options.rounds):
            for database, server in servers.items():
                for title, (operation, more) in calls.items():
                    result = run.load(server.port, operation, 1, 1, options.seconds, hi=rows - 100, **more)
                    series.setdefault(f"{title}, {database}", {}).setdefault(rows, []).append(result["p50_us"])
        rows *= 10
    for server in servers.values():
        server.stop()
    growth.curve("table", "Median latency of a call, by rows of the table", "rows", "µs", series, "One call at a time, keys at random. Trees of the indexes become deeper, and caches "
                 "hold a smaller part.", flat=1.5)


@contextlib.contextmanager
def idle_connections(server, count):
    """Holds so many connections without calls, all of them from when the context begins."""
    files = lambda: len(os.listdir(f"/proc/{server.process.pid}/fd"))
    before = files()
    holder = subprocess.Popen([str(run.BUILD / "loadgen"), "--port", str(server.port), "--op", "retrieve", "--conns", "1", "--idle", str(count), "--rate", "1",
                               "--max-time", "3600"], stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if files() >= before + count:
                break
            if holder.poll() is not None:
                sys.exit(f"{count:,} idle connections cannot be had")
            time.sleep(0.1)
        # Their first frames are answered.
        time.sleep(0.5)
        yield
    finally:
        holder.kill()
        holder.wait()
        while files() > before:
            time.sleep(0.05)


def measure_connections(folder, options, growth):
    """Servers without PostgreSQL, so that connections alone grow."""
    path = folder / "connections.db"
    run.seed_sqlite(path, 100_000)
    settings = "server: { max_connections: 20000 }\n"
    servers = {OURS + ", SQLite": run.Pillion(folder, f"sqlite:{path}", settings=settings)}
    if (run.BUILD / "go-peer").exists():
        servers["grpc-go, from its memory"] = peers.Process(folder, run.BUILD / "go-peer", "memory", "PORT")
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if "idle" in options.parts:
        cost, latency, memory = {}, {}, {}
        for idle in (1, 10, 100, 1000, 10_000):
            if idle + 100 > files:
                growth.sections += ["", f"{idle:,} idle connections are left out: `ulimit -n` is {files:,}."]
                continue
            for _ in range(options.rounds):
                for name, server in servers.items():
                    with idle_connections(server, idle):
                        result = peers.load(server, "retrieve", 1, 4, max(options.seconds, 1), rate=5000)
                        cost.setdefault(name, {}).setdefault(idle, []).append(result["cpu"] * MICROS)
                        latency.setdefault(name, {}).setdefault(idle, []).append(result["p99_us"])
                        memory.setdefault(name, {}).setdefault(idle, []).append(run.Server.memory_kib(server) / 1024)
        growth.curve("idle", "p99 of calls on one connection, by idle connections", "idle connections", "µs", latency,
                     "Open loop, 5,000 Retrieves a second on one connection.")
        growth.curve("idle-cost", "CPU of a call, by idle connections", "idle connections", "µs", cost, flat=1.3)
        growth.curve("idle-memory", "Resident memory, by idle connections", "idle connections", "MiB", memory)
    if "active" in options.parts:
        cost, rate = {}, {}
        for connections in (1, 10, 100, 1000):
            for _ in range(options.rounds):
                for name, server in servers.items():
                    result = peers.load(server, "retrieve", connections, 1, options.seconds)
                    cost.setdefault(name, {}).setdefault(connections, []).append(result["cpu"] * MICROS)
                    rate.setdefault(name, {}).setdefault(connections, []).append(result["rps"])
        growth.curve("active", "CPU of a call, by connections with a call each", "connections", "µs", cost, flat=1.3)
        growth.curve("active-rate", "Calls a second, by connections with a call each", "connections", "calls/s", rate)
    for server in servers.values():
        server.stop()


def measure_pages(folder, pg, options, growth):
    size, rows = 100, min(options.rows, 1_000_000)
    pages = [page for page in (1, 10, 100, 1000, 10_000) if page * size <= rows]
    (folder / "pages").mkdir()
    (folder / "pages/bench.yaml").write_text(queries.MODEL)
    path = folder / "pages.db"
    queries.fill(pg, rows)
    queries.fill(path, rows)
    series = {}
    for database, url in (("PostgreSQL", pg.uri), ("SQLite", f"sqlite:{path}")):
        server = run.Pillion(folder, url, folder / "pages")
        client = queries.Client(server)
        for order in ("", "views desc, id desc"):
            name = f"{database}, by {order or 'key'}"
            tokens, token = {}, ""
            for number in range(1, pages[-1] + 1):
                if number in pages:
                    tokens[number] = token
                if number < pages[-1]:
                    found, token = queries.page(client.list_page(queries.list_request(order=order, size=size, token=token)))
                    if found != size or not token:
                        sys.exit(f"page {number} of {name} has {found} rows")
            for _ in range(options.rounds):
                for number in pages:
                    request, times = queries.list_request(order=order, size=size, token=tokens[number]), []
                    for _ in range(20 if options.quick else 100):
                        begin = time.perf_counter()
                        answer = client.list_page(request)
                        times.append((time.perf_counter() - begin) * 1e6)
                        if queries.page(answer)[0] != size:
                            sys.exit(f"page {number} of {name} is not full")
                    series.setdefault(name, {}).setdefault(number, []).append(statistics.median(times))
        client.channel.close()
        server.stop()
    growth.curve("page", "Median latency of a page of 100, by its number", "page", "µs", series, f"{rows:,} rows, one call at a time from a client in Python.", flat=1.3)


def measure_rows(folder, pg, options, growth):
    rows = 100_000
    path = folder / "list.db"
    pg.sql("DROP TABLE IF EXISTS bench_post")
    run.seed_postgres(pg, rows)
    run.seed_sqlite(path, rows)
    servers = {"PostgreSQL": run.Pillion(folder, pg.uri), "SQLite": run.Pillion(folder, f"sqlite:{path}")}
    series = {}
    for count in (1, 10, 100, 1000, 10_000, 100_000):
        for _ in range(options.rounds):
            for database, server in servers.items():
                result = peers.load(server, "list", 1, 1, options.seconds, page_size=count)
                series.setdefault(database, {}).setdefault(count, []).append(result["cpu"] * MICROS / count)
    for server in servers.values():
        server.stop()
    growth.curve("rows", "CPU of a row, by rows of a List", "rows of a List", "µs a row", series, "One List at a time; the server's process, which has SQLite in it.", flat=1.1, flat_from=1000, powers=True)


def measure_cores(folder, pg, options, growth):
    path = folder / "cores.db"
    pg.sql("DROP TABLE IF EXISTS bench_post")
    peers.fill_postgres(pg)
    run.seed_sqlite(path, 100_000)
    dsn = {"BENCH_PG": f"host=127.0.0.1 port={pg.port} user=bench dbname=bench"}
    program = lambda name, *arguments: lambda under: peers.Process(folder, *under, run.BUILD / name, *arguments, environment=dsn)
    kinds = {
        f"{OURS}, SQLite": lambda under: run.Pillion(folder, f"sqlite:{path}", under=under),
        "grpc-go, from its memory": program("go-peer", "memory", "PORT"),
        f"{OURS}, PostgreSQL": lambda under: run.Pillion(folder, pg.uri, under=under),
        "C++ gRPC + libpq": program("cpp-peer", "PORT"),
        "grpc-go + pgx": program("go-peer", "pg", "PORT"),
    }
    cores, groups, table = sorted(os.sched_getaffinity(0)), [], []
    for name, start in kinds.items():
        servers = {count: start(("taskset", "-c", ",".join(map(str, cores[:count])))) for count in (1, 2) if count <= len(cores)}
        results = {count: [] for count in servers}
        for _ in range(options.rounds):
            for count, server in servers.items():
                results[count].append(run.load(server.port, "retrieve", 16, 16, options.seconds, hi=100_000)["rps"])
        for server in servers.values():
            server.stop()
        groups.append((name, [(f"{OURS if name.startswith(OURS) else 'peer'}, {count} core{'s' * (count > 1)}", statistics.median(rates)) for count, rates in results.items()]))
        table.append(f"| {name} | " + " | ".join(spread(rates) for rates in results.values()) + " |")
        print(table[-1], flush=True)
    bars(REPORT / "growth-cores.svg", "Retrieve, 16 × 16, calls a second by the server's cores", groups)
    growth.sections += ["", "## Cores", "", "The server's process kept to one core or two (`taskset`), Retrieve, 16 × 16, calls a second; generator and PostgreSQL take what "
                        f"they find of {len(cores)} cores.", "", "| server | 1 core | 2 cores |", "|---|---|---|", *table, "", "![Cores](growth-cores.svg)"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--only", default=",".join(PARTS))
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.seconds = options.seconds or (0.3 if options.quick else 0.8)
    options.rows = options.rows or (100_000 if options.quick else 1_000_000)
    options.parts = set(filter(None, options.only.split(",")))
    if unknown := options.parts - set(PARTS):
        parser.error(f"--only: unknown {', '.join(sorted(unknown))}")
    REPORT.mkdir(exist_ok=True)
    growth, began = Growth(), time.time()
    # Ten thousand connections need a file each, on both sides.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        os.chmod(name, 0o755)
        folder = pathlib.Path(name)
        pg = None
        if options.parts & {"table", "page", "rows", "cores"}:
            pg = run.PostgreSQL(folder / "pg")
            stack.callback(pg.stop)
        for wanted, measure in (
            ({"models"}, lambda: measure_models(folder, options, growth)),
            ({"table"}, lambda: measure_table(folder, pg, options, growth)),
            ({"idle", "active"}, lambda: measure_connections(folder, options, growth)),
            ({"page"}, lambda: measure_pages(folder, pg, options, growth)),
            ({"rows"}, lambda: measure_rows(folder, pg, options, growth)),
            ({"cores"}, lambda: measure_cores(folder, pg, options, growth)),
        ):
            if wanted & options.parts:
                try:
                    measure()
                except (SystemExit, subprocess.CalledProcessError) as failure:
                    growth.sections += ["", f"## {', '.join(sorted(wanted))}: broken off", "", f"`{failure}`"]
                    print(growth.sections[-1], flush=True)
    text = ["# What a call costs as things grow", ""]
    if growth.verdicts:
        text += ["What should be flat, from the smallest to the largest:", "", "| what | server | from, to | median | ratio | bar | flat |", "|---|---|---|---|---|---|---|",
                 *("| " + " | ".join(line) + " |" for line in growth.verdicts)]
    text += growth.sections
    text += ["", "## Machine and commands", "", run.machine() + f"; Linux {os.uname().release}; {version('pgbench', '--version')}.", "",
             f"`Benchmarks/growth.py {' '.join(sys.argv[1:])}`, {time.strftime('%Y-%m-%d %H:%M', time.gmtime(began))} UTC, {(time.time() - began) / 60:.0f} minutes: "
             f"{options.rounds} rounds of {options.seconds:g} s, medians with their range."]
    (REPORT / "growth.md").write_text("\n".join(text) + "\n")
    print(f"\nwritten to {REPORT}/growth.md in {(time.time() - began) / 60:.1f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
