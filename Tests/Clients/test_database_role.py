"""Calls that PostgreSQL runs for a role of the caller's: row security, rights, and nothing left for the next call."""

import contextlib
import os
import random
import threading
import time

import grpc
import pytest
from grpc import StatusCode

from support.errors import refused
from support.project import Running
from support.server import DidNotStart
from support.callers import AUDIENCE, ISSUER, SECRET, bearer

USERS = 100
# RELIABILITY.md's G50 wants 10,000 calls a user: PILLION_ROLE_CALLS=10000.
CALLS = int(os.environ.get("PILLION_ROLE_CALLS", "16"))

MODEL = """
models:
  Item:
    fields:
      id: { type: int64, primary_key: true }
      owner: { type: string, read_only: true, null: true }
      title: { type: string, unique: true }
      size: { type: int32, default: 0 }
    services:
      - { name: ItemController, actions: [List, ListPage, Create, Retrieve, Update, PartialUpdate, Destroy], total_size: exact }
      - { name: EstimateController, message: EstimatedItem, actions: [ListPage], total_size: estimated, require_index: refuse }
  Secret:
    fields:
      id: { type: int64, primary_key: true }
"""

RULES = """
ALTER TABLE item ALTER owner SET DEFAULT current_setting('request.jwt.claims', true)::json ->> 'sub';
ALTER TABLE item ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON item USING (owner = current_setting('request.jwt.claims', true)::json ->> 'sub' AND current_user = 'member');
CREATE POLICY looking ON item FOR SELECT USING (current_user = 'auditor');
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN IF NEW.size = 7 THEN PERFORM pg_sleep(0.1); END IF; IF NEW.size = 13 THEN RAISE 'unlucky'; END IF; RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION slow();
GRANT SELECT, INSERT, UPDATE, DELETE ON item TO member;
GRANT SELECT ON item TO auditor;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO member, auditor;
GRANT SELECT ON secret TO auditor;
"""

ROLES = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gate') THEN
    CREATE ROLE gate LOGIN NOINHERIT; CREATE ROLE member; CREATE ROLE auditor; CREATE ROLE stranger;
    GRANT member, auditor TO gate;
  END IF;
END $$;
"""


def configuration(role="{ claim: role, settings: request.jwt.claims }"):
    return f"""
interceptors:
  - authentication:
      jwt: {{ secret: "{SECRET}", issuer: "{ISSUER}", audience: {AUDIENCE} }}
  - authorization:
      rules: [{{ allow: "*/*" }}]
      database_role: {role}
