"""The error table, provoked in the databases for real."""

import threading

import grpc
import pytest
from grpc import StatusCode

from support.client import value
from support.errors import refused
from support.postgres import wait_until

DEFINITIONS = """
package: faults
models:
  Fault:
    fields:
      id: { type: int64, primary_key: true }
      name: { type: string, null: true, unique: true }
      parent: { type: foreign_key, model: Fault, null: true, column: parent_id, on_delete: restrict }
      checked: { type: int32, null: true }
      short: { type: string, null: true }
      needed: { type: string, null: true }
      amount: { type: decimal, null: true }
      code: { type: string, null: true }
  Gone:
    fields:
      id: { type: int64, primary_key: true }
      extra: { type: string, null: true }
"""

# The tables are stricter than the definitions know: what they refuse, only the database can refuse.
TABLES = {
    "sqlite": """
        DROP TABLE fault;
        CREATE TABLE fault (
          id INTEGER PRIMARY KEY, name TEXT UNIQUE, parent_id INTEGER REFERENCES fault, checked INTEGER CHECK (checked > 0),
          short TEXT CHECK (length(short) <= 3), needed TEXT NOT NULL DEFAULT 'x', amount TEXT, code TEXT);
        CREATE TABLE strict_log (n INTEGER) STRICT;
        CREATE TRIGGER raise BEFORE INSERT ON fault WHEN new.code = 'raise' BEGIN SELECT RAISE(ABORT, 'not on Sundays'); END;
        CREATE TRIGGER datatype AFTER INSERT ON fault WHEN new.code = 'datatype' BEGIN INSERT INTO strict_log VALUES ('text'); END;
    """,
    "postgresql": """
        ALTER TABLE fault ADD CHECK (checked > 0), ALTER short TYPE varchar(3), ALTER needed SET NOT NULL, ALTER amount TYPE numeric(5, 2);
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW.code = 'sleep' THEN PERFORM pg_sleep(30);
          ELSIF NEW.code = 'raise' THEN RAISE EXCEPTION 'not on Sundays';
          ELSIF NEW.code IS NOT NULL THEN RAISE EXCEPTION 'told to' USING ERRCODE = NEW.code; END IF;
          RETURN NEW;
        END $$;
        CREATE TRIGGER fail BEFORE INSERT ON fault FOR EACH ROW EXECUTE FUNCTION fail();
    """,
}


@pytest.fixture(scope="module")
def server(kind, start):
    with start(kind, sql=TABLES[kind], faults=DEFINITIONS, variables={"PILLION_DATABASE_BUSY_TIMEOUT": "300ms"}) as running:
        yield running


@pytest.fixture
def faults(server):
    server.database.query("DELETE FROM fault WHERE parent_id IS NOT NULL")
    server.database.query("DELETE FROM fault")
    return server.service("FaultController")


def create(faults, **fields):
    return faults.Create(**{"needed": value("x")} | {name: value(text) for name, text in fields.items()})


def test_unique(faults):
    first = create(faults, name="taken")
    with refused(StatusCode.ALREADY_EXISTS, "UNIQUE_VIOLATION"):
        create(faults, name="taken")
    with refused(StatusCode.ALREADY_EXISTS, "UNIQUE_VIOLATION"):
        faults.Create(id=first.id, needed=value("x"))
    second = create(faults, name="free")
    with refused(StatusCode.ALREADY_EXISTS, "UNIQUE_VIOLATION"):
        faults.PartialUpdate(id=second.id, name=value("taken"))


def test_foreign_key(faults):
    with refused(StatusCode.FAILED_PRECONDITION, "FOREIGN_KEY_VIOLATION"):
        create(faults, parent=4711)
    parent = create(faults)
    create(faults, parent=parent.id)
    with refused(StatusCode.FAILED_PRECONDITION, "FOREIGN_KEY_VIOLATION"):
        faults.Destroy(id=parent.id)


def test_not_null(faults):
    row = create(faults)
    with refused(StatusCode.INVALID_ARGUMENT, "NOT_NULL"):
        faults.PartialUpdate(id=row.id, needed={"null": 0})
    with refused(StatusCode.INVALID_ARGUMENT, "NOT_NULL"):
        faults.Create()


def test_check(faults):
    with refused(StatusCode.INVALID_ARGUMENT, "CHECK"):
        create(faults, checked=-1)


def test_bad_data(server, faults):
    bad = [{"short": "four"}, {"amount": "1234567.00"}] if server.kind == "postgresql" else [{"code": "datatype"}]
    for fields in bad:
        with refused(StatusCode.INVALID_ARGUMENT, "INVALID_VALUE"):
            create(faults, **fields)


