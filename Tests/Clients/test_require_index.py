"""`require_index`: Lists whose filter or order no index serves are logged, or refused."""

import json
import time

import pytest
from grpc import StatusCode

from support.errors import refused
from support.postgres import wait_until

MODEL = """
package: shop
models:
  Maker:
    fields:
      id: { type: int64, primary_key: true }
      name: { type: string }
      town: { type: string }
  Item:
    fields:
      id: { type: int64, primary_key: true }
      code: { type: string, unique: true }
      title: { type: string }
      size: { type: int32, null: true }
      weight: { type: int32 }
      made: { type: timestamp, storage: text }
      seen: { type: timestamp, null: true }
      maker: { type: foreign_key, model: Maker, column: maker_id }
      seller: { type: foreign_key, model: Maker, column: seller_id, null: true }
      labels: { type: many_to_many, model: Label }
    services:
      - actions: [List, ListPage, Create]
      - { name: OpenItemController, message: Item, actions: [List], require_index: off }
      - { name: ScopedItemController, message: Item, actions: [List], filter: weight = 1 }
  Label:
    fields:
      id: { type: int64, primary_key: true }
      word: { type: string }
    ordering: [word]
"""
INDEXES = """
CREATE INDEX item_title ON item (title);
CREATE INDEX item_size_weight ON item (size, weight);
CREATE INDEX item_made ON item (made);
CREATE INDEX item_seen ON item (seen);
CREATE INDEX item_maker ON item (maker_id);
CREATE INDEX maker_name ON maker (name);
CREATE INDEX item_labels_label ON item_labels (label_id);
"""
REFUSE = {"PILLION_LIST_REQUIRE_INDEX": "refuse"}


def fill(database, rows):
    """Makers, items and labels; a handful of rows are read whole by any planner that counts pages."""
    database.query("INSERT INTO maker (id, name, town) VALUES (1, 'a', 'x')")
    database.query("INSERT INTO maker (id, name, town) VALUES (2, 'b', 'y')")
    database.query("INSERT INTO label (id, word) VALUES (1, 'one')")
    for number in range(1, rows + 1):
        database.query(
            "INSERT INTO item (id, code, title, size, weight, made, maker_id) VALUES (?, ?, ?, ?, ?, '2024-01-01T00:00:00.000000Z', ?)",
            (number, f"c{number}", f"t{number}", number, 1 + number % 2, 1 + number % 2))
        database.query("INSERT INTO item_labels (item_id, label_id) VALUES (?, 1)", (number,))
    if database.kind == "postgresql":
        database.script("ANALYZE")


@pytest.fixture(scope="module", params=[0, 5, 300])
def shop(kind, start, request):
    """Tables that are empty, small and not so small."""
    with start(kind, variables=REFUSE, sql=INDEXES, shop=MODEL) as running:
        fill(running.database, request.param)
        yield running


SERVED = [
    dict(), dict(order_by="id desc"), dict(order_by="title"), dict(order_by="title desc"), dict(order_by="title, weight"),
    dict(order_by="size"), dict(filter="id = 3"), dict(filter="id > 3", order_by="weight"), dict(filter="code = c3"),
    dict(filter="title = t3 AND weight > 0"), dict(filter="title = (t1 OR t2)"), dict(filter="size = 1 OR title = t1"),
    dict(filter="size > 1 AND NOT weight = 2"), dict(filter="size = null"), dict(filter='made > "2024-01-01T00:00:00Z"'),
    dict(filter="maker = 1"), dict(filter="maker.name = a"), dict(filter="maker.id = 1", order_by="maker.town"),
    dict(filter="labels:1"), dict(filter="range(size, 1, 2)"), dict(filter="title = t1 AND icontains(title, x)"),
]
LACKING = [
    (dict(filter="weight = 1"), "(weight) of Item"), (dict(filter="weight > 1 AND size != 1"), "(weight) of Item"),
    (dict(filter="title = t1 OR weight = 1"), "add a condition on a field that has an index"),
    (dict(filter="NOT title = t1"), "add a condition"), (dict(filter="title = *x"), "add a condition"),
    (dict(filter="maker.town = x"), "(maker) of Item and on (town) of Maker"), (dict(filter="seller.name = a"), "(seller) of Item and on (name) of Maker"),
    (dict(filter="weight = 2", order_by="title"), "(weight) of Item"), (dict(order_by="weight desc, title"), "(weight desc, title, id) of Item"),
    (dict(order_by="maker.name"), "no index has an order by another model's fields"),
]


@pytest.mark.parametrize("request_", SERVED, ids=str)
def test_what_an_index_serves_passes(shop, request_):
    items = shop.service("ItemController")
    rows = [row.id for row in items.List(**request_)]
    assert [row.id for row in items.ListPage(page_size=1000, **request_).results] == rows
    assert [row.id for row in shop.service("OpenItemController").List(**request_)] == rows


