"""Relations whose rows come with the row that refers to them, and rows that refer to it."""

import pathlib
import subprocess
import time
import uuid

import pytest
from google.protobuf import descriptor_pb2
from grpc import StatusCode

from support.client import value
from support.errors import refused
from support.postgres import wait_until
from support.protos import descriptor_set

MODELS = {name: (pathlib.Path(__file__).parent / "models" / f"{name}.yaml").read_text() for name in ("forum", "devices")}


class Forum:
    def __init__(self, running):
        self.running, self.server, self.database = running, running.server, running.database
        for name in ("Team", "User", "Tag", "Post", "Comment", "Vote", "Category", "Device", "Reading", "Note", "Entry"):
            setattr(self, name.lower() + "s", running.service(f"{name}Controller"))

    def clear(self):
        for table in ("note", "reading", "device_peers", "device", "entry", "vote", "comment", "post_tags", "post", "tag",
                      "forum_user", "team", "category_near"):
            self.database.query(f"DELETE FROM {table}")
        self.database.query("UPDATE category SET parent = NULL")
        self.database.query("DELETE FROM category")


@pytest.fixture(scope="module")
def forum_server(kind, start):
    with start(kind, **MODELS) as running:
        yield Forum(running)


@pytest.fixture
def forum(forum_server):
    forum_server.clear()
    return forum_server


@pytest.fixture
def amy(forum):
    team = forum.teams.Create(name="Blue")
    return forum.users.Create(name="Amy", secret="s", team_id=value(team.id), score=value("1.50"), colour=value(2))


@pytest.fixture
def post(forum, amy):
    """Amy's post, with two tags, four comments and six votes, of which one does not count."""
    tags = [forum.tags.Create(word=word).id for word in ("ant", "bee")]
    post = forum.posts.Create(title="First", author_id=value(amy.id), tags_ids=tags)
    for number in range(1, 5):
        forum.comments.Create(post_id=post.id, number=number, text=f"c{number}", author_id=value(amy.id))
    for number in range(6):
        forum.database.query("INSERT INTO vote (post, value) VALUES (?, ?)", [post.id, number])
    return forum.posts.Retrieve(id=post.id)


# What is in a row


def test_foreign_key(forum, amy, post):
    assert post.author_id.value == amy.id
    assert post.author.name == "Amy" and post.author.score.value == "1.50" and post.author.colour.value == 2
    assert post.author.note.WhichOneof("kind") == "null"
    assert post.author.secret == ""


def test_no_row_no_message(forum):
    post = forum.posts.Create(title="None")
    assert not post.HasField("author") and post.author_id.WhichOneof("kind") == "null"
    assert list(post.tags) == [] and list(post.comments) == [] and list(post.votes) == []
    assert forum.posts.Retrieve(id=post.id) == post and forum.posts.List() == [post]


def test_a_name_for_the_message_leaves_the_key_as_it_is(forum, amy):
    post = forum.posts.Create(title="Edited", editor=value(amy.id))
    assert post.editor.value == amy.id and post.editing_user.name == "Amy" and not post.HasField("author")


def test_many_to_many_in_the_order_of_the_other_model(forum, post):
    assert [tag.word for tag in post.tags] == ["bee", "ant"]
    assert list(post.tags_ids) == sorted(tag.id for tag in post.tags)


def test_reverse_rows_are_ordered_and_bounded(forum, post):
    assert [comment.text for comment in post.comments] == ["c4", "c3", "c2"]
    assert {comment.post_id for comment in post.comments} == {post.id}


def test_reverse_keys_are_bounded_and_those_that_a_client_may_see(forum, post):
    rows = forum.database.query("SELECT id FROM vote WHERE value <> 0 ORDER BY id")
    assert list(post.votes) == [row[0] for row in rows] and len(rows) == 5
    forum.votes.Create(post=post.id, value=9)
    assert len(forum.posts.Retrieve(id=post.id).votes) == 5