"""


def member(sub, **claims):
    return bearer(sub=sub, role="member", **claims)


@pytest.fixture(scope="module")
def shop(new_project, cluster):
    project = new_project("postgresql", shop=MODEL).generate().apply()
    project.database.script(ROLES + RULES)
    (project.folder / "pillion.yaml").write_text(configuration())
    url = project.database.url.replace("pillion@", "gate@")
    # What the login role may not see must not be in the way of the check of the tables.
    with project.serve("--allow-drift", url=url, variables={"PILLION_DATABASE_POOL_CONNECTIONS": "4", "PILLION_DATABASE_POOL_STREAMS": "4"}) as server:
        yield Running(project, server)


@pytest.fixture
def items(shop):
    shop.database.query("TRUNCATE item RESTART IDENTITY")
    return shop.service("ItemController")


def test_every_action_runs_for_the_callers_role(items):
    amy, bob = member("amy"), member("bob")
    made = items.Create(title="a", metadata=amy)
    assert made.owner.value == "amy"
    items.Create(title="b", metadata=bob)
    assert [item.title for item in items.List(metadata=amy)] == ["a"]
    page = items.ListPage(metadata=bob, page_size=1)
    assert ([item.title for item in page.results], page.total_size) == (["b"], 1)
    assert items.Retrieve(id=made.id, metadata=amy).title == "a"
    assert items.Update(id=made.id, title="c", metadata=amy).title == "c"
    assert items.PartialUpdate(json={"id": made.id, "title": "d"}, metadata=amy).title == "d"
    for call in [
        lambda: items.Retrieve(id=made.id, metadata=bob),
        lambda: items.Update(id=made.id, title="x", metadata=bob),
        lambda: items.Destroy(id=made.id, metadata=bob),
    ]:
        with refused(StatusCode.NOT_FOUND):
            call()
    assert len(items.List(metadata=bearer(sub="x", role="auditor"))) == 2
    items.Destroy(id=made.id, metadata=amy)
    assert items.List(metadata=amy) == []


def test_an_estimate_is_of_what_the_role_may_see(shop, items):
    for number in range(20):
        items.Create(title=f"{number}", metadata=member("amy" if number < 3 else "bob"))
    shop.database.query("ANALYZE item")
    estimates = shop.service("EstimateController")
    assert estimates.ListPage(metadata=member("amy")).total_size == 3
    assert estimates.ListPage(metadata=member("cid")).total_size == 0
    assert estimates.ListPage(metadata=bearer(sub="x", role="auditor")).total_size == 20
    # The login role may not look at the table, and so cannot be told which indexes it has.
    assert estimates.ListPage(filter="size = 0", metadata=member("amy")).total_size == 3


def test_rights_are_those_of_the_role(shop, items):
    secrets = shop.service("SecretController")
    auditor = bearer(sub="x", role="auditor")
    assert secrets.List(metadata=auditor) == []
    with refused(StatusCode.PERMISSION_DENIED, "PRIVILEGE"):
        secrets.List(metadata=member("amy"))
    with refused(StatusCode.PERMISSION_DENIED, "PRIVILEGE"):
        secrets.Create(metadata=auditor)
    with refused(StatusCode.PERMISSION_DENIED, "PRIVILEGE"):
        secrets.Retrieve(id=1, metadata=member("amy"))


@pytest.mark.parametrize(
    "claims",
    [{}, {"role": ""}, {"role": "none"}, {"role": "NONE"}, {"role": 5}, {"role": ["member"]}, {"role": "nobody"}, {"role": "stranger"},
     {"role": "pillion"}, {"role": "postgres"}, {"role": "member\x00"}, {"role": "m" * 64}, {"role": "member; DROP TABLE item"}, {"role": "\"member\""}])
def test_callers_without_a_role_are_refused(items, claims):
    for call in [items.List, items.ListPage, lambda **more: items.Retrieve(id=1, **more), lambda **more: items.Create(title="x", **more)]:
        with refused(StatusCode.PERMISSION_DENIED):
            call(metadata=bearer(sub="amy", **claims))
    assert items.List(metadata=bearer(sub="x", role="auditor")) == []


def test_claims_reach_the_database_as_they_are(items):
    name = "o'neil \"x\" \\ \u2028 é; DROP TABLE item; -- $1"
    made = items.Create(title="a", metadata=member(name))
    assert made.owner.value == name
    assert [item.id for item in items.List(metadata=member(name))] == [made.id]
    assert items.List(metadata=member("o'neil")) == []


def test_nothing_is_left_for_the_next_call(shop, items):
    """A hundred users on four connections, with errors and cancelled calls in between (RELIABILITY.md, G50)."""
    rows = []
    for user in range(USERS):
        metadata = member(f"user{user}")
        rows.append([items.Create(title=f"{user}/{number}", metadata=metadata).id for number in range(2)])
    foreign, calls, surprises = [], [0], []

    def work(seed):
        chance = random.Random(seed)
        client = shop.project.client(shop.server)
        mine = client.service("ItemController")
        for _ in range(USERS * CALLS // 8):
            user = chance.randrange(USERS)
            metadata, (own, other) = member(f"user{user}"), rows[user]
            calls[0] += 1
            try:
                match chance.randrange(12):
                    case 0:
                        found = [item.owner.value for item in mine.List(metadata=metadata)]
                        if found != [f"user{user}"] * 2:
                            foreign.append((user, found))
                    case 1:
                        mine.Retrieve(id=rows[(user + 1) % USERS][0], metadata=metadata)
                        foreign.append((user, "retrieved"))
                    case 2:
                        mine.Destroy(id=rows[(user + 1) % USERS][0], metadata=metadata)
                        foreign.append((user, "destroyed"))
                    case 3:
                        mine.PartialUpdate(json={"id": own, "title": f"{user}/1"}, metadata=metadata)
                    case 4:
                        mine.PartialUpdate(json={"id": own, "size": 13}, metadata=metadata)
                    case 5:
                        call = mine.PartialUpdate.start(json={"id": own, "size": 7}, metadata=metadata)
                        time.sleep(chance.random() / 20)
                        call.cancel()
                    case 6:
                        mine.PartialUpdate(json={"id": other, "size": 7}, metadata=metadata, timeout=0.05)
                    case 7:
                        stream = mine.List.start(metadata=metadata)
                        stream.cancel()
                    case 8:
                        mine.Retrieve(id=own, metadata=bearer(sub=f"user{user}", role="nobody"))
                        foreign.append((user, "without a role"))
                    case 9:
                        mine.List(metadata=bearer(sub=f"user{user}", role="stranger"))
                        foreign.append((user, "without a role"))
                    case _:
                        if mine.Retrieve(id=own, metadata=metadata).owner.value != f"user{user}":
                            foreign.append((user, "retrieved"))
            except grpc.RpcError as error:
                if error.code() not in (StatusCode.NOT_FOUND, StatusCode.ALREADY_EXISTS, StatusCode.FAILED_PRECONDITION, StatusCode.DEADLINE_EXCEEDED,
                                        StatusCode.PERMISSION_DENIED, StatusCode.CANCELLED, StatusCode.ABORTED):
                    surprises.append((error.code(), error.details()))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert foreign == [] and surprises == [] and calls[0] >= USERS * CALLS // 8 * 8
    # Between two calls every session is the login role's again.
    with shop.database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'gate' AND state LIKE 'idle in%'").fetchone() == (0,)
    assert len(items.List(metadata=bearer(sub="x", role="auditor"))) == 2 * USERS


def test_a_role_for_those_who_have_none(new_project):
    project = new_project("postgresql", shop=MODEL).generate().apply()
    project.database.script(ROLES + RULES)
    (project.folder / "pillion.yaml").write_text(configuration("{ claim: app.role, default: auditor }"))
    with project.serve("--allow-drift", url=project.database.url.replace("pillion@", "gate@")) as server:
        items = project.client(server).service("ItemController")
        assert items.List(metadata=bearer(sub="x")) == []
        with refused(StatusCode.PERMISSION_DENIED):
            items.Create(title="a", metadata=bearer(sub="x"))
        with refused(StatusCode.PERMISSION_DENIED):
            items.List(metadata=bearer(sub="x", app={"role": 5}))


def test_a_login_role_that_no_policy_binds_is_refused(new_project):
    project = new_project("postgresql", shop=MODEL).generate().apply()
    (project.folder / "pillion.yaml").write_text(configuration())
    with pytest.raises(DidNotStart) as failed, contextlib.closing(project.serve()):
        pass
    assert failed.value.code == 78 and "row security" in failed.value.output
    (project.folder / "pillion.yaml").write_text(configuration("{ claim: role, allow_bypass: true }"))
    project.database.script(ROLES)
    with project.serve():
        pass


def test_sqlite_has_no_roles(new_project):
    project = new_project("sqlite", shop=MODEL).generate().apply()
    (project.folder / "pillion.yaml").write_text(configuration())
    with pytest.raises(DidNotStart) as failed, contextlib.closing(project.serve()):
        pass
    assert failed.value.code == 78 and "database_role" in failed.value.output
