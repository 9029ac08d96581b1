"""Exit codes, diagnostics, configuration and start-up of the commands."""

import os
import re
import signal
import sqlite3
import stat

import pytest
from grpc import StatusCode

from support.errors import refused
from support.library import MODEL
from support.postgres import free_port
from support.server import DidNotStart

BLOG = """
package: blog
models:
  Post:
    fields:
      id: { type: int64, primary_key: true }
      title: { type: string }
"""
COMMANDS = ["serve", "generate-protos", "check", "schema"]


@pytest.fixture
def project(new_project):
    return new_project("sqlite", blog=BLOG).generate().apply()


def test_help(project):
    assert "serve" in project.check("--help")
    for command in COMMANDS:
        text = project.check(command, "--help")
        assert "--models" in text, command


@pytest.mark.parametrize(
    "arguments",
    [["serv"], ["serve", "--no-such-flag"], ["serve", "--listen"], ["generate-protos", "extra"], ["schema", "--dialect", "oracle"]],
)
def test_usage_is_64(project, arguments):
    done = project.run(*arguments)
    assert done.returncode == 64 and done.stderr.strip() and not done.stdout


@pytest.mark.parametrize("command", [["serve", "--database", "sqlite::memory:"], ["generate-protos"], ["check"], ["schema"]])
def test_all_errors_of_all_files_in_one_run(new_project, command):
    project = new_project(
        first="package: first\nmodels:\n  A:\n    fields:\n      id: { type: int46, primary_key: true }\n      x: { type: string, nul: true }\n",
        second="package: second\nmodels:\n  B:\n    fields:\n      id: { type: int64, primary_key: true }\n"
        "      a: { type: foreign_key, model: Missing }\n    ordering: [nmae]\n",
    )
    done = project.run(*command)
    assert done.returncode == 78
    found = {(match[1], match[2]) for match in re.finditer(r"(\w+\.yaml):(\d+):\d+: error: ", done.stderr)}
    assert found == {("first.yaml", "5"), ("first.yaml", "6"), ("second.yaml", "6"), ("second.yaml", "7")}
    assert "int64" in done.stderr, "suggests the near type"
    assert "null" in done.stderr, "suggests the near key"


def test_column_of_an_error(new_project):
    done = new_project(blog=BLOG.replace("string", "strnig")).run("generate-protos")
    assert re.search(r"blog\.yaml:7:22: error: ", done.stderr), done.stderr
    assert "string" in done.stderr


