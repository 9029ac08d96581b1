#!/usr/bin/env python3
"""Pillion beside what a user would pick instead, call by call and load by load, as tables with plots.

usage: matrix.py [--quick] [--rounds N] [--seconds S] [--rows N] [--only NAME,NAME] [--readme]

Every server's answers are compared with the database before anything is measured, and the load generator checks the status, number,
keys and order of messages of every call. What is compared is measured in turn, A B C A B C; figures are medians of the rounds, with
the range in brackets. `--only` takes names of calls (retrieve, create, partial, list100, list10000, filter, tagged, wide, widelist,
heavy), databases (postgresql, sqlite), and parts: open (latencies at a part of full load), tls, chain, million (a List of --rows
rows), echo, generator. A peer that cannot be had here is left out, and the report says so. `--quick` takes short rounds: figures to
look at, not to quote. `--readme` puts the most asked-for rows into README.md.
"""
import argparse
import collections
import contextlib
import dataclasses
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import peers
import run
from peers import OURS, ROWS
from plots import bars

REPORT = run.HERE / "report"
README = run.HERE.parent / "README.md"
# How a load that did not go well ends.
FAILURES = (SystemExit, subprocess.CalledProcessError)
ALL, SOME, FAST = {"few", "some", "many"}, {"some", "many"}, {"many"}


@dataclasses.dataclass
class Call:
    title: str
    operation: str
    # Connections × calls at once on each, with the peers that can answer so many in a round.
    shapes: dict
    more: dict = dataclasses.field(default_factory=dict)
    # Not the service of posts, but another.
    service: str = ""

    def arguments(self):
        return {**self.more, **({"path": f"/bench.{self.service}/{self.operation.capitalize()}"} if self.service else {})}


CALLS = {
    "retrieve": Call("Retrieve", "retrieve", {(1, 1): ALL, (16, 1): SOME, (16, 16): ALL, (64, 16): FAST}),
    "create": Call("Create", "create", {(1, 1): ALL, (16, 16): ALL}),
    "partial": Call("PartialUpdate of two fields", "partial", {(1, 1): ALL, (16, 16): ALL}),
    "list100": Call("List of 100", "list", {(1, 1): ALL, (16, 16): SOME}, {"page_size": 100}),
    "list10000": Call("List of 10,000", "list", {(1, 1): ALL, (4, 2): FAST}, {"page_size": 10_000}),
    "filter": Call("List of 20 from a key, published only", "list", {(1, 1): ALL, (16, 16): SOME},
                   {"page_size": 20, "some": True, "hi": ROWS - 100}),
    "tagged": Call("List of 100 with many_to_many", "list", {(1, 1): ALL, (16, 16): SOME}, {"page_size": 100}, "TaggedController"),
    "wide": Call("Retrieve of 60 columns", "retrieve", {(1, 1): ALL, (16, 16): ALL}, {"hi": peers.WIDE_ROWS}, "WideController"),
    "widelist": Call("List of 100 of 60 columns", "list", {(4, 4): SOME}, {"page_size": 100}, "WideController"),
    "heavy": Call("Retrieve of 100 kB", "retrieve", {(16, 4): ALL}, {"hi": peers.HEAVY_ROWS}, "HeavyController"),
}
PARTS = ("open", "tls", "chain", "million", "echo", "generator")
DATABASES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
TLS_TITLE = "Retrieve, without and with TLS"
# All layers that need nothing outside of the process.
FULL_CHAIN = run.LAYERS + run.TOKENS.replace("\ninterceptors:", "")
UPDATE = "UPDATE bench_post SET title = 'the river garden over stat', views = 7 WHERE id = :id RETURNING id, title, content, views, rating, published, created"


def spread(values, digits=0):
    values = [value for value in values if value is not None]
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})" if values else "–"


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def at(shape):
    return f"{shape[0]} × {shape[1]}"


