"""Field types, values at their edges, and how each null style carries them."""

import math

from google.protobuf import json_format

# In the JSON mapping's spirit: timestamps and durations are (seconds, nanoseconds), json is what `json.loads` gives.
EDGES = {
    "bool": [True, False],
    "int32": [0, 1, -1, 2**31 - 1, -(2**31)],
    "int64": [0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63)],
    "uint32": [0, 1, 2**31, 2**32 - 1],
    "uint64": [0, 1, 2**63 - 1],
    "float": [0.0, 1.5, -2.5, 2.0**-149, (2 - 2**-23) * 2.0**127, math.inf, -math.inf],
    "double": [0.0, 0.1, -1e300, 5e-324, 1.7976931348623157e308, math.inf, -math.inf],
    "string": ["", "a", "'; --", "%s \\ \"", "line\nline", "é\u0301", "\U0001f600\U0010ffff", "\ufeff", "NULL", "x" * 100_000],
    "bytes": [b"", b"\0", bytes(range(256)), b"\\x00", b"\xff" * 100_000],
    "timestamp": [
        (0, 0), (1, 0), (-1, 0), (-1, 500_000_000), (1_700_000_000, 123_456_000), (253_402_300_799, 999_999_000),
        (-62_135_596_800, 0), (951_782_400, 1_000),
    ],
    "date": ["1970-01-01", "0001-01-01", "9999-12-31", "2024-02-29", "1900-03-01"],
    "time": ["00:00:00", "23:59:59", "12:30:00.500", "23:59:59.999999", "00:00:00.000001"],
    "duration": [
        (0, 0), (1, 0), (-1, 0), (0, 1_000), (0, -500_000_000), (-1, -500_000_000), (86_400 * 365, 0),
        (315_576_000_000, 0), (-315_576_000_000, 0), (59, 999_999_000),
    ],
    "decimal": [
        "0", "1", "-1", "0.1", "100.00", "1234567890123456789012345678901234567890", "-0.0000000000000000000000000000000000000001",
        "12345678901234567890.12345678901234567890",
    ],
    "uuid": ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "0a1b2c3d-0000-4000-8000-00000000abcd"],
    "json": [
        {}, [], "", "text", 0, 1.5, -1e300, 2**53, True, False, {"a": {"b": [1, None, {"c": "\U0001f600"}]}, "": []},
        [[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]], "\"quoted\" \\ / \n\t\u0001",
    ],
}

MESSAGES = {"timestamp", "duration", "json"}
STYLES = ["oneof", "wrapper", "optional"]


def _store(target, name, kind, value):
    """Sets a field that is plain: a scalar, or one of the well-known messages."""
    if kind == "json":
        field = getattr(target, name)
        field.SetInParent()
        json_format.ParseDict(value, field)
    elif kind in MESSAGES:
        field = getattr(target, name)
        field.SetInParent()
        field.seconds, field.nanos = value
    else:
        setattr(target, name, value)


def _load(source, name, kind):
    value = getattr(source, name)
    if kind == "json":
        return json_format.MessageToDict(value)
    return (value.seconds, value.nanos) if kind in MESSAGES else value


def put(message, name, kind, value, style=None):
    """Sets a field; `style` is its null style if it may be null, and `None` as a value is NULL said aloud, where it can be."""
    if style == "oneof" or (style == "wrapper" and kind not in MESSAGES):
        holder = getattr(message, name)
        holder.SetInParent()
        if value is None:
            assert style == "oneof", "only the oneof can say NULL"
            holder.null = 0
        else:
            _store(holder, "value", kind, value)
    else:
        assert value is not None
        _store(message, name, kind, value)


def get(message, name, kind, style=None):
    """What a field holds; None if it is null."""
    if style is None:
        return _load(message, name, kind)
    if style == "oneof":
        holder = getattr(message, name)
        # A null is always said aloud in an answer: unset is for requests.
        assert holder.WhichOneof("kind") is not None, f"{name} is neither a value nor null"
        return _load(holder, "value", kind) if holder.WhichOneof("kind") == "value" else None
    if not message.HasField(name):
        return None
    if style == "wrapper" and kind not in MESSAGES:
        return _load(getattr(message, name), "value", kind)
    return _load(message, name, kind)
