"""`choices` as proto enums."""

import re

import pytest
from google.protobuf import descriptor_pb2
from grpc import StatusCode

from support.errors import refused
from support.protos import descriptor_set

ITEM = """
package: shop
models:
  Item:
    fields:
      id: { type: int64, primary_key: true }
      colour: { type: string, choices: [red, dark-green, "Sea Blue", "2nd"], enum: true }
      size: { type: int32, choices: [-1, 0, 7], enum: true, default: 0 }
      mood: { type: string, choices: [good, bad], enum: true, null: true }
    ordering: [colour]
"""


@pytest.fixture(scope="module")
def items(kind, start):
    with start(kind, shop=ITEM) as running:
        yield running


@pytest.fixture
def service(items):
    items.database.query("DELETE FROM item")
    return items.service("ItemController")


def enums(project):
    files = [file for file in descriptor_set(project.protos).file if file.package == "shop"]
    return {enum.name: {value.name: value.number for value in enum.value} for file in files for enum in file.enum_type}


def types(project, message):
    found = next(one for file in descriptor_set(project.protos).file if file.package == "shop" for one in file.message_type if one.name == message)
    return {field.name: (field.type_name, field.proto3_optional) for field in found.field}


def test_names_and_numbers(items):
    assert enums(items.project) == {
        "ItemColour": {"ITEM_COLOUR_UNSPECIFIED": 0, "ITEM_COLOUR_RED": 1, "ITEM_COLOUR_DARK_GREEN": 2, "ITEM_COLOUR_SEA_BLUE": 3, "ITEM_COLOUR_2ND": 4},
        "ItemSize": {"ITEM_SIZE_UNSPECIFIED": 0, "ITEM_SIZE_MINUS_1": 1, "ITEM_SIZE_0": 2, "ITEM_SIZE_7": 3},
        "ItemMood": {"ITEM_MOOD_UNSPECIFIED": 0, "ITEM_MOOD_GOOD": 1, "ITEM_MOOD_BAD": 2},
    }
    assert types(items.project, "Item") == {
        "id": ("", True), "colour": (".shop.ItemColour", False), "size": (".shop.ItemSize", True), "mood": (".shop.NullableItemMood", False)}
    assert types(items.project, "ItemPartialUpdateRequest") == {
        "id": ("", False), "colour": (".shop.ItemColour", True), "size": (".shop.ItemSize", True), "mood": (".shop.NullableItemMood", False)}


def stored(items):
    return items.database.query("SELECT colour, size, mood FROM item ORDER BY id")


def test_stored_as_they_are_written(items, service):
    created = service.Create(colour=2, mood={"value": 1})
    assert (created.colour, created.size, created.mood.value) == (2, 2, 1), "the default is stored 0, number 2"
    assert stored(items) == [("dark-green", 0, "good")]
    updated = service.Update(id=created.id, colour=3, size=1)
    assert (updated.colour, updated.size, updated.mood.WhichOneof("kind")) == (3, 1, "null")
    assert stored(items) == [("Sea Blue", -1, None)]
    changed = service.PartialUpdate(id=created.id, colour=4, mood={"value": 2})
    assert (changed.colour, changed.size, changed.mood.value) == (4, 1, 2)
    assert service.PartialUpdate(id=created.id, size=3).size == 3
    assert service.PartialUpdate(id=created.id, mood={"null": 0}).mood.WhichOneof("kind") == "null"
    assert stored(items) == [("2nd", 7, None)]
    assert service.Retrieve(id=created.id) == service.PartialUpdate(id=created.id)
    service.Create(colour=1)
    assert [row.colour for row in service.List()] == [4, 1], "in the order of what is stored"


@pytest.mark.parametrize(
    ("request_", "field"),
    [({"colour": 9}, "colour"), ({"colour": 0}, "colour"), ({}, "colour"), ({"colour": 1, "size": 4}, "size"),
     ({"colour": 1, "size": 0}, "size"), ({"colour": 1, "mood": {"value": 3}}, "mood"), ({"colour": -1}, "colour"),
     ({"colour": 1, "mood": {"value": 0}}, "mood")],
)
def test_numbers_that_are_no_choice(items, service, request_, field):
    for call in (service.Create, lambda **values: service.Update(id=1, **values)):
        with refused(StatusCode.INVALID_ARGUMENT, fields=[field]):
            call(**request_)
    with refused(StatusCode.INVALID_ARGUMENT, fields=["colour", "size"]):
        service.PartialUpdate(id=1, colour=77, size=78)
    assert stored(items) == []


def test_a_stored_value_that_is_no_choice(items, service):
    created = service.Create(colour=1)
    if items.kind == "postgresql":
        items.database.query("ALTER TABLE item DROP CONSTRAINT item_colour_check")
    with items.database.connect() as connection:
        if items.kind == "sqlite":
            connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE item SET colour = 'mauve'")
    with refused(StatusCode.DATA_LOSS, "UNREADABLE_VALUE"):
        service.Retrieve(id=created.id)


def test_a_lookup_by_an_enum(new_project, kind):
    project = new_project(kind, shop="""
package: shop
models:
  Slot:
    fields:
      day: { type: string, choices: [mon, tue], enum: true, primary_key: true }
      note: { type: string }
""").generate().apply()
    with project.serve() as server:
        slots = project.client(server).service("SlotController")
        slots.Create(day=2, note="a")
        assert slots.Retrieve(day=2).note == "a"
        assert slots.PartialUpdate(day=2, note={"value": "b"}).note == "b"
        assert slots.Update(day=2, note="c").day == 2
        with refused(StatusCode.NOT_FOUND):
            slots.Retrieve(day=1)
        with refused(StatusCode.INVALID_ARGUMENT):
            slots.Retrieve(day=3)
        slots.Destroy(day=2)
        assert project.database.query("SELECT count(*) FROM slot") == [(0,)]


