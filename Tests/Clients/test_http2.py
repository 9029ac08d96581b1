"""HTTP/2 as RFC 9113 and RFC 7541 have it, case by case: frames that are allowed are served, those that are not end the stream or
the connection with the code that the section names (G3).

Where the RFC asks for an error of a stream, one of the connection with the same code will do (§5.4.2).
"""

import struct

import pytest
from grpc import StatusCode

from support.http2 import PREFACE, RawConnection, framed

MODEL = """
package: http2
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
RETRIEVE, FIRST = "/http2.RowController/Retrieve", b"\x08\x01"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIES = 1, 1, 4, 8, 32
PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, COMPRESSION_ERROR = 1, 3, 5, 6, 9
WINDOW, FRAME_SIZE, PUSH = 4, 5, 2
LARGEST = (1 << 31) - 1
PSEUDO = [(":method", "POST"), (":scheme", "http"), (":path", RETRIEVE), (":authority", "test")]
FIELDS = [("content-type", "application/grpc"), ("te", "trailers")]


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def number(value):
    return struct.pack(">I", value)


def setting(name, value):
    return struct.pack(">HI", name, value)


class Client(RawConnection):
    def block(self, fields=None):
        return self.encoder.encode(PSEUDO + FIELDS if fields is None else fields)

    def request(self, stream=1, fields=None, flags=END_HEADERS, more=b""):
        """HEADERS of a call, whose message is still to come unless the flags say otherwise."""
        self.send(frame(HEADERS, flags, stream, self.block(fields) + more))

    def message(self, stream=1, flags=END_STREAM):
        self.send(frame(DATA, flags, stream, framed(FIRST)))

    def is_served(self):
        self._next = 1001
        assert self.call(RETRIEVE, FIRST).status == 0
        assert not self.goaways


@pytest.fixture(scope="module")
def server(start):
    with start("sqlite", http2=MODEL) as running:
        running.service("RowController").Create(text="x" * 100)
        yield running.server


@pytest.fixture
def client(server):
    with Client(server.port) as client:
        client.read(10, lambda: client.heard_settings)
        yield client


@pytest.fixture
def shut(server):
    """A client whose windows are shut: its calls stay where they are."""
    with Client(server.port, settings={WINDOW: 0}) as client:
        client.read(10, lambda: client.heard_settings)
        yield client


def ends_stream(client, code, stream=1):
    answer = lambda: client.answers.get(stream)
    client.read(30, lambda: answer() and answer().reset is not None or client.goaways)
    said = client.goaways[0] if client.goaways else answer() and answer().reset
    assert said == code


# What the connection has to live with.

ALLOWED = {
    "4.1 a frame of an unknown type": lambda c: c.send(frame(22, 0, 0, b"12345678")),
    "4.1 flags without a meaning": lambda c: c.send(frame(PING, 0x16, 0, bytes(8))),
    "4.1 the reserved bit": lambda c: c.send(frame(PING, 0, 1 << 31, bytes(8))),
    "5.1 PRIORITY for an idle stream": lambda c: c.send(frame(PRIORITY, 0, 1, number(0) + b"\xff")),
    "6.5 an unknown setting": lambda c: c.send(frame(SETTINGS, 0, 0, setting(0xFF, 1))),
    "6.5.2 the largest frame that there may be": lambda c: c.send(frame(SETTINGS, 0, 0, setting(FRAME_SIZE, (1 << 24) - 1))),
    "6.5.2 the largest window that there may be": lambda c: c.send(frame(SETTINGS, 0, 0, setting(WINDOW, LARGEST))),
    "6.5.2 no push": lambda c: c.send(frame(SETTINGS, 0, 0, setting(PUSH, 0))),
    "6.7 the answer to a PING that was not sent": lambda c: c.send(frame(PING, ACK, 0, bytes(8))),
    "6.9 the largest window of the connection": lambda c: c.send(frame(WINDOW_UPDATE, 0, 0, number(LARGEST - 65535))),
    "7 an unknown error code": lambda c: (c.request(), c.send(frame(RST_STREAM, 0, 1, number(0xFF)))),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_allowed(client, name):
    ALLOWED[name](client)
    client.is_served()


def in_pieces(client, fields=None):
    """The request's header block in a HEADERS and three CONTINUATION frames."""
    block = client.block(fields)
    client.send(frame(HEADERS, 0, 1, block[:5]))
    client.send(frame(CONTINUATION, 0, 1, block[5:9]))
    client.send(frame(CONTINUATION, 0, 1))
    client.send(frame(CONTINUATION, END_HEADERS, 1, block[9:]))


