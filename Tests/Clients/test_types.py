"""Every field type at its edges, required and in the three null styles, through every action that carries values."""

import decimal
import math

import pytest
from grpc import StatusCode

from support.errors import refused
from support.values import EDGES, STYLES, get, put


def definitions():
    """One model a null style, each with a field of every type; Plain's are required."""
    lines = ["package: types", "models:"]
    for model, style in [("Plain", None), *((style.title(), style) for style in STYLES)]:
        lines += [f"  {model}:", "    fields:", "      id: { type: int64, primary_key: true }"]
        null = ", null: true" if style else ""
        lines += [f"      {kind}_field: {{ type: {kind}{null} }}" for kind in EDGES]
        if style:
            lines += ["    service:", f"      null_style: {style}"]
    lines += ["  Arrays:", "    fields:", "      id: { type: int64, primary_key: true }"]
    lines += [f"      {kind}_list: {{ type: array, items: {kind} }}" for kind in EDGES if kind != "json"]
    lines += ["      maybe: { type: array, items: int32, null: true }"]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def types(kind, start):
    with start(kind, types=definitions()) as running:
        yield running


def services():
    return [("Plain", None), *((style.title(), style) for style in STYLES)]


def base(service, model, style):
    """A request in which every required field has something that its type allows."""
    request = service.Create.request_class()
    if style is None:
        for kind, values in EDGES.items():
            put(request, f"{kind}_field", kind, values[0])
    return request


CASES = [(model, style, kind) for model, style in services() for kind in EDGES]


@pytest.mark.parametrize(("model", "style", "kind_of_field"), CASES, ids=[f"{model}-{kind}" for model, _, kind in CASES])
def test_edges(types, model, style, kind_of_field):
    service = types.service(f"{model}Controller")
    name = f"{kind_of_field}_field"
    for value in EDGES[kind_of_field]:
        request = base(service, model, style)
        put(request, name, kind_of_field, value, style)
        created = service.Create(request)
        assert get(created, name, kind_of_field, style) == value
        assert service.Retrieve(id=created.id) == created
        assert service.Update(created) == created
    assert created in service.List()


@pytest.mark.parametrize(("model", "style", "kind_of_field"), CASES, ids=[f"{model}-{kind}" for model, _, kind in CASES])
def test_edges_in_partial_updates(types, model, style, kind_of_field):
    service = types.service(f"{model}Controller")
    name = f"{kind_of_field}_field"
    created = service.Create(base(service, model, style))
    # Nullable fields have the nullable message here in every style; the others a wrapper, which the oneof's helper fills too.
    request_style = "oneof" if style else "wrapper"
    for value in [*EDGES[kind_of_field], *([None] if style else [])]:
        request = service.PartialUpdate.request_class(id=created.id)
        put(request, name, kind_of_field, value, request_style)
        assert get(service.PartialUpdate(request), name, kind_of_field, style) == value
        unchanged = service.PartialUpdate.request_class(id=created.id)
        assert get(service.PartialUpdate(unchanged), name, kind_of_field, style) == value


@pytest.mark.parametrize("style", STYLES)
def test_unset_is_null_and_zero_is_not(types, style):
    service = types.service(f"{style.title()}Controller")
    empty = service.Create()
    for kind, values in EDGES.items():
        name = f"{kind}_field"
        assert get(empty, name, kind, style) is None
        request = service.Create.request_class()
        put(request, name, kind, values[0], style)
        full = service.Create(request)
        assert get(full, name, kind, style) == values[0]
        # Update without it makes it null again.
        assert get(service.Update(id=full.id), name, kind, style) is None
        column = types.database.query(f"SELECT count(*) FROM {style} WHERE {name} IS NULL AND id = ?", [full.id])
        assert column == [(1,)]


def test_null_json_is_not_null(types):
    service = types.service("OneofController")
    request = service.Create.request_class()
    request.json_field.value.null_value = 0
    created = service.Create(request)
    assert created.json_field.WhichOneof("kind") == "value"
    assert created.json_field.value.WhichOneof("kind") == "null_value"
    assert types.database.query("SELECT count(*) FROM oneof WHERE json_field IS NULL AND id = ?", [created.id]) == [(0,)]


