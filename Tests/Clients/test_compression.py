"""Compressed requests and answers, by gRPC's compression.md."""

import gzip
import zlib

import grpc
import pytest
from grpc import StatusCode

from support.client import TIMEOUT
from support.errors import refused
from support.http2 import RawConnection, framed

MODEL = """
package: squeeze
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
CREATE = "/squeeze.RowController/Create"
LIST = "/squeeze.RowController/List"
ENCODINGS = {"gzip": (gzip.compress, gzip.decompress), "deflate": (zlib.compress, zlib.decompress)}
GRPC = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}


def create(text):
    """The bytes of a Create request."""
    text, length = text.encode(), b""
    size = len(text)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return b"\x12" + length + bytes([size]) + text


@pytest.fixture(scope="module")
def plain(kind, start):
    with start(kind, squeeze=MODEL) as running:
        yield running


@pytest.fixture(scope="module", params=ENCODINGS)
def squeezing(request, start):
    """A server that compresses its answers, and how."""
    with start("sqlite", squeeze=MODEL, variables={"PILLION_SERVER_COMPRESSION": request.param}) as running:
        yield running, request.param


@pytest.fixture
def raw(plain):
    with RawConnection(plain.server.port) as connection:
        yield connection


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_compressed_requests_of_a_grpc_client(plain, encoding):
    rows = plain.service("RowController")
    for text in ("", "x", "x" * 100_000, "".join(chr(32 + number % 90) for number in range(50_000))):
        answer = rows.Create.stub(rows.Create.request(text=text), timeout=TIMEOUT, compression=GRPC[encoding])
        assert answer.text == text
    assert list(rows.List.stub(rows.List.request(page_size=1), timeout=TIMEOUT, compression=GRPC[encoding]))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_compressed_request_by_hand(raw, encoding):
    squeeze, _ = ENCODINGS[encoding]
    for body, flag in ((squeeze(create("x" * 1000)), 1), (create("plain"), 0)):
        answer = raw.call(CREATE, body, ("grpc-encoding", encoding), flag=flag)
        assert answer.status == 0, answer.headers
        assert answer.headers["grpc-accept-encoding"].replace(" ", "").split(",") == ["identity", "deflate", "gzip"]
        assert "grpc-encoding" not in answer.headers, "the default is to compress nothing"


@pytest.mark.parametrize("step", [1, 7, 5000])
def test_compressed_request_in_pieces(raw, step):
    body = framed(gzip.compress(create("abc" * 5000)), flag=1)
    stream = raw.headers(CREATE, ("grpc-encoding", "gzip"))
    for offset in range(0, len(body), step):
        raw.data(stream, body[offset : offset + step], end=offset + step >= len(body))
    assert raw.answer(stream).status == 0


def test_unknown_encoding(raw):
    answer = raw.call(CREATE, b"abc", ("grpc-encoding", "br"), flag=1)
    assert answer.status == StatusCode.UNIMPLEMENTED.value[0]
    assert "gzip" in answer.headers["grpc-accept-encoding"] and "deflate" in answer.headers["grpc-accept-encoding"]


@pytest.mark.parametrize(
    "body",
    [b"", b"rubbish", gzip.compress(create("x" * 1000))[:-9], gzip.compress(create("x")) + b"\0", zlib.compress(create("x"))],
    ids=["nothing", "rubbish", "cut", "more behind it", "another encoding"],
)
def test_what_cannot_be_decompressed(raw, body):
    assert raw.call(CREATE, body, ("grpc-encoding", "gzip"), flag=1).status == StatusCode.INTERNAL.value[0]
    assert raw.call(CREATE, create("after")).status == 0


@pytest.mark.parametrize("encoding", [(), (("grpc-encoding", "identity"),)], ids=["none", "identity"])
def test_compressed_flag_without_an_encoding(raw, encoding):
    assert raw.call(CREATE, gzip.compress(create("x")), *encoding, flag=1).status == StatusCode.INTERNAL.value[0]


def test_the_limit_is_that_of_the_decompressed_message(plain):
    rows = plain.service("RowController")
    for surplus in (0, 1):
        request = rows.Create.request(text="x" * ((4 << 20) - 10))
        request.text += "x" * ((4 << 20) + surplus - request.ByteSize())
        call = rows.Create.stub.future(request, timeout=TIMEOUT, compression=grpc.Compression.Gzip)
        if surplus:
            with refused(StatusCode.RESOURCE_EXHAUSTED, details=False):
                call.result()
        else:
            assert call.result().text == request.text


def test_bombs_in_constant_memory(plain):
    """Half a megabyte that would unfold to 512 MiB, many times; other calls go on."""
    press = zlib.compressobj(9, wbits=31)
    bomb = b"".join([press.compress(bytes(1 << 20)) for _ in range(512)]) + press.flush()
    rows = plain.service("RowController")
    rows.Create(text="x")
    idle = plain.server.resident()
    plain.server.reset_peak()
    with RawConnection(plain.server.port) as connection:
        for _ in range(20):
            assert connection.call(CREATE, bomb, ("grpc-encoding", "gzip"), flag=1).status == StatusCode.RESOURCE_EXHAUSTED.value[0]
            assert rows.Create(text="x").text == "x"
    grown = plain.server.peak_resident() - idle
    assert grown < 64 << 20, f"grew by {grown >> 20} MiB"


def test_compressed_answers(squeezing):
    running, encoding = squeezing
    rows = running.service("RowController")
    row = rows.Create(text="x" * 10_000)
    assert rows.Retrieve(id=row.id).text == row.text
    rows.Create(text="y")
    assert [found.text[0] for found in rows.List(order_by="id")] == ["x", "y"]


def test_compressed_answers_by_hand(squeezing):
    running, encoding = squeezing
    _, unsqueeze = ENCODINGS[encoding]
    with RawConnection(running.server.port) as connection:
        accepting = ("grpc-accept-encoding", f"identity, br,{encoding}")
        answer = connection.call(CREATE, create("x" * 10_000), accepting)
        assert answer.status == 0 and answer.headers["grpc-encoding"] == encoding
        [(flag, body)] = answer.messages
        assert flag == 1 and len(body) < 200 and b"x" * 10_000 in unsqueeze(body)
        # A small message stays as it is.
        [(flag, body)] = connection.call(CREATE, create("small"), accepting).messages
        assert flag == 0 and body.endswith(b"small")
        flags = [flag for flag, _ in connection.call(LIST, b"", accepting).messages]
        assert 1 in flags and 0 in flags
        # Who does not ask for it gets none.
        for other in ((), (("grpc-accept-encoding", "identity"),)):
            answer = connection.call(CREATE, create("x" * 10_000), *other)
            assert "grpc-encoding" not in answer.headers and answer.messages[0][0] == 0
