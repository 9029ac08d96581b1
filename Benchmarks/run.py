#!/usr/bin/env python3
"""The ratios that Pillion aims at, each beside its bar; what the other programs here share.

Every figure is a ratio: two things are measured in turn, A B A B, and their medians divided. The load generator checks every
answer (grpc-status in the trailers, the number of messages, the id that came back).

usage: run.py [--rounds N] [--seconds S] [--only NAME,NAME] [--rows N]
"""
import argparse
import atexit
import base64
import contextlib
import hmac
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parent / ".build-bench"
# `PILLION_BUILD=../.build/debug` tries the measurements themselves; figures are those of a release build.
BINARIES = pathlib.Path(os.environ.get("PILLION_BUILD", HERE.parent / ".build/release")).resolve()
PILLION, INTEROP = BINARIES / "pillion", BINARIES / "interop-server"
PG_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
SELECT = "SELECT id, title, content, views, rating, published, created FROM bench_post WHERE id = :id"
INSERT = ("INSERT INTO bench_post (title, content, views, rating, published, created) VALUES ('the river garden over stat', "
          "repeat('the river garden over station ', 7), 7, 2.5, true, now()) "
          "RETURNING id, title, content, views, rating, published, created")
WORDS = "the river garden over station planner letter music when winter cursor and market vacuum signal of stream".split()


def as_postgres(command):
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class PostgreSQL:
    """A throw-away cluster with its default settings: every commit is on disk before it is answered."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        folder.mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        run = lambda *c: subprocess.run(as_postgres([str(x) for x in c]), check=True, stdout=subprocess.DEVNULL, cwd="/")
        run(PG_BIN / "initdb", "-D", folder / "data", "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        run(PG_BIN / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o",
            f"-p {self.port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=200", "start")
        self.sql("CREATE DATABASE bench", database="postgres")

    @property
    def uri(self):
        return f"postgresql://bench@127.0.0.1:{self.port}/bench"

    @property
    def pid(self):
        return int((self.folder / "data/postmaster.pid").read_text().split()[0])

    def psql(self, *args, database="bench"):
        return ["psql", "-qXAt", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bench", "-d", database, *args]

    def sql(self, text, database="bench"):
        return subprocess.run(self.psql("-c", text, database=database), check=True, capture_output=True, text=True).stdout

    def pgbench(self, script, clients, seconds, log=None):
        """Transactions per second, `rps`; where their times are logged, in files that begin with `log`, the median of these in microseconds, too, `p50_us`."""
        file = self.folder.parent / "script.sql"
        file.write_text(script)
        command = ["pgbench", "-n", "-M", "prepared", "-f", str(file), "-c", str(clients), "-j", "2", "-T", str(max(1, round(seconds))),
                   "-h", "127.0.0.1", "-p", str(self.port), "-U", "bench", "bench"]
        if log:
            command[1:1] = ["-l", f"--log-prefix={log}"]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        result = {"rps": float(re.search(r"tps = ([\d.]+)", out).group(1))}
        if not log:
            return result
        latencies = []
        for path in pathlib.Path(log).parent.glob(pathlib.Path(log).name + ".*"):
            latencies += [int(line.split()[2]) for line in path.open()]
            path.unlink()
        return {**result, "p50_us": statistics.median(latencies)}

    def stop(self):
        subprocess.run(as_postgres([str(PG_BIN / "pg_ctl"), "-D", str(self.folder / "data"), "-m", "immediate", "stop"]),
                       stdout=subprocess.DEVNULL, cwd="/")


# What is told to end puts its servers and its cluster away first.
signal.signal(signal.SIGTERM, signal.default_int_handler)


def end_with_this(process):
    """Whatever ends this program, `process` and those it started do not outlive it."""
    atexit.register(lambda: process.poll() is None and os.killpg(process.pid, signal.SIGKILL))


class Server:
    """A program of ours that says where it listens."""

    def __init__(self, folder, *command, under=(), counts_allocations=False):
        self.start = time.perf_counter()
        self.log = open(folder / "server.log", "w")
        environment = dict(os.environ)
        if counts_allocations:
            self.counter = folder / "allocations"
            self.counter.write_bytes(bytes(8))
            environment |= {"LD_PRELOAD": str(BUILD / "allocations.so"), "ALLOCATIONS": str(self.counter)}
        self.process = subprocess.Popen(list(map(str, [*under, *command])), cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        process_group=0)
        end_with_this(self.process)
        line = self.process.stdout.readline()
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", line)
        if not found:
            sys.exit(f"{command[0]} did not start: {line!r}; see {folder}/server.log")
        self.port = int(found.group(1))

    def allocations(self):
        return int.from_bytes(self.counter.read_bytes(), "little")

    def memory_kib(self, key="VmRSS"):
        text = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(key + r":\s+(\d+)", text).group(1))

    def reset_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as f:
            f.write("5")

    def cpu(self):
        """Seconds that all threads have run."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def cpu_per_call(self, op, connections, streams, seconds, **more):
        """Microseconds of CPU time that a call takes, many in flight."""
        start = self.cpu()
        figures = load(self.port, op, connections, streams, seconds, **more)
        return (self.cpu() - start) / figures["reqs"] * 1e6

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(30):
            sys.exit("the server did not exit with 0")

    close = stop


