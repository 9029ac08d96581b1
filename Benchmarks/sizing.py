#!/usr/bin/env python3
"""Prints the table of "Size" in docs/production.md: what Pillion takes of processor and memory. `make bench-sizing` runs it on a release build.

usage: sizing.py [--seconds S] [--binary FILE] [--write]

Each row loads a server of its own and divides the processor time that the server's process used by the calls it answered; what
the load generator and PostgreSQL used is not in it. A column of calls a second says how much of the machine that row took: at a
part of full load a call costs more, as batches are smaller. `--write` puts the table into the document.
"""
import argparse
import os
import pathlib
import re
import sys
import tempfile

import run as bench

DOCUMENT = bench.HERE.parent / "docs/production.md"
TICKS = os.sysconf("SC_CLK_TCK")
# name, database, operation, connections, calls at once on each
ROWS = [
    ("Retrieve, PostgreSQL, busy", "postgresql", "retrieve", 16, 16),
    ("Retrieve, PostgreSQL, few callers", "postgresql", "retrieve", 4, 1),
    ("Create, PostgreSQL", "postgresql", "create", 16, 16),
    ("Retrieve, SQLite, busy", "sqlite", "retrieve", 16, 16),
    ("Retrieve, SQLite, few callers", "sqlite", "retrieve", 4, 1),
    ("Create, SQLite, synchronous=FULL", "sqlite", "create", 16, 16),
]


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(server, operation, connections, streams, seconds):
    """Calls a second, milliseconds of one core for 1,000 calls, and the most memory in MiB."""
    bench.load(server.port, operation, connections, streams, 1)
    server.reset_peak()
    before = processor_seconds(server.process.pid)
    result = bench.load(server.port, operation, connections, streams, seconds)
    used = processor_seconds(server.process.pid) - before
    return result["rps"], used * 1000 / (result["reqs"] / 1000), server.memory_kib("VmHWM") / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--binary", type=pathlib.Path, default=bench.PILLION)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    bench.PILLION = options.binary.resolve()
    lines = [
        "| load | calls/s | one core for 1,000 calls/s | memory at most |",
        "|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        folder = pathlib.Path(name)
        pg = bench.PostgreSQL(folder / "pg")
        try:
            bench.seed_postgres(pg, 100_000)
            bench.seed_sqlite(folder / "bench.db", 100_000)
            for title, database, operation, connections, streams in ROWS:
                server = bench.Pillion(folder, pg.uri if database == "postgresql" else f"sqlite:{folder}/bench.db")
                if len(lines) == 2:
                    lines.append(f"| idle, one model | – | – | {server.memory_kib() / 1024:.0f} MiB |")
                rate, cost, memory = measure(server, operation, connections, streams, options.seconds)
                # Milliseconds of a core in 1,000 calls are, at 1,000 calls a second, tenths of a percent of that core.
                lines.append(f"| {title}, {connections} × {streams} | {rate:,.0f} | {cost / 10:.1f} % | {memory:.0f} MiB |")
                print(lines[-1], flush=True)
                server.stop()
        finally:
            pg.stop()
    table = f"{bench.machine()}.\n\n" + "\n".join(lines)
    print("\n" + table)
    if options.write:
        text = DOCUMENT.read_text()
        new = re.sub(r"(<!-- sizing: begin -->\n).*?(<!-- sizing: end -->)", lambda m: m[1] + table + "\n" + m[2], text, flags=re.DOTALL)
        DOCUMENT.write_text(new)
        print(f"\nwritten to {DOCUMENT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
