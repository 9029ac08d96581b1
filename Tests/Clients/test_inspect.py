"""`inspect`: definitions for tables that somebody else made, and that they serve the rows that are there."""

import hashlib
import re
import time

import pytest
import yaml

from support.inspected import Comparison, inspect
from support.project import Running

SHOP = {
    "sqlite": """
        CREATE TABLE users (
          id INTEGER PRIMARY KEY, email VARCHAR(254) NOT NULL UNIQUE, is_active BOOLEAN NOT NULL DEFAULT TRUE,
          "2B" TEXT, "order" INT DEFAULT 3, "Größe" REAL, "user id" TEXT DEFAULT 'it''s', createdAt DATETIME DEFAULT CURRENT_TIMESTAMP,
          role TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')), age INTEGER CHECK (age >= 0 AND age < 150),
          bio TEXT CHECK (length(bio) <= 500), data JSON DEFAULT '{}', "full" TEXT GENERATED ALWAYS AS (email || role) VIRTUAL,
          price DECIMAL(10, 2) CHECK (price > 0), token TEXT NOT NULL DEFAULT (hex(randomblob(8)))
        );
        CREATE TABLE posts (
          id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES Users(ID) ON DELETE CASCADE,
          title TEXT NOT NULL CHECK (title <> ''), slug TEXT, UNIQUE (author_id, slug)
        );
        CREATE TABLE categories (name TEXT NOT NULL PRIMARY KEY, parent TEXT REFERENCES categories ON DELETE SET NULL);
        CREATE TABLE posts_categories (post_id INTEGER NOT NULL REFERENCES posts, category TEXT NOT NULL REFERENCES categories, PRIMARY KEY (post_id, category));
        CREATE TABLE follows (id INTEGER PRIMARY KEY, follower_id INTEGER NOT NULL REFERENCES users, followed_id INTEGER NOT NULL REFERENCES users);
        CREATE TABLE logs (line TEXT, at TIMESTAMP);
        CREATE VIEW active AS SELECT id, email FROM users WHERE is_active;
        CREATE VIEW broken AS SELECT * FROM nowhere;
        CREATE TABLE prices (tenant TEXT, id INTEGER, amount NUMERIC, PRIMARY KEY (tenant, id));
        CREATE TABLE sales (nr INTEGER PRIMARY KEY, tenant TEXT, price INTEGER, email TEXT REFERENCES users (email), FOREIGN KEY (tenant, price) REFERENCES prices (tenant, id));
        CREATE VIRTUAL TABLE search USING fts5(title, body);
        CREATE VIRTUAL TABLE boxes USING rtree(id, low, high);
    """,
    "postgresql": """
        CREATE TABLE users (
          id serial PRIMARY KEY, email varchar(254) NOT NULL UNIQUE, is_active boolean NOT NULL DEFAULT TRUE,
          "2B" text, "order" integer DEFAULT 3, "Größe" real, "user id" text DEFAULT 'it''s', "createdAt" timestamptz DEFAULT now(),
          role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')), age smallint CHECK (age >= 0 AND age < 150),
          bio text CHECK (char_length(bio) <= 500), data jsonb DEFAULT '{}', "full" text GENERATED ALWAYS AS (email || role) STORED,
          price numeric(10, 2) CHECK (price > 0), token text NOT NULL DEFAULT md5(random()::text)
        );
        COMMENT ON TABLE users IS 'People who can log in.';
        COMMENT ON COLUMN users.email IS 'Where "letters" go: one a person.';
        CREATE TABLE posts (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
          title text NOT NULL CHECK (title <> ''), slug text, UNIQUE (author_id, slug)
        );
        CREATE TABLE categories (name text PRIMARY KEY, parent text REFERENCES categories ON DELETE SET NULL);
        CREATE TABLE posts_categories (post_id bigint NOT NULL REFERENCES posts, category text NOT NULL REFERENCES categories, PRIMARY KEY (post_id, category));
        CREATE TABLE follows (id serial PRIMARY KEY, follower_id integer NOT NULL REFERENCES users, followed_id integer NOT NULL REFERENCES users);
        CREATE TABLE logs (line text, at timestamp);
        CREATE VIEW active AS SELECT id, email FROM users WHERE is_active;
        CREATE TABLE prices (tenant text, id integer, amount numeric, PRIMARY KEY (tenant, id));
        CREATE TABLE sales (nr integer PRIMARY KEY, tenant text, price integer, email varchar REFERENCES users (email), FOREIGN KEY (tenant, price) REFERENCES prices (tenant, id));
    """,
}