@pytest.mark.parametrize(("request_", "index"), LACKING, ids=str)
def test_what_no_index_serves_is_refused(shop, request_, index):
    items = shop.service("ItemController")
    for call in [items.List, items.ListPage, items.List]:
        with refused(StatusCode.FAILED_PRECONDITION, reason="INDEX_REQUIRED") as refusal:
            call(**request_)
        assert index in refusal.message
    shop.service("OpenItemController").List(**request_)


def test_the_same_shape_with_other_values_and_pages(shop):
    items = shop.service("ItemController")
    for number in range(3):
        with refused(StatusCode.FAILED_PRECONDITION, reason="INDEX_REQUIRED"):
            items.List(filter=f"weight = {number}", page_size=number)
    first = items.ListPage(order_by="title", page_size=2)
    if first.next_page_token:
        assert items.ListPage(order_by="title", page_size=2, page_token=first.next_page_token).results


def test_columns_that_hold_several_forms(shop):
    """SQLite compares what a value means there, which no index knows."""
    items = shop.service("ItemController")
    if shop.kind == "postgresql":
        list(items.List(filter='seen = "2024-01-01T00:00:00Z"'))
        return
    with refused(StatusCode.FAILED_PRECONDITION, reason="INDEX_REQUIRED") as refusal:
        items.List(filter='seen = "2024-01-01T00:00:00Z"')
    assert "'storage:' of seen" in refusal.message


def test_own_order_and_own_filter(shop):
    with refused(StatusCode.FAILED_PRECONDITION, reason="INDEX_REQUIRED") as refusal:
        shop.service("LabelController").List()
    assert "(word, id) of Label" in refusal.message
    scoped = shop.service("ScopedItemController")
    scoped.List()
    scoped.List(filter="title = t1")
    with refused(StatusCode.FAILED_PRECONDITION, reason="INDEX_REQUIRED"):
        scoped.List(filter="NOT title = t1")


def warnings(server):
    lines = [json.loads(line) for line in server.output.splitlines() if line.startswith("{")]
    return [line for line in lines if "no index serves" in line["message"]]


def test_an_index_that_is_made_later(kind, start):
    with start(kind, variables=REFUSE, shop=MODEL) as running:
        items = running.service("ItemController")
        with refused(StatusCode.FAILED_PRECONDITION, reason="INDEX_REQUIRED"):
            items.List(filter="weight = 1")
        # As the log says.
        wait_until(lambda: warnings(running.server))
        (line,) = warnings(running.server)
        assert (line["method"], line["level"]) == ("/shop.ItemController/List", "warning")
        running.database.script(line["fix"])
        begun = time.monotonic()
        while True:
            try:
                items.List(filter="weight = 1")
                break
            except Exception:
                assert time.monotonic() - begun < 60
                time.sleep(0.2)
        assert len(warnings(running.server)) == 1


def test_warnings(kind, start):
    """One line for each shape, and the calls go on."""
    with start(kind, variables={"PILLION_LIST_REQUIRE_INDEX": "warn"}, shop=MODEL) as running:
        fill(running.database, 5)
        items = running.service("ItemController")
        for number in range(20):
            assert len(items.List(filter=f"weight = {1 + number % 2}", page_size=1 + number)) > 0
            items.List(order_by="size")
            items.List(filter="id = 1")
        wait_until(lambda: len(warnings(running.server)) == 2)
        running.service("OpenItemController").List(filter="weight = 1")
        items.List(filter="size = 1")
        wait_until(lambda: len(warnings(running.server)) == 3)
        fixes = sorted(line["fix"] for line in warnings(running.server))
        assert fixes == ['CREATE INDEX "item_size_id_idx" ON "item" ("size", "id");', 'CREATE INDEX "item_size_idx" ON "item" ("size");'] + ['CREATE INDEX "item_weight_idx" ON "item" ("weight");']


def test_a_service_may_ask_alone(kind, start):
    with start(kind, shop=MODEL.replace("require_index: off", "require_index: refuse")) as running:
        running.service("ItemController").List(filter="weight = 1")
        with refused(StatusCode.FAILED_PRECONDITION, reason="INDEX_REQUIRED"):
            running.service("OpenItemController").List(filter="weight = 1")


def test_a_database_in_memory_is_not_asked(new_project):
    project = new_project(shop=MODEL).generate()
    with project.serve(url="sqlite::memory:", variables=REFUSE) as server:
        # There is no table either.
        with refused(StatusCode.FAILED_PRECONDITION, reason="SCHEMA_DRIFT"):
            project.client(server).service("ItemController").List(filter="weight = 1")


def test_mistake(new_project):
    result = new_project(shop=MODEL.replace("require_index: off", "require_index: on")).run("generate-protos")
    assert result.returncode == 78 and "unknown require_index 'on'; known: off, warn, refuse" in result.stderr
