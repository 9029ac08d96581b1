"""gRPC itself: statuses, sizes, deadlines, cancels, shutdown, and memory under slow readers."""

import os
import socket
import threading
import time

import grpc
import pytest
from grpc import StatusCode

from support.client import TIMEOUT, value
from support.errors import refused
from support.postgres import wait_until

MODEL = """
package: wire
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
FOUR_MIB = 4 << 20


@pytest.fixture(scope="module")
def wire(kind, start):
    with start(kind, wire=MODEL) as running:
        yield running


@pytest.fixture
def rows(wire):
    wire.database.query("DELETE FROM row")
    return wire.service("RowController")


def raw(wire, path):
    """A method that sends bytes as they are."""
    return wire.client.channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)


def fill(wire, count, size):
    text = "printf('%0*d', {size}, i)" if wire.kind == "sqlite" else "lpad(i::text, {size}, '0')"
    wire.database.query(
        f"INSERT INTO row (id, text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
        f" SELECT i, {text.format(size=size)} FROM n"
    )
    if wire.kind == "postgresql":
        wire.database.query("SELECT setval(pg_get_serial_sequence('row', 'id'), (SELECT max(id) FROM row))")


def test_response_metadata(rows):
    created, call = rows.Create.with_call(text="x")
    assert created.text == "x"
    assert call.code() == StatusCode.OK and not call.details()


def test_request_metadata_is_not_in_the_way(rows):
    metadata = [("x-text", "one"), ("x-text", "two"), ("x-bytes-bin", b"\0\xff"), ("user-agent-extra", "a" * 2000)]
    assert rows.Create(text="x", metadata=metadata).text == "x"


@pytest.mark.parametrize("path", ["/wire.RowController/Rename", "/wire.NoController/List", "/nothing/at/all", "/wire.RowController/list"])
def test_unknown_method(wire, path):
    with refused(StatusCode.UNIMPLEMENTED, details=False):
        raw(wire, path)(b"", timeout=TIMEOUT)


@pytest.mark.parametrize(
    "body",
    [
        b"\x08", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x12\x05abc", b"\x12\x01\xff", b"\x00\x01", b"\x0f\x01", b"\x0b\x08\x01",
        b"\x12\xff\xff\xff\xff\x07abc",
    ],
    ids=["cut", "long varint", "short text", "not utf-8", "field 0", "wire type 7", "open group", "2 GiB promised"],
)
def test_malformed_message(wire, rows, body):
    with refused(StatusCode.INTERNAL, details=False):
        raw(wire, "/wire.RowController/Create")(body, timeout=TIMEOUT)
    assert rows.List() == []


def test_unknown_fields_are_ignored(wire, rows):
    body = b"\x12\x01x" + b"\xfa\x01\x03abc" + b"\xf8\x07\x01" + b"\x2d\0\0\0\0" + b"\x31" + b"\0" * 8 + b"\x3b\x08\x01\x3c"
    raw(wire, "/wire.RowController/Create")(body, timeout=TIMEOUT)
    assert [row.text for row in rows.List()] == ["x"]


def test_last_of_a_repeated_scalar_wins(wire, rows):
    raw(wire, "/wire.RowController/Create")(b"\x12\x01a\x12\x01b", timeout=TIMEOUT)
    assert [row.text for row in rows.List()] == ["b"]


def test_empty_message(wire, rows):
    assert rows.Create().text == ""


def request_of(service, size):
    """A request of exactly this many bytes."""
    request = service.Create.request_class(text="x" * (size - 10))
    request.text += "x" * (size - request.ByteSize())
    assert request.ByteSize() == size
    return request


def test_message_at_the_limit(rows):
    assert len(rows.Create(request_of(rows, FOUR_MIB)).text) > FOUR_MIB - 10


@pytest.mark.parametrize("size", [FOUR_MIB + 1, 16 << 20])
def test_message_over_the_limit(rows, size):
    with refused(StatusCode.RESOURCE_EXHAUSTED, details=False):
        rows.Create(request_of(rows, size))
    assert rows.Create(text="after").text == "after"


def test_many_big_messages_at_once(rows):
    calls = [rows.Create.start(request_of(rows, 1 << 20)) for _ in range(24)]
    assert len({call.result().id for call in calls}) == 24


def test_compressed_request_is_taken_or_refused_as_grpc_says(wire, rows):
    try:
        answer = rows.Create.stub(rows.Create.request(text="x" * 1000), timeout=TIMEOUT, compression=grpc.Compression.Gzip)
        assert answer.text == "x" * 1000
    except grpc.RpcError as error:
        assert error.code() == StatusCode.UNIMPLEMENTED, error
    assert rows.Create(text="plain").text == "plain"


def test_deadline_that_has_passed(rows):
    for _ in range(20):
        try:
            rows.List(timeout=0.000001)
        except grpc.RpcError as error:
            assert error.code() == StatusCode.DEADLINE_EXCEEDED, error
    assert rows.Create(text="x").text == "x"


def test_deadline_while_a_stream_is_read(wire, rows):
    fill(wire, 20_000, 500)
    stream = rows.List.start(timeout=1)
    next(stream)
    time.sleep(1.2)
    with refused(StatusCode.DEADLINE_EXCEEDED, details=False):
        for _ in stream:
            pass
    assert rows.Retrieve(id=1).id == 1


def test_cancelled_streams_give_back_what_they_held(wire, rows):
    """More streams than there are connections, each left after its first row."""
    fill(wire, 20_000, 500)
    for _ in range(60):
        stream = rows.List.start()
        assert next(stream).id == 1
        stream.cancel()
    assert len(rows.List(page_size=10)) == 10
    assert rows.Retrieve(id=20_000).id == 20_000


def test_clients_that_give_up_keep_their_connection(wire, rows):
    """As when a database is slow and deadlines are short: legal, and no reason to hang up."""
    row = rows.Create(text="x")
    for call in [rows.Retrieve.start(id=row.id) for _ in range(500)]:
        call.cancel()
    calls = [rows.Retrieve.start(id=row.id) for _ in range(500)]
    assert [call.result() for call in calls] == [row] * 500


def test_streams_side_by_side(wire, rows):
    fill(wire, 3_000, 100)
    streams = [rows.List.start() for _ in range(20)]
    assert [sum(1 for _ in stream) for stream in streams] == [3_000] * 20


def test_slow_readers_hold_up_nobody(wire, rows):
    fill(wire, 20_000, 1000)
    stalled = [rows.List.start() for _ in range(4)]
    for stream in stalled:
        assert next(stream).id == 1
    for number in range(200):
        assert rows.Retrieve(id=number + 1).id == number + 1
    assert len(rows.List(page_size=50)) == 50
    rows.PartialUpdate(id=20_000, text=value("changed"))
    for stream in stalled:
        stream.cancel()


@pytest.mark.parametrize("pause", [0, 0.002], ids=["fast", "slow"])
def test_list_in_constant_memory(kind, start, pause):
    count = int(os.environ.get("PILLION_LIST_ROWS", 100_000))
    with start(kind, wire=MODEL) as running:
        fill(running, count, 300)
        rows = running.service("RowController")
        rows.List(page_size=100)
        rows.Retrieve(id=1)
        idle = running.server.resident()
        running.server.reset_peak()
        seen = 0
        for row in rows.List.start(timeout=600):
            seen += 1
            assert row.id == seen
            if pause and seen % 200 == 0:
                time.sleep(pause)
        assert seen == count
        grown = running.server.peak_resident() - idle
        assert grown < 16 << 20, f"grew by {grown >> 20} MiB"


def test_stalled_reader_in_constant_memory(kind, start):
    with start(kind, wire=MODEL) as running:
        fill(running, 100_000, 300)
        rows = running.service("RowController")
        rows.List(page_size=100)
        idle = running.server.resident()
        running.server.reset_peak()
        stream = rows.List.start(timeout=600)
        next(stream)
        time.sleep(2)
        assert running.server.peak_resident() - idle < 16 << 20
        assert sum(1 for _ in stream) == 99_999


def test_many_connections(wire, rows):
    row = rows.Create(text="x")
    for client in [wire.project.client(wire.server) for _ in range(50)]:
        assert client.service("RowController").Retrieve(id=row.id).text == "x"
        client.channel.close()


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100, os.urandom(4096)],
    ids=["nothing", "http/1", "tls", "preface and rubbish", "random"],
)
def test_other_protocols_on_the_port(wire, rows, sent):
    with socket.create_connection(("127.0.0.1", wire.server.port), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert rows.Create(text="x").text == "x"


def test_calls_in_flight_finish_after_sigterm(kind, start):
    with start(kind, wire=MODEL) as running:
        fill(running, 50_000, 300)
        rows = running.service("RowController")
        stream = rows.List.start(timeout=120)
        next(stream)
        calls = [rows.Create.start(text=f"t{number}") for number in range(200)]
        wait_until(lambda: any(call.done() for call in calls), what="the first answer")
        running.server.terminate()
        for call in calls:
            # Those that the server had not taken up when it said goodbye may be refused, and then are not written.
            assert call.code() in (StatusCode.OK, StatusCode.UNAVAILABLE), call
        assert sum(1 for _ in stream) >= 49_999
        answered = {call.result().id for call in calls if call.code() == StatusCode.OK}
        assert running.server.wait() == 0, running.server.output
        written = {row[0] for row in running.database.query("SELECT id FROM row WHERE text LIKE 't%'")}
        assert answered and answered <= written
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", running.server.port), timeout=5)
        running.server.stop = lambda: None  # It has ended as it should.


def test_second_signal_does_not_wait(kind, start):
    with start(kind, wire=MODEL) as running:
        fill(running, 50_000, 300)
        stream = running.service("RowController").List.start(timeout=120)
        next(stream)
        running.server.terminate()
        time.sleep(0.5)
        running.server.terminate()
        assert running.server.wait() is not None
        running.server.stop = lambda: None


def test_threads_of_one_client(wire, rows):
    """grpcio multiplexes them over one connection."""
    failures = []

    def work(number):
        try:
            for attempt in range(50):
                text = f"{number}-{attempt}"
                row = rows.Create(text=text)
                assert rows.Retrieve(id=row.id).text == text
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures, failures[0]
    assert wire.database.query("SELECT count(*), count(DISTINCT text) FROM row") == [(800, 800)]