class Pillion(Server):
    def __init__(self, folder, url, models=HERE / "models", settings="", binary=None, **options):
        command = [binary or PILLION, "serve", "--listen", "127.0.0.1:0", "--database", url, "--models", models]
        if settings:
            (folder / "settings.yaml").write_text(settings)
            command += ["--config", folder / "settings.yaml"]
        super().__init__(folder, *command, **options)


def allocations_per_call(server, op, calls=20_000, **more):
    """A warm server's allocations for each of many calls that follow one another: how many would go together is the machine's doing."""
    load(server.port, op, 1, 1, 60, n=calls, **more)
    before = server.allocations()
    load(server.port, op, 1, 1, 60, n=calls, **more)
    return (server.allocations() - before) / calls


class Peer:
    def __init__(self, kind, *arguments, postgres=None):
        self.port = free_port()
        env = dict(os.environ)
        if postgres:
            env["BENCH_PG"] = f"host=127.0.0.1 port={postgres.port} user=bench dbname=bench"
        self.process = subprocess.Popen([str(BUILD / "go-peer"), kind, str(self.port), *map(str, arguments)], env=env, stdout=subprocess.DEVNULL, process_group=0)
        end_with_this(self.process)
        for _ in range(10_000):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.001)
        sys.exit("the Go peer did not start")

    def stop(self):
        self.process.kill()
        self.process.wait()


def load(port, op, connections, streams, seconds, n=100_000_000, **more):
    command = [str(BUILD / "loadgen"), "--port", str(port), "--op", op, "--conns", str(connections), "--streams", str(streams),
               "--n", str(n), "--max-time", str(seconds)]
    for key, value in more.items():
        command += ["--" + key.replace("_", "-"), str(value)]
    done = subprocess.run(command, capture_output=True, text=True)
    result = {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", done.stdout)}
    if done.returncode or not result.get("reqs"):
        sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return result


def rows(count):
    for i in range(1, count + 1):
        title = " ".join(WORDS[(i * 7 + k * k) % len(WORDS)] for k in range(5))
        content = " ".join(WORDS[(i * 11 + k * 3) % len(WORDS)] for k in range(34))
        yield (i, title, content, i % 2_000_000, None if i % 10 == 0 else round((i % 500) / 100, 2), i % 5 != 0,
               f"20{i % 30 + 10:02d}-0{i % 9 + 1}-1{i % 10} 0{i % 10}:00:0{i % 10}.{i % 1_000_000:06d}+00")


def seed_postgres(pg, count, table="bench_post"):
    pg.sql(f"""CREATE TABLE {table} (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, title varchar(100) NOT NULL,
               content text NOT NULL, views integer NOT NULL, rating double precision, published boolean NOT NULL,
               created timestamptz NOT NULL)""")
    copy = subprocess.Popen(pg.psql("-c", f"COPY {table} FROM STDIN"), stdin=subprocess.PIPE, text=True)
    for row in rows(count):
        copy.stdin.write("\t".join("\\N" if v is None else ("t" if v is True else "f" if v is False else str(v)) for v in row) + "\n")
    copy.stdin.close()
    if copy.wait():
        sys.exit("COPY failed")
    pg.sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {count})")
    pg.sql(f"VACUUM (FREEZE, ANALYZE) {table}")


