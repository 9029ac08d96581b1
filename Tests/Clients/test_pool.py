"""Connections that grow old, and copies of the database that answer reads."""

import threading

import grpc
import pytest
from grpc import StatusCode

from support.databases import PostgreSQL
from support.errors import refused
from support.postgres import Cluster, wait_until

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string, unique: true }
    service: { actions: [List, ListPage, Create, Retrieve, Update, PartialUpdate, Destroy], total_size: exact }
"""


def test_connections_are_replaced_and_no_call_fails(new_project, cluster):
    project = new_project("postgresql", notes=MODEL).generate().apply()
    variables = {"PILLION_DATABASE_POOL_MAX_LIFETIME": "500ms", "PILLION_DATABASE_POOL_CONNECTIONS": "2", "PILLION_DATABASE_POOL_STREAMS": "2"}
    with project.serve(variables=variables) as server:
        first = set(cluster.backends(project.database.name))
        over, failures, calls = threading.Event(), [], [0]

        def work(number):
            notes = project.client(server).service("NoteController")
            attempt = 0
            while not over.is_set():
                attempt += 1
                try:
                    made = notes.Create(text=f"{number} {attempt}")
                    assert notes.Retrieve(id=made.id).text == f"{number} {attempt}"
                    assert len(notes.List(filter=f"id = {made.id}")) == 1
                    calls[0] += 3
                except (grpc.RpcError, AssertionError) as error:
                    failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        seen = set(first)

        def have_changed():
            now = set(cluster.backends(project.database.name))
            seen.update(now)
            # The connection that looks after the tables stays.
            return len(seen) >= 12 and len(now & first) <= 1

        wait_until(have_changed)
        over.set()
        for thread in threads:
            thread.join()
        assert not failures, failures[0]
        assert calls[0] > 100
        # Not more than there may be, besides those that are just taking another's place and the one that looks after the tables.
        assert len(cluster.backends(project.database.name)) <= 2 + 2 + 2 + 2 + 1


@pytest.fixture
def copies(tmp_path_factory):
    """A server that may be stopped, for copies of a database."""
    cluster = Cluster()
    yield cluster
    cluster.remove()


def test_reads_go_to_replicas_and_writes_do_not(new_project, binary, copies):
    """What stands for a replica here is a database of its own, so that it shows who has answered."""
    project = new_project("postgresql", notes=MODEL).generate().apply()
    replica = PostgreSQL(copies)
    project.check("schema", "--apply", "--database", replica.url)
    project.database.query("INSERT INTO note (id, text) VALUES (1, 'primary')")
    replica.query("INSERT INTO note (id, text) VALUES (1, 'replica'), (2, 'two')")
    with project.serve(variables={"PILLION_DATABASE_REPLICAS": replica.url}) as server:
        notes = project.client(server).service("NoteController")
        wait_until(lambda: notes.Retrieve(id=1).text == "replica")
        assert [note.text for note in notes.List(order_by="id")] == ["replica", "two"]
        page = notes.ListPage(page_size=1)
        assert (page.results[0].text, page.total_size) == ("replica", 2)
        assert notes.PartialUpdate(json={"id": 1, "text": "changed"}).text == "changed"
        with refused(StatusCode.NOT_FOUND):
            notes.Destroy(id=2)
        assert project.database.query("SELECT text FROM note") == [("changed",)]
        assert notes.Retrieve(id=1).text == "replica"

        # A copy that lacks the table, then one that is gone, then one that is back.
        replica.query("ALTER TABLE note RENAME TO gone")
        assert notes.Retrieve(id=1).text == "changed"
        assert [note.text for note in notes.List()] == ["changed"]
        replica.query("ALTER TABLE gone RENAME TO note")
        assert notes.Retrieve(id=1).text == "replica"
        copies.stop("immediate")
        for _ in range(20):
            assert notes.Retrieve(id=1).text == "changed"
            assert [note.text for note in notes.List()] == ["changed"]
        copies.start()
        wait_until(lambda: notes.Retrieve(id=1).text == "replica")


def test_a_replica_may_be_missing_at_the_start(new_project, cluster):
    project = new_project("postgresql", notes=MODEL).generate().apply()
    project.database.query("INSERT INTO note (id, text) VALUES (1, 'primary')")
    with project.serve(variables={"PILLION_DATABASE_REPLICAS": "postgresql://nobody:secret@127.0.0.1:1/none"}) as server:
        assert project.client(server).service("NoteController").Retrieve(id=1).text == "primary"
        assert "secret" not in server.output


@pytest.mark.parametrize(("url", "replicas"), [("sqlite:test.db", "postgresql://replica/app"), ("postgresql://primary/app", "sqlite:test.db")])
def test_replicas_are_postgresqls(new_project, url, replicas):
    done = new_project("sqlite", notes=MODEL).run("serve", "--database", url, variables={"PILLION_DATABASE_REPLICAS": replicas})
    assert done.returncode == 78 and "database.replicas" in done.stderr
