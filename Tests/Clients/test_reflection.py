"""Reflection: clients that have no proto file, on plaintext, TLS and a Unix socket."""

import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time

import grpc
import hpack
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc import StatusCode
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from hyperframe import frame

from support.certificates import Authority
from support.client import TIMEOUT
from support.errors import refused
from support.postgres import wait_until
from support.protos import descriptor_set

MODEL = """
package: notes.v1
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
      author: { type: string, null: true }
      seen: { type: timestamp, null: true }
      extra: { type: json, null: true }
"""
OTHER = """
package: later
models:
  Thing:
    fields:
      id: { type: int64, primary_key: true }
"""
SERVICES = [
    "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
    "notes.v1.NoteController",
]
VERSIONS = ["v1", "v1alpha"]
LOOPBACK = "127.0.0.1:0"
Request = reflection_pb2.ServerReflectionRequest


class Doors:
    """One server, and how each client comes in by each door."""

    def __init__(self, project, server, authority):
        self.project = project
        self.server = server
        self.authority = authority
        self.secure, self.port, unix = server.listeners
        self.path = unix.removeprefix("unix:")

    def channel(self, door):
        if door == "tls":
            return self.server.channel(
                target=f"localhost:{self.secure}", credentials=grpc.ssl_channel_credentials(self.authority.pem))
        return self.server.channel(target=f"unix:{self.path}" if door == "unix" else f"127.0.0.1:{self.port}")

    def grpcurl(self, door, *arguments, data=None):
        options, address = {
            "tls": (["-cacert", "ca.pem"], f"localhost:{self.secure}"),
            "plaintext": (["-plaintext"], f"127.0.0.1:{self.port}"),
            "unix": (["-plaintext", "-unix"], self.path),
        }[door]
        return self.run("grpcurl", *options, *(["-d", data] if data else []), address, *arguments)

    def buf(self, door, *arguments, path=""):
        options, url = {
            "tls": (["--cacert", "ca.pem"], f"https://localhost:{self.secure}"),
            "plaintext": (["--http2-prior-knowledge"], f"http://127.0.0.1:{self.port}"),
            "unix": (["--http2-prior-knowledge", "--unix-socket", self.path], "http://localhost"),
        }[door]
        return self.run("buf", "curl", "--protocol", "grpc", *options, *arguments, url + path)

    def run(self, tool, *arguments):
        done = subprocess.run(
            [pathlib.Path(sys.executable).parent / tool, *arguments], cwd=self.project.folder, capture_output=True, text=True,
            timeout=60, env=os.environ | {"BUF_CACHE_DIR": str(self.project.folder / "cache")})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def doors(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    authority = Authority()
    authority.server().write(project.folder, "server")
    (project.folder / "ca.pem").write_bytes(authority.pem)
    listen = [LOOPBACK, f"plaintext://{LOOPBACK}", f"unix:{project.folder / 'pillion.sock'}"]
    settings = {"REFLECTION": "on", "TLS_CERTIFICATE": "server.pem", "TLS_KEY": "server.key"}
    with project.serve(listen=listen, variables={f"PILLION_SERVER_{name}": value for name, value in settings.items()}) as server:
        yield Doors(project, server, authority)


def ask(channel, *requests, version="v1"):
    """The answers to the requests of one stream."""
    method = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=lambda request: request if isinstance(request, bytes) else request.SerializeToString(),
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString)
    return list(method(iter(requests), timeout=TIMEOUT))


def files(answer):
    return [descriptor_pb2.FileDescriptorProto.FromString(file) for file in answer.file_descriptor_response.file_descriptor_proto]


def services(channel, version="v1"):
    answer, = ask(channel, Request(list_services=""), version=version)
    return [service.name for service in answer.list_services_response.service]


def plain(file):
    """Without what a descriptor may have or not: names for JSON, comments, options."""
    file = descriptor_pb2.FileDescriptorProto.FromString(file.SerializeToString())
    file.ClearField("options")
    file.ClearField("source_code_info")

    def clear(message):
        for field in message.field:
            field.ClearField("json_name")
        for nested in message.nested_type:
            clear(nested)

    for message in file.message_type:
        clear(message)
    return file


