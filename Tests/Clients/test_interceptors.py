"""The chain of interceptors: one configuration, every call."""

import concurrent.futures
import json
import re
import threading
import time

import grpc
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support.callers import AUDIENCE, ISSUER, SECRET, bearer
from support.client import TIMEOUT
from support.errors import Refusal, refused
from support.postgres import wait_until

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string, unique: true }
"""


@pytest.fixture
def serve(new_project):
    """`serve(interceptors, kind)`: a server with this chain, and a note in its table."""
    stack = []

    def run(interceptors, kind="sqlite", more="", **options):
        project = new_project(kind, notes=MODEL).generate().apply()
        project.database.script("INSERT INTO note (id, text) VALUES (1, 'first')")
        (project.folder / "pillion.yaml").write_text(f"{more}\ninterceptors:\n{interceptors}\n")
        server = project.serve(**options)
        stack.append(server)
        client = project.client(server)
        return project, server, client.service("NoteController")

    yield run
    for server in stack:
        if server.process.poll() is None:
            server.stop()


def call_lines(server):
    """The lines of calls that are logged, without those of others."""
    lines = []
    for line in server.lines:
        if line.startswith("{"):
            entry = json.loads(line)
            if entry["logger"] == "pillion.calls":
                lines.append(entry)
    return lines


def logged(server, count):
    wait_until(lambda: len(call_lines(server)) >= count)
    return call_lines(server)


def test_request_id_and_log_line(serve, kind):
    _, server, notes = serve("  - request_id\n  - logging: { slow: 1h }", kind)
    _, call = notes.Retrieve.with_call(id=1, metadata=[("x-request-id", "from-the-client/1")])
    assert dict(call.initial_metadata())["x-request-id"] == "from-the-client/1"
    _, call = notes.Retrieve.with_call(id=1, metadata=[("x-request-id", "not well-formed;")])
    made = dict(call.initial_metadata())["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{16}", made)
    assert len(notes.List()) == 1
    with refused(StatusCode.NOT_FOUND):
        notes.Retrieve(id=9)
    notes.Create(id=2, text="secret words")
    lines = logged(server, 5)
    assert [line["request_id"] for line in lines[:2]] == ["from-the-client/1", made]
    assert [line["method"].rsplit("/")[-1] for line in lines] == ["Retrieve", "Retrieve", "List", "Retrieve", "Create"]
    assert [line["status"] for line in lines] == ["OK", "OK", "OK", "NOT_FOUND", "OK"]
    assert [line["rows"] for line in lines] == [1, 1, 1, 0, 1]
    first = lines[0]
    assert first["level"] == "info" and first["message"] == "call"
    assert first["peer"].startswith("127.0.0.1:") or first["peer"].startswith("[::1]")
    assert first["request_bytes"] == 7 and first["response_bytes"] > 7 and first["duration_ms"] > 0
    assert "secret words" not in server.output


def test_every_call_passes(serve):
    """Unknown methods, health and reflection are logged as all others are."""
    _, server, _ = serve("  - logging", more="server: { reflection: on }")
    channel = server.channel()
    health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
    unknown = channel.unary_unary('/no.Such/Method"\\n')
    with pytest.raises(grpc.RpcError):
        unknown(b"", timeout=TIMEOUT)
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

    assert "notes.NoteController" in ProtoReflectionDescriptorDatabase(channel).get_services()
    lines = logged(server, 3)
    assert [(line["method"], line["status"]) for line in lines[:2]] == [
        ("/grpc.health.v1.Health/Check", "OK"), ('/no.Such/Method"\\n', "UNIMPLEMENTED"),
    ]
    assert lines[2]["method"].startswith("/grpc.reflection.")


def test_request_id_of_an_internal_error(serve):
    """What the client is given is what stands in the log."""
    project, server, notes = serve("  - request_id", more="log: { level: debug }", kind="sqlite")
    with refused(StatusCode.ALREADY_EXISTS, "UNIQUE_VIOLATION") as refusal:
        notes.Create(id=3, text="first", metadata=[("x-request-id", "mine-1")])
    assert refusal.refusal.info.metadata["request_id"] == "mine-1"
    server.logged('"request_id":"mine-1"')


def test_slow_calls(serve):
    """Only slow calls are logged where the level of the others is below the log's."""
    _, server, notes = serve("  - logging: { level: debug, slow: 1ms }")
    notes.Retrieve(id=1)
    writer = [notes.Create.start(id=number, text=f"n{number}") for number in range(10, 40)]
    for call in writer:
        call.result()
    lines = logged(server, 1)
    assert {line["level"] for line in lines} == {"warning"}


