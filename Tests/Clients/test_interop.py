"""gRPC's interoperability cases against the transport, in the clear and over TLS, without interceptors and with every one that
ships (G1): Python, C++ and Go clients, and frames by hand.

The server is `interop-server`, a test target that serves `grpc.testing.TestService` on the same transport as pillion.
"""

import gzip
import importlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import zlib

import grpc
import pytest
from grpc import StatusCode
from hyperframe.frame import WindowUpdateFrame

from support.certificates import Authority
from support.client import TIMEOUT
from support.collector import Collector
from support.http2 import RawConnection, framed
from support.postgres import wait_until
from support.protos import compile_go, compile_python, go_environment
from support.server import Server

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE / "interop"
SOAK = int(os.environ.get("PILLION_SOAK", 200))
# Seconds that busy clients are watched, and megabytes of their streams.
BUSY, MEGABYTES = int(os.environ.get("PILLION_BUSY_SECONDS", 3)), int(os.environ.get("PILLION_BUSY_MEGABYTES", 10))
SIZES, ANSWERS = (27182, 8, 1828, 45904), (31415, 9, 2653, 58979)
SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
UNARY = "/grpc.testing.TestService/UnaryCall"
EMPTY = "/grpc.testing.TestService/EmptyCall"
OUTPUT = "/grpc.testing.TestService/StreamingOutputCall"
SQUEEZE = {"gzip": (gzip.compress, gzip.decompress), "deflate": (zlib.compress, zlib.decompress)}
COMPRESSIONS = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}


# Every layer that ships, each with work to do and nothing to refuse.
CHAIN = """
interceptors:
  - request_id
  - logging
  - tracing: {{ otlp: "{collector}" }}
  - metrics
  - deadline: {{ default: 60s, max: 10m }}
  - concurrency_limit: {{ in_flight: 10000, queue: 10 }}
  - rate_limit: {{ key: peer, rate: 1000000/s, burst: 1000000 }}
  - authentication: {{ jwt: {{ secret: 0123456789abcdef0123456789abcdef }}, anonymous: ["grpc.testing.*/*"] }}
  - authorization: {{ rules: [{{ allow: "grpc.testing.*/*" }}, {{ deny: "nothing.Else/*" }}] }}
  - read_only
  - audit: "{audit}"
"""


class InteropServer(Server):
    said_last = "listening"

    def calls(self):
        """The calls that the layer which logs has seen end."""
        return [json.loads(line) for line in list(self.lines) if line.startswith("{")]


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), text=True, capture_output=True, timeout=900, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def collector():
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def serve(binary, authority, tmp_path_factory):
    """`serve(secure, collector)`: a server, with TLS and with the chain if there is a collector for its spans."""

    def make(secure=False, collector=None):
        folder, arguments = tmp_path_factory.mktemp("interop-server"), []
        if collector:
            (folder / "chain.yaml").write_text(CHAIN.format(collector=collector.url, audit=folder / "audit.log"))
            arguments += ["--interceptors", folder / "chain.yaml"]
        if secure:
            authority.server().write(folder, "server")
            arguments += [folder / "server.pem", folder / "server.key"]
        return InteropServer([binary.parent / "interop-server", *arguments], HERE)

    return make


@pytest.fixture(scope="module")
def server(serve):
    with serve() as server:
        yield server


@pytest.fixture(scope="module")
def secure_server(serve):
    with serve(secure=True) as server:
        yield server


@pytest.fixture(scope="module")
def chain_server(serve, collector):
    with serve(collector=collector) as server:
        yield server


@pytest.fixture(scope="module")
def secure_chain_server(serve, collector):
    with serve(secure=True, collector=collector) as server:
        yield server


@pytest.fixture(scope="module", params=["plaintext", "tls", "plaintext through the chain", "tls through the chain"])
def connect(request, authority):
    """`connect()`: a channel to the server, in the clear and over TLS, without layers and with all of them."""
    secure, chain = request.param.startswith("tls"), request.param.endswith("chain")
    server = request.getfixturevalue(f"{'secure_' if secure else ''}{'chain_' if chain else ''}server")
    if not secure:
        return server.channel
    credentials = grpc.ssl_channel_credentials(authority.pem)
    return lambda *options: server.channel(*options, target=f"localhost:{server.port}", credentials=credentials)