def test_deeper_rows_are_expanded_until_a_model_comes_again(forum, amy, post):
    # Post → author → team; the author's posts and the team's members lead back.
    assert post.author.team.name == "Blue"
    assert list(post.author.posts) == [] and list(post.author.team.members) == []
    # Post → comments → author → team
    assert post.comments[0].author.team.name == "Blue" and not post.comments[0].HasField("post")
    # User → posts → comments; not back to the user.
    user = forum.users.Retrieve(id=amy.id)
    assert [comment.text for comment in user.posts[0].comments] == ["c4", "c3", "c2"]
    assert not user.posts[0].HasField("author") and user.posts[0].author_id.value == amy.id
    assert not user.posts[0].comments[0].HasField("author")
    team = forum.teams.Retrieve(id=user.team.id)
    assert team.members[0].posts[0].tags[0].word == "bee"


def test_all_actions_give_the_same_row(forum, post):
    assert forum.posts.List() == [post]
    assert list(forum.posts.ListPage().results) == [post]
    assert forum.posts.List(filter='title = "First"', order_by="title desc", page_size=1) == [post]
    same = forum.posts.Update(id=post.id, title="First", author_id=post.author_id, tags_ids=post.tags_ids)
    assert same == post
    assert forum.posts.PartialUpdate(id=post.id, title=value("First")) == post
    assert forum.posts.PartialUpdate(id=post.id) == post


def test_writes_answer_with_the_new_rows(forum, amy, post):
    bob = forum.users.Create(name="Bob")
    tag = forum.tags.Create(word="cat").id
    changed = forum.posts.PartialUpdate(id=post.id, author_id={"value": bob.id}, tags_ids=[tag, tag], is_tags_ids_set=True)
    assert changed.author.name == "Bob" and [tag.word for tag in changed.tags] == ["cat"]
    assert [comment.text for comment in changed.comments] == ["c4", "c3", "c2"]
    assert forum.posts.Retrieve(id=post.id) == changed
    gone = forum.posts.Update(id=post.id, title="First")
    assert not gone.HasField("author") and list(gone.tags) == [] and len(gone.comments) == 3


def test_messages_in_requests_are_passed_over(forum, amy, post):
    sent = forum.posts.Retrieve(id=post.id)
    sent.title = "Second"
    sent.author.name = "Not Amy"
    del sent.comments[:]
    updated = forum.posts.Update(sent)
    assert updated.title == "Second" and updated.author.name == "Amy" and len(updated.comments) == 3
    assert forum.users.Retrieve(id=amy.id).name == "Amy"
    assert set(forum.running.client.message("PostPartialUpdateRequest").DESCRIPTOR.fields_by_name) == {
        "id", "title", "author_id", "editor", "tags_ids", "is_tags_ids_set"}


def test_violations_name_the_key(forum, amy):
    with refused(StatusCode.FAILED_PRECONDITION, "FOREIGN_KEY_VIOLATION"):
        forum.posts.Create(title="x", author_id=value(99999))
    with refused(StatusCode.NOT_FOUND):
        forum.posts.Retrieve(id=99999)
    with refused(StatusCode.INVALID_ARGUMENT, fields=["reading_id"]):
        forum.notes.Create(id="n", reading_id="no uuid")


def test_rows_that_their_own_service_does_not_know_are_left_out(forum, amy, post):
    forum.database.query("UPDATE forum_user SET name = 'ghost' WHERE id = ?", [amy.id])
    hidden = forum.posts.Retrieve(id=post.id)
    assert not hidden.HasField("author") and hidden.author_id.value == amy.id
    assert forum.posts.List() == [hidden]
    assert forum.posts.PartialUpdate(id=post.id, title=value("First")) == hidden
    with refused(StatusCode.NOT_FOUND):
        forum.users.Retrieve(id=amy.id)
    forum.database.query("UPDATE forum_user SET name = 'Amy' WHERE id = ?", [amy.id])
    forum.database.query("UPDATE team SET name = 'hidden'")
    assert forum.posts.Retrieve(id=post.id).author.name == "Amy"
    assert not forum.posts.Retrieve(id=post.id).author.HasField("team")


# Rows that refer to their like


def test_self_reference(forum):
    top = forum.categorys.Create(name="top")
    left = forum.categorys.Create(name="left", parent_id=value(top.id), near_ids=[top.id])
    below = forum.categorys.Create(name="below", parent_id=value(left.id))
    assert left.parent.name == "top" and [row.name for row in left.near] == ["top"]
    seen = forum.categorys.Retrieve(id=left.id)
    assert [child.name for child in seen.children] == ["below"] and seen.parent.name == "top"
    # One level, then keys.
    assert not seen.children[0].HasField("parent") and seen.children[0].parent_id.value == left.id
    assert list(seen.parent.children) == [] and below.parent.name == "left" and not below.parent.HasField("parent")