class Found:
    """What was measured: a cell is a database, a title, a shape, and the rounds of each server or floor."""

    def __init__(self):
        self.cells, self.open, self.pauses, self.million, self.generator, self.left_out = [], [], [], [], [], []
        self.servers = collections.defaultdict(dict)

    def add(self, database, title, shape, results):
        self.cells.append((database, title, shape, results))
        line = ", ".join(f"{who} {median([r['rps'] for r in rounds]):,.0f}" for who, rounds in results.items())
        print(f"{time.strftime('%H:%M:%S')} {database}, {title}, {at(shape)}: {line}", flush=True)

    def alternate(self, what, rounds, measures):
        """Rounds in turn, by name. Who fails a round is left out of what it belongs to, and the report says so: one that gives wrong
        answers, or none in time, has no figures."""
        results = {name: [] for name in measures}
        for _ in range(rounds):
            for name in list(results):
                try:
                    results[name].append(measures[name]())
                except FAILURES as failure:
                    self.leave_out(name, what, failure)
                    del results[name]
        return results

    def leave_out(self, name, what, failure):
        errors = re.findall(r"error ([^\n]+)", str(failure)) or [str(failure).strip().split("\n")[-1]]
        self.left_out.append(f"{name} in {what}, as calls failed: {'; '.join(errors)}")
        print(self.left_out[-1], flush=True)

    def peak(self, database, title, shape, who):
        for cell in self.cells:
            if cell[:3] == (database, title, shape) and who in cell[3]:
                return median([r["rps"] for r in cell[3][who]])
        return None


# Floors: the same statement without a server of gRPC. Each gives calls a second, and nothing checks its answers.

def pgbench(pg, text, clients, seconds, together=1):
    """`together`: so many statements are one pipeline."""
    if together == 1:
        script = f"\\set id random(1, {ROWS})\n{text};\n"
    else:
        keys = "".join(f"\\set id{i} random(1, {ROWS})\n" for i in range(together))
        script = keys + "\\startpipeline\n" + "".join(text.replace(":id", f":id{i}") + ";\n" for i in range(together)) + "\\endpipeline\n"
    # One at a time it is how long one takes that counts; many would not have the time to write it down.
    result = pg.pgbench(script, clients, seconds, log=str(pg.folder.parent / "latency") if clients == 1 else None)
    return {**result, "rps": result["rps"] * together}


def relay(pg, seconds):
    """Rows by their key through a process that only passes them on."""
    where = f"host=127.0.0.1 port={pg.port} user=bench dbname=bench"
    out = subprocess.run([run.BUILD / "relay", where, str(ROWS), str(seconds)], check=True, capture_output=True, text=True).stdout
    return {key: float(value) for key, value in re.findall(r"(\w+)=([\d.]+)", out)}


def floors_on_postgres(pg, key, shape, seconds):
    text = {"retrieve": run.SELECT, "create": run.INSERT, "partial": UPDATE}.get(key)
    clients = {(1, 1): 1, (16, 1): 16, (16, 16): 16}.get(shape)
    if not text or not clients:
        return {}
    floors = {f"pgbench -M prepared -c {clients}": lambda: pgbench(pg, text, clients, seconds)}
    if key == "retrieve" and shape == (1, 1):
        floors["libpq behind a bare relay in C"] = lambda: relay(pg, seconds)
    if key == "retrieve" and shape == (16, 16):
        floors["pgbench, 16 in a pipeline, -c 16"] = lambda: pgbench(pg, text, 16, seconds, 16)
    return floors


def floors_on_sqlite(path, key, shape, seconds, memory):
    command = {"retrieve": ("lookup", path, ROWS, seconds), "create": ("insert", path, seconds)}.get(key)
    floors = {}
    if command and shape in ((1, 1), (16, 16)):
        arguments = [str(run.BUILD / command[0]), *map(str, command[1:])]
        floors["sqlite3 in C, one loop"] = lambda: {"rps": float(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)}
    if memory and key == "retrieve":
        floors["grpc-go, from its memory"] = lambda: peers.load(memory, "retrieve", *shape, seconds, hi=ROWS)
    return floors


def begin(peer, database, stored, options, found):
    """Starts a server for each round, keeps the last, and checks its answers; False: it is left out."""
    try:
        begun = [peer.first_answer()]
        for _ in range(options.rounds - 1):
            peer.server.stop()
            begun.append(peer.first_answer())
        peers.check_answers(peer, stored)
    except SystemExit as failure:
        found.left_out.append(f"{peer.name} on {DATABASES[database]}: {str(failure).strip().splitlines()[-1]}")
        print(found.left_out[-1], flush=True)
        if peer.server:
            peer.server.stop()
        return False
    found.servers[database, peer.name] = {"start": begun, "idle": peers.memory_mib(peer.server)}
    return True


