"""Calls that are given up at any moment, beside others on the same few connections to the database: none of those is hit by a
cancel that was meant for its neighbour (G26).

PILLION_CANCELS is how many calls are given up.
"""

import os
import random
import threading

import pytest
from grpc import StatusCode

from support.client import TIMEOUT
from support.postgres import wait_until

MODEL = """
package: race
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
CANCELS = int(os.environ.get("PILLION_CANCELS", 300))
SEED = int(os.environ.get("PILLION_SEED", 1))
# Rows whose text begins with "slow" take their time.
SLOW = {
    "sqlite": """
        CREATE TRIGGER slow AFTER INSERT ON row WHEN new.text LIKE 'slow%' BEGIN
          UPDATE row SET text = 'slow ' || (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT max(i) FROM n)
            WHERE id = new.id;
        END;
    """,
    "postgresql": """
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$;
        CREATE TRIGGER slow BEFORE INSERT ON row FOR EACH ROW WHEN (NEW.text LIKE 'slow%') EXECUTE FUNCTION slow();
    """,
}
POOL = {"PILLION_DATABASE_POOL_CONNECTIONS": "2", "PILLION_DATABASE_POOL_STREAMS": "2"}


class Canaries:
    """Calls that nobody gives up: every one must succeed, with its own row."""

    def __init__(self, running, threads=2):
        self.over, self.served, self.failures = threading.Event(), [], []
        clients = [running.project.client(running.server).service("RowController") for _ in range(threads)]
        self.threads = [threading.Thread(target=self._work, args=(number, rows)) for number, rows in enumerate(clients)]

    def _work(self, number, rows):
        attempt = 0
        while not self.over.is_set():
            text = f"canary {number} {attempt}"
            attempt += 1
            try:
                row = rows.Create(text=text)
                assert row.text == text
                assert rows.Retrieve(id=row.id) == row
                assert [found.text for found in rows.List(filter=f"id = {row.id}")] == [text]
                self.served.append(text)
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


def give_up(service, text, how, rng):
    """A call that gets as far as luck has it: nowhere, to the queue, into its statement, to its end. And what cancels it.

    Of a List nothing is read, so that it does not end before.
    """
    patience = rng.choice([0.0, 0.002, 0.01, 0.03])
    timeout = patience + 0.001 if how == "deadline" else TIMEOUT
    call = rng.choice([
        lambda: service.Create.start(text=text, timeout=timeout),
        lambda: service.Retrieve.start(id=rng.randint(1, 50), timeout=timeout),
        lambda: service.List.start(timeout=timeout),
    ])()
    timer = threading.Timer(patience, call.cancel) if how == "cancel" else None
    if timer:
        timer.start()
    return call, timer


@pytest.mark.parametrize("how", ["cancel", "deadline"])
def test_canaries_beside_calls_that_are_given_up(kind, start, how):
    rng = random.Random(SEED)
    with start(kind, sql=SLOW[kind], race=MODEL, variables=POOL) as running:
        rows = [running.project.client(running.server).service("RowController") for _ in range(4)]
        for _ in range(50):
            rows[0].Create(text="x" * 1000)
        with Canaries(running) as canaries:
            wait_until(lambda: canaries.served or canaries.failures, what="the first canary")
            for begin in range(0, CANCELS, 20):
                calls = [give_up(rows[number % 4], f"slow {begin + number}", how, rng) for number in range(20)]
                for call, timer in calls:
                    if timer:
                        timer.join()
                    assert call.code() in (StatusCode.OK, StatusCode.CANCELLED if how == "cancel" else StatusCode.DEADLINE_EXCEEDED)
                assert not canaries.failures, canaries.failures[0]
            enough = len(canaries.served) + 5
            wait_until(lambda: len(canaries.served) >= enough or canaries.failures, what="canaries after the last cancel")
        assert not canaries.failures, canaries.failures[0]
        # What was acknowledged is there, once.
        texts = [row[0] for row in running.database.query("SELECT text FROM row WHERE text LIKE 'canary%'")]
        assert len(set(texts)) == len(texts) and set(canaries.served) <= set(texts)