def test_a_row_that_refers_to_itself_is_in_the_answer_of_its_write(forum):
    row = forum.categorys.Create(name="loop")
    looped = forum.categorys.Update(id=row.id, name="renamed", parent_id=value(row.id))
    assert looped.parent.name == "renamed" and [child.name for child in looped.children] == ["renamed"]
    assert forum.categorys.Retrieve(id=row.id) == looped
    again = forum.categorys.PartialUpdate(id=row.id, name=value("once more"))
    assert again.parent.name == "once more" and forum.categorys.Retrieve(id=row.id) == again
    near = forum.categorys.PartialUpdate(id=row.id, near_ids=[row.id], is_near_ids_set=True)
    assert list(near.near_ids) == [row.id] and [other.name for other in near.near] == ["once more"]


# Keys and values of every kind


def device(forum, **more):
    return forum.devices.Create(json={
        "name": "d", "ratio": 0.1, "payload": {"value": "AAH/"}, "big": "9223372036854775807", "flag": True,
        "moment": {"value": "2024-02-29T12:30:00.123456Z"}, "day": {"value": "2024-02-29"}, "clock": {"value": "23:59:59.5"},
        "span": {"value": "90.000001s"}, "price": {"value": "12345678901234567890.123"},
        "data": {"value": {"a": [1, None, "x"]}}, "words": ["red", 'a,"b"', ""], **more})


def test_values_come_whole(forum):
    key = device(forum).id
    other = device(forum, ratio=1e300, payload={"value": ""}, name="nul\0" if forum.database.kind == "sqlite" else "ü")
    for row in (key, other.id):
        reading = forum.readings.Create(device_id=value(row))
        note = forum.notes.Create(id=f"n-{row}", reading_id=reading.id)
        whole = forum.devices.Retrieve(id=row)
        assert list(whole.readings) == [reading.id]
        for seen in (reading, forum.readings.Retrieve(id=reading.id)):
            assert seen.device_id.value == row and seen.device == whole or seen is reading
        found = forum.readings.Retrieve(id=reading.id)
        assert found.device == whole and list(found.notes) == [note.id]
        # A device inside a reading inside a note.
        inner = forum.notes.Retrieve(id=note.id).reading
        assert inner.device.ratio == whole.ratio and inner.device.payload == whole.payload and list(inner.notes) == [note.id]
        assert inner.device.data == whole.data and inner.device.words == whole.words and inner.device.price == whole.price


def test_rows_without_values(forum):
    row = forum.devices.Create(name="bare")
    reading = forum.readings.Create(device_id=value(row.id))
    assert reading.device.name == "bare" and reading.device.payload.WhichOneof("kind") == "null"
    assert forum.readings.Create().HasField("device") is False


def test_many_to_many_of_uuid_keys(forum):
    one, two = forum.devices.Create(name="one"), forum.devices.Create(name="two")
    keys = [uuid.UUID(row.id) for row in (one, two)]
    stored = [key.bytes for key in keys] if forum.database.kind == "sqlite" else keys
    forum.database.query("INSERT INTO device_peers (from_device_id, to_device_id) VALUES (?, ?)", stored)
    seen = forum.devices.Retrieve(id=one.id)
    assert list(seen.peers_ids) == [two.id] and [row.name for row in seen.peers] == ["two"]


def test_a_message_of_another_package(forum, amy):
    entry = forum.entrys.Create(user_id=value(amy.id))
    assert entry.user.name == "Amy" and entry.user.DESCRIPTOR.full_name == "forum.User"
    assert forum.entrys.List() == [entry]


def test_a_value_that_cannot_be_read_is_named(kind, start):
    if kind == "postgresql":
        pytest.skip("a column of PostgreSQL's holds what it says")
    with start(kind, variables={"PILLION_ERRORS_VERBOSITY": "detailed"}, **MODELS) as running:
        user = running.service("UserController").Create(name="x")
        running.service("PostController").Create(title="t", author_id=value(user.id))
        running.database.query("UPDATE forum_user SET joined = 'not a time'")
        with refused(StatusCode.DATA_LOSS) as refusal:
            running.service("PostController").List()
        assert "author.joined" in refusal.message