def test_raise_in_a_trigger_is_passed_on(faults):
    with refused(StatusCode.FAILED_PRECONDITION, "RAISED") as refusal:
        create(faults, code="raise")
    assert "not on Sundays" in refusal.message


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("state", "code", "reason", "retry"),
    [
        ("23505", "ALREADY_EXISTS", "UNIQUE_VIOLATION", False), ("23503", "FAILED_PRECONDITION", "FOREIGN_KEY_VIOLATION", False),
        ("23502", "INVALID_ARGUMENT", "NOT_NULL", False), ("23514", "INVALID_ARGUMENT", "CHECK", False),
        ("22003", "INVALID_ARGUMENT", "INVALID_VALUE", False), ("22P02", "INVALID_ARGUMENT", "INVALID_VALUE", False),
        ("40001", "ABORTED", "SERIALIZATION", True), ("40P01", "ABORTED", "SERIALIZATION", True),
        ("55P03", "UNAVAILABLE", "LOCKED", True), ("57014", "DEADLINE_EXCEEDED", "TIMEOUT", False),
        ("42501", "PERMISSION_DENIED", "PRIVILEGE", False), ("25006", "FAILED_PRECONDITION", "READ_ONLY", False),
        ("08006", "UNAVAILABLE", "DATABASE_UNAVAILABLE", True), ("57P01", "UNAVAILABLE", "DATABASE_UNAVAILABLE", True),
        ("28P01", "UNAVAILABLE", "DATABASE_UNAVAILABLE", True), ("53200", "RESOURCE_EXHAUSTED", "EXHAUSTED", True),
        ("42P01", "FAILED_PRECONDITION", "SCHEMA_DRIFT", False), ("42703", "FAILED_PRECONDITION", "SCHEMA_DRIFT", False),
        ("P0001", "FAILED_PRECONDITION", "RAISED", False), ("XX001", "DATA_LOSS", "CORRUPT", False), ("0A000", "INTERNAL", "INTERNAL", False),
        ("P0002", "INTERNAL", "INTERNAL", False),
    ],
)
def test_every_sqlstate(server, faults, state, code, reason, retry):
    with refused(StatusCode[code], reason) as refusal:
        create(faults, code=state)
    assert (refusal.retry is not None) == retry
    if retry:
        assert refusal.retry.retry_delay.ToNanoseconds() > 0
    assert create(faults).id > 0


def test_database_text_stays_inside(server, faults):
    create(faults, name="taken")
    cases = [
        (StatusCode.ALREADY_EXISTS, {"name": "taken"}), (StatusCode.INVALID_ARGUMENT, {"checked": -1}),
        (StatusCode.FAILED_PRECONDITION, {"parent": 4711}),
    ]
    for code, fields in cases:
        with refused(code) as refusal:
            create(faults, **fields)
        text = refusal.everything()
        for secret in ("fault_", "fault.", "parent_id", "INSERT", "constraint", "taken", "4711"):
            assert secret not in text, text


def test_detailed_verbosity_says_more(kind, start):
    with start(kind, sql=TABLES[kind], faults=DEFINITIONS, variables={"PILLION_ERRORS_VERBOSITY": "detailed"}) as running:
        faults = running.service("FaultController")
        create(faults, name="taken")
        with refused(StatusCode.ALREADY_EXISTS, "UNIQUE_VIOLATION") as refusal:
            create(faults, name="taken")
        assert "fault" in refusal.everything() and "name" in refusal.everything()


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_statement_is_cancelled_at_the_deadline(server, faults):
    with refused(StatusCode.DEADLINE_EXCEEDED, details=False):
        faults.Create(needed=value("x"), code=value("sleep"), timeout=0.5)
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'"
    wait_until(lambda: server.database.query(sleeping) == [(0,)], 10, "the end of the statement")
    assert server.database.query("SELECT count(*) FROM fault") == [(0,)]
    assert create(faults).id > 0


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_statement_is_cancelled_with_its_call(server, faults):
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'"
    call = faults.Create.start(needed=value("x"), code=value("sleep"))
    wait_until(lambda: server.database.query(sleeping) == [(1,)], 10, "the sleep")
    # Others are served while one of them sleeps.
    assert faults.List() == []
    call.cancel()
    wait_until(lambda: server.database.query(sleeping) == [(0,)], 10, "the end of the statement")
    assert server.database.query("SELECT count(*) FROM fault") == [(0,)]


