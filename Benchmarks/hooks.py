#!/usr/bin/env python3
"""What a program's hooks cost: CPU time of the server's process for a call with one hook, beside a call of the same program
without hooks, in turn, four connections with four calls each in flight.

The programs are `embedding-server`, with the hooks of Tests/EmbeddingServer/MeasuredHooks.swift: a hook that waits for nothing
(`validate` around Create, `present` around Retrieve), and one that may wait (`performCreate`, `getObject`), as it is and in a
transaction of its own. Each reads and writes the whole record.

usage: hooks.py [--seconds S] [--rounds N] [--databases postgresql,sqlite]
"""
import argparse
import contextlib
import os
import pathlib
import statistics
import sys
import tempfile

import run

PROGRAM = run.BINARIES / "embedding-server"
ROWS = 10_000
# What is called, around which hooks, and the microseconds that they may cost.
MEASURED = [("retrieve", "present", 2), ("create", "validate", 2), ("retrieve", "asynchronous", 15), ("create", "asynchronous", 15),
            ("create", "transactional", None)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--databases", default="postgresql,sqlite")
    options = parser.parse_args()
    report = run.Report()
    for database in options.databases.split(","):
        with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
            os.chmod(name, 0o755)
            folder = pathlib.Path(name)
            if database == "postgresql":
                postgres = run.PostgreSQL(folder / "pg")
                stack.callback(postgres.stop)
                run.seed_postgres(postgres, ROWS)
                url = postgres.uri
            else:
                run.seed_sqlite(folder / "bench.db", ROWS)
                url = f"sqlite:{folder}/bench.db"
            (folder / "pillion.yaml").write_text(f'models: {run.HERE}/models\ndatabase: {{ url: "{url}" }}\n')
            for operation, hooks, bar in MEASURED:
                with_hooks, without = run.Server(folder, PROGRAM, hooks), run.Server(folder, PROGRAM, "no-hooks")
                measure = lambda server: lambda: server.cpu_per_call(operation, 4, 4, options.seconds, hi=ROWS)
                ours, theirs = measure(with_hooks), measure(without)
                ours(), theirs()
                hooked, plain = run.alternate(options.rounds, ours, theirs)
                print(f"{database}: {operation} with {hooks} {statistics.median(hooked):.2f} µs, without {statistics.median(plain):.2f} µs")
                added = [one - other for one, other in zip(hooked, plain)]
                report.value(f"{database}: CPU that {hooks} adds to {operation.capitalize()}", bar, added, "µs")
                with_hooks.stop()
                without.stop()
    report.write(run.HERE / "report/hooks.md", f"# Hooks\n\n{run.machine()}.")
    print(f"\nwritten to {run.HERE}/report/hooks.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
