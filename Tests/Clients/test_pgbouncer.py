"""PgBouncer in transaction mode (G37): every transaction may run in another session."""

import concurrent.futures
import threading

import grpc
import psycopg
import pytest
from grpc import StatusCode

from support.callers import AUDIENCE, ISSUER, SECRET, bearer
from support.daemons import PgBouncer
from support.databases import PostgreSQL
from support.errors import refused
from support.postgres import Cluster, wait_until
from support.project import Project

MODEL = """
package: shop
models:
  Item:
    fields:
      id: { type: int64, primary_key: true }
      name: { type: string, max_length: 20 }
      price: { type: decimal, null: true }
      sold: { type: timestamp, null: true }
      tags: { type: many_to_many, model: Tag, through: item_tags, source: item_id, target: tag_id }
  Tag:
    fields:
      id: { type: int64, primary_key: true }
      name: { type: string, unique: true }
"""
CALLS = 10_000
OFF = {"PILLION_DATABASE_PREPARE": "off"}
# What a pooler that cannot keep statements apart makes PostgreSQL say.
MIXED_UP = ["prepared statement", "bind message supplies"]


@pytest.fixture(scope="module")
def cluster():
    """Its own, so that its log is about these calls only."""
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="module")
def pooler(cluster):
    with PgBouncer(cluster) as pooler:
        yield pooler


@pytest.fixture
def project(binary, tmp_path, cluster, pooler):
    database = PostgreSQL(cluster)
    database.url = pooler.url(database.name)
    project = Project(binary, tmp_path, database).write(shop=MODEL).generate()
    project.check("schema", "--apply", "--database", database.url, variables=OFF)
    return project


def sessions(project):
    """What the sessions behind the pooler have that they did not begin with."""
    with psycopg.connect(project.database.url, autocommit=True, prepare_threshold=None) as connection:
        return connection.execute(
            "SELECT name, setting FROM pg_settings WHERE source = 'session' AND name NOT IN"
            " ('application_name', 'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings')"
        ).fetchall(), connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()[0]


