"""Random definitions that hold every type with every option, and what of them a database can keep.

A schema is `{package: {model: {...}}}` as its YAML has it, with values in the form that `inspect` writes.
"""

import base64
import json
import random

STORAGES = {
    "bool": ["integer", "text"],
    "timestamp": ["text", "django", "integer", "real"],
    "date": ["text", "integer", "real"],
    "time": ["text"],
    "duration": ["integer", "text"],
    "decimal": ["text", "real", "integer"],
    "uuid": ["text", "hex", "blob"],
    "json": ["text"],
}
INTEGERS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1), "uint32": (0, 2**32 - 1), "uint64": (0, 2**63 - 1)}
RANGES = INTEGERS | {"uint64": (0, 2**64 - 1)}
SCALARS = [*INTEGERS, "bool", "float", "double", "string", "bytes", *[name for name in STORAGES if name != "bool"]]
DATE_LIKE = ["timestamp", "date", "time"]
BOUNDED = [*INTEGERS, "float", "double", "decimal", *DATE_LIKE]
ON_DELETE = ["cascade", "restrict", "set_null", "set_default", "no_action"]
NAMES = ["posts", "Order", "user id", "Größe", "2B", 'we"ird', "select", "日本", "it's", "ALLCAPS", "camelCase", "a-b", "check (x)", "$", "tab'le"]
LETTERS = ["a", "b", "Z", "0", " ", "'", '"', "\\", "\n", "ü", "日", "😀", "%", "{", "}", ",", "é", "#", ": ", "\t"]