ROWS = """
    INSERT INTO users (id, email, is_active, "2B", "order", "Größe", "user id", "createdAt", role, age, bio, data, price) VALUES
      (1, 'amy@example.org', TRUE, 'or not', 7, 1.5, 'x', '2024-05-06 07:08:09.123456', 'admin', 40, 'hello', '{"a": [1, null]}', 12.5),
      (2, 'bob@example.org', FALSE, NULL, NULL, NULL, NULL, NULL, 'user', NULL, NULL, NULL, NULL);
    INSERT INTO posts (author_id, title, slug) VALUES (1, 'One', 'one'), (1, 'Two', NULL), (2, 'Three', NULL);
    INSERT INTO categories (name, parent) VALUES ('all', NULL), ('some', 'all');
    INSERT INTO posts_categories VALUES (1, 'some'), (1, 'all'), (3, 'some');
    INSERT INTO follows (follower_id, followed_id) VALUES (1, 2), (2, 1);
    INSERT INTO logs VALUES ('first', '2024-05-06 07:08:09'), ('second', NULL), ('first', '2024-05-06 07:08:09');
    INSERT INTO prices VALUES ('a', 1, 1.25), ('b', 1, NULL), ('a', 2, 100);
    INSERT INTO sales VALUES (10, 'a', 1, 'amy@example.org'), (11, NULL, NULL, NULL);
"""