def measure_calls(database, contenders, floors, options, found):
    for key, call in CALLS.items():
        if key not in options.calls:
            continue
        for shape, paces in call.shapes.items():
            measures = {one.name: lambda one=one: one.call(call.operation, shape, options.seconds, **call.arguments())
                        for one in contenders if one.pace in paces and (one.all_services or not call.service)}
            measures.update(floors(key, shape))
            results = found.alternate(f"{call.title}, {DATABASES[database]}, {at(shape)}", options.rounds, measures)
            if not results:
                continue
            found.add(DATABASES[database], call.title, shape, results)
            if key == "retrieve" and shape == (16, 16):
                for one in contenders:
                    found.servers[database, one.name]["memory"] = peers.memory_mib(one.server)


def measure_open(database, contenders, pg, options, found):
    shape = (16, 16)
    for key in ("retrieve", "create"):
        if pg and key in options.calls:
            # What the writes before have left to do in the background would be measured with the reads, of whoever has its turn then.
            pg.sql("VACUUM (ANALYZE)")
            pg.sql("CHECKPOINT")
        call = CALLS[key]
        taking_part = [one for one in contenders if one.pace != "few" and found.peak(DATABASES[database], call.title, shape, one.name)]
        for part in (0.5, 0.8) if key in options.calls else ():
            measures = {one.name: lambda one=one: open_loop(one, call, shape, part, options.seconds) for one in taking_part}
            what = f"{call.title}, {DATABASES[database]}"
            for ours in (one for one in taking_part if one.ours and part == 0.5):
                measures |= {one.name: lambda one=one: open_loop_beside(one, ours, call, shape, part, options.seconds, what, found)
                             for one in taking_part if not one.ours}
            for who, rounds in found.alternate(f"{what}, at {part:.0%} of its peak", options.rounds, measures).items():
                found.open.append((what, who, part, median([r["rate"] for r in rounds]), rounds))
                print(f"{what}, {part:.0%} of peak: {who} p99.9 {spread([r['p999_us'] for r in rounds])} µs", flush=True)


def measure_pauses(options, found):
    """How long work that comes to a core waits for it while nothing else runs, in microseconds: what no server's tail can be below."""
    for _ in range(options.rounds):
        done = subprocess.run([run.BUILD / "pauses", str(max(5 * options.seconds, 1))], check=True, capture_output=True, text=True)
        found.pauses.append({key: float(value) for key, value in re.findall(r"(\w+)=([\d.]+)", done.stdout)})


def open_loop(one, call, shape, part, seconds):
    """At a part of the peak, which is measured just before: the machine is not as fast at all times, and a server that has rested while
    the others had their turn has its program to read anew."""
    rate = one.call(call.operation, shape, seconds)["rps"] * part
    return {**one.call(call.operation, shape, max(seconds, 1), rate=f"{rate:.0f}"), "rate": rate}


def open_loop_beside(one, ours, call, shape, part, seconds, what, found):
    """The same with what Pillion makes of that load as `beside`. Should it fail, it is Pillion that is left out, and not the peer."""
    result = open_loop(one, call, shape, part, seconds)
    try:
        result["beside"] = ours.call(call.operation, shape, max(seconds, 1), rate=f"{result['rate']:.0f}")
    except FAILURES as failure:
        found.leave_out(f"{OURS} at the load of {one.name}", what, failure)
    return result


def certificate(folder):
    files = folder / "certificate.pem", folder / "key.pem"
    if not files[0].exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


def measure_variants(database, title, variants, options, found):
    """The same Retrieve, 16 × 16, of servers that differ in one thing: `variants` is {name: (server, what the generator is told)}."""
    measures = {name: lambda server=server, more=more: peers.load(server, "retrieve", 16, 16, options.seconds, hi=ROWS, **more)
                for name, (server, more) in variants.items()}
    found.add(DATABASES[database], title, (16, 16), found.alternate(f"{title}, {DATABASES[database]}", options.rounds, measures))
    for server, _ in variants.values():
        server.stop()


