#!/usr/bin/env python3
"""The regression guard: instructions and allocations that a call takes, beside the committed thresholds.json.

Instructions are counted by callgrind in the server's process alone, over many calls that follow one another, after as many that
warm it up: no clock is involved, so that machines agree within the tolerance; the event loops sleep between the calls, as how often they
look for the next one before is a matter of the clock. Allocations are counted by a preloaded library, in
a run of their own. A figure above its threshold by more than the tolerance fails, and the functions that grew are named; one
that fell by more than the tolerance passes, with the advice to write it down.

usage: check.py [--only PATH,PATH] [--calls N] [--update] [--binary FILE]
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import run

THRESHOLDS = run.HERE / "thresholds.json"
TOLERANCE = 0.04
FUNCTIONS = 40  # as many of the dearest are written down for each path
# Values differ from call to call.
FILTER = {"page_size": 1, "filter": 'id >= {} AND title != "x{}"'}
# path: database, the load generator's operation and its options, settings of the server
PATHS = {
    "retrieve-sqlite": ("sqlite", "retrieve", {}, ""),
    "retrieve-sqlite-layers": ("sqlite", "retrieve", {}, run.LAYERS),
    "retrieve-sqlite-token": ("sqlite", "retrieve", {"header": f"authorization:Bearer {run.token()}"}, run.TOKENS),
    "create-sqlite": ("sqlite", "create", {}, ""),
    "partial-sqlite": ("sqlite", "partial", {}, ""),
    "list-100-sqlite": ("sqlite", "list", {"page_size": 100}, ""),
    "list-filter-sqlite": ("sqlite", "list", FILTER, ""),
    "retrieve-postgresql": ("postgresql", "retrieve", {}, ""),
    "create-postgresql": ("postgresql", "create", {}, ""),
    "partial-postgresql": ("postgresql", "partial", {}, ""),
    "list-100-postgresql": ("postgresql", "list", {"page_size": 100}, ""),
    "list-filter-postgresql": ("postgresql", "list", FILTER, ""),
}


def control(pid, *arguments):
    subprocess.run(["callgrind_control", *arguments, str(pid)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def instructions(folder, url, operation, options, calls, settings):
    """Instructions of the server for a call: all, and by function, as (total, {function: count})."""
    for old in folder.glob("callgrind.*"):
        old.unlink()
    # Debian 12's valgrind cannot read the debugging information of Swift 6.3 (DWARF 5); names are in the symbol table.
    bare = folder / "pillion"
    subprocess.run(["objcopy", "--strip-debug", run.PILLION, bare], check=True)
    tool = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/callgrind.%p"]
    with contextlib.closing(run.Pillion(folder, url, under=tool, binary=bare, settings=settings)) as server:
        call = lambda: run.load(server.port, operation, 1, 1, 600, n=calls, hi=1000, **options)
        call()
        control(server.process.pid, "--instr=on")
        call()
        control(server.process.pid, "--instr=off")
        control(server.process.pid, "--dump")
    dumps = [path for path in folder.glob("callgrind.*") if re.search(r"^totals: [1-9]", path.read_text(errors="replace"), re.M)]
    if len(dumps) != 1:
        sys.exit(f"expected one profile with counts, found {len(dumps)} in {folder}")
    text = subprocess.run(["callgrind_annotate", "--threshold=100", "--auto=no", str(dumps[0])], check=True, capture_output=True, text=True).stdout
    total, functions = 0, {}
    for line in text.splitlines():
        found = re.match(r"\s*([\d,]+) +\([\d. ]+%\) +(.+)", line)
        if not found:
            continue
        count = int(found[1].replace(",", ""))
        if found[2].startswith("PROGRAM TOTALS"):
            total = count
        else:
            # file:function [object]; the same function inlined in several files is one
            name = re.sub(r" \[[^\]]*\]$", "", found[2]).split(":", 1)[-1]
            functions[name] = functions.get(name, 0) + count
    if not total:
        sys.exit(f"callgrind_annotate printed no total:\n{text[:2000]}")
    return total / calls, {name: count / calls for name, count in functions.items()}


def allocations(folder, url, operation, options, settings):
    with contextlib.closing(run.Pillion(folder, url, counts_allocations=True, settings=settings)) as server:
        return run.allocations_per_call(server, operation, hi=1000, **options)


def readable(names):
    """Swift's names as people write them."""
    if not names:
        return []
    done = subprocess.run(["swift", "demangle", "--compact", "--simplified"], input="\n".join(names), capture_output=True, text=True)
    return done.stdout.splitlines() if done.returncode == 0 else list(names)


