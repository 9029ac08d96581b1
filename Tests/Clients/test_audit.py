"""`audit`: one record for each call that writes, whatever became of it (RELIABILITY G54)."""

import datetime
import json
import os
import signal
import threading
import time

import grpc
import jwt
import pytest
from grpc import StatusCode

from support.admin import Admin
from support.client import TIMEOUT, value
from support.errors import refused
from support.postgres import wait_until
from support.server import DidNotStart

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string, max_length: 100 }
      tag: { type: string, null: true, unique: true }
      made: { type: timestamp, auto_now_add: true }
  Place:
    primary_key: [country, code]
    fields:
      country: { type: string, max_length: 200 }
      code: { type: int32 }
      name: { type: string }
"""
# What a terminal or a line-based reader would take for more than text.
NASTY = 'a"\\\n\r\t\x1b[31mred\x1b[0m\u0085\u2028\u202e\x7f\x00é日'


class Records:
    def __init__(self, path):
        self.path = path

    def lines(self):
        data = self.path.read_bytes() if self.path.exists() else b""
        assert data == b"" or data.endswith(b"\n")
        return data.decode().split("\n")[:-1]

    def all(self):
        return [json.loads(line) for line in self.lines()]

    def behind(self, count, more=1):
        """The records behind the first `count`, when there are as many."""
        wait_until(lambda: len(self.lines()) >= count + more, what="a record")
        records = self.all()[count:]
        assert len(records) == more, records
        return records[0] if more == 1 else records


def serve(project, path, options="", more="", **arguments):
    (project.folder / "pillion.yaml").write_text(
        f"""
admin: {{ listen: "127.0.0.1:0" }}
interceptors:
  - request_id
  - audit: {{ file: "{path}"{options} }}
{more}"""
    )
    return project.serve(**arguments)


@pytest.fixture(scope="module")
def audited(kind, new_project):
    project = new_project(kind, notes=MODEL).generate().apply()
    records = Records(project.folder / "audit.jsonl")
    with serve(project, records.path) as server:
        yield project, server, project.client(server), records


@pytest.fixture
def notes(audited):
    return audited[2].service("NoteController")


@pytest.fixture
def records(audited):
    return audited[3]


@pytest.fixture
def count(records):
    return len(records.lines())


def test_create(notes, records, count):
    before = datetime.datetime.now(datetime.timezone.utc)
    id = notes.Create(text="canary-4711", metadata=[("x-request-id", "abc-1")]).id
    record = records.behind(count)
    at = datetime.datetime.fromisoformat(record.pop("time"))
    assert before - datetime.timedelta(seconds=1) <= at <= before + datetime.timedelta(seconds=60)
    assert record.pop("peer").startswith("127.0.0.1:")
    assert record.pop("sequence") == count + 1
    assert record == {
        "request_id": "abc-1", "principal": None, "method": "notes.NoteController/Create", "action": "Create",
        "model": "notes.Note", "key": {"id": id}, "fields": ["text"], "outcome": "OK",
    }
    assert "canary-4711" not in records.path.read_text()


def test_the_other_actions(notes, records, count):
    id = notes.Create(text="a").id
    notes.Update(id=id, text="b", tag=value("x"))
    notes.PartialUpdate(id=id, tag=value("y"))
    notes.Destroy(id=id)
    found = [(record["action"], record["key"], record["fields"]) for record in records.behind(count, 4)]
    assert found == [
        ("Create", {"id": id}, ["text"]), ("Update", {"id": id}, ["text", "tag"]),
        ("PartialUpdate", {"id": id}, ["tag"]), ("Destroy", {"id": id}, []),
    ]


def test_reads_leave_none(notes, records, count):
    id = notes.Create(text="a").id
    notes.Retrieve(id=id)
    notes.List()
    notes.Destroy(id=id)
    assert [record["action"] for record in records.behind(count, 2)] == ["Create", "Destroy"]


def test_what_fails(notes, records, count):
    notes.Create(text="a", tag=value(f"taken-{count}"))
    for status, call in [
        (StatusCode.INVALID_ARGUMENT, lambda: notes.Create(text="a" * 101)),
        (StatusCode.ALREADY_EXISTS, lambda: notes.Create(text="a", tag=value(f"taken-{count}"))),
        (StatusCode.NOT_FOUND, lambda: notes.Update(id=10**9, text="a")),
        (StatusCode.NOT_FOUND, lambda: notes.Destroy(id=10**9)),
    ]:
        with refused(status):
            call()
    found = [(record["outcome"], record["key"]) for record in records.behind(count, 5)][1:]
    assert found == [
        ("INVALID_ARGUMENT", {}), ("ALREADY_EXISTS", {}), ("NOT_FOUND", {"id": 10**9}), ("NOT_FOUND", {"id": 10**9}),
    ]


def test_what_cannot_be_decoded(audited, records, count):
    method = audited[2].channel.unary_unary(
        "/notes.NoteController/Destroy", request_serializer=bytes, response_deserializer=bytes)
    with refused(StatusCode.INTERNAL, details=False):
        method(b"\xff\xff", timeout=TIMEOUT)
    record = records.behind(count)
    assert (record["outcome"], record["key"], record["fields"]) == ("INTERNAL", {}, [])


def test_injection(audited, records, count):
    """A key and a request id are a client's to choose: a record stays one line of printable text all the same."""
    places = audited[2].service("PlaceController")
    country = NASTY.replace("\x00", "") if audited[0].database.kind == "postgresql" else NASTY
    for call in [lambda: places.Create(country=country, code=-7, name="x"), lambda: places.Destroy(country=country, code=-7)]:
        call()
    found = records.behind(count, 2)
    assert [record["key"] for record in found] == [{"country": country, "code": -7}] * 2
    for line in records.lines()[count:]:
        assert all(character.isprintable() for character in line), line
    assert "é日" in records.lines()[-1]


