"""A program of a user's own around Pillion: services and layers beside the models (`import Pillion`, `import PillionGRPC`).

The program is `embedding-server`, a test target that uses nothing but what is public. gRPC's interoperability cases run
against a service written with Pillion, and against one of grpc-swift-2's on Pillion's transport.
"""

import pathlib
import threading

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import Int32Value, StringValue
from grpc import StatusCode

from support.admin import Admin
from support.client import TIMEOUT
from support.errors import Refusal
from support.postgres import wait_until
from support.server import DidNotStart, Server

# The cases of the interoperability suite, on this module's servers.
from test_interop import (  # noqa: F401
    messages, pb, stub, test_cancel_after_begin, test_cancel_after_first_response, test_client_streaming, test_custom_metadata,
    test_empty_stream, test_empty_unary, test_large_unary, test_ping_pong, test_server_streaming, test_soak, test_status_code_and_message,
    test_timeout_on_sleeping_server, test_unimplemented,
)

PROGRAM = pathlib.Path(__file__).parent.parent / "EmbeddingServer"
MODELS = (PROGRAM / "models" / "blog.yaml").read_text()
NOTES = """
INSERT INTO note (id, text) VALUES (1, 'one and two');
INSERT INTO note (id, text) VALUES (2, '');
"""
SETTINGS = """
database: { url: "%s" }
server: { reflection: on }
admin: { listen: "127.0.0.1:0" }
interceptors: [request_id, logging, { plugin: Stamp }, read_only]
"""


@pytest.fixture(scope="module", params=[("service", "sqlite"), ("grpc", "postgresql")], ids=lambda param: "-".join(param))
def project(request, new_project):
    project = new_project(request.param[1], blog=MODELS).generate().apply()
    project.database.script(NOTES)
    (project.folder / "pillion.yaml").write_text(SETTINGS % project.database.url)
    project.mode = request.param[0]
    return project


@pytest.fixture(scope="module")
def embedding(project, binary):
    with Server([binary.parent / "embedding-server", project.mode], project.folder) as server:
        yield server


@pytest.fixture(scope="module")
def notes(project, embedding):
    return project.client(embedding).service("NoteController")


@pytest.fixture(scope="module")
def connect(embedding):
    return embedding.channel


@pytest.fixture(scope="module")
def greeter(connect):
    """`greeter("Greet", request)`: a unary call of test.Greeter; the answer and the call."""
    channel = connect()

    def call(method, request, answer=StringValue, **options):
        made = channel.unary_unary(f"/test.Greeter/{method}", type(request).SerializeToString, answer.FromString)
        return made.with_call(request, timeout=TIMEOUT, **options)

    return call


@pytest.fixture(scope="module")
def refused(greeter):
    """The error that a unary call of test.Greeter ends with."""

    def call(method, **options):
        with pytest.raises(grpc.RpcError) as error:
            greeter(method, Empty(), Empty, **options)
        return error.value

    return call


def trailers(call):
    return dict(call.trailing_metadata())


def test_messages_and_context(greeter):
    answer, call = greeter("Greet", StringValue(value="hello"), metadata=[("x-greeter", "ann")])
    assert answer.value == "hello, Greet by ann"
    assert trailers(call)["x-stamp"] == "/test.Greeter/Greet"


def test_streams_of_messages(connect):
    channel = connect()
    count = channel.unary_stream("/test.Greeter/Count", Int32Value.SerializeToString, Int32Value.FromString)
    assert [number.value for number in count(Int32Value(value=2000), timeout=TIMEOUT)] == list(range(2000))
    join = channel.stream_unary("/test.Greeter/Join", StringValue.SerializeToString, StringValue.FromString)
    words = [str(number) for number in range(500)]
    assert join((StringValue(value=word) for word in words), timeout=TIMEOUT).value == " ".join(words)
    echo = channel.stream_stream("/test.Greeter/Echo", StringValue.SerializeToString, StringValue.FromString)
    answers = echo((StringValue(value=word) for word in words), timeout=TIMEOUT)
    assert [answer.value for answer in answers] == words


