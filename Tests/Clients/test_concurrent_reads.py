"""Reads that wait together: PostgreSQL answers those by key as one statement, which must not show in any answer."""

import random
import threading
import uuid

import grpc
import psycopg
import pytest
from grpc import StatusCode

from support.databases import KINDS
from support.errors import Refusal
from support.postgres import wait_until

MODEL = """
package: many
models:
  Tag:
    fields:
      id: { type: uuid, primary_key: true }
      name: { type: string }
  Post:
    fields:
      id: { type: int64, primary_key: true }
      slug: { type: string, unique: true }
      number: { type: int32, unique: true }
      seen: { type: timestamp, null: true }
      tag: { type: foreign_key, model: Tag, null: true, expand: true }
    services:
      - {}
      - { name: EvenController, message: Even, actions: [Retrieve], filter: "number < 100", lookup_field: number }
"""
ROWS = 200


@pytest.fixture(scope="module", params=KINDS)
def running(request, start):
    with start(request.param, many=MODEL) as running:
        tags, posts = running.service("TagController"), running.service("PostController")
        running.tags = [tags.Create(name=f"tag {number}").id for number in range(20)]
        running.posts = {}
        for number in range(ROWS):
            tag = {"value": running.tags[number % 20]} if number % 3 else {"null": 0}
            post = posts.Create(json={"slug": f"post {number}", "number": number, "tag_id": tag})
            running.posts[post.id] = post
        yield running


def outcomes(calls):
    """What became of calls that are under way together."""
    results = []
    for call in calls:
        try:
            results.append(call.result())
        except grpc.RpcError as error:
            results.append(error.code())
    return results


def test_each_call_gets_its_own_row(running):
    """Rows of several models, by several keys, some asked for twice and some that are not there, with and without masks."""
    choice = random.Random(7)
    posts, tags, evens = (running.service(f"{name}Controller") for name in ["Post", "Tag", "Even"])
    numbers = {post.number: post for post in running.posts.values()}
    calls, wanted = [], []
    for _ in range(3000):
        kind = choice.randrange(5)
        if kind == 0:
            key = choice.choice(running.tags) if choice.random() < 0.9 else str(uuid.UUID(int=choice.getrandbits(128)))
            calls.append(tags.Retrieve.start(id=key))
            wanted.append(("tag", key) if key in running.tags else StatusCode.NOT_FOUND)
        elif kind == 1:
            number = choice.randrange(ROWS)
            calls.append(evens.Retrieve.start(number=number))
            wanted.append(("even", number) if number < 100 else StatusCode.NOT_FOUND)
        else:
            key = choice.choice([*running.posts, 10**12, -1])
            mask = {"read_mask": {"paths": ["slug"]}} if kind == 2 else {}
            calls.append(posts.Retrieve.start(id=key, **mask))
            wanted.append(("masked" if mask else "post", key) if key in running.posts else StatusCode.NOT_FOUND)
    for result, want in zip(outcomes(calls), wanted, strict=True):
        match want:
            case ("tag", key): assert (result.id, result.name) == (key, f"tag {running.tags.index(key)}")
            case ("even", number): assert (result.number, result.slug) == (number, numbers[number].slug)
            case ("masked", key): assert (result.slug, result.number) == (running.posts[key].slug, 0)
            case ("post", key): assert result == running.posts[key]
            case status: assert result == status


def test_a_row_that_cannot_be_read_is_its_callers_matter(running):
    posts = running.service("PostController")
    spoilt = next(iter(running.posts))
    running.database.query(f"UPDATE post SET seen = '{'infinity' if running.kind == 'postgresql' else 'soon'}' WHERE id = {spoilt}")
    try:
        keys = [key for _ in range(5) for key in running.posts]
        for key, result in zip(keys, outcomes([posts.Retrieve.start(id=key) for key in keys]), strict=True):
            assert result == (StatusCode.DATA_LOSS if key == spoilt else running.posts[key])
    finally:
        running.database.query(f"UPDATE post SET seen = NULL WHERE id = {spoilt}")


def test_some_give_up(start):
    """Of calls that wait for a lock together, those end that are cancelled or out of time; the others get their rows."""
    with start("postgresql", many=MODEL) as running:
        posts = running.service("PostController")
        made = [posts.Create(slug=str(number), number=number) for number in range(60)]
        with psycopg.connect(running.database.url) as holder:
            holder.execute("LOCK TABLE post IN ACCESS EXCLUSIVE MODE")
            calls = [posts.Retrieve.start(id=post.id, timeout=0.5 if post.number % 3 == 0 else 60) for post in made]
            for post, call in zip(made, calls, strict=True):
                if post.number % 3 == 1:
                    call.cancel()
            for post, call in zip(made, calls, strict=True):
                if post.number % 3 == 0:
                    assert call.exception().code() == StatusCode.DEADLINE_EXCEEDED
            holder.rollback()
        for post, call in zip(made, calls, strict=True):
            if post.number % 3 == 2:
                assert call.result() == post
        # Nothing runs on for those that went away, either.
        with psycopg.connect(running.database.url) as holder:
            holder.execute("LOCK TABLE post IN ACCESS EXCLUSIVE MODE")
            calls = [posts.Retrieve.start(id=post.id) for post in made]
            query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()"
            wait_until(lambda: running.database.query(query) != [(0,)], what="a statement that waits")
            for call in calls:
                call.cancel()
            wait_until(lambda: running.database.query(query) == [(0,)], what="the end of all statements")
            holder.rollback()
        assert posts.Retrieve(id=made[0].id) == made[0]


class Readers:
    """Eight calls at a time, on and on, until told to stop; remembers what went wrong."""

    def __init__(self, running, keys):
        self.running, self.keys, self.wrong, self.reads = running, keys, [], 0
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._read) for _ in range(4)]

    def _read(self):
        posts = self.running.project.client(self.running.server).service("PostController")
        choice = random.Random()
        while not self.stopped.is_set():
            keys = [choice.choice(self.keys) for _ in range(32)]
            calls = [posts.Retrieve.start(id=key) for key in keys]
            for key, call in zip(keys, calls, strict=True):
                try:
                    if call.result().id != key:
                        self.wrong.append(f"{key}: {call.result()}")
                except grpc.RpcError as error:
                    self.wrong.append(str(Refusal(error)))
                self.reads += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join(60)

    def more(self):
        """Waits until each thread has read again."""
        wait_until(lambda before=self.reads: self.reads >= before + 300, what="more reads")


def test_what_happens_to_the_database_meanwhile(start, cluster):
    """Tables that change and sessions that end fail no read, and reads do share statements."""
    with start("postgresql", many=MODEL) as running:
        posts = running.service("PostController")
        keys = [posts.Create(slug=str(number), number=number).id for number in range(100)]
        name = running.database.name
        with cluster.connect() as admin:
            admin.execute(f'ALTER DATABASE "{name}" SET log_statement = \'all\'')
            with Readers(running, keys) as readers:
                readers.more()
                for change in ["ADD COLUMN more integer", "ALTER COLUMN slug TYPE varchar(90)", "DROP COLUMN more", "ALTER COLUMN number TYPE bigint"]:
                    running.database.query(f"ALTER TABLE post {change}")
                    readers.more()
                for pid in cluster.backends(name)[:4]:
                    admin.execute("SELECT pg_terminate_backend(%s)", [pid])
                    readers.more()
            assert not readers.wrong, readers.wrong[:5]
    # Sessions that began after the setting say what they run.
    log = (cluster.folder / "server.log").read_text()
    assert any('FROM "post" AS t WHERE t."id" = ANY ($' in line for line in log.splitlines())