SHOP_YAML = {
    "sqlite": """\
package: test
models:
  Active:
    # a view: rows can be listed
    fields:
      id: { type: int64, null: true }
      email: { type: string, null: true, max_length: 254 }
    service: { actions: [List] }

  Box:
    # rows that the database holds elsewhere: they can be listed
    table: boxes
    fields:
      id: { type: int64, null: true }
      low: { type: double, null: true }
      high: { type: double, null: true }
    service: { actions: [List] }

  Category:
    table: categories
    fields:
      name: { type: string, primary_key: true }
      parent: { type: foreign_key, model: Category, null: true, on_delete: set_null }

  Log:
    # no primary key: rows can be listed, but none can be looked up
    table: logs
    fields:
      line: { type: string, null: true }
      at: { type: timestamp, null: true, storage: django }
    service: { actions: [List] }

  Post:
    # unique together: author_id, slug
    table: posts
    fields:
      id: { type: int64, primary_key: true }
      author: { type: foreign_key, model: User, column: author_id, on_delete: cascade }
      title: { type: string, min_length: 1 }
      slug: { type: string, null: true }
      categories: { type: many_to_many, model: Category, through: posts_categories, source: post_id, target: category }

  Price:
    table: prices
    primary_key: [tenant, id]
    fields:
      tenant: { type: string }
      id: { type: int64 }
      amount: { type: decimal, null: true }

  Sales:
    fields:
      nr: { type: int64, primary_key: true }
      # (tenant, price) refers to prices (tenant, id)
      tenant: { type: string, null: true }
      price: { type: int64, null: true }
      # refers to users (email), which is not the key of its model
      email: { type: string, null: true }

  Search:
    # rows that the database holds elsewhere: they can be listed
    fields:
      # no declared type, read as text
      title: { type: string, null: true }
      # no declared type, read as text
      body: { type: string, null: true }
    service: { actions: [List] }

  User:
    # the database checks: price > 0
    table: users
    fields:
      id: { type: int64, primary_key: true }
      email: { type: string, unique: true, max_length: 254 }
      is_active: { type: bool, default: true }
      f_2b: { type: string, column: "2B", null: true }
      order: { type: int64, null: true, default: 3 }
      grosse: { type: double, column: "Größe", null: true }
      user_id: { type: string, column: "user id", null: true, default: "it's" }
      created_at: { type: timestamp, column: createdAt, null: true, default: now, storage: django }
      role: { type: string, choices: [user, admin], default: user }
      age: { type: int64, null: true, min: 0, max: 149 }
      bio: { type: string, null: true, max_length: 500 }
      data: { type: json, null: true, default: {} }
      full: { type: string, null: true, read_only: true }
      price: { type: decimal, null: true }
      # the database's default: hex(randomblob(8))
      token: { type: string, read_only: true }
      follows: { type: many_to_many, model: User, through: follows, source: follower_id, target: followed_id }
""",
    "postgresql": """\
package: NAME
models:
  Active:
    # a view: rows can be listed
    fields:
      id: { type: int32, null: true }
      email: { type: string, null: true, max_length: 254 }
    service: { actions: [List] }

  Category:
    table: categories
    fields:
      name: { type: string, primary_key: true }
      parent: { type: foreign_key, model: Category, null: true, on_delete: set_null }

  Log:
    # no primary key: rows can be listed, but none can be looked up
    table: logs
    fields:
      line: { type: string, null: true }
      at: { type: timestamp, null: true }
    service: { actions: [List] }

  Post:
    # unique together: author_id, slug
    table: posts
    fields:
      id: { type: int64, primary_key: true }
      author: { type: foreign_key, model: User, column: author_id, on_delete: cascade }
      title: { type: string, min_length: 1 }
      slug: { type: string, null: true }
      categories: { type: many_to_many, model: Category, through: posts_categories, source: post_id, target: category }

  Price:
    table: prices
    primary_key: [tenant, id]
    fields:
      tenant: { type: string }
      id: { type: int32 }
      amount: { type: decimal, null: true }

  Sales:
    fields:
      nr: { type: int32, primary_key: true }
      # (tenant, price) refers to prices (tenant, id)
      tenant: { type: string, null: true }
      price: { type: int32, null: true }
      # refers to users (email), which is not the key of its model
      email: { type: string, null: true }

  User:
    # the database checks: (price > (0)::numeric)
    table: users
    doc: "People who can log in."
    fields:
      id: { type: int32, primary_key: true }
      email: { type: string, unique: true, max_length: 254, doc: "Where \\"letters\\" go: one a person." }
      is_active: { type: bool, default: true }
      f_2b: { type: string, column: "2B", null: true }
      order: { type: int32, null: true, default: 3 }
      grosse: { type: float, column: "Größe", null: true }
      user_id: { type: string, column: "user id", null: true, default: "it's" }
      created_at: { type: timestamp, column: createdAt, null: true, default: now }
      role: { type: string, choices: [user, admin], default: user }
      age: { type: int32, null: true, min: 0, max: 149 }
      bio: { type: string, null: true, max_length: 500 }
      data: { type: json, null: true, default: {} }
      full: { type: string, null: true, read_only: true }
      price: { type: decimal, null: true }
      # the database's default: md5((random())::text)
      token: { type: string, read_only: true }
      follows: { type: many_to_many, model: User, through: follows, source: follower_id, target: followed_id }
""",
}


@pytest.fixture(scope="module")
def shop(kind, new_project):
    project = new_project(kind)
    project.database.script(SHOP[kind])
    return project


def test_what_is_written(shop):
    done = shop.run("inspect", "--database", shop.database.url)
    assert done.returncode == 0
    expected = SHOP_YAML[shop.database.kind]
    if shop.database.kind == "postgresql":
        expected = expected.replace("NAME", shop.database.name)
        assert done.stderr == ""
    else:
        assert done.stderr == "note: view 'broken' is left out; the database says: no such table: main.nowhere\n"
    assert done.stdout == expected
    assert shop.run("inspect", "--database", shop.database.url).stdout == expected, "the same every time"


def serve_and_compare(project, rows):
    with project.serve() as server:
        assert Comparison(Running(project, server)).run() == rows


def test_every_row_is_served(kind, new_project):
    project = new_project(kind)
    project.database.script(SHOP[kind].replace("CREATE VIEW broken AS SELECT * FROM nowhere;", ""))
    project.database.script(ROWS)
    inspect(project)
    serve_and_compare(project, 16)


