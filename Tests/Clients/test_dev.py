"""`serve --dev`: what happens between a save and the next call."""

import os
import pty
import re
import threading
import time

import grpc
import pytest
from grpc import StatusCode

from support.errors import refused
from support.postgres import wait_until
from support.server import Server

MODEL = """package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
MORE = MODEL + "      stars: { type: int32, null: true }\n"
WRONG = MODEL.replace("type: string", "type: strnig")
# The promise is half a second from save to service; the machine of a test may be busy with others.
PROMISE = 0.5


@pytest.fixture
def project(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    project.database.script("ALTER TABLE note ADD COLUMN stars INTEGER")
    return project


def says(server, text, count=1):
    wait_until(lambda: server.output.count(text) >= count, what=f"'{text}' in:\n{server.output}")


def lock_names(project):
    return project.lock.read_text()


def test_a_save_reaches_protos_and_service(project):
    with project.serve("--dev") as server:
        assert "stars" not in project.proto_text()
        begin = time.monotonic()
        project.write(notes=MORE)
        wait_until(lambda: "stars" in project.proto_text() and "stars" in lock_names(project))
        says(server, "definitions reloaded")
        took = time.monotonic() - begin
        print(f"saved to served: {took * 1000:.0f} ms")
        assert took < PROMISE + 5, "the promise is half a second on a machine with nothing else to do"
        created = project.client(server).service("NoteController").Create(json={"text": "a", "stars": {"value": 5}})
        assert created.stars.value == 5
        # What it wrote itself is no reason to reload again.
        time.sleep(0.5)
        assert server.output.count("definitions reloaded") == 1


def test_an_error_is_shown_in_place_and_the_last_good_schema_serves(project):
    with project.serve("--dev") as server:
        protos = project.proto_text()
        project.write(notes=WRONG)
        says(server, "go on being served")
        shown = re.search(r"notes\.yaml:6:21: error: .*string.*\n  6 \|       text: \{ type: strnig \}\n( +)\^\n", server.output)
        assert shown, server.output
        assert len(shown[1]) == len("  6 | ") + 20, "the mark stands below the word"
        assert project.proto_text() == protos
        client = project.client(server)
        assert client.service("NoteController").Create(text="still here").id == 1
        project.write(notes=MORE)
        says(server, "definitions reloaded")
        assert "stars" in project.proto_text()


def test_a_breaking_change_is_shown_and_not_served(project):
    with project.serve("--dev") as server:
        lock = project.lock.read_text()
        project.write(notes=MODEL.replace("text: { type: string }", "text: { type: int32 }"))
        says(server, "go on being served")
        server.logged("--accept-breaking")
        assert project.lock.read_text() == lock
        assert project.client(server).service("NoteController").Create(text="text still").text == "text still"


def test_a_lock_from_elsewhere_counts(project):
    """A checkout of another branch brings its lock with it."""
    with project.serve("--dev") as server:
        project.write(notes=MORE)
        says(server, "definitions reloaded")
        text = project.lock.read_text()
        project.lock.write_text(text.replace("stars", "points") if "points" not in text else text)
        says(server, "definitions reloaded", 2)
        assert "stars" in lock_names(project) and "points" in lock_names(project), "the other's number stays taken"


def test_protos_are_there_from_the_start(new_project):
    project = new_project("sqlite", notes=MODEL).apply()
    with project.serve("--dev") as server:
        assert "service NoteController" in project.proto_text() and project.lock.exists()
        assert project.client(server).service("NoteController").Create(text="x").id == 1


def test_protos_that_cannot_be_written_do_not_stop_it(new_project):
    project = new_project("sqlite", notes=MODEL).apply()
    (project.protos / "notes.proto").mkdir(parents=True)
    with project.serve("--dev") as server:
        server.logged("the protos are not written: ")
        project.write(notes=MORE)
        says(server, "definitions reloaded")


def test_a_column_that_the_database_lacks_is_named(project):
    with project.serve("--dev") as server:
        project.write(notes=MODEL + "      colour: { type: string }\n")
        wait_until(lambda: re.search(r"notes\.yaml:7:\d+: error: .*colour", server.output), what=server.output)
        says(server, "colour: { type: string }")


@pytest.mark.parametrize("variables, coloured", [({}, False), ({"CLICOLOR_FORCE": "1"}, True), ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False)])
def test_a_line_a_call(project, variables, coloured):
    with project.serve("--dev", variables=variables) as server:
        notes = project.client(server).service("NoteController")
        notes.Create(text="x")
        with refused(StatusCode.NOT_FOUND, details=False):
            notes.Retrieve(id=404)
        stub = project.client(server).channel.unary_unary("/a\x1b[31m/b", request_serializer=bytes, response_deserializer=bytes)
        with pytest.raises((grpc.RpcError, ValueError)):
            stub(b"", timeout=10)
        plain = r"\d\d:\d\d:\d\d  OK +\d+\.\d ms  notes\.NoteController/Create  \d+ B → \d+ B\n"
        server.logged("NoteController/Retrieve")
        if coloured:
            assert re.search(r"\x1b\[32mOK +\x1b\[0m", server.output) and re.search(r"\x1b\[33mNOT_FOUND +\x1b\[0m", server.output)
        else:
            assert "\x1b" not in server.output
            assert re.search(plain, server.output) and re.search(r"NOT_FOUND .*NoteController/Retrieve", server.output), server.output


def test_colours_on_a_terminal(project):
    """A terminal is asked for what a pipe is not."""
    ours, theirs = pty.openpty()
    seen = []

    def read():
        try:
            while data := os.read(ours, 4096):
                seen.append(data)
        except OSError:
            pass

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with os.fdopen(theirs, "w") as terminal:
        server = Server(
            ["sh", "-c", f"exec {project.binary} serve --dev --listen 127.0.0.1:0 --database {project.database.url} 2>{os.ttyname(terminal.fileno())}"],
            project.folder, {"TERM": "xterm"})
        with server:
            project.client(server).service("NoteController").Create(text="x")
            wait_until(lambda: b"\x1b[32mOK" in b"".join(seen))


def test_no_call_log_without_it(project):
    with project.serve() as server:
        project.client(server).service("NoteController").Create(text="x")
        assert "NoteController/Create" not in server.output.split("database", 1)[1].split("\n", 3)[3]