def test_a_slow_reader_holds_the_method_back(connect, embedding):
    """Endless answers to a client that does not read them stay a few windows' worth."""
    count = connect().unary_stream("/test.Greeter/Count", Int32Value.SerializeToString, Int32Value.FromString)
    stream = count(Int32Value(value=2**31 - 1), timeout=TIMEOUT)
    assert next(stream).value == 0
    before = embedding.resident()
    greeter = connect().unary_unary("/test.Greeter/Greet", StringValue.SerializeToString, StringValue.FromString)
    for _ in range(200):
        greeter(StringValue(value="still there"), timeout=TIMEOUT)
    assert embedding.resident() - before < 64 << 20
    stream.cancel()


def test_an_unexpected_error_is_internal_and_stays_in_the_log(refused, embedding):
    error = refused("Fail")
    assert error.code() == StatusCode.INTERNAL
    identity = trailers(error)["x-request-id"]
    assert identity in error.details() and "secret" not in error.details()
    embedding.logged("the secret of the house", identity)


def test_a_status_is_passed_on(refused):
    error = refused("Refuse")
    assert (error.code(), error.details()) == (StatusCode.FAILED_PRECONDITION, "not today")
    assert trailers(error)["x-hint"] == "later"
    assert Refusal(error).info.reason == "TODAY"


def test_bytes_that_are_no_message(connect):
    call = connect().unary_unary("/test.Greeter/Greet", lambda request: request, StringValue.FromString)
    with pytest.raises(grpc.RpcError) as error:
        call(b"\xff\xff", timeout=TIMEOUT)
    assert error.value.code() == StatusCode.INTERNAL and "decoded" in error.value.details()


def test_a_method_that_hangs_is_cut_by_the_deadline(connect, greeter):
    call = connect().unary_unary("/test.Greeter/Hang", Empty.SerializeToString, Empty.FromString)
    with pytest.raises(grpc.RpcError) as error:
        call(Empty(), timeout=0.2)
    assert error.value.code() == StatusCode.DEADLINE_EXCEEDED
    assert greeter("Greet", StringValue(value="on"))[0].value.startswith("on")


def test_sessions_are_counted(embedding, connect):
    admin = Admin(embedding)

    def sessions(name):
        return admin.metrics().value(f"pillion_database_{name}", lane="sessions")

    call = connect().unary_unary("/test.Greeter/Hold", Empty.SerializeToString, Empty.FromString)
    held = call.future(Empty(), timeout=TIMEOUT)
    wait_until(lambda: sessions("connections_busy") == 1)
    assert 1 <= sessions("connections") <= sessions("connections_limit")
    held.cancel()
    wait_until(lambda: sessions("connections_busy") == 0)
    assert sessions("connections") == 1


def test_layers_are_around_every_service(refused, connect):
    error = refused("Fail", metadata=[("x-refuse", "no entry")])
    assert (error.code(), error.details()) == (StatusCode.PERMISSION_DENIED, "no entry")
    assert Refusal(refused("Write")).info.reason == "READ_ONLY"
    listing = connect().unary_stream("/blog.PostController/List", bytes, bytes)(b"", timeout=TIMEOUT)
    assert list(listing) == []
    assert trailers(listing)["x-stamp"] == "/blog.PostController/List"


ONE = {
    "id": "1", "text": "one and two", "letters": 11, "words": ["one", "and", "two"], "first": {"value": "one"}, "size": "NOTE_SIZE_LONG",
    "readAt": "2024-02-29T12:00:00Z", "details": {"words": 3.0},
}


def test_computed_fields_are_filled_in(notes):
    assert json_format.MessageToDict(notes.Retrieve(id=1)) == ONE
    empty = {"id": "2", "first": {"null": None}, "size": "NOTE_SIZE_SHORT", "readAt": ONE["readAt"], "details": {"words": 0.0}}
    assert [json_format.MessageToDict(note) for note in notes.List()] == [ONE, empty]
    assert [json_format.MessageToDict(note) for note in notes.ListPage().results] == [ONE, empty]


@pytest.mark.parametrize("names", [["letters"], ["text", "details", "first"], ["id", "text"], ["words", "size", "read_at"]])
def test_masks_take_out_all_but_what_they_name(notes, names):
    mask = {"paths": names}
    wanted = {name: value for name, value in ONE.items() if name in names or name == "readAt" and "read_at" in names}
    assert json_format.MessageToDict(notes.Retrieve(id=1, read_mask=mask)) == wanted
    assert json_format.MessageToDict(notes.List(read_mask=mask)[0]) == wanted
    assert json_format.MessageToDict(notes.ListPage(read_mask=mask).results[0]) == wanted