def flow(value):
    """A value as YAML, in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)}: {flow(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, float):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(value), repr(value))
    # YAML has no surrogates.
    return json.dumps(value, ensure_ascii=False)


def text(models, package):
    """The YAML of a package."""
    lines = [f"package: {package}", "models:"]
    for name, model in models.items():
        lines.append(f"  {name}:")
        lines += [f"    {key}: {flow(value)}" for key, value in model.items() if key != "fields"]
        lines.append("    fields:")
        lines += [f"      {field}: {flow(options)}" for field, options in model["fields"].items()]
    return "\n".join(lines) + "\n"


class Generator:
    """One random schema of two packages for a kind of database."""

    def __init__(self, seed, kind):
        self.random = random.Random(f"{seed}")
        self.kind = kind
        self.count = 0
        # Every type with every storage, once plain and once with options, and every action of a foreign key.
        columns = [(name, storage) for name in SCALARS for storage in [None, *STORAGES.get(name, [])]]
        self.deck = [("scalar", column) for column in columns for _ in range(2)]
        self.deck += [("array", name) for name in SCALARS for _ in range(2)] + [("foreign_key", action) for action in ON_DELETE]
        self.deck += [("many_to_many", None)] * 3 + [("special", name) for name in ("now", "auto_now", "auto_now_add")] * 3
        self.random.shuffle(self.deck)
        self.keys = ["int32", "int64", "uint32", "uuid", "string", "uint64", "date", "decimal", "composite", "none", "foreign_key"]
        self.random.shuffle(self.keys)
        self.targets = []

    def schema(self):
        packages = {"one": {}, "two": {}}
        # Those that others can refer to come first.
        kinds = sorted(self.keys, key=lambda key: key in ("composite", "none", "foreign_key"))
        share = len(self.deck) // len(kinds) + 1
        for number, kind in enumerate(kinds):
            package = self.random.choice(list(packages))
            packages[package][f"M{number}"] = self.model(kind, package, f"M{number}", share)
        return packages

    def chance(self, share=0.5):
        return self.random.random() < share

    def name(self):
        self.count += 1
        return f"{self.random.choice(NAMES)} {self.count}"

    def model(self, kind, package, name, share):
        model = {"table": self.name(), "fields": {}}
        if self.kind == "postgresql" and self.chance(0.2):
            model["table"] = "other." + model["table"]
        fields = model["fields"]
        if kind == "none":
            model["service"] = {"actions": ["List"]}
        elif kind == "composite":
            for number in range(self.random.choice([2, 3])):
                fields[f"k{number}"] = {"type": self.random.choice(["int32", "uint64", "string", "date", "uuid", "timestamp"])}
            model["primary_key"] = self.random.sample(list(fields), len(fields))
        elif kind == "foreign_key":
            fields["k"] = {"type": "foreign_key", "model": self.random.choice(self.targets)[0], "primary_key": True}
        else:
            storage = self.random.choice([None, *STORAGES.get(kind, [])])
            fields["k"] = {"type": kind, "primary_key": True} | ({"storage": storage} if storage else {})
            if kind == "string":
                fields["k"]["max_length"] = self.random.choice([1, 40, 20_000_000])
            if self.chance(0.3):
                fields["k"]["default"] = self.string(0, 1) if kind == "string" else self.value(kind, storage)
        self.plain(fields, ("string", None), options=False)
        single = kind not in ("composite", "none")
        if single:
            self.targets.append((f"{package}.{name}", kind, fields["k"].get("storage")))
        for _ in range(min(share, len(self.deck))):
            what, detail = self.deck.pop()
            if what == "scalar":
                self.plain(fields, detail, options=self.chance(0.8), unique=kind != "none")
            elif what == "array":
                self.array(fields, detail)
            elif what == "special":
                self.special(fields, detail)
            elif what == "foreign_key":
                self.foreign_key(fields, detail, unique=kind != "none")
            elif single:
                self.many_to_many(fields, fields["k"], kind)
        for number, options in enumerate(fields.values()):
            if options["type"] != "many_to_many":
                options["column"] = self.name()
            if self.chance(0.3):
                options["doc"] = self.string(1, 60)
            # What no database holds comes back without harm.
            if number and "read_only" not in options and self.chance(0.1):
                options["deprecated"] = True
        if self.chance():
            model["doc"] = self.string(1, 60)
        return model

    def add(self, fields, options):
        fields[f"f{len(fields)}"] = options
        return options

    def plain(self, fields, detail, options, unique=True):
        kind, storage = detail
        field = self.add(fields, {"type": kind} | ({"storage": storage} if storage else {}))
        if self.chance():
            field["null"] = True
        if not options:
            return
        if unique and self.chance(0.2):
            field["unique"] = True
        default = None
        if kind in BOUNDED and self.chance(0.7):
            low, default, high = sorted((self.value(kind, storage, finite=True) for _ in range(3)), key=lambda value: order(kind, value))
            if self.chance(0.7):
                field["min"] = low
            if self.chance(0.7):
                field["max"] = high
        elif kind in ("string", "bytes") and self.chance(0.7):
            low, high = sorted(self.random.sample(range(0, 30), 2))
            if low and self.chance(0.7):
                field["min_length"] = low
            if self.chance(0.7):
                field["max_length"] = high
            default = self.string(low, high) if kind == "string" else self.bytes(low, high)
            if kind == "string" and self.chance(0.2):
                field["regex"] = "."
                default = None
        elif kind == "string" or kind in INTEGERS:
            field["choices"] = choices = list({value: None for value in (self.value(kind, storage) for _ in range(self.random.choice([1, 2, 5])))})
            default = self.random.choice(choices)
        if self.chance() and "regex" not in field:
            field["default"] = self.value(kind, storage) if default is None else default
        if kind in ("timestamp", "duration", "json") and self.chance(0.2):
            field["proto_type"] = "string"
        if "default" in field or self.chance(0.1):
            field[self.random.choice(["read_only", "write_only"])] = True

    def array(self, fields, kind):
        field = self.add(fields, {"type": "array", "items": kind})
        low, high = 0, 4
        if self.chance():
            low, high = sorted(self.random.sample(range(0, 6), 2))
            if low and self.chance(0.7):
                field["min_length"] = low
            if self.chance(0.7):
                field["max_length"] = high
        if self.chance():
            field["default"] = [self.value(kind, None) for _ in range(self.random.randint(low, high))]
        if self.chance(0.3):
            field["null"] = True

    def special(self, fields, what):
        kind = self.random.choice(DATE_LIKE)
        storage = self.random.choice([None, *STORAGES[kind]])
        field = self.add(fields, {"type": kind} | ({"storage": storage} if storage else {}))
        field |= {"default": "now"} if what == "now" else {what: True}

    def foreign_key(self, fields, action, unique):
        model, kind, storage = self.random.choice(self.targets)
        while action == "set_default" and kind == "foreign_key":
            model, kind, storage = self.random.choice(self.targets)
        field = self.add(fields, {"type": "foreign_key", "model": model})
        if action != "no_action":
            field["on_delete"] = action
        if action == "set_null" or self.chance():
            field["null"] = True
        if action == "set_default":
            field["default"] = self.value(kind, storage)
        if self.chance(0.2) and unique:
            field["unique"] = True

    def many_to_many(self, fields, key, kind):
        targets = [model for model, kind, storage in self.targets if storage != "blob" and kind != "foreign_key"]
        if key.get("storage") == "blob" or kind == "foreign_key" or not targets:
            return
        self.add(fields, {"type": "many_to_many", "model": self.random.choice(targets), "through": self.name(), "source": self.name(), "target": self.name()})

    # Values

    def string(self, low, high):
        return "".join(self.random.choice(LETTERS)[0] for _ in range(self.random.randint(low, high)))

    def bytes(self, low, high):
        return base64.b64encode(self.random.randbytes(self.random.randint(low, high))).decode()

    def value(self, kind, storage, finite=False):
        rng = self.random
        if kind in INTEGERS:
            low, high = INTEGERS[kind]
            return rng.choice([0, 1, rng.randint(low + 1, high - 1), max(low + 1, -7)])
        if kind == "bool":
            return self.chance()
        if kind in ("float", "double"):
            special = [] if finite else [float("inf"), float("-inf"), float("nan")]
            return rng.choice([0.5, -2.25, 0.1, 1e30, -1e-20, *special])
        if kind == "string":
            return self.string(0, 12)
        if kind == "bytes":
            return self.bytes(0, 12)
        if kind == "decimal":
            return {"integer": f"{rng.randint(-99, 99)}", "real": f"{rng.randint(-99, 99) + 0.25}"}.get(
                storage, rng.choice(["0.00", "12.50", f"-{rng.randint(1, 10**20)}.000000000000000000001", "99999999999999999999"]))
        if kind == "date":
            return f"{rng.randint(1900, 2100)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        if kind == "time":
            return f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}" + rng.choice(["", ".250", ".000001"])
        if kind == "timestamp":
            fraction = {"integer": [""], "real": ["", ".250"]}.get(storage, ["", ".250", ".000001"])
            return f"{self.value('date', None)}T{self.value('time', None)[:8]}{rng.choice(fraction)}Z"
        if kind == "duration":
            return rng.choice(["PT0S", "P1DT2H", "-PT0.250S", "PT1M0.000001S", "-P3DT4H5M6S", "P1000D"])
        if kind == "uuid":
            return "-".join(rng.randbytes(size).hex() for size in (4, 2, 2, 2, 6))
        if kind == "json":
            return rng.choice([{}, [], True, 7, -1.5, "text 'with' \"quotes\"", {"a": [1, None, {"b": "ü\n"}], "": False}, [[], {}]])
        raise AssertionError(kind)


def order(kind, value):
    if kind == "decimal":
        return float(value)
    # In a date and time a fraction comes behind nothing.
    return str(value).rstrip("Z") if kind in DATE_LIKE else value


# What comes back

# Nothing in a table says these.
LOST = {"read_only", "write_only", "auto_now", "auto_now_add", "regex", "format", "proto_type", "enum", "deprecated", "was", "null", "unique", "primary_key", "column"}


def kept(schema, kind):
    """What a database of this kind keeps of a schema, by table and column; equal for equal definitions."""
    models = {f"{package}.{name}": model for package, models in schema.items() for name, model in models.items()}
    tables = {}
    for full, model in models.items():
        package, name = full.split(".")

        def target(options):
            reference = options["model"]
            return models[reference if "." in reference else f"{package}.{reference}"]

        columns, joins = {}, {}
        for field, options in model["fields"].items():
            doc = {"doc": options["doc"]} if kind == "postgresql" and "doc" in options else {}
            if options["type"] == "many_to_many":
                joins[options["through"]] = doc | {"to": target(options)["table"], "source": options["source"], "target": options["target"]}
                continue
            scalar = scalar_of(options, target)
            values = {key: options[key] for key in options if key not in LOST | {"doc", "storage", "model", "default", "min", "max", "choices"}} | doc
            values = {key: int(value) if key.endswith("_length") else value for key, value in values.items()}
            if "default" in options:
                default = options["default"]
                values["default"] = [plain(scalar, item) for item in default] if isinstance(default, list) and scalar != "json" or options["type"] == "array" else plain(scalar, default)
            for key in ("min", "max"):
                # A bound that is that of the type says nothing.
                if key in options and not (scalar in RANGES and int(options[key]) in RANGES[scalar]):
                    values[key] = plain(scalar, options[key])
            if "choices" in options:
                values["choices"] = [plain(scalar, item) for item in options["choices"]]
            if options["type"] == "foreign_key":
                values["model"] = target(options)["table"]
            elif kind == "sqlite" and "storage" in options and not (scalar in ("decimal", "json") and options["storage"] == "text"):
                values["storage"] = options["storage"]
            for flag in ("null", "unique"):
                values[flag] = options.get(flag, False) in (True, "true")
            columns[options.get("column", field)] = values
        keys = model.get("primary_key") or [field for field, options in model["fields"].items() if options.get("primary_key")]
        tables[model["table"]] = {
            "key": [model["fields"][key].get("column", key) for key in keys],
            "columns": columns, "joins": joins, "doc": model.get("doc") if kind == "postgresql" else None,
        }
    return tables


def scalar_of(options, target):
    while options["type"] == "foreign_key":
        model = target(options)
        [options] = [field for field in model["fields"].values() if field.get("primary_key")]
    return options.get("items", options["type"])


def plain(kind, value):
    """A value, whether YAML's text or Python's, in one form."""
    if value == "now" and kind in DATE_LIKE:
        return value
    if kind in INTEGERS:
        return int(value)
    if kind == "bool":
        return value in (True, "true")
    if kind in ("float", "double"):
        return repr(float({".inf": "inf", "-.inf": "-inf", ".nan": "nan"}.get(value, value)))
    if kind == "bytes":
        return base64.b64decode(value)
    if kind == "json":
        return json.dumps(value, sort_keys=True)
    return value