def test_nanoseconds_are_cut_to_microseconds(types):
    service = types.service("OneofController")
    for seconds, nanos in [(1_700_000_000, 123_456_789), (1_700_000_000, 999_999_999), (-1, 999_999_999), (-1, 1)]:
        created = service.Create(timestamp_field={"value": {"seconds": seconds, "nanos": nanos}})
        held = get(created, "timestamp_field", "timestamp", "oneof")
        assert held == (seconds, nanos // 1000 * 1000)
        assert service.Retrieve(id=created.id) == created


@pytest.mark.parametrize("field", ["float", "double"])
def test_nan(types, field):
    """SQLite would make a NULL of it, also where none is allowed."""
    for model, style in services():
        service = types.service(f"{model}Controller")
        request = base(service, model, style)
        put(request, f"{field}_field", field, math.nan, style)
        created = service.Create(request)
        assert math.isnan(get(created, f"{field}_field", field, style))
        assert math.isnan(get(service.Retrieve(id=created.id), f"{field}_field", field, style))


def test_negative_zero(types):
    service = types.service("OneofController")
    created = service.Create(double_field={"value": -0.0})
    assert created.double_field.value == 0.0
    if types.kind == "postgresql":
        assert math.copysign(1, created.double_field.value) == -1


def test_uint64_beyond_int64(types):
    service = types.service("OneofController")
    request = service.Create.request_class()
    put(request, "uint64_field", "uint64", 2**64 - 1, "oneof")
    if types.kind == "postgresql":
        assert service.Create(request).uint64_field.value == 2**64 - 1
    else:
        with refused(StatusCode.INVALID_ARGUMENT, fields=["uint64_field"]):
            service.Create(request)


def test_nul_in_text(types):
    service = types.service("OneofController")
    request = service.Create.request_class(string_field={"value": "before\0after"})
    if types.kind == "sqlite":
        created = service.Create(request)
        assert created.string_field.value == "before\0after"
        assert service.Retrieve(id=created.id) == created
    else:
        with refused(StatusCode.INVALID_ARGUMENT, fields=["string_field"]):
            service.Create(request)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("date", "2023-02-29"), ("date", "0000-01-01"), ("date", "2024-01-01T00:00:00"), ("date", "20240101"),
        ("time", "24:00:00"), ("time", "12:60"), ("time", "12"), ("time", "12:00:00Z"), ("time", "12:00:00."),
        ("decimal", "0x10"), ("decimal", "1,5"), ("decimal", "--1"), ("decimal", "."), ("decimal", "Infinity"), ("decimal", "1_000"),
        ("uuid", "0a1b2c3d-0000-4000-8000-00000000abcg"), ("uuid", "0a1b2c3d"), ("uuid", "{0a1b2c3d-0000-4000-8000-00000000abcd}"),
    ],
)
def test_text_that_is_no_value(types, field, text):
    with refused(StatusCode.INVALID_ARGUMENT, fields=[f"{field}_field"]):
        types.service("OneofController").Create(**{f"{field}_field": {"value": text}})


@pytest.mark.parametrize(
    ("field", "seconds", "nanos"),
    [
        ("timestamp", 253_402_300_800, 0), ("timestamp", -62_135_596_801, 0), ("timestamp", 0, 1_000_000_000), ("timestamp", 0, -1),
        ("duration", 315_576_000_001, 0), ("duration", 1, -1), ("duration", -1, 1), ("duration", 0, 1_000_000_000),
    ],
)
def test_times_out_of_range(types, field, seconds, nanos):
    with refused(StatusCode.INVALID_ARGUMENT, fields=[f"{field}_field"]):
        types.service("OneofController").Create(**{f"{field}_field": {"value": {"seconds": seconds, "nanos": nanos}}})


@pytest.mark.parametrize(("given", "kept"), [("12:30", "12:30:00"), ("12:30:00.5", "12:30:00.500"), ("12:30:00.000000", "12:30:00")])
def test_time_spellings(types, given, kept):
    assert types.service("OneofController").Create(time_field={"value": given}).time_field.value == kept


def test_uuid_spellings(types):
    created = types.service("OneofController").Create(uuid_field={"value": "0A1B2C3D-0000-4000-8000-00000000ABCD"})
    assert created.uuid_field.value == "0a1b2c3d-0000-4000-8000-00000000abcd"


ORDERED = {
    "decimal": ["9.40", "89.00", "-2", "129.00", "0.5", "-10", "100", "99.999"],
    "timestamp": [(9, 0), (9, 500_000_000), (9, 500_001_000), (10, 0), (-1, 0), (8, 999_000_000)],
    "time": ["12:30:00", "12:30:00.500", "12:30:00.500001", "12:30:01", "09:00:00"],
    "duration": [(180, 0), (27, 0), (-5, 0), (90_000, 0), (27, 500_000_000), (0, 0)],
}