# A field of one's own in each representation of RFC 7541 §6, behind the request's; and whether the table then has it.
REPRESENTATIONS = {
    "indexed by the static table": (b"\x90", False),
    "literal with indexing": (b"\x40\x01a\x01b", True),
    "literal with indexing, indexed name": (b"\x53\x01b", True),
    "literal without indexing": (b"\x00\x01a\x01b", False),
    "literal without indexing, indexed name": (b"\x0f\x04\x01b", False),
    "literal never indexed": (b"\x10\x01a\x01b", False),
    "literal never indexed, indexed name": (b"\x1f\x04\x01b", False),
    "huffman": (b"\x00\x81\x1f\x81\x8f", False),
    "a string without a byte": (b"\x00\x01a\x00", False),
}


def represented(client, name):
    field, is_indexed = REPRESENTATIONS[name]
    client.request(more=field)
    client.message()
    if is_indexed:
        # The encoder has to know what its peer's table holds.
        client.encoder.header_table.add(b"x", b"x")


def smaller_table(client):
    client.encoder.header_table_size = 0
    client.request()
    client.message()


REQUESTS = {
    "6.1 padded DATA": lambda c: (c.request(), c.send(frame(DATA, END_STREAM | PADDED, 1, b"\x05" + framed(FIRST) + bytes(5)))),
    "6.1 DATA of padding alone": lambda c: (
        c.request(), c.send(frame(DATA, PADDED, 1, b"\x09" + bytes(9))), c.message(),
    ),
    "6.1 DATA without a byte": lambda c: (c.request(), c.send(frame(DATA, 0, 1)), c.message()),
    "6.1 the end of the stream by itself": lambda c: (c.request(), c.message(flags=0), c.send(frame(DATA, END_STREAM, 1))),
    "6.1 a message in single bytes": lambda c: (
        c.request(), [c.send(frame(DATA, 0, 1, bytes([byte]))) for byte in framed(FIRST)], c.send(frame(DATA, END_STREAM, 1)),
    ),
    "6.2 padded HEADERS": lambda c: (
        c.send(frame(HEADERS, END_HEADERS | PADDED, 1, b"\x05" + c.block() + bytes(5))), c.message(),
    ),
    "6.2 HEADERS with a priority": lambda c: (
        c.send(frame(HEADERS, END_HEADERS | PRIORITIES, 1, number(0) + b"\x10" + c.block())), c.message(),
    ),
    "5.1 PRIORITY for an open stream": lambda c: (c.request(), c.send(frame(PRIORITY, 0, 1, number(0) + b"\x01")), c.message()),
    "5.1 PRIORITY for a half-closed stream": lambda c: (c.request(), c.message(), c.send(frame(PRIORITY, 0, 1, number(0) + b"\x01"))),
    "5.1 WINDOW_UPDATE for a half-closed stream": lambda c: (c.request(), c.message(), c.send(frame(WINDOW_UPDATE, 0, 1, number(9)))),
    "5.1.1 a stream far above the last": lambda c: (c.request(801), c.message(801)),
    "6.10 CONTINUATION, one of them empty": lambda c: (in_pieces(c), c.message()),
    "8.1 trailers": lambda c: (
        c.request(), c.message(flags=0), c.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, c.block([("x-last", "y")]))),
    ),
    "8.1.1 the right content-length": lambda c: (c.request(fields=PSEUDO + FIELDS + [("content-length", "7")]), c.message()),
    "8.2.3 cookies in crumbs": lambda c: (c.request(fields=PSEUDO + FIELDS + [("cookie", "a=1"), ("cookie", "b=2")]), c.message()),
    "5.5 an unknown frame between those of a call": lambda c: (c.request(), c.send(frame(99, 0xFF, 1, b"x")), c.message()),
    **{f"HPACK 6: {name}": lambda c, name=name: represented(c, name) for name in REPRESENTATIONS},
    "HPACK 6.3: a smaller table": smaller_table,
    "HPACK 6.3: two sizes": lambda c: (c.send(frame(HEADERS, END_HEADERS, 1, b"\x20\x3f\xe1\x1f" + c.block())), c.message()),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_served(client, name):
    REQUESTS[name](client)
    stream = 801 if "far above" in name else 1
    assert client.answer(stream).status == 0
    client.is_served()


