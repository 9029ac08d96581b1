"""What `generate-protos` says of changes, beside what `buf breaking` says of them."""

import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from support.edits import EDITS, ENUM, HEAD, HISTORIES, POST, TAG, Edit, model, without

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "breaking-changes.md").read_text()
CHANGE = re.compile(r"(error|warning): breaking change ([a-z-]+:[\w.]+): ")


def buf_complains(before, after):
    """Whether `buf breaking` finds anything, by the rules of the buf.yaml in the root."""
    for folder in (before, after):
        (folder.parent / "buf.yaml").write_text("version: v2\nmodules: [{ path: protos }]\nbreaking: { use: [WIRE_JSON] }\n")
    done = subprocess.run(
        [pathlib.Path(sys.executable).parent / "buf", "breaking", after.parent, "--against", before.parent],
        text=True, capture_output=True, timeout=120)
    assert done.returncode in (0, 100), done.stderr
    return done.returncode == 100


def changes(done):
    """Kind and place of each change that is named, with its severity."""
    return {match[2]: match[1] for match in CHANGE.finditer(done.stderr)}


def accept(found):
    return [part for change in found for part in ("--accept-breaking", change)]


def judge(project, tmp_path, edit):
    """Makes the edit; what Pillion says, and whether buf complains about the protos before and after."""
    before = tmp_path / "before" / "protos"
    shutil.copytree(project.protos, before)
    kept = {file.name: file.read_bytes() for file in project.protos.iterdir()}
    project.write(blog=edit.after)
    done = project.run("generate-protos")
    found = changes(done)
    if done.returncode == 0:
        assert "error" not in found.values()
        return ("told" if found else "silent"), buf_complains(before, project.protos)
    assert done.returncode == 1, done.stderr
    assert {file.name: file.read_bytes() for file in project.protos.iterdir()} == kept, "nothing is written"
    assert project.run("generate-protos", "--check").returncode == 1
    refused = [change for change, severity in found.items() if severity == "error"]
    assert refused, done.stderr
    project.generate(*accept(refused))
    assert project.run("generate-protos", "--check").returncode == 0, "what is accepted is in the lock"
    return "refused", buf_complains(before, project.protos)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_edits(new_project, tmp_path, edit):
    project = new_project(blog=edit.before).generate()
    assert judge(project, tmp_path, edit) == (edit.ours, edit.buf)


@pytest.mark.parametrize("edit", HISTORIES, ids=lambda edit: edit.name)
def test_what_comes_back(new_project, tmp_path, edit):
    project = new_project(blog=ENUM if "enum" in edit.name else POST).generate().write(blog=edit.before)
    refused = [change for change, severity in changes(project.run("generate-protos")).items() if severity == "error"]
    project.generate(*accept(refused))
    assert judge(project, tmp_path, edit) == (edit.ours, edit.buf)


def test_the_table_keeps_its_promise():
    """Where Pillion is silent buf is silent; where it is not and buf is, the document says why."""
    assert len(EDITS) + len(HISTORIES) >= 60
    assert not [edit.name for edit in EDITS + HISTORIES if edit.ours == "silent" and edit.buf]
    section = DOCUMENT.split("## Where Pillion and buf differ")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in section.splitlines() if row.startswith("| ")][1:]
    documented = {row[0]: row[1:] for row in rows}
    differing = {edit.name: edit for edit in EDITS + HISTORIES if (edit.ours == "refused") != edit.buf}
    assert set(documented) == set(differing)
    for name, edit in differing.items():
        assert documented[name][:2] == [edit.ours, "complains" if edit.buf else "silent"], name
        assert documented[name][2], name


def test_every_kind_is_documented(new_project):
    section = DOCUMENT.split("## Kinds")[1].split("\n## ")[0]
    documented = {match[1]: match[2] for match in re.finditer(r"^\| `([a-z-]+)` \| (refused|told) \|", section, re.MULTILINE)}
    seen = {}
    for edit in EDITS:
        project = new_project(blog=edit.before).generate().write(blog=edit.after)
        for change, severity in changes(project.run("generate-protos")).items():
            seen[change.split(":")[0]] = {"error": "refused", "warning": "told"}[severity]
    # Only a history can bring these about.
    others = {"enum-value-restored": "told", "field-restored": "told"}
    assert documented == seen | others


def test_all_changes_are_named_at_once(new_project):
    project = new_project(blog=POST + TAG).generate()
    after = HEAD + model(fields={"title": "int32", "body": "{ type: array, items: string }"}, service="{ actions: [List, Create, Update, PartialUpdate] }")
    done = project.write(blog=after).run("generate-protos")
    assert done.returncode == 1
    assert changes(done) == dict.fromkeys([
        "field-type:blog.Post.title", "field-cardinality:blog.Post.body", "rpc-removed:blog.PostController.Retrieve",
        "rpc-removed:blog.PostController.Destroy", "service-removed:blog.TagController",
    ], "error")
    assert re.search(r"blog\.yaml:6:7: error: breaking change field-type:blog\.Post\.title: .*string to int32", done.stderr), done.stderr
    assert re.search(r"pillion\.lock:\d+:9: error: breaking change service-removed:blog\.TagController: ", done.stderr), done.stderr
    # Some is not all.
    some = project.run("generate-protos", *accept(["field-type:blog.Post.title", "service-removed:blog.TagController"]))
    assert some.returncode == 1
    assert set(changes(some)) == {
        "field-cardinality:blog.Post.body", "rpc-removed:blog.PostController.Retrieve", "rpc-removed:blog.PostController.Destroy"}


@pytest.mark.parametrize("argument", ["field-type", "field-type:", ":blog.Post.title", "field-typ:blog.Post.title"])
def test_arguments_that_name_no_change(new_project, argument):
    project = new_project(blog=POST)
    done = project.run("generate-protos", "--accept-breaking", argument)
    assert done.returncode == 64 and argument.split(":")[0] in done.stderr
    assert not project.protos.exists()


def test_accepting_what_does_not_happen_is_told(new_project):
    done = new_project(blog=POST).run("generate-protos", "--accept-breaking", "field-type:blog.Post.title")
    assert done.returncode == 0 and "there is no change field-type:blog.Post.title" in done.stderr


def test_serve_refuses_what_contradicts_the_lock(new_project):
    project = new_project("sqlite", blog=POST.replace("title: { type: string }", "title: { type: int32 }")).generate().apply()
    project.write(blog=POST.replace("title: { type: string }", "title: { type: int64 }"))
    done = project.run("serve", "--listen", "127.0.0.1:0", "--database", project.database.url)
    assert done.returncode == 78
    assert changes(done) == {"field-type:blog.Post.title": "error"}
    with project.serve("--accept-breaking", "field-type:blog.Post.title"):
        pass
    project.generate("--accept-breaking", "field-type:blog.Post.title")
    with project.serve() as server:
        assert project.client(server).service("PostController").Create(title=7).title == 7
