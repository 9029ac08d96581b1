"""Databases that go away, turn read-only, forbid or run full while pillion serves."""

import os
import threading
import time

import grpc
import pytest
from grpc import StatusCode

from support.databases import PostgreSQL, SQLite
from support.errors import Refusal, refused
from support.postgres import Cluster, wait_until
from support.project import Project, Running

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string, unique: true }
"""


@pytest.fixture(scope="module")
def own_cluster():
    """A PostgreSQL that this file may stop."""
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture
def served(own_cluster, binary, tmp_path):
    project = Project(binary, tmp_path, PostgreSQL(own_cluster)).write(notes=MODEL).generate().apply()
    with project.serve() as server:
        yield Running(project, server)


class Writers:
    """Threads that create notes and remember what became of each."""

    def __init__(self, running, count=4):
        self.running = running
        self.answered, self.failed = [], []
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._write, args=(number,)) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def _write(self, number):
        service = self.running.project.client(self.running.server).service("NoteController")
        attempt = 0
        while not self.stopped.is_set():
            text = f"{number}-{attempt}"
            attempt += 1
            try:
                self.answered.append((service.Create(text=text, timeout=20).id, text))
            except grpc.RpcError as error:
                self.failed.append((Refusal(error), text))
                time.sleep(0.01)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a call has neither been answered nor reached its deadline"


def wait_for_service(running):
    """Calls succeed again by themselves; until then they say that the database is not there."""
    service = running.service("NoteController")

    def succeeds():
        try:
            service.List(timeout=5)
            return True
        except grpc.RpcError as error:
            assert error.code() == StatusCode.UNAVAILABLE, error
            return False

    wait_until(succeeds, what="service")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_restart_under_writes(served, own_cluster, mode):
    writers = Writers(served)
    try:
        for _ in range(3):
            wait_until(lambda count=len(writers.answered): len(writers.answered) > count + 20, what="twenty more writes")
            own_cluster.restart(mode)
            wait_for_service(served)
    finally:
        writers.stop()
    rows = dict(served.database.query("SELECT id, text FROM note"))
    for number, text in writers.answered:
        assert rows.get(number) == text, "an acknowledged write is not there"
    for refusal, text in writers.failed:
        assert refusal.code == StatusCode.UNAVAILABLE, str(refusal)
        # Only where the outcome is not known may the row be there.
        if text in rows.values():
            assert refusal.info.reason == "OUTCOME_UNKNOWN", str(refusal)
    assert len(set(rows.values())) == len(rows)


def test_calls_while_it_is_down(served, own_cluster):
    service = served.service("NoteController")
    row = service.Create(text="before")
    own_cluster.stop("fast")
    try:
        for call in (
            lambda: service.Retrieve(id=row.id, timeout=30), lambda: service.Create(text="during", timeout=30), lambda: service.List(timeout=30),
        ):
            with refused(StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE") as refusal:
                call()
            assert refusal.retry is not None
            assert str(own_cluster.port) not in refusal.everything()
    finally:
        own_cluster.start()
    wait_for_service(served)
    assert service.Retrieve(id=row.id).text == "before"
    assert [note.text for note in service.List()] == ["before"]


def test_connections_that_are_cut(served, own_cluster):
    service = served.service("NoteController")
    row = service.Create(text="kept")
    for pid in own_cluster.backends(served.database.name):
        with own_cluster.connect() as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", [pid])
    wait_for_service(served)
    assert service.Retrieve(id=row.id) == row


def test_read_only_database(served):
    service = served.service("NoteController")
    row = service.Create(text="before")
    served.database.query(f"ALTER DATABASE {served.database.name} SET default_transaction_read_only = on")
    for pid in served.database.cluster.backends(served.database.name):
        served.database.query("SELECT pg_terminate_backend(?)", [pid])
    wait_for_service(served)
    with refused(StatusCode.FAILED_PRECONDITION, "READ_ONLY"):
        service.Create(text="after")
    assert service.Retrieve(id=row.id) == row


def test_privileges(served, own_cluster):
    with own_cluster.connect(served.database.name) as connection:
        connection.execute("CREATE ROLE reader LOGIN; GRANT SELECT ON note TO reader")
    try:
        with served.project.serve(url=own_cluster.url(served.database.name, "reader")) as server:
            service = served.project.client(server).service("NoteController")
            assert service.List() == []
            with refused(StatusCode.PERMISSION_DENIED, "PRIVILEGE"):
                service.Create(text="no")
    finally:
        with own_cluster.connect(served.database.name) as connection:
            connection.execute("REVOKE ALL ON note FROM reader; DROP ROLE reader")


@pytest.fixture
def sqlite_project(binary, tmp_path):
    return Project(binary, tmp_path, SQLite(tmp_path / "notes.db")).write(notes=MODEL).generate().apply()


def test_sqlite_write_held_up_by_another_process(sqlite_project):
    """Within the busy timeout a call waits; the lock is then its."""
    with sqlite_project.serve() as server:
        service = sqlite_project.client(server).service("NoteController")
        other = sqlite_project.database.connect()
        other.execute("BEGIN IMMEDIATE")
        call = service.Create.start(text="patient")
        time.sleep(0.3)
        assert not call.done()
        other.execute("COMMIT")
        assert call.result(timeout=30).text == "patient"
        other.close()


def test_sqlite_table_at_its_page_limit(sqlite_project, tmp_path):
    """A full disk, played by a small file system."""
    if os.geteuid() != 0 or os.system(f"mkdir {tmp_path}/small && mount -t tmpfs -o size=1m tmpfs {tmp_path}/small 2>/dev/null") != 0:
        pytest.skip("only root can mount a small file system")
    try:
        project = Project(sqlite_project.binary, tmp_path / "full", SQLite(tmp_path / "small" / "notes.db")).write(notes=MODEL).generate().apply()
        with project.serve() as server:
            service = project.client(server).service("NoteController")
            row = service.Create(text="first")
            with refused(StatusCode.RESOURCE_EXHAUSTED, "EXHAUSTED"):
                for number in range(200):
                    service.Create(text=f"{number} " + "x" * 20_000)
            assert service.Retrieve(id=row.id) == row
        assert project.database.query("PRAGMA integrity_check") == [("ok",)]
    finally:
        os.system(f"umount {tmp_path}/small")


def test_sqlite_file_overwritten_with_rubbish(sqlite_project):
    sqlite_project.database.query(
        "INSERT INTO note (text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        " SELECT printf('%0500d', i) FROM n"
    )
    sqlite_project.database.query("PRAGMA wal_checkpoint(TRUNCATE)")
    with sqlite_project.serve() as server:
        service = sqlite_project.client(server).service("NoteController")
        with open(sqlite_project.database.path, "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(4096 * 4)
            file.write(b"\xa5" * (size - file.tell()))
        with refused(StatusCode.DATA_LOSS, "CORRUPT") as refusal:
            service.List()
        assert "malformed" not in refusal.everything()
        with refused(StatusCode.DATA_LOSS, "CORRUPT"):
            service.Retrieve(id=10_000)


def test_value_error_of_one_client_is_not_anothers(served):
    """Reads and writes in flight together: each gets its own answer."""
    service = served.service("NoteController")
    kept = service.Create(text="kept")
    calls = []
    for number in range(300):
        calls.append((service.Create.start(text="kept" if number % 3 == 0 else f"n{number}"), number))
        calls.append((service.Retrieve.start(id=kept.id), None))
    for call, number in calls:
        if number is None:
            assert call.result() == kept
        elif number % 3 == 0:
            assert call.code() == StatusCode.ALREADY_EXISTS
        else:
            assert call.result().text == f"n{number}"
    assert served.database.query("SELECT count(*) FROM note") == [(201,)]
