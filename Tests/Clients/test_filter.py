"""List's filter language on rows of every type: what it finds, and what it says of filters that are wrong."""

import pathlib

import pytest
from grpc import StatusCode

from support.errors import refused

MODEL = (pathlib.Path(__file__).parent / "models" / "catalog.yaml").read_text()

ROWS = [
    # id, flag, maybe, small, large, ratio, title, note, moment, day, clock, span (seconds), price, maker
    dict(flag=True, maybe=True, small=1, large=10, ratio=0.5, title="Amy", note="First *star*", moment=1_700_000_000,
         day="2024-02-29", clock="12:30:00", span=90, price="9.99", maker=1, labels=[1, 2], numbers=[1, 2]),
    dict(flag=False, maybe=False, small=2, large=20, ratio=-1.5, title="amy", note=None, moment=1_700_000_000, day=None,
         clock="00:00:00", span=3600, price="10.00", maker=2, labels=[2], numbers=[]),
    dict(flag=True, maybe=None, small=3, large=None, ratio=None, title="Bob's \"x\"", note="%_\\[?", moment=None,
         day="1999-12-31", clock=None, span=None, price=None, maker=3, labels=[], numbers=[7]),
    dict(flag=False, maybe=None, small=-4, large=2**53 + 1, ratio=1e300, title="Größe", note="", moment=0, day="2024-03-01",
         clock="23:59:59.5", span=-5, price="-0.5", maker=None, labels=[3], numbers=[2, 2]),
    dict(flag=True, maybe=True, small=5, large=-1, ratio=2, title="Zoë Zebra", note="null", moment=1_700_000_001,
         day="2025-01-01", clock="12:30:00.000001", span=86400, price="100", maker=1, labels=[1, 3], numbers=[1]),
]

DATA = [{"kind": "a", "size": 3, "on": True, "in": {"deep": [1, "x"]}, "gone": None}, {"kind": "b", "size": 2.5, "on": False},
        None, {"size": "3", "a b": 1}, [1, 2]]
WORDS = [["red", "blue"], ["red"], None, [], ["a,b", "\"q\""]]


@pytest.fixture(scope="module")
def catalog(kind, start):
    with start(kind, catalog=MODEL) as running:
        regions = running.service("RegionController")
        makers = running.service("MakerController")
        labels = running.service("LabelController")
        items = running.service("ItemController")
        for name in ["North", "South"]:
            regions.Create(name=name)
        for name, rank, region in [("Acme", 1, 1), (None, 2, 2), ("acme", 3, None)]:
            makers.Create(json={"name": {"value": name} if name else {"null": None}, "rank": rank, **({"region": {"value": region}} if region else {})})
        for word, weight in [("one", 1), ("two", None), ("three", 30)]:
            labels.Create(json={"word": word, **({"weight": {"value": weight}} if weight else {})})
        for row, data, words in zip(ROWS, DATA, WORDS):
            json = {}
            for name, value in row.items():
                if name in ("flag", "small", "title", "numbers", "labels"):
                    json[name] = value
                elif value is not None:
                    if name == "moment":
                        value = f"{__import__('datetime').datetime.fromtimestamp(value, __import__('datetime').timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
                    if name == "span":
                        value = f"{value}s"
                    json[name] = {"value": value}
            if data is not None:
                json["data"] = {"value": data}
            json["code"] = {"value": f"0a1b2c3d-0000-4000-8000-00000000000{row['small'] % 10}"}
            if words is not None:
                json["words"] = words
            items.Create(json=json)
        running.database.query("UPDATE item SET words = NULL WHERE id = 3")
        yield running


