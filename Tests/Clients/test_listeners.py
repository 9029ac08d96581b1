"""Several listeners, and Unix domain sockets."""

import os
import socket
import stat

import grpc
import hpack
import pytest
from hyperframe import frame

from support.client import TIMEOUT
from support.postgres import wait_until
from support.server import DidNotStart

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
LOOPBACK = "127.0.0.1:0"


@pytest.fixture
def project(new_project):
    return new_project("sqlite", notes=MODEL).generate().apply()


def note(project, server, target):
    """Creates a note and reads it, through one listener."""
    notes = project.client(server, target=target).service("NoteController")
    created = notes.Create(text=target)
    assert notes.Retrieve(id=created.id).text == target
    return created.id


def refuses(path):
    with socket.socket(socket.AF_UNIX) as client:
        with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
            client.connect(str(path))


def test_ports_and_sockets_serve_the_same(project):
    path = project.folder / "absolute.sock"
    with project.serve(listen=[LOOPBACK, "[::1]:0", f"unix:{path}", "unix:relative.sock", "plaintext://" + LOOPBACK]) as server:
        first, second, absolute, relative, third = server.listeners
        assert (absolute, relative) == (f"unix:{path}", "unix:relative.sock")
        targets = [
            f"127.0.0.1:{first}", f"[::1]:{second}", f"unix:{path}", f"unix://{path}",
            f"unix:{project.folder / 'relative.sock'}", f"127.0.0.1:{third}",
        ]
        ids = [note(project, server, target) for target in targets]
        everything = project.client(server, target=f"unix:{path}").service("NoteController").List()
        assert [row.id for row in everything] == ids
    assert not list(project.folder.glob("*.sock"))


def test_only_a_unix_socket_in_the_file(project):
    path = project.folder / "pillion.sock"
    (project.folder / "pillion.yaml").write_text(f"server: {{ listen: 'unix:{path}' }}\n")
    with project.serve(listen=[]) as server:
        assert server.listeners == [f"unix:{path}"]
        note(project, server, f"unix:{path}")


@pytest.mark.parametrize(("setting", "expected"), [(None, 0o660), ("0600", 0o600), ("666", 0o666)])
@pytest.mark.parametrize("mask", [0o077, 0])
def test_permissions(project, setting, expected, mask):
    path = project.folder / "pillion.sock"
    before = os.umask(mask)
    try:
        server = project.serve(
            listen=[f"unix:{path}"], variables={"PILLION_SERVER_SOCKET_PERMISSIONS": setting} if setting else None)
    finally:
        os.umask(before)
    with server:
        mode = path.stat().st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == expected


def test_the_socket_of_a_crash_is_replaced(project):
    path = project.folder / "pillion.sock"
    server = project.serve(listen=[f"unix:{path}"])
    server.kill()
    assert path.exists()
    with project.serve(listen=[f"unix:{path}"]) as server:
        note(project, server, f"unix:{path}")
    assert not path.exists()


def test_a_live_socket_is_left_alone(project):
    path = project.folder / "pillion.sock"
    with project.serve(listen=[f"unix:{path}"]) as server:
        with pytest.raises(DidNotStart) as error:
            project.serve(listen=[f"unix:{path}"])
        assert error.value.code == 78
        assert f"cannot listen on unix:{path}: another server answers on it" in error.value.output
        note(project, server, f"unix:{path}")


def test_a_file_that_is_no_socket_is_left_alone(project):
    path = project.folder / "pillion.sock"
    path.write_text("mine")
    with pytest.raises(DidNotStart) as error:
        project.serve(listen=[f"unix:{path}"])
    assert error.value.code == 78 and "the file is not a socket" in error.value.output
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("path", "reason"), [("nowhere/pillion.sock", "No such file or directory"), ("a" * 108, "longer than the 107 bytes")])
def test_paths_that_cannot_be(project, path, reason):
    with pytest.raises(DidNotStart) as error:
        project.serve(listen=[f"unix:{path}"])
    assert error.value.code == 78 and reason in error.value.output