def test_a_long_key_is_cut(audited, records, count):
    with refused(StatusCode.NOT_FOUND):
        audited[2].service("PlaceController").Destroy(country="a" * 100_000, code=1)
    assert records.behind(count)["key"] == {"country": "a" * 1024, "code": 1}


def test_a_call_that_is_given_up(audited, notes, records, count):
    """The writer is held up by a lock of another connection; the client does not wait for it."""
    project = audited[0]
    id = notes.Create(text="a").id
    connection = project.database.connect()
    try:
        if project.database.kind == "sqlite":
            connection.execute("BEGIN IMMEDIATE")
        else:
            connection.autocommit = False
        connection.execute(f"UPDATE note SET text = 'b' WHERE id = {int(id)}")
        with refused(StatusCode.DEADLINE_EXCEEDED, details=False):
            notes.Update(id=id, text="c", timeout=0.5)
        call = notes.Update.start(id=id, text="d")
        time.sleep(0.2)
        call.cancel()
        found = records.behind(count, 3)
        # At its deadline the client cancels as well: whichever the server sees first.
        assert found[1]["outcome"] in ("DEADLINE_EXCEEDED", "CANCELLED")
        assert found[2]["outcome"] == "CANCELLED"
        assert all(record["key"] == {"id": id} for record in found)
        connection.execute("ROLLBACK") if project.database.kind == "sqlite" else connection.rollback()
    finally:
        connection.close()


def test_many_at_once(audited, notes, records, count):
    """Each call has one record, and the records have one order."""
    project, server = audited[0], audited[1]
    made = []

    def work(number):
        stub = project.client(server).service("NoteController")
        for _ in range(50):
            made.append(stub.Create(text=str(number)).id)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = records.behind(count, 400)
    assert sorted(record["key"]["id"] for record in found) == sorted(made)
    assert [record["sequence"] for record in found] == list(range(count + 1, count + 401))
    metrics = Admin(server).metrics()
    assert metrics.value("pillion_audit_records_total") == count + 400
    assert metrics.value("pillion_audit_failures_total") == 0


def test_what_other_layers_refuse(kind, new_project):
    """Refusals have records too, though `audit` is the last of the layers."""
    project = new_project(kind, notes=MODEL).generate().apply()
    records = Records(project.folder / "audit.jsonl")
    (project.folder / "pillion.yaml").write_text(
        f"interceptors:\n  - read_only: {{ when: true }}\n  - audit: {{ file: \"{records.path}\" }}\n")
    with project.serve() as server:
        stub = project.client(server).service("NoteController")
        stub.List()
        with pytest.raises(grpc.RpcError) as failure:
            stub.Create(text="a")
        record = records.behind(0)
        assert record["outcome"] == failure.value.code().name
        assert (record["action"], record["model"], record["key"]) == ("Create", "notes.Note", {})
    assert project.database.query("SELECT count(*) FROM note")[0][0] == 0


def test_who_it_was(new_project):
    """The principal is in the record, whether the call was let in or not; a token never is."""
    project = new_project("sqlite", notes=MODEL).generate().apply()
    records = Records(project.folder / "audit.jsonl")
    secret = "a secret that is long enough: thirty-two bytes or more"
    (project.folder / "pillion.yaml").write_text(f"""
interceptors:
  - authentication: {{ jwt: {{ secret: "{secret}", issuer: id, audience: pillion }} }}
  - authorization: {{ rules: [{{ allow: "*/Create" }}] }}
  - audit: {{ file: "{records.path}" }}
""")
    claims = {"sub": "amy\n", "iss": "id", "aud": "pillion", "exp": time.time() + 600}
    token = jwt.encode(claims, secret, "HS256")
    metadata = [("authorization", f"Bearer {token}")]
    with project.serve() as server:
        stub = project.client(server).service("NoteController")
        id = stub.Create(text="a", metadata=metadata).id
        with refused(StatusCode.PERMISSION_DENIED, details=False):
            stub.Destroy(id=id, metadata=metadata)
        with refused(StatusCode.UNAUTHENTICATED, details=False):
            stub.Create(text="a")
        found = [(record["principal"], record["action"], record["outcome"]) for record in records.behind(0, 3)]
        assert found == [
            ("amy\n", "Create", "OK"), ("amy\n", "Destroy", "PERMISSION_DENIED"), (None, "Create", "UNAUTHENTICATED"),
        ]
    assert token not in records.path.read_text() and secret not in server.output + records.path.read_text()


