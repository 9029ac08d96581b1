"""`pillion check`, the check at the start of `serve`, and readiness while a table is gone."""

import json
import re

import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support.client import TIMEOUT
from support.errors import refused
from support.postgres import wait_until
from support.server import DidNotStart

SHOP = """
package: shop
models:
  Item:
    fields:
      id: { type: int64, primary_key: true }
      name: { type: string }
      code: { type: string, unique: true }
      count: { type: int32 }
      note: { type: string, null: true }
      created: { type: timestamp }
      tags: { type: many_to_many, model: Tag, through: item_tag, source: item_id, target: tag_id }
    ordering: [-created]
  Tag:
    fields:
      id: { type: int64, primary_key: true }
      name: { type: string }
"""
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVING = health_pb2.HealthCheckResponse.SERVING


def findings(project, code, *arguments):
    """What `check --format json` finds, by place and code."""
    done = project.run("check", "--database", project.database.url, "--format", "json", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    report = json.loads(done.stdout)
    for severity in ("error", "warning"):
        assert report[f"{severity}s"] == sum(found["severity"] == severity for found in report["findings"])
    return {(found["line"], found["code"]): found for found in report["findings"]}


@pytest.fixture
def shop(new_project, kind):
    return new_project(kind, shop=SHOP).generate()


def test_what_schema_makes_lacks_only_the_index_of_the_order(shop):
    shop.apply()
    found = findings(shop, 0)
    assert set(found) == {(4, "missing-index")}
    assert found[4, "missing-index"]["severity"] == "warning"
    shop.database.query(found[4, "missing-index"]["fix"])
    done = shop.run("check", "--database", shop.database.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert "agree" in done.stdout


def test_every_finding_in_one_run_and_every_fix_works(shop):
    kind = shop.database.kind
    text = "text" if kind == "postgresql" else "TEXT"
    shop.database.script(
        f"CREATE TABLE item (id {'bigint' if kind == 'postgresql' else 'INTEGER'} PRIMARY KEY, name {text}, code {text} NOT NULL,"
        f" note {text} NOT NULL, created {'timestamptz' if kind == 'postgresql' else 'TEXT'} NOT NULL);"
        " CREATE TABLE item_tag (item_id bigint NOT NULL, tag_id bigint NOT NULL);"
        " INSERT INTO item (id, name, code, note, created) VALUES (1, 'a', 'b', 'c', '2024-01-01 00:00:00+00')")
    found = findings(shop, 1)
    expected = {
        (7, "null-mismatch"): "warning", (8, "missing-unique"): "warning", (9, "missing-column"): "error",
        (10, "null-mismatch"): "warning", (12, "missing-index"): "warning", (4, "missing-index"): "warning",
        (14, "missing-table"): "error",
    }
    assert {key: one["severity"] for key, one in found.items()} == expected
    for one in found.values():
        assert one["file"] == "models/shop.yaml" and one["column"] > 0 and one["fix"]
    # In text, each is a line with its place; warnings too.
    done = shop.run("check", "--database", shop.database.url)
    for line, _ in expected:
        assert re.search(rf"models/shop\.yaml:{line}:\d+: (error|warning): ", done.stderr), done.stderr
    # What is SQL can be run as it is.
    statements = [re.search(r"(CREATE|ALTER) .*;", one["fix"], re.DOTALL) for one in found.values()]
    assert sum(map(bool, statements)) == (7 if kind == "postgresql" else 5)
    for statement in filter(None, statements):
        shop.database.script(statement[0])
    left = findings(shop, 0)
    assert {key for key in left} == ({(7, "null-mismatch"), (10, "null-mismatch")} if kind == "sqlite" else set())
    assert shop.database.query("SELECT count FROM item") == [(0,)]
    # And what is YAML can be written.
    shop.write(shop=SHOP.replace("name: { type: string }", "name: { type: string, null: true }", 1).replace("note: { type: string, null: true }", "note: { type: string }"))
    if kind == "sqlite":
        shop.generate("--accept-breaking", "field-type:shop.Item.name", "--accept-breaking", "field-type:shop.Item.note")
        assert findings(shop, 0) == {}


@pytest.mark.parametrize(
    ("database", "column", "type", "severity"),
    [
        ("postgresql", "bytea", "int64", "error"), ("postgresql", "bigint", "int32", "warning"),
        ("postgresql", "text", "timestamp", "warning"), ("postgresql", "numeric(10,2)", "double", "warning"),
        ("postgresql", "integer", "int64", None), ("postgresql", "varchar(9)", "string", None),
        ("postgresql", "inet", "string", None), ("postgresql", "timestamp(3) with time zone", "timestamp", None),
        ("postgresql", "information_schema.yes_or_no", "string", None), ("postgresql", "information_schema.cardinal_number", "int32", None),
        ("postgresql", "numeric(10,2)", "decimal", None), ("postgresql", "text", "uuid", "warning"),
        ("sqlite", "BLOB", "int64", "error"), ("sqlite", "TEXT", "int64", "error"), ("sqlite", "varchar(9)", "double", "error"),
        ("sqlite", "VARCHAR(9)", "string", None), ("sqlite", "", "int64", None), ("sqlite", "datetime", "timestamp", None),
        ("sqlite", "decimal(10, 2)", "decimal", None), ("sqlite", "BLOB", "uuid", None), ("sqlite", "INT", "bool", None),
    ],
)
def test_types(new_project, database, column, type, severity):
    project = new_project(
        database, t=f"package: t\nmodels:\n  T:\n    fields:\n      id: {{ type: int64, primary_key: true }}\n      x: {{ type: {type} }}\n").generate()
    project.database.script(f"CREATE TABLE t (id bigint PRIMARY KEY, x {column} NOT NULL)")
    found = findings(project, 1 if severity == "error" else 0)
    found.pop((3, "missing-unique"), None)
    found = {key: one for key, one in found.items() if one["line"] == 6}
    assert [one["severity"] for one in found.values()] == ([severity] if severity else []), found
    if severity:
        assert set(found) == {(6, "type-mismatch")}


def test_views_have_no_indexes_to_miss(new_project, kind):
    view = "package: v\nmodels:\n  Row:\n    table: seen\n    fields:\n      id: { type: int64, primary_key: true }\n      name: { type: string, unique: true }\n    ordering: [name]\n    service: { actions: read_only }\n"
    project = new_project(kind, v=view).generate()
    project.database.script("CREATE TABLE hidden (id bigint PRIMARY KEY, name text NOT NULL); CREATE VIEW seen AS SELECT * FROM hidden")
    assert findings(project, 0) == {}


def test_tables_of_another_schema(new_project):
    project = new_project("postgresql", v='package: v\nmodels:\n  Row:\n    table: \'app."odd\'\n    fields:\n      id: { type: int64, primary_key: true }\n').generate()
    assert set(findings(project, 1)) == {(3, "missing-table")}
    project.apply()
    assert findings(project, 0) == {}


def test_protos_and_lock_in_the_same_run(shop):
    shop.apply()
    shop.database.script("ALTER TABLE tag RENAME COLUMN name TO label")
    shop.write(shop=SHOP.replace("      note:", "      more: { type: string, null: true }\n      note:"))
    found = findings(shop, 1)
    assert {"protos", "missing-column"} <= {code for _, code in found}
    assert {one["file"] for one in found.values()} >= {"protos/pillion.lock", "protos/shop.proto", "models/shop.yaml"}
    shop.write(shop=SHOP.replace("name: { type: string }", "name: { type: bytes }"))
    found = findings(shop, 1)
    assert {"definitions", "missing-column"} <= {code for _, code in found}
    assert any("field-type:shop.Item.name" in one["message"] for one in found.values())
    shop.write(shop="models: {")
    done = shop.run("check", "--database", shop.database.url, "--format", "json")
    assert done.returncode == 78 and json.loads(done.stdout)["findings"][0]["code"] == "definitions"


def test_check_writes_nothing(shop):
    shop.apply()
    before = contents(shop)
    for _ in range(2):
        findings(shop, 0)
    assert contents(shop) == before


def contents(project):
    """Everything that a check could have changed. PostgreSQL gives transaction ids to those that write only."""
    database = project.database
    if database.kind == "sqlite":
        # Whoever reads a file with a write-ahead log has to have the log, empty, and its index beside it.
        assert all(not path.read_bytes() for path in database.path.parent.glob("*-wal"))
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in database.path.parent.iterdir() if not path.name.endswith(("-shm", "-wal"))}
    return database.query("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")


def test_check_opens_a_file_that_it_may_not_write(new_project):
    project = new_project("sqlite", shop=SHOP).generate().apply()
    project.database.query("PRAGMA journal_mode = DELETE")
    project.database.path.chmod(0o444)
    assert findings(project, 0)


def test_serve_stops_at_errors(shop):
    shop.database.query("CREATE TABLE other (id bigint)")
    with pytest.raises(DidNotStart) as caught:
        shop.serve().kill()
    assert caught.value.code == 1
    assert re.search(r"shop\.yaml:4:\d+: error: table 'item' .*pillion schema --apply", caught.value.output)
    assert "--allow-drift" in caught.value.output
    with shop.serve("--allow-drift") as server:
        with refused(StatusCode.FAILED_PRECONDITION, "SCHEMA_DRIFT"):
            shop.client(server).service("TagController").Retrieve(id=1)
        wait_until(lambda: status(server) == NOT_SERVING)
        # The tables come, and all is well.
        shop.apply()
        wait_until(lambda: status(server) == status(server, "shop.ItemController") == SERVING)
        assert shop.client(server).service("TagController").Create(name="a").name == "a"


def test_serve_logs_warnings(shop):
    shop.apply()
    with shop.serve() as server:
        line = json.loads(server.logged("missing-index"))
        assert server.output.count("missing-index") == 1
    assert line["level"] == "warning" and line["place"].startswith("models/shop.yaml:4:") and "CREATE INDEX" in line["fix"]


def status(server, service=""):
    stub = health_pb2_grpc.HealthStub(server.channel())
    return stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT).status


@pytest.mark.parametrize(
    ("gone", "back"),
    [
        ("ALTER TABLE tag RENAME TO hidden", "ALTER TABLE hidden RENAME TO tag"),
        ("ALTER TABLE tag RENAME COLUMN name TO label", "ALTER TABLE tag RENAME COLUMN label TO name"),
    ],
)
def test_readiness_follows_the_tables(shop, gone, back):
    shop.apply()
    with shop.serve() as server:
        assert status(server) == status(server, "shop.TagController") == SERVING
        shop.database.script(gone)
        wait_until(lambda: status(server, "shop.TagController") == NOT_SERVING)
        assert status(server) == NOT_SERVING
        if "COLUMN" in gone:
            assert status(server, "shop.ItemController") == SERVING, "the other one is as ready as before"
        shop.database.script(back)
        wait_until(lambda: status(server, "shop.TagController") == SERVING)
        assert status(server) == SERVING
        server.logged("shop.TagController")
