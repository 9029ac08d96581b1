"""Many clients at once, and pillion killed among them: what was acknowledged is there, once."""

import os
import random
import threading
import time

import grpc
from grpc import StatusCode

from support.client import value
from support.errors import Refusal
from support.postgres import wait_until

MODEL = """
package: ledger
models:
  Account:
    fields:
      id: { type: int64, primary_key: true }
      owner: { type: string }
      balance: { type: int64, default: 0 }
  Entry:
    fields:
      id: { type: int64, primary_key: true }
      token: { type: string }
      note: { type: string, null: true }
      account: { type: foreign_key, model: Account, column: account_id, on_delete: restrict }
      tags: { type: many_to_many, model: Label, through: entry_label, source: entry_id, target: label_id }
  Label:
    fields:
      id: { type: int64, primary_key: true }
      name: { type: string, unique: true }
"""
SECONDS = float(os.environ.get("PILLION_LOAD_SECONDS", 10))
CLIENTS = 64


class Load:
    """Clients that write and read, and the account that each keeps of its own rows."""

    def __init__(self, project, server, clients):
        # One connection for every eight, as a service with several processes would have.
        self.services = [project.client(server).service("EntryController") for _ in range((clients + 7) // 8)]
        self.acknowledged = {}
        self.destroyed = {}
        self.unknown = set()
        self.wrong = []
        self.lost = threading.Event()
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._work, args=(number,)) for number in range(clients)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def finish(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(90)
            assert not thread.is_alive(), "a call has hung"

    def _work(self, number):
        service = self.services[number // 8]
        chance = random.Random(number)
        mine = {}
        attempt = 0
        while not self.stopped.is_set():
            token = f"{number}-{attempt}"
            attempt += 1
            try:
                self._one(service, chance, mine, token)
            except grpc.RpcError as error:
                refusal = Refusal(error)
                if refusal.code != StatusCode.UNAVAILABLE or not self.lost.is_set():
                    self.wrong.append(f"{token}: {refusal}")
                self.unknown.add(token)
                break
            except AssertionError as error:
                self.wrong.append(f"{token}: {error}")
                break
        self.acknowledged.update(mine)

    def _one(self, service, chance, mine, token):
        action = chance.random()
        if action < 0.5 or not mine:
            tags = sorted(chance.sample([1, 2, 3], chance.randint(0, 3)))
            row = service.Create(token=token, account=1, tags=tags, timeout=30)
            mine[row.id] = (token, None, tags)
            assert row.token == token and sorted(row.tags) == tags
            return
        key = chance.choice(list(mine))
        old, note, tags = mine[key]
        if action < 0.75:
            row = service.Retrieve(id=key, timeout=30)
            assert (row.token, sorted(row.tags)) == (old, tags), f"read {row}, wrote {mine[key]}"
        elif action < 0.9:
            self.unknown.add(old)
            service.PartialUpdate(id=key, note=value(token), timeout=30)
            mine[key] = (old, token, tags)
            self.unknown.discard(old)
        else:
            self.unknown.add(old)
            service.Destroy(id=key, timeout=30)
            del mine[key]
            self.destroyed[key] = old
            self.unknown.discard(old)


def prepare(project):
    project.database.query("INSERT INTO account (id, owner) VALUES (1, 'all')")
    project.database.query("INSERT INTO label (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')")


def compare(project, load):
    """Each acknowledged write is there, none twice, nothing is there that nobody wrote."""
    assert not load.wrong, load.wrong[:3]
    rows = {row[0]: row[1:] for row in project.database.query("SELECT id, token, note FROM entry")}
    labels = {}
    for entry, label in project.database.query("SELECT entry_id, label_id FROM entry_label"):
        labels.setdefault(entry, []).append(label)
    tokens = [token for token, _ in rows.values()]
    assert len(tokens) == len(set(tokens)), "a write was made twice"
    for key, (token, note, tags) in load.acknowledged.items():
        if token in load.unknown:
            continue  # Its last call had no answer.
        assert key in rows, f"{token} was acknowledged and is not there"
        assert rows[key] == (token, note), f"{rows[key]} is there, {(token, note)} was acknowledged"
        assert sorted(labels.get(key, [])) == tags
    for key, token in load.destroyed.items():
        assert key not in rows, f"{token} was destroyed and is there"
    for key in set(rows) - set(load.acknowledged):
        assert rows[key][0] in load.unknown, f"{rows[key]} is there, and nobody was told"


def test_64_clients(start, kind):
    with start(kind, ledger=MODEL) as running:
        prepare(running.project)
        load = Load(running.project, running.server, CLIENTS).start()
        time.sleep(SECONDS)
        load.finish()
        assert len(load.acknowledged) > CLIENTS
        compare(running.project, load)
        keys = {entry.id for entry in running.service("EntryController").List()}
        assert keys == set(load.acknowledged)


def test_kill_under_load(new_project, kind):
    project = new_project(kind, ledger=MODEL).generate().apply()
    prepare(project)
    for _ in range(int(os.environ.get("PILLION_KILLS", 3))):
        project.database.query("DELETE FROM entry_label")
        project.database.query("DELETE FROM entry")
        server = project.serve()
        load = Load(project, server, CLIENTS).start()
        time.sleep(random.uniform(1.0, 2.0))
        load.lost.set()
        server.kill()
        load.finish()
        if kind == "postgresql":
            settle(project.database)
        else:
            assert project.database.query("PRAGMA integrity_check") == [("ok",)]
        assert load.acknowledged
        compare(project, load)
        with project.serve() as again:
            entries = project.client(again).service("EntryController").List()
            assert {entry.id for entry in entries} == {row[0] for row in project.database.query("SELECT id FROM entry")}


def settle(database):
    """Waits for what the killed process had under way to end in the server."""
    wait_until(lambda: not database.cluster.backends(database.name), what="the end of the old connections")


def test_counter_loses_no_update(start, kind):
    """Concurrent writes of one row are all made: the last acknowledged value is one that somebody wrote."""
    with start(kind, ledger=MODEL) as running:
        accounts = running.service("AccountController")
        row = accounts.Create(owner="shared")
        calls = [accounts.PartialUpdate.start(id=row.id, balance=value(number)) for number in range(1, 501)]
        for number, call in enumerate(calls, 1):
            assert call.result().balance == number
        assert accounts.Retrieve(id=row.id).balance in range(1, 501)


def test_deferred_constraints_are_each_calls_own(kind, start):
    """A constraint that is checked at the commit fails its own call, and no call that shares the commit."""
    tables = {
        "sqlite": "DROP TABLE entry; CREATE TABLE entry (id INTEGER PRIMARY KEY, token TEXT NOT NULL, note TEXT,"
        " account_id INTEGER NOT NULL REFERENCES account DEFERRABLE INITIALLY DEFERRED)",
        "postgresql": "ALTER TABLE entry ADD CONSTRAINT late FOREIGN KEY (account_id) REFERENCES account DEFERRABLE INITIALLY DEFERRED;"
        " ALTER TABLE entry DROP CONSTRAINT IF EXISTS entry_account_id_fkey",
    }
    with start(kind, ledger=MODEL) as running:
        prepare(running.project)
        running.database.script(tables[kind])
        entries = running.service("EntryController")
        calls = [entries.Create.start(token=str(number), account=4711 if number % 5 == 0 else 1) for number in range(100)]
        for number, call in enumerate(calls):
            if number % 5 == 0:
                assert call.code() == StatusCode.FAILED_PRECONDITION, f"{number}: {call.code()}"
                assert Refusal(call.exception()).info.reason == "FOREIGN_KEY_VIOLATION"
            else:
                assert call.result().token == str(number)
        tokens = {int(row[0]) for row in running.database.query("SELECT token FROM entry")}
        assert tokens == {number for number in range(100) if number % 5}