def compare(path, measured, threshold, tolerance=TOLERANCE):
    """What is worse than written down, as lines to print; none if nothing is.

    measured, threshold: {"instructions": float, "allocations": float, "functions": {name: instructions a call}}.
    """
    worse = []
    for kind in ("instructions", "allocations"):
        # An allocation more in ten calls is noise of buffers that grow.
        limit = threshold[kind] * (1 + tolerance) + (0.1 if kind == "allocations" else 0)
        if measured[kind] > limit:
            worse.append(f"{path}: {measured[kind]:,.1f} {kind} a call, {threshold[kind]:,.1f} are written down, {limit:,.1f} are allowed")
    if worse:
        before = threshold["functions"]
        floor = min(before.values(), default=0)
        grown = {name: count - before.get(name, floor) for name, count in measured["functions"].items()}
        worst = [name for name in sorted(grown, key=grown.get, reverse=True)[:5] if grown[name] > 0]
        for name, text in zip(worst, readable(worst)):
            was = f"{before[name]:,.0f}" if name in before else f"at most {floor:,.0f}"
            worse.append(f"  {text}: {measured['functions'][name]:,.0f} instructions a call, {was} before")
    return worse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PATHS))
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--update", action="store_true", help="write what is measured to thresholds.json")
    parser.add_argument("--binary", type=pathlib.Path, default=run.PILLION)
    options = parser.parse_args()
    run.PILLION = options.binary.resolve()
    thresholds = json.loads(THRESHOLDS.read_text()) if THRESHOLDS.exists() else {}
    failures = []
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        os.chmod(name, 0o755)
        folder = pathlib.Path(name)
        urls = {}
        for path in options.only.split(","):
            database, operation, more, settings = PATHS[path]
            settings += "\nserver.busy_poll: off\n"
            if database not in urls:
                if database == "sqlite":
                    run.seed_sqlite(folder / "bench.db", 1000)
                    urls[database] = f"sqlite:{folder}/bench.db"
                else:
                    pg = run.PostgreSQL(folder / "pg")
                    stack.callback(pg.stop)
                    run.seed_postgres(pg, 1000)
                    urls[database] = pg.uri
            total, functions = instructions(folder, urls[database], operation, more, options.calls, settings)
            dearest = dict(sorted(functions.items(), key=lambda item: -item[1])[:FUNCTIONS])
            measured = {"instructions": round(total, 1), "allocations": round(allocations(folder, urls[database], operation, more, settings), 2),
                        "functions": functions}
            was = thresholds.get(path)
            print(f"{path}: {total:,.0f} instructions, {measured['allocations']:.2f} allocations a call"
                  + (f"; written down: {was['instructions']:,.0f} and {was['allocations']:.2f}" if was else ""), flush=True)
            if options.update:
                thresholds[path] = measured | {"functions": {name: round(count, 1) for name, count in dearest.items()}}
            elif not was:
                failures.append(f"{path}: nothing is written down; run `make bench-check CHECK_FLAGS=--update`")
            else:
                failures += compare(path, measured, was)
                if total < was["instructions"] * (1 - TOLERANCE):
                    print("  better than written down: `make bench-check CHECK_FLAGS=--update` keeps it so")
    if options.update:
        THRESHOLDS.write_text(json.dumps(thresholds, indent=1) + "\n")
        print(f"written to {THRESHOLDS}")
    for line in failures:
        print(line, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