def measure_tls(folder, database, url, models, pg, options, found):
    files = certificate(folder)
    settings = f"server: {{ tls: {{ certificate: {files[0]}, key: {files[1]} }} }}\n"
    variants = {OURS: (run.Pillion(folder, url, models), {}), f"{OURS}, TLS": (run.Pillion(folder, url, models, settings=settings), {"tls": 1})}
    if pg and (run.BUILD / "go-peer").exists():
        environment = {"BENCH_PG": f"host=127.0.0.1 port={pg.port} user=bench dbname=bench"}
        start = lambda *more: peers.Process(folder, run.BUILD / "go-peer", "pg", "PORT", *more, environment=environment)
        variants |= {"grpc-go + pgx": (start(), {}), "grpc-go + pgx, TLS": (start(*files), {"tls": 1})}
    measure_variants(database, TLS_TITLE, variants, options, found)


def measure_chain(folder, database, url, models, options, found):
    header = {"header": f"authorization:Bearer {run.token()}"}
    variants = {
        f"{OURS}, no layers": (run.Pillion(folder, url, models), {}),
        f"{OURS}, six layers": (run.Pillion(folder, url, models, settings=run.LAYERS), {}),
        f"{OURS}, JWT and rules": (run.Pillion(folder, url, models, settings=run.TOKENS), header),
        f"{OURS}, all eight": (run.Pillion(folder, url, models, settings=FULL_CHAIN), header),
    }
    measure_variants(database, "Retrieve, by the layers around it", variants, options, found)


def measure_million(database, contenders, pg, options, found):
    """Rows a second of one whole List, and the most memory that the server took for it."""
    fast = [one for one in contenders if one.pace == "many"]

    def listed(one):
        run.Server.reset_peak(one.server)
        result = one.call("list", (1, 1), 120, n=1, page_size=options.rows)
        return {"rows": options.rows / result["elapsed"], "peak": run.Server.memory_kib(one.server, "VmHWM") / 1024}

    def copied():
        columns = ", ".join(peers.POST)
        begin = time.perf_counter()
        with open(os.devnull, "w") as null:
            subprocess.run(pg.psql("-c", f"COPY (SELECT {columns} FROM bench_post ORDER BY id LIMIT {options.rows}) TO STDOUT (FORMAT binary)"),
                           check=True, stdout=null)
        return {"rows": options.rows / (time.perf_counter() - begin), "peak": None}

    measures = {one.name: lambda one=one: listed(one) for one in fast}
    if pg:
        measures["psql, COPY … (FORMAT binary)"] = copied
    for who, rounds in found.alternate(f"List of {options.rows:,}, {DATABASES[database]}", options.rounds, measures).items():
        found.million.append((DATABASES[database], who, rounds))
        print(f"List of {options.rows:,}, {DATABASES[database]}: {who} {spread([r['rows'] for r in rounds])} rows/s", flush=True)


def measure_echo(folder, options, found):
    if not run.INTEROP.exists():
        found.left_out.append(f"calls without a database: there is no {run.INTEROP.name}")
        return
    files = certificate(folder)
    for title, more, arguments in (("Empty calls", {}, ()), ("Empty calls over TLS", {"tls": 1}, files)):
        servers = {f"{OURS}'s transport": run.Server(folder, run.INTEROP, *arguments)}
        if (run.BUILD / "go-peer").exists():
            servers["grpc-go"] = peers.Process(folder, run.BUILD / "go-peer", "echo", "PORT", *arguments)
        for shape in ((1, 1), (16, 16)):
            measures = {name: lambda server=server: peers.load(server, "echo", *shape, options.seconds, **more) for name, server in servers.items()}
            found.add("no database", title, shape, found.alternate(title, options.rounds, measures))
        for server in servers.values():
            server.stop()


def measure_generator(folder, options, found):
    server = peers.Process(folder, run.BUILD / "null-server", "PORT")
    for shape in CALLS["retrieve"].shapes:
        rounds, = run.alternate(options.rounds, lambda: run.load(server.port, "retrieve", *shape, options.seconds, fixed_id=1))
        found.generator.append((shape, rounds))
    server.stop()


