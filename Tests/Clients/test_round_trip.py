"""`schema --apply` on an empty database, then `inspect`: the same definitions come back."""

import os

import pytest
import yaml

from support.generated import Generator, kept, text

SEEDS = int(os.environ.get("PILLION_SCHEMAS", 5))
FIRST = int(os.environ.get("PILLION_SEED", 1))


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, as far as JSON goes: dates are texts."""

    yaml_implicit_resolvers = {
        first: [entry for entry in entries if entry[0].rsplit(":", 1)[1] in ("null", "bool", "int", "float")]
        for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read(file):
    """The models of a file; every scalar is a text, but in values of json fields."""
    text = file.read_text()
    models = yaml.load(text, yaml.BaseLoader)["models"]
    for name, model in yaml.load(text, Core)["models"].items():
        for field, options in model["fields"].items():
            if "json" in (options["type"], options.get("items")) and "default" in options:
                models[name]["fields"][field]["default"] = options["default"]
    return {"back": models}


def write(project, seed, kind):
    schema = Generator(seed, kind).schema()
    return schema, project.write(**{package: text(models, package) for package, models in schema.items() if models})


def agrees(project):
    """Nothing may be said against the definitions, and nothing is left to make."""
    done = project.run("check", "--database", project.database.url)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    again = project.check("schema", "--apply", "--database", project.database.url)
    assert again == "nothing to create: every table exists\n"


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_definitions_come_back(kind, new_project, seed):
    schema, project = write(new_project(kind), seed, kind)
    project.generate().apply()
    agrees(project)
    back = new_project()
    back.database = project.database
    back.check("inspect", "--database", project.database.url, "--out", "models", "--package", "back")
    back.generate()
    agrees(back)
    file = back.folder / "models" / "back.yaml"
    expected, found = kept(schema, kind), kept(read(file), kind)
    assert found.keys() == expected.keys()
    for table, parts in expected.items():
        columns = parts.pop("columns")
        others = found[table].pop("columns")
        assert others.keys() == columns.keys()
        for column, options in columns.items():
            assert others[column] == options, (table, column)
        assert found[table] == parts, table
    assert "the database" not in file.read_text(), "something was not understood"
    # What came back makes the same tables.
    second = new_project(kind, back=file.read_text()).apply()
    second.check("inspect", "--database", second.database.url, "--out", "second", "--package", "back")
    assert (second.folder / "second" / "back.yaml").read_text() == file.read_text()


LIMITS = """
models:
  Limit:
    fields:
      id: { type: uint32, primary_key: true }
      short: { type: string, null: true, max_length: 3 }
      long: { type: string, null: true, min_length: 2 }
      raw: { type: bytes, null: true, min_length: 1, max_length: 2 }
      level: { type: int32, null: true, min: -1, max: 5 }
      price: { type: decimal, null: true, min: "0.10", max: "99999999999999999999.5" }
      rate: { type: double, null: true, max: 0.1 }
      due: { type: date, null: true, min: "2024-01-01" }
      at: { type: timestamp, null: true, max: "2024-01-01T00:00:00Z" }
      opens: { type: time, null: true, min: "08:30:00" }
      state: { type: string, null: true, choices: [open, "it's"] }
"""
LEGAL = {
    "short": ["äöü", ""], "long": ["ab", "日本"], "raw": [b"a", b"ab"], "level": [-1, 5], "rate": [0.1, -1e300],
    "price": ["0.10", "0.1000", "99999999999999999999.5", "5"], "due": ["2024-01-01", "9999-12-31"],
    "at": ["2024-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000001Z"], "opens": ["08:30:00", "08:30:00.000001"], "state": ["it's"],
}
ILLEGAL = {
    "short": ["äöüß"], "long": ["a", ""], "raw": [b"", b"abc"], "level": [-2, 6], "rate": [0.2], "price": ["0.09", "-1"],
    "due": ["2023-12-31"], "at": ["2024-01-01T00:00:00.000001Z"], "opens": ["08:29:59.999999"], "state": ["closed"],
}


def test_the_database_keeps_other_programs_to_the_limits(kind, new_project):
    database = new_project(kind, limits=LIMITS).apply().database
    insert = 'INSERT INTO "limit" (id, {}) VALUES ((SELECT coalesce(max(id), 0) + 1 FROM "limit"), ?)'
    for column, values in LEGAL.items():
        for value in values:
            database.query(insert.format(column), [value])
    for column, values in ILLEGAL.items():
        for value in values:
            with pytest.raises(Exception, match="(?i)check constraint|too long|violates"):
                database.query(insert.format(column), [value])
    with pytest.raises(Exception, match="(?i)check constraint"):
        database.query('INSERT INTO "limit" (id) VALUES (4294967296)')


DEFAULTS = """
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      made: { type: timestamp, default: now }
      made_django: { type: timestamp, default: now, storage: django }
      made_seconds: { type: timestamp, default: now, storage: integer }
      made_days: { type: timestamp, default: now, storage: real }
      day: { type: date, default: now }
      day_number: { type: date, default: now, storage: integer }
      day_julian: { type: date, default: now, storage: real }
      hour: { type: time, default: now }
      labels: { type: array, items: string, default: ["it's", b] }
      token: { type: uuid, storage: blob, default: 123e4567-e89b-12d3-a456-426614174000 }
      span: { type: duration, default: -P1DT2H }
      more: { type: json, default: { a: [1, null] } }
"""


def test_defaults_work_for_other_programs(kind, start):
    """A row that somebody inserts with a key alone has the defaults, in the form that Create writes."""
    with start(kind, rows=DEFAULTS) as running:
        service = running.service("RowController")
        made = service.Create()
        running.database.query('INSERT INTO "row" (id) VALUES (1000)')
        other = service.Retrieve(id=1000)
        for name in ("token", "span", "more"):
            assert getattr(other, name) == getattr(made, name), name
        # A list has no presence: one that is left out is empty to Create.
        assert list(other.labels) == ["it's", "b"]
        for name in ("made", "made_django", "made_seconds", "made_days"):
            assert abs(getattr(other, name).ToMicroseconds() - made.made.ToMicroseconds()) < 60_000_000, name
        # Unless midnight has passed between the two.
        if other.made.ToDatetime().date() == made.made.ToDatetime().date():
            assert other.day == other.day_number == other.day_julian == made.day == made.day_number
            assert made.hour <= other.hour


def test_names_that_postgresql_cuts(new_project):
    name = "ü" * 32
    project = new_project("postgresql", long=f"models:\n  Post:\n    table: {name}\n    fields:\n      id: {{ type: int64, primary_key: true }}\n      f: {{ type: bool, column: {name} }}\n")
    for arguments in (["--apply", "--database", project.database.url], ["--dialect", "postgresql"]):
        done = project.run("schema", *arguments)
        assert done.returncode == 78 and done.stdout == "", done
        assert f"long.yaml:2:3: error: PostgreSQL cuts the name of the table '{name}' at 63 bytes" in done.stderr
        assert "long.yaml:6:7: error: PostgreSQL cuts the name of the column" in done.stderr
    assert name in project.check("schema", "--dialect", "sqlite")


@pytest.mark.parametrize("table", ["post", "POST", "main.Post"])
def test_sqlite_finds_a_table_in_any_case(new_project, table):
    project = new_project("sqlite", blog=f"models:\n  Post:\n    table: {table}\n    fields:\n      id: {{ type: int64, primary_key: true }}\n")
    project.database.script("CREATE TABLE Post (id INTEGER PRIMARY KEY)")
    for _ in range(2):
        assert project.check("schema", "--apply", "--database", project.database.url) == "nothing to create: every table exists\n"