def test_writing_through_what_was_inspected(kind, new_project):
    """Defaults, generated keys and what only the database makes."""
    project = new_project(kind)
    project.database.script(SHOP[kind].replace("CREATE VIEW broken AS SELECT * FROM nowhere;", ""))
    inspect(project)
    with project.serve() as server:
        client = project.client(server)
        user = client.service("UserController").Create(email="amy@example.org")
        assert (user.is_active, user.order.value, user.role, user.user_id.value) == (True, 3, "user", "it's")
        assert len(user.token) >= 16 and user.full.value == "amy@example.orguser" and user.created_at.value.seconds > 1_700_000_000
        client.service("CategoryController").Create(name="all")
        post = client.service("PostController").Create(author=user.id, title="One", categories=["all"])
        assert list(post.categories) == ["all"]
        assert client.service("PostController").Update(id=post.id, author=user.id, title="Two").title == "Two"
        client.service("PriceController").Create(tenant="a", id=1, amount={"value": "1.25"})
        assert client.service("PriceController").Retrieve(tenant="a", id=1).amount.value == "1.25"
        client.service("PostController").Destroy(id=post.id)


def test_keys_that_the_database_makes(new_project):
    project = new_project("sqlite")
    forms = {"text": "lower(hex(randomblob(8)))", "uuid": "lower(hex(randomblob(16)))", "UUID": "randomblob(16)"}
    for number, (type, value) in enumerate(forms.items()):
        project.database.script(f"CREATE TABLE thing_{number} (id {type} PRIMARY KEY DEFAULT ({value}), name text)")
    inspect(project)
    with project.serve() as server:
        for number in range(3):
            service = project.client(server).service(f"Thing{number}Controller")
            made = service.Create(name={"value": "x"})
            assert made.id and service.Retrieve(id=made.id) == made
            assert service.Update(id=made.id, name={"value": "y"}).id == made.id
        assert Comparison(Running(project, server)).run() == 3


def test_only_some_tables(shop):
    text = shop.check("inspect", "--database", shop.database.url, "--tables", "posts, posts_categories", "--package", "blog.v1")
    assert text.startswith("package: blog.v1\nmodels:\n  Post:\n")
    assert "User" not in text and "refers to users (id), which has no model" in text
    assert "PostsCategory:" in text, "its categories are not there"
    done = shop.run("inspect", "--database", shop.database.url, "--tables", "post")
    assert done.returncode == 78 and "there is no table 'post'; did you mean 'posts'?" in done.stderr


@pytest.mark.parametrize("package", ["Blog", "1a", "a.google.b", "a-b"])
def test_packages_that_are_none(shop, package):
    done = shop.run("inspect", "--database", shop.database.url, "--package", package)
    assert done.returncode == 78 and package in done.stderr and not done.stdout


def test_no_database(shop, tmp_path):
    assert shop.run("inspect").returncode == 78
    done = shop.run("inspect", "--database", f"sqlite:{tmp_path}/none.db")
    assert done.returncode == 69 and not (tmp_path / "none.db").exists()
    assert "--out" in shop.check("inspect", "--help")


def test_empty_database(kind, new_project):
    project = new_project(kind)
    if kind == "sqlite":
        project.database.script("CREATE TABLE t (a); DROP TABLE t;")
    done = project.run("inspect", "--database", project.database.url, "--out", "other")
    assert done.returncode == 1 and "no tables" in done.stderr and not (project.folder / "other").exists()


def test_sqlite_is_only_read(new_project):
    project = new_project("sqlite")
    project.database.script(SHOP["sqlite"])
    folder = project.database.path.parent
    before = {file.name: (hashlib.sha256(file.read_bytes()).digest(), file.stat().st_mtime_ns) for file in folder.iterdir()}
    project.check("inspect", "--database", project.database.url)
    assert before == {file.name: (hashlib.sha256(file.read_bytes()).digest(), file.stat().st_mtime_ns) for file in folder.iterdir()}


def test_postgresql_is_only_read(new_project):
    """A view with a function that writes: the session refuses, and every session of the login is logged."""
    project = new_project("postgresql")
    project.database.script(SHOP["postgresql"])
    name = project.database.name
    project.database.script(f"ALTER DATABASE {name} SET log_statement = 'all'")
    log = project.database.cluster.folder / "server.log"
    start = len(log.read_text())
    project.check("inspect", "--database", project.database.url)
    project.run("check", "--database", project.database.url)
    statements = re.findall(r"(?:statement|execute [^:]*): +(\S+) +(\S+)", log.read_text()[start:])
    assert len(statements) > 5
    begun = {words for words in statements if words[0] not in ("SELECT", "WITH")}
    assert begun == {("SET", "default_transaction_read_only"), ("BEGIN", "READ")}