# MARK: The tools

DOORS = pytest.mark.parametrize("door", ["plaintext", "unix", "tls"])


@DOORS
def test_grpcurl(doors, door):
    assert doors.grpcurl(door, "list").split() == SERVICES
    assert doors.grpcurl(door, "list", "notes.v1.NoteController").split() == [
        f"notes.v1.NoteController.{name}" for name in ("Create", "Destroy", "List", "PartialUpdate", "Retrieve", "Update")]
    described = doors.grpcurl(door, "describe", "notes.v1.Note")
    assert "message Note" in described and ".notes.v1.NullableString author = 3;" in described
    assert ".google.protobuf.Value value" in doors.grpcurl(door, "describe", "notes.v1.NullableValue")
    assert "rpc List" in doors.grpcurl(door, "describe", "notes.v1.NoteController")
    created = json.loads(doors.grpcurl(
        door, "notes.v1.NoteController/Create", data='{"text": "without a file", "author": {"value": "me"}, "extra": {"value": {"a": 1}}}'))
    assert created["text"] == "without a file"
    listed = doors.grpcurl(door, "notes.v1.NoteController/List")
    assert f'"id": "{created["id"]}"' in listed
    assert json.loads(doors.grpcurl(door, "grpc.health.v1.Health/Check")) == {"status": "SERVING"}
    assert json.loads(doors.grpcurl(door, "grpc.health.v1.Health/Check", data='{"service": "notes.v1.NoteController"}'))


@DOORS
def test_buf_curl(doors, door):
    assert sorted(doors.buf(door, "--list-services").split()) == SERVICES
    assert "notes.v1.NoteController/List" in doors.buf(door, "--list-methods")
    created = json.loads(doors.buf(door, "--data", '{"text": "buf"}', path="/notes.v1.NoteController/Create"))
    fetched = doors.buf(door, "--data", json.dumps({"id": created["id"]}), path="/notes.v1.NoteController/Retrieve")
    assert json.loads(fetched)["text"] == "buf"
    assert json.loads(doors.buf(door, path="/grpc.health.v1.Health/Check")) == {"status": "SERVING"}


@DOORS
def test_grpcios_own_client(doors, door):
    channel = doors.channel(door)
    database = ProtoReflectionDescriptorDatabase(channel)
    assert sorted(database.get_services()) == SERVICES
    pool = descriptor_pool.DescriptorPool(database)
    create = pool.FindServiceByName("notes.v1.NoteController").FindMethodByName("Create")
    note = message_factory.GetMessageClass(create.input_type)
    call = channel.unary_unary(
        "/notes.v1.NoteController/Create", request_serializer=note.SerializeToString, response_deserializer=note.FromString)
    assert call(note(text="from a pool"), timeout=TIMEOUT).text == "from a pool"
    # As grpc_health_probe does it, but without a proto.
    check = pool.FindServiceByName("grpc.health.v1.Health").FindMethodByName("Check")
    probe = channel.unary_unary(
        "/grpc.health.v1.Health/Check", request_serializer=message_factory.GetMessageClass(check.input_type).SerializeToString,
        response_deserializer=message_factory.GetMessageClass(check.output_type).FromString)
    answer = probe(message_factory.GetMessageClass(check.input_type)(service="notes.v1.NoteController"), timeout=TIMEOUT)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


# MARK: The descriptors


@pytest.mark.parametrize("version", VERSIONS)
def test_files_are_those_that_protoc_makes(doors, version):
    answer, = ask(doors.channel("plaintext"), Request(file_containing_symbol="notes.v1.Note"), version=version)
    served = files(answer)
    names = [file.name for file in served]
    assert names[0] == next(file.name for file in descriptor_set(doors.project.protos).file if file.package == "notes.v1")
    assert len(set(names)) == len(names)
    assert {"google/protobuf/empty.proto", "google/protobuf/struct.proto", "google/protobuf/timestamp.proto"} <= set(names)
    expected = {file.name: file for file in descriptor_set(doors.project.protos).file}
    for file in served:
        assert plain(file) == plain(expected[file.name]), file.name


