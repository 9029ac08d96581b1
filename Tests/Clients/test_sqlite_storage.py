"""What Django, Rails and plain SQLite have written is read; what is written is ISO 8601, unless `storage:` says otherwise."""

import uuid

import pytest
from grpc import StatusCode

from support.errors import refused

DEFINITIONS = """
package: stored
models:
  Any:
    table: anything
    fields:
      id: { type: int64, primary_key: true }
      at: { type: timestamp, null: true }
      day: { type: date, null: true }
      key: { type: uuid, null: true }
      price: { type: decimal, null: true }
      flag: { type: bool, null: true }
      data: { type: json, null: true }
      number: { type: int64, null: true }
      text: { type: string, null: true }
  Chosen:
    fields:
      id: { type: int64, primary_key: true }
      at: { type: timestamp, storage: integer }
      django_at: { type: timestamp, storage: django }
      julian_at: { type: timestamp, storage: real }
      key: { type: uuid, storage: blob }
      hex_key: { type: uuid, storage: hex }
      price: { type: decimal, storage: real }
"""
KEY = "0a1b2c3d-0000-4000-8000-00000000abcd"


@pytest.fixture(scope="module")
def stored(start):
    # No declared types: every value stays in the form in which it is inserted.
    with start("sqlite", sql="DROP TABLE anything; CREATE TABLE anything (id INTEGER PRIMARY KEY, at, day, key, price, flag, data, number, text)",
               stored=DEFINITIONS) as running:
        yield running


@pytest.mark.parametrize(
    ("sql", "seconds", "nanos"),
    [
        ("'2024-05-06 07:08:09'", 1714979289, 0), ("'2024-05-06T07:08:09'", 1714979289, 0), ("'2024-05-06T07:08:09Z'", 1714979289, 0),
        ("'2024-05-06 07:08:09.123456'", 1714979289, 123456000), ("'2024-05-06T09:08:09+02:00'", 1714979289, 0),
        ("'2024-05-06 07:08:09.5+00:00'", 1714979289, 500000000), ("'2024-05-06 07:08'", 1714979280, 0), ("'2024-05-06'", 1714953600, 0),
        ("1714979289", 1714979289, 0), ("-1", -1, 0), ("2440587.5", 0, 0), ("2440588.0", 43200, 0),
    ],
)
def test_timestamps(stored, sql, seconds, nanos):
    stored.database.query(f"INSERT OR REPLACE INTO anything (id, at) VALUES (1, {sql})")
    at = stored.service("AnyController").Retrieve(id=1).at.value
    assert (at.seconds, at.nanos) == (seconds, nanos)


@pytest.mark.parametrize(
    ("field", "sql", "expected"),
    [
        ("day", "'2024-05-06'", "2024-05-06"), ("day", "2440587.5", "1970-01-01"),
        ("key", f"'{KEY}'", KEY), ("key", f"'{KEY.upper()}'", KEY), ("key", f"'{KEY.replace('-', '')}'", KEY), ("key", f"x'{KEY.replace('-', '')}'", KEY),
        ("price", "'12.50'", "12.50"), ("price", "12", "12"), ("price", "12.5", "12.5"),
        ("flag", "1", True), ("flag", "0", False), ("flag", "'t'", True), ("flag", "'f'", False), ("flag", "'true'", True), ("flag", "'false'", False),
        ("number", "9223372036854775807", 2**63 - 1), ("text", "'x'", "x"),
    ],
)
def test_other_types(stored, field, sql, expected):
    stored.database.query(f"INSERT OR REPLACE INTO anything (id, {field}) VALUES (1, {sql})")
    assert getattr(stored.service("AnyController").Retrieve(id=1), field).value == expected


@pytest.mark.parametrize(
    ("field", "sql"),
    [("at", "'soon'"), ("day", "'2024-13-01'"), ("key", "'k'"), ("price", "'dear'"), ("flag", "'perhaps'"), ("number", "'many'"), ("data", "'{'")],
)
def test_unreadable_values_are_errors_and_only_theirs(stored, field, sql):
    service = stored.service("AnyController")
    stored.database.query(f"INSERT OR REPLACE INTO anything (id, {field}) VALUES (1, {sql}), (2, NULL)")
    with refused(StatusCode.DATA_LOSS, "UNREADABLE_VALUE"):
        service.Retrieve(id=1)
    with refused(StatusCode.DATA_LOSS, "UNREADABLE_VALUE"):
        service.List()
    assert service.Retrieve(id=2).id == 2
    stored.database.query("DELETE FROM anything")


def test_what_is_written(stored):
    created = stored.service("AnyController").Create(
        at={"value": {"seconds": 1714979289, "nanos": 500_000_000}}, day={"value": "2024-05-06"}, key={"value": KEY}, price={"value": "12.50"},
        flag={"value": True},
    )
    rows = stored.database.query("SELECT at, day, key, price, flag FROM anything WHERE id = ?", [created.id])
    at, *others = rows[0]
    assert at in ("2024-05-06T07:08:09.500Z", "2024-05-06T07:08:09.5Z", "2024-05-06T07:08:09.500000Z")
    assert others == ["2024-05-06", KEY, "12.50", 1]


def test_storage_of_ones_own_choice(stored):
    moment = {"seconds": 1714979289}
    created = stored.service("ChosenController").Create(
        at=moment, django_at=moment, julian_at={"seconds": 43200}, key=KEY, hex_key=KEY, price="12.5"
    )
    rows = stored.database.query("SELECT at, django_at, julian_at, key, hex_key, price FROM chosen")
    assert rows == [(1714979289, rows[0][1], 2440588.0, uuid.UUID(KEY).bytes, KEY.replace("-", ""), 12.5)]
    assert rows[0][1].startswith("2024-05-06 07:08:09")
    assert (created.at.seconds, created.django_at.seconds, created.julian_at.seconds) == (1714979289, 1714979289, 43200)
    assert (created.key, created.hex_key, created.price) == (KEY, KEY, "12.5")
