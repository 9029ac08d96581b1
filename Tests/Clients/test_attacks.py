"""What clients may try against the port. Each attack ends as docs/transport.md says, memory stays where it was, and the
calls of a client that does no harm all succeed meanwhile."""

import contextlib
import os
import socket
import ssl
import struct
import threading
import time

import pytest
from grpc import StatusCode
from hyperframe.frame import (
    AltSvcFrame, ContinuationFrame, DataFrame, HeadersFrame, PingFrame, PriorityFrame, RstStreamFrame, SettingsFrame,
    WindowUpdateFrame,
)

from support.client import TIMEOUT
from support.http2 import ENHANCE_YOUR_CALM, PREFACE, RawConnection, framed

MODEL = """
package: fort
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
CREATE, RETRIEVE, LIST = (f"/fort.RowController/{name}" for name in ("Create", "Retrieve", "List"))
PROTOCOL_ERROR, SETTINGS_TIMEOUT = 1, 4
FIRST = b"\x08\x01"
MANY = 30_000
# Short enough to be seen, long enough for a healthy client on a busy machine.
TIMES = {"HANDSHAKE_TIMEOUT": "2s", "REQUEST_TIMEOUT": "2s", "STALL_TIMEOUT": "2s"}


@pytest.fixture(scope="module")
def fort(start):
    variables = {f"PILLION_SERVER_{name}": value for name, value in TIMES.items()}
    with start("sqlite", fort=MODEL, variables=variables) as running:
        running.service("RowController").Create(text="x" * 1000)
        yield running


@pytest.fixture
def undisturbed(fort):
    """A client that goes on with its calls during a test, and a look at the server's memory."""
    rows = fort.project.client(fort.server).service("RowController")
    rows.Retrieve(id=1)
    over, served, failures = threading.Event(), [], []

    def work():
        while not over.is_set():
            try:
                assert rows.Retrieve(id=1, timeout=TIMEOUT).id == 1
                served.append(1)
            except Exception as error:
                failures.append(error)
                return

    idle = fort.server.resident()
    fort.server.reset_peak()
    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join(TIMEOUT)
    assert not failures, failures[0]
    assert served
    assert fort.server.process.poll() is None
    grown = fort.server.peak_resident() - idle
    assert grown < 32 << 20, f"grew by {grown >> 20} MiB"


pytestmark = pytest.mark.usefixtures("undisturbed")


@pytest.fixture
def raw(fort):
    with RawConnection(fort.server.port) as connection:
        connection.read(5, lambda: connection.heard_settings)
        yield connection


def encoded(connection, path, *fields):
    base = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"), ("content-type", "application/grpc")]
    return connection.encoder.encode([*base, *fields])


def request(connection, stream, path=CREATE):
    """HEADERS of a call of which no more will come."""
    return HeadersFrame(stream, encoded(connection, path), flags=["END_HEADERS"])


def streams():
    return range(1, MANY, 2)


def rapid_reset(connection):
    for stream in streams():
        yield request(connection, stream).serialize() + RstStreamFrame(stream, 8).serialize()


def reset_by_a_window_too_large(connection):
    for stream in streams():
        yield request(connection, stream).serialize() + WindowUpdateFrame(stream, 0x7FFFFFFF).serialize()


def reset_by_malformed_headers(connection):
    for stream in streams():
        yield HeadersFrame(stream, connection.encoder.encode([(":method", "POST")]), flags=["END_HEADERS", "END_STREAM"])


def streams_over_the_limit(connection):
    for stream in streams():
        yield request(connection, stream)


def continuations(connection):
    yield HeadersFrame(1, connection.encoder.encode([(":method", "POST")]))
    for number in range(MANY):
        yield ContinuationFrame(1, connection.encoder.encode([(f"x-{number}", "y")]))


def of(make):
    def frames(connection):
        # A call that is open, for the frames of a stream.
        yield request(connection, 1)
        for _ in range(MANY):
            yield make()

    return frames