@pytest.mark.parametrize("query", [{"filter": "letters > 3"}, {"filter": 'words:"one"'}, {"order_by": "first desc"}])
def test_queries_know_no_computed_fields(notes, query):
    for method in (notes.List, notes.ListPage):
        with pytest.raises(grpc.RpcError) as error:
            method(**query)
        assert error.value.code() == StatusCode.INVALID_ARGUMENT
        assert "is computed, not stored, and takes no part in queries" in error.value.details()


def test_what_nothing_fills_in_is_said_at_start(embedding):
    said = "is computed, and nothing fills it in"
    assert "'Post.minutes'" in embedding.logged(said)
    assert embedding.output.count(said) == 1


DRAFT = {"id": 1, "text": "new", "tone": "NOTE_DRAFT_REQUEST_TONE_LOUD"}


def test_methods_beside_the_actions(notes):
    assert notes.Draft(json=DRAFT).text == "NEW"
    drafted = notes.Draft(json=DRAFT | {"tags": ["a", "b"], "until": {"value": "2024-01-01T00:00:00Z"}, "day": {"value": "2024-02-29"}})
    assert (drafted.id, drafted.text, drafted.read_at.seconds) == (1, "NEW A B", 1_704_067_200)
    assert [answer.word for answer in notes.Words(id=1)] == ["one", "and", "two"]
    assert notes.Words(id=2) == []
    count = notes.Count()
    assert (count.notes, count.by.WhichOneof("kind")) == (2, "null")
    assert notes.Count(metadata=[("x-name", "ann")]).by.value == "ann"


@pytest.mark.parametrize("changes, field, words", [
    ({"text": ""}, "text", "at least 1 characters"),
    ({"text": "x" * 21}, "text", "at most 20 characters"),
    ({"tone": "NOTE_DRAFT_REQUEST_TONE_UNSPECIFIED"}, "tone", "is not one of the choices"),
    ({"tone": 7}, "tone", "is not one of the choices"),
    ({"tags": ["a", "b", "c"]}, "tags", "at most 2 items"),
    ({"until": {"value": "1999-12-31T23:59:59Z"}}, "until", "must be at least"),
    ({"day": {"value": "2023-02-29"}}, "day", "date"),
])
def test_requests_that_break_the_definitions_do_not_come_to_methods(notes, changes, field, words):
    with pytest.raises(grpc.RpcError) as error:
        notes.Draft(json=DRAFT | changes)
    refusal = Refusal(error.value)
    assert (refusal.code, refusal.fields) == (StatusCode.INVALID_ARGUMENT, [field]), refusal
    assert words in refusal.message


def test_methods_end_as_others_do(notes):
    for call in (lambda: notes.Draft(json=DRAFT | {"id": 9}), lambda: notes.Words(id=9)):
        with pytest.raises(grpc.RpcError) as error:
            call()
        assert (error.value.code(), error.value.details()) == (StatusCode.NOT_FOUND, "There is no note 9.")


def test_layers_are_around_methods(notes):
    with pytest.raises(grpc.RpcError) as error:
        notes.Forget(id=1)
    assert Refusal(error.value).info.reason == "READ_ONLY"
    with pytest.raises(grpc.RpcError) as error:
        notes.Draft(json=DRAFT, metadata=[("x-refuse", "no entry")])
    assert (error.value.code(), error.value.details()) == (StatusCode.PERMISSION_DENIED, "no entry")


def test_a_service_of_methods_alone(project, embedding):
    assert project.client(embedding).service("NoteKeeper").Keep(id=5).id == 5


def test_what_nothing_implements(notes, embedding):
    with pytest.raises(grpc.RpcError) as error:
        notes.Sign()
    assert error.value.code() == StatusCode.UNIMPLEMENTED
    assert error.value.details() == "blog.NoteController/Sign is declared, and this server does not implement it."
    assert "'blog.NoteController/Sign'" in embedding.logged("nothing implements")
    assert embedding.output.count("nothing implements") == 1


def test_reflection_knows_methods(connect):
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

    known = ProtoReflectionDescriptorDatabase(connect())
    assert sorted(known.get_services()) == sorted(set(known.get_services()))
    file = known.FindFileContainingSymbol("blog.NoteController.Draft")
    service = next(service for service in file.service if service.name == "NoteController")
    methods = {method.name: (method.input_type, method.output_type, method.server_streaming) for method in service.method}
    assert methods["Draft"] == (".blog.NoteDraftRequest", ".blog.Note", False)
    assert methods["Words"] == (".blog.NoteWordsRequest", ".blog.NoteWordsResponse", True)
    assert methods["Forget"] == (".blog.NoteForgetRequest", ".google.protobuf.Empty", False)


