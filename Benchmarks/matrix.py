#!/usr/bin/env python3
"""Pillion beside grpc-go with pgx, call by call and load by load, as a table with plots.

usage: matrix.py [--quick] [--rounds N] [--seconds S] [--only NAME,NAME]

Each call is measured in alternating rounds; calls a second and CPU are medians with their range, latencies medians of the rounds.
Start and memory are read once. The load generator checks status, number of messages and, of single objects, the key. `--only` takes
names of calls (retrieve, create, partial, list100, list10000, filter), databases (postgresql, sqlite), `open` for latencies at a part
of full load, and `growth`. A peer that cannot be had here is left out, with a line that says so. `--quick` takes short rounds:
figures to look at, not to quote.
"""
import argparse
import contextlib
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import run
from sizing import processor_seconds

REPORT = run.HERE / "report"
ROWS = 100_000
# name, operation, what more the generator is told; the filter finds one row by its key.
CALLS = {
    "retrieve": ("Retrieve", "retrieve", {}),
    "create": ("Create", "create", {}),
    "partial": ("PartialUpdate", "partial", {}),
    "list100": ("List of 100", "list", {"page_size": 100}),
    "list10000": ("List of 10,000", "list", {"page_size": 10_000}),
    "filter": ("List with a filter", "list", {"page_size": 1, "filter": "id = {}"}),
}
SHAPES = ((1, 1), (16, 16))
# 256 long Lists at once would be waited for long after a round's end.
LONG_SHAPES = ((1, 1), (4, 2))
OURS, GO = "Pillion", "grpc-go + pgx"


class Contender:
    """A server under measurement: where its requests have the page size differs between the protos."""

    def __init__(self, name, server, page_size_field):
        self.name, self.server, self.page_size_field = name, server, page_size_field

    def call(self, operation, shape, seconds, **more):
        if operation == "list":
            more = {"page_size_field": self.page_size_field, **more}
        before = processor_seconds(self.server.process.pid)
        result = run.load(self.server.port, operation, *shape, seconds, hi=ROWS, **more)
        result["cpu"] = (processor_seconds(self.server.process.pid) - before) / result["reqs"] * 10_000
        return result


def first_answer(start):
    """Starts a server and gives it with the milliseconds until its first answer."""
    begin = time.perf_counter()
    server = start()
    run.load(server.port, "retrieve", 1, 1, 5, n=1)
    return server, (time.perf_counter() - begin) * 1000


def spread(values, digits=0):
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def bars(path, title, groups):
    """An SVG of horizontal bars, each group to its own scale: `groups` is [(label, [(name, value)])]."""
    lines, y = [f'<text x="10" y="22" font-size="16">{title}</text>'], 44
    for label, values in groups:
        lines.append(f'<text x="10" y="{y}">{label}</text>')
        most = max(value for _, value in values)
        for name, value in values:
            y += 20
            colour = "#d9541e" if name == OURS else "#7a8793"
            width = 300 * value / most
            lines.append(f'<text x="20" y="{y}" fill="#555">{name}</text><rect x="150" y="{y - 12}" width="{width:.1f}" height="15" '
                         f'fill="{colour}"/><text x="{156 + width:.1f}" y="{y}">{value:,.0f}</text>')
        y += 30
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="580" height="{y}" font-family="sans-serif" font-size="12">'
                    f'<rect width="100%" height="100%" fill="white"/>{"".join(lines)}</svg>\n')


def measure_database(database, contenders, options, found):
    for key, (title, operation, more) in CALLS.items():
        # The peers' proto has no filter.
        taking_part = [one for one in contenders if key != "filter" or one.name == OURS]
        shapes = LONG_SHAPES if key == "list10000" else SHAPES
        for shape in shapes if options.wanted(key) else ():
            name = f"{title}, {database}, {shape[0]} × {shape[1]}"
            print(name, flush=True)
            measures = [lambda one=one: one.call(operation, shape, options.seconds, **more) for one in taking_part]
            results = dict(zip((one.name for one in taking_part), run.alternate(options.rounds, *measures)))
            found["cells"].append((name, results))
            if "open" in options.parts and key in ("retrieve", "create") and shape == (16, 16):
                for one in taking_part:
                    peak = statistics.median(result["rps"] for result in results[one.name])
                    for part in (0.5, 0.8):
                        rate = peak * part
                        rounds, = run.alternate(options.rounds, lambda: one.call(operation, shape, options.seconds, rate=rate))
                        found["open"].append((f"{title}, {database}", one.name, part, rate, rounds))


def growth(contender, options, found):
    for count in (1, 10, 100, 1_000, 10_000):
        results, = run.alternate(options.rounds, lambda: contender.call("list", (1, 1), options.seconds, page_size=count))
        found["growth"].append((count, [result["cpu"] / 10_000 * 1e6 / count for result in results]))


def wins(found):
    """A line for each figure in which a peer is better, by medians; the open loop is left out, as each has a rate of its own."""
    lines = []
    for name, results in found["cells"]:
        for title, key, more_is_better in (("calls/s", "rps", True), ("µs p50", "p50_us", False), ("µs p99", "p99_us", False),
                                           ("CPU s per 10,000 calls", "cpu", False)):
            medians = {who: statistics.median(result[key] for result in rounds) for who, rounds in results.items()}
            lines += [f"- {name}: {who} {value:,.2f} {title}, {OURS} {medians[OURS]:,.2f}" for who, value in medians.items()
                      if who != OURS and (value > medians[OURS] if more_is_better else value < medians[OURS])]
    for database in ("postgresql", "sqlite"):
        servers = {who: figures for who, where, *figures in found["servers"] if where == database}
        for index, title, scale in ((0, "ms to the first answer", 1), (1, "MiB resident", 1024)):
            lines += [f"- {database}: {who} {figures[index] / scale:,.1f} {title}, {OURS} {servers[OURS][index] / scale:,.1f}"
                      for who, figures in servers.items() if who != OURS and figures[index] < servers[OURS][index]]
    return lines


