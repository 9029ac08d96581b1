#!/usr/bin/env python3
"""Writes a corpus of protobuf messages with what protobuf's own parser (upb) makes of them.

`PillionWireTests` reads the file and checks that PillionWire accepts, refuses and understands the same. One line each:

    shape <number>:<label>:<type> ...      the request message of the cases below it
    case <hex> refuse
    case <hex> accept <number>=<value> ... every field that is not absent, in the order of the shape
    json <hex> refuse | accept <value>     JSON text and the google.protobuf.Value that it says

Values: integers in decimal; doubles as `d` and 16 hex digits of their bits, or `nan`; strings and bytes as `x` and hex;
timestamps and durations as `t<seconds>:<nanos>`; `null`; repeated as `[a;b]`; google.protobuf.Value as `n`, `b0`, `b1`,
`d...`, `x...`, `[a;b]`, `{xkey:a;xkey:b}` with sorted keys, or `!` where JSON cannot say it.

Needs the package `protobuf` with its upb backend. The same seed gives the same file.
"""

import argparse
import struct
import sys

from google.protobuf.internal import api_implementation
from google.protobuf.message import DecodeError

from wire_messages import BAD_STRINGS, DOUBLES, STRINGS, Generator, sized, tag, varint
from wire_shapes import MAX_NUMBER, SCALARS, WELL_KNOWN, Field, Shapes, dump_json, dump_message

# The attacks that are no matter of chance. Shape: everything once.


def every_shape():
    fields = [Field(index + 1, "implicit", item) for index, item in enumerate(SCALARS + WELL_KNOWN)]
    fields += [Field(index + 21, "repeated", item) for index, item in enumerate(SCALARS + WELL_KNOWN)]
    fields += [Field(index + 41, "implicit", f"nullable({item})") for index, item in enumerate(SCALARS + WELL_KNOWN)]
    fields += [Field(index + 61, "implicit", f"wrapper({item})") for index, item in enumerate(SCALARS)]
    fields += [Field(index + 1001, "optional", item) for index, item in enumerate(SCALARS)]
    return fields


