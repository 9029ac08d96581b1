"""Calls that are given up, and servers that end, while there is work."""

import threading
import time

import grpc
import pytest
from grpc import StatusCode

from support.client import TIMEOUT
from support.http2 import RawConnection, framed
from support.postgres import wait_until

MODEL = """
package: drain
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
RETRYING = ("grpc.enable_retries", 1)


def statements(database):
    """What the sessions of the server have begun and not finished: statements that run, and transactions that are open.

    The one that looks now and then whether tables have changed is none of a call, and waits for locks on them itself.
    """
    return database.query(
        "SELECT state, query FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pillion'"
        " AND state <> 'idle' AND query NOT LIKE 'SELECT md5(%'"
    )


def wait_for_no_statement(database):
    left = []

    def is_over():
        left[:] = statements(database)
        return not left

    try:
        wait_until(is_over, what="the end of all statements")
    except AssertionError as error:
        error.add_note(f"left are {left}")
        raise


def hold(running):
    """A lock that no call on the table gets past."""
    holder = running.database.connect()
    if running.kind == "sqlite":
        holder.execute("BEGIN IMMEDIATE")
    else:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE row IN ACCESS EXCLUSIVE MODE")
    return holder


@pytest.mark.parametrize("how", ["cancel", "deadline", "hang up"])
def test_a_thousand_calls_given_up(kind, start, how):
    """They leave no statement, no stream and no place in a queue behind; the next call is served at once."""
    with start(kind, drain=MODEL) as running:
        before = running.service("RowController").Create(text="before")
        holder = hold(running)
        clients = [running.project.client(running.server) for _ in range(10)]
        timeout = 3 if how == "deadline" else TIMEOUT
        calls = [client.service("RowController").Create.start(text=f"t{number}", timeout=timeout) for client in clients for number in range(100)]
        if kind == "postgresql":
            wait_until(lambda: statements(running.database), what="a statement that waits")
        else:
            time.sleep(1)
        if how == "cancel":
            for call in calls:
                call.cancel()
        elif how == "hang up":
            for client in clients:
                client.channel.close()
        codes = {call.code() for call in calls}
        assert codes == {StatusCode.DEADLINE_EXCEEDED if how == "deadline" else StatusCode.CANCELLED}
        if kind == "postgresql":
            # Also those that wait for the lock: it is still held.
            wait_for_no_statement(running.database)
        holder.execute("ROLLBACK")
        holder.close()
        rows = running.service("RowController")
        assert rows.Retrieve(id=before.id).text == "before"
        assert rows.Create(text="after").text == "after"
        # As many as one connection may have, and the streams: nothing of what was given up is in their way.
        assert len([call.result() for call in [rows.Create.start(text="x") for _ in range(200)]]) == 200
        assert [row.text for row in rows.List(page_size=1)] == ["before"]


def test_lists_given_up_under_way(kind, start):
    """A hundred Lists cancelled after their first row; the few connections for them are free again."""
    with start(kind, drain=MODEL, variables={"PILLION_DATABASE_POOL_STREAMS": "2"}) as running:
        rows = running.service("RowController")
        for _ in range(300):
            rows.Create(text="x" * 10_000)
        for _ in range(100):
            stream = rows.List.start()
            next(stream)
            stream.cancel()
        assert len(rows.List()) == 300
        if kind == "postgresql":
            wait_for_no_statement(running.database)


class Load:
    """Calls from several threads, one after the other and without a pause, until it is told to stop."""

    def __init__(self, channel_of, threads=8):
        self.over = threading.Event()
        self.served, self.failures = [], []
        self.threads = [threading.Thread(target=self._work, args=(channel_of(),)) for _ in range(threads)]

    def _work(self, retrieve):
        while not self.over.is_set():
            try:
                retrieve()
                self.served.append(time.monotonic())
            except Exception as error:
                self.failures.append(error)
                return

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.over.set()
        for thread in self.threads:
            thread.join(TIMEOUT)

    def wait_for(self, count):
        goal = len(self.served) + count
        wait_until(lambda: self.failures or len(self.served) >= goal, what=f"{count} calls")


def test_a_server_that_ends_fails_no_call(kind, start):
    """Two servers at one database behind one client, which follows GOAWAY to the other: of thousands of calls none fails,
    though the first ends while they come."""
    with start(kind, drain=MODEL) as running:
        row = running.service("RowController").Create(text="x")
        first = running.project.serve()
        first_port = first.port

        def retrieve_from_either():
            # pick_first: the first address as long as it answers, then the other.
            target = f"ipv4:127.0.0.1:{first_port},127.0.0.1:{running.server.port}"
            channel = grpc.insecure_channel(target, options=[RETRYING, ("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 50)])
            running.server.channels.append(channel)
            method = channel.unary_unary("/drain.RowController/Retrieve", request_serializer=bytes, response_deserializer=bytes)
            request = b"\x08" + bytes([row.id])
            return lambda: method(request, timeout=TIMEOUT, wait_for_ready=True)

        with Load(retrieve_from_either) as load:
            load.wait_for(500)
            first.terminate()
            assert first.wait() == 0, first.output
            load.wait_for(500)
        assert not load.failures, load.failures[0]


def test_a_server_hands_its_port_over(kind, start):
    """A second server starts on the port of the first, which then ends: of the calls that come all the while none fails."""
    shared = {"PILLION_SERVER_REUSE_PORT": "on"}
    with start(kind, drain=MODEL) as running:
        row = running.service("RowController").Create(text="x")
        first = running.project.serve(variables=shared)
        address = f"127.0.0.1:{first.port}"

        def retrieve():
            channel = grpc.insecure_channel(address, options=[RETRYING, ("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 50)])
            running.server.channels.append(channel)
            method = channel.unary_unary("/drain.RowController/Retrieve", request_serializer=bytes, response_deserializer=bytes)
            request = b"\x08" + bytes([row.id])
            return lambda: method(request, timeout=TIMEOUT, wait_for_ready=True)

        with Load(retrieve) as load:
            load.wait_for(500)
            second = running.project.serve(variables=shared, listen=(address,))
            assert second.port == first.port
            load.wait_for(500)
            first.terminate()
            assert first.wait() == 0, first.output
            load.wait_for(500)
        assert not load.failures, load.failures[0]
        second.stop()


def test_a_client_that_ignores_goaway_is_bounded_by_the_grace(kind, start):
    """A call that never ends, on a connection that answers nothing: the server ends all the same, the call UNAVAILABLE."""
    with start(kind, drain=MODEL, variables={"PILLION_SERVER_SHUTDOWN_GRACE": "1s", "PILLION_SERVER_REQUEST_TIMEOUT": "0"}) as running:
        with RawConnection(running.server.port) as connection:
            connection.answers_pings = False
            stream = connection.headers("/drain.RowController/Create")
            connection.data(stream, framed(b"")[:3], end=False)
            connection.read(0.5)
            running.server.terminate()
            assert connection.answer(stream).status == StatusCode.UNAVAILABLE.value[0]
            assert connection.wait_closed() == 0
        assert running.server.wait() == 0, running.server.output
        running.server.stop = lambda: None


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_a_stream_of_questions_does_not_hold_up_the_end(kind, start, version):
    """Reflection's stream lasts as long as its client likes: it ends UNAVAILABLE with what was asked answered, and the server
    with it, however long the grace is."""
    variables = {"PILLION_SERVER_SHUTDOWN_GRACE": "1h", "PILLION_SERVER_REFLECTION": "on"}
    path = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    with start(kind, drain=MODEL, variables=variables) as running:
        with RawConnection(running.server.port) as connection:
            asked, silent = connection.headers(path), connection.headers(path)
            connection.data(asked, framed(b"\x3a\x00"), end=False)
            connection.read(30, lambda: asked in connection.answers and connection.answers[asked].body)
            running.server.terminate()
            for stream in (asked, silent):
                assert connection.answer(stream).status == StatusCode.UNAVAILABLE.value[0]
            assert b"drain.RowController" in connection.answers[asked].body
            assert connection.wait_closed() == 0
        assert running.server.wait() == 0, running.server.output
        running.server.stop = lambda: None


def test_a_second_signal_ends_it_at_once(kind, start):
    """However long the grace is."""
    with start(kind, drain=MODEL, variables={"PILLION_SERVER_SHUTDOWN_GRACE": "1h"}) as running:
        with RawConnection(running.server.port) as connection:
            stream = connection.headers("/grpc.health.v1.Health/Watch")
            connection.data(stream, framed(b""))
            connection.read(5, lambda: stream in connection.answers)
            running.server.terminate()
            connection.read(5, lambda: connection.goaways)
            assert running.server.process.poll() is None
            running.server.terminate()
            running.server.process.wait(timeout=30)
        running.server.stop = lambda: None
