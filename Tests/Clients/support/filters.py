"""Random filters for the catalog (models/catalog.yaml), each with what it means in Python: `(text, row -> bool)`.

Written from docs/queries.md alone: the evaluation shares nothing with the server.
"""

import datetime
import decimal
import re
import uuid

UTC = datetime.timezone.utc
WORDS = ["", "a", "A", "b", "ab", "aB", "a*b", "a_b", "a%b", "a\\b", 'q"q', "o'o", "ä", "Äa", "null", "true", "x y", "[a]", "?", "zz"]
KEYS = ["kind", "size", "on", "a b", "none"]


def quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("*", "\\*")
    return f'"{escaped}"'


def optional(random, value, share=0.25):
    return None if random.random() < share else value


def moment(random):
    return datetime.datetime(2024, 1, random.randrange(1, 4), random.randrange(2), tzinfo=UTC) + datetime.timedelta(microseconds=random.choice([0, 1, 500_000]))


def json_value(random):
    return random.choice([None, True, False, 0, 1, 2.5, -3, "a", "b", "1", ["a", 1], [True, "b"], [], {"kind": "deep"}])


# name -> (a value of a row, its text in a filter, whether it has an order)
SCALARS = {
    "flag": (lambda r: r.random() < 0.5, lambda v: str(v).lower(), False),
    "maybe": (lambda r: r.random() < 0.5, lambda v: str(v).lower(), False),
    "small": (lambda r: r.randrange(-3, 4), str, True),
    "large": (lambda r: r.choice([-(2**63), -1, 0, 1, 2**53 + 1, 2**63 - 1]), str, True),
    "count": (lambda r: r.choice([0, 1, 2**31, 2**32 - 1]), str, True),
    "huge": (lambda r: r.choice([0, 1, 2**40, 2**63 - 1]), str, True),
    "ratio": (lambda r: r.choice([0.0, -0.5, 0.1, 1e300, 5e-324, 3.0]), repr, True),
    "single": (lambda r: r.choice([0.0, -0.5, 1.25, 1024.0]), repr, True),
    "title": (lambda r: r.choice(WORDS), quoted, True),
    "note": (lambda r: r.choice(WORDS), quoted, True),
    "moment": (moment, lambda v: v.isoformat().replace("+00:00", "Z"), True),
    "day": (lambda r: datetime.date(2024, r.randrange(1, 3), r.randrange(1, 4)), lambda v: v.isoformat(), True),
    "clock": (lambda r: datetime.time(r.randrange(2), 30, 0, r.choice([0, 1, 500_000])), lambda v: v.isoformat(), True),
    "span": (lambda r: datetime.timedelta(seconds=r.randrange(-2, 3), microseconds=r.choice([0, 500_000])), lambda v: f"{v.total_seconds():.6f}s", True),
    "price": (lambda r: decimal.Decimal(r.choice(["0", "-1.5", "1.50", "10", "9.99", "0.001"])), str, True),
    "code": (lambda r: uuid.UUID(int=r.randrange(1, 4)), str, False),
}
NEVER_NULL = {"flag", "small", "title"}
COMPARISONS = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}


def row(random, makers, labels):
    """A row of Item, relations as the rows that they lead to."""
    values = {name: make(random) if name in NEVER_NULL else optional(random, make(random)) for name, (make, _, _) in SCALARS.items()}
    values["words"] = [random.choice(WORDS) for _ in range(random.randrange(4))]
    values["numbers"] = [random.randrange(4) for _ in range(random.randrange(4))]
    values["data"] = optional(random, {key: json_value(random) for key in KEYS[:4] if random.random() < 0.6})
    values["maker"] = optional(random, random.choice(makers))
    values["labels"] = random.sample(labels, random.randrange(len(labels)))
    return values


def compared(value, sign, literal):
    return value is not None and COMPARISONS[sign](value, literal)


def glob(parts):
    return re.compile(".*".join(re.escape(part) for part in parts), re.DOTALL)