def seed_sqlite(path, count):
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("""CREATE TABLE bench_post (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, content TEXT NOT NULL,
                  views INTEGER NOT NULL, rating REAL, published INTEGER NOT NULL, created TEXT NOT NULL)""")
    db.executemany("INSERT INTO bench_post VALUES (?,?,?,?,?,?,?)", rows(count))
    db.commit()
    db.close()


# What the chain of interceptors costs is measured with these.
LAYERS = """
interceptors:
  - request_id
  - logging: { level: info, slow: 200ms }
  - metrics
  - deadline: { default: 10s, max: 60s }
  - concurrency_limit: { in_flight: 512, queue: 1024 }
  - rate_limit: { key: peer, rate: 1000000/s, burst: 1000000 }
"""
SECRET = "the secret of the benchmarks, which is long enough"
TOKENS = f"""
interceptors:
  - authentication:
      jwt: {{ secret: "{SECRET}", issuer: https://id.example, audience: pillion }}
  - authorization:
      rules: [{{ allow: "*" }}]
"""


def token():
    """A JSON Web Token (RFC 7519) that `TOKENS` lets in for an hour."""
    part = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
    claims = {"iss": "https://id.example", "aud": "pillion", "sub": "bench", "exp": int(time.time()) + 3600}
    signed = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
    return (signed + b"." + part(hmac.digest(SECRET.encode(), signed, "sha256"))).decode()


class Report:
    def __init__(self):
        self.lines = []

    def add(self, name, bar, ours, theirs, unit, peer, invert=False):
        a, b = statistics.median(ours), statistics.median(theirs)
        ratio = a / b
        met = ratio <= bar if invert else ratio >= bar
        spread = lambda xs: f"{min(xs):,.0f}–{max(xs):,.0f}"
        self.lines.append((name, f"{a:,.0f} ({spread(ours)}) {unit}", f"{peer}: {b:,.0f} ({spread(theirs)}) {unit}",
                           f"{ratio:.2f}", f"{'≤' if invert else '≥'} {bar}", "yes" if met else "NO"))
        print("  ".join(self.lines[-1]), flush=True)

    def value(self, name, bar, ours, unit):
        """A figure by itself; `bar` None: it is only stated."""
        a = statistics.median(ours)
        verdict = ("", "") if bar is None else (f"< {bar}", "yes" if a < bar else "NO")
        self.lines.append((name, f"{a:,.1f} ({min(ours):,.1f}–{max(ours):,.1f}) {unit}", "", "", *verdict))
        print("  ".join(self.lines[-1]), flush=True)

    def write(self, path, header):
        path.parent.mkdir(exist_ok=True)
        table = ["| what | Pillion: median (range) | beside | ratio | bar | met |", "|---|---|---|---|---|---|"]
        table += ["| " + " | ".join(line) + " |" for line in self.lines]
        path.write_text(header + "\n\n" + "\n".join(table) + "\n")


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown")
    memory = int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read()).group(1)) // 1024 // 1024
    return f"{os.cpu_count()} cores of {model}, {memory} GiB; load generator, server and database on the same machine"


def alternate(rounds, *measures):
    results = [[] for _ in measures]
    for _ in range(rounds):
        for index, measure in enumerate(measures):
            results[index].append(measure())
    return results


