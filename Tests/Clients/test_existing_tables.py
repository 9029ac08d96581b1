"""Tables that somebody else made: other names, other column types, other schemas."""

import pytest
from grpc import StatusCode

from support.client import NULL, value
from support.errors import refused

NAMES = """
package: names
models:
  Odd:
    table: 'Odd "Table"; --'
    fields:
      id: { type: int64, primary_key: true, column: ID }
      order: { type: string, column: order }
      quoted: { type: string, null: true, column: 'a "quoted" one' }
      spaced: { type: int32, column: "with space", default: 5 }
      others: { type: many_to_many, model: Odd, through: 'Join Table', source: "from", target: to }
    ordering: [-spaced]
"""


@pytest.fixture(scope="module")
def odd(kind, start):
    with start(kind, names=NAMES) as running:
        yield running.service("OddController")


def test_names_that_need_quoting(odd):
    first = odd.Create(order="first")
    second = odd.Create(order="select", quoted=value("'; --"), spaced=7, others=[first.id])
    assert (second.order, second.quoted.value, second.spaced, list(second.others)) == ("select", "'; --", 7, [first.id])
    assert [row.order for row in odd.List()] == ["select", "first"]
    assert [row.order for row in odd.List(order_by="order")] == ["first", "select"]
    assert odd.Update(id=second.id, order="update", others=[second.id]).others == [second.id]
    assert odd.PartialUpdate(id=second.id, quoted=NULL).quoted.WhichOneof("kind") == "null"
    odd.Destroy(id=second.id)
    assert [row.order for row in odd.List()] == ["first"]


NATIVE = """
package: native
models:
  Native:
    table: elsewhere.native
    fields:
      id: { type: int32, primary_key: true }
      mood: { type: string, null: true }
      address: { type: string, null: true, format: ipv4 }
      code: { type: string, null: true }
      small: { type: int32, null: true }
      wide: { type: int64, null: true }
      amount: { type: decimal, null: true }
      ratio: { type: double, null: true }
      rough: { type: float, null: true }
      key: { type: uuid, null: true }
      at: { type: timestamp, null: true }
      data: { type: json, null: true }
      labels: { type: array, items: string }
      twice: { type: int32, read_only: true, null: true }
"""

TABLE = """
CREATE SCHEMA elsewhere;
CREATE TYPE elsewhere.mood AS ENUM ('sad', 'happy');
CREATE TABLE elsewhere.native (
  id serial PRIMARY KEY, mood elsewhere.mood, address inet, code char(4), small smallint, wide integer, amount numeric(10, 2),
  ratio real, rough double precision, key text, at timestamp, data json, labels varchar(9)[] NOT NULL DEFAULT '{}',
  twice integer GENERATED ALWAYS AS (small * 2) STORED);
"""


@pytest.fixture(scope="module")
def native(new_project):
    project = new_project("postgresql", native=NATIVE).generate()
    project.database.script(TABLE)
    with project.serve() as server:
        yield project.client(server).service("NativeController"), project.database


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("mood", "happy", "happy"), ("address", "10.0.0.1", "10.0.0.1"), ("code", "abcd", "abcd"), ("small", -32768, -32768),
        ("wide", 2**31 - 1, 2**31 - 1), ("amount", "1.5", "1.50"), ("amount", "99999999.99", "99999999.99"), ("ratio", 0.5, 0.5),
        ("rough", 0.25, 0.25), ("key", "0a1b2c3d-0000-4000-8000-00000000abcd", "0a1b2c3d-0000-4000-8000-00000000abcd"),
    ],
)
def test_postgresql_types(native, field, given, kept):
    service, _ = native
    created = service.Create(**{field: value(given)})
    assert getattr(created, field).value == kept
    assert service.Retrieve(id=created.id) == created
    assert service.PartialUpdate(id=created.id, **{field: value(given)}) == created
    assert created in service.List()


@pytest.mark.parametrize(
    ("field", "given"), [("mood", "angry"), ("small", 32768), ("wide", 2**31), ("amount", "123456789.00"), ("code", "abcde")]
)
def test_what_postgresql_refuses(native, field, given):
    service, _ = native
    with refused(StatusCode.INVALID_ARGUMENT, "INVALID_VALUE"):
        service.Create(**{field: value(given)})


def test_timestamp_without_zone_is_utc(native):
    """Whatever the server's own zone is: here it is Tokyo's."""
    service, database = native
    created = service.Create(at={"value": {"seconds": 1714979289, "nanos": 123_456_000}})
    assert (created.at.value.seconds, created.at.value.nanos) == (1714979289, 123_456_000)
    assert database.query("SELECT at::text FROM elsewhere.native WHERE id = ?", [created.id]) == [("2024-05-06 07:08:09.123456",)]


def test_json_arrays_and_generated_columns(native):
    service, database = native
    created = service.Create(json={"data": {"value": {"b": 1, "a": [True, None]}}, "labels": ["x", "a,b", "{}", "NULL", "\"", ""], "small": {"value": 21}})
    assert list(created.labels) == ["x", "a,b", "{}", "NULL", "\"", ""]
    assert created.twice.value == 42
    assert database.query("SELECT data->>'b', array_length(labels, 1) FROM elsewhere.native WHERE id = ?", [created.id]) == [("1", 6)]
    database.query("UPDATE elsewhere.native SET labels = ARRAY['x', NULL] WHERE id = ?", [created.id])
    with refused(StatusCode.DATA_LOSS, "UNREADABLE_VALUE"):
        service.Retrieve(id=created.id)
    database.query("DELETE FROM elsewhere.native WHERE id = ?", [created.id])


@pytest.mark.parametrize("form", ["keywords", "socket", "variables", "postgres scheme"])
def test_ways_to_name_a_postgresql_database(native, cluster, new_project, form):
    _, database = native
    project = new_project(native=NATIVE).generate()
    name, port, variables = database.name, cluster.port, {}
    if form == "keywords":
        url = f"host=127.0.0.1 port={port} dbname={name} user=pillion"
    elif form == "socket":
        url = f"postgresql:///{name}?host={cluster.folder}&port={port}&user=pillion"
    elif form == "postgres scheme":
        url = f"postgres://pillion@127.0.0.1:{port}/{name}"
    else:
        url = "postgresql://"
        variables = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGDATABASE": name, "PGUSER": "pillion"}
    with project.serve(url=url, variables=variables) as server:
        assert project.client(server).service("NativeController").List(page_size=1) is not None