@pytest.fixture(scope="module")
def pb(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interop")
    compile_python(FOLDER, folder, "interop.proto")
    sys.path.insert(0, str(folder))
    try:
        modules = importlib.import_module("interop_pb2"), importlib.import_module("interop_pb2_grpc")
    finally:
        sys.path.remove(str(folder))
    return modules[0], modules[1]


@pytest.fixture
def stub(connect, pb):
    return pb[1].TestServiceStub(connect())


@pytest.fixture
def messages(pb):
    return pb[0]


@pytest.fixture(params=["server", "chain_server"])
def raw(request):
    port = request.getfixturevalue(request.param).port
    with RawConnection(port, settings={4: 1 << 24}) as connection:
        connection.send(WindowUpdateFrame(0, 1 << 24))
        yield connection


def large(messages, **fields):
    return messages.SimpleRequest(response_size=314159, payload=messages.Payload(body=bytes(271828)), **fields)


def ask(messages, size, payload=0, **fields):
    parameters = messages.ResponseParameters(size=size, **fields)
    return messages.StreamingOutputCallRequest(response_parameters=[parameters], payload=messages.Payload(body=bytes(payload)))


@pytest.fixture
def addresses(server, secure_server, chain_server, secure_chain_server, authority, tmp_path):
    """What the clients of other languages are called with: ports in the clear, and ports with TLS."""
    (tmp_path / "authority.pem").write_bytes(authority.pem)
    return (
        *([plain.address] for plain in (server, chain_server)),
        *([f"localhost:{secure.port}", tmp_path / "authority.pem"] for secure in (secure_server, secure_chain_server)),
    )


def test_cpp(addresses, tmp_path):
    shutil.copy(HERE / "cpp" / "Makefile", tmp_path)
    shutil.copy(FOLDER / "cpp" / "main.cc", tmp_path)
    run("make", f"-j{os.cpu_count()}", f"PROTOS={FOLDER}", "NAMES=interop", "client", cwd=tmp_path)
    for arguments in addresses:
        assert len(run(tmp_path / "client", *arguments).split()) == 15


@pytest.fixture(scope="module")
def go(tmp_path_factory):
    """`go("busy")`: one of the programs in Go, built."""
    folder = tmp_path_factory.mktemp("go")
    compile_go(FOLDER, "interop.proto", "interop", folder / "src" / "interop")

    def build(name):
        client = f"{name}_client"
        shutil.copytree(FOLDER / name, folder / "src" / client)
        run("go", "build", "-o", folder / client, client, cwd=folder, env=go_environment(folder))
        return folder / client

    return build


def test_go(addresses, go):
    client = go("go")
    for arguments in addresses:
        assert len(run(client, *arguments).split()) == 16


def test_a_busy_go_client_is_not_punished(server, go):
    """500 calls a second and streams of megabytes on one connection, with the pings of grpc-go: no GOAWAY, no failure (G16)."""
    done = run(go("busy"), server.address, BUSY, 500, MEGABYTES)
    calls, streams = re.match(r"(\d+) calls, (\d+) streams", done).groups()
    assert int(calls) > 0 and int(streams) >= 2


def test_a_busy_python_client_is_not_punished(server, pb):
    """The same with grpcio, and its keepalive as eager as it may be (G16)."""
    messages, stubs = pb
    channel = server.channel(("grpc.keepalive_time_ms", 10_000), ("grpc.keepalive_permit_without_calls", 1), ("grpc.http2.max_pings_without_data", 0))
    states, over, failures, served = [], threading.Event(), [], []
    channel.subscribe(states.append, try_to_connect=True)
    stub = stubs.TestServiceStub(channel)
    parameters = [messages.ResponseParameters(size=256 << 10)] * (4 * MEGABYTES)

    def work(of):
        try:
            while not over.is_set():
                of()
                served.append(1)
        except Exception as error:
            failures.append(error)

    def stream():
        request = messages.StreamingOutputCallRequest(response_parameters=parameters)
        assert sum(len(answer.payload.body) for answer in stub.StreamingOutputCall(request, timeout=TIMEOUT)) == MEGABYTES << 20

    def unary():
        stub.EmptyCall(messages.Empty(), timeout=TIMEOUT)

    threads = [threading.Thread(target=work, args=(of,)) for of in (stream, stream, unary, unary, unary)]
    for thread in threads:
        thread.start()
    over.wait(BUSY)
    over.set()
    for thread in threads:
        thread.join(TIMEOUT)
    assert not failures, failures[0]
    assert len(served) > 10
    # One connection from the first to the last call.
    assert states.count(grpc.ChannelConnectivity.READY) == 1 and states[-1] == grpc.ChannelConnectivity.READY, states


def test_empty_unary(stub, messages):
    assert stub.EmptyCall(messages.Empty(), timeout=TIMEOUT) == messages.Empty()


def test_large_unary(stub, messages):
    assert stub.UnaryCall(large(messages), timeout=TIMEOUT).payload.body == bytes(314159)


@pytest.mark.parametrize("encoding", COMPRESSIONS)
def test_compressed_unary(stub, messages, encoding):
    yes, no = messages.BoolValue(value=True), messages.BoolValue(value=False)
    request = large(messages, expect_compressed=yes, response_compressed=yes)
    answer = stub.UnaryCall(request, timeout=TIMEOUT, compression=COMPRESSIONS[encoding])
    assert answer.payload.body == bytes(314159)
    assert stub.UnaryCall(large(messages, expect_compressed=no), timeout=TIMEOUT).payload.body == bytes(314159)
    with pytest.raises(grpc.RpcError) as refused:
        stub.UnaryCall(large(messages, expect_compressed=yes), timeout=TIMEOUT)
    assert refused.value.code() == StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("encoding", [None, *COMPRESSIONS])
def test_client_streaming(stub, messages, encoding):
    def request(size):
        # gRPC sends a message as it is that would not get smaller.
        expected = messages.BoolValue(value=True) if encoding and size > 100 else None
        return messages.StreamingInputCallRequest(payload=messages.Payload(body=bytes(size)), expect_compressed=expected)

    requests = (request(size) for size in SIZES)
    answer = stub.StreamingInputCall(requests, timeout=TIMEOUT, compression=COMPRESSIONS.get(encoding))
    assert answer.aggregated_payload_size == 74922


def test_server_streaming(stub, messages):
    parameters = [messages.ResponseParameters(size=size, interval_us=1000) for size in ANSWERS]
    request = messages.StreamingOutputCallRequest(response_parameters=parameters)
    assert [len(answer.payload.body) for answer in stub.StreamingOutputCall(request, timeout=TIMEOUT)] == list(ANSWERS)


def test_ping_pong(stub, messages):
    turns = []

    def requests():
        for size, payload in zip(ANSWERS, SIZES):
            yield ask(messages, size, payload)
            # The next only when the answer has come.
            while not turns or turns[-1] != size:
                turn.acquire()

    turn = threading.Semaphore(0)
    for answer in stub.FullDuplexCall(requests(), timeout=TIMEOUT):
        turns.append(len(answer.payload.body))
        turn.release()
    assert turns == list(ANSWERS)


def test_empty_stream(stub):
    assert list(stub.FullDuplexCall(iter(()), timeout=TIMEOUT)) == []


def test_custom_metadata(stub, messages):
    sent = (("x-grpc-test-echo-initial", "test_initial_metadata_value"), ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab\0\xff"))
    _, call = stub.UnaryCall.with_call(large(messages), timeout=TIMEOUT, metadata=sent)
    assert sent[0] in call.initial_metadata() and sent[1] in call.trailing_metadata()
    stream = stub.FullDuplexCall(iter([ask(messages, 31415, 27182)]), timeout=TIMEOUT, metadata=sent)
    assert len(list(stream)) == 1
    assert sent[0] in stream.initial_metadata() and sent[1] in stream.trailing_metadata()


@pytest.mark.parametrize("message", ["test status message", SPECIAL, "", "100 % “quoted”"])
def test_status_code_and_message(stub, messages, message):
    status = messages.EchoStatus(code=2, message=message)
    with pytest.raises(grpc.RpcError) as unary:
        stub.UnaryCall(messages.SimpleRequest(response_status=status), timeout=TIMEOUT)
    with pytest.raises(grpc.RpcError) as stream:
        list(stub.FullDuplexCall(iter([messages.StreamingOutputCallRequest(response_status=status)]), timeout=TIMEOUT))
    for error in (unary.value, stream.value):
        assert (error.code(), error.details()) == (StatusCode.UNKNOWN, message)


def test_unimplemented(connect, stub, pb):
    messages, stubs = pb
    for call in (stub.UnimplementedCall, stubs.UnimplementedServiceStub(connect()).UnimplementedCall):
        with pytest.raises(grpc.RpcError) as error:
            call(messages.Empty(), timeout=TIMEOUT)
        assert error.value.code() == StatusCode.UNIMPLEMENTED


def test_cancel_after_begin(stub, messages):
    over = threading.Event()

    def requests():
        # A request that ended before the cancel would have its answer.
        over.wait(TIMEOUT)
        yield from ()

    call = stub.StreamingInputCall.future(requests(), timeout=TIMEOUT)
    call.cancel()
    assert call.code() == StatusCode.CANCELLED
    over.set()


def test_cancel_after_first_response(stub, messages):
    def requests():
        yield ask(messages, 31415, 27182)
        over.wait(TIMEOUT)

    over = threading.Event()
    stream = stub.FullDuplexCall(requests(), timeout=TIMEOUT)
    next(stream)
    stream.cancel()
    over.set()
    assert stream.code() == StatusCode.CANCELLED


def test_timeout_on_sleeping_server(stub, messages):
    stream = stub.FullDuplexCall(iter([ask(messages, 31415, 27182, interval_us=5_000_000)]), timeout=0.05)
    with pytest.raises(grpc.RpcError) as error:
        next(stream)
    assert error.value.code() == StatusCode.DEADLINE_EXCEEDED


def test_soak(stub, messages):
    """Many large calls on one channel (G2; 10,000 in `make soak`)."""
    for _ in range(SOAK):
        assert len(stub.UnaryCall(large(messages), timeout=TIMEOUT).payload.body) == 314159


def test_soak_of_channels(connect, pb, messages):
    """A channel for each call (G2; 1,000 in `make soak`)."""
    for _ in range(SOAK // 10):
        with connect() as channel:
            answer = pb[1].TestServiceStub(channel).UnaryCall(large(messages), timeout=TIMEOUT)
        assert len(answer.payload.body) == 314159


def test_the_chain_is_around_every_call(chain_server, collector, pb):
    """The layers of the servers above were there: each call has its line, its span and its name."""
    messages, stubs = pb
    stub, before = stubs.TestServiceStub(chain_server.channel()), len(chain_server.calls())
    trace = "7" * 32
    metadata = [("traceparent", f"00-{trace}-{'3' * 16}-01"), ("x-request-id", "mine")]
    _, call = stub.UnaryCall.with_call(large(messages), timeout=TIMEOUT, metadata=metadata)
    assert ("x-request-id", "mine") in call.initial_metadata()
    assert len(list(stub.FullDuplexCall(iter([ask(messages, 1), ask(messages, 2)]), timeout=TIMEOUT))) == 2
    with pytest.raises(grpc.RpcError):
        stubs.UnimplementedServiceStub(chain_server.channel()).UnimplementedCall(messages.Empty(), timeout=TIMEOUT)
    wait_until(lambda: len(chain_server.calls()) >= before + 3, what="three lines")
    lines = {line["method"].rpartition("/")[2]: line["status"] for line in chain_server.calls()[before:]}
    assert lines == {"UnaryCall": "OK", "FullDuplexCall": "OK", "UnimplementedCall": "UNIMPLEMENTED"}
    assert "grpc.testing.TestService/UnaryCall" in collector.trace(trace, 1)


# By hand: what no client shows.


@pytest.mark.parametrize("encoding", SQUEEZE)
def test_answers_are_compressed_as_asked(raw, messages, encoding):
    yes, no = messages.BoolValue(value=True), messages.BoolValue(value=False)
    accepting = ("grpc-accept-encoding", f"identity,{encoding}")
    request = messages.SimpleRequest(response_size=314159, response_compressed=yes)
    answer = raw.call(UNARY, request.SerializeToString(), accepting)
    assert answer.status == 0 and answer.headers["grpc-encoding"] == encoding
    [(flag, body)] = answer.messages
    assert flag == 1 and len(messages.SimpleResponse.FromString(SQUEEZE[encoding][1](body)).payload.body) == 314159
    request.response_compressed.CopyFrom(no)
    assert [flag for flag, _ in raw.call(UNARY, request.SerializeToString(), accepting).messages] == [0]
    parameters = [messages.ResponseParameters(size=size, compressed=value) for size, value in ((31415, yes), (92653, no), (58979, yes))]
    request = messages.StreamingOutputCallRequest(response_parameters=parameters)
    assert [flag for flag, _ in raw.call(OUTPUT, request.SerializeToString(), accepting).messages] == [1, 0, 1]


@pytest.mark.parametrize(
    "content_type, http, status",
    [
        ("application/grpc", "200", 0), ("application/grpc+proto", "200", 0), ("application/grpc;charset=utf-8", "200", 0),
        ("application/json", "415", 13), ("application/grpc-web", "415", 13), (None, "415", 13),
    ],
)
def test_content_type(raw, content_type, http, status):
    stream = raw.headers(EMPTY, content_type=content_type)
    raw.data(stream, framed(b""))
    answer = raw.answer(stream)
    assert (answer.headers[":status"], answer.status) == (http, status)


def test_no_te(raw):
    stream = raw.headers(EMPTY, te=False)
    raw.data(stream, framed(b""))
    assert raw.answer(stream).status == 0


@pytest.mark.parametrize(
    "timeout, http, status",
    [
        ("99999999H", "200", 0), ("10000000u", "200", 0), ("99999999n", "200", 0), ("1M", "200", 0), ("60S", "200", 0),
        ("0n", "200", 4), ("100000000S", "400", 13), ("1", "400", 13), ("", "400", 13), ("1s", "400", 13), ("-1S", "400", 13), ("1.5S", "400", 13),
    ],
)
def test_grpc_timeout(raw, timeout, http, status):
    stream = raw.headers(EMPTY, ("grpc-timeout", timeout))
    raw.data(stream, framed(b""))
    answer = raw.answer(stream)
    assert (answer.headers[":status"], answer.status) == (http, status)


@pytest.mark.parametrize("unit, count", [("n", 99_999_999), ("u", 99_999), ("m", 100), ("S", 1)])
def test_a_timeout_ends_the_call(raw, messages, unit, count):
    request = ask(messages, 10, interval_us=30_000_000)
    assert raw.call(OUTPUT, request.SerializeToString(), ("grpc-timeout", f"{count}{unit}")).status == 4


def test_trailers_only(raw):
    """An error before any message is one header block with the end of the stream."""
    stream = raw.headers("/grpc.testing.TestService/UnimplementedCall", end=True)
    answer = raw.answer(stream)
    assert answer.blocks == 1 and answer.status == 12 and answer.headers["content-type"] == "application/grpc"
    assert raw.call(EMPTY).blocks == 2


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_other_http_methods(raw, method):
    stream = raw.headers(EMPTY, method=method, end=True)
    assert raw.answer(stream).headers[":status"] == "405"
