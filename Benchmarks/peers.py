"""Servers that are measured beside each other: how each is started, and the check that all of them give the answers that are stored."""
import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import run
from sizing import processor_seconds

OURS = "Pillion"
ROWS = 100_000
WIDE_ROWS, HEAVY_ROWS, TAGS = 10_000, 1_000, 1_000
HEAVY_BYTES = 100_000
WIDE = [f"t{i:02d}" for i in range(1, 21)] + [f"n{i:02d}" for i in range(1, 21)] + [f"d{i:02d}" for i in range(1, 11)] + [f"b{i:02d}" for i in range(1, 10)]
POST = "id title content views rating published created".split()
PYTHON = {name: run.BUILD / f"venv-{name}/bin/python" for name in ("aio", "ancestor", "socio")}


# The tables.

def wide_model():
    types = {"t": "string", "n": "int64", "d": "double", "b": "bool"}
    columns = "".join(f"      {name}: {{ type: {types[name[0]]} }}\n" for name in WIDE)
    return f"  Wide:\n    table: bench_wide\n    fields:\n      id: {{ type: int64, primary_key: true }}\n{columns}    ordering: [id]\n"


def write_models(folder):
    """Pillion's definitions of all that the peers' proto has."""
    folder.mkdir()
    post = (run.HERE / "models/bench.yaml").read_text()
    fields = post.split("    fields:\n")[1].split("    ordering")[0]
    text = post + f"""
  TaggedPost:
    table: bench_post
    fields:
{fields}      tags: {{ type: many_to_many, model: Tag, through: bench_post_tags, source: post_id, target: tag_id }}
    ordering: [id]
    service: {{ name: TaggedController, null_style: wrapper, actions: [List] }}
  Tag:
    table: bench_tag
    fields:
      id: {{ type: int64, primary_key: true }}
      name: {{ type: string }}
  Heavy:
    table: bench_heavy
    fields:
{fields}    ordering: [id]
    service: {{ null_style: wrapper, actions: [Retrieve] }}
""" + wide_model()
    (folder / "bench.yaml").write_text(text)
    return folder


# Each post has the tags i, i + 7 and i + 14, modulo their number, and every tenth none.
def fill_postgres(pg):
    run.seed_postgres(pg, ROWS)
    integer = lambda i, n: f"(i * {n * 7919}) % 1000000"
    wide = ", ".join(f"'text ' || {integer('i', k)}" for k in range(1, 21)) + ", " + ", ".join(integer("i", k) for k in range(1, 21)) + ", " \
        + ", ".join(f"{integer('i', k)} / 100.0" for k in range(1, 11)) + ", " + ", ".join(f"{integer('i', k)} % 3 = 0" for k in range(1, 10))
    types = {"t": "text", "n": "bigint", "d": "double precision", "b": "boolean"}
    columns = ", ".join(f"{name} {types[name[0]]} NOT NULL" for name in WIDE)
    for statement in f"""
        CREATE TABLE bench_tag (id bigint PRIMARY KEY, name text NOT NULL);
        INSERT INTO bench_tag SELECT i, 'tag ' || i FROM generate_series(1, {TAGS}) i;
        CREATE TABLE bench_post_tags (post_id bigint REFERENCES bench_post, tag_id bigint REFERENCES bench_tag, PRIMARY KEY (post_id, tag_id));
        INSERT INTO bench_post_tags SELECT p, 1 + (p + 7 * k) % {TAGS} FROM generate_series(1, {ROWS}) p, generate_series(0, 2) k WHERE p % 10 <> 0;
        CREATE TABLE bench_wide (id bigint PRIMARY KEY, {columns});
        INSERT INTO bench_wide SELECT i, {wide} FROM generate_series(1::bigint, {WIDE_ROWS}) i;
        CREATE TABLE bench_heavy (LIKE bench_post INCLUDING ALL);
        ALTER TABLE bench_heavy ALTER content SET STORAGE EXTERNAL;
        INSERT INTO bench_heavy OVERRIDING SYSTEM VALUE SELECT id, title, rpad(content, {HEAVY_BYTES}, content), views, rating, published, created FROM bench_post WHERE id <= {HEAVY_ROWS};
        """.split(";\n"):
        if statement.strip():
            pg.sql(statement)
    pg.sql("VACUUM (FREEZE, ANALYZE)")