FLOODS = {
    "rapid reset": rapid_reset,
    "made reset: window": reset_by_a_window_too_large,
    "made reset: malformed": reset_by_malformed_headers,
    "streams over the limit": streams_over_the_limit,
    "continuation": continuations,
    "settings": of(lambda: SettingsFrame(settings={4: 65535})),
    "empty settings": of(SettingsFrame),
    "ping": of(PingFrame),
    "ping answered": of(lambda: PingFrame(flags=["ACK"])),
    "priority": of(lambda: PriorityFrame(3, depends_on=1, stream_weight=7)),
    "window update": of(lambda: WindowUpdateFrame(0, 1)),
    "window update of the stream": of(lambda: WindowUpdateFrame(1, 1)),
    "empty data": of(lambda: DataFrame(1)),
    "padding": of(lambda: DataFrame(1, b"", pad_length=100, flags=["PADDED"])),
}


@pytest.mark.parametrize("name", FLOODS)
def test_flood(raw, name):
    sent = raw.flood(FLOODS[name](raw))
    assert raw.wait_closed() == ENHANCE_YOUR_CALM
    assert sent < MANY // 2 - 1, "it was not cut short"


@pytest.mark.parametrize("frame", [b"\0\0\x01\xfa\0\0\0\0\0x", AltSvcFrame(0, b"o", b"f").serialize()], ids=["unknown", "altsvc"])
def test_frames_that_are_ignored(raw, frame):
    """They cost no more than the bytes that they are, and the connection goes on."""
    raw.flood(frame for _ in range(MANY))
    assert raw.call(RETRIEVE, FIRST).status == 0


def test_settings_acknowledged_that_were_not_sent(raw):
    raw.flood(SettingsFrame(flags=["ACK"]) for _ in range(MANY))
    assert raw.wait_closed() == PROTOCOL_ERROR


def test_resets_that_are_survived(raw):
    """Two hundred streams reset at once are what an impatient client may do."""
    raw.flood(frame for frame, _ in zip(rapid_reset(raw), range(190)))
    raw._next = 1001
    assert raw.call(RETRIEVE, FIRST).status == 0


def test_hpack_bomb(raw):
    """16 KiB that unfold to 48 MiB: one long field in the dynamic table, and then its index again and again."""
    stream = raw.headers(RETRIEVE, ("x-long", "y" * 3000))
    raw.data(stream, framed(FIRST))
    assert raw.answer(stream).status == 0
    base = encoded(raw, RETRIEVE)
    index = raw.encoder.encode([("x-long", "y" * 3000)])
    assert len(index) == 1
    raw.send(HeadersFrame(stream + 2, base + index * 16_000, flags=["END_HEADERS", "END_STREAM"]))
    assert raw.wait_closed() == ENHANCE_YOUR_CALM


@pytest.mark.parametrize("fields", [[("x-big", "y" * 17_000)], [(f"x-{number}", "y" * 20) for number in range(1000)]], ids=["one", "many"])
def test_header_list_over_the_limit(raw, fields):
    """Refused by itself; the connection goes on."""
    block = encoded(raw, RETRIEVE, *fields)
    frames = [block[offset : offset + 16_000] for offset in range(0, len(block), 16_000)]
    stream, raw._next = raw._next, raw._next + 2
    raw.send(HeadersFrame(stream, frames[0], flags=["END_STREAM"] if len(frames) > 1 else ["END_STREAM", "END_HEADERS"]))
    for number, part in enumerate(frames[1:], 2):
        raw.send(ContinuationFrame(stream, part, flags=["END_HEADERS"] if number == len(frames) else []))
    assert raw.answer(stream).status == StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert raw.call(RETRIEVE, FIRST).status == 0