@pytest.mark.parametrize("style", ["wrapper", "optional"])
def test_other_null_styles(new_project, kind, style):
    project = new_project(kind, shop=ITEM + f"    service: {{ null_style: {style} }}\n").generate().apply()
    assert types(project, "Item")["mood"] == (".shop.ItemMood", True)
    with project.serve() as server:
        items = project.client(server).service("ItemController")
        created = items.Create(colour=1)
        assert not created.HasField("mood")
        assert items.Update(id=created.id, colour=1, mood=2).mood == 2
        assert items.PartialUpdate(id=created.id, mood={"null": 0}).HasField("mood") is False


def test_the_lock_keeps_numbers(new_project):
    project = new_project(shop=ITEM).generate()
    assert "\nenum shop.ItemMood\n  1 ITEM_MOOD_GOOD\n  2 ITEM_MOOD_BAD\n" in project.lock.read_text()
    # Another order, one more, one less.
    project.write(shop=ITEM.replace("[good, bad]", "[fine, bad]")).generate()
    assert enums(project)["ItemMood"] == {"ITEM_MOOD_UNSPECIFIED": 0, "ITEM_MOOD_BAD": 2, "ITEM_MOOD_FINE": 3}
    assert re.search(r'enum ItemMood \{\s+reserved 1;\s+reserved "ITEM_MOOD_GOOD";', project.proto_text())
    # A value that comes back has the number that it had.
    done = project.write(shop=ITEM).run("generate-protos")
    assert done.returncode == 0 and "warning: breaking change enum-value-restored:shop.ItemMood.ITEM_MOOD_GOOD" in done.stderr
    assert enums(project)["ItemMood"] == {"ITEM_MOOD_UNSPECIFIED": 0, "ITEM_MOOD_GOOD": 1, "ITEM_MOOD_BAD": 2}
    # A renamed field takes its enum along.
    done = project.write(shop=ITEM.replace("mood: {", "feeling: { was: mood,")).run("generate-protos")
    assert done.returncode == 0, done.stderr
    assert enums(project)["ItemFeeling"] == {"ITEM_FEELING_UNSPECIFIED": 0, "ITEM_FEELING_GOOD": 1, "ITEM_FEELING_BAD": 2}
    assert '  reserved 3;' in project.proto_text()
    project.write(shop=ITEM.replace("mood: {", "feeling: { was: mood,").replace("Item:", "Thing:\n    was: Item\n    service: { name: ItemController }")).generate()
    assert enums(project)["ThingFeeling"] == {"THING_FEELING_UNSPECIFIED": 0, "THING_FEELING_GOOD": 1, "THING_FEELING_BAD": 2}


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("{ type: string, enum: true }", "choices"), ("{ type: bool, enum: true }", "does not apply"),
        ("{ type: string, enum: true, choices: [a-b, a_b] }", "X_A_B"), ("{ type: string, enum: true, choices: ['?'] }", "name"),
        ("{ type: string, enum: true, choices: [unspecified] }", "zero"), ("{ type: string, enum: 1, choices: [a] }", "true or false"),
    ],
)
def test_choices_that_make_no_enum(new_project, field, message):
    text = f"package: shop\nmodels:\n  Item:\n    fields:\n      id: {{ type: int64, primary_key: true }}\n      x: {field}\n"
    done = new_project(shop=text).run("generate-protos")
    assert done.returncode == 78
    assert re.search(rf"shop\.yaml:6:\d+: error: .*{message}", done.stderr), done.stderr


def test_values_of_two_enums_that_collide(new_project):
    text = """
package: shop
models:
  Item:
    fields:
      id: { type: int64, primary_key: true }
      a: { type: string, choices: [bee_c], enum: true }
      a_bee: { type: string, choices: [c], enum: true }
"""
    done = new_project(shop=text).run("generate-protos")
    assert done.returncode == 78 and "shop.ITEM_A_BEE_C is needed a second time" in done.stderr


def test_descriptor_set(items, tmp_path):
    output = tmp_path / "all.pb"
    items.project.check("generate-protos", "--descriptor-set", output)
    ours = {file.name: file for file in descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes()).file}
    theirs = {file.name: file for file in descriptor_set(items.project.protos).file}
    for file in theirs.values():
        file.ClearField("source_code_info")
    assert ours == theirs


def test_filters_orders_and_pages_go_by_what_is_stored(new_project, kind):
    text = ITEM + "    service: { actions: [Create, List, ListPage] }\n"
    project = new_project(kind, shop=text).generate().apply()
    with project.serve() as server:
        items = project.client(server).service("ItemController")
        for colour, mood in ((1, {"value": 1}), (2, {"null": 0}), (3, {"value": 2}), (1, {"null": 0})):
            items.Create(colour=colour, mood=mood)
        assert [row.colour for row in items.List(filter='colour = "red"')] == [1, 1]
        assert [row.colour for row in items.List(filter='mood != null', order_by="mood desc")] == [1, 3]
        seen, token = [], ""
        while True:
            page = items.ListPage(page_size=1, page_token=token, order_by="colour desc, mood")
            seen += [row.colour for row in page.results]
            token = page.next_page_token
            if not token:
                break
        assert sorted(seen) == [1, 1, 2, 3] and seen[:2] == [1, 1], "red comes last in the alphabet"
