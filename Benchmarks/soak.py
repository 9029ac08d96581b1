#!/usr/bin/env python3
"""A server under mixed load for a long time: memory, file descriptors and connections to the database must stay where they are.

Retrieve, Create, PartialUpdate and List run side by side, a client gives up Lists half-way, and once a minute PostgreSQL ends
every connection of the server. Prints a line every ten seconds, then the slope of the memory after the first fifth.

usage: soak.py [--seconds S] [--database postgresql|sqlite]
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import run  # noqa: E402


def give_up(port, over, counts):
    """Lists that are cancelled after a few rows."""
    import grpc
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_stream("/bench.PostController/List", request_serializer=bytes, response_deserializer=bytes)
        while not over.is_set():
            try:
                rows = call(b"", timeout=20)
                for _, _ in zip(range(20), rows):
                    pass
                rows.cancel()
                counts["given up"] += 1
            except grpc.RpcError as error:
                counts[str(error.code())] = counts.get(str(error.code()), 0) + 1
            over.wait(0.05)


def keep_loaded(port, op, over, counts, **more):
    """One load generator after the other, each of ten seconds; errors are counted, not fatal: connections are cut on purpose."""
    while not over.is_set():
        command = [str(run.BUILD / "loadgen"), "--port", str(port), "--op", op, "--conns", "2", "--streams", "2", "--n", "100000000",
                   "--max-time", "10", "--hi", "10000"]
        for key, value in more.items():
            command += [f"--{key.replace('_', '-')}", str(value)]
        done = subprocess.run(command, capture_output=True, text=True)
        fields = dict(part.split("=") for part in done.stdout.split())
        counts[op] = counts.get(op, 0) + int(fields.get("reqs", 0))
        counts["errors"] = counts.get("errors", 0) + int(fields.get("errors", 0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--database", default="postgresql", choices=["postgresql", "sqlite"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        folder = pathlib.Path(name)
        postgres = None
        if options.database == "postgresql":
            postgres = run.PostgreSQL(folder / "pg")
            run.seed_postgres(postgres, 10_000)
        else:
            run.seed_sqlite(folder / "bench.db", 10_000)
        server = run.Pillion(folder, postgres.uri if postgres else f"sqlite:{folder}/bench.db")
        over, counts = threading.Event(), {"given up": 0}
        work = [("retrieve", {}), ("create", {}), ("partial", {}), ("list", {"page_size": 100})]
        threads = [threading.Thread(target=keep_loaded, args=(server.port, op, over, counts), kwargs=more) for op, more in work]
        threads.append(threading.Thread(target=give_up, args=(server.port, over, counts)))
        for thread in threads:
            thread.start()
        begun, samples, cuts = time.monotonic(), [], 0
        connections = lambda: int(postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'bench'")) - 1 if postgres else 0
        while (elapsed := time.monotonic() - begun) < options.seconds:
            if postgres and elapsed // 60 > cuts:
                cuts += 1
                postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'bench' AND pid <> pg_backend_pid()")
            time.sleep(10)
            files = len(os.listdir(f"/proc/{server.process.pid}/fd"))
            samples.append((elapsed, server.memory_kib() / 1024, files, connections()))
            print(f"{elapsed:6.0f} s  {samples[-1][1]:7.1f} MiB  {files} files  {samples[-1][3]} connections  {counts}", flush=True)
        over.set()
        for thread in threads:
            thread.join()
        server.stop()
        if postgres:
            postgres.stop()
        warm = samples[len(samples) // 5:]
        slope = statistics.linear_regression([s[0] for s in warm], [s[1] for s in warm]).slope * 600
        print(f"memory grows by {slope:.2f} MiB in ten minutes (asked for: at most 1); files {min(s[2] for s in warm)} to {max(s[2] for s in warm)}, "
              f"connections {min(s[3] for s in warm)} to {max(s[3] for s in warm)}; connections cut {cuts} times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