def busy(result):
    """What part of a core the generator used."""
    return result["gen_cpu"] / result["elapsed"] * 100 if "gen_cpu" in result and result["elapsed"] else None


def is_floor(who):
    return who.startswith(("pgbench", "libpq", "sqlite3", "psql")) or who == "grpc-go, from its memory"


def at_peers_load(found):
    """What was measured in an open loop with Pillion under the same load as a peer: name, peer, calls a second, rounds."""
    return [(name, who, rate, rounds) for name, who, _, rate, rounds in found.open if all("beside" in result for result in rounds)]


def wins(found):
    """A row for each figure in which a peer or a floor is better than Pillion, by medians: what, which figure, who, theirs, ours."""
    rows = []

    def compare(what, figure, theirs, ours, more_is_better=False):
        for who, value in theirs.items():
            if value is not None and ours is not None and (value > ours if more_is_better else value < ours):
                rows.append(f"| {what} | {figure} | {who} | {value:,.{2 if value < 100 else 0}f} | {ours:,.{2 if ours < 100 else 0}f} |")

    for database, title, shape, results in found.cells:
        ours = next((who for who in results if who.startswith(OURS)), None)
        others = [who for who in results if not who.startswith(OURS)]
        # What TLS costs a peer is beside what it costs Pillion; with or without, each has its own.
        pairs = [(ours, others)] if title != TLS_TITLE else [(OURS + suffix, [who for who in others if who.endswith("TLS") == bool(suffix)]) for suffix in ("", ", TLS")]
        for figure, key, more_is_better in (("calls/s", "rps", True), ("p50, µs", "p50_us", False), ("p99, µs", "p99_us", False),
                                            ("CPU s per 10,000 calls", "cpu", False), ("PostgreSQL's CPU s per 10,000 calls", "database_cpu", False)):
            value = lambda who: median([result.get(key) for result in results[who]]) if who in results else None
            for mine, theirs in pairs:
                compare(f"{title}, {database}, {at(shape)}", figure, {who: value(who) for who in theirs}, value(mine), more_is_better)
    for name, part in dict.fromkeys((entry[0], entry[2]) for entry in found.open):
        tails = {who: median([r["p999_us"] for r in rounds]) for what, who, load, _, rounds in found.open if (what, load) == (name, part)}
        compare(f"{name}, open loop", f"p99.9, µs, each at {part:.0%} of its own peak", tails, tails.get(OURS))
    for name, who, rate, rounds in at_peers_load(found):
        tail = lambda results: median([result["p999_us"] for result in results])
        compare(f"{name}, open loop", f"p99.9, µs, both at {rate:,.0f} calls/s", {who: tail(rounds)}, tail([result["beside"] for result in rounds]))
    for database, name in DATABASES.items():
        rates = {who: median([r["rows"] for r in rounds]) for where, who, rounds in found.million if where == name}
        compare(f"List of a whole table, {name}", "rows/s", rates, rates.get(OURS), True)
        servers = {who: figures for (where, who), figures in found.servers.items() if where == database}
        for figure, key in (("start to first answer, ms", "start"), ("resident then, MiB", "idle"), ("resident after Retrieve, 16 × 16, MiB", "memory")):
            values = {who: median(one[key]) if key == "start" else one[key] for who, one in servers.items() if key in one}
            compare(name, figure, values, values.get(OURS))
    return rows


def version(*command):
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    except OSError:
        return "none"
    return (done.stdout.strip() or done.stderr.strip()).split("\n")[0]


def versions():
    debian = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", "libgrpc++-dev", "libpq-dev", "libsqlite3-0", "golang-google-grpc-dev",
                             "golang-github-jackc-pgx-v4-dev"], capture_output=True, text=True).stdout.rstrip(", ")
    lines = [version("postgres" if not run.PG_BIN.exists() else run.PG_BIN / "postgres", "--version"), version("pgbench", "--version"), version("go", "version"),
             version("g++", "--version"), version("swift", "--version"), debian]
    for name, python in peers.PYTHON.items():
        if python.exists():
            frozen = subprocess.run([str(python), "-m", "pip", "freeze", "--disable-pip-version-check"], capture_output=True, text=True).stdout.split()
            of_interest = [one for one in frozen if re.match(r"(?i)(django|djangorestframework|djangogrpcframework|django-socio-grpc|grpcio|asyncpg|uvloop|protobuf|psycopg2?-binary)==", one)]
            lines.append(f"{version(python, '--version')}: {', '.join(of_interest)}")
    commit = version("git", "-C", run.HERE, "rev-parse", "--short", "HEAD")
    return [f"Pillion {commit}", *lines]