# What ends the connection, and with which code.


def half_closed(client):
    """A call that is whole on the client's side and has no way to end on the server's."""
    client.request()
    client.message()
    client.read(30, lambda: 1 in client.answers)


def ended(client):
    client.request()
    client.message()
    assert client.answer(1).status == 0


CONNECTION_ERRORS = {
    "4.2 HEADERS longer than announced": (FRAME_SIZE_ERROR, lambda c: c.send(frame(HEADERS, END_HEADERS, 1, c.block([("a", "b" * 40_000)])))),
    "4.2 DATA longer than announced": (FRAME_SIZE_ERROR, lambda c: (c.request(), c.send(frame(DATA, 0, 1, bytes(16_385))))),
    "4.2 SETTINGS longer than announced": (FRAME_SIZE_ERROR, lambda c: c.send(frame(SETTINGS, 0, 0, setting(0xFF, 1) * 3000))),
    "4.3 a block that cannot be decompressed": (COMPRESSION_ERROR, lambda c: c.send(frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff\xff"))),
    "4.3 PRIORITY within a block": (PROTOCOL_ERROR, lambda c: (c.request(flags=0), c.send(frame(PRIORITY, 0, 1, number(0) + b"\x01")))),
    "4.3 HEADERS of another stream within a block": (PROTOCOL_ERROR, lambda c: (c.request(flags=0), c.request(3))),
    "5.1 DATA to an idle stream": (PROTOCOL_ERROR, lambda c: c.message()),
    "5.1 RST_STREAM of an idle stream": (PROTOCOL_ERROR, lambda c: c.send(frame(RST_STREAM, 0, 1, number(8)))),
    "5.1 WINDOW_UPDATE of an idle stream": (PROTOCOL_ERROR, lambda c: c.send(frame(WINDOW_UPDATE, 0, 1, number(9)))),
    "5.1 CONTINUATION of an idle stream": (PROTOCOL_ERROR, lambda c: c.send(frame(CONTINUATION, END_HEADERS, 1, c.block()))),
    "5.1.1 an even stream": (PROTOCOL_ERROR, lambda c: c.request(2)),
    "5.5 an unknown frame within a block": (PROTOCOL_ERROR, lambda c: (c.request(flags=0), c.send(frame(22, 0, 0, b"x")))),
    "6.1 DATA to stream 0": (PROTOCOL_ERROR, lambda c: c.message(stream=0)),
    "6.1 more padding than payload": (PROTOCOL_ERROR, lambda c: (c.request(), c.send(frame(DATA, PADDED, 1, b"\x06" + bytes(5))))),
    "6.2 HEADERS on stream 0": (PROTOCOL_ERROR, lambda c: c.request(0)),
    "6.2 more padding than headers": (PROTOCOL_ERROR, lambda c: c.send(frame(HEADERS, END_HEADERS | PADDED, 1, b"\xff" + c.block()))),
    "6.3 PRIORITY on stream 0": (PROTOCOL_ERROR, lambda c: c.send(frame(PRIORITY, 0, 0, number(0) + b"\x01"))),
    "6.4 RST_STREAM on stream 0": (PROTOCOL_ERROR, lambda c: c.send(frame(RST_STREAM, 0, 0, number(8)))),
    "6.4 RST_STREAM of three bytes": (FRAME_SIZE_ERROR, lambda c: (c.request(), c.send(frame(RST_STREAM, 0, 1, bytes(3))))),
    "6.5 an acknowledgement with settings": (FRAME_SIZE_ERROR, lambda c: c.send(frame(SETTINGS, ACK, 0, setting(WINDOW, 1)))),
    "6.5 SETTINGS of a stream": (PROTOCOL_ERROR, lambda c: c.send(frame(SETTINGS, 0, 1, setting(WINDOW, 1)))),
    "6.5 SETTINGS of five bytes": (FRAME_SIZE_ERROR, lambda c: c.send(frame(SETTINGS, 0, 0, bytes(5)))),
    "6.5.2 push neither on nor off": (PROTOCOL_ERROR, lambda c: c.send(frame(SETTINGS, 0, 0, setting(PUSH, 2)))),
    "6.5.2 a window too large": (FLOW_CONTROL_ERROR, lambda c: c.send(frame(SETTINGS, 0, 0, setting(WINDOW, 1 << 31)))),
    "6.5.2 frames too small": (PROTOCOL_ERROR, lambda c: c.send(frame(SETTINGS, 0, 0, setting(FRAME_SIZE, 16_383)))),
    "6.5.2 frames too large": (PROTOCOL_ERROR, lambda c: c.send(frame(SETTINGS, 0, 0, setting(FRAME_SIZE, 1 << 24)))),
    "6.6 PUSH_PROMISE of a client": (PROTOCOL_ERROR, lambda c: (c.request(), c.send(frame(PUSH_PROMISE, END_HEADERS, 1, number(2) + c.block())))),
    "6.7 PING of a stream": (PROTOCOL_ERROR, lambda c: c.send(frame(PING, 0, 1, bytes(8)))),
    "6.7 PING of six bytes": (FRAME_SIZE_ERROR, lambda c: c.send(frame(PING, 0, 0, bytes(6)))),
    "6.8 GOAWAY of a stream": (PROTOCOL_ERROR, lambda c: c.send(frame(GOAWAY, 0, 1, bytes(8)))),
    "6.9 a window that grows by nothing": (PROTOCOL_ERROR, lambda c: c.send(frame(WINDOW_UPDATE, 0, 0, number(0)))),
    "6.9 WINDOW_UPDATE of three bytes": (FRAME_SIZE_ERROR, lambda c: c.send(frame(WINDOW_UPDATE, 0, 0, bytes(3)))),
    "6.9.1 a window of the connection too large": (FLOW_CONTROL_ERROR, lambda c: (c.send(frame(WINDOW_UPDATE, 0, 0, number(LARGEST))), c.send(frame(WINDOW_UPDATE, 0, 0, number(LARGEST))))),
    "6.10 DATA within a block": (PROTOCOL_ERROR, lambda c: (c.request(flags=0), c.message())),
    "6.10 CONTINUATION on stream 0": (PROTOCOL_ERROR, lambda c: (c.request(flags=0), c.send(frame(CONTINUATION, END_HEADERS, 0)))),
    "6.10 CONTINUATION behind a whole block": (PROTOCOL_ERROR, lambda c: (c.request(), c.send(frame(CONTINUATION, END_HEADERS, 1)))),
    "6.10 CONTINUATION behind DATA": (PROTOCOL_ERROR, lambda c: (c.request(), c.message(flags=0), c.send(frame(CONTINUATION, END_HEADERS, 1)))),
    "HPACK 2.3.3: index 0": (COMPRESSION_ERROR, lambda c: c.request(more=b"\x80")),
    "HPACK 2.3.3: an index that is not there": (COMPRESSION_ERROR, lambda c: c.request(more=b"\xff\x7f")),
    "HPACK 4.2: a size behind the first field": (COMPRESSION_ERROR, lambda c: c.request(more=b"\x20")),
    "HPACK 5.1: an integer without an end": (COMPRESSION_ERROR, lambda c: c.request(more=b"\x7f" + b"\xff" * 12)),
    "HPACK 5.2: huffman padding of eight bits": (COMPRESSION_ERROR, lambda c: c.request(more=b"\x00\x82\x1f\xff\x01b")),
    "HPACK 5.2: huffman padding with zeros": (COMPRESSION_ERROR, lambda c: c.request(more=b"\x00\x81\x18\x01b")),
    "HPACK 5.2: the end of string in a string": (COMPRESSION_ERROR, lambda c: c.request(more=b"\x00\x84\xff\xff\xff\xff\x01b")),
    "HPACK 5.2: a string longer than its block": (COMPRESSION_ERROR, lambda c: c.request(more=b"\x00\x7f\x7f")),
    "HPACK 6.3: a table larger than allowed": (COMPRESSION_ERROR, lambda c: c.send(frame(HEADERS, END_HEADERS, 1, b"\x3f\xe1\xff\x03" + c.block()))),
}


@pytest.mark.parametrize("name", CONNECTION_ERRORS)
def test_errors_of_the_connection(client, name):
    code, send = CONNECTION_ERRORS[name]
    send(client)
    assert client.wait_closed() == code


def test_something_else_in_the_preface_s_place(server):
    with Client(server.port, preface=False) as client:
        client.send(b"INVALID CONNECTION PREFACE\r\n\r\n")
        client.wait_closed()


def test_a_preface_without_settings_behind_it(server):
    """§3.4: the first frame must be SETTINGS."""
    with Client(server.port, preface=False) as client:
        client.send(PREFACE + frame(PING, 0, 0, bytes(8)))
        assert client.wait_closed() == PROTOCOL_ERROR


# What ends a stream.

STREAM_ERRORS = {
    "6.3 PRIORITY of four bytes": (FRAME_SIZE_ERROR, lambda c: (c.request(), c.send(frame(PRIORITY, 0, 1, bytes(4))))),
    "6.9 a window of a stream that grows by nothing": (PROTOCOL_ERROR, lambda c: (c.request(), c.send(frame(WINDOW_UPDATE, 0, 1, number(0))))),
    "6.9.1 a window of a stream too large": (FLOW_CONTROL_ERROR, lambda c: (c.request(), c.send(frame(WINDOW_UPDATE, 0, 1, number(LARGEST))))),
    "8.1 a second header block that does not end the stream": (PROTOCOL_ERROR, lambda c: (c.request(), c.message(flags=0), c.request(fields=[("x-last", "y")]))),
    "8.1.1 more DATA than the content-length": (PROTOCOL_ERROR, lambda c: (c.request(fields=PSEUDO + FIELDS + [("content-length", "1")]), c.message())),
    "8.1.1 less DATA than the content-length": (PROTOCOL_ERROR, lambda c: (c.request(fields=PSEUDO + FIELDS + [("content-length", "99")]), c.message())),
    "8.1.1 a content-length over two frames": (PROTOCOL_ERROR, lambda c: (c.request(fields=PSEUDO + FIELDS + [("content-length", "8")]), c.message(flags=0), c.message())),
    **{
        f"8.2, 8.3 {name}": (PROTOCOL_ERROR, lambda c, fields=fields: c.request(fields=fields))
        for name, fields in {
            "an upper-case name": PSEUDO + FIELDS + [("X-Big", "y")],
            "connection": PSEUDO + FIELDS + [("connection", "keep-alive")],
            "keep-alive": PSEUDO + FIELDS + [("keep-alive", "1")],
            "transfer-encoding": PSEUDO + FIELDS + [("transfer-encoding", "chunked")],
            "upgrade": PSEUDO + FIELDS + [("upgrade", "h2c")],
            "te that wants more than trailers": PSEUDO + [FIELDS[0], ("te", "trailers, deflate")],
            "an unknown pseudo-header": PSEUDO + [(":test", "x")] + FIELDS,
            "a response's pseudo-header": PSEUDO + [(":status", "200")] + FIELDS,
            "a pseudo-header behind others": PSEUDO[:3] + FIELDS + PSEUDO[3:],
            "an empty path": [(":method", "POST"), (":scheme", "http"), (":path", ""), *FIELDS],
            "no method": PSEUDO[1:] + FIELDS,
            "no scheme": PSEUDO[:1] + PSEUDO[2:] + FIELDS,
            "no path": PSEUDO[:2] + PSEUDO[3:] + FIELDS,
            "two methods": PSEUDO[:1] + PSEUDO + FIELDS,
            "two schemes": PSEUDO[:2] + PSEUDO[1:] + FIELDS,
            "two paths": PSEUDO[:3] + PSEUDO[2:] + FIELDS,
        }.items()
    },
    "8.1 a pseudo-header in the trailers": (PROTOCOL_ERROR, lambda c: (
        c.request(), c.message(flags=0), c.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, c.block([(":method", "POST")]))),
    )),
}