def write(found, options):
    REPORT.mkdir(exist_ok=True)
    rate = lambda results: statistics.median(result["rps"] for result in results)
    lines = ["# Pillion beside its peers", "", "## Where a peer wins", ""]
    lines += wins(found) or ["In none of the rows below that a peer takes part in; the open loop is not compared, as each server has a rate of its own there."]
    lines += ["", "## Calls a second", "", "CPU is that of the server's process; the database's is not in it.", "", "| what | server | calls/s: median (range) | p50 µs | p99 µs | CPU s per 10,000 calls |", "|---|---|---|---|---|---|"]
    for name, results in found["cells"]:
        for who, rounds in results.items():
            column = lambda key: [result[key] for result in rounds]
            lines.append(f"| {name} | {who} | {spread(column('rps'))} | {statistics.median(column('p50_us')):,.0f} "
                         f"| {statistics.median(column('p99_us')):,.0f} | {spread(column('cpu'), 2)} |")
    plotted = [(name, [(who, rate(rounds)) for who, rounds in results.items()]) for name, results in found["cells"] if len(results) > 1]
    if plotted:
        bars(REPORT / "calls.svg", "Calls a second", plotted)
        lines += ["", "![Calls a second](calls.svg)"]
    if found["open"]:
        lines += ["", "## Latency at a part of full load", "",
                  "Open loop at a part of each server's own peak, counted from when a call was due, 16 × 16; microseconds. Not in alternation.", "",
                  "| what | server | load | calls/s | p50 | p99 | p99.9 |", "|---|---|---|---|---|---|---|"]
        lines += [f"| {name} | {who} | {part:.0%} | {wanted:,.0f} | " + " | ".join(
            spread([result[key] for result in rounds]) for key in ("p50_us", "p99_us", "p999_us")) + " |"
            for name, who, part, wanted, rounds in found["open"]]
    if found["growth"]:
        lines += ["", "## Rows of a List", "", "SQLite, one call at a time: microseconds of CPU for each row.", "", "| rows | µs a row |", "|---|---|"]
        lines += [f"| {count:,} | {spread(values, 2)} |" for count, values in found["growth"]]
        bars(REPORT / "rows.svg", "Nanoseconds of CPU a row, by rows of a List",
             [("", [(f"{count:,} rows", statistics.median(values) * 1000) for count, values in found["growth"]])])
        lines += ["", "![CPU a row](rows.svg)"]
    lines += ["", "## Start and memory", "", "| server | start to first answer, ms | resident at the end, MiB |", "|---|---|---|"]
    lines += [f"| {name}, {database} | {start:,.0f} | {memory / 1024:,.1f} |" for name, database, start, memory in found["servers"]]
    version = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.strip()
    lines += ["", "## Machine and commands", "", run.machine() + ".", "", f"- {version('pgbench', '--version')}; {version('go', 'version')}",
              f"- `Benchmarks/matrix.py {' '.join(sys.argv[1:])}`: {options.rounds} alternating rounds of {options.seconds:g} s",
              f"- generator: `loadgen --op … --conns C --streams S --max-time {options.seconds:g}`, with `--rate` for the open loop"]
    lines += [f"- Left out: {line}" for line in found["skipped"]]
    (REPORT / "peers.md").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.seconds = options.seconds or (1.5 if options.quick else 4)
    only = set(filter(None, options.only.split(",")))
    databases, extras = {"postgresql", "sqlite"}, {"open", "growth"}
    if unknown := only - databases - extras - set(CALLS):
        parser.error(f"--only: unknown {', '.join(sorted(unknown))}")
    calls = only & set(CALLS) or (set() if only and not only & databases and only <= extras and "open" not in only else set(CALLS))
    options.wanted = lambda name: name in calls
    options.parts = only & extras if only else extras
    found = {"cells": [], "open": [], "growth": [], "servers": [], "skipped": []}
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        os.chmod(name, 0o755)
        folder = pathlib.Path(name)
        for database in sorted(only & databases or databases):
            if database == "postgresql":
                pg = run.PostgreSQL(folder / "pg")
                stack.callback(pg.stop)
                run.seed_postgres(pg, ROWS)
                starts = [(OURS, lambda: run.Pillion(folder, pg.uri), 3)]
                if (run.BUILD / "go-peer").exists():
                    starts.append((GO, lambda: run.Peer("pg", postgres=pg), 1))
                else:
                    found["skipped"].append("grpc-go + pgx, as .build-bench/go-peer is not built.")
            else:
                run.seed_sqlite(folder / "bench.db", ROWS)
                starts = [(OURS, lambda: run.Pillion(folder, f"sqlite:{folder}/bench.db"), 3)]
                found["skipped"].append("peers on SQLite: there are none yet.")
            contenders, begun = [], {}
            for who, start, field in starts:
                server, begun[who] = first_answer(start)
                contenders.append(Contender(who, server, field))
            measure_database("PostgreSQL" if database == "postgresql" else "SQLite", contenders, options, found)
            if database == "sqlite" and "growth" in options.parts:
                growth(contenders[0], options, found)
            for one in contenders:
                memory = run.Server.memory_kib(one.server)
                found["servers"].append((one.name, database, begun[one.name], memory))
                one.server.stop()
    write(found, options)
    print(f"\nwritten to {REPORT}/peers.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