def cell_table(found, databases):
    lines = ["| what | server | calls/s: median (range) | p50 µs | p99 µs | p99.9 µs | CPU s per 10,000 calls | PostgreSQL's | generator, % of a core |", "|---|---|---|---|---|---|---|---|---|"]
    for database, title, shape, results in found.cells:
        if database not in databases:
            continue
        for who, rounds in results.items():
            column = lambda key: [result.get(key) for result in rounds]
            middle = lambda key: "–" if median(column(key)) is None else f"{median(column(key)):,.0f}"
            generator = median([busy(result) for result in rounds])
            lines.append(f"| {title}, {at(shape)} | {who} | {spread(column('rps'), 0 if median(column('rps')) >= 100 else 1)} | {middle('p50_us')} | {middle('p99_us')} "
                         f"| {middle('p999_us')} | {spread(column('cpu'), 2)} | {spread(column('database_cpu'), 2)} | {'–' if generator is None else f'{generator:.0f}'} |")
    return lines


def headline(found):
    """The rows that are asked for most, a column for each server."""
    columns = [OURS, "C++ gRPC + libpq", "grpc-go + pgx", "grpc.aio + asyncpg", "django-grpc-framework", "django-socio-grpc"]
    wanted = [(CALLS[key].title, shape) for key, shape in (("retrieve", (1, 1)), ("retrieve", (16, 16)), ("create", (16, 16)), ("partial", (16, 16)),
              ("list100", (16, 16)), ("list10000", (1, 1)), ("filter", (16, 16)), ("tagged", (16, 16)), ("wide", (16, 16)), ("heavy", (16, 4)))]
    lines = []
    for database in DATABASES.values():
        for title, shape in wanted:
            results = next((cell[3] for cell in found.cells if cell[:3] == (database, title, shape)), None)
            if not results:
                continue
            floor = max(((median([r["rps"] for r in rounds]), who) for who, rounds in results.items() if is_floor(who)), default=None)
            rate = lambda who: f"{median([r['rps'] for r in results[who]]):,.{0 if median([r['rps'] for r in results[who]]) >= 10 else 1}f}" if who in results else "–"
            lines.append(f"| {title}, {database}, {at(shape)} | " + " | ".join(map(rate, columns)) + f" | {f'{floor[1]}: {floor[0]:,.0f}' if floor else '–'} |")
    if not lines:
        return []
    return [f"| calls a second | {' | '.join(columns)} | without gRPC |", "|---" * (len(columns) + 2) + "|", *lines]


