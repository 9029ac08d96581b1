"""Clients that vanish without a word, and clients that do not answer: what they held is given back (G19)."""

import os

import grpc
import pytest

from support.client import TIMEOUT
from support.http2 import RawConnection, framed
from support.postgres import wait_until
from support.proxy import Proxy

MODEL = """
package: peers
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
LIST = "/peers.RowController/List"
KEEPALIVE = {"PILLION_SERVER_KEEPALIVE_INTERVAL": "500ms", "PILLION_SERVER_KEEPALIVE_TIMEOUT": "500ms"}


def connections(server):
    """Sockets of clients that the server holds open."""
    inodes = set()
    for descriptor in os.listdir(f"/proc/{server.process.pid}/fd"):
        try:
            target = os.readlink(f"/proc/{server.process.pid}/fd/{descriptor}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    count = 0
    with open("/proc/net/tcp") as table:
        for line in list(table)[1:]:
            fields = line.split()
            is_listening = fields[3] == "0A"
            count += not is_listening and int(fields[1].rpartition(":")[2], 16) == server.port and fields[9] in inodes
    return count


def fill(running, count=20_000):
    text = "printf('%0300d', i)" if running.kind == "sqlite" else "lpad(i::text, 300, '0')"
    running.database.query(
        f"INSERT INTO row (id, text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i, {text} FROM n"
    )


def test_a_network_that_falls_silent(kind, start):
    """Clients behind it are let go, those with a List under way too, and its connection to the database serves the next."""
    with start(kind, peers=MODEL, variables=KEEPALIVE | {"PILLION_DATABASE_POOL_STREAMS": "1"}) as running, Proxy(running.server.port) as proxy:
        fill(running)
        rows = running.project.client(running.server, target=f"127.0.0.1:{proxy.port}").service("RowController")
        assert rows.Retrieve(id=1).id == 1
        stream = rows.List.start()
        assert next(stream).id == 1
        idle = [RawConnection(proxy.port) for _ in range(5)]
        for connection in idle:
            connection.read(10, lambda: connection.heard_settings)
        assert connections(running.server) == 6
        proxy.silent.set()
        # Over another connection: one place for Lists is all that there is.
        others = running.service("RowController")
        assert sum(1 for _ in others.List.start()) == 20_000
        wait_until(lambda: connections(running.server) == 1, what="the end of those that are gone")
        assert others.Retrieve(id=1).id == 1
        for connection in idle:
            connection.close()


def test_a_network_that_comes_back(kind, start):
    """A pause that is shorter than the keepalive's: the call that it held up is answered."""
    with start(kind, peers=MODEL) as running, Proxy(running.server.port) as proxy:
        rows = running.project.client(running.server, target=f"127.0.0.1:{proxy.port}").service("RowController")
        row = rows.Create(text="before")
        proxy.silent.set()
        call = rows.Retrieve.start(id=row.id)
        with pytest.raises(grpc.FutureTimeoutError):
            call.result(timeout=1)
        proxy.silent.clear()
        assert call.result(timeout=TIMEOUT) == row


@pytest.fixture(scope="module")
def aging(start):
    """Connections that may be half a second old, give or take, and half a second more."""
    variables = {"PILLION_SERVER_MAX_CONNECTION_AGE": "500ms", "PILLION_SERVER_MAX_CONNECTION_AGE_GRACE": "500ms"}
    with start("sqlite", peers=MODEL, variables=variables) as running:
        yield running.server


def open_list(connection):
    """A call that has not ended: its request never comes whole."""
    stream = connection.headers(LIST)
    connection.data(stream, framed(b"")[:3], end=False)
    connection.read(10, lambda: connection.heard_settings)
    return stream


@pytest.mark.parametrize("has_call", [False, True], ids=["idle", "with a call"])
def test_a_goaway_that_nobody_follows(aging, has_call):
    """The ping behind GOAWAY is not answered, and the connection stays: it ends all the same, its call UNAVAILABLE."""
    with RawConnection(aging.port) as connection:
        connection.answers_pings = False
        stream = open_list(connection) if has_call else None
        assert connection.wait_closed() == 0
        if has_call:
            assert connection.answers[stream].status == grpc.StatusCode.UNAVAILABLE.value[0]


@pytest.mark.parametrize("has_call", [False, True], ids=["idle", "with a call"])
def test_a_keepalive_that_nobody_answers(start, has_call):
    with start("sqlite", peers=MODEL, variables=KEEPALIVE) as running:
        with RawConnection(running.server.port) as deaf, RawConnection(running.server.port) as polite:
            deaf.answers_pings = False
            for connection in (deaf, polite):
                if has_call:
                    open_list(connection)
            pinged = lambda: polite.pinged >= 3
            polite.read(30, pinged)
            assert pinged() and not polite.closed
            deaf.wait_closed()
            polite.read(1)
            assert not polite.closed, "who answers is kept"