def test_windows_that_stay_shut(fort):
    """Answers that are never taken end by themselves, and what they held is given back."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(RawConnection(fort.server.port, settings={4: 0})) for _ in range(10)]
        opened = []
        for connection in connections:
            for _ in range(50):
                stream = connection.headers(RETRIEVE)
                connection.data(stream, framed(FIRST))
                opened.append((connection, stream))
        for connection, stream in opened:
            answer = connection.answer(stream, timeout=TIMEOUT)
            assert answer.body == b"" and (answer.reset is not None or answer.status)


def test_windows_of_one_byte(raw):
    """Each byte of an answer is let out by itself: served while it lasts, and paid for by the client."""
    raw.send(SettingsFrame(settings={4: 0}))
    opened = [raw.headers(RETRIEVE) for _ in range(50)]
    for stream in opened:
        raw.data(stream, framed(FIRST))
    raw.flood(WindowUpdateFrame(stream, 1) for _ in range(600) for stream in opened)
    assert raw.wait_closed() == ENHANCE_YOUR_CALM


@pytest.mark.parametrize(
    "rubbish", [b"\xff" * 200, os.urandom(2000), DataFrame(1, b"x").serialize(), struct.pack(">HBBBL", 0xFFFF, 0xFF, 4, 0, 0)],
    ids=["ones", "random", "data before settings", "a frame of 16 MiB"],
)
def test_rubbish_after_the_preface(fort, rubbish):
    with RawConnection(fort.server.port, preface=False) as connection:
        connection.send(PREFACE + rubbish)
        assert connection.wait_closed() not in (0, 2), "neither a graceful end nor our own fault"


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_http_1(fort, method):
    with socket.create_connection(("127.0.0.1", fort.server.port), timeout=30) as connection:
        connection.sendall(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(4096):
            answer += part
        assert answer.startswith(b"HTTP/1.1 505 ") and b"gRPC" in answer


def test_tls_to_a_plaintext_port(fort):
    context = ssl._create_unverified_context()
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", fort.server.port), timeout=30) as connection:
        context.wrap_socket(connection)


def drip(connections, data):
    """Sends one byte of `data` on all connections every tenth of a second, until all are closed."""
    for offset in range(len(data)):
        for connection in connections:
            if not connection.closed:
                connection.send(data[offset : offset + 1])
                connection.read(0.0)
        if all(connection.closed for connection in connections):
            return
        time.sleep(0.1)


@pytest.mark.parametrize("start_with", [b"", PREFACE[:10], PREFACE, PREFACE + SettingsFrame().serialize()[:4]], ids=["silence", "half a preface", "no settings", "half of them"])
def test_no_handshake(fort, start_with):
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(RawConnection(fort.server.port, preface=False)) for _ in range(50)]
        for connection in connections:
            connection.send(start_with)
        for connection in connections:
            connection.wait_closed()


@pytest.mark.parametrize("what", ["preface", "headers", "data"])
def test_slow_bytes(fort, what):
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(RawConnection(fort.server.port, preface=what != "preface")) for _ in range(20)]
        if what == "preface":
            # Slower than the handshake may last, though never silent.
            for connection in connections:
                connection.answers_settings = False
            drip(connections, PREFACE + SettingsFrame(settings={number: 1 for number in range(20, 60)}).serialize())
        else:
            opening = b"" if what == "headers" else request(connections[0], 1).serialize()
            frame = request(connections[0], 1) if what == "headers" else DataFrame(1, bytes(500))
            for connection in connections:
                connection.read(5, lambda: connection.heard_settings)
                connection.send(opening)
            drip(connections, frame.serialize() + bytes(500))
        for connection in connections:
            assert connection.wait_closed() in (None, SETTINGS_TIMEOUT, ENHANCE_YOUR_CALM)


def test_requests_that_never_come_whole(fort):
    """A call whose message stays away, or comes a byte a frame, ends; its connection may go on."""
    with RawConnection(fort.server.port) as connection:
        silent = [connection.headers(CREATE) for _ in range(30)]
        slow = [connection.headers(CREATE) for _ in range(30)]
        body, offset = framed(bytes(1000)), 0
        while not all(stream in connection.answers and connection.answers[stream].ended for stream in silent + slow):
            for stream in slow:
                if stream not in connection.answers or not connection.answers[stream].ended:
                    connection.data(stream, body[offset : offset + 1], end=False)
            offset += 1
            assert offset < 600, "they are still open"
            connection.read(0.1)
            time.sleep(0.1)
        assert {connection.answers[stream].status for stream in silent + slow} == {StatusCode.DEADLINE_EXCEEDED.value[0]}
        assert connection.call(RETRIEVE, FIRST).status == 0


def test_a_client_that_does_not_read(fort):
    """Sends calls and takes no answer off its socket: it is not read either, and after a while let go."""
    row = fort.service("RowController").Create(text="x" * 100_000)
    with RawConnection(fort.server.port, settings={4: 0x3FFFFFFF}) as connection:
        connection.read(5, lambda: connection.heard_settings)
        connection.send(WindowUpdateFrame(0, 0x3FFFFFFF))
        for stream in range(1, 180, 2):
            connection.send(request(connection, stream, RETRIEVE))
            connection.send(DataFrame(stream, framed(b"\x08" + bytes([row.id])), flags=["END_STREAM"]))
        time.sleep(5)
        assert connection.wait_closed() is None
        answered = [answer for answer in connection.answers.values() if answer.ended]
        assert len(answered) < 90, "it took them all into some buffer"