def write(found, options, began):
    REPORT.mkdir(exist_ok=True)
    lines = ["# Pillion beside its peers", "", "## Where a peer wins", "",
             "Every figure, of calls a second, latencies, CPU, memory and start, in which a peer is better than Pillion, by medians.", ""]
    better, head = wins(found), ["| what | figure | who | theirs | Pillion's |", "|---|---|---|---|---|"]
    by_peers = [line for line in better if not is_floor(line.split(" | ")[2])]
    lines += [*head, *by_peers] if by_peers else ["None of those that were measured."]
    if floors := [line for line in better if line not in by_peers]:
        lines += ["", "And where the same work without a server of gRPC, or without a database, is faster:", "", *head, *floors]
    if table := headline(found):
        lines += ["", "## In one table", "", "More is better. " + run.machine() + ".", "", *table]
    plotted = [(f"{title}, {database}, {at(shape)}", [(who, median([r["rps"] for r in rounds])) for who, rounds in results.items()])
               for database, title, shape, results in found.cells if len(results) > 1]
    if plotted:
        bars(REPORT / "calls.svg", "Calls a second", plotted)
        lines += ["", "![Calls a second](calls.svg)"]
    for database in [*DATABASES.values(), "no database"]:
        if any(cell[0] == database for cell in found.cells):
            lines += ["", f"## {database[0].upper()}{database[1:]}", "",
                      "A × B: connections and calls at once on each. CPU is that of the server's processes, which have SQLite in them, and beside it PostgreSQL's.", "",
                      *cell_table(found, [database])]
    if found.million:
        lines += ["", f"## A List of {options.rows:,} rows", "", "| database | server | rows/s: median (range) | most resident memory, MiB |", "|---|---|---|---|"]
        lines += [f"| {database} | {who} | {spread([r['rows'] for r in rounds])} | {spread([r['peak'] for r in rounds])} |" for database, who, rounds in found.million]
    if found.open:
        lines += ["", "## Latency at a part of full load", "",
                  "Open loop at a part of each server's own peak, which is measured before each round, 16 × 16, in microseconds counted from when a call was "
                  "due: a server that stalls is charged for the calls that had to wait.", ""]
        if found.pauses:
            lines += ["While nothing runs, work that comes to a core of this machine waits for it (`c/pauses.c`, which only reads the clock): "
                      + ", ".join(f"{part} {spread([pause[key] for pause in found.pauses])} µs" for part, key in (("p99", "p99_us"), ("p99.9", "p999_us"), ("at most", "longest_us")))
                      + ". A call is work for three threads at least, the generator's among them.", ""]
        lines += ["| what | server | load | calls/s | p50 | p99 | p99.9 |", "|---|---|---|---|---|---|---|"]
        lines += [f"| {name} | {who} | {part:.0%} | {rate:,.0f} | " + " | ".join(spread([result[key] for result in rounds]) for key in ("p50_us", "p99_us", "p999_us")) + " |"
                  for name, who, part, rate, rounds in found.open]
        tails = collections.defaultdict(list)
        for name, who, part, rate, rounds in found.open:
            tails[f"{name}, {part:.0%} of its peak"].append((f"{who}, {rate:,.0f}/s", median([r["p999_us"] for r in rounds])))
        bars(REPORT / "tails.svg", "p99.9 in an open loop, microseconds: less is better", list(tails.items()))
        lines += ["", "![p99.9](tails.svg)"]
        if same := at_peers_load(found):
            lines += ["", "Pillion at the load of each peer above at 50 %, in the same rounds:", "",
                      "| what | calls/s | server | p50 | p99 | p99.9 |", "|---|---|---|---|---|---|"]
            for name, who, rate, rounds in same:
                for server, results in ((who, rounds), (OURS, [result["beside"] for result in rounds])):
                    lines.append(f"| {name} | {rate:,.0f} | {server} | "
                                 + " | ".join(spread([result[key] for result in results]) for key in ("p50_us", "p99_us", "p999_us")) + " |")
    if found.servers:
        lines += ["", "## Start and memory", "", "| server | start to first answer, ms | resident then, MiB | resident after Retrieve, 16 × 16, MiB |", "|---|---|---|---|"]
        lines += [f"| {who}, {DATABASES[database]} | {spread(one['start'])} | {one['idle']:,.1f} | {f'''{one['memory']:,.1f}''' if 'memory' in one else '–'} |"
                  for (database, who), one in found.servers.items()]
    if found.generator:
        most = max((busy(r) or 0, f"{title}, {database}, {at(shape)}, {who}") for database, title, shape, results in found.cells for who, rounds in results.items() for r in rounds) \
            if found.cells else (0, "")
        lines += ["", "## The generator", "", "One thread. Against a server that answers with bytes made beforehand and reads no request (`c/null-server.c`):", "",
                  "| shape | calls/s | p50 µs | generator, % of a core |", "|---|---|---|---|"]
        lines += [f"| {at(shape)} | {spread([r['rps'] for r in rounds])} | {spread([r['p50_us'] for r in rounds])} | {spread([busy(r) for r in rounds])} |"
                  for shape, rounds in found.generator]
        lines += ["", f"Where it was busiest, with {most[0]:.0f} % of a core: {most[1]}. While it shares two cores with server and database, what it takes is missing to "
                  "them, and most to the fastest server."]
    lines += ["", "## Machine, versions, commands", "", run.machine() + f"; Linux {os.uname().release}.", "", *(f"- {line}" for line in versions()),
              f"- `Benchmarks/matrix.py {' '.join(sys.argv[1:])}`, {time.strftime('%Y-%m-%d %H:%M', time.gmtime(began))} UTC, "
              f"{(time.time() - began) / 60:.0f} minutes: {options.rounds} alternating rounds of {options.seconds:g} s",
              f"- generator: `loadgen --op … --conns A --streams B --max-time {options.seconds:g}`, with `--rate` in the open loop",
              "- PostgreSQL as `initdb` makes it, `max_connections=200`: every commit is on disk before it is answered; SQLite with `synchronous=FULL`",
              "- every server's answers were compared with the database, value by value, before it was measured",
              *(f"- Left out: {line}" for line in dict.fromkeys(found.left_out))]
    (REPORT / "report.md").write_text("\n".join(lines) + "\n")
    if options.readme and (table := headline(found)):
        text = f"{run.machine()}; {time.strftime('%Y-%m-%d', time.gmtime(began))}.\n\n" + "\n".join(table)
        README.write_text(re.sub(r"(<!-- bench: begin -->\n).*?(<!-- bench: end -->)", lambda m: m[1] + text + "\n" + m[2], README.read_text(), flags=re.DOTALL))