@pytest.fixture
def found(catalog):
    items = catalog.service("ItemController")
    return lambda text, **more: "".join(str(item.id) for item in items.List(filter=text, order_by="id", **more))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "12345"), ("   ", "12345"),
        # Types
        ("flag = true", "135"), ("flag", "135"), ("-flag", "24"), ("NOT flag", "24"), ("maybe = false", "2"), ("maybe != true", "2"),
        ("NOT maybe = true", "234"), ("small = 3", "3"), ("small = -4", "4"), ("small > -4", "1235"), ("small >= 2 AND small < 5", "23"),
        ("large = 9007199254740993", "4"), ("large != 10", "245"), ("large <= 10", "15"), ("ratio = 0.5", "1"), ("ratio > 1e3", "4"),
        ("ratio = 2", "5"), ("title = Amy", "1"), ('title = "Amy"', "1"), ("title = 'Amy'", "1"), ('title != "Amy"', "2345"),
        ('title = "Größe"', "4"), ("title = Größe", "4"), ('title = "Bob\'s \\"x\\""', "3"), ('note = ""', "4"),
        ("moment = 2023-11-14T22:13:20Z", "12"), ('moment = "2023-11-14T23:13:20+01:00"', "12"), ("moment > 2023-11-14T22:13:20Z", "5"),
        ("moment < 1970-01-01T00:00:00.000001Z", "4"), ("day = 2024-02-29", "1"), ("day >= 2024-02-29", "145"), ("clock = 12:30:00", "1"),
        ("clock > 12:30:00", "45"), ("span = 90s", "1"), ("span = PT1M30S", "1"), ("span >= 3600s", "25"), ("span < 0s", "4"),
        ("price = 9.99", "1"), ("price = 10", "2"), ("price < 10", "14"), ("price > 9.995", "25"), ("price = 100.000", "5"),
        ("code = 0a1b2c3d-0000-4000-8000-000000000001", "1"), ("code = 0A1B2C3D000040008000000000000002", "2"),
        # NULL
        ("large = null", "3"), ("large != null", "1245"), ("note = null", "2"), ('note = "null"', "5"), ("note:*", "1345"), ("NOT note:*", "2"),
        ("maker = null", "4"), ("isnull(day)", "2"), ("isnull(day, false)", "1345"), ("isnull(day, true)", "2"),
        # Logic: OR binds tighter than AND, side by side is AND.
        ("small = 1 OR small = 2", "12"), ("small = 1 OR small = 2 AND flag = true", "1"), ("flag = true AND small = 1 OR small = 2", "1"),
        ("(flag = true AND small = 1) OR small = 2", "12"), ("flag = true small > 1", "35"), ("flag = true small = 1 OR small = 5", "15"),
        ("NOT (small = 1 OR small = 2)", "345"), ("-(small = 1)", "2345"), ("NOT (NOT flag)", "135"), ("((((small = 1))))", "1"),
        ("small=1", "1"), ("small  =  1", "1"), ("\tsmall = 1\n", "1"),
        # Alternatives
        ("small = (1 OR 2 OR 5)", "125"), ("title = (Amy OR amy)", "12"), ("NOT small = (1 OR 2)", "345"), ("large = (10 OR null)", "13"),
        ("small = (1)", "1"), ("title = (A* OR Z*)", "15"), ("small = (NOT 1)", "2345"), ("small = (NOT 1 AND NOT 2)", "345"), ("small = (-4 OR 1)", "14"),
        # Wildcards, and text that only looks like one
        ("title = A*", "1"), ("title = *my", "12"), ('title = "*o*"', "35"), ('title != "*my"', "345"), ('note = "First \\*star\\*"', "1"),
        ('note = "%*"', "3"), ('note = "%_\\\\[?"', "3"), ('title = "Zo* Z*a"', "5"), ("title = *", "12345"),
        # Has
        ("title:my", "12"), ('title:"%"', ""), ('note:"%_"', "3"), ("small:3", "3"), ("labels:2", "12"), ("labels:(1 AND 2)", "1"), ("labels:(1 OR 3)", "145"),
        ("NOT labels:2", "345"), ("labels:*", "1245"), ("numbers:2", "14"), ("numbers:*", "1345"), ("words:red", "12"), ('words:"a,b"', "5"), ('words:"\\"q\\""', "5"),
        ("words = null", "3"), ("words:*", "125"), ("NOT words:red", "345"),
        # Relations
        ("maker = 1", "15"), ("maker.id = 1", "15"), ("maker.name = Acme", "15"), ("maker.name = null", "2"), ("maker.name != Acme", "3"), ("NOT maker.name = Acme", "234"),
        ("maker.region.name = North", "15"), ("maker.region = 2", "2"), ("maker.region = null", "3"), ("maker.rank > 1 AND maker.name:a", "3"), ("labels.word = two", "12"),
        ("labels.weight > 5", "45"), ("labels.word:t", "1245"), ("NOT labels.weight > 5", "123"),
        # Functions
        ('ieq(title, "AMY")', "12"), ('ieq(title, "GRÖSSE")', ""), ('ieq(title, "größe")', "4"), ('icontains(title, "Z")', "5"), ('contains(title, "m")', "12"), ('startswith(title, "A")', "1"),
        ('istartswith(title, "A")', "12"), ('endswith(title, "y")', "12"), ('iendswith(title, "MY")', "12"), ('regex(title, "^[Aa]my$")', "12"), ('regex(title, "Z.. ")', "5"),
        ('regex(note, "\\\\*")', "1") , ("range(small, 1, 3)", "123"), ("range(day, 2024-01-01, 2024-12-31)", "14"), ('ieq(maker.name, "ACME")', "135"), ('icontains(note, "")', "1345"),
        # JSON
        ("data.kind = a", "1"), ('data.kind = "a"', "1"), ("data.size = 3", "1"), ('data.size = "3"', "4"), ("data.size > 2.4", "12"), ("data.on = true", "1"), ("data.on != true", "2"),
        ("data.gone = null", "1"), ("data.gone:*", "1"), ("data.kind:*", "12"), ("data.in.deep:x", "1"), ("data.in.deep:1", "1"), ('data."a b" = 1', "4"), ("data = null", "3"), ("data:*", "1245"),
        ("data.in.deep.1 = x", "1"), ("data.kind >= b", "2"), ("data.size != 3", "24"), ("NOT data.kind = a", "2345"),
    ],
)
def test_finds(found, text, expected):
    assert found(text) == expected, text