def test_300_tables(kind, new_project, capsys):
    project = new_project(kind)
    statements = []
    for number in range(300):
        key = "INTEGER PRIMARY KEY" if kind == "sqlite" else "serial PRIMARY KEY"
        columns = ", ".join(f"c{place} varchar({place + 1}) NOT NULL DEFAULT 'x' CHECK (c{place} <> '')" for place in range(12))
        statements.append(f"CREATE TABLE thing_{number} (id {key}, parent_id integer REFERENCES thing_{max(0, number - 1)}, at timestamp, {columns});")
    project.database.script("\n".join(statements))
    start = time.monotonic()
    text = project.check("inspect", "--database", project.database.url)
    with capsys.disabled():
        print(f"\n300 tables of 15 columns on {kind}: {time.monotonic() - start:.2f} s")
    assert text.count("fields:") == 300


BLOG = """\
# Written by hand, and it stays so.
package: blog   # not the database's name

models:
  Article:            # called Post in the table
    table: post
    fields:
      id:     { type: int64, primary_key: true }
      title:  { type: string, max_length: 10,   # short
                doc: 'What it''s called.' }
      # body: { type: string }  -- not for clients
      writer: { type: foreign_key, model: Writer, column: author_id }

    ordering: [-id]
    service: { name: Articles }

  # Secret:  nobody's business

  Writer: { fields: { id: { type: int64, primary_key: true }, name: { type: string } } }   # short
"""

BLOG_TABLES = """
    CREATE TABLE writer (id bigint PRIMARY KEY, name text, email text NOT NULL UNIQUE);
    CREATE TABLE post (id bigint PRIMARY KEY, title varchar(20) NOT NULL, body text, author_id bigint NOT NULL REFERENCES writer, published date, editor_id bigint REFERENCES writer);
    CREATE TABLE tag (name varchar(30) PRIMARY KEY);
    CREATE TABLE post_tags (post_id bigint NOT NULL REFERENCES post, tag_name varchar(30) NOT NULL REFERENCES tag, PRIMARY KEY (post_id, tag_name));
    CREATE TABLE secret (id bigint PRIMARY KEY);
"""


def test_what_is_new_is_added_and_nothing_else_changes(kind, new_project):
    project = new_project(kind, blog=BLOG)
    project.database.script(BLOG_TABLES)
    file = project.folder / "models" / "blog.yaml"
    printed = project.check("inspect", "--database", project.database.url, "--out", "models")
    expected = BLOG.replace(
        "column: author_id }\n",
        "column: author_id }\n"
        "      published: { type: date, null: true }\n"
        "      editor: { type: foreign_key, model: Writer, column: editor_id, null: true }\n"
        "      tags: { type: many_to_many, model: Tag, through: post_tags, source: post_id, target: tag_name }\n",
    ).replace("name: { type: string } }", "name: { type: string }, email: { type: string, unique: true } }")
    expected += "\n  Tag:\n    fields:\n      name: { type: string, primary_key: true, max_length: 30 }\n"
    assert file.read_text() == expected
    assert printed == """\
models/blog.yaml: added Article.published
models/blog.yaml: added Article.editor
models/blog.yaml: added Article.tags
models/blog.yaml: added Writer.email
models/blog.yaml: added Tag
models/blog.yaml:9:7: Article.title
- max_length: 10
+ max_length: 20
models/blog.yaml:22:63: Writer.name
+ null: true
"""
    again = project.check("inspect", "--database", project.database.url, "--out", "models")
    assert again.startswith("models/blog.yaml:9:7: Article.title\n") and "added" not in again
    assert file.read_text() == expected
    done = project.run("generate-protos")
    assert (done.returncode, done.stderr) == (0, "")


