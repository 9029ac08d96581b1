"""A server under mixed load and faults: its memory, its files and its connections to the database stay where they were (G58).

PILLION_SOAK_SECONDS is how long; `make soak` does the same for long, with a release build and a load generator.
"""

import os
import random
import threading
import time

import grpc
from grpc import StatusCode

from support.client import TIMEOUT, value
from support.postgres import wait_until

MODEL = """
package: soak
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
SECONDS = float(os.environ.get("PILLION_SOAK_SECONDS", 4))
CONNECTIONS, STREAMS = 3, 2
POOL = {"PILLION_DATABASE_POOL_CONNECTIONS": str(CONNECTIONS), "PILLION_DATABASE_POOL_STREAMS": str(STREAMS)}
# What a fault may turn calls into; everything else is a mistake.
EXPECTED = {StatusCode.UNAVAILABLE, StatusCode.ABORTED, StatusCode.CANCELLED, StatusCode.DEADLINE_EXCEEDED}


class Load:
    """Every kind of call, some of them given up, some on connections that are not kept."""

    def __init__(self, running, threads=4):
        self.running, self.over, self.served, self.mistakes = running, threading.Event(), 0, []
        self.threads = [threading.Thread(target=self._work, args=(number,)) for number in range(threads)]

    def _work(self, number):
        rng = random.Random(number)
        while not self.over.is_set():
            client = self.running.project.client(self.running.server)
            rows = client.service("RowController")
            for _ in range(50):
                try:
                    row = rows.Create(text="x" * rng.randint(0, 2000))
                    rows.PartialUpdate(id=row.id, text=value("changed"))
                    assert rows.Retrieve(id=row.id).text == "changed"
                    stream = rows.List.start(filter=f"id <= {row.id}", order_by="id desc", page_size=rng.randint(1, 200))
                    if rng.random() < 0.3:
                        next(stream)
                        stream.cancel()
                    else:
                        assert next(iter(stream)).id == row.id
                        for _ in stream:
                            pass
                    call = rows.Retrieve.start(id=row.id, timeout=rng.choice([0.001, TIMEOUT]))
                    call.exception()
                    rows.Destroy(id=row.id)
                    self.served += 1
                except grpc.RpcError as error:
                    if error.code() not in EXPECTED:
                        self.mistakes.append(error)
                        return
                except AssertionError as error:
                    self.mistakes.append(error)
                    return
                if self.over.is_set():
                    break
            self.running.server.channels.remove(client.channel)
            client.channel.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.over.set()
        for thread in self.threads:
            thread.join(TIMEOUT)

    def wait_for(self, seconds):
        """Waits so long, and until something was served meanwhile."""
        goal, end = self.served + 4, time.monotonic() + seconds
        wait_until(lambda: self.mistakes or self.served >= goal and time.monotonic() >= end, seconds + TIMEOUT, "calls under load")


def strike(running):
    """A fault: PostgreSQL ends all sessions of the server, or another process takes SQLite's lock for a while."""
    if running.kind == "postgresql":
        for pid in running.database.cluster.backends(running.database.name):
            running.database.query("SELECT pg_terminate_backend(?)", [pid])
    else:
        holder = running.database.connect()
        holder.execute("BEGIN IMMEDIATE")
        time.sleep(0.1)
        holder.execute("ROLLBACK")
        holder.close()


def sessions(running):
    return len(running.database.cluster.backends(running.database.name)) if running.kind == "postgresql" else 0


def files(running):
    """Open files of the server but its connections to the database, which it opens as it needs them."""
    return len(os.listdir(f"/proc/{running.server.process.pid}/fd")) - sessions(running)


def test_soak(kind, start):
    with start(kind, soak=MODEL, variables=POOL) as running:
        running.database.query(
            "INSERT INTO row (text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT 'kept' FROM n"
        )
        with Load(running) as load:
            load.wait_for(2)
            strike(running)
            load.wait_for(1)
        warm = running.server.resident()
        open_files = files(running)
        begun, most_sessions, strikes = time.monotonic(), 0, 0
        with Load(running) as load:
            while time.monotonic() - begun < SECONDS and not load.mistakes:
                load.wait_for(1)
                strike(running)
                strikes += 1
                most_sessions = max(most_sessions, sessions(running))
        assert not load.mistakes, load.mistakes[0]
        # The driver's, and those that look whether tables have changed.
        assert most_sessions <= CONNECTIONS + STREAMS + 2
        wait_until(lambda: files(running) <= open_files, what="the end of connections that are no longer used")
        grown = running.server.resident() - warm
        print(f"\n{kind}: {load.served} rounds and {strikes} faults in {time.monotonic() - begun:.0f} s: memory {grown / (1 << 20):+.1f} MiB")
        assert grown < 16 << 20, f"grew by {grown >> 20} MiB"
        assert running.database.query("SELECT count(*) FROM row WHERE text = 'kept'")[0][0] == 2000
        assert running.service("RowController").Create(text="after").text == "after"