def test_health_knows_the_services(connect):
    check = connect().unary_unary("/grpc.health.v1.Health/Check", bytes, bytes)
    for name in ("test.Greeter", "grpc.testing.TestService", "blog.PostController"):
        assert check(b"\x0a" + bytes([len(name)]) + name.encode(), timeout=TIMEOUT) == b"\x08\x01"


def test_many_calls_at_once(greeter):
    failures = []

    def run():
        try:
            for number in range(50):
                assert greeter("Greet", StringValue(value=f"{number}"))[0].value.startswith(f"{number},")
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_serve_alone_leaves_computed_fields_unset(start):
    with start("sqlite", sql=NOTES, blog=MODELS) as running:
        notes = running.service("NoteController")
        assert json_format.MessageToDict(notes.Retrieve(id=1)) == {"id": "1", "text": "one and two"}
        assert notes.Retrieve(id=1, read_mask={"paths": ["letters"]}).ByteSize() == 0
        for call in (lambda: notes.Draft(json=DRAFT), lambda: notes.Words(id=1), lambda: notes.Sign()):
            with pytest.raises(grpc.RpcError) as error:
                call()
            assert error.value.code() == StatusCode.UNIMPLEMENTED and "does not implement it" in error.value.details()
        running.server.logged("nothing implements 'blog.NoteKeeper/Keep'")
        running.server.logged("'Note.letters' is computed, and nothing fills it in")


def test_rules_name_methods_that_nothing_implements(new_project):
    project = new_project("sqlite", blog=MODELS).generate().apply()
    (project.folder / "pillion.yaml").write_text("""
interceptors:
  - authorization: { rules: [{ deny: "blog.NoteController/Draft" }, { allow: "*/*" }] }
""")
    with project.serve() as server:
        notes = project.client(server).service("NoteController")
        for call, code in ((lambda: notes.Draft(json=DRAFT), StatusCode.PERMISSION_DENIED), (notes.Sign, StatusCode.UNIMPLEMENTED)):
            with pytest.raises(grpc.RpcError) as error:
                call()
            assert error.value.code() == code


def test_what_is_wrong_is_said_with_the_exit_status_of_serve(binary, new_project):
    project = new_project("sqlite", blog=MODELS).generate().apply()
    (project.folder / "pillion.yaml").write_text("interceptors: [{ plugin: Stanp }]\n")
    with pytest.raises(DidNotStart) as ended:
        Server([binary.parent / "embedding-server", "service"], project.folder, {"PILLION_DATABASE_URL": project.database.url})
    assert ended.value.code == 78 and "Stamp" in ended.value.output


def test_methods_that_do_not_fit_keep_the_server_from_starting(binary, new_project):
    project = new_project("sqlite", blog=MODELS).generate().apply()
    with pytest.raises(DidNotStart) as ended:
        Server([binary.parent / "embedding-server", "wrong"], project.folder, {"PILLION_DATABASE_URL": project.database.url})
    assert ended.value.code == 78
    output = ended.value.output
    for name in ("Draft", "Words", "Count", "Forget"):
        assert f"there is a method for 'blog.PostController/{name}', which no 'methods' of the definitions declares" in output
    declared = "the definitions declare blog.NoteController"
    assert f"{declared}/Draft with blog.NoteDraftRequest, and this method takes blog.Note" in output
    assert f"{declared}/Words with a stream as its answer, and this method answers with one message" in output
    assert f"{declared}/Count with one request, and this method takes a stream" in output


def test_a_reload_says_what_no_longer_fits(binary, new_project):
    project = new_project("sqlite", blog=MODELS).generate().apply()
    variables = {"PILLION_DATABASE_URL": project.database.url}
    with Server([binary.parent / "embedding-server", "--dev", "service"], project.folder, variables) as server:
        project.write(blog=MODELS.replace("          Count: {", "          Tally: {"))
        server.logged("breaking change rpc-removed:blog.NoteController.Count")
        (project.protos / "pillion.lock").unlink()
        server.logged("definitions reloaded")
        server.logged("there is a method for 'blog.NoteController/Count'")
        server.logged("nothing implements 'blog.NoteController/Tally'")
