"""gRPC frames that lie, and metadata that nobody should send: refused each by itself, and the connection goes on (G8, G12)."""

import os
import random
import struct

import pytest
from grpc import StatusCode

from support.http2 import RawConnection, framed

MODEL = """
package: lies
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
CREATE, RETRIEVE, LIST = (f"/lies.RowController/{name}" for name in ("Create", "Retrieve", "List"))
FIRST = b"\x08\x01"
FRAMES = int(os.environ.get("PILLION_FRAMES", 1500))
SEED = int(os.environ.get("PILLION_SEED", 1))
# What a body that is no message may be answered with: it is cut, compressed without saying how, one message too many, too long, or
# has the form of a message and not its content.
CODES = {code.value[0] for code in (StatusCode.INTERNAL, StatusCode.UNIMPLEMENTED, StatusCode.RESOURCE_EXHAUSTED)}


@pytest.fixture(scope="module")
def running(start):
    with start("sqlite", lies=MODEL) as running:
        running.service("RowController").Create(text="first")
        yield running


def lies(rng):
    """A body that is no single message."""
    message = rng.randbytes(rng.randint(1, 60))
    prefix = lambda flag, length: struct.pack(">BI", flag, length)
    return rng.choice([
        # A length that is not that of what follows.
        lambda: prefix(0, len(message) + rng.randint(1, 1000)) + message,
        lambda: prefix(0, rng.choice([0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, (4 << 20) + 1])) + message,
        # A flag that has no meaning.
        lambda: prefix(rng.randint(2, 255), len(message)) + message,
        # Compressed, without a word on how.
        lambda: prefix(1, len(message)) + message,
        # Half a prefix, and nothing.
        lambda: prefix(0, 0)[: rng.randint(1, 4)],
        lambda: b"",
        # A second message, whole or cut.
        lambda: framed(FIRST) + framed(FIRST),
        lambda: framed(FIRST) + prefix(0, 9) + b"x",
        # The form of a message, and wire types that there are not.
        lambda: framed(bytes([rng.choice([0x0E, 0x0F, 0x06, 0x07, 0x00])]) + message),
    ])()


def test_bodies_that_lie(running):
    """Every one is refused with a code that is documented, and the next call on the same connection is served."""
    rng = random.Random(SEED)
    rows = running.database.query("SELECT count(*) FROM row")
    with RawConnection(running.server.port) as connection:
        for begin in range(0, FRAMES, 20):
            streams = []
            for _ in range(20):
                stream = connection.headers(rng.choice([CREATE, RETRIEVE, LIST]))
                body = lies(rng)
                # In one frame, or in several.
                cut = rng.randint(0, len(body))
                if rng.random() < 0.5:
                    connection.data(stream, body[:cut], end=False)
                    body = body[cut:]
                connection.data(stream, body)
                streams.append((stream, body))
            for stream, body in streams:
                assert connection.answer(stream).status in CODES, body
            assert connection.call(RETRIEVE, FIRST).status == 0
        assert not connection.goaways
    assert running.database.query("SELECT count(*) FROM row") == rows


METADATA = {
    "many pairs": ([(f"x-{number}", "") for number in range(400)], 0),
    "base64 that is none": ([("x-odd-bin", "!!!"), ("x-cut-bin", "A"), ("x-empty-bin", "")], 0),
    "base64 with padding": ([("x-padded-bin", "AAE=")], 0),
    "several values in one": ([("x-list-bin", "AAE,AAI")], 0),
    "bytes that are not ASCII": ([("x-odd", b"\xff\xfe\xc3\x28")], 0),
    "a name of a reserved kind": ([("grpc-odd", "x"), ("grpc-status", "5")], 0),
    "trace context that is none": ([("traceparent", "x"), ("grpc-trace-bin", "?"), ("x-request-id", "a b\tc")], 0),
    "a name of a thousand bytes": ([("x" * 1000, "y")], 0),
}


@pytest.mark.parametrize("name", METADATA)
def test_odd_metadata(running, name):
    """Taken or refused, never a reason to hang up."""
    fields, status = METADATA[name]
    with RawConnection(running.server.port) as connection:
        assert connection.call(RETRIEVE, FIRST, *fields).status == status
        assert connection.call(RETRIEVE, FIRST).status == 0


@pytest.mark.parametrize("size, status", [(15_000, 0), (16_385, StatusCode.RESOURCE_EXHAUSTED.value[0])])
def test_metadata_at_the_limit(running, size, status):
    """`server.max_header_bytes` counts names, values and 32 bytes for each field, as RFC 9113 §6.5.2 does."""
    with RawConnection(running.server.port) as connection:
        assert connection.call(RETRIEVE, FIRST, ("x-large", "y" * size)).status == status
        assert connection.call(RETRIEVE, FIRST).status == 0