def attacks():
    yield b""
    for size in range(1, 12):
        for number in (3, 99):
            yield tag(number, 0) + varint(1, size)
            yield varint(number << 3, size) + b"\x05"
        for number in (8, 99):
            yield tag(number, 2) + varint(1, size) + b"a"
        yield varint(0, size) + b"\x05"
        yield tag(99, 3) + varint(99 << 3 | 4, size)
    for last in (0, 1, 2, 0x7E, 0x7F):
        for number in (1, 2, 3, 4, 5, 99):
            yield tag(number, 0) + b"\xff" * 9 + bytes([last])
    for number in (0, MAX_NUMBER, MAX_NUMBER + 1, 2**32):
        yield tag(number, 0) + b"\x05"
    for wire_type in range(8):
        for number in (1, 3, 7, 8, 10, 12, 23, 32, 41, 61, 1001, 99):
            for rest in (b"", b"\x00", b"\x01a", b"12345678", tag(number, 4)):
                yield tag(number, wire_type) + rest
    for length in (2, 127, 128, 2**31 - 1, 2**31, 2**32 - 1, 2**32 + 1, 2**35 - 1):
        for number in (8, 9, 10, 12, 23, 27, 99):
            yield tag(number, 2) + varint(length) + b"a"
    for inside in (b"\x00\x05", b"\x03\x04", b"\x03", b"\x04", b"\x07", tag(98, 4), b"\x80\x80\x80\x80\x10\x05"):
        yield tag(99, 3) + inside + tag(99, 4)
    entry = sized(1, b"k") + sized(2, b"\x08\x00")
    for odd in (tag(3, 0) + b"\x00", tag(1, 0) + b"\x00", tag(2, 0) + b"\x00", tag(3, 3) + tag(3, 4), sized(3, b"")):
        yield sized(12, sized(5, sized(1, entry + odd)))
        yield sized(12, sized(5, sized(1, entry) + sized(1, entry + odd)))
        yield sized(12, sized(5, sized(1, entry + sized(2, odd)) + odd) + odd)
    for levels in (98, 99, 100, 101, 102, 150):
        groups = tag(99, 3) * levels + tag(99, 4) * levels
        yield groups
        yield sized(10, groups)
        yield sized(12, sized(5, sized(1, groups)))
    for levels in (31, 32, 33, 34, 47, 48, 49, 50, 51):
        objects = lists = b""
        for _ in range(levels):
            lists = sized(6, sized(1, lists))
            objects = sized(5, sized(1, sized(1, b"k") + sized(2, objects)))
        for number in (12, 32):
            yield sized(number, lists)
            yield sized(number, objects)
        yield sized(52, sized(1, lists))
    for text in STRINGS + BAD_STRINGS:
        for content in (sized(8, text), sized(9, text), sized(28, text), sized(48, sized(1, text)),
                        sized(68, sized(1, text)), sized(12, sized(3, text)),
                        sized(12, sized(5, sized(1, sized(1, text) + sized(2, b"\x08\x00"))))):
            yield content
    for size in (0, 1, 3, 4, 5, 8, 12, 16, 17):
        for number in (21, 26, 27):
            yield sized(number, b"\x01" * size)
            yield sized(number, b"\x01" * size + b"\x80")
    yield sized(41, tag(1, 0) + b"\x01" + tag(2, 0) + b"\x00") + sized(41, b"")
    yield sized(50, sized(1, tag(1, 0) + b"\x05")) + sized(50, sized(1, tag(2, 0) + b"\x06"))
    yield sized(50, sized(1, tag(1, 0) + b"\x05") + tag(2, 0) + b"\x00") + sized(50, sized(1, tag(2, 0) + b"\x06"))
    for number in DOUBLES:
        yield sized(12, tag(2, 1) + struct.pack("<d", number))
        yield tag(7, 1) + struct.pack("<d", number)
    member = lambda key, value: sized(1, sized(1, key) + sized(2, value))
    null, yes = b"\x08\x00", b"\x20\x01"
    yield sized(12, sized(5, member(b"a", null))) + sized(12, sized(5, member(b"b", yes) + member(b"a", yes)))
    yield sized(12, sized(5, member(b"a", null))) + sized(12, null) + sized(12, sized(5, member(b"b", yes)))
    yield sized(12, sized(6, sized(1, null))) + sized(12, sized(6, sized(1, yes)))
    yield sized(12, sized(5, sized(1, b""))) + sized(12, sized(5, member(b"", yes)))
    yield sized(12, sized(5, sized(1, sized(2, sized(6, sized(1, null))) + sized(2, sized(6, sized(1, yes))))))
    yield sized(12, sized(5, b"".join(member(b"%d" % (index % 30), null) for index in range(60))))
    yield sized(52, sized(1, yes) + tag(2, 0) + b"\x00" + sized(1, sized(6, b"")))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--cases", type=int, default=60000, help="random messages (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if api_implementation.Type() != "upb":
        sys.exit("wire_corpus.py: protobuf's upb backend is needed, not " + api_implementation.Type())

    generator, shapes = Generator(options.seed), Shapes()
    accepted = refused = 0
    with open(options.out, "w", encoding="ascii") as out:

        def check(fields, message_class, data):
            nonlocal accepted, refused
            message = message_class()
            try:
                message.MergeFromString(data)
            except DecodeError:
                refused += 1
                out.write(f"case {data.hex()} refuse\n")
            else:
                accepted += 1
                out.write(f"case {data.hex()} accept {dump_message(fields, message)}".rstrip() + "\n")

        fields = every_shape()
        message_class = shapes.message_class(fields)
        out.write("shape " + " ".join(map(str, fields)) + "\n")
        for data in attacks():
            check(fields, message_class, data)
        done = 0
        while done < options.cases:
            fields = every_shape() if generator.chance(0.05) else generator.shape()
            message_class = shapes.message_class(fields)
            out.write("shape " + " ".join(map(str, fields)) + "\n")
            other = b""
            for _ in range(min(options.cases - done, max(20, min(500, options.cases // 20)))):
                data = generator.message(fields)
                if generator.chance(0.5):
                    data, other = generator.mutate(data, other), data
                check(fields, message_class, data)
                done += 1
        for _ in range(options.cases // 10):
            raw = generator.json_text().encode()
            if generator.chance(0.3):
                raw = generator.mutate(raw, b'{"a":[1,2.5e3,"\\u00e9"],"b":null}')
            expected = dump_json(raw)
            out.write(f"json {raw.hex()} " + ("refuse" if expected is None else f"accept {expected}") + "\n")
    print(f"{options.out}: {accepted} messages accepted, {refused} refused")


if __name__ == "__main__":
    main()
