"""Orders, pages and their tokens, ListPage, and the rows that a service's filter leaves."""

import random
import time

import pytest
from grpc import StatusCode

from support.errors import refused
from support.pages import pages
from support.project import Running
from test_filter import MODEL

TABLE = """
package: pages
models:
  Group:
    fields:
      id: { type: int64, primary_key: true }
      name: { type: string, null: true }
      rank: { type: int32, null: true }
  Entry:
    primary_key: [tenant, id]
    fields:
      tenant: { type: int32 }
      id: { type: int32 }
      a: { type: int32 }
      b: { type: int32, null: true }
      c: { type: string, null: true }
      d: { type: timestamp, null: true }
      e: { type: decimal, null: true }
      f: { type: double }
      flag: { type: bool, null: true }
      code: { type: uuid, null: true }
      raw: { type: bytes, null: true }
      group: { type: foreign_key, model: Group, column: group_id, null: true }
    ordering: [b, -c]
    service: { actions: [List, ListPage, Create, Destroy] }
"""

COLUMNS = ["a", "b", "c", "d", "e", "f", "flag", "code", "raw", "group", "group.name", "group.rank", "tenant", "id"]


def fill(database, random, count):
    def maybe(value, share=0.3):
        return None if random.random() < share else value

    rows = []
    for number in range(count):
        rows.append((
            number % 3, number, random.randrange(4), maybe(random.randrange(4)), maybe(random.choice(["", "a", "A", "ä", "b", "Zz"])),
            maybe(f"2024-0{random.randrange(1, 4)}-01T00:00:00.000000Z"), maybe(random.choice(["1.5", "10", "9", "-3.25", "1.50"])), random.choice([0.0, 0.1, -2.5, 1e300]),
            maybe(random.choice([0, 1])), maybe(f"0a1b2c3d-0000-4000-8000-00000000000{random.randrange(4)}"), maybe(random.choice([b"", b"\x00", b"\xff\x00"])),
            maybe(random.randrange(1, 6)),
        ))
    marks = ", ".join(["?"] * 12)
    if database.kind == "postgresql":
        rows = [row[:8] + (None if row[8] is None else bool(row[8]),) + row[9:] for row in rows]
    for group in range(1, 6):
        name, rank = random.choice(["x", "y", None]), random.choice([1, 2, None])
        database.query('INSERT INTO "group" (id, name, rank) VALUES (?, ?, ?)', (group, name, rank))
    connection = database.connect()
    insert = f"INSERT INTO entry (tenant, id, a, b, c, d, e, f, flag, code, raw, group_id) VALUES ({marks})"
    cursor = connection.cursor()
    cursor.executemany(insert.replace("?", "%s") if database.kind == "postgresql" else insert, rows)
    connection.close()


@pytest.fixture(scope="module")
def table(kind, start):
    with start(kind, pages=TABLE) as running:
        fill(running.database, random.Random(7), 200)
        yield running


def key(row):
    return (row.tenant, row.id)


def test_pages_joined_are_the_rows_of_one_list(table):
    """Random orders and page sizes, over ties, NULLs and joined columns."""
    entries = table.service("EntryController")
    seeded = random.Random(table.kind)
    for _ in range(60):
        terms = seeded.sample(COLUMNS, seeded.randrange(0, 4))
        order = ", ".join(f"{term} {seeded.choice(['asc', 'desc', ''])}" for term in terms)
        text = seeded.choice(["", "", "a > 0", "b = null OR b > 1", "group.name = x OR group = null"])
        whole = [key(row) for row in entries.List(order_by=order, filter=text)]
        size = seeded.choice([1, 2, 7, 50, 199, 200, 201]) if len(whole) < 60 else seeded.choice([13, 50, 199, 200, 201])
        for method in (entries.List, entries.ListPage):
            joined = [key(row) for page in pages(method, order_by=order, filter=text, page_size=size) for row in page]
            assert joined == whole, (order, text, size, method.path)
        assert len(set(whole)) == len(whole)


