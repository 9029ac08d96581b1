"""Wire bytes of random messages, proper and odd, and JSON text."""

import math
import random
import struct

from wire_shapes import MAX_NUMBER, SCALARS, WELL_KNOWN, WIRE_TYPE, Field


def varint(number, size=0):
    """`size`: at least so many bytes, padded."""
    number &= 2**64 - 1
    result = bytearray()
    while number >= 128:
        result.append(number & 127 | 128)
        number >>= 7
    result.append(number)
    while len(result) < size:
        result[-1] |= 128
        result.append(0)
    return bytes(result)


def tag(number, wire_type):
    return varint(number << 3 | wire_type)


def sized(number, content):
    return tag(number, 2) + varint(len(content)) + content


STRINGS = [
    b"", b"a", b"hello, world", "gr\u00fc\u00dfe".encode(), "\u65e5\u672c\u8a9e".encode(), "\U0001f600".encode(),
    b"a\0b", b'quote " back \\ tab \t', b"\x01\x1f\x7f", b"0123456789abcdef0123456789abcdef",
    "1234567\u00e91234567\u00e9".encode(), b"\xf4\x8f\xbf\xbf", b"\xef\xbf\xbf", b"\xed\x9f\xbf", b"\xee\x80\x80",
]
BAD_STRINGS = [
    b"\xff", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x8f\xbf\xbf",
    b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\x80", b"abc\xe2\x82", b"1234567\xc3", b"12345678\xe2\x28\xa1",
    b"\xf0\x9f\x98", b"a\xc3(",
]
NUMBERS = [
    0, 1, 2, 127, 128, 255, 300, 16383, 16384, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 5, 2**53, 2**63 - 1, 2**63,
    2**64 - 1, 2**64 - 2**31, 2**64 - 2**31 - 1,
]
DOUBLES = [
    0.0, -0.0, 1.0, -1.5, 0.1, 1e15, 1e16, 2.0**53, 1e17, 1e18, 1e22, 123456789.125, 1e-7, 5e-324,
    1.7976931348623157e308, math.inf, -math.inf, math.nan, 2.0**63, -(2.0**63), 1 / 3,
]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, share):
        return self.random.random() < share

    def number(self):
        if self.chance(0.5):
            return self.random.choice(NUMBERS)
        return self.random.getrandbits(self.random.randint(1, 64))

    def odd_varint(self, number):
        size = self.random.randint(1, 11) if self.chance(0.03) else 0
        result = varint(number, size)
        if len(result) == 10 and self.chance(0.3):
            result = result[:9] + bytes([self.random.randint(0, 127)])
        return result

    def string(self, checked=True):
        if checked and self.chance(0.02):
            return self.random.choice(BAD_STRINGS)
        if self.chance(0.6):
            return self.random.choice(STRINGS)
        points = [self.random.choice([0x61, 0x7A, 0xE9, 0x7FF, 0x800, 0xFFFD, 0x10000, 0x10FFFF, 0]) for _ in range(9)]
        return "".join(map(chr, points[: self.random.randint(0, 9)])).encode()

    def double(self):
        if self.chance(0.7):
            return struct.pack("<d", self.random.choice(DOUBLES))
        return self.random.getrandbits(64).to_bytes(8, "little")

    def float(self):
        if self.chance(0.5):
            return struct.pack("<f", self.random.choice([0.0, -0.0, 1.5, 3.4e38, math.inf, math.nan, 1e-45]))
        return self.random.getrandbits(32).to_bytes(4, "little")

    def raw(self, item, depth=0):
        """One value as it stands in a packed field or behind its length."""
        if item == "double":
            return self.double()
        if item == "float":
            return self.float()
        if item == "string":
            return self.string()
        if item == "bytes":
            return self.random.randbytes(self.random.randint(0, 12))
        if item in ("timestamp", "duration"):
            members = [tag(1, 0) + self.odd_varint(self.number()), tag(2, 0) + self.odd_varint(self.number())]
            return self.some(members, depth)
        if item == "value":
            return self.value(depth)
        return self.odd_varint(self.number())

    def some(self, members, depth):
        """Some of the members, in any order, now and then with unknown fields between."""
        chosen = [member for member in members if self.chance(0.7)]
        if self.chance(0.15):
            chosen.append(self.random.choice(members))
        if self.chance(0.1):
            chosen.append(self.unknown(depth))
        self.random.shuffle(chosen)
        return b"".join(chosen)

    def occurrence(self, number, item, depth):
        content = self.raw(item, depth)
        wire_type = WIRE_TYPE.get(item, 0)
        if self.chance(0.02):
            return self.unknown(depth, number)
        return sized(number, content) if wire_type == 2 else tag(number, wire_type) + content

    def value(self, depth):
        parts = []
        for _ in range(self.random.choice([1, 1, 1, 1, 1, 2, 3, 0] if depth else [1, 1, 1, 2])):
            kind = self.random.randint(1, 6 if depth < 6 else 4)
            if kind == 1:
                parts.append(tag(1, 0) + self.odd_varint(self.random.choice([0, 0, 0, 7])))
            elif kind == 2:
                number = self.double()
                if math.isfinite(struct.unpack("<d", number)[0]) or self.chance(0.1):
                    parts.append(tag(2, 1) + number)
            elif kind == 3:
                parts.append(sized(3, self.string()))
            elif kind == 4:
                parts.append(tag(4, 0) + self.odd_varint(self.random.choice([0, 1, 2**63])))
            elif kind == 5:
                for _ in range(self.random.choice([1, 1, 2])):
                    parts.append(sized(5, self.object(depth)))
            else:
                for _ in range(self.random.choice([1, 1, 2])):
                    parts.append(sized(6, self.list(depth)))
        if self.chance(0.05):
            parts.append(self.unknown(depth))
        return b"".join(parts)

    def object(self, depth):
        entries = []
        for _ in range(self.random.choice([0, 1, 2, 3, 12] if depth < 2 else [0, 1, 2])):
            key = self.random.choice([b"", b"a", b"b", b"key", b"\xc3\xa9", b"e\xcc\x81", b"k%d" % len(entries)])
            members = [sized(1, key)] if self.chance(0.95) else [sized(1, b"x"), sized(1, key)]
            for _ in range(self.random.choice([1, 1, 1, 1, 2])):
                members.append(sized(2, self.value(depth + 1)))
            if self.chance(0.2):
                self.random.shuffle(members)
            if self.chance(0.03):
                members.pop()
            if self.chance(0.03):
                members.append(self.unknown(depth))
            entries.append(sized(1, b"".join(members)))
        if self.chance(0.05):
            entries.append(self.unknown(depth))
        return b"".join(entries)

    def list(self, depth):
        elements = [sized(1, self.value(depth + 1)) for _ in range(self.random.choice([0, 1, 2, 3]))]
        if self.chance(0.05):
            elements.append(self.unknown(depth))
        return b"".join(elements)

    def unknown(self, depth, number=None):
        number = number or self.random.choice([77, 1000, 2**20 + 3, MAX_NUMBER, 12, 3])
        kind = self.random.randint(0, 5 if depth < 4 else 3)
        if kind == 0:
            return tag(number, 0) + self.odd_varint(self.number())
        if kind == 1:
            return tag(number, 1) + self.random.randbytes(8)
        if kind == 2:
            return sized(number, self.random.randbytes(self.random.randint(0, 9)))
        if kind == 3:
            return tag(number, 5) + self.random.randbytes(4)
        inside = b"".join(self.unknown(depth + 1) for _ in range(self.random.randint(0, 2)))
        return tag(number, 3) + inside + tag(number, 4)

    def field(self, field):
        if field.container:
            members = [self.occurrence(1, field.item, 1)]
            if field.container == "nullable":
                if self.chance(0.4):
                    members.append(self.occurrence(1, field.item, 1))
                members.append(tag(2, 0) + self.odd_varint(0))
                if self.chance(0.6):
                    members = [self.random.choice(members)]
            return sized(field.number, self.some(members, 1))
        wire_type = WIRE_TYPE.get(field.item, 0)
        if wire_type != 2 and (field.label == "repeated" and self.chance(0.6) or self.chance(0.01)):
            return sized(field.number, b"".join(self.raw(field.item) for _ in range(self.random.randint(0, 6))))
        return self.occurrence(field.number, field.item, 0)

    def message(self, fields):
        parts = []
        for field in fields:
            for _ in range(self.random.choice([0, 1, 1, 1, 2, 3] if field.label != "repeated" else [0, 1, 2, 4])):
                parts.append(self.field(field))
        if self.chance(0.3):
            parts.append(self.unknown(0))
        if self.chance(0.5):
            self.random.shuffle(parts)
        return b"".join(parts)

    def mutate(self, message, other):
        data = bytearray(message)
        for _ in range(self.random.choice([1, 1, 1, 2, 4])):
            position = self.random.randint(0, len(data))
            kind = self.random.randint(0, 7)
            if kind == 0 and position < len(data):
                data[position] ^= 1 << self.random.randint(0, 7)
            elif kind == 1 and position < len(data):
                data[position] = self.random.choice([0, 1, 2, 3, 4, 8, 0x7F, 0x80, 0xFF, self.random.randint(0, 255)])
            elif kind == 2:
                del data[position:]
            elif kind == 3:
                del data[position : position + self.random.randint(1, 4)]
            elif kind == 4:
                data[position:position] = self.random.randbytes(self.random.randint(1, 4))
            elif kind == 5:
                end = self.random.randint(position, len(data))
                data[position:position] = data[position:end]
            elif kind == 6:
                start = self.random.randint(0, len(other))
                data[position:position] = other[start : start + self.random.randint(0, 20)]
            elif position < len(data):
                data[position] = (data[position] + self.random.choice([-1, 1])) & 255
        return bytes(data[:4096])

    def shape(self):
        used, fields = set(), []
        for index in range(self.random.randint(1, 10)):
            number = self.random.choice([index + 1, index + 1, index + 1, self.random.randint(1, 300),
                                         self.random.randint(1, MAX_NUMBER), MAX_NUMBER])
            if number in used or 19000 <= number <= 19999:
                continue
            used.add(number)
            item = self.random.choice(SCALARS + WELL_KNOWN)
            kind = self.random.choice(["plain", "plain", "repeated", "nullable", "wrapper"])
            if kind == "nullable":
                fields.append(Field(number, "implicit", f"nullable({item})"))
            elif kind == "wrapper" and item in SCALARS:
                fields.append(Field(number, "implicit", f"wrapper({item})"))
            elif kind == "repeated":
                fields.append(Field(number, "repeated", item))
            else:
                optional = item in SCALARS and self.chance(0.4)
                fields.append(Field(number, "optional" if optional else "implicit", item))
        return fields

    # JSON text

    def json_text(self, depth=0):
        space = lambda: self.random.choice(["", "", "", " ", "\n\t", "\r "])
        kind = self.random.randint(0, 7 if depth < 8 else 5)
        if kind <= 1:
            return self.random.choice(["null", "true", "false"])
        if kind <= 3:
            return self.random.choice([
                "0", "-0", "1", "-17", "3.25", "1e3", "1E+3", "1e-400", "0.1", "123456789012345", "1234567890123456",
                "9007199254740993", "12345678901234567890", "1e308", "1e309", "-1e999", "2.2250738585072011e-308",
                "1.7976931348623158e308", "01", "1.", ".5", "+1", "1e", "0x10", "NaN", "-", "0.30000000000000004",
            ] if self.chance(0.2) else [repr(self.random.uniform(-1e6, 1e6)), str(self.random.randint(-(2**60), 2**60))])
        if kind <= 5:
            return self.json_string()
        count = self.random.choice([0, 1, 2, 3])
        if kind == 6:
            inside = [self.json_text(depth + 1) for _ in range(count)]
            return "[" + space() + f"{space()},{space()}".join(inside) + space() + "]"
        inside = [f"{self.json_string()}{space()}:{space()}{self.json_text(depth + 1)}" for _ in range(count)]
        return "{" + space() + f"{space()},{space()}".join(inside) + space() + "}"

    def json_string(self):
        escapes = ['\\"', "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0000", "\\u00e9", "\\uD83D\\uDE00"]
        odd = ["\\ud800", "\\uDC00", "\\ud800\\u0041", "\\x", "\\u12", "\x01", "\\ud83d\\ud83d\\ude00", "\\"]
        parts = []
        for _ in range(self.random.randint(0, 4)):
            parts.append(self.random.choice(["a", "key", "\u00e9", "\u65e5", "\U0001f600", " ", "'", "\x7f"] + escapes))
            if self.chance(0.005):
                parts.append(self.random.choice(odd))
        return '"' + "".join(parts) + '"'