@pytest.mark.parametrize("name", STREAM_ERRORS)
def test_errors_of_a_stream(client, name):
    code, send = STREAM_ERRORS[name]
    send(client)
    ends_stream(client, code)
    if not client.goaways:
        client.is_served()


@pytest.mark.parametrize("kind", ["DATA", "HEADERS", "CONTINUATION"])
def test_frames_of_a_call_whose_request_is_over(shut, kind):
    """§5.1: a client that has said its last on a stream says no more there."""
    half_closed(shut)
    if kind == "DATA":
        shut.message()
    elif kind == "HEADERS":
        shut.request(flags=END_HEADERS | END_STREAM)
    else:
        shut.send(frame(CONTINUATION, END_HEADERS, 1, shut.block()))
    ends_stream(shut, PROTOCOL_ERROR if kind == "CONTINUATION" else STREAM_CLOSED)


@pytest.mark.parametrize("state", ["reset", "ended"])
@pytest.mark.parametrize("kind", ["DATA", "HEADERS"])
def test_frames_of_a_call_that_is_over(client, state, kind):
    """§5.1 lets a server choose: streams that are over are not remembered, and what comes for them may have been on its way
    when they ended. It is skipped, and paid for."""
    if state == "ended":
        ended(client)
    else:
        client.request()
        client.send(frame(RST_STREAM, 0, 1, number(8)))
    client.message() if kind == "DATA" else client.request(flags=END_HEADERS | END_STREAM)
    client.is_served()