def test_bytes(catalog, found):
    items = catalog.service("ItemController")
    key = items.Create(json={"title": "blob", "small": 99, "flag": True, "blob": {"value": "AP8="}}).id
    try:
        assert found("blob = 'AP8='") == str(key)
        assert found("blob = 'AP4='") == ""
    finally:
        items.Destroy(id=key)


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("titel = x", 1, "`titel` is not a field of Item; did you mean 'title'?"), ("small = x", 9, "expected a whole number"), ("small = 1.5", 9, "found `1.5`"),
        ("small = 3000000000", 9, "-2147483648 to 2147483647"), ("flag = 1", 8, "expected true or false"), ("moment = yesterday", 10, "a timestamp like"),
        ("price = 1e3", 9, "a plain decimal"), ("code = x", 8, "a UUID"), ("small =", 8, "expected a value, found the end"), ("small = 1 AND", 14, "expected a comparison, found the end"),
        ("small = 1 OR", 13, "found the end"), ("(small = 1", 11, "found the end"), ("small = 1)", 10, "found `)`"), ("= 1", 1, "expected a comparison, found `=`"), ("small ! 1", 7, "expected `!=`"),
        ('title = "x', 9, "no end"), ('title = "\\q"', 10, "unknown escape"), ("title", 1, "stands alone"), ('"title"', 1, "stands alone"), ("AND", 1, "found `AND`"), ("NOT", 4, "found the end"),
        ("title.x = 1", 7, "is no relation"), ("maker.pin = 1", 7, "write-only"), ("maker.hidden = x", 7, "not a field of Maker"), ("labels = 1", 8, "has many values"), ("numbers < 1", 9, "has many values"),
        ("small < null", 7, "does not compare"), ("flag > true", 6, "which `=` and `!=` compare"), ("small != (1 OR 2)", 7, "takes one value"), ("foo(title)", 1, "unknown function"),
        ("ieq(title)", 1, "expected ieq(field"), ('ieq(small, "1")', 5, "needs text"), ('regex(title, "(a{900}){900}")', 14, "repeats more than"), ('regex(title, "(a)\\\\1")', 14, "refers back"), ("range(flag, true, true)", 7, "no order"),
        ("größe = 1 AND größe", 1, "`größe` is not a field"), ("title = 'ö' AND x = 1", 17, "`x` is not a field"), ("small = foo(1)", 9, "found a function"), ("title = a\x00b AND y = 1", 17, "`y` is not"),
    ],
)
def test_what_is_wrong(catalog, text, position, says):
    with refused(StatusCode.INVALID_ARGUMENT, fields=["filter"]) as refusal:
        catalog.service("ItemController").List(filter=text)
    description = refusal.request.field_violations[0].description
    message, line, caret = description.split("\n")
    assert message.startswith(f"position {position}: "), description
    assert says in message, description
    assert caret.strip() == "^" and len(caret) <= len(line) + 1


