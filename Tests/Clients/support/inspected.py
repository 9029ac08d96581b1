"""Whether what `pillion inspect` writes serves the rows that a driver reads."""

import datetime
import decimal
import json
import os
import pathlib
import struct
import subprocess
import sys
import uuid

import yaml
from google.protobuf import json_format

ROOT = pathlib.Path(__file__).resolve().parents[3]


def lint(project):
    """`buf lint` and `buf build` over the generated protos."""
    buf = pathlib.Path(sys.executable).parent / "buf"
    (project.folder / "buf.yaml").write_text((ROOT / "buf.yaml").read_text())
    for command in (["lint"], ["build", "-o", os.devnull]):
        done = subprocess.run([buf, *command], cwd=project.folder, text=True, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr


def inspect(project, *arguments):
    """Inspects into models/, and generates: nothing may be said against the definitions."""
    project.check("inspect", "--database", project.database.url, "--out", "models", *arguments)
    done = project.run("generate-protos")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    done = project.run("check", "--database", project.database.url)
    # A join table without an index is the database's, not the definitions'.
    said = [line for line in done.stderr.splitlines() if "every row is searched" not in line]
    assert done.returncode == 0 and not said, done.stderr
    lint(project)
    return definitions(project)


def definitions(project):
    """All models of the project, by name, as the YAML has them; every scalar is a text, for `null` is a key."""
    models = {}
    for file in sorted((project.folder / "models").glob("*.yaml")):
        models |= yaml.load(file.read_text(), yaml.BaseLoader)["models"]
    return models


def snake(name):
    text = ""
    for place, letter in enumerate(name):
        text += ("_" if letter.isupper() and place and not name[place - 1].isupper() else "") + letter.lower()
    return text


def quoted(name):
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split(".", 1))


class Comparison:
    """Compares every row of every model with what the database's own driver reads."""

    def __init__(self, running):
        self.running = running
        self.models = definitions(running.project)
        self.rows = 0

    def run(self):
        for name, model in self.models.items():
            self._compare(name, model)
        return self.rows

    def scalar(self, field):
        """The type of a field's values, foreign keys followed."""
        while field["type"] in ("foreign_key", "many_to_many"):
            target = self.models[field["model"]]
            field = target["fields"][self.keys(target)[0]]
        return field.get("items", field["type"])

    @staticmethod
    def keys(model):
        return model.get("primary_key") or [name for name, field in model["fields"].items() if field.get("primary_key")]

    def _compare(self, name, model):
        service = self.running.service(f"{name}Controller")
        expected = self._expected(name, model)
        served = [self._served(model, row) for row in service.List()]
        keys = self.keys(model)
        order = lambda row: repr([row[key] for key in keys] if keys else row)  # noqa: E731
        for one, other in zip(sorted(served, key=order), sorted(expected, key=order)):
            differing = {field: (one[field], other[field]) for field in one if one[field] != other[field]}
            assert not differing, f"{name}: served and read {differing}"
        assert len(served) == len(expected), name
        self.rows += len(served)
        if keys:
            assert hasattr(service, "Retrieve"), name
            for row in served[:20]:
                found = service.Retrieve(**{key: row[key] for key in keys})
                assert self._served(model, found) == row, name
        else:
            assert not hasattr(service, "Retrieve") and not hasattr(service, "Create"), name

    # What the driver reads

    def _expected(self, name, model):
        table = quoted(model.get("table", snake(name)))
        fields = model["fields"]
        columns = {field: options for field, options in fields.items() if options["type"] != "many_to_many"}
        select = ", ".join(self._select(field, options) for field, options in columns.items())
        rows = []
        for values in self._query(f"SELECT {select} FROM {table} AS t"):
            row = {}
            for (field, options), value in zip(columns.items(), values):
                if options["type"] == "array":
                    row[field] = [self.plain(self.scalar(options), item) for item in value or []]
                else:
                    row[field] = None if value is None else self.plain(self.scalar(options), value)
            rows.append(row)
        for field, options in fields.items():
            if options["type"] != "many_to_many":
                continue
            [key] = self.keys(model)
            for row in rows:
                sql = f'SELECT {quoted(options["target"])} FROM {quoted(options["through"])} WHERE {quoted(options["source"])} = ? ORDER BY 1'
                found = self._query(sql, [row[key]])
                row[field] = [self.plain(self.scalar(options), target) for target, in found]
        return rows

    def _query(self, sql, parameters=()):
        """As the driver reads it; the text of some types depends on the session's time zone."""
        if self.running.kind == "sqlite":
            return self.running.database.query(sql, parameters)
        with self.running.database.connect() as connection:
            connection.execute("SET TimeZone = UTC")
            return connection.execute(sql.replace("?", "%s"), parameters or None).fetchall()

    def _select(self, field, options):
        column = "t." + '"' + options.get("column", field).replace('"', '""') + '"'
        if self.running.kind == "postgresql":
            # Types that the driver has Python classes for, or does not know: text is text.
            cast = {"string": "text", "decimal": "numeric", "int32": "int8"}.get(self.scalar(options))
            if cast:
                return f"{column}::{cast}" + ("[]" if options["type"] == "array" else "")
        return column

    @staticmethod
    def plain(kind, value):
        """A driver's value of a type, in one form for all drivers and storages."""
        if kind == "bool":
            return value in (1, True, "t", "true", "1")
        if kind in ("int32", "int64", "uint32", "uint64"):
            return int(value)
        if kind == "float":
            return struct.unpack("f", struct.pack("f", value))[0]
        if kind == "double":
            return float(value)
        if kind == "string":
            return value if isinstance(value, str) else str(value)
        if kind == "bytes":
            return value.encode() if isinstance(value, str) else bytes(value)
        if kind == "timestamp":
            if isinstance(value, (int, float)):
                seconds = value if isinstance(value, int) else round((value - 2440587.5) * 86400, 3)
                value = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
            if isinstance(value, str):
                value = datetime.datetime.fromisoformat(value)
            return (value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)).astimezone(datetime.timezone.utc)
        if kind == "date":
            return str(value)[:10]
        if kind == "time":
            # Rails puts a date before it.
            return datetime.time.fromisoformat(str(value).split(" ")[-1])
        if kind == "duration":
            return datetime.timedelta(microseconds=value) if isinstance(value, int) else value
        if kind == "decimal":
            return decimal.Decimal(str(value))
        if kind == "uuid":
            return str(uuid.UUID(bytes=value) if isinstance(value, bytes) else uuid.UUID(str(value)))
        if kind == "json":
            return json.loads(value) if isinstance(value, (str, bytes)) else value
        raise AssertionError(kind)

    # What the server sends

    def _served(self, model, message):
        return {name: self._field(message, name, field) for name, field in model["fields"].items()}

    def _field(self, message, name, field):
        value = getattr(message, name)
        kind = self.scalar(field)
        if field["type"] in ("array", "many_to_many"):
            return [self._value(kind, item) for item in value]
        if field.get("null"):
            assert value.WhichOneof("kind") is not None, f"{name} is not set"
            if value.WhichOneof("kind") == "null":
                return None
            value = value.value
        return self._value(kind, value)

    @staticmethod
    def _value(kind, value):
        if kind == "timestamp":
            return value.ToDatetime(datetime.timezone.utc)
        if kind == "duration":
            return value.ToTimedelta()
        if kind == "json":
            return json_format.MessageToDict(value) if not isinstance(value, str) else json.loads(value)
        if kind == "time":
            return datetime.time.fromisoformat(value)
        if kind == "decimal":
            return decimal.Decimal(value)
        return value