@pytest.mark.parametrize("field", [kind for kind in EDGES if kind != "json"])
def test_order_is_that_of_the_values(types, field):
    service = types.service("OneofController")
    types.database.query("DELETE FROM oneof")
    values = [*EDGES[field], *ORDERED.get(field, [])]
    key = decimal.Decimal if field == "decimal" else str.encode if field == "string" else None
    for value in values:
        request = service.Create.request_class()
        put(request, f"{field}_field", field, value, "oneof")
        service.Create(request)
    rows = [get(row, f"{field}_field", field, "oneof") for row in service.List(order_by=f"{field}_field")]
    assert rows == sorted(values, key=key)
    rows = [get(row, f"{field}_field", field, "oneof") for row in service.List(order_by=f"{field}_field desc, id desc")]
    assert rows == sorted(values, key=key)[::-1]


def test_ten_megabytes(types, kind, start):
    with start(kind, types=definitions(), variables={"PILLION_SERVER_MAX_MESSAGE_BYTES": "64MiB"}) as running:
        service = running.service("OneofController")
        text, data = "\U0001f600" * (10 << 18), bytes(range(256)) * (10 << 12)
        created = service.Create(string_field={"value": text}, bytes_field={"value": data})
        assert created.string_field.value == text and created.bytes_field.value == data
        assert service.Retrieve(id=created.id) == created


def test_arrays(types):
    service = types.service("ArraysController")
    for kind, values in EDGES.items():
        if kind == "json":
            continue
        name = f"{kind}_list"
        request = service.Create.request_class()
        for value in values:
            if kind in ("timestamp", "duration"):
                getattr(request, name).add(seconds=value[0], nanos=value[1])
            else:
                getattr(request, name).append(value)
        created = service.Create(request)
        assert getattr(created, name) == getattr(request, name), kind
        assert service.Retrieve(id=created.id) == created


def test_empty_and_missing_arrays(types):
    service = types.service("ArraysController")
    created = service.Create()
    assert list(created.int32_list) == [] and list(created.maybe) == []
    filled = service.PartialUpdate(id=created.id, int32_list=[1, 2], is_int32_list_set=True, maybe=[3], is_maybe_set=True)
    assert (list(filled.int32_list), list(filled.maybe)) == ([1, 2], [3])
    kept = service.PartialUpdate(id=created.id)
    assert kept == filled
    emptied = service.PartialUpdate(id=created.id, is_int32_list_set=True)
    assert (list(emptied.int32_list), list(emptied.maybe)) == ([], [3])
    types.database.query("UPDATE arrays SET maybe = NULL WHERE id = ?", [created.id])
    assert list(service.Retrieve(id=created.id).maybe) == []


TEXTS = """
package: texts
models:
  Text:
    fields:
      id: { type: int64, primary_key: true }
      at: { type: timestamp, proto_type: string, null: true }
      lasts: { type: duration, proto_type: string, null: true }
      data: { type: json, proto_type: string, null: true }
"""


@pytest.fixture(scope="module")
def texts(kind, start):
    with start(kind, texts=TEXTS) as running:
        yield running.service("TextController")


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("at", "2024-05-06T07:08:09Z", "2024-05-06T07:08:09Z"), ("at", "2024-05-06T09:08:09.5+02:00", "2024-05-06T07:08:09.500Z"),
        ("at", "1969-12-31T23:59:59.000001Z", "1969-12-31T23:59:59.000001Z"), ("lasts", "PT0S", "PT0S"),
        ("lasts", "PT1.5S", "PT1.500S"), ("data", "[1, 2]", "[1,2]"), ("data", "{}", "{}"),
    ],
)
def test_proto_type_string(texts, field, given, kept):
    found = getattr(texts.Create(**{field: {"value": given}}), field).value
    assert (found.replace(" ", "") if field == "data" else found) == kept


@pytest.mark.parametrize(
    ("field", "text"), [("at", "yesterday"), ("at", "2024-05-06"), ("lasts", "1.5"), ("lasts", "P1M"), ("data", "{"), ("data", "")]
)
def test_proto_type_string_that_is_no_value(texts, field, text):
    with refused(StatusCode.INVALID_ARGUMENT, fields=[field]):
        texts.Create(**{field: {"value": text}})
