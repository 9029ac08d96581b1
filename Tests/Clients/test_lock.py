"""`protos/pillion.lock`: renames, and what git makes of two people's changes."""

import os
import re
import subprocess

import pytest

from support.edits import HEAD, POST, TAG, model
from support.protos import descriptor_set


def numbers(project, message):
    for file in descriptor_set(project.protos).file:
        for found in file.message_type:
            if file.package == "blog" and found.name == message:
                return {field.name: field.number for field in found.field}
    raise AssertionError(f"no message {message}")


def test_rename_keeps_the_number(new_project):
    project = new_project(blog=POST).generate()
    renamed = POST.replace("title: { type: string }", "headline: { type: string, was: title }")
    done = project.write(blog=renamed).run("generate-protos")
    assert done.returncode == 0 and "field-renamed:blog.Post.headline" in done.stderr
    for message in ("Post", "PostPartialUpdateRequest"):
        assert numbers(project, message) == {"id": 1, "headline": 2, "body": 3}
    assert 'reserved "title";' in project.proto_text()
    # From now on it is no news, and `was` may go or stay.
    for text in (renamed, renamed.replace(", was: title", "")):
        again = project.write(blog=text).run("generate-protos", "--check")
        assert (again.returncode, again.stderr) == (0, "")


def test_renamed_field_is_served_to_old_clients(new_project, kind):
    """The bytes of the proto from before the rename are those of the one behind it."""
    project = new_project(kind, blog=POST).generate().apply()
    old = descriptor_set(project.protos)
    renamed = POST.replace("title: { type: string }", "headline: { type: string, was: title, column: title }")
    project.write(blog=renamed).generate()
    with project.serve() as server:
        from support.client import Client

        created = Client(server.channel(), old).service("PostController").Create(title="kept", body="b")
        assert created.title == "kept"
        assert project.client(server).service("PostController").Retrieve(id=created.id).headline == "kept"


def test_renamed_model(new_project):
    project = new_project(blog=POST + TAG).generate()
    article = HEAD + model("Article", {"x": "int32"}, was="Post", service="{ name: PostController }") + TAG
    project.write(blog=article).generate()
    assert numbers(project, "Article") == {"id": 1, "title": 2, "body": 3, "x": 4}
    assert numbers(project, "ArticlePartialUpdateRequest") == {"id": 1, "title": 2, "body": 3, "x": 4}
    assert "message blog.Article was Post\n" in project.lock.read_text()
    assert project.run("generate-protos", "--check").returncode == 0


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (POST.replace("title: { type: string }", "headline: { type: string, was: titel }"), "6:38", "'titel'"),
        (POST.replace("title: { type: string }", "title: { type: string, was: title }"), "6:35", "already has that name"),
        (POST.replace("title: { type: string }", "title: { type: string, was: body }"), "6:35", "another field"),
        (HEAD + model("Article", was="Pots"), "8:10", "'Pots'"),
    ],
)
def test_was_that_names_nothing(new_project, text, place, message):
    project = new_project(blog=POST).generate()
    done = project.write(blog=text).run("generate-protos")
    assert done.returncode in (1, 78)
    assert re.search(rf"blog\.yaml:{place}: error: .*{message}", done.stderr), done.stderr


class Repository:
    """A project in git, where two people work."""

    def __init__(self, project):
        self.project = project
        self.git("init", "-q", "-b", "main")
        self.commit("before")

    def git(self, *arguments, code=0):
        names = {f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        done = subprocess.run(
            ["git", *arguments], cwd=self.project.folder, text=True, capture_output=True, timeout=60,
            env=os.environ | names | {"GIT_CONFIG_GLOBAL": os.devnull})
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def branch(self, name, text):
        self.git("checkout", "-qb", name, "main")
        self.project.write(blog=text).generate()
        self.commit(name)

    def merge(self, one, other, code=0):
        self.git("checkout", "-q", one)
        self.git("merge", "-q", other, code=code)


def grown(text, name, field):
    """`text` with one more field of a model."""
    return text.replace(f"  {name}:\n    fields:\n", f"  {name}:\n    fields:\n      {field}: {{ type: string }}\n")


def test_additions_to_different_models_merge_by_themselves(new_project):
    author = model("Author")
    project = new_project(blog=POST + TAG).generate()
    repository = Repository(project)
    repository.branch("one", grown(POST, "Post", "subtitle") + TAG)
    repository.branch("other", POST + grown(TAG, "Tag", "colour") + author)
    repository.merge("one", "other")
    assert project.run("generate-protos", "--check").returncode == 0, "nothing is left to do"
    assert numbers(project, "Post")["subtitle"] == 4 and numbers(project, "Tag")["colour"] == 4


def test_additions_to_one_model_conflict_and_are_resolved_by_hand(new_project):
    project = new_project(blog=POST).generate()
    repository = Repository(project)
    repository.branch("one", POST + "      subtitle: { type: string }\n")
    repository.branch("other", POST + "      summary: { type: string }\n")
    repository.merge("one", "other", code=1)
    both = POST + "      subtitle: { type: string }\n      summary: { type: string }\n"
    project.write(blog=both)
    done = project.run("generate-protos")
    assert done.returncode == 78
    assert re.search(r"pillion\.lock:\d+:1: error: merge conflict", done.stderr)
    # The lines of both sides, and a number twice: both places are named.
    kept = [line for line in project.lock.read_text().splitlines() if line[:7] not in ("<<<<<<<", "=======", ">>>>>>>")]
    project.lock.write_text("\n".join(kept) + "\n")
    done = project.run("generate-protos")
    assert done.returncode == 78
    first = kept.index("  4 subtitle string") + 1
    found = re.search(r"pillion\.lock:(\d+):3: error: number 4 a second time in blog\.Post; `(\w+)` has it at protos/pillion\.lock:(\d+)", done.stderr)
    assert {int(found[1]), int(found[3])} == {first, kept.index("  4 summary string") + 1}, done.stderr
    assert project.run("serve", "--database", "sqlite::memory:").returncode == 78
    # The one that is not released takes the next number.
    project.lock.write_text(re.sub(r"  4 summary ", "  5 summary ", project.lock.read_text()))
    project.generate()
    assert numbers(project, "Post") == {"id": 1, "title": 2, "body": 3, "subtitle": 4, "summary": 5}
    assert numbers(project, "PostPartialUpdateRequest") == numbers(project, "Post")


def test_one_name_twice_is_refused_with_both_places(new_project):
    project = new_project(blog=POST).generate()
    lines = project.lock.read_text().splitlines()
    place = lines.index("  2 title string")
    project.lock.write_text("\n".join([*lines[: place + 2], "  4 title string", *lines[place + 2 :]]) + "\n")
    done = project.run("generate-protos")
    assert done.returncode == 78
    assert f"pillion.lock:{place + 3}:5: error: field `title` a second time in blog.Post; it has number 2 at protos/pillion.lock:{place + 1}" in done.stderr