def test_deadline(serve):
    _, server, _ = serve("  - deadline: { default: 300ms, max: 500ms }", more="server: { reflection: on }")
    channel = server.channel()
    # Both sides stay open, so that only a deadline ends it.
    stream = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    silence = threading.Event()

    def nothing():
        silence.wait(60)
        yield from ()

    for timeout, least in [(None, 0.3), (60, 0.5), (0.1, 0.1)]:
        began = time.monotonic()
        with pytest.raises(grpc.RpcError) as error:
            list(stream(nothing(), timeout=timeout))
        assert error.value.code() == StatusCode.DEADLINE_EXCEEDED
        assert time.monotonic() - began >= least
    silence.set()
    watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    time.sleep(0.7)
    assert watch.is_active()
    watch.cancel()


def test_concurrency_limit(serve):
    _, server, notes = serve("  - concurrency_limit: { in_flight: 2, queue: 1 }")
    health = health_pb2_grpc.HealthStub(server.channel())
    watches = [health.Watch(health_pb2.HealthCheckRequest()) for _ in range(2)]
    assert all(next(watch).status for watch in watches)
    waiting = notes.Retrieve.start(id=1)

    # The third waits; as soon as it does, a fourth is one too many. Should the fourth come first, the third was refused.
    def is_full():
        nonlocal waiting
        if waiting.done():
            waiting = notes.Retrieve.start(id=1)
        try:
            notes.Retrieve(id=1, timeout=0.2)
        except grpc.RpcError as error:
            return error.code() == StatusCode.RESOURCE_EXHAUSTED and error
        return False

    refusal = Refusal(wait_until(is_full))
    assert refusal.info.reason == "EXHAUSTED" and refusal.retry.retry_delay.nanos == 100_000_000
    assert refusal.trailers["grpc-retry-pushback-ms"] == "100"
    assert not waiting.done()
    watches[0].cancel()
    assert waiting.result(timeout=TIMEOUT).text == "first"
    # One that gives up while it waits leaves the queue to others.
    more = health.Watch(health_pb2.HealthCheckRequest())
    assert next(more).status
    wait_until(lambda: refuses(lambda: notes.Retrieve(id=1, timeout=0.2)) == StatusCode.DEADLINE_EXCEEDED)
    more.cancel()
    watches[1].cancel()
    wait_until(lambda: refuses(lambda: notes.Retrieve(id=1, timeout=1)) is None)


def refuses(body):
    """The code of the call's refusal; None: it is answered."""
    try:
        body()
    except grpc.RpcError as error:
        return error.code()
    return None


def test_no_place_is_lost(serve):
    """Calls that are cancelled at random, in the queue or at work, leave all places free."""
    _, server, notes = serve("  - concurrency_limit: { in_flight: 3, queue: 50 }")
    for round in range(5):
        calls = [notes.Create.start(id=1000 * round + number + 10, text=f"{round}-{number}") for number in range(40)]
        for number, call in enumerate(calls):
            if number % 3:
                call.cancel()
    health = health_pb2_grpc.HealthStub(server.channel())

    # Three at once can only run when no place was lost.
    def all_run():
        watches = [health.Watch(health_pb2.HealthCheckRequest(), timeout=2) for _ in range(3)]
        try:
            return all(next(watch).status for watch in watches)
        except grpc.RpcError:
            return False
        finally:
            for watch in watches:
                watch.cancel()

    wait_until(all_run)