@pytest.mark.parametrize("symbol", [
    "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1.ErrorResponse", "grpc.reflection.v1alpha.ServerReflectionRequest",
])
def test_reflection_describes_itself(doors, symbol):
    answer, = ask(doors.channel("plaintext"), Request(file_containing_symbol=symbol))
    file, = files(answer)
    version = symbol.split(".")[2]
    assert file.name == f"grpc/reflection/{version}/reflection.proto"
    expected = descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(expected)
    text = plain(expected).SerializeToString().replace(b"v1alpha", b"v1") if version == "v1" else None
    if text is None:
        file.name = expected.name
        assert plain(file) == plain(expected)
    else:
        assert [message.name for message in file.message_type] == [message.name for message in expected.message_type]
        assert [[(field.name, field.number, field.type, field.label) for field in message.field] for message in file.message_type] == [
            [(field.name, field.number, field.type, field.label) for field in message.field] for message in expected.message_type]


def test_health_is_described(doors):
    answer, = ask(doors.channel("plaintext"), Request(file_by_filename="grpc/health/v1/health.proto"))
    file, = files(answer)
    expected = descriptor_pb2.FileDescriptorProto()
    health_pb2.DESCRIPTOR.CopyToProto(expected)
    for message in plain(file).message_type:
        assert message in plain(expected).message_type
    assert [method.name for method in file.service[0].method] == ["Check", "Watch"]


@pytest.mark.parametrize("symbol", [
    "notes.v1.Note", "notes.v1.Note.text", "notes.v1.NoteController", "notes.v1.NoteController.List", "google.protobuf.Struct",
    "google.protobuf.Struct.FieldsEntry", "google.protobuf.NullValue", "google.protobuf.NULL_VALUE", "google.protobuf.Value.kind",
    "grpc.health.v1.HealthCheckResponse.SERVING", "grpc.health.v1.HealthCheckResponse.ServingStatus",
])
def test_symbols(doors, symbol):
    answer, = ask(doors.channel("plaintext"), Request(file_containing_symbol=symbol))
    assert symbol.startswith(files(answer)[0].package)


# MARK: The stream


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_unknown_is_an_error_in_the_stream(doors, version):
    requests = [
        Request(host="a.host", file_by_filename="nowhere.proto"), Request(file_containing_symbol="notes.v1.Nothing"),
        Request(file_containing_symbol=""), Request(file_containing_symbol=".notes.v1.Note"),
        Request(file_containing_extension={"containing_type": "notes.v1.Note", "extension_number": 100}),
        Request(all_extension_numbers_of_type="notes.v1.Nothing"), Request(),
    ]
    answers = ask(doors.channel("plaintext"), *requests, Request(list_services="*"), version=version)
    not_found, invalid = StatusCode.NOT_FOUND.value[0], StatusCode.INVALID_ARGUMENT.value[0]
    assert [answer.error_response.error_code for answer in answers] == [not_found] * 6 + [invalid, 0]
    assert [answer.original_request for answer in answers[:-1]] == requests
    assert answers[0].valid_host == "a.host" and "nowhere.proto" in answers[0].error_response.error_message
    assert len(answers[-1].list_services_response.service) == len(SERVICES)


def test_extensions_of_a_message_are_none(doors):
    answer, = ask(doors.channel("plaintext"), Request(all_extension_numbers_of_type="notes.v1.Note"))
    assert answer.all_extension_numbers_response.base_type_name == "notes.v1.Note"
    assert not answer.all_extension_numbers_response.extension_number


def test_the_last_question_of_a_request_counts(doors):
    both = Request(list_services="").SerializeToString() + Request(file_by_filename="nowhere").SerializeToString()
    first, second = ask(doors.channel("plaintext"), both, Request(file_by_filename="nowhere").SerializeToString() + Request(list_services="").SerializeToString())
    assert first.HasField("error_response") and second.HasField("list_services_response")