@pytest.mark.parametrize("text", ["(" * 200 + "flag" + ")" * 200, "NOT (" * 40 + "flag" + ")" * 40, " OR ".join(["small = 1"] * 200), "title = '" + "x" * 10_000 + "'", "maker.region." * 2 + "name = x"])
def test_limits(catalog, text):
    with refused(StatusCode.INVALID_ARGUMENT, fields=["filter"]):
        catalog.service("ItemController").List(filter=text)


def test_limits_of_the_configuration(kind, start):
    limits = {"BYTES": "30", "TERMS": "2", "DEPTH": "1"}
    variables = {f"PILLION_LIST_MAX_FILTER_{name}": value for name, value in limits.items()} | {"PILLION_LIST_MAX_RELATIONS": "1"}
    with start(kind, catalog=MODEL, variables=variables) as running:
        items = running.service("ItemController")
        for text in ["small = 1 OR flag", "(flag)", "NOT flag", "maker.name = x", "small = (1)"]:
            assert items.List(filter=text) == []
        for text, says in [
            ("title = " + "x" * 30, "at most 30 are allowed"), ("flag flag flag", "more than 2 terms"), ("((flag))", "deeper than 1 levels"), ("NOT (flag)", "deeper"),
            ("maker.region.name = x", "more than 1 relations"),
        ]:
            with refused(StatusCode.INVALID_ARGUMENT, fields=["filter"]) as refusal:
                items.List(filter=text)
            assert says in refusal.message
        with refused(StatusCode.INVALID_ARGUMENT, fields=["order_by"]):
            items.List(order_by="maker.region.name")


@pytest.mark.parametrize(
    "text",
    ["title = \"'; DROP TABLE item; --\"", "title = \"' OR '1'='1\"", "data.\"'; DROP TABLE item; --\" = 1", "data.\"}') OR true --\" = 1", "title:\"$1 %s ?1\"", 'regex(title, "\' OR 1=1 --")'],
)
def test_text_stays_text(found, text):
    assert found(text) == ""
    assert found("") == "12345"


def test_malformed_regular_expression(catalog):
    with refused(StatusCode.INVALID_ARGUMENT):
        catalog.service("ItemController").List(filter='regex(title, "(unclosed")')


def test_read_mask(catalog):
    items = catalog.service("ItemController")
    rows = items.List(json={"readMask": "title,labels", "orderBy": "id", "filter": "small = 1"})
    assert [(row.title, list(row.labels), row.small, row.id) for row in rows] == [("Amy", [1, 2], 0, 0)]
    whole = items.Retrieve(id=1)
    assert items.Retrieve(json={"id": 1, "readMask": "*"}) == whole
    masked = items.Retrieve(json={"id": 1, "readMask": "id,note"})
    assert masked.id == 1 and masked.note.value == whole.note.value
    masked.ClearField("id"), masked.ClearField("note")
    assert not masked.ListFields()


@pytest.mark.parametrize("mask", ["nope", "maker.name"])
def test_read_mask_that_is_wrong(catalog, mask):
    items = catalog.service("ItemController")
    for call in (items.List, items.Retrieve):
        with refused(StatusCode.INVALID_ARGUMENT, fields=["read_mask"]):
            call(json={"readMask": mask})