def measure(options, only, found):
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        os.chmod(name, 0o755)
        folder = pathlib.Path(name)
        models = peers.write_models(folder / "models")
        if "generator" in options.parts:
            measure_generator(folder, options, found)
        if "open" in options.parts:
            measure_pauses(options, found)
        if "echo" in options.parts:
            measure_echo(folder, options, found)
        for database in sorted(only & set(DATABASES) or DATABASES):
            memory = None
            if database == "postgresql":
                pg = run.PostgreSQL(folder / "pg")
                stack.callback(pg.stop)
                peers.fill_postgres(pg)
                url, stored = pg.uri, peers.Stored(pg)
                contenders, missing = peers.on_postgres(folder, pg, models)
                floors = lambda key, shape: floors_on_postgres(pg, key, shape, options.seconds)
            else:
                pg, path = None, folder / "bench.db"
                peers.fill_sqlite(path)
                url, stored = f"sqlite:{path}", peers.Stored(path=path)
                contenders, missing = peers.on_sqlite(folder, path, models)
                if "retrieve" in options.calls and (run.BUILD / "go-peer").exists():
                    memory = peers.Process(folder, run.BUILD / "go-peer", "memory", "PORT")
                floors = lambda key, shape: floors_on_sqlite(path, key, shape, options.seconds, memory)
            found.left_out += [f"{line} ({DATABASES[database]})" for line in missing]
            contenders = [one for one in contenders if begin(one, database, stored, options, found)]
            measure_calls(database, contenders, floors, options, found)
            if "open" in options.parts:
                measure_open(database, contenders, pg, options, found)
            if "million" in options.parts:
                peers.grow(stored, options.rows)
                measure_million(database, contenders, pg, options, found)
            for one in contenders:
                one.server.stop()
            if memory:
                memory.stop()
            if run.PILLION.exists():
                if "tls" in options.parts:
                    measure_tls(folder, database, url, models, pg, options, found)
                if "chain" in options.parts:
                    measure_chain(folder, database, url, models, options, found)
            if pg:
                stack.pop_all().close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("--readme", action="store_true")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 3)
    options.seconds = options.seconds or (0.3 if options.quick else 1)
    options.rows = options.rows or (200_000 if options.quick else 1_000_000)
    only = set(filter(None, options.only.split(",")))
    if unknown := only - set(DATABASES) - set(PARTS) - set(CALLS):
        parser.error(f"--only: unknown {', '.join(sorted(unknown))}")
    options.calls = only & set(CALLS) or (set() if only & set(PARTS) and "open" not in only else set(CALLS))
    options.parts = only & set(PARTS) or (set() if only & set(CALLS) else set(PARTS))
    found, began = Found(), time.time()
    try:
        measure(options, only, found)
    finally:
        # Also of a run that was broken off: what has been measured holds.
        write(found, options, began)
    print(f"\nwritten to {REPORT}/report.md in {(time.time() - began) / 60:.1f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
