"""Databases that grow: after each step `inspect` and `generate-protos` keep every number that clients have.

`make test-histories` runs 500 histories; each is a random series of CREATE and ADD, never of changes.
"""

import os
import random
import shutil

import pytest

from support.databases import KINDS
from support.protos import descriptor_set
from test_breaking_changes import buf_complains

HISTORIES = int(os.environ.get("PILLION_HISTORIES", 20))
FIRST = int(os.environ.get("PILLION_SEED", 1))
STEPS = 4

NAMES = ["post", "posts", "user", "User", "order", "post_list_request", "nullable_string", "Größe", "2B", "user id", "userId", "user_id", "_id", "select", "is_tags_set", "用户", "post_controller", "data"]
TYPES = {
    "sqlite": ["INTEGER", "TEXT", "REAL", "BLOB", "DATETIME", "DATE", "BOOLEAN", "DECIMAL(8, 2)", "JSON", "VARCHAR(20)", "UUID", "BIGINT", "thing", "", "STRING_ARRAY"],
    "postgresql": ["integer", "text", "real", "bytea", "timestamptz", "date", "boolean", "numeric(8, 2)", "jsonb", "varchar(20)", "uuid", "bigint", "inet", "text[]", "interval", "smallint", "tstzrange"],
}


class Growth:
    """Additive DDL for a database, at random; it knows what is there already."""

    def __init__(self, seed, kind):
        self.random = random.Random(f"{seed} {kind}")
        self.kind = kind
        # Tables with their columns; views have none that can be added to. Keys: tables that can be referred to.
        self.tables, self.taken, self.keys = {}, set(), []

    def step(self):
        weights = {"table": 3, "column": 5, "join": 1, "view": 1, "index": 1, "comment": 1 if self.kind == "postgresql" else 0}
        kinds = self.random.choices(list(weights), list(weights.values()), k=self.random.randint(1, 4))
        return [sql for kind in ["table"] * (not self.tables) + kinds for sql in getattr(self, kind)()]

    def name(self, taken):
        """One that is not taken; SQLite does not look at case."""
        while True:
            name = self.random.choice(NAMES) + self.random.choice(["", "", "_", " 2", "s"])
            if name.lower() not in taken:
                taken.add(name.lower())
                return name

    def definition(self, taken):
        name = self.name(taken)
        column = f'"{name}" {self.random.choice(TYPES[self.kind])}'
        if self.keys and self.random.random() < 0.2:
            column = f'"{name}" integer REFERENCES "{self.random.choice(self.keys)}"'
        return name, column

    def table(self):
        table, taken = self.name(self.taken), set()
        columns = [self.definition(taken) for _ in range(self.random.randint(1, 5))]
        lines = [column + self.random.choice(["", "", " NOT NULL", " UNIQUE" if self.kind == "sqlite" else ""]) for _, column in columns]
        if self.random.random() < 0.8:
            lines.insert(self.random.randint(0, 1), f'"{self.name(taken)}" integer PRIMARY KEY')
            self.keys.append(table)
        self.tables[table] = taken
        return [f'CREATE TABLE "{table}" ({", ".join(lines)})']

    def column(self):
        if not self.tables:
            return []
        table = self.random.choice(list(self.tables))
        _, column = self.definition(self.tables[table])
        return [f'ALTER TABLE "{table}" ADD COLUMN {column}']

    def join(self):
        if len(self.keys) < 2:
            return []
        one, other = self.random.sample(self.keys, 2)
        table = self.name(self.taken)
        self.tables[table] = {"a", "b"}
        return [f'CREATE TABLE "{table}" (a integer NOT NULL REFERENCES "{one}", b integer NOT NULL REFERENCES "{other}", PRIMARY KEY (a, b))']

    def view(self):
        if not self.tables:
            return []
        return [f'CREATE VIEW "{self.name(self.taken)}" AS SELECT * FROM "{self.random.choice(list(self.tables))}"']

    def index(self):
        if not self.keys:
            return []
        table = self.random.choice(self.keys)
        name, column = self.definition(self.tables[table])
        kind = "integer" if "REFERENCES" in column else "text"
        return [f'ALTER TABLE "{table}" ADD COLUMN "{name}" {kind}', f'CREATE UNIQUE INDEX "{table} {name} i" ON "{table}" ("{name}")']

    def comment(self):
        return [f"COMMENT ON TABLE \"{table}\" IS 'Nr. {self.random.random()}'" for table in list(self.tables)[:1]]


def numbers(project):
    """The field that each number of each message is, and the rpcs."""
    found = {}
    for file in descriptor_set(project.protos).file:
        if file.package.startswith("google"):
            continue
        for message in file.message_type:
            for field in message.field:
                found[message.name, field.number] = (field.name, field.type, field.type_name, field.label)
        for service in file.service:
            for method in service.method:
                found[service.name, method.name] = (method.input_type, method.output_type, method.server_streaming)
    return found


@pytest.mark.parametrize("seed", range(FIRST, FIRST + HISTORIES))
def test_protos_of_a_growing_database(new_project, tmp_path, seed):
    kind = KINDS[seed % 2]
    project, growth = new_project(kind), Growth(seed, kind)
    known, first = {}, tmp_path / "first" / "protos"
    for step in range(STEPS):
        sql = growth.step()
        project.database.script(";\n".join(sql))
        project.check("inspect", "--database", project.database.url, "--out", "models", "--package", "growing")
        done = project.run("generate-protos")
        assert (done.returncode, done.stderr) == (0, ""), (sql, done.stderr)
        found = numbers(project)
        assert known.items() <= found.items(), (sql, {key: (value, found.get(key)) for key, value in known.items() if found.get(key) != value})
        known = found
        if step == 0:
            shutil.copytree(project.protos, first)
    assert not buf_complains(first, project.protos)
    again = project.check("inspect", "--database", project.database.url, "--out", "models", "--package", "growing")
    assert "added" not in again