def fill_sqlite(path):
    run.seed_sqlite(path, ROWS)
    types = {"t": "TEXT", "n": "INTEGER", "d": "REAL", "b": "INTEGER"}
    columns = ", ".join(f"{name} {types[name[0]]} NOT NULL" for name in WIDE)
    part = lambda i, k: i * k * 7919 % 1_000_000
    wide = ((i, *(f"text {part(i, k)}" for k in range(1, 21)), *(part(i, k) for k in range(1, 21)), *(part(i, k) / 100 for k in range(1, 11)),
             *(part(i, k) % 3 == 0 for k in range(1, 10))) for i in range(1, WIDE_ROWS + 1))
    db = sqlite3.connect(path)
    db.executescript(f"""
        CREATE TABLE bench_tag (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
        CREATE TABLE bench_post_tags (post_id INTEGER REFERENCES bench_post, tag_id INTEGER REFERENCES bench_tag, PRIMARY KEY (post_id, tag_id)) WITHOUT ROWID;
        CREATE TABLE bench_wide (id INTEGER PRIMARY KEY, {columns});
        CREATE TABLE bench_heavy (id INTEGER PRIMARY KEY, title TEXT NOT NULL, content TEXT NOT NULL, views INTEGER NOT NULL, rating REAL,
          published INTEGER NOT NULL, created TEXT NOT NULL);
    """)
    db.executemany("INSERT INTO bench_tag VALUES (?, ?)", ((i, f"tag {i}") for i in range(1, TAGS + 1)))
    db.executemany("INSERT INTO bench_post_tags VALUES (?, ?)",
                   ((p, 1 + (p + 7 * k) % TAGS) for p in range(1, ROWS + 1) if p % 10 for k in range(3)))
    db.executemany(f"INSERT INTO bench_wide VALUES ({', '.join('?' * 60)})", wide)
    db.create_function("longer", 1, lambda text: (text * (HEAVY_BYTES // len(text) + 1))[:HEAVY_BYTES])
    db.execute("INSERT INTO bench_heavy SELECT id, title, longer(content), views, rating, published, created FROM bench_post WHERE id <= ?", (HEAVY_ROWS,))
    db.execute("ANALYZE")
    db.commit()
    db.close()


def grow(stored, rows):
    """Copies posts until there are at least as many as asked for."""
    columns = ", ".join(POST[1:])
    copies = -(-rows // ROWS) - 1
    text = f"INSERT INTO bench_post ({columns}) SELECT {columns} FROM bench_post CROSS JOIN "
    if stored.pg:
        stored.pg.sql(text + f"generate_series(1, {copies}) WHERE id <= {ROWS}")
        stored.pg.sql("VACUUM (FREEZE, ANALYZE) bench_post")
    else:
        numbers = " UNION ALL ".join(["SELECT 1"] * copies)
        with contextlib.closing(sqlite3.connect(stored.path)) as db:
            if copies:
                db.execute(text + f"({numbers}) WHERE id <= {ROWS}")
            db.commit()


# The servers.

class Process:
    """A server that is told its port."""

    def __init__(self, folder, *command, environment=(), port=None):
        self.port = port or run.free_port()
        self.log = open(folder / "peer.log", "a")
        self.process = subprocess.Popen([str(x).replace("PORT", str(self.port)) for x in command], env=dict(os.environ, **dict(environment)),
                                        cwd=folder, stdout=self.log, stderr=self.log, process_group=0)
        run.end_with_this(self.process)
        for _ in range(15_000):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.001)
        sys.exit(f"{command[0]} did not start:\n{(folder / 'peer.log').read_text()[-2000:]}")

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def processes(pid):
    """Ids of a process and of those that it has started."""
    found = [pid]
    for pid in found:
        # Any of them may end meanwhile.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def processor_times(pid):
    """Seconds of CPU, by id, of a process and of those that it has started."""
    times = {}
    for one in processes(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            times[one] = processor_seconds(one)
    return times


def memory_mib(server):
    """Resident memory of all of a server's processes; what they share is counted for each."""
    texts = [pathlib.Path(f"/proc/{pid}/status").read_text() for pid in processes(server.process.pid)]
    return sum(int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) for text in texts) / 1024


def load(server, *arguments, pg=None, **more):
    """What the generator says of a server, with the seconds of the server's CPU for 10,000 calls as `cpu`, and of PostgreSQL's as
    `database_cpu`."""
    pids = {"cpu": server.process.pid, **({"database_cpu": pg.pid} if pg else {})}
    before = {key: processor_times(pid) for key, pid in pids.items()}
    result = run.load(server.port, *arguments, **more)
    for key, pid in pids.items():
        used = sum(seconds - before[key].get(one, 0) for one, seconds in processor_times(pid).items())
        result[key] = used / result["reqs"] * 10_000
    return result


@dataclasses.dataclass
class Peer:
    """What can be measured on one database. `start` gives a server with `port`, `process` and `stop`."""
    name: str
    start: object
    # Calls at once that it can answer in a round's time: "few" for frameworks, "some", or "many".
    pace: str = "many"
    # All of the proto's services, or that of posts alone.
    all_services: bool = True
    # The cluster that it is before, if it is PostgreSQL.
    pg: object = None

    def __post_init__(self):
        self.server = None
        self.ours = self.name.startswith(OURS)

    def call(self, operation, shape, seconds, some=False, **more):
        """`load`, with what differs between the protos; `some`: rows from a key on that are published."""
        if operation == "list":
            more["page_size_field"] = 3 if self.ours else 1
            if some and self.ours:
                more["filter"] = "id >= {} AND published = true"
            elif some:
                more["some"] = 1
        return load(self.server, operation, *shape, seconds, pg=self.pg, **{"hi": ROWS, **more})

    def first_answer(self):
        """Starts the server; milliseconds until its first answer."""
        begin = time.perf_counter()
        self.server = self.start()
        run.load(self.server.port, "retrieve", 1, 1, 5, n=1)
        return (time.perf_counter() - begin) * 1000


def django(folder, name, command, database, where):
    environment = {"PYTHONPATH": f"{run.BUILD}/python-{name}", "PYTHONDONTWRITEBYTECODE": "1", "BENCH_DATABASE": database, **where}
    here = run.HERE / "peers" / name
    return Process(folder, PYTHON[name], here / "manage.py", command, "127.0.0.1:PORT", "--max-workers", "8", environment=environment)


def on_postgres(folder, pg, models):
    """Those that can be had here, and lines about the others."""
    dsn = {"BENCH_PG": f"host=127.0.0.1 port={pg.port} user=bench dbname=bench", "BENCH_URI": pg.uri}
    where = {"BENCH_NAME": "bench", "BENCH_PORT": str(pg.port)}
    all_of_them = [
        (run.PILLION, Peer(OURS, lambda: run.Pillion(folder, pg.uri, models))),
        (run.BUILD / "cpp-peer", Peer("C++ gRPC + libpq", lambda: Process(folder, run.BUILD / "cpp-peer", "PORT", environment=dsn))),
        (run.BUILD / "go-peer", Peer("grpc-go + pgx", lambda: Process(folder, run.BUILD / "go-peer", "pg", "PORT", environment=dsn))),
        (PYTHON["aio"], Peer("grpc.aio + asyncpg", lambda: Process(folder, PYTHON["aio"], run.HERE / "peers/aio/server.py", "PORT", environment={
            "PYTHONPATH": f"{run.BUILD}/python-aio", **dsn}), "some")),
        (PYTHON["ancestor"], Peer("django-grpc-framework", lambda: django(folder, "ancestor", "grpcrunserver", "postgresql", where), "few", False)),
        (PYTHON["socio"], Peer("django-socio-grpc", lambda: django(folder, "socio", "grpcrunaioserver", "postgresql", where), "few", False)),
    ]
    for _, peer in all_of_them:
        peer.pg = pg
    return [peer for needs, peer in all_of_them if needs.exists()], [f"{peer.name}: there is no {needs.name}" for needs, peer in all_of_them if not needs.exists()]


def on_sqlite(folder, path, models):
    where = {"BENCH_NAME": str(path)}
    all_of_them = [
        (run.PILLION, Peer(OURS, lambda: run.Pillion(folder, f"sqlite:{path}", models))),
        (PYTHON["ancestor"], Peer("django-grpc-framework", lambda: django(folder, "ancestor", "grpcrunserver", "sqlite3", where), "few", False)),
        (PYTHON["socio"], Peer("django-socio-grpc", lambda: django(folder, "socio", "grpcrunaioserver", "sqlite3", where), "few", False)),
    ]
    return [peer for needs, peer in all_of_them if needs.exists()], [f"{peer.name}: there is no {needs.name}" for needs, peer in all_of_them if not needs.exists()]


# What is stored, and what they answer.

class Stored:
    """Rows as the database itself gives them: dictionaries with `created` in microseconds."""

    def __init__(self, pg=None, path=None):
        self.pg, self.path = pg, path

    def rows(self, table, columns, rest, tags=False):
        text = f"SELECT {', '.join(columns)} FROM {table} {rest}"
        if self.pg:
            if tags:
                text = text.replace(" FROM", ", ARRAY(SELECT tag_id FROM bench_post_tags WHERE post_id = id ORDER BY 1) AS tags FROM", 1)
            lines = self.pg.sql(f"SET timezone = 'UTC'; SELECT row_to_json(r) FROM ({text}) r").splitlines()
            rows = [json.loads(line) for line in lines]
        else:
            with contextlib.closing(sqlite3.connect(self.path)) as db:
                rows = [dict(zip(columns, row)) for row in db.execute(text)]
                for row in rows if tags else ():
                    row["tags"] = [tag for tag, in db.execute("SELECT tag_id FROM bench_post_tags WHERE post_id = ? ORDER BY 1", (row["id"],))]
        for row in rows:
            if "created" in row:
                time = datetime.datetime.fromisoformat(row["created"].replace("Z", "+00:00"))
                epoch = datetime.datetime(1970, 1, 1, tzinfo=time.tzinfo and datetime.timezone.utc)
                row["created"] = (time - epoch) // datetime.timedelta(microseconds=1)
        return rows


def as_row(message):
    row = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.name == "created":
            value = value.seconds * 1_000_000 + value.nanos // 1000
        elif field.name == "rating":
            value = value.value if message.HasField("rating") else None
        elif field.name == "tags":
            value = list(value)
        row[field.name] = value
    return row


def check_answers(peer, stored):
    """Calls everything that will be measured once, and compares each value with what the database holds."""
    import grpc

    sys.path.insert(0, str(run.BUILD / "python-check"))
    import bench_pb2 as pb
    import bench_pb2_grpc as rpc

    def same(what, answered, held):
        # SQLite has no booleans of its own.
        if [as_row(m) for m in answered] != held:
            one, other = next(((a, b) for a, b in zip([as_row(m) for m in answered], held) if a != b), (len(answered), len(held)))
            sys.exit(f"{peer.name}: {what} answers {one}, and the database holds {other}")

    def list_request(size, first=0):
        if not peer.ours:
            return pb.PostListRequest(page_size=size, id_from=first, published_only=bool(first)).SerializeToString()
        text = f"id >= {first} AND published = true".encode() if first else b""
        return (b"\x0a" + bytes([len(text)]) + text if text else b"") + b"\x18" + bytes([size])

    with grpc.insecure_channel(f"127.0.0.1:{peer.server.port}") as channel:
        stub = rpc.PostControllerStub(channel)
        stream = lambda service, kind: channel.unary_stream(f"/bench.{service}/List", request_serializer=bytes, response_deserializer=kind.FromString)
        for id in (1, 10, 4711, ROWS):
            same("Retrieve", [stub.Retrieve(pb.PostRetrieveRequest(id=id))], stored.rows("bench_post", POST, f"WHERE id = {id}"))
        try:
            stub.Retrieve(pb.PostRetrieveRequest(id=1 << 40))
            sys.exit(f"{peer.name}: Retrieve of no row does not fail")
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.NOT_FOUND:
                sys.exit(f"{peer.name}: Retrieve of no row is {error.code()}")
        new = pb.Post(title="Ein Café", content="two\nlines", views=7, published=True)
        new.rating.value = 2.5
        new.created.FromJsonString("2024-02-29T12:34:56.789012Z")
        created = stub.Create(new)
        same("Create", [created], stored.rows("bench_post", POST, f"WHERE id = {created.id}"))
        if created.title != new.title or created.created != new.created:
            sys.exit(f"{peer.name}: Create stored something else: {created}")
        change = pb.PostPartialUpdateRequest(id=created.id, _partial_update_fields=["title", "views"])
        change.title.value, change.views.value = "Changed", 8
        changed = stub.PartialUpdate(change)
        same("PartialUpdate", [changed], stored.rows("bench_post", POST, f"WHERE id = {created.id}"))
        if (changed.title, changed.content, changed.views) != ("Changed", new.content, 8):
            sys.exit(f"{peer.name}: PartialUpdate stored something else: {changed}")
        same("List", list(stream("PostController", pb.Post)(list_request(100))), stored.rows("bench_post", POST, "ORDER BY id LIMIT 100"))
        same("List with a filter", list(stream("PostController", pb.Post)(list_request(20, 4711))),
             stored.rows("bench_post", POST, "WHERE id >= 4711 AND published ORDER BY id LIMIT 20"))
        if peer.all_services:
            same("Retrieve of a heavy row", [rpc.HeavyControllerStub(channel).Retrieve(pb.PostRetrieveRequest(id=7))],
                 stored.rows("bench_heavy", POST, "WHERE id = 7"))
            same("Retrieve of a wide row", [rpc.WideControllerStub(channel).Retrieve(pb.PostRetrieveRequest(id=7))],
                 stored.rows("bench_wide", ["id", *WIDE], "WHERE id = 7"))
            same("List of wide rows", list(stream("WideController", pb.Wide)(list_request(100))),
                 stored.rows("bench_wide", ["id", *WIDE], "ORDER BY id LIMIT 100"))
            same("List of tagged posts", list(stream("TaggedController", pb.TaggedPost)(list_request(100))),
                 stored.rows("bench_post", POST, "ORDER BY id LIMIT 100", tags=True))


def main():
    """Starts every server and checks its answers, without measuring anything."""
    import tempfile

    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        os.chmod(name, 0o755)
        folder = pathlib.Path(name)
        models = write_models(folder / "models")
        pg = run.PostgreSQL(folder / "pg")
        stack.callback(pg.stop)
        fill_postgres(pg)
        fill_sqlite(folder / "bench.db")
        for stored, (found, missing) in ((Stored(pg), on_postgres(folder, pg, models)),
                                         (Stored(path=folder / "bench.db"), on_sqlite(folder, folder / "bench.db", models))):
            for line in missing:
                print(f"left out: {line}")
            for peer in found:
                began = peer.first_answer()
                check_answers(peer, stored)
                peer.server.stop()
                print(f"{peer.name} on {'PostgreSQL' if stored.pg else 'SQLite'}: every answer is what is stored; first after {began:,.0f} ms", flush=True)


if __name__ == "__main__":
    main()