def test_a_stream_below_the_last(client):
    """§5.1.1: it counts as one that is over."""
    client.request(5)
    client.message(5)
    assert client.answer(5).status == 0
    client.request(3)
    client.message(3)
    client.is_served()
    assert 3 not in client.answers


# What is answered, and how.


def test_settings_are_acknowledged(client):
    """Those of the beginning, and later ones."""
    client.read(30, lambda: client.settings_answered)
    client.send(frame(SETTINGS) + frame(PING, 0, 0, b"12345678"))
    client.read(30, lambda: client.pongs)
    assert client.settings_answered == 2


def test_a_ping_comes_back_as_it_was(client):
    client.send(frame(PING, 0, 0, b"12345678"))
    client.read(30, lambda: client.pongs)
    assert client.pongs == [b"12345678"]


def data_of(client, stream=1):
    """The bytes of the answer that have come when the server has answered a PING."""
    count = len(client.pongs)
    client.send(frame(PING, 0, 0, bytes(8)))
    client.read(30, lambda: len(client.pongs) > count)
    return len(client.answers[stream].body)


def test_a_window_of_one_byte(shut):
    """§6.9.1: as much as the window lets out, and no more."""
    half_closed(shut)
    assert data_of(shut) == 0
    shut.send(frame(WINDOW_UPDATE, 0, 1, number(1)))
    shut.read(30, lambda: shut.answers[1].body)
    assert data_of(shut) == 1