@pytest.mark.parametrize("order", ["b desc, c, d", "group.name desc, group.rank, b", "tenant desc", "e, f desc, group", ""])
def test_rows_that_stay_appear_once_while_others_come_and_go(table, order):
    entries = table.service("EntryController")
    stable = {key(row) for row in entries.List()}
    seen = []
    added = []
    for number, page in enumerate(pages(entries.List, order_by=order, page_size=9)):
        seen += [key(row) for row in page]
        for other in range(3):
            row = entries.Create(json={"tenant": 9, "id": 1000 + 10 * number + other, "a": other, "f": 0.5, "b": {"value": other}, **({"group": {"value": 1 + number % 5}} if other else {})})
            added.append(key(row))
        if number % 2:
            gone = added.pop(0)
            entries.Destroy(tenant=gone[0], id=gone[1])
    for tenant, identity in added:
        entries.Destroy(tenant=tenant, id=identity)
    counted = [row for row in seen if row in stable]
    assert len(counted) == len(set(counted)) and set(counted) == stable


def test_order_equals_the_databases(table):
    entries = table.service("EntryController")
    rows = table.database.query(
        'SELECT e.tenant, e.id FROM entry e LEFT JOIN "group" g ON g.id = e.group_id ORDER BY g.name DESC NULLS FIRST, e.b NULLS LAST, e.tenant, e.id')
    assert [key(row) for row in entries.List(order_by="group.name desc, b")] == [tuple(row) for row in rows]


def test_own_order_across_foreign_keys(kind, start):
    """`ordering:` of the definitions, on fields that no client sees."""
    model = TABLE.replace("[b, -c]", "[group.name, -group.rank, group.id, b]").replace("rank: { type: int32, null: true }", "rank: { type: int32, null: true }\n    service: { fields: [id, name] }")
    with start(kind, pages=model) as running:
        fill(running.database, random.Random(3), 100)
        entries = running.service("EntryController")
        rows = running.database.query(
            'SELECT e.tenant, e.id FROM entry e LEFT JOIN "group" g ON g.id = e.group_id '
            "ORDER BY g.name NULLS LAST, g.rank DESC NULLS FIRST, e.group_id NULLS LAST, e.b NULLS LAST, e.tenant, e.id")
        whole = [tuple(row) for row in rows]
        assert [key(row) for row in entries.List()] == whole
        for method in (entries.List, entries.ListPage):
            assert [key(row) for page in pages(method, page_size=7) for row in page] == whole
        with refused(StatusCode.INVALID_ARGUMENT, fields=["order_by"]):
            entries.List(order_by="group.rank")
        assert running.project.run("check", "--database", running.database.url).returncode == 0


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ("group.nope", "model 'Group' has no field 'nope'; known: id, name, rank"),
        ("nope.name", "model 'Entry' has no field 'nope'"),
        ("a.name", "'a' in 'a.name' is no foreign key, so no order leads through it"),
        ("group.name.x", "'name' in 'group.name.x' is no foreign key"),
        ("-group.", "model 'Group' has no field ''"),
        ("group.name, -group.name", "'group.name' is in the ordering twice"),
        ("group.id, group", "'group' is in the ordering twice"),
    ],
)
def test_own_order_that_is_wrong(new_project, order, message):
    result = new_project(pages=TABLE.replace("[b, -c]", f"[{order}]")).run("generate-protos")
    assert result.returncode == 78 and message in result.stderr and "pages.yaml:" in result.stderr


@pytest.mark.parametrize("order", ["group.nope", "group.", ".a", "group.name.x", "group.name, group.name"])
def test_order_that_is_wrong(table, order):
    with refused(StatusCode.INVALID_ARGUMENT, fields=["order_by"]):
        table.service("EntryController").List(order_by=order)


def token_of(method, **request):
    return next(pages(method, wants_token=True, **request))[1]


