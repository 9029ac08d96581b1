"""What clients put into every text of a request never becomes SQL: the database sees the same statements as before
(RELIABILITY.md, G51)."""

import itertools
import os

import grpc
import pytest
from grpc import StatusCode

# RELIABILITY.md wants 5,000: PILLION_INJECTIONS=5000.
PAYLOADS = int(os.environ.get("PILLION_INJECTIONS", "1000"))

# A table whose name is an attack itself, one of 63 bytes and beyond ASCII, one that is a keyword.
MODEL = r"""
package: hostile
models:
  Thing:
    table: "\"; DROP TABLE canary; --"
    fields:
      id: { type: int64, primary_key: true, column: "select" }
      title: { type: string, column: "t' OR 1=1 --" }
      note: { type: string, null: true, column: "ünïcödé" }
      size: { type: int32, default: 0, column: "order" }
      data: { type: json, null: true }
      words: { type: array, items: string }
      parent: { type: foreign_key, model: Thing, null: true }
    service: { actions: [List, ListPage, Create, Retrieve, Update, PartialUpdate, Destroy], total_size: exact }
  Long:
    table: "ääääääääääääääääääääääääääääääa"
    fields:
      id: { type: string, primary_key: true, column: "user" }
  Keyword:
    table: "table"
    fields:
      id: { type: int64, primary_key: true }
      name: { type: string, unique: true, column: "where" }
    service: { lookup_field: name }
"""

MARK = "pwned"
CORES = [
    "'; DROP TABLE canary; --{m}", "\"; DROP TABLE canary; --{m}", "' OR '{m}'='{m}", "\" OR \"{m}\"=\"{m}", "1 OR 1=1 --{m}",
    "'); DELETE FROM canary; --{m}", "\"); DELETE FROM canary; --{m}", "' UNION SELECT '{m}', version() --", "'; SELECT pg_sleep(9); --{m}",
    "$1; DROP TABLE canary; --{m}", "?1; DROP TABLE canary; --{m}", "$${m}$$; DROP TABLE canary", "\\'; DROP TABLE canary; --{m}",
    "/*{m}*/ DROP TABLE canary", "'; COPY canary TO PROGRAM 'touch /tmp/{m}'; --", "'||(SELECT '{m}' FROM canary)||'", "E'\\x27; --{m}",
    "ʼ; DROP TABLE canary; --{m}", "＇; DROP TABLE canary; --{m}", "%27%3B%20DROP%20TABLE%20canary--{m}", "\u0000'; DROP TABLE canary; --{m}",
    "'; ATTACH DATABASE '/tmp/{m}' AS x; --", "x'; PRAGMA writable_schema=1; --{m}", "{{7*7}}${{{m}}}", "a\nb'; DROP TABLE canary; --{m}",
]
PREFIXES = ["", "x", "1", " ", "\\", "'", "\"", ")", "--", "\t"]
SUFFIXES = ["", "'", "\"", ";"]


def payloads():
    combined = (f"{prefix}{core.format(m=f'{MARK}{number}')}{suffix}"
                for number, (core, prefix, suffix) in enumerate(itertools.product(CORES, PREFIXES, SUFFIXES)))
    rounds = itertools.cycle(list(combined))
    for number in range(PAYLOADS):
        yield next(rounds) + ("" if number < 1000 else str(number))


def quoted(text):
    """As a value of the filter language."""
    for character in "\\\"*":
        text = text.replace(character, "\\" + character)
    return f'"{text}"'


def places(things, keywords):
    """Where a text can go, each a call. First those where it is a value: they give every statement its shape."""
    return [
        ("title", lambda text: things.Create(json={"title": text, "words": [text], "note": {"value": text}})),
        ("note", lambda text: things.PartialUpdate(json={"id": 1, "note": {"value": text}, "words": [text], "is_words_set": True})),
        ("data", lambda text: things.PartialUpdate(json={"id": 1, "data": {"value": {text: text}}})),
        ("lookup", lambda text: keywords.Retrieve(name=text)),
        ("filter value", lambda text: things.List(filter=f"title = {quoted(text)}", page_size=1)),
        ("filter pattern", lambda text: things.List(filter=f"contains(note, {quoted(text)})", page_size=1)),
        ("filter items", lambda text: things.List(filter=f"words:{quoted(text)}", page_size=1)),
        ("filter key", lambda text: things.List(filter=f"data.{quoted(text)} = {quoted(text)}", page_size=1)),
        ("filter relation", lambda text: things.List(filter=f"parent.title = {quoted(text)}", page_size=1)),
        ("filter", lambda text: things.List(filter=text, page_size=1)),
        ("order", lambda text: things.List(order_by=text, page_size=1)),
        ("token", lambda text: things.List(page_token=text, page_size=1)),
        ("mask", lambda text: things.Retrieve(id=1, **{"read_mask": {"paths": [text]}})),
    ]


ANSWERS = {StatusCode.INVALID_ARGUMENT, StatusCode.NOT_FOUND}


@pytest.fixture(scope="module")
def hostile(kind, start):
    sql = "CREATE TABLE canary (alive int); INSERT INTO canary VALUES (1);"
    if kind == "postgresql":
        sql += "CREATE EXTENSION pg_stat_statements;"
    with start(kind, sql=sql, hostile=MODEL) as running:
        yield running


def statements(database):
    """What the server has been asked by Pillion."""
    rows = database.query("SELECT s.query FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = current_database()")
    return {query for query, in rows if "pg_stat_statements" not in query and "canary" not in query}


def run(calls, text):
    for place, call in calls:
        try:
            call(text)
        except grpc.RpcError as error:
            assert error.code() in ANSWERS, f"{place}: {text!r}: {error.code()} {error.details()}"


def test_texts_stay_texts(hostile):
    things, keywords = hostile.service("ThingController"), hostile.service("KeywordController")
    masks = "read_mask" in things.Retrieve.request_class.DESCRIPTOR.fields_by_name
    calls = [(place, call) for place, call in places(things, keywords) if masks or place != "mask"]
    things.Create(json={"title": "first"})
    run(calls, "harmless")
    known = statements(hostile.database) if hostile.kind == "postgresql" else None

    rounds = itertools.cycle(calls)
    for text in payloads():
        run(itertools.islice(rounds, 4), text)

    assert hostile.database.query("SELECT alive FROM canary") == [(1,)]
    if known is not None:
        new = statements(hostile.database) - known
        # A text may be a filter by accident: then its statement is made of Pillion's own words.
        assert not [query for query in known | new if MARK in query]
        assert len(new) <= 2, new
    long = hostile.service("LongController")
    assert long.Create(id="'; --").id == long.Retrieve(id="'; --").id


def test_texts_come_back_as_they_were(hostile):
    things = hostile.service("ThingController")
    for text in itertools.islice(payloads(), 100):
        if "\0" in text and hostile.kind == "postgresql":
            continue
        made = things.Create(json={"title": text, "note": {"value": text}})
        assert (made.title, made.note.value) == (text, text)
        found = things.List(filter=f"title = {quoted(text)} AND note = {quoted(text)}")
        assert made.id in [thing.id for thing in found] and {thing.title for thing in found} == {text}