def test_an_empty_stream_ends_well(doors):
    assert ask(doors.channel("plaintext")) == []


def test_a_malformed_request_ends_the_stream(doors):
    with refused(StatusCode.INTERNAL, details=False):
        ask(doors.channel("plaintext"), b"\x1a\x05abc")


def test_many_questions(doors):
    count = 500
    answers = ask(doors.channel("plaintext"), *[Request(file_containing_symbol="notes.v1.Note")] * count)
    assert len(answers) == count and len({answer.SerializeToString() for answer in answers}) == 1


def test_a_client_that_asks_and_does_not_read_is_not_asked_on(doors):
    """10,000 answers of several KiB each, for a client whose window stays shut: they are made as it takes them."""
    count, question = 10_000, Request(file_containing_symbol="notes.v1.Note").SerializeToString()
    answer, = ask(doors.channel("plaintext"), question)
    length = answer.ByteSize() + 5
    head = [
        (":method", "POST"), (":scheme", "http"), (":path", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"),
        (":authority", "test"), ("te", "trailers"), ("content-type", "application/grpc"),
    ]
    data = (struct.pack(">BI", 0, len(question)) + question) * count
    assert len(data) < 256 << 10 and length * count > 30 << 20
    with socket.create_connection(("127.0.0.1", doors.port), timeout=30) as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame.SettingsFrame(0).serialize())
        # The server's windows hold once its settings are acknowledged.
        client.recv(1000)
        client.sendall(frame.SettingsFrame(0, flags=["ACK"]).serialize())
        doors.server.reset_peak()
        before = doors.server.resident()
        client.sendall(frame.HeadersFrame(1, hpack.Encoder().encode(head), flags=["END_HEADERS"]).serialize())
        for start in range(0, len(data), 16_384):
            part = data[start : start + 16_384]
            flags = ["END_STREAM"] if start + len(part) == len(data) else []
            client.sendall(frame.DataFrame(1, part, flags=flags).serialize())
        time.sleep(1)
        assert doors.server.peak_resident() - before < 12 << 20
        for stream in (0, 1):
            client.sendall(frame.WindowUpdateFrame(stream, window_increment=1 << 30).serialize())
        taken, ended = 0, False
        stream = client.makefile("rb")
        while not ended:
            received, size = frame.Frame.parse_frame_header(memoryview(stream.read(9)))
            received.parse_body(memoryview(stream.read(size)))
            taken += len(received.data) if isinstance(received, frame.DataFrame) else 0
            ended = "END_STREAM" in received.flags
        assert taken == count * length


# MARK: The switch


@pytest.mark.parametrize("version", VERSIONS)
def test_off_by_default(new_project, version):
    with new_project("sqlite", notes=MODEL).generate().apply().serve() as server:
        with refused(StatusCode.UNIMPLEMENTED, details=False):
            ask(server.channel(), Request(list_services=""), version=version)


def test_on_in_development_and_after_a_reload(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    lock = project.folder / "protos/pillion.lock"
    before = lock.read_text()
    with project.serve("--dev") as server:
        channel = server.channel()
        assert services(channel) == SERVICES
        project.write(later=OTHER)
        wait_until(lambda: "later.ThingController" in services(channel))
        answer, = ask(channel, Request(file_containing_symbol="later.Thing"))
        assert files(answer)[0].package == "later"
        # To take a service away breaks its clients: the lock, which was written with it, refuses that.
        (project.folder / "models/later.yaml").unlink()
        server.logged("the ones before go on being served")
        assert "later.ThingController" in services(channel)
        lock.write_text(before)
        wait_until(lambda: services(channel) == SERVICES)


def test_health_knows_reflection(doors):
    check = doors.channel("plaintext").unary_unary(
        "/grpc.health.v1.Health/Check", request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString)
    for service in SERVICES:
        assert check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT).status == health_pb2.HealthCheckResponse.SERVING