def test_tokens_are_bound_to_what_was_asked(table):
    entries = table.service("EntryController")
    token = token_of(entries.List, page_size=5, filter="a > 0", order_by="b")
    assert token
    assert entries.List(page_size=7, filter="a > 0", order_by="b", page_token=token)
    for other in [dict(filter="a > 1", order_by="b"), dict(filter="a > 0", order_by="b desc"), dict(filter="a > 0"), dict(order_by="b")]:
        with refused(StatusCode.INVALID_ARGUMENT, fields=["page_token"]) as refusal:
            entries.List(page_size=5, page_token=token, **other)
        assert "another filter, order or service" in refusal.message


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "A", lambda t: ("A" if t[20] != "A" else "B").join([t[:20], t[21:]]), lambda t: "x", lambda t: t[:8] + "!" + t[9:], lambda t: "A" * 4000])
def test_forged_tokens(table, change):
    entries = table.service("EntryController")
    token = token_of(entries.List, page_size=5)
    with refused(StatusCode.INVALID_ARGUMENT, fields=["page_token"]):
        entries.List(page_size=5, page_token=change(token))


def test_tokens_with_a_key_outlive_the_server_and_expire(kind, start, new_project):
    project = new_project(kind, pages=TABLE).generate().apply()
    fill(project.database, random.Random(1), 20)
    with project.serve(variables={"PILLION_LIST_PAGE_TOKEN_KEY": "secret"}) as server:
        token = token_of(Running(project, server).service("EntryController").List, page_size=5)
    with project.serve(variables={"PILLION_LIST_PAGE_TOKEN_KEY": "secret", "PILLION_LIST_PAGE_TOKEN_LIFETIME": "1s"}) as server:
        entries = Running(project, server).service("EntryController")
        fresh = token_of(entries.List, page_size=5)
        assert entries.List(page_size=5, page_token=fresh)
        time.sleep(2.1)
        for old in (token, fresh):
            with refused(StatusCode.INVALID_ARGUMENT, fields=["page_token"]) as refusal:
                entries.List(page_size=5, page_token=old)
            assert "expired" in refusal.message
    with project.serve(variables={"PILLION_LIST_PAGE_TOKEN_KEY": "another"}) as server:
        with refused(StatusCode.INVALID_ARGUMENT, fields=["page_token"]) as refusal:
            Running(project, server).service("EntryController").List(page_size=5, page_token=token)
        assert "was not made by this server" in refusal.message


def test_list_page(table):
    entries = table.service("EntryController")
    page = entries.ListPage(page_size=3)
    assert [key(row) for row in page.results] == [key(row) for row in entries.List(page_size=3)]
    assert page.next_page_token and page.total_size == 0
    assert len(entries.ListPage().results) == 50
    last = entries.ListPage(page_size=1000)
    assert len(last.results) == 200 and not last.next_page_token
    with refused(StatusCode.INVALID_ARGUMENT, fields=["page_size"]):
        entries.ListPage(page_size=-1)


def test_whole_lists_have_no_token(table):
    call = table.service("EntryController").List.start(page_size=200)
    assert len(list(call)) == 200
    assert "pillion-next-page-token" not in dict(call.trailing_metadata())


@pytest.mark.parametrize(("size", "expected"), [("exact", 200), ("estimated", 200), ("none", 0)])
def test_total_size(kind, start, size, expected):
    with start(kind, pages=TABLE.replace("actions: [", f"total_size: {size}, actions: [")) as running:
        fill(running.database, random.Random(7), 200)
        entries = running.service("EntryController")
        assert entries.ListPage(page_size=5).total_size == expected
        filtered = entries.ListPage(page_size=5, filter="a = 1")
        assert filtered.total_size == (len(entries.List(filter="a = 1")) if expected else 0)


