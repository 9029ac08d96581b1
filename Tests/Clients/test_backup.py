"""What docs/production.md says of copies of a SQLite database: `VACUUM INTO` while calls go on, and the way back."""

import sqlite3
import threading

import pytest

from support.databases import SQLite

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
      pair: { type: int64 }
"""


@pytest.fixture
def project(new_project):
    return new_project("sqlite", notes=MODEL).generate().apply()


def test_a_copy_under_load_is_of_one_moment_and_can_be_restored(project):
    stop, failures, written = threading.Event(), [], []
    with project.serve() as server:
        notes = project.client(server).service("NoteController")
        first = notes.Create(text="x" * 1000, pair=0)
        for _ in range(500):
            notes.Create(text="x" * 1000, pair=0)

        def write():
            # Rows whose numbers follow one another: a copy of several moments would have a gap.
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    written.append(notes.Create(text=str(number), pair=number).id)
                except BaseException as error:
                    failures.append(error)
                    return

        thread = threading.Thread(target=write)
        thread.start()
        copies = []
        for number in range(3):
            copy = project.folder / f"copy-{number}.db"
            before = len(written)
            with sqlite3.connect(project.database.path, timeout=30) as connection:
                connection.execute(f"VACUUM INTO '{copy}'")
            connection.close()
            copies.append((copy, before))
        stop.set()
        thread.join(60)
        assert not failures, failures

    for copy, before in copies:
        assert not copy.with_name(copy.name + "-wal").exists(), "it is whole by itself"
        database = SQLite(copy)
        assert database.query("PRAGMA integrity_check") == [("ok",)]
        pairs = [row[0] for row in database.query("SELECT pair FROM note WHERE pair > 0 ORDER BY id")]
        assert pairs == list(range(1, len(pairs) + 1)), "no gap: one moment"
        assert len(pairs) >= before, "what was answered before the copy began is in it"

    # Back to the first copy, with the server stopped.
    copy, _ = copies[0]
    expected = SQLite(copy).query("SELECT count(*) FROM note")[0][0]
    path = project.database.path
    path.write_bytes(copy.read_bytes())
    for suffix in ["-wal", "-shm"]:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with project.serve() as server:
        notes = project.client(server).service("NoteController")
        assert len(notes.List()) == expected
        assert notes.Retrieve(id=first.id).text == first.text
        assert notes.Create(text="goes on", pair=0).id > expected - 1
