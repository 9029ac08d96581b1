"""The limits of docs/configuration.md, as clients meet them."""

import os
import resource
import threading
import time

import grpc
import pytest
from grpc import StatusCode

from support.client import TIMEOUT
from support.errors import refused
from support.http2 import RawConnection

MODEL = """
package: limits
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""


@pytest.fixture
def serve(kind, start):
    """`serve(max_connections=1)`: a server with these settings of `server`; `database__…` for those of `database`."""

    def run(**settings):
        names = {name.upper() if name.startswith("database") else f"SERVER_{name.upper()}": value for name, value in settings.items()}
        return start(kind, limits=MODEL, variables={f"PILLION_{name}": str(value) for name, value in names.items()})

    return run


def test_more_connections_than_there_is_place_for(serve):
    with serve(max_connections=2) as running:
        first = running.service("RowController")
        row = first.Create(text="x")
        second = running.project.client(running.server).service("RowController")
        assert second.Retrieve(id=row.id).text == "x"
        third = running.project.client(running.server).service("RowController")
        with pytest.raises(grpc.RpcError) as failure:
            third.Retrieve(id=row.id, timeout=TIMEOUT)
        assert failure.value.code() == StatusCode.UNAVAILABLE
        assert first.Retrieve(id=row.id).text == second.Retrieve(id=row.id).text == "x"


def test_more_calls_than_the_queue_takes(serve):
    """While the database is held up, calls that find the queue full are told when to come back; the others are served."""
    with serve(database_pool_queue=4, database_pool_connections=1, max_concurrent_streams=1000) as running:
        rows = running.service("RowController")
        rows.Create(text="warm")
        holder = running.database.connect()
        holder.execute("BEGIN IMMEDIATE" if running.kind == "sqlite" else "BEGIN")
        if running.kind == "postgresql":
            holder.execute("LOCK TABLE row IN ACCESS EXCLUSIVE MODE")
        calls = [rows.Create.start(text=f"t{number}") for number in range(900)]
        deadline = time.monotonic() + TIMEOUT
        while not any(call.done() for call in calls) and time.monotonic() < deadline:
            time.sleep(0.01)
        holder.execute("ROLLBACK")
        holder.close()
        codes = [call.code() for call in calls]
        assert set(codes) == {StatusCode.OK, StatusCode.RESOURCE_EXHAUSTED}
        shed = next(call for call in calls if call.code() == StatusCode.RESOURCE_EXHAUSTED)
        with refused(StatusCode.RESOURCE_EXHAUSTED, "EXHAUSTED") as refusal:
            shed.result()
        assert refusal.retry is not None
        written = running.database.query("SELECT count(*) FROM row WHERE text LIKE 't%'")[0][0]
        assert written == codes.count(StatusCode.OK)
        assert rows.Create(text="after").text == "after"


def test_an_answer_over_the_limit(serve):
    with serve(max_response_bytes="10kB") as running:
        rows = running.service("RowController")
        with refused(StatusCode.RESOURCE_EXHAUSTED, details=False):
            rows.Create(text="x" * 20_000)
        row = rows.Create(text="x" * 9_000)
        assert rows.Retrieve(id=row.id) == row
        with refused(StatusCode.RESOURCE_EXHAUSTED, details=False):
            rows.List()
        assert [len(found.text) for found in rows.List(order_by="id desc", page_size=1)] == [9_000]


def test_memory_for_requests_has_a_bound(serve):
    """Many uploads at once: what has no room is told so, the others are served, and memory stays what it may be."""
    with serve(max_connection_buffer="8MiB", max_buffer="16MiB", database_pool_connections=2) as running:
        services = [running.project.client(running.server).service("RowController") for _ in range(8)]
        for service in services:
            service.Create(text="warm")
        idle = running.server.resident()
        running.server.reset_peak()
        calls = [service.Create.start(text="x" * (3 << 20)) for service in services for _ in range(12)]
        codes = [call.code() for call in calls]
        assert set(codes) <= {StatusCode.OK, StatusCode.RESOURCE_EXHAUSTED} and StatusCode.OK in codes
        for call in calls:
            if call.code() == StatusCode.RESOURCE_EXHAUSTED:
                with refused(StatusCode.RESOURCE_EXHAUSTED, "EXHAUSTED") as refusal:
                    call.result()
                assert refusal.retry is not None
        grown = running.server.peak_resident() - idle
        assert grown < len(calls) * 3 << 20, f"grew by {grown >> 20} MiB for {len(calls) * 3} MiB of requests"
        assert services[0].Create(text="after").text == "after"


def test_connections_that_end_by_age_fail_no_call(serve):
    """A client of gRPC follows GOAWAY by itself."""
    with serve(max_connection_age="300ms") as running:
        rows = running.project.client(running.server, ("grpc.enable_retries", 1)).service("RowController")
        row = rows.Create(text="x")
        connectivity = set()
        running.server.channels[-1].subscribe(connectivity.add)
        end = time.monotonic() + 3
        failures = []

        def work():
            while time.monotonic() < end:
                try:
                    assert rows.Retrieve(id=row.id) == row
                except Exception as error:
                    failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(TIMEOUT)
        assert not failures, failures[0]
        assert grpc.ChannelConnectivity.IDLE in connectivity or grpc.ChannelConnectivity.CONNECTING in connectivity


def test_pings_of_a_client_that_keeps_its_connection_alive(serve):
    """Pings at the least interval that is allowed are answered, faster ones end the connection."""
    with serve(keepalive_min_client_interval="10s") as running:
        options = [
            ("grpc.keepalive_time_ms", 1000), ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
        ]
        eager = running.project.client(running.server, *options).service("RowController")
        states = []
        running.server.channels[-1].subscribe(states.append)
        row = eager.Create(text="x")
        deadline = time.monotonic() + 30
        while states.count(grpc.ChannelConnectivity.READY) == 0 or states[-1] == grpc.ChannelConnectivity.READY:
            assert time.monotonic() < deadline, f"still connected: {states}"
            time.sleep(0.1)
        # The next call connects anew, and the client has learned to ping less often.
        assert eager.Retrieve(id=row.id) == row


def test_idle_connections_end_and_come_back(serve):
    with serve(idle_timeout="300ms") as running:
        rows = running.service("RowController")
        for number in range(4):
            assert rows.Create(text=str(number)).text == str(number)
            time.sleep(0.5)


def test_an_upload_that_was_ended_early_is_not_waited_for(serve):
    """What a client still sends to a call that is over is skipped, and when it falls silent behind that no frame is due."""
    with serve(handshake_timeout="300ms") as running, RawConnection(running.server.port) as raw:
        stream = raw.headers("/limits.RowController/Nothing")
        assert raw.answer(stream).status == StatusCode.UNIMPLEMENTED.value[0]
        for _ in range(3):
            raw.data(stream, b"x" * 40_000, end=False)
            time.sleep(0.05)
        raw.read(1.5, lambda: raw.closed or raw.goaways)
        assert not raw.closed and not raw.goaways
        assert raw.call("/limits.RowController/Nothing").status == StatusCode.UNIMPLEMENTED.value[0]


def test_more_connections_than_there_are_file_descriptors(serve):
    """A server that may open no more files (EMFILE) keeps serving those it has, and takes new clients when it can again (G21)."""
    with serve() as running:
        rows = running.service("RowController")
        row = rows.Create(text="x")
        list(rows.List())
        process = running.server.process.pid
        _, most = resource.prlimit(process, resource.RLIMIT_NOFILE)
        open_files = max(map(int, os.listdir(f"/proc/{process}/fd")))
        resource.prlimit(process, resource.RLIMIT_NOFILE, (open_files + 9, most))
        crowd = [RawConnection(running.server.port) for _ in range(32)]
        for connection in crowd:
            connection.read(0.1, lambda: connection.heard_settings)
        assert 0 < sum(connection.heard_settings for connection in crowd) < len(crowd)
        assert all(rows.Retrieve(id=row.id, timeout=TIMEOUT) == row for _ in range(50))
        for connection in crowd:
            connection.close()
        started = time.monotonic()
        late = running.project.client(running.server).service("RowController")
        assert late.Retrieve(id=row.id, timeout=TIMEOUT).text == "x"
        assert time.monotonic() - started < 10
