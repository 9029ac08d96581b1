"""`grpc.health.v1.Health` from gRPC's own client library."""

import queue
import threading

import grpc
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support.client import TIMEOUT
from support.databases import PostgreSQL
from support.errors import refused
from support.postgres import Cluster, wait_until
from support.project import Project

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class Watch:
    """A Watch whose answers are read as they come; `end` is the status that it ended with."""

    def __init__(self, stub, service=""):
        self.call = stub.Watch(health_pb2.HealthCheckRequest(service=service))
        self.statuses = queue.Queue()
        self.end = None
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            for answer in self.call:
                self.statuses.put(answer.status)
        except grpc.RpcError:
            pass
        self.end = self.call.code()

    def next(self):
        return self.statuses.get(timeout=30)


def stub(server):
    return health_pb2_grpc.HealthStub(server.channel())


def check(server, service=""):
    return stub(server).Check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT).status


@pytest.fixture(scope="module")
def notes(kind, start):
    with start(kind, notes=MODEL) as running:
        yield running


@pytest.mark.parametrize("service", ["", "notes.NoteController", "grpc.health.v1.Health"])
def test_check(notes, service):
    assert check(notes.server, service) == SERVING


@pytest.mark.parametrize("service", ["notes.Note", "NoteController", "notes.NoteController/List", "ß" * 1000])
def test_check_of_an_unknown_service(notes, service):
    with refused(StatusCode.NOT_FOUND, details=False):
        check(notes.server, service)


def test_malformed_request(notes):
    method = notes.client.channel.unary_unary("/grpc.health.v1.Health/Check", request_serializer=bytes, response_deserializer=bytes)
    with refused(StatusCode.INTERNAL, details=False):
        method(b"\x0a\x05abc", timeout=TIMEOUT)


def test_watch_of_an_unknown_service(notes):
    watch = Watch(stub(notes.server), "notes.Nothing")
    assert watch.next() == SERVICE_UNKNOWN
    watch.call.cancel()
    watch.thread.join(10)
    assert watch.end == StatusCode.CANCELLED
    assert check(notes.server) == SERVING


def test_watch_sees_the_shutdown_and_does_not_hold_it_up(new_project, kind):
    server = new_project(kind, notes=MODEL).generate().apply().serve()
    try:
        watch = Watch(stub(server))
        assert watch.next() == SERVING
        server.terminate()
        assert watch.next() == NOT_SERVING
        watch.thread.join(10)
        assert watch.end == StatusCode.UNAVAILABLE
        assert server.wait() == 0
    finally:
        server.kill()


def test_database_goes_and_comes_back(binary, tmp_path):
    cluster = Cluster()
    try:
        project = Project(binary, tmp_path, PostgreSQL(cluster)).write(notes=MODEL).generate().apply()
        with project.serve() as server:
            watch = Watch(stub(server), "notes.NoteController")
            assert watch.next() == SERVING
            cluster.stop()
            assert watch.next() == NOT_SERVING
            assert check(server) == check(server, "notes.NoteController") == NOT_SERVING
            cluster.start()
            assert watch.next() == SERVING
            wait_until(lambda: check(server) == SERVING)
            watch.call.cancel()
    finally:
        cluster.remove()