# Queries


def test_masks(forum, post):
    def masked(*paths):
        return forum.posts.Retrieve(id=post.id, read_mask={"paths": paths})

    fields = lambda message: {field.name for field, _ in message.ListFields()}
    assert fields(masked("author")) == {"author"} and masked("author").author == post.author
    assert fields(masked("author_id", "title")) == {"author_id", "title"}
    assert fields(masked("author.name").author) == {"name"}
    assert fields(masked("author.name", "author.team.name").author) == {"name", "team"}
    assert masked("author.name", "author") == masked("author")
    assert [fields(comment) for comment in masked("comments.text").comments] == [{"text"}] * 3
    assert fields(masked("votes")) == {"votes"} and fields(masked("editor")) == {"editor"} and fields(masked("editing_user")) == set()
    assert forum.posts.List(read_mask={"paths": ["tags.word"]})[0] == masked("tags.word")


@pytest.mark.parametrize("path", ["author.nothing", "author.posts", "author_id.name", "editor.name", "author.secret.x", "author.", "votes.id"])
def test_masks_that_lead_nowhere(forum, path):
    with refused(StatusCode.INVALID_ARGUMENT, fields=["read_mask"]) as refusal:
        forum.posts.List(read_mask={"paths": [path]})
    assert path in refusal.everything()


@pytest.mark.parametrize(("text", "count"), [
    ("author = {amy}", 1), ("author_id = {amy}", 1), ("author.name = Amy", 1), ("editing_user.name = Amy", 0), ("editor = null", 1),
    ('comments.text = "c1"', 1), ('comments.text:"9"', 0), ("comments:*", 1), ("NOT comments:*", 0), ("votes:*", 1), ("votes:{vote}", 1),
    ("votes:99999", 0), ("comments.author.name = Amy", 1), ("tags.word = bee", 1), ("tags:{tag}", 1), ("tags_ids:{tag}", 1),
])
def test_filters(forum, amy, post, text, count):
    text = text.format(amy=amy.id, vote=post.votes[0], tag=post.tags[0].id)
    assert len(forum.posts.List(filter=text)) == count


@pytest.mark.parametrize("text", ["comments:1", "comments = 1", "comments.nothing = 1", "isnull(votes)"])
def test_filters_that_are_wrong(forum, text):
    with refused(StatusCode.INVALID_ARGUMENT, fields=["filter"]):
        forum.posts.List(filter=text)


def test_order_goes_through_foreign_keys_only(forum, post):
    assert forum.posts.List(order_by="author.name, id") == [post]
    with refused(StatusCode.INVALID_ARGUMENT, fields=["order_by"]):
        forum.posts.List(order_by="comments.text")


def fill(forum, posts, comments):
    """Posts by three authors, with comments each."""
    users = [forum.users.Create(name=f"u{number}").id for number in range(3)]
    rows = ", ".join(f"({1000 + number}, 'p{number}', {users[number % 3]})" for number in range(posts))
    forum.database.script(f"INSERT INTO post (id, title, author) VALUES {rows}")
    rows = ", ".join(f"({1000 + number}, {index}, 'c{number}-{index}')" for number in range(posts) for index in range(comments))
    forum.database.script(f"INSERT INTO comment (post, number, text) VALUES {rows}")


def test_pages(forum):
    fill(forum, 25, 2)
    whole = forum.posts.List()
    assert len(whole) == 25 and [comment.text for comment in whole[3].comments] == ["c3-1", "c3-0"]
    rows, token = [], ""
    while True:
        page = forum.posts.ListPage(page_size=7, page_token=token, order_by="author.name desc", filter="comments:*")
        rows += page.results
        if not (token := page.next_page_token):
            break
    assert sorted(rows, key=lambda row: row.id) == whole and rows[0].author.name == "u2"


def test_long_lists_in_constant_memory(forum):
    fill(forum, 10_000, 4)
    forum.posts.List(page_size=100)
    forum.server.reset_peak()
    before, count = forum.server.resident(), 0
    for post in forum.posts.List.start():
        assert post.author.name == f"u{(post.id - 1000) % 3}" and len(post.comments) == 3
        count += 1
    assert count == 10_000
    assert forum.server.peak_resident() - before < 16 << 20