def test_differences_only_are_printed(kind, new_project):
    project = new_project(kind)
    project.database.script("CREATE TABLE writer (id bigint PRIMARY KEY, name text NOT NULL, age smallint DEFAULT 7, born date)")
    inspect(project, "--package", "people")
    file = project.folder / "models" / "people.yaml"
    assert project.check("inspect", "--database", project.database.url, "--out", "models") == "models says what the database says\n"
    text = file.read_text().replace("default: 7", "default: 8, min: 0, doc: In years.").replace("date, null: true", "timestamp")
    file.write_text(text + "      gone: { type: string }\n")
    printed = project.check("inspect", "--database", project.database.url, "--out", "models/")
    assert printed == """\
models/people.yaml:7:7: Writer.age
- default: 8
+ default: 7
models/people.yaml:8:7: Writer.born
- type: timestamp
+ type: date
+ null: true
models/people.yaml:9:7: Writer.gone: table 'writer' has no column 'gone'
"""
    assert file.read_text() == text + "      gone: { type: string }\n"
    project.database.script("DROP TABLE writer; CREATE TABLE other (id integer PRIMARY KEY)")
    printed = project.check("inspect", "--database", project.database.url, "--out", "models")
    assert "models/people.yaml:3:3: Writer: the database has no table 'writer'" in printed and "added Other" in printed


@pytest.mark.parametrize(
    "text",
    [
        "package: p\nmodels:\n  A:\n    table: a\n    fields:\n      id: { type: int64, primary_key: true }",
        "package: p\r\nmodels:\r\n  A:\r\n    table: a\r\n    fields:\r\n      id: { type: int64,\r\n        primary_key: true }\r\n",
        "models:\n  A:\n      fields:\n          id:\n              type: int64\n              primary_key: true\n              # the end\n      doc: |\n        # no comment\n          id: 5\n\n",
        "models: { A: { table: a, fields: { id: { type: int64, primary_key: true, doc: 'a }, \"{' }, } } }\n",
        "models:\n  A:\n    fields: {\n      # its key }\n      id: {\n        type: int64, primary_key: true\n      }\n      # and no more\n    }\n",
        "models:\n  A:\n    fields:\n      id: { type: int64, primary_key: true }\n      name:\n        type: string\n        null: true\n        choices:\n        - a\n        - b\n",
        "\ufeffmodels:\n  A:\n    fields:\n      id: &key {type: int64, primary_key: true}\n      name: { type: string, null: true,\n  doc: \"two\n  lines\" }\n...\n",
    ],
)
def test_styles_of_yaml(kind, new_project, text):
    project = new_project(kind)
    project.database.script("CREATE TABLE a (id bigint PRIMARY KEY, name text, \"two words\" bigint CHECK (\"two words\" <> 5))")
    file = project.folder / "models" / "p.yaml"
    file.write_bytes(text.encode())
    printed = project.check("inspect", "--database", project.database.url, "--out", "models")
    added = file.read_bytes().decode()
    left = iter(added)
    assert all(letter in left for letter in text), "everything that was there is there, in its order"
    assert "added A.two_words" in printed
    assert ("\r\n" in text) == ("\r\n" in added) and added.count("\n") - added.count("\r\n") in (0, added.count("\n"))
    assert "added" not in project.check("inspect", "--database", project.database.url, "--out", "models")
    fields = yaml.safe_load(added)["models"]["A"]["fields"]
    assert list(fields) == ["id", "name", "two_words"]


def test_definitions_that_are_wrong_stay_as_they_are(kind, new_project):
    project = new_project(kind, blog="package: blog\nmodels:\n  A: { fields: { id: { type: int46, primary_key: true } } }\n")
    project.database.script("CREATE TABLE t (id bigint PRIMARY KEY)")
    before = (project.folder / "models" / "blog.yaml").read_bytes()
    done = project.run("inspect", "--database", project.database.url, "--out", "models")
    assert done.returncode == 78 and "int46" in done.stderr
    assert (project.folder / "models" / "blog.yaml").read_bytes() == before


def test_another_package_beside(kind, new_project):
    """A new package goes to a file of its own; models of the other are referred to by their full name."""
    project = new_project(kind, blog=BLOG)
    project.database.script(BLOG_TABLES + "CREATE TABLE note (id bigint PRIMARY KEY, post_id bigint REFERENCES post);")
    project.check("inspect", "--database", project.database.url, "--out", "models", "--package", "extra", "--tables", "note")
    assert (project.folder / "models" / "extra.yaml").read_text() == """\
package: extra
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      post: { type: foreign_key, model: blog.Article, column: post_id, null: true }
"""
    assert project.check("generate-protos")