def test_killed(new_project):
    """After kill -9 every answered call has its record; of what was never answered there is one at most."""
    project = new_project("postgresql", notes=MODEL).generate().apply()
    records = Records(project.folder / "audit.jsonl")
    for _ in range(3):
        server = serve(project, records.path)
        answered = []

        def work():
            stub = project.client(server).service("NoteController")
            try:
                while True:
                    answered.append(stub.Create(text="a").id)
            except grpc.RpcError:
                pass

        thread = threading.Thread(target=work)
        thread.start()
        wait_until(lambda: len(answered) >= 100)
        server.kill()
        thread.join()
        lines = records.path.read_bytes().split(b"\n")
        # What a kill cut off is a line of its own when the next process goes on.
        whole = [json.loads(line) for line in lines if line.endswith(b"}")]
        assert len([line for line in lines if line and not line.endswith(b"}")]) == 0
        assert set(answered) <= {record["key"]["id"] for record in whole}
        sequence = [record["sequence"] for record in whole]
        assert sequence[-len(answered):] == list(range(sequence[-1] - len(answered) + 1, sequence[-1] + 1))
        for channel in server.channels:
            channel.close()
    stored = {id for (id,) in project.database.query("SELECT id FROM note")}
    recorded = {record["key"]["id"] for record in records.all()}
    assert recorded <= stored and len(stored - recorded) <= 3


def test_a_torn_record_does_not_hide_the_next(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    records = Records(project.folder / "audit.jsonl")
    records.path.write_text('{"time":"2026-')
    with serve(project, records.path) as server:
        project.client(server).service("NoteController").Create(text="a")
        wait_until(lambda: len(records.lines()) == 2)
        assert json.loads(records.lines()[1])["outcome"] == "OK"


def test_rotation(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    records, old = Records(project.folder / "audit.jsonl"), project.folder / "audit.1"
    with serve(project, records.path) as server:
        stub = project.client(server).service("NoteController")
        stub.Create(text="a")
        assert records.path.stat().st_mode & 0o777 == 0o600
        records.path.rename(old)
        # Moved away, it is noticed; with SIGHUP at once.
        time.sleep(0.15)
        stub.Create(text="b")
        assert len(records.all()) == 1 and len(Records(old).all()) == 1
        records.path.rename(old)
        server.process.send_signal(signal.SIGHUP)
        wait_until(records.path.exists)
        stub.Create(text="c")
        assert [record["sequence"] for record in records.all()] == [3]


def full(path):
    """A file that has no room, put in the place of `path` at once."""
    path.with_suffix(".full").symlink_to("/dev/full")
    os.replace(path.with_suffix(".full"), path)


def test_a_full_disk_refuses(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    records = Records(project.folder / "audit.jsonl")
    with serve(project, records.path) as server:
        stub = project.client(server).service("NoteController")
        stub.Create(text="a")
        full(records.path)
        time.sleep(0.15)
        # It finds out that the disk is full, and has been done.
        stub.Create(text="b")
        for _ in range(3):
            with refused(StatusCode.UNAVAILABLE, "AUDIT_UNAVAILABLE"):
                stub.Create(text="c")
        assert len(stub.List()) == 2
        server.logged("the audit cannot be written", "No space left on device")
        assert Admin(server).metrics().value("pillion_audit_failures_total") == 4
        records.path.unlink()
        time.sleep(0.15)
        with refused(StatusCode.UNAVAILABLE):
            stub.Create(text="d")
        stub.Create(text="e")
        assert [record["outcome"] for record in records.all()] == ["UNAVAILABLE", "OK"]
        server.logged("the audit can be written again")


def test_a_full_disk_is_ignored(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with serve(project, "/dev/full", ", on_error: ignore") as server:
        stub = project.client(server).service("NoteController")
        for _ in range(3):
            stub.Create(text="a")
        assert len(stub.List()) == 3
        server.logged("the audit cannot be written")
        assert server.output.count("the audit cannot be written") == 1


@pytest.mark.parametrize(
    "options, message",
    [
        ("", "file"), ("file: /nowhere/audit.jsonl", "No such file or directory"),
        ("file: audit.jsonl, on_error: perhaps", "on_error"), ("file: audit.jsonl, fiel: x", "fiel"),
    ],
)
def test_wrong_options(new_project, options, message):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    (project.folder / "pillion.yaml").write_text(f"interceptors:\n  - audit: {{ {options} }}\n")
    with pytest.raises(DidNotStart) as failure:
        project.serve()
    assert failure.value.code == 78
    assert message in failure.value.output
