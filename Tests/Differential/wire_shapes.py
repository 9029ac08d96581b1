"""Message classes of the corpus's shapes, and what upb understood of a message, as text."""

import json
import math
import struct

from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory, struct_pb2, timestamp_pb2
from google.protobuf import wrappers_pb2

Descriptor = descriptor_pb2.FieldDescriptorProto
SCALARS = ["bool", "int32", "int64", "uint32", "uint64", "float", "double", "string", "bytes"]
WELL_KNOWN = ["timestamp", "duration", "value"]
WIRE_TYPE = {"double": 1, "float": 5, "string": 2, "bytes": 2, "timestamp": 2, "duration": 2, "value": 2}
MAX_NUMBER = 2**29 - 1


class Field:
    """`type` is a scalar, a well-known type, `wrapper(T)` or `nullable(T)`."""

    def __init__(self, number, label, type):
        self.number, self.label, self.type = number, label, type
        self.name = f"f{number}"
        self.container, _, item = type.partition("(")
        self.item = item.rstrip(")") if item else type
        if not item:
            self.container = ""

    def __str__(self):
        return f"{self.number}:{self.label}:{self.type}"


class Shapes:
    """Makes message classes of shapes."""

    def __init__(self):
        self.pool = descriptor_pool.DescriptorPool()
        for module in (struct_pb2, timestamp_pb2, duration_pb2, wrappers_pb2):
            self.pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
        file = descriptor_pb2.FileDescriptorProto(
            name="nullable.proto", package="corpus", syntax="proto3", dependency=self.dependencies()
        )
        for item in SCALARS + WELL_KNOWN:
            message = file.message_type.add(name=f"Nullable_{item}")
            message.oneof_decl.add(name="kind")
            self.set_type(message.field.add(name="value", number=1, label=1, oneof_index=0), item)
            message.field.add(
                name="null", number=2, label=1, oneof_index=0, type=Descriptor.TYPE_ENUM,
                type_name=".google.protobuf.NullValue",
            )
        self.pool.Add(file)
        self.count = 0

    def dependencies(self):
        return [f"google/protobuf/{name}.proto" for name in ("struct", "timestamp", "duration", "wrappers")]

    def set_type(self, field, type):
        if type in SCALARS:
            field.type = getattr(Descriptor, f"TYPE_{type.upper()}")
        else:
            field.type = Descriptor.TYPE_MESSAGE
            field.type_name = f".google.protobuf.{type.capitalize()}"

    def message_class(self, fields):
        self.count += 1
        name = f"Message{self.count}"
        file = descriptor_pb2.FileDescriptorProto(
            name=f"{name}.proto", package="corpus", syntax="proto3",
            dependency=self.dependencies() + ["nullable.proto"],
        )
        message = file.message_type.add(name=name)
        for field in fields:
            label = 3 if field.label == "repeated" else 1
            descriptor = message.field.add(name=field.name, number=field.number, label=label)
            if field.container == "wrapper":
                descriptor.type = Descriptor.TYPE_MESSAGE
                known = {"uint32": "UInt32", "uint64": "UInt64"}.get(field.item, field.item.capitalize())
                descriptor.type_name = f".google.protobuf.{known}Value"
            elif field.container == "nullable":
                descriptor.type = Descriptor.TYPE_MESSAGE
                descriptor.type_name = f".corpus.Nullable_{field.item}"
            else:
                self.set_type(descriptor, field.item)
            if field.label == "optional":
                descriptor.proto3_optional = True
                descriptor.oneof_index = len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{field.name}")
        self.pool.Add(file)
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(f"corpus.{name}"))


def dump_double(number):
    return "nan" if math.isnan(number) else "d" + struct.pack(">d", number).hex()


def dump_text(value):
    return "x" + (value.encode() if isinstance(value, str) else value).hex()


class NotJSON(Exception):
    pass


def dump_value(value):
    kind = value.WhichOneof("kind")
    if kind == "null_value":
        return "n"
    if kind == "number_value":
        if not math.isfinite(value.number_value):
            raise NotJSON
        return dump_double(value.number_value)
    if kind == "string_value":
        return dump_text(value.string_value)
    if kind == "bool_value":
        return f"b{int(value.bool_value)}"
    if kind == "struct_value":
        fields = value.struct_value.fields
        members = sorted((key.encode(), key) for key in fields)
        return "{" + ";".join(f"x{raw.hex()}:{dump_value(fields[key])}" for raw, key in members) + "}"
    if kind == "list_value":
        return "[" + ";".join(dump_value(element) for element in value.list_value.values) + "]"
    raise NotJSON


def dump_item(item, value):
    if item in ("timestamp", "duration"):
        return f"t{value.seconds}:{value.nanos}"
    if item == "value":
        try:
            return dump_value(value)
        except NotJSON:
            return "!"
    if item in ("float", "double"):
        return dump_double(value)
    if item in ("string", "bytes"):
        return dump_text(value)
    return str(int(value))


def dump_field(field, value):
    """None: a nullable message that says neither a value nor null, which is as good as absent."""
    if field.container == "wrapper":
        return dump_item(field.item, value.value)
    if field.container == "nullable":
        kind = value.WhichOneof("kind")
        return dump_item(field.item, value.value) if kind == "value" else kind
    return dump_item(field.item, value)


ZEROS = {"0", "d" + "0" * 16, "x"}


def dump_message(fields, message):
    parts = []
    for field in fields:
        value = getattr(message, field.name)
        if field.label == "repeated":
            text = "[" + ";".join(dump_field(field, element) for element in value) + "]" if value else None
        elif field.label == "optional" or field.container or field.item in WELL_KNOWN:
            text = dump_field(field, value) if message.HasField(field.name) else None
        else:
            text = dump_field(field, value)
            if text in ZEROS:
                text = None
        if text:
            parts.append(f"{field.number}={text}")
    return " ".join(parts)


class JSONObject:
    """With the members that a later one of the same name replaces: they must be good, too."""

    def __init__(self, pairs):
        self.pairs = pairs


def dump_json(raw):
    """None: not JSON, or not a google.protobuf.Value."""

    def number(text):
        value = float(text)
        if not math.isfinite(value):
            raise ValueError("too large")
        return value

    def refuse(text):
        raise ValueError(text)

    def dump(value):
        if value is None:
            return "n"
        if isinstance(value, bool):
            return f"b{int(value)}"
        if isinstance(value, float):
            return dump_double(value)
        if isinstance(value, str):
            return dump_text(value)
        if isinstance(value, list):
            return "[" + ";".join(dump(element) for element in value) + "]"
        members = {key.encode(): dump(member) for key, member in value.pairs}
        return "{" + ";".join(f"x{key.hex()}:{members[key]}" for key in sorted(members)) + "}"

    try:
        text = raw.decode()
        if text.startswith("\ufeff"):
            return None
        return dump(
            json.loads(
                text, parse_int=number, parse_float=number, parse_constant=refuse, object_pairs_hook=JSONObject
            )
        )
    except ValueError:
        return None