class Generator:
    def __init__(self, random):
        self.random = random

    def filter(self, depth=3):
        random = self.random
        if depth == 0 or random.random() < 0.35:
            return self.test()
        kind = random.randrange(5)
        if kind == 0:
            text, meaning = self.filter(depth - 1)
            return f"{random.choice(['NOT ', '-'])}({text})", lambda row: not meaning(row)
        parts = [self.filter(depth - 1) for _ in range(random.randrange(2, 4))]
        meanings = [meaning for _, meaning in parts]
        if kind == 4:  # Without parentheses: OR before the space before AND.
            (a, x), (b, y), (c, z) = (self.test() for _ in range(3))
            return random.choice([
                (f"{a} OR {b} AND {c}", lambda row: (x(row) or y(row)) and z(row)), (f"{a} AND {b} OR {c}", lambda row: x(row) and (y(row) or z(row))),
                (f"{a} {b} OR {c}", lambda row: x(row) and (y(row) or z(row))), (f"NOT {a} AND -{b}", lambda row: not x(row) and not y(row)),
            ])
        word, join = [(" AND ", all), (" OR ", any), (" ", all)][kind - 1]
        return word.join(f"({text})" for text, _ in parts), lambda row: join([meaning(row) for meaning in meanings])

    def test(self):
        return self.random.choice([self.scalar] * 6 + [self.text] * 3 + [self.several, self.null, self.relation, self.relation, self.items, self.json, self.json, self.range])()

    def pick(self):
        name = self.random.choice(list(SCALARS))
        make, text, has_order = SCALARS[name]
        literal = make(self.random)
        return name, literal, text, has_order

    def scalar(self):
        name, literal, text, has_order = self.pick()
        sign = self.random.choice(list(COMPARISONS) if has_order else ["=", "!="])
        return f"{name} {sign} {text(literal)}", lambda row: compared(row[name], sign, literal)

    def several(self):
        name, first, text, _ = self.pick()
        literals = [first] + [SCALARS[name][0](self.random) for _ in range(self.random.randrange(1, 5))]
        return f"{name} = ({' OR '.join(map(text, literals))})", lambda row: row[name] is not None and row[name] in literals

    def range(self):
        name = self.random.choice([name for name, (_, _, has_order) in SCALARS.items() if has_order])
        make, text, _ = SCALARS[name]
        low, high = make(self.random), make(self.random)
        return f"range({name}, {text(low)}, {text(high)})", lambda row: row[name] is not None and low <= row[name] <= high

    def null(self):
        name = self.random.choice([name for name in SCALARS if name not in NEVER_NULL] + ["maker", "data"])
        return self.random.choice([
            (f"{name} = null", lambda row: row[name] is None), (f"{name} != null", lambda row: row[name] is not None),
            (f"{name}:*", lambda row: row[name] is not None),
        ])

    def text(self, path=None, value=None):
        random = self.random
        path = path or random.choice(["title", "note"])
        value = value or (lambda row: row[path])
        word = random.choice(WORDS)
        literal = quoted(word)

        def holds(condition):
            return lambda row: value(row) is not None and condition(value(row))

        parts = random.sample(["a", "b", "_", "\\", "ä", ""], random.randrange(2, 4))
        pattern = glob(parts)
        wildcard = '"' + "*".join(part.replace("\\", "\\\\") for part in parts) + '"'
        return random.choice([
            (f"{path}:{literal}", holds(lambda v: word in v)), (f"contains({path}, {literal})", holds(lambda v: word in v)),
            (f"icontains({path}, {literal})", holds(lambda v: word.lower() in v.lower())), (f"ieq({path}, {literal})", holds(lambda v: word.lower() == v.lower())),
            (f"startswith({path}, {literal})", holds(lambda v: v.startswith(word))), (f"iendswith({path}, {literal})", holds(lambda v: v.lower().endswith(word.lower()))),
            (f"endswith({path}, {literal})", holds(lambda v: v.endswith(word))), (f"istartswith({path}, {literal})", holds(lambda v: v.lower().startswith(word.lower()))),
            (f"{path} = {wildcard}", holds(lambda v: pattern.fullmatch(v) is not None)), (f"{path} != {wildcard}", holds(lambda v: pattern.fullmatch(v) is None)),
            (f'regex({path}, "^[ab]+$")', holds(lambda v: re.search("^[ab]+$", v) is not None)), (f'regex({path}, "a.?b|q")', holds(lambda v: re.search("a.?b|q", v) is not None)),
        ])

    def relation(self):
        random = self.random
        rank, word = random.randrange(4), random.choice(["x", "y", "z"])
        sign = random.choice(list(COMPARISONS))

        def maker(condition):
            return lambda row: row["maker"] is not None and condition(row["maker"])

        def label(condition):
            return lambda row: any(condition(label) for label in row["labels"])

        key = random.randrange(1, 6)
        return random.choice([
            (f"maker {sign} {key}", maker(lambda m: compared(m["id"], sign, key))), (f"maker.id {sign} {key}", maker(lambda m: compared(m["id"], sign, key))),
            (f"maker.rank {sign} {rank}", maker(lambda m: compared(m["rank"], sign, rank))), (f'maker.name {sign} "{word}"', maker(lambda m: compared(m["name"], sign, word))),
            ("maker.name = null", maker(lambda m: m["name"] is None)), ("maker.region.name:o", maker(lambda m: m["region"] is not None and "o" in m["region"]["name"])),
            (f"labels:{key}", label(lambda l: l["id"] == key)), ("labels:*", label(lambda l: True)), (f"labels.weight {sign} {rank}", label(lambda l: compared(l["weight"], sign, rank))),
            (f"labels.word = (x OR {word})", label(lambda l: l["word"] in ("x", word))), (f"range(labels.weight, 1, {rank})", label(lambda l: l["weight"] is not None and 1 <= l["weight"] <= rank)),
            self.text("maker.name", lambda row: row["maker"] and row["maker"]["name"]),
        ])

    def items(self):
        random = self.random
        word, number = random.choice(WORDS), random.randrange(4)
        return random.choice([
            (f"words:{quoted(word)}", lambda row: word in row["words"]), (f"numbers:{number}", lambda row: number in row["numbers"]),
            ("words:*", lambda row: bool(row["words"])), (f"numbers:({number} AND 1)", lambda row: {number, 1} <= set(row["numbers"])),
        ])

    def json(self):
        random = self.random
        key = random.choice(KEYS)
        path = f'data."{key}"' if " " in key else f"data.{key}"
        literal = random.choice([True, False, 0, 1, 2.5, "a", "b", "1"])
        text = quoted(literal) if isinstance(literal, str) else str(literal).lower()
        missing = object()

        def value(row):
            return missing if row["data"] is None else row["data"].get(key, missing)

        def same(a, b):
            return isinstance(a, bool) == isinstance(b, bool) and isinstance(a, str) == isinstance(b, str) and not isinstance(a, (list, dict)) and a is not None and a == b

        def ordered(row, sign):
            v = value(row)
            number = (int, float)
            fits = isinstance(v, str) and isinstance(literal, str) or isinstance(v, number) and isinstance(literal, number) and not isinstance(v, bool)
            return fits and COMPARISONS[sign](v, literal)

        choices = [
            (f"{path} = {text}", lambda row: value(row) is not missing and same(value(row), literal)),
            (f"{path} != {text}", lambda row: value(row) is not missing and value(row) is not None and not same(value(row), literal)),
            (f"{path}:*", lambda row: value(row) is not missing), (f"{path} = null", lambda row: value(row) is None),
            (f"{path} != null", lambda row: value(row) is not missing and value(row) is not None),
            (f"{path}:{text}", lambda row: isinstance(value(row), list) and any(same(item, literal) for item in value(row))),
        ]
        if not isinstance(literal, bool):
            sign = random.choice(["<", "<=", ">", ">="])
            choices.append((f"{path} {sign} {text}", lambda row: ordered(row, sign)))
        return random.choice(choices)
