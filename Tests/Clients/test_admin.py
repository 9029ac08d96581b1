"""The admin port: health over HTTP, and what it refuses."""

import http.client
import socket

import pytest

from support.admin import Admin
from support.databases import PostgreSQL
from support.postgres import Cluster, wait_until
from support.project import Project
from support.server import DidNotStart

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
ADMIN = {"PILLION_ADMIN_LISTEN": "127.0.0.1:0"}


@pytest.fixture(scope="module")
def server(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with project.serve(variables=ADMIN | {"PILLION_LIST_PAGE_TOKEN_KEY": "canary-of-the-key"}) as server:
        yield server


@pytest.fixture
def admin(server):
    return Admin(server)


def test_there_is_none_unless_it_is_asked_for(new_project):
    with new_project("sqlite", notes=MODEL).generate().apply().serve() as server:
        assert "admin" not in server.output
        assert len(server.listeners) == 1


def test_pages(admin):
    for path, text in [("/live", '{"status":"live"}\n'), ("/ready", '{"status":"ready"}\n')]:
        status, headers, body = admin.request(path)
        assert (status, headers["content-type"], body) == (200, "application/json", text)
    assert admin.status("/ready?verbose=1") == 200
    status, headers, body = admin.request("/config")
    assert status == 200
    assert "server.listen: [\"127.0.0.1:0\"]" in body or "server.listen: 127.0.0.1:0" in body
    assert "list.page_token_key: \"***\"" in body and "canary-of-the-key" not in body


def test_head_and_keep_alive(admin):
    connection = http.client.HTTPConnection("127.0.0.1", admin.port, timeout=30)
    try:
        for method, length in [("HEAD", 0), ("GET", 18), ("HEAD", 0), ("GET", 18)]:
            connection.request(method, "/live")
            answer = connection.getresponse()
            assert answer.headers["content-length"] == "18"
            assert len(answer.read()) == length
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/", "/live/", "//live", "/LIVE", "/..", "/%6cive", "/metrics/x", "/debug/pprof"])
def test_unknown_paths(admin, path):
    assert admin.status(path) == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods(admin, method):
    status, headers, _ = admin.request("/live", method=method)
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def exchange(port, sent):
    """What comes back on one connection until it is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
        received = b""
        try:
            peer.sendall(sent)
            while part := peer.recv(65536):
                received += part
        except (ConnectionResetError, BrokenPipeError):
            pass
        return received


@pytest.mark.parametrize(
    "sent",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /live HTTP/1.1\r\nhost: x\r\nbig: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET /live HTTP/1.1\r\nhost: x\r\n" + b"".join(b"f%d: %s\r\n" % (n, b"a" * 200) for n in range(90)) + b"\r\n",
        b"GET /live HTTP/1.1\r\n" + b"".join(b"f%d: a\r\n" % n for n in range(200)) + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
    ids=["http2", "nonsense", "field", "list", "fields", "path"],
)
def test_what_is_no_request_is_400_and_closed(admin, sent):
    answer = exchange(admin.port, sent)
    assert answer.startswith(b"HTTP/1.1 400 ") or answer == b""
    assert b"live" not in answer
    assert admin.status("/live") == 200


def test_a_body_is_not_taken(admin):
    head = b"GET /live HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n"
    assert exchange(admin.port, head + b"a" * 100_000) == b""


def test_connections_at_once(admin):
    peers = [socket.create_connection(("127.0.0.1", admin.port), timeout=30) for _ in range(64)]
    try:
        # Each has its place: it is answered.
        for peer in peers:
            peer.sendall(b"GET /live HTTP/1.1\r\nhost: x\r\n\r\n")
            assert peer.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert exchange(admin.port, b"GET /live HTTP/1.1\r\nhost: x\r\n\r\n") == b""
    finally:
        for peer in peers:
            peer.close()

    def answers():
        try:
            return admin.status("/live") == 200
        except (ConnectionError, http.client.HTTPException):
            return False

    wait_until(answers)


def test_not_ready_while_the_database_is_away(binary, tmp_path):
    cluster = Cluster()
    try:
        project = Project(binary, tmp_path, PostgreSQL(cluster)).write(notes=MODEL).generate().apply()
        with project.serve(variables=ADMIN) as server:
            admin = Admin(server)
            assert admin.status("/ready") == 200
            assert admin.metrics().value("pillion_database_up") == 1
            cluster.stop()
            wait_until(lambda: admin.status("/ready") == 503)
            assert "the database does not answer" in admin.request("/ready")[2]
            assert admin.status("/live") == 200
            metrics = admin.metrics()
            assert metrics.value("pillion_database_up") == metrics.value("pillion_ready") == 0
            cluster.start()
            wait_until(lambda: admin.status("/ready") == 200)
    finally:
        cluster.remove()


def test_not_ready_without_a_table(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with project.serve(variables=ADMIN) as server:
        admin = Admin(server)
        assert admin.status("/ready") == 200
        project.database.script("ALTER TABLE note RENAME TO gone")
        wait_until(lambda: admin.status("/ready") == 503)
        assert "a table or column of notes.NoteController is gone" in admin.request("/ready")[2]
        project.database.script("ALTER TABLE gone RENAME TO note")
        wait_until(lambda: admin.status("/ready") == 200)


def test_it_is_there_until_the_end(new_project):
    """A client that holds on to a call keeps the server in its grace; until that is over /ready says so."""
    project = new_project("postgresql", notes=MODEL).generate().apply()
    project.database.query("INSERT INTO note (text) SELECT repeat('a', 1000) FROM generate_series(1, 20000)")
    server = project.serve(variables=ADMIN | {"PILLION_SERVER_SHUTDOWN_GRACE": "20s"})
    try:
        admin = Admin(server)
        rows = project.client(server).service("NoteController").List.start()
        next(rows)
        server.terminate()
        wait_until(lambda: admin.status("/ready") == 503)
        assert "the server is shutting down" in admin.request("/ready")[2]
        assert admin.status("/live") == 200
        assert admin.metrics().value("pillion_ready") == 0
        assert sum(1 for _ in rows) == 19999
        assert server.wait() == 0
        with pytest.raises(OSError):
            admin.status("/live")
    finally:
        server.kill()


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1", "unix:/tmp/admin.sock", "plaintext://127.0.0.1:0"])
def test_addresses_that_are_none(new_project, address):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with pytest.raises(DidNotStart) as failure:
        project.serve(variables={"PILLION_ADMIN_LISTEN": address})
    assert failure.value.code == 78
    assert "environment PILLION_ADMIN_LISTEN" in failure.value.output
    assert "'admin.listen' expected an address as host:port" in failure.value.output


def test_an_address_that_is_taken(new_project, admin):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with pytest.raises(DidNotStart) as failure:
        project.serve(variables={"PILLION_ADMIN_LISTEN": f"127.0.0.1:{admin.port}"})
    assert failure.value.code == 78
    assert f"cannot listen on 127.0.0.1:{admin.port}: Address already in use" in failure.value.output