def test_the_longest_path(project):
    with project.serve(listen=["unix:" + "a" * 107]):
        assert stat.S_ISSOCK((project.folder / ("a" * 107)).stat().st_mode)


def test_a_socket_that_another_server_put_in_its_place_stays(project):
    path = project.folder / "pillion.sock"
    with project.serve(listen=[f"unix:{path}"]):
        path.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
    assert path.exists()


def test_one_address_that_is_taken_stops_all(project):
    path = project.folder / "pillion.sock"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DidNotStart) as error:
            project.serve(listen=[f"unix:{path}", address])
    assert error.value.code == 78 and f"cannot listen on {address}: Address already in use" in error.value.output
    assert not path.exists()


def test_shutdown_closes_the_socket_first_and_lets_calls_finish(project):
    path = project.folder / "pillion.sock"
    count = 20_000
    project.database.script("".join(f"INSERT INTO note (text) VALUES ('{'x' * 100}');" for _ in range(count)))
    server = project.serve(listen=[f"unix:{path}"])
    try:
        notes = project.client(server, target=f"unix:{path}").service("NoteController")
        rows = notes.List.start()
        next(rows)
        server.terminate()
        wait_until(lambda: not path.exists())
        refuses(path)
        assert sum(1 for _ in rows) == count - 1
        assert server.wait() == 0
    finally:
        server.kill()


def test_deadline_and_errors_over_a_unix_socket(project):
    path = project.folder / "pillion.sock"
    with project.serve(listen=[f"unix:{path}"]) as server:
        notes = project.client(server, target=f"unix:{path}").service("NoteController")
        with pytest.raises(grpc.RpcError) as error:
            notes.Retrieve(id=404, timeout=TIMEOUT)
        assert error.value.code() == grpc.StatusCode.NOT_FOUND


def statuses(path, *heads):
    """A connection of its own through the socket; for each list of fields the `grpc-status`, or the name of the reset."""
    encoder, decoder, found = hpack.Encoder(), hpack.Decoder(), []
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(path))
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame.SettingsFrame(0).serialize())
        for number, head in enumerate(heads):
            request = frame.HeadersFrame(2 * number + 1, encoder.encode(head, huffman=False), flags=["END_HEADERS", "END_STREAM"])
            client.sendall(request.serialize())
            while len(found) == number:
                received, length = frame.Frame.parse_frame_header(memoryview(read(client, 9)))
                received.parse_body(memoryview(read(client, length)))
                if isinstance(received, frame.HeadersFrame):
                    found.append(dict(decoder.decode(received.data)).get("grpc-status"))
                elif isinstance(received, frame.RstStreamFrame):
                    found.append("reset")
    return found


def read(client, count):
    data = b""
    while len(data) < count:
        assert (part := client.recv(count - len(data))), "closed"
        data += part
    return data


def test_what_clients_call_a_socket(project):
    """grpc-go with a dialer of one's own sends the path as `:authority`, which is none by the standard."""
    path = project.folder / "pillion.sock"
    common = [(":method", "POST"), (":scheme", "http"), (":path", "/no.Such/Method"), ("content-type", "application/grpc")]
    with project.serve(listen=[f"unix:{path}"]) as server:
        names = ["/run/some.sock", "localhost", "%2Frun%2Fsome.sock"]
        assert statuses(path, *[[(":authority", name), *common] for name in names], common) == ["12"] * 4
        # The rest of a request is as strict as elsewhere.
        bad = [("x-Upper", "1"), ("x-break", "a\r\nb"), ("x-nul", "a\0b"), ("", "1"), (":", "1")]
        assert statuses(path, *[[*common, field] for field in bad], common) == ["reset"] * len(bad) + ["12"]
        assert statuses(path, [field for field in common if field[0] != ":path"], common) == ["12", "12"]
        note(project, server, f"unix:{path}")