def test_rate_limit(serve):
    """G23: an abuser at many times its rate gets its rate, another connection of the peer no more; retries are told."""
    _, server, notes = serve("  - rate_limit: { key: peer, rate: 50/s, burst: 10 }")
    allowed = 0
    began = time.monotonic()
    while time.monotonic() - began < 2:
        try:
            notes.Retrieve(id=1)
            allowed += 1
        except grpc.RpcError as error:
            last = Refusal(error)
    passed = time.monotonic() - began
    expected = 50 * passed + 10
    assert abs(allowed - expected) <= 0.05 * expected + 1, f"{allowed} of {expected}"
    assert last.code == StatusCode.RESOURCE_EXHAUSTED and last.info.reason == "RATE_LIMITED"
    pushback = int(last.trailers["grpc-retry-pushback-ms"])
    assert 1 <= pushback <= 21
    assert last.retry.retry_delay.nanos == pushback * 1_000_000
    time.sleep(pushback / 1000)
    assert refuses(lambda: notes.Retrieve(id=1)) is None


def test_rate_limit_of_principals(serve):
    """G23: an abuser at twenty times its rate costs the ten polite callers beside it nothing, and gets its rate, though all share
    an address."""
    rate, seconds = 20, 3
    project, server, _ = serve(
        f"""  - authentication:
      jwt: {{ secret: "{SECRET}", issuer: "{ISSUER}", audience: {AUDIENCE} }}
  - rate_limit: {{ key: principal, rate: {rate}/s, burst: {rate} }}
""")
    over = threading.Event()

    def abuse():
        """As fast as `rate * 20`, without waiting for answers."""
        notes = project.client(server).service("NoteController")
        metadata, calls, began = bearer(sub="abuser"), [], time.monotonic()
        while not over.is_set():
            calls.append(notes.Retrieve.start(id=1, metadata=metadata))
            over.wait(max(0, began + len(calls) / (rate * 20) - time.monotonic()))
        codes = [call.code() for call in calls]
        return codes, time.monotonic() - began

    def be_polite(number):
        """At a quarter of the rate, one call after the other."""
        notes = project.client(server).service("NoteController")
        metadata, times, began = bearer(sub=f"polite{number}"), [], time.monotonic()
        while (sent := time.monotonic()) < began + seconds:
            assert notes.Retrieve(id=1, metadata=metadata).text == "first"
            times.append(time.monotonic() - sent)
            time.sleep(4 / rate)
        return times

    with concurrent.futures.ThreadPoolExecutor(11) as threads:
        alone = [time for done in [threads.submit(be_polite, number) for number in range(10)] for time in done.result()]
        abuser = threads.submit(abuse)
        beside = [time for done in [threads.submit(be_polite, number) for number in range(10)] for time in done.result()]
        over.set()
        codes, passed = abuser.result()
    # Every polite call succeeded, or its future would have raised. Both sides of the comparison share two cores with the client.
    assert sorted(beside)[len(beside) * 95 // 100] <= 2 * sorted(alone)[len(alone) * 95 // 100] + 0.2
    allowed, expected = codes.count(StatusCode.OK), rate * passed + rate
    assert set(codes) == {StatusCode.OK, StatusCode.RESOURCE_EXHAUSTED}
    assert len(codes) > 5 * expected and abs(allowed - expected) <= 0.05 * expected + 1, f"{allowed} of {expected} in {len(codes)}"


def test_read_only(serve, kind):
    _, _, notes = serve("  - read_only: { when: '${NO_WRITES:-false}' }", kind, variables={"NO_WRITES": "true"})
    assert notes.Retrieve(id=1).text == "first"
    assert len(notes.List()) == 1
    for call in [
        lambda: notes.Create(id=5, text="x"), lambda: notes.Update(id=1, text="x"), lambda: notes.Destroy(id=1),
        lambda: notes.PartialUpdate(json={"id": 1, "text": "x"}),
    ]:
        with refused(StatusCode.FAILED_PRECONDITION, "READ_ONLY"):
            call()
    assert [note.text for note in notes.List()] == ["first"]


def test_order_counts(serve):
    """What is above the layer that refuses sees the refusal, what is below does not see the call."""
    _, server, notes = serve("  - request_id\n  - read_only\n  - logging")
    with pytest.raises(grpc.RpcError) as error:
        notes.Create(id=5, text="x")
    assert "x-request-id" in dict(error.value.initial_metadata()) | dict(error.value.trailing_metadata())
    notes.Retrieve(id=1)
    assert [line["method"] for line in logged(server, 1)] == ["/notes.NoteController/Retrieve"]


def test_mistakes_are_told_at_once(new_project):
    project = new_project(None, notes=MODEL).generate()
    (project.folder / "pillion.yaml").write_text(
        "interceptors:\n  - requestid\n  - logging: { slow: soon, levle: info }\n  - rate_limit: { rate: 5 }\n"
        "  - read_only: { when: '${NOT_SET}' }\n"
    )
    done = project.run("serve", "--print-config")
    assert done.returncode == 78
    for expected in [
        "pillion.yaml:2:5: error: unknown interceptor 'requestid'; did you mean 'request_id'?",
        "pillion.yaml:3:22: error: 'logging.slow' expected a duration",
        "pillion.yaml:3:28: error: unknown setting 'levle' of 'logging'; did you mean 'level'?",
        "pillion.yaml:4:25: error: 'rate_limit.rate' expected a rate such as 100/s",
        "pillion.yaml:5:24: error: the environment has no 'NOT_SET'",
    ]:
        assert expected in done.stderr, done.stderr


def test_what_does_not_go_together(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    (project.folder / "pillion.yaml").write_text("interceptors:\n  - deadline: { default: 2m, max: 1m }\n  - plugin: Mine\n")
    done = project.run("serve", "--listen=127.0.0.1:0", "--database", project.database.url)
    assert done.returncode == 78
    assert "pillion.yaml:2:26: error: 'deadline.default' is longer than 'deadline.max'" in done.stderr
    assert "pillion.yaml:3:13: error: no plugin 'Mine' is registered" in done.stderr


def test_print_config(new_project):
    """What is printed is a configuration that means the same."""
    project = new_project(None, notes=MODEL)
    (project.folder / "pillion.yaml").write_text(
        "interceptors: [request_id, logging: { slow: '${SLOW:-200ms}' }, rate_limit: { rate: 100/s }]\n")
    variables = {"PILLION_INTERCEPTORS_RATE_LIMIT_BURST": "7"}
    printed = project.check("serve", "--print-config", variables=variables)
    lines = printed[printed.index("\ninterceptors:") + 1 :].splitlines()
    assert lines == [
        "interceptors:  # pillion.yaml", "  - request_id: { header: x-request-id, sql_comment: false }",
        "  - logging: { level: info, slow: 200ms }", "  - rate_limit: { key: principal, rate: 100/s, burst: 7 }",
    ]
    (project.folder / "again.yaml").write_text(printed)
    again = project.check("serve", "--print-config", "--config", "again.yaml")
    assert again[again.index("\ninterceptors:") + 1 :].splitlines()[1:] == lines[1:]
    list_in_environment = {"PILLION_INTERCEPTORS": "[logging]"}
    assert "interceptors:  # environment\n  - logging: {" in project.check(
        "serve", "--print-config", variables=list_in_environment)


def test_a_log_that_nobody_reads_holds_up_no_call(new_project, tmp_path):
    """Standard error is full: calls go on, and lines are dropped."""
    import os
    import subprocess

    from support.server import environment

    project = new_project("sqlite", notes=MODEL).generate().apply()
    project.database.script("INSERT INTO note (id, text) VALUES (1, 'first')")
    (project.folder / "pillion.yaml").write_text("interceptors: [logging]\n")
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [project.binary, "serve", "--listen", f"unix:{tmp_path}/s", "--database", project.database.url],
        cwd=project.folder, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writing)
    try:
        with grpc.insecure_channel(f"unix:{tmp_path}/s") as channel:
            grpc.channel_ready_future(channel).result(timeout=60)
            call = channel.unary_unary("/grpc.health.v1.Health/Check")
            # A pipe takes 64 KiB: some 300 lines.
            for _ in range(1500):
                call(b"", timeout=TIMEOUT)
    finally:
        # Nobody will read what the end of the server says.
        os.close(reading)
        os.close(writing)
        process.terminate()
        assert process.wait(timeout=60) == 0