def test_max_page_size_of_the_configuration(kind, start):
    with start(kind, variables={"PILLION_LIST_MAX_PAGE_SIZE": "20"}, pages=TABLE) as running:
        fill(running.database, random.Random(7), 50)
        entries = running.service("EntryController")
        assert [len(page) for page in pages(entries.List)] == [20, 20, 10]
        assert [len(page) for page in pages(entries.List, page_size=1000)] == [20, 20, 10]
        assert [len(page) for page in pages(entries.ListPage, page_size=15)] == [15, 15, 15, 5]


SLOW = {
    "sqlite": "CREATE VIEW slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT max(i) AS id FROM n",
    "postgresql": "CREATE VIEW slow AS SELECT CASE WHEN pg_sleep(30) IS NULL THEN 0 ELSE 1 END::bigint AS id",
}


def test_statement_timeout_of_a_service(kind, new_project):
    model = "models: { Slow: { fields: { id: { type: int64, primary_key: true } }, service: { actions: [List, ListPage, Retrieve], statement_timeout: 300ms } } }"
    project = new_project(kind, slow=model).generate()
    project.database.script(SLOW[kind])
    with project.serve() as server:
        slow = Running(project, server).service("SlowController")
        for call in (slow.List, slow.ListPage, lambda: slow.Retrieve(id=1)):
            begun = time.monotonic()
            with refused(StatusCode.DEADLINE_EXCEEDED, reason="TIMEOUT"):
                call()
            # Far below what the statement takes.
            assert time.monotonic() - begun < 15


# A service's filter.


@pytest.fixture
def flagged(kind, start):
    with start(kind, catalog=MODEL) as running:
        labels, items = running.service("LabelController"), running.service("ItemController")
        for word in ["one", "two", "three"]:
            labels.Create(word=word)
        for number in range(10):
            items.Create(json={"title": f"t{number}", "small": number, "flag": number % 2 == 0, "labels": [1 + number % 3]})
        yield running


def test_scope_of_every_action(flagged):
    scoped, items = flagged.service("FlaggedController"), flagged.service("ItemController")
    inside = {item.id for item in items.List() if item.flag and item.labels[0] < 3}
    outside = {item.id for item in items.List()} - inside
    assert inside and outside
    assert {row.id for page in pages(scoped.List) for row in page} == inside
    assert {row.id for row in scoped.List(filter="small > 3")} == {item.id for item in items.List(filter="small > 3") if item.id in inside}
    assert scoped.ListPage().total_size == len(inside)
    assert scoped.ListPage(filter="small > 3").total_size == len([key for key in inside if items.Retrieve(id=key).small > 3])
    before = items.List()
    for key in outside:
        for call in [lambda: scoped.Retrieve(id=key), lambda: scoped.Update(id=key, title="x"), lambda: scoped.Destroy(id=key),
                     lambda: scoped.PartialUpdate(json={"id": key, "title": "x"}), lambda: scoped.PartialUpdate(id=key), lambda: scoped.Retrieve(json={"id": key, "readMask": "id"})]:
            with refused(StatusCode.NOT_FOUND):
                call()
    assert items.List() == before
    for number, key in enumerate(sorted(inside)):
        assert scoped.Retrieve(id=key).id == key
        assert scoped.PartialUpdate(json={"id": key, "title": "new"}).title == "new"
        assert scoped.Update(id=key, small=number, title="newer").title == "newer"
        scoped.Destroy(id=key)
    assert {item.id for item in items.List()} == outside
    assert flagged.database.query("SELECT count(*) FROM item_labels")[0][0] == len(outside)


@pytest.mark.parametrize("text", ["flag = 1", "nope = 1", "flag = true AND", "small"])
def test_scope_that_is_wrong(new_project, text):
    project = new_project(catalog=MODEL.replace("flag = true AND labels:(1 OR 2)", text))
    result = project.run("generate-protos")
    assert result.returncode == 78
    assert "FlaggedController is wrong at position" in result.stderr
    assert "catalog.yaml:" in result.stderr
