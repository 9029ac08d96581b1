"""`metrics`: what Prometheus reads of calls, connections and the process."""

import os
import time

import grpc
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support.admin import Admin
from support.client import TIMEOUT
from support.errors import refused
from support.postgres import wait_until

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string, max_length: 100 }
      tag: { type: string, null: true, unique: true }
"""
SERVICE = "notes.NoteController"
CONFIGURATION = """
admin: { listen: "127.0.0.1:0" }
interceptors:
  - metrics
"""


def serve(project, text=CONFIGURATION, **options):
    (project.folder / "pillion.yaml").write_text(text)
    return project.serve(**options)


@pytest.fixture(scope="module")
def notes(kind, new_project):
    project = new_project(kind, notes=MODEL).generate().apply()
    with serve(project) as server:
        yield project, server, Admin(server)


def ended(admin, count, **labels):
    """Calls are counted when the last byte of their answer has gone, which is not before the client has read it."""
    wait_until(lambda: admin.metrics().value("grpc_server_handled_total", **labels) == count)
    return admin.metrics()


def test_calls_by_method_and_status(notes):
    project, server, admin = notes
    before = admin.metrics()

    def added(after, name, **labels):
        return after.value(name, **labels) - before.value(name, **labels)

    stub = project.client(server).service("NoteController")
    keys = [stub.Create(text="a" * 50, tag=None).id for _ in range(20)]
    for key in keys:
        stub.Retrieve(id=key)
    with refused(StatusCode.NOT_FOUND):
        stub.Retrieve(id=10**9)
    with refused(StatusCode.INVALID_ARGUMENT):
        stub.Create(text="a" * 101)
    rows = stub.List()
    stub.Destroy(id=keys.pop())
    known = {"grpc_service": SERVICE}
    after = ended(admin, before.value("grpc_server_handled_total", **known) + 44, **known)

    assert added(after, "grpc_server_started_total", **known) == 44
    for method, code, count, kind in [
        ("Create", "OK", 20, "unary"), ("Create", "InvalidArgument", 1, "unary"), ("Retrieve", "OK", 20, "unary"),
        ("Retrieve", "NotFound", 1, "unary"), ("List", "OK", 1, "server_stream"), ("Destroy", "OK", 1, "unary"),
    ]:
        assert added(
            after, "grpc_server_handled_total", grpc_method=method, grpc_code=code, grpc_type=kind, **known) == count
    assert added(after, "grpc_server_msg_sent_total", grpc_method="List", **known) == len(rows)
    assert added(after, "pillion_rows_total", grpc_method="List", **known) == len(rows)
    assert added(after, "pillion_rows_total", grpc_method="Retrieve", **known) == 20
    assert added(after, "grpc_server_msg_received_total", grpc_method="Retrieve", **known) == 21
    assert added(after, "grpc_server_msg_sent_total", grpc_method="Retrieve", **known) == 20
    assert added(after, "grpc_server_msg_received_bytes_total", grpc_method="Create", **known) >= 20 * 50
    assert added(after, "grpc_server_msg_sent_bytes_total", grpc_method="Retrieve", **known) >= 20 * 50
    assert after.value("grpc_server_in_flight") == 0


def test_histogram(notes):
    project, server, admin = notes
    project.client(server).service("NoteController").List()
    wait_until(lambda: admin.metrics().value("grpc_server_handling_seconds_count", grpc_method="List") > 0)
    metrics = admin.metrics()
    assert metrics.types["grpc_server_handling_seconds"] == "histogram"
    buckets = metrics.all("grpc_server_handling_seconds_bucket", grpc_service=SERVICE, grpc_method="List")
    bounds = [labels["le"] for labels, _ in buckets]
    counts = [count for _, count in buckets]
    assert bounds[-1] == "+Inf" and [float(bound) for bound in bounds] == sorted(float(bound) for bound in bounds)
    assert counts == sorted(counts)
    name = "grpc_server_handling_seconds"
    assert counts[-1] == metrics.value(f"{name}_count", grpc_service=SERVICE, grpc_method="List")
    assert 0 < metrics.value(f"{name}_sum", grpc_service=SERVICE, grpc_method="List") < TIMEOUT


def test_unknown_methods_share_one_label(notes):
    project, server, admin = notes
    channel = server.channel()
    unknown = {"grpc_service": "unknown", "grpc_method": "unknown"}
    before = admin.metrics().value("grpc_server_handled_total", **unknown)
    for path in ["/a/b", "/notes.NoteController/Nothing", "/notes.Nothing/List", '/"}x/y', "/canary-of-a-path/x"]:
        with refused(StatusCode.UNIMPLEMENTED, details=False):
            channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)(b"", timeout=TIMEOUT)
    metrics = ended(admin, before + 5, **unknown)
    assert metrics.value("grpc_server_handled_total", grpc_code="Unimplemented", **unknown) >= 5
    assert "canary" not in metrics.text and "Nothing" not in metrics.text


def test_health_is_counted(notes):
    _, server, admin = notes
    labels = {"grpc_service": "grpc.health.v1.Health", "grpc_method": "Check", "grpc_code": "OK"}
    before = admin.metrics().value("grpc_server_handled_total", **labels)
    health_pb2_grpc.HealthStub(server.channel()).Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
    ended(admin, before + 1, **labels)


def test_calls_in_flight(notes):
    project, server, admin = notes
    labels = {"grpc_service": "grpc.health.v1.Health", "grpc_method": "Watch"}
    watch = health_pb2_grpc.HealthStub(server.channel()).Watch(health_pb2.HealthCheckRequest())
    next(watch)
    assert admin.metrics().value("grpc_server_in_flight", **labels) == 1
    watch.cancel()
    wait_until(lambda: admin.metrics().value("grpc_server_in_flight", **labels) == 0)
    assert admin.metrics().value("grpc_server_handled_total", grpc_code="Canceled", **labels) >= 1


def test_connections(notes):
    project, server, admin = notes
    before = admin.metrics()
    channels = [server.channel() for _ in range(3)]
    for channel in channels:
        grpc.channel_ready_future(channel).result(timeout=30)
    during = admin.metrics()
    assert during.value("pillion_connections") == before.value("pillion_connections") + 3
    assert during.value("pillion_connections_opened_total") == before.value("pillion_connections_opened_total") + 3
    for channel in channels:
        channel.close()
    wait_until(lambda: admin.metrics().value("pillion_connections") == before.value("pillion_connections"))


def test_database(notes):
    project, server, admin = notes
    stub = project.client(server).service("NoteController")
    stub.Create(text="a", tag={"value": "once"})
    with refused(StatusCode.ALREADY_EXISTS):
        stub.Create(text="a", tag={"value": "once"})
    stub.List()
    metrics = admin.metrics()
    lanes = ["point", "stream"] if project.database.kind == "postgresql" else ["write", "read", "stream"]
    for name in ["connections", "connections_busy", "connections_limit", "queue_length", "waits_total", "refusals_total"]:
        assert [labels["lane"] for labels, _ in metrics.all(f"pillion_database_{name}")] == lanes
    for lane in lanes:
        open_now = metrics.value("pillion_database_connections", lane=lane)
        assert 1 <= open_now <= metrics.value("pillion_database_connections_limit", lane=lane)
        assert 0 <= metrics.value("pillion_database_connections_busy", lane=lane) <= open_now
    assert metrics.value("pillion_database_up") == metrics.value("pillion_ready") == 1
    assert metrics.value("pillion_database_statements_prepared_total") > 0
    assert metrics.value("pillion_database_errors_total", reason="UNIQUE_VIOLATION") == 1


def test_a_full_queue_is_seen(new_project):
    """Lists that wait for the only connection, and those that there is no room for."""
    project = new_project("postgresql", notes=MODEL).generate().apply()
    project.database.query("INSERT INTO note (text) SELECT repeat('a', 90) FROM generate_series(1, 50000)")
    text = CONFIGURATION + "database: { pool: { streams: 1, queue: 2 } }\n"
    with serve(project, text) as server:
        admin = Admin(server)
        stub = project.client(server).service("NoteController")
        running = stub.List.start()
        next(running)
        waiting = [stub.List.start() for _ in range(2)]
        wait_until(lambda: admin.metrics().value("pillion_database_queue_length", lane="stream") == 2)
        with refused(StatusCode.RESOURCE_EXHAUSTED):
            stub.List()
        metrics = admin.metrics()
        assert metrics.value("pillion_database_connections_busy", lane="stream") == 1
        assert metrics.value("pillion_database_refusals_total", lane="stream") == 1
        running.cancel()
        for rows in waiting:
            next(rows)
            rows.cancel()
        assert admin.metrics().value("pillion_database_waits_total", lane="stream") in (2, 3)


def test_page_tokens(notes):
    project, server, admin = notes
    stub = project.client(server).service("NoteController")
    for text in "abc":
        stub.Create(text=text)
    call = stub.List.start(page_size=1)
    list(call)
    token = dict(call.trailing_metadata())["pillion-next-page-token"]
    forged = ("A" if token[-8] != "A" else "B").join([token[:-8], token[-7:]])
    for reason, fields in [
        ("malformed", {"page_token": "?"}), ("forged", {"page_token": forged}),
        ("other_query", {"page_token": token, "filter": 'text = "a"'}),
    ]:
        before = admin.metrics().value("pillion_page_token_errors_total", reason=reason)
        with refused(StatusCode.INVALID_ARGUMENT):
            stub.List(page_size=1, **fields)
        assert admin.metrics().value("pillion_page_token_errors_total", reason=reason) == before + 1


def test_reloads(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with serve(project, text="admin: { listen: \"127.0.0.1:0\" }\n") as server:
        metrics = Admin(server).metrics()
        assert {tuple(labels.values()): value for labels, value in metrics.all("pillion_reloads_total")} == {
            ("definitions", "failed"): 0, ("definitions", "ok"): 0, ("certificate", "failed"): 0, ("certificate", "ok"): 0,
        }
        # Without the interceptor no call is counted, and there is no family that says nothing.
        assert "grpc_server" not in metrics.text
    (project.folder / "pillion.yaml").unlink()
    with project.serve("--dev", variables={"PILLION_ADMIN_LISTEN": "127.0.0.1:0"}) as server:
        admin = Admin(server)
        project.write(notes=MODEL + "      more: { type: strin }\n")
        wait_until(lambda: admin.metrics().value("pillion_reloads_total", kind="definitions", outcome="failed") == 1)
        project.write(notes=MODEL)
        wait_until(lambda: admin.metrics().value("pillion_reloads_total", kind="definitions", outcome="ok") == 1)


def test_process(notes):
    _, server, admin = notes
    metrics = admin.metrics()
    pid = server.process.pid
    assert metrics.value("process_open_fds") == pytest.approx(len(os.listdir(f"/proc/{pid}/fd")), abs=3)
    assert metrics.value("process_resident_memory_bytes") == pytest.approx(server.resident(), rel=0.5)
    assert metrics.value("process_max_fds") >= metrics.value("process_open_fds")
    assert metrics.value("process_cpu_seconds_total") > 0
    assert metrics.value("process_threads") == pytest.approx(len(os.listdir(f"/proc/{pid}/task")), abs=2)
    with open("/proc/uptime") as file:
        boot = time.time() - float(file.read().split()[0])
    with open(f"/proc/{pid}/stat") as file:
        started = boot + int(file.read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    assert metrics.value("process_start_time_seconds") == pytest.approx(started, abs=5)
    version = project_version(notes)
    assert metrics.value("pillion_build_info", version=version) == 1


def project_version(notes):
    return notes[0].check("--version").split()[-1]


def test_nothing_of_a_client_is_in_it(notes):
    """RELIABILITY G52: no key, no value, no token, no path that a client made up."""
    project, server, admin = notes
    stub = project.client(server).service("NoteController")
    secret = "canary-4711"
    stub.Create(text=secret, metadata=[("authorization", f"Bearer {secret}"), ("x-request-id", secret)])
    stub.List(filter=f'text = "{secret}"')
    with refused(StatusCode.UNIMPLEMENTED, details=False):
        server.channel().unary_unary(f"/{secret}/x", request_serializer=bytes, response_deserializer=bytes)(b"", timeout=30)
    assert secret not in admin.metrics().text