def test_ten_thousand_calls_over_three_sessions(project, cluster, pooler):
    mistakes, lock = [], threading.Lock()
    with project.serve(variables=OFF | {"PILLION_DATABASE_POOL_CONNECTIONS": "8"}) as server:
        clients = [project.client(server) for _ in range(4)]
        tags = [clients[0].service("TagController").Create(name=f"tag {number}").id for number in range(3)]

        def work(number):
            client = clients[number % len(clients)]
            items = client.service("ItemController")
            try:
                item = items.Create(json={"name": f"n{number}", "price": {"value": "1.50"}, "tags": tags[: number % 4]})
                assert (item.price.value, list(item.tags)) == ("1.50", tags[: number % 4])
                assert items.Retrieve(id=item.id) == item
                item.name = "changed"
                assert items.Update(item).name == "changed"
                if number % 10 == 0:
                    with pytest.raises(grpc.RpcError) as error:
                        client.service("TagController").Create(name="tag 0")
                    assert error.value.code() == StatusCode.ALREADY_EXISTS
                if number % 50 == 0:
                    assert [row.id for row in items.List(filter=f"id = {item.id}")] == [item.id]
                items.Destroy(id=item.id)
            except BaseException as error:
                with lock:
                    mistakes.append(f"{number}: {error}")

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(work, range(CALLS // 4)))
        assert not mistakes, mistakes[:5]
        assert project.database.query("SELECT count(*) FROM item") == [(0,)]
        assert sessions(project) == ([], 0), "nothing of ours stays with a session"
        assert len(cluster.backends(project.database.name)) <= 3
    log = (cluster.folder / "server.log").read_text()
    assert not [line for line in log.splitlines() if any(words in line for words in MIXED_UP)]


def test_times_and_pages_do_not_depend_on_the_session(project, pooler):
    """The cluster's time zone is Tokyo's; another client of the pooler leaves one of its own."""
    with project.serve(variables=OFF) as server:
        items = project.client(server).service("ItemController")
        times = [f"2024-05-0{day}T12:30:00.250Z" for day in range(1, 8)]
        for time in times:
            items.Create(json={"name": "x", "sold": {"value": time}})
        for zone in ["America/New_York", "Australia/Eucla"]:
            with psycopg.connect(project.database.url, autocommit=True, prepare_threshold=None) as other:
                other.execute(f"SET TimeZone = '{zone}'")
            token, seen = "", []
            while True:
                method = items.List
                call = method.start(order_by="sold", page_size=2, page_token=token)
                seen += [row.sold.value.ToJsonString() for row in call]
                token = dict(call.trailing_metadata()).get("pillion-next-page-token", "")
                if not token:
                    break
            assert seen == times
            assert len(items.List(filter='sold >= "2024-05-03T12:30:00.250Z"')) == 5


def test_deadlines_still_stop_statements(project):
    project.database.script(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END';"
        "CREATE TRIGGER slow BEFORE INSERT ON tag FOR EACH ROW EXECUTE FUNCTION slow()")
    with project.serve(variables=OFF) as server:
        client = project.client(server)
        with pytest.raises(grpc.RpcError) as error:
            client.service("TagController").Create(name="x", timeout=0.5)
        assert error.value.code() == StatusCode.DEADLINE_EXCEEDED
        running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT INTO%' AND state = 'active' AND datname = current_database()"
        wait_until(lambda: project.database.query(running) == [(0,)])
        assert client.service("ItemController").Create(name="y").name == "y"


def test_a_table_that_changes_under_it(project):
    with project.serve(variables=OFF) as server:
        items = project.client(server).service("ItemController")
        item = items.Create(name="x")
        project.database.script("ALTER TABLE item ALTER COLUMN name TYPE varchar(30), ADD COLUMN more text")
        for _ in range(20):
            assert items.Retrieve(id=item.id) == item
            assert list(items.List()) == [item]


def test_commands_leave_nothing_behind(project):
    project.check("check", "--database", project.database.url, variables=OFF)
    project.check("inspect", "--database", project.database.url, variables=OFF)
    assert sessions(project) == ([], 0)


def test_the_pooler_goes_and_comes_back(binary, tmp_path, cluster):
    with PgBouncer(cluster) as pooler:
        database = PostgreSQL(cluster)
        database.url = pooler.url(database.name)
        project = Project(binary, tmp_path, database).write(shop=MODEL).generate()
        project.check("schema", "--apply", "--database", database.url, variables=OFF)
        with project.serve(variables=OFF) as server:
            items = project.client(server).service("ItemController")
            item = items.Create(name="x")
            pooler.process.kill()
            pooler.process.wait()
            with pytest.raises(grpc.RpcError) as error:
                items.Retrieve(id=item.id)
            assert error.value.code() == StatusCode.UNAVAILABLE
            pooler.start("pgbouncer.ini")

            def back():
                try:
                    return items.Retrieve(id=item.id) == item
                except grpc.RpcError:
                    return False

            wait_until(back)


def test_calls_run_for_their_callers_roles(project, cluster, pooler):
    """Row security over sessions that change hands after each transaction: role, claims and statement stay together."""
    database = PostgreSQL(cluster)
    database.name, database.url = project.database.name, cluster.url(project.database.name)
    database.script("""
        DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gate') THEN
          CREATE ROLE gate LOGIN NOINHERIT; CREATE ROLE member; GRANT member TO gate; END IF; END $$;
        ALTER TABLE item ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON item USING (name = current_setting('request.jwt.claims', true)::json ->> 'sub' AND current_user = 'member');
        GRANT SELECT, INSERT, UPDATE, DELETE ON item, tag, item_tags TO member;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO member;
    """)
    (project.folder / "pillion.yaml").write_text(f"""
interceptors:
  - authentication: {{ jwt: {{ secret: "{SECRET}", issuer: "{ISSUER}", audience: {AUDIENCE} }} }}
  - authorization: {{ rules: [{{ allow: "*/*" }}], database_role: {{ claim: role, settings: request.jwt.claims }} }}
""")
    foreign = []

    def work(number):
        client = project.client(server)
        items = client.service("ItemController")
        for turn in range(40):
            user = f"user{(number + turn) % 10}"
            metadata = bearer(sub=user, role="member")
            made = items.Create(name=user, metadata=metadata)
            foreign.extend(row.name for row in items.List(metadata=metadata) if row.name != user)
            with refused(StatusCode.NOT_FOUND):
                items.Retrieve(id=made.id, metadata=bearer(sub="nobody", role="member"))
            with refused(StatusCode.PERMISSION_DENIED):
                items.List(metadata=bearer(sub=user, role="pillion"))
            with refused(StatusCode.PERMISSION_DENIED):
                items.Retrieve(id=made.id, metadata=bearer(sub=user, role="stranger"))
            call = items.List.start(metadata=metadata)
            call.cancel()
            assert items.Retrieve(id=made.id, metadata=metadata).name == user

    url = pooler.url(project.database.name).replace("pillion@", "gate@")
    with project.serve("--allow-drift", url=url, variables=OFF) as server, concurrent.futures.ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(work, number) for number in range(8)]:
            done.result()
    assert foreign == []
    assert database.query("SELECT count(*) FROM item") == [(320,)]