MISTAKES = {
    "not yaml": "a: [",
    "tab": "models:\n\tA: {}\n",
    "empty": "",
    "a list": "- 1\n",
    "unknown top key": BLOG.replace("package:", "pakage:"),
    "unknown model key": BLOG.replace("    fields:", "    tabel: x\n    fields:"),
    "unknown field key": BLOG.replace("type: string", "type: string, lenght: 3"),
    "unknown type": BLOG.replace("type: string", "type: text"),
    "missing type": BLOG.replace("{ type: string }", "{ null: true }"),
    "no fields": "models:\n  A: {}\n",
    "no models": "package: a\n",
    "duplicate model": BLOG + "  Post:\n    fields:\n      id: { type: int64, primary_key: true }\n",
    "duplicate field": BLOG + "      title: { type: string }\n",
    "duplicate column": BLOG + "      other: { type: string, column: title }\n",
    "bad package": BLOG.replace("package: blog", "package: 1blog"),
    "bad model name": BLOG.replace("Post:", "my-post:"),
    "bad field name": BLOG.replace("title:", "my-title:"),
    "no key": BLOG.replace(", primary_key: true", ""),
    "two keys": BLOG.replace("type: string", "type: string, primary_key: true"),
    "nullable key": BLOG.replace("primary_key: true", "primary_key: true, null: true"),
    "key of unknown field": BLOG.replace(", primary_key: true", "").replace("    fields:", "    primary_key: [id, nr]\n    fields:"),
    "key twice": BLOG.replace("    fields:", "    primary_key: [id, title]\n    fields:"),
    "dangling foreign key": BLOG + "      a: { type: foreign_key, model: Author }\n",
    "foreign key without model": BLOG + "      a: { type: foreign_key }\n",
    "bad on_delete": BLOG + "      a: { type: foreign_key, model: Post, on_delete: explode }\n",
    "set_null of required": BLOG + "      a: { type: foreign_key, model: Post, on_delete: set_null }\n",
    "dangling many to many": BLOG + "      a: { type: many_to_many, model: Tag }\n",
    "array without items": BLOG + "      a: { type: array }\n",
    "array of arrays": BLOG + "      a: { type: array, items: array }\n",
    "items without array": BLOG.replace("type: string", "type: string, items: int32"),
    "model without relation": BLOG.replace("type: string", "type: string, model: Post"),
    "bad regex": BLOG.replace("type: string", 'type: string, regex: "["'),
    "bad format": BLOG.replace("type: string", "type: string, format: phone"),
    "format of a number": BLOG + "      a: { type: int32, format: email }\n",
    "negative length": BLOG.replace("type: string", "type: string, max_length: -1"),
    "length of a number": BLOG + "      a: { type: int32, max_length: 3 }\n",
    "min above max": BLOG + "      a: { type: int32, min: 5, max: 3 }\n",
    "min of a string": BLOG.replace("type: string", "type: string, min: 3"),
    "max out of range": BLOG + "      a: { type: int32, max: 3000000000 }\n",
    "default of another type": BLOG + "      a: { type: int32, default: many }\n",
    "default that is refused": BLOG + "      a: { type: int32, min: 5, default: 3 }\n",
    "null default of required": BLOG + "      a: { type: int32, default: null }\n",
    "empty choices": BLOG.replace("type: string", "type: string, choices: []"),
    "choices of another type": BLOG + "      a: { type: int32, choices: [one] }\n",
    "duplicate choices": BLOG.replace("type: string", "type: string, choices: [a, a]"),
    "default outside choices": BLOG.replace("type: string", "type: string, choices: [a, b], default: c"),
    "auto_now of a string": BLOG.replace("type: string", "type: string, auto_now: true"),
    "read_only and write_only": BLOG.replace("type: string", "type: string, read_only: true, write_only: true"),
    "proto_type of a string": BLOG.replace("type: string", "type: string, proto_type: int32"),
    "storage of an int": BLOG + "      a: { type: int32, storage: hex }\n",
    "ordering by unknown field": BLOG + "    ordering: [-nr]\n",
    "null is no bool": BLOG.replace("type: string", "type: string, null: perhaps"),
    "unknown action": BLOG + "    service: { actions: [Lst] }\n",
    "unknown service key": BLOG + "    service: { nam: X }\n",
    "unknown service field": BLOG + "    service: { fields: [id, titel] }\n",
    "unknown lookup field": BLOG + "    service: { lookup_field: slug }\n",
    "unknown null style": BLOG + "    service: { null_style: pointer }\n",
    "bad service name": BLOG + "    service: { name: 7up }\n",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(new_project, mistake):
    done = new_project(blog=MISTAKES[mistake]).run("generate-protos")
    assert done.returncode == 78, f"{done.returncode}\n{done.stdout}{done.stderr}"
    assert re.search(r"blog\.yaml(:\d+:\d+)?: error: \S", done.stderr), done.stderr
    if mistake not in ("empty", "no models"):
        assert re.search(r"blog\.yaml:\d+:\d+: error: ", done.stderr), done.stderr


def test_no_models_folder(project, tmp_path):
    done = project.run("generate-protos", "--models", tmp_path / "nowhere")
    assert done.returncode == 78 and "nowhere" in done.stderr


def test_unknown_setting_names_its_place(project):
    (project.folder / "pillion.yaml").write_text("database:\n  ulr: sqlite:x.db\n")
    done = project.run("serve")
    assert done.returncode == 78
    assert re.search(r"pillion\.yaml:2:\d+: error: .*ulr.*url", done.stderr), done.stderr


def test_order_of_configuration(project, tmp_path):
    """Defaults < file < environment < flags."""
    (project.folder / "pillion.yaml").write_text(f"server:\n  listen: 127.0.0.1:1111\ndatabase:\n  url: {project.database.url}\n")
    printed = project.check("serve", "--print-config")
    assert "127.0.0.1:1111" in printed and project.database.url in printed
    assert "127.0.0.1:2222" in project.check("serve", "--print-config", variables={"PILLION_SERVER_LISTEN": "127.0.0.1:2222"})
    assert "127.0.0.1:3333" in project.check(
        "serve", "--print-config", "--listen", "127.0.0.1:3333", variables={"PILLION_SERVER_LISTEN": "127.0.0.1:2222"}
    )


def test_variables_of_others(project, tmp_path):
    """Only variables that begin with PILLION_ are settings; set to nothing is as good as not set; a list has commas."""
    log = tmp_path / "access.log"
    variables = {"SERVER_LISTEN": "127.0.0.1:1", "CONFIG_ACCESS_LOG_FILE": str(log), "PILLION_SERVER_THREADS": ""}
    printed = project.check("serve", "--print-config", variables=variables)
    assert "server.listen: 127.0.0.1:50051  # default" in printed and "server.threads: 0  # default" in printed
    assert not log.exists()
    printed = project.check("serve", "--print-config", variables={"PILLION_SERVER_LISTEN": "127.0.0.1:1, [::1]:2,"})
    assert 'server.listen: [127.0.0.1:1, "[::1]:2"]  # environment' in printed


def test_secrets_are_masked(project):
    printed = project.check(
        "serve", "--print-config", "--database", "postgresql://user:hush@db.example/x", variables={"PGPASSWORD": "also"}
    )
    assert "hush" not in printed and "also" not in printed and "db.example" in printed


def test_no_database(project):
    assert project.run("serve", "--listen", "127.0.0.1:0").returncode == 78
    assert project.run("serve", "--database", "oracle:x").returncode == 78


def fails_to_serve(project, url):
    with pytest.raises(DidNotStart) as caught:
        project.serve(url=url).kill()
    return caught.value


@pytest.mark.parametrize("case", ["nothing listens", "no such database", "folder is missing", "a folder", "not a database"])
def test_database_that_cannot_be_reached_is_69(project, request, tmp_path, case):
    if case == "nothing listens":
        url = f"postgresql://pillion@127.0.0.1:{free_port()}/x"
    elif case == "no such database":
        url = request.getfixturevalue("cluster").url("absent")
    elif case == "folder is missing":
        url = f"sqlite:{tmp_path}/missing/x.db"
    elif case == "a folder":
        url = f"sqlite:{tmp_path}"
    else:
        (tmp_path / "x.db").write_bytes(b"This is a letter, not a database.\n" * 100)
        url = f"sqlite:{tmp_path}/x.db"
    for command in (["schema", "--apply"], ["check"]):
        done = project.run(*command, "--database", url)
        assert done.returncode == 69, f"{command}: {done.returncode}\n{done.stderr}"
        assert done.stderr.strip()
    failure = fails_to_serve(project, url)
    assert failure.code == 69, failure


def test_read_only_file_serves_reads(project):
    project.database.query("INSERT INTO post (id, title) VALUES (1, 'there')")
    project.database.query("PRAGMA journal_mode = DELETE")
    os.chmod(project.database.path, stat.S_IRUSR)
    os.chmod(project.database.path.parent, stat.S_IRUSR | stat.S_IXUSR)
    immutable = os.geteuid() == 0 and os.system(f"chattr +i {project.database.path} 2>/dev/null") == 0
    if os.geteuid() == 0 and not immutable:
        pytest.skip("root writes to read-only files, and chattr is refused here")
    try:
        with project.serve() as server:
            service = project.client(server).service("PostController")
            assert service.Retrieve(id=1).title == "there"
            with refused(StatusCode.FAILED_PRECONDITION, "READ_ONLY"):
                service.Create(title="more")
    finally:
        if immutable:
            os.system(f"chattr -i {project.database.path}")
        os.chmod(project.database.path.parent, stat.S_IRWXU)


def test_schema_makes_only_what_is_missing(project):
    project.database.query("INSERT INTO post (id, title) VALUES (1, 'kept')")
    project.apply()
    assert project.database.query("SELECT id, title FROM post") == [(1, "kept")]
    project.write(other="package: other\nmodels:\n  Thing:\n    fields:\n      id: { type: int64, primary_key: true }\n")
    project.apply()
    assert project.database.query("SELECT count(*) FROM thing") == [(0,)]


def test_schema_prints_statements_that_work(new_project, kind):
    project = new_project(kind, library=MODEL)
    project.database.script(project.check("schema", "--dialect", kind))
    done = project.run("schema", "--apply", "--database", project.database.url)
    assert done.returncode == 0
    assert project.check("generate-protos") and project.run("check", "--database", project.database.url).returncode == 0


def test_check_finds_what_is_missing(new_project, kind):
    project = new_project(kind, blog=BLOG).generate().apply()
    assert project.run("check", "--database", project.database.url).returncode == 0
    project.database.script("ALTER TABLE post RENAME COLUMN title TO headline")
    done = project.run("check", "--database", project.database.url)
    assert done.returncode == 1
    assert re.search(r"blog\.yaml:7:\d+: .*title", done.stderr), done.stderr


def test_columns_of_another_type(new_project, kind):
    project = new_project(kind, blog=BLOG + "      pages: { type: int64, null: true }\n").generate()
    blob = "BLOB" if kind == "sqlite" else "bytea"
    project.database.query(f"CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT NOT NULL, pages {blob})")
    project.database.query("INSERT INTO post VALUES (1, 'wrong', " + ("x'00'" if kind == "sqlite" else "'\\x00'") + ")")
    with project.serve("--allow-drift") as server:
        posts = project.client(server).service("PostController")
        with refused({"sqlite": StatusCode.DATA_LOSS, "postgresql": StatusCode.FAILED_PRECONDITION}[kind]):
            posts.Retrieve(id=1)
        with refused({"sqlite": StatusCode.DATA_LOSS, "postgresql": StatusCode.FAILED_PRECONDITION}[kind]):
            posts.List()


def test_start_up_lines(project):
    with project.serve() as server:
        assert re.search(r"listening on 127\.0\.0\.1:[1-9]\d*", server.output)
        server.logged("blog.PostController")
        server.logged(str(project.database.path))


def test_port_in_use(project):
    with project.serve() as server:
        done = project.run("serve", "--listen", server.address, "--database", project.database.url)
        assert done.returncode not in (0, 64) and str(server.port) in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(project, number):
    server = project.serve()
    server.process.send_signal(number)
    assert server.wait() == 0, server.output
    assert sqlite3.connect(project.database.path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_config_in_another_place(project, tmp_path):
    config = tmp_path / "elsewhere.yaml"
    config.write_text("server: { listen: '127.0.0.1:0' }\ndatabase: { url: '${WHERE}' }\n")
    printed = project.check("serve", "--config", config, "--print-config", variables={"WHERE": project.database.url})
    assert project.database.url in printed
