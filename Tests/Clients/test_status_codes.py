"""The codes of gRPC's `statuscodes.md` that a server makes by itself, ours beside grpcio's (G4)."""

import concurrent.futures
import gzip
import importlib
import sys
import time

import grpc
import pytest
from hyperframe.frame import WindowUpdateFrame

from support.http2 import RawConnection, framed
from support.protos import compile_python
from test_interop import FOLDER, HERE, InteropServer

UNARY, EMPTY, OUTPUT = (f"/grpc.testing.TestService/{name}" for name in ("UnaryCall", "EmptyCall", "StreamingOutputCall"))


@pytest.fixture(scope="module")
def pb(tmp_path_factory):
    folder = tmp_path_factory.mktemp("status")
    compile_python(FOLDER, folder, "interop.proto")
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("interop_pb2"), importlib.import_module("interop_pb2_grpc")
    finally:
        sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def theirs(pb):
    """The port of the same service as grpcio serves it."""
    messages, stubs = pb

    class Service(stubs.TestServiceServicer):
        def EmptyCall(self, request, context):
            return messages.Empty()

        def UnaryCall(self, request, context):
            if request.HasField("response_status"):
                code = next(code for code in grpc.StatusCode if code.value[0] == request.response_status.code)
                context.abort(code, request.response_status.message)
            return messages.SimpleResponse(payload=messages.Payload(body=bytes(request.response_size)))

        def StreamingOutputCall(self, request, context):
            for parameters in request.response_parameters:
                time.sleep(parameters.interval_us / 1e6)
                yield messages.StreamingOutputCallResponse(payload=messages.Payload(body=bytes(parameters.size)))

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
    stubs.add_TestServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None)


@pytest.fixture(scope="module")
def ours(binary):
    with InteropServer([binary.parent / "interop-server"], HERE) as server:
        yield server.port


def sent(path, body, *fields, end=True):
    """A request by its bytes."""

    def call(raw):
        stream = raw.headers(path, *fields)
        for start in range(0, len(body), 16384):
            raw.data(stream, body[start : start + 16384], end=end and start + 16384 >= len(body))
            raw.read(0)
        return stream

    return call


GZIP = ("grpc-encoding", "gzip")
SLOW = b"\x12\x07\x08\x0a\x10\x80\x92\xf4\x01"  # response_parameters { size: 10 interval_us: 4000000 }
CASES = {
    "a call that succeeds": sent(EMPTY, framed(b"")),
    "a compressed call that succeeds": sent(EMPTY, framed(gzip.compress(b""), 1), GZIP),
    "an unknown method": sent("/grpc.testing.TestService/Nothing", framed(b"")),
    "an unknown service": sent("/grpc.testing.Nothing/EmptyCall", framed(b"")),
    "a path without a method": sent("/grpc.testing.TestService", framed(b"")),
    "two messages for a unary call": sent(EMPTY, framed(b"") * 2),
    "a message over the limit": sent(UNARY, framed(bytes((4 << 20) + 1))[:100], end=False),
    "a message that inflates over the limit": sent(UNARY, framed(gzip.compress(bytes(5 << 20)), 1), GZIP),
    "a message that is no protobuf": sent(UNARY, framed(b"\xff\xff")),
    "a message cut short": sent(UNARY, framed(b"\x10\x05")[:-1]),
    "a compressed message without an encoding": sent(EMPTY, framed(b"\0", 1)),
    "a compressed message that is rubbish": sent(EMPTY, framed(b"rubbish", 1), GZIP),
    "an encoding that is not known": sent(EMPTY, framed(b"", 1), ("grpc-encoding", "zstd-of-tomorrow")),
    "a deadline that passes": sent(OUTPUT, framed(SLOW), ("grpc-timeout", "100m")),
} | {
    f"status {code} of a method": sent(UNARY, framed(b"\x3a\x02\x08" + bytes([code]))) for code in range(1, 17)
}
# Ours and theirs, where gRPC's documents are on our side: the number of messages is UNIMPLEMENTED (statuscodes.md), an unknown
# encoding too (compression.md), and of a message that was cut short nothing is said.
DEVIATIONS = {
    "two messages for a unary call": (12, 0),
    "an encoding that is not known": (12, 13),
    "a message cut short": (13, 12),
}


def code(port, call):
    with RawConnection(port, settings={4: 1 << 24}) as raw:
        raw.send(WindowUpdateFrame(0, 1 << 24))
        raw.read(5, lambda: raw.heard_settings)
        return raw.answer(call(raw)).status


@pytest.mark.parametrize("case", CASES)
def test_same_code_as_grpcio(ours, theirs, case):
    found, expected = code(ours, CASES[case]), code(theirs, CASES[case])
    assert (found, expected) == DEVIATIONS.get(case, (expected, expected))