def test_the_window_of_streams_that_are_open_changes(shut):
    """§6.9.2: with SETTINGS_INITIAL_WINDOW_SIZE; the last of one frame counts, and a window may be negative."""
    half_closed(shut)
    shut.send(frame(SETTINGS, 0, 0, setting(WINDOW, 100) + setting(WINDOW, 3)))
    shut.read(30, lambda: len(shut.answers[1].body) >= 3)
    assert data_of(shut) == 3
    shut.send(frame(SETTINGS, 0, 0, setting(WINDOW, 1)))
    shut.send(frame(WINDOW_UPDATE, 0, 1, number(2)))
    assert data_of(shut) == 3
    shut.send(frame(WINDOW_UPDATE, 0, 1, number(1)))
    shut.read(30, lambda: len(shut.answers[1].body) >= 4)
    assert data_of(shut) == 4


def test_frames_are_no_longer_than_the_client_takes(server):
    """§4.2: a client that takes 16 KiB is sent no longer ones, headers included."""
    with Client(server.port, settings={WINDOW: LARGEST}) as client:
        client.request(fields=PSEUDO + FIELDS)
        client.message()
        assert client.answer(1).status == 0
        assert client.longest <= 16_384


def test_a_call_over_the_limit_is_refused(client):
    """§5.1.2: REFUSED_STREAM, so that it may be tried again; those within the limit go on."""
    for stream in range(1, 2 * 101, 2):
        client.request(stream)
    client.read(30, lambda: client.answers.get(201) and client.answers[201].reset is not None)
    assert client.answers[201].reset == 7
    for stream in range(1, 2 * 100, 2):
        client.message(stream)
    assert {client.answer(stream).status for stream in range(1, 2 * 100, 2)} == {StatusCode.OK.value[0]}