def slow_reader(port, seconds):
    """Reads a whole List with grpcio, a message a millisecond at first; returns nothing, only holds the stream open."""
    import grpc
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_stream("/bench.PostController/List", request_serializer=bytes, response_deserializer=bytes)(b"")
        end = time.time() + seconds
        for _ in call:
            time.sleep(0.001)
            if time.time() > end:
                call.cancel()
                return


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    only = set(filter(None, options.only.split(",")))
    wanted = lambda name: not only or name in only
    report, rounds, seconds = Report(), options.rounds, options.seconds

    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        os.chmod(name, 0o755)
        folder = pathlib.Path(name)
        pg = PostgreSQL(folder / "pg")
        stack.callback(pg.stop)
        seed_postgres(pg, 100_000)
        seed_sqlite(folder / "bench.db", 100_000)
        point = f"\\set id random(1, 100000)\n{SELECT};\n"

        certificate = folder / "certificate.pem", folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-out", certificate[0], "-keyout", certificate[1]], check=True, capture_output=True)
        for name, title, bar, op, shape, more, files in (
            ("echo", "Empty calls, no database, 16 × 16", 2.0, "echo", (16, 16), {}, ()),
            ("echo-tls", "the same over TLS", 1.5, "echo", (16, 16), {"tls": 1}, certificate),
            ("stream", "Calls that stream 1,000 messages of 100 bytes, 4 × 4", 2.0, "stream", (4, 4), {"page_size": 1000}, ()),
        ):
            if wanted(name):
                server, peer = Server(folder, INTEROP, *files), Peer("echo", *files)
                measure = lambda port: load(port, op, *shape, seconds, **more)["rps"]
                ours, theirs = alternate(rounds, lambda: measure(server.port), lambda: measure(peer.port))
                report.add(title, bar, ours, theirs, "calls/s", "grpc-go")
                server.stop()
                peer.stop()
        if wanted("allocations"):
            server = Server(folder, INTEROP, counts_allocations=True)
            report.value("Allocations of an empty call, no database", None, [allocations_per_call(server, "echo")], "a call")
            server.stop()
            for title, url in (("PostgreSQL", pg.uri), ("SQLite", f"sqlite:{folder}/bench.db")):
                server = Pillion(folder, url, counts_allocations=True)
                for op in ("retrieve", "create"):
                    report.value(f"Allocations of {op.capitalize()}, {title}", None, [allocations_per_call(server, op)], "a call")
                server.stop()

        if wanted("retrieve-pg") or wanted("latency-pg") or wanted("create-pg"):
            server = Pillion(folder, pg.uri)
            if wanted("retrieve-pg"):
                ours, theirs = alternate(rounds, lambda: load(server.port, "retrieve", 16, 16, seconds)["rps"],
                                         lambda: pg.pgbench(point, 16, seconds)["rps"])
                report.add("Retrieve, PostgreSQL, 16 × 16", 3.0, ours, theirs, "calls/s", "pgbench -M prepared -c 16")
            if wanted("latency-pg"):
                ours, theirs = alternate(rounds, lambda: load(server.port, "retrieve", 1, 1, seconds)["p50_us"],
                                         lambda: pg.pgbench(point, 1, seconds, log=str(folder / "latency"))["p50_us"])
                report.add("Retrieve, PostgreSQL, one at a time, median latency", 1.3, ours, theirs, "µs", "pgbench -c 1", invert=True)
            if wanted("create-pg"):
                ours, theirs = alternate(rounds, lambda: load(server.port, "create", 16, 16, seconds)["rps"],
                                         lambda: pg.pgbench(INSERT + ";\n", 16, seconds)["rps"])
                report.add("Create, PostgreSQL, 16 × 16", 1.3, ours, theirs, "calls/s", "pgbench -M prepared -c 16, same INSERT")
            server.stop()

        if wanted("retrieve-sqlite") or wanted("create-sqlite"):
            server = Pillion(folder, f"sqlite:{folder}/bench.db")
            if wanted("retrieve-sqlite"):
                peer = Peer("memory")
                ours, theirs = alternate(rounds, lambda: load(server.port, "retrieve", 16, 16, seconds)["rps"],
                                         lambda: load(peer.port, "retrieve", 16, 16, seconds)["rps"])
                report.add("Retrieve, SQLite, 16 × 16", 2.0, ours, theirs, "calls/s", "grpc-go answering from memory")
                peer.stop()
            if wanted("create-sqlite"):
                seed_sqlite(folder / "loop.db", 1000)
                single = lambda: float(subprocess.run([str(BUILD / "insert"), str(folder / "loop.db"), str(seconds)], check=True,
                                                      capture_output=True, text=True).stdout)
                ours, theirs = alternate(rounds, lambda: load(server.port, "create", 16, 16, seconds)["rps"], single)
                report.add("Create, SQLite, synchronous=FULL, 16 × 16", 10, ours, theirs, "calls/s", "single commits through the C API")
            server.stop()

        if wanted("chain"):
            for title, url in (("PostgreSQL", pg.uri), ("SQLite", f"sqlite:{folder}/bench.db")):
                plain = Pillion(folder, url)
                call = lambda server, **more: load(server.port, "retrieve", 16, 16, seconds, **more)["rps"]
                for name, bar, settings, more in (
                    ("request_id, logging, metrics, deadline, concurrency_limit and rate_limit", 0.85, LAYERS, {}),
                    ("authentication by a JWT and authorization", 0.9, TOKENS, {"header": f"authorization:Bearer {token()}"}),
                ):
                    chained = Pillion(folder, url, settings=settings)
                    ours, theirs = alternate(rounds, lambda: call(chained, **more), lambda: call(plain))
                    report.add(f"Retrieve, {title}, 16 × 16, with {name}", bar, ours, theirs, "calls/s", "without interceptors")
                    chained.stop()
                plain.stop()

        if wanted("list"):
            pg.sql("DROP TABLE bench_post")
            seed_postgres(pg, options.rows)
            for backend in ("PostgreSQL", "SQLite"):
                if backend == "SQLite":
                    seed_sqlite(folder / "list.db", options.rows)
                server = Pillion(folder, pg.uri if backend == "PostgreSQL" else f"sqlite:{folder}/list.db")
                load(server.port, "retrieve", 1, 1, 1, n=100)
                idle = server.memory_kib()
                measure = lambda port: options.rows / load(port, "list", 1, 1, 120, n=1, page_size=0)["elapsed"]
                if backend == "PostgreSQL":
                    columns = SELECT.split("FROM")[0].removeprefix("SELECT ")
                    def copy():
                        start = time.perf_counter()
                        with open(os.devnull, "w") as null:
                            subprocess.run(pg.psql("-c", f"COPY (SELECT {columns} FROM bench_post ORDER BY id) TO STDOUT (FORMAT binary)"),
                                           check=True, stdout=null)
                        return options.rows / (time.perf_counter() - start)
                    peer = Peer("pg", postgres=pg)
                    ours, copied, gone = alternate(rounds, lambda: measure(server.port), copy, lambda: measure(peer.port))
                    report.add("List of all rows, PostgreSQL", 0.3, ours, copied, "rows/s", "psql COPY … (FORMAT binary)")
                    report.add("List of all rows, PostgreSQL", 3.0, ours, gone, "rows/s", "grpc-go + pgx")
                    peer.stop()
                else:
                    ours, = alternate(rounds, lambda: measure(server.port))
                server.reset_peak()
                slow_reader(server.port, 5)
                growth = max(server.memory_kib("VmHWM"), server.memory_kib()) - idle
                report.value(f"List of {options.rows:,} rows, {backend}: memory over idle", 16, [growth / 1024], "MiB")
                server.stop()

        if wanted("idle"):
            models = folder / "models"
            models.mkdir()
            text = (HERE / "models/bench.yaml").read_text().split("  Post:\n")
            body = "".join(f"  Post{i}:\n{text[1]}" for i in range(99))
            (models / "bench.yaml").write_text(text[0] + "  Post:\n" + text[1] + body)
            starts, memory = [], []
            for _ in range(max(rounds, 5)):
                server = Pillion(folder, f"sqlite:{folder}/bench.db", models)
                load(server.port, "retrieve", 1, 1, 5, n=1)
                starts.append((time.perf_counter() - server.start) * 1000)
                time.sleep(1)
                memory.append(server.memory_kib() / 1024)
                server.stop()
            report.value("100 models, idle: resident memory", 40, memory, "MiB")
            report.value("100 models: start to first answer", 150, starts, "ms")

    versions = subprocess.run(["pgbench", "--version"], capture_output=True, text=True).stdout.strip()
    header = f"# Ratios and their bars\n\n{machine()}.\n{versions}; {rounds} alternating rounds of {seconds:g} s, medians."
    report.write(HERE / "report/bars.md", header)
    print(f"\nwritten to {HERE}/report/bars.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