def test_one_statement_whatever_there_is(forum):
    """PostgreSQL's log has each statement that it runs. (On SQLite a List is one statement by its type, `BoundList`.)"""
    if forum.database.kind != "postgresql":
        pytest.skip("SQLite has no log")
    fill(forum, 50, 3)
    name = forum.database.name
    log = forum.database.cluster.folder / "server.log"
    forum.database.query(f"ALTER DATABASE {name} SET log_statement = 'all'")
    with forum.running.project.serve() as server:
        posts = forum.running.project.client(server).service("PostController")
        start = len(log.read_bytes())
        assert len(posts.List(filter='title = "p1" OR title != "p1"')) == 50
        posts.Retrieve(id=1001)
        posts.PartialUpdate(id=1001, title=value("changed"))
        text = lambda: log.read_bytes()[start:].decode()
        wait_until(lambda: "UPDATE" in text(), what="the log")
        ran = [line for line in text().splitlines() if " execute p" in line]
        assert len(ran) == 3, "\n".join(ran)
    forum.database.query(f"ALTER DATABASE {name} RESET log_statement")


# Commands

SHELF = """
models:
  Shelf:
    fields:
      id:    { type: int64, primary_key: true }
      books: { type: reverse, model: Book, field: shelf, limit: 3 }   # by hand
  Book:
    fields:
      id:    { type: int64, primary_key: true }
      shelf: { type: foreign_key, model: Shelf, expand: true }
"""


@pytest.fixture
def shelf(kind, new_project):
    return new_project(kind, shelf=SHELF).generate().apply()


def test_check_wants_an_index_on_the_foreign_key(shelf):
    done = shelf.run("check", "--database", shelf.database.url)
    assert done.returncode == 0 and "models/shelf.yaml:6:7: warning: table 'book' has no index that begins with 'shelf'" in done.stdout + done.stderr
    shelf.database.query("CREATE INDEX book_shelf_idx ON book (shelf)")
    done = shelf.run("check", "--database", shelf.database.url)
    assert "no index" not in done.stdout + done.stderr


def test_inspect_leaves_what_was_written_by_hand(shelf):
    said = shelf.check("inspect", "--database", shelf.database.url, "--out", "models")
    assert "models says what the database says" in said
    assert (shelf.folder / "models" / "shelf.yaml").read_text() == SHELF


def test_a_proto_of_one_model_is_whole(shelf):
    text = shelf.check("generate-protos", "--model", "shelf.Book", "--file", "-")
    assert "Shelf shelf = 2;" in text and "message Shelf {" in text and "service ShelfController" not in text


def test_descriptors_are_those_of_protoc(new_project, tmp_path):
    project = new_project(**MODELS).generate("--descriptor-set", str(tmp_path / "own.pb"))
    made = descriptor_pb2.FileDescriptorSet.FromString((tmp_path / "own.pb").read_bytes())
    # devices.proto imports forum.proto, which therefore comes first.
    ours = lambda files: [file for file in files if not file.name.startswith("google/")]
    assert ours(made.file) == ours(descriptor_set(project.protos).file) and len(ours(made.file)) == 2


def test_a_renamed_model_keeps_the_fields_of_other_packages_that_hold_it(new_project):
    project = new_project(**MODELS).generate()
    lock = project.lock.read_text()
    assert "2 user forum.User" in lock
    forum = MODELS["forum"].replace("model: User", "model: Person").replace("  User:\n", "  Person:\n    was: User\n")
    forum = forum.replace("service: { filter: name != ghost }", "service: { name: UserController, filter: name != ghost }")
    done = project.write(forum=forum, devices=MODELS["devices"].replace("forum.User", "forum.Person")).run("generate-protos")
    assert done.returncode == 0, done.stderr
    assert "2 user forum.Person" in project.lock.read_text() and "field-type" not in done.stderr


def test_masks_have_an_end(forum):
    with refused(StatusCode.INVALID_ARGUMENT, fields=["read_mask"]):
        forum.posts.List(read_mask={"paths": ["title"] * 1_001})