def set_lock_timeout(server, faults, setting):
    """Changes what new connections have, and sees to it that pillion's are new."""
    server.database.query(f"ALTER DATABASE {server.database.name} {setting}")
    for pid in server.database.cluster.backends(server.database.name):
        server.database.query("SELECT pg_terminate_backend(?)", [pid])
    wait_until(lambda: answers(faults.List), what="a new connection")


def test_locked(server, faults):
    row = create(faults)
    if server.kind == "postgresql":
        set_lock_timeout(server, faults, "SET lock_timeout = '300ms'")
    other = server.database.connect()
    try:
        if server.kind == "sqlite":
            other.execute("BEGIN IMMEDIATE")
        else:
            other.autocommit = False
            other.execute("SELECT * FROM fault WHERE id = %s FOR UPDATE", [row.id])
        with refused(StatusCode.UNAVAILABLE, "LOCKED") as refusal:
            faults.PartialUpdate(id=row.id, short=value("new"))
        assert refusal.retry is not None
        # Readers do not wait for writers.
        assert faults.Retrieve(id=row.id).short.WhichOneof("kind") == "null"
    finally:
        other.rollback()
        other.close()
        if server.kind == "postgresql":
            set_lock_timeout(server, faults, "RESET lock_timeout")
    assert faults.PartialUpdate(id=row.id, short=value("new")).short.value == "new"


def answers(call):
    try:
        call()
        return True
    except grpc.RpcError as error:
        assert error.code() == StatusCode.UNAVAILABLE, error
        return False


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_deadlock_ends_one_of_the_two(server, faults):
    first, second = create(faults), create(faults)
    server.database.script(f"""
        CREATE FUNCTION pair() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN UPDATE fault SET short = 'b' WHERE id = {second.id}; RETURN NEW; END $$;
        CREATE TRIGGER pair AFTER UPDATE ON fault FOR EACH ROW WHEN (NEW.id = {first.id}) EXECUTE FUNCTION pair();
    """)
    other = server.database.connect()
    other.autocommit = False
    try:
        # The one who waits longer finds the deadlock: that is to be pillion's.
        other.execute("SET deadlock_timeout = '60s'")
        other.execute("UPDATE fault SET short = 'a' WHERE id = %s", [second.id])
        call = faults.PartialUpdate.start(id=first.id, short=value("c"))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        wait_until(lambda: server.database.query(waiting) == [(1,)], 10, "the wait for the lock")
        thread = threading.Thread(target=lambda: other.execute("UPDATE fault SET short = 'd' WHERE id = %s", [first.id]))
        thread.start()
        with refused(StatusCode.ABORTED, "SERIALIZATION") as refusal:
            call.result(timeout=30)
        assert refusal.retry is not None
        thread.join(30)
    finally:
        other.rollback()
        other.close()
        server.database.script("DROP TRIGGER IF EXISTS pair ON fault; DROP FUNCTION IF EXISTS pair")


def test_table_gone(server):
    gone = server.service("GoneController")
    row = gone.Create(extra=value("x"))
    server.database.script("ALTER TABLE gone RENAME TO hidden")
    try:
        for call in (lambda: gone.Retrieve(id=row.id), lambda: gone.Create(), lambda: gone.List(), lambda: gone.Destroy(id=row.id)):
            with refused(StatusCode.FAILED_PRECONDITION, "SCHEMA_DRIFT"):
                call()
    finally:
        server.database.script("ALTER TABLE hidden RENAME TO gone")
    assert gone.Retrieve(id=row.id) == row


def test_column_gone(server):
    gone = server.service("GoneController")
    row = gone.Create(extra=value("x"))
    server.database.script("ALTER TABLE gone RENAME COLUMN extra TO other")
    try:
        for call in (lambda: gone.Retrieve(id=row.id), lambda: gone.List()):
            with refused(StatusCode.FAILED_PRECONDITION, "SCHEMA_DRIFT"):
                call()
    finally:
        server.database.script("ALTER TABLE gone RENAME COLUMN other TO extra")
    assert gone.Retrieve(id=row.id) == row


def test_changes_of_the_table_that_do_not_matter(server):
    gone = server.service("GoneController")
    row = gone.Create(extra=value("x"))
    assert gone.Retrieve(id=row.id) == row
    server.database.script("ALTER TABLE gone ADD COLUMN later integer")
    assert gone.Retrieve(id=row.id) == row
    assert gone.Create().id != row.id
    assert row in gone.List()
