"""What callers try to learn of rows that row filters hide from them: nothing that is in such rows may change an answer."""

import contextlib

import grpc
import pytest
from grpc import StatusCode

from support.callers import AUDIENCE, ISSUER, SECRET, bearer
from support.client import value
from support.errors import refused
from support.project import Running

MODEL = """
package: blog
models:
  Person:
    fields:
      id:     { type: int64, primary_key: true }
      name:   { type: string }
      salary: { type: int32, default: 0 }
      hidden: { type: bool, default: false }
      posts:  { type: reverse, model: Post, field: author, expand: true, ordering: [title] }
      notes:  { type: reverse, model: Note, field: person, ordering: [-text] }
    service: { actions: [List, ListPage, Create, Retrieve, Update, PartialUpdate, Destroy], total_size: exact }
  Tag:
    fields:
      id:     { type: int64, primary_key: true }
      name:   { type: string }
      secret: { type: bool, default: false }
      posts:  { type: many_to_many, model: Post, through: post_tags, source: tag_id, target: post_id, expand: true }
    service: { actions: [List, ListPage, Create, Retrieve, Update, PartialUpdate, Destroy], total_size: exact }
  Post:
    fields:
      id:      { type: int64, primary_key: true }
      owner:   { type: string }
      title:   { type: string, unique: true }
      rank:    { type: int32, null: true }
      author:  { type: foreign_key, model: Person, null: true, expand: true }
      parent:  { type: foreign_key, model: Post, null: true, expand: true }
      replies: { type: reverse, model: Post, field: parent, expand: true, ordering: [-title] }
      tags:    { type: many_to_many, model: Tag, through: post_tags, source: post_id, target: tag_id, expand: true }
    services:
      - { name: PostController, actions: [List, ListPage, Create, Retrieve, Update, PartialUpdate, Destroy], total_size: exact }
      - { name: ShortPostController, message: ShortPost, actions: [List, ListPage, Retrieve], fields: [id, title, author, tags],
          filter: NOT title = never, total_size: estimated }
      - { name: IndexedPostController, message: IndexedPost, actions: [List, ListPage], require_index: refuse }
  Note:
    fields:
      id:     { type: int64, primary_key: true }
      owner:  { type: string }
      person: { type: foreign_key, model: Person, expand: true }
      post:   { type: foreign_key, model: Post, null: true, expand: true }
      text:   { type: string }
    service: { actions: [List, ListPage, Create, Retrieve, Update, PartialUpdate, Destroy], total_size: exact }
  Account:
    fields:
      id:      { type: int64, primary_key: true }
      name:    { type: string, unique: true }
      sponsor: { type: foreign_key, model: Account, null: true }
      wards:   { type: reverse, model: Account, field: sponsor }
"""

FILTERS = {
    "blog.Person": 'hidden = false OR claims.role = "admin"',
    "blog.Tag": 'secret = false OR claims.role = "admin"',
    "blog.Post": 'owner = claims.sub OR claims.role = "admin"',
    "blog.Note": 'owner = claims.sub OR claims.role = "admin"',
    "blog.Account": 'id = claims.account OR claims.role = "admin" OR wards:claims.ward',
}

AMY = bearer(sub="amy", account=1)
ADMIN = bearer(sub="root", role="admin")

ROWS = """
INSERT INTO person (id, name, salary, hidden) VALUES (1, 'Ann', 10, false), (2, 'Bea', 20, true), (3, 'Cid', 30, false), (4, 'Dan', 5, true);
INSERT INTO tag (id, name, secret) VALUES (1, 'open', false), (2, 'plain', false), (3, 'hush', true), (4, 'mute', true);
INSERT INTO post (id, owner, title, rank, author, parent) VALUES
  (1, 'amy', 'a1', 1, 1, NULL), (2, 'amy', 'a2', NULL, 2, 1), (3, 'bob', 'b1', 3, 1, 1), (4, 'bob', 'b2', 4, 3, NULL),
  (5, 'amy', 'a5', 5, 3, 4), (6, 'amy', 'a6', NULL, 4, 1), (7, 'amy', 'a7', 7, NULL, 3), (8, 'bob', 'b3', 8, 2, 2);
INSERT INTO post_tags (post_id, tag_id) VALUES (1, 1), (1, 3), (2, 3), (3, 1), (4, 2), (5, 2), (5, 4), (8, 1);
INSERT INTO note (id, owner, person, post, text) VALUES (1, 'amy', 1, 3, 'n1'), (2, 'bob', 1, 1, 'n2'), (3, 'amy', 2, 1, 'n3'), (4, 'bob', 3, 5, 'n4'), (5, 'amy', 3, 8, 'n5');
INSERT INTO account (id, name, sponsor) VALUES (1, 'amy', NULL), (2, 'bob', 1), (3, 'cat', 2);
"""

# Everything of hidden rows but what visible rows refer to them by; some come, some go.
CHANGES = """
UPDATE person SET name = 'Zoe', salary = 25 - salary WHERE hidden = true;
UPDATE tag SET name = 'aaa' WHERE secret = true;
UPDATE post SET title = 'a0' || title, rank = 100 - rank, author = 3, parent = NULL WHERE owner = 'bob';
UPDATE note SET text = 'zzz', person = 3, post = NULL WHERE owner = 'bob';
DELETE FROM post_tags WHERE post_id IN (SELECT id FROM post WHERE owner = 'bob') OR tag_id IN (SELECT id FROM tag WHERE secret = true);
INSERT INTO post (id, owner, title, rank, author, parent) VALUES (20, 'bob', 'c1', 1, 1, 1), (21, 'bob', 'c2', NULL, NULL, NULL), (22, 'bob', 'c3', 9, 3, 5);
INSERT INTO tag (id, name, secret) VALUES (20, 'more', true);
INSERT INTO post_tags (post_id, tag_id) VALUES (5, 3), (6, 20), (20, 2), (7, 3);
INSERT INTO note (id, owner, person, post, text) VALUES (20, 'bob', 1, 1, 'n9'), (21, 'bob', 3, NULL, 'n8');
INSERT INTO person (id, name, salary, hidden) VALUES (20, 'Eve', 1, true);
DELETE FROM account WHERE id = 3;
INSERT INTO account (id, name, sponsor) VALUES (4, 'dog', 2);
"""

QUERIES = {
    "PostController": [
        "author.salary > 15", "author.salary < 15", "author.salary = 20", "NOT author.salary = 20", "author.salary != 20", "author.salary = null",
        'author.name = "B*"', 'NOT author.name = "Z*"', 'author.name:"e"', "author.hidden = true", "author.id = 2", "author = 2", "author:*",
        'parent.title = "b*"', "parent.rank > 2", "NOT parent.rank > 2", "parent = 4", "parent.owner = bob", 'parent.parent.title = "a1"',
        'replies.title = "b1"', "replies:3", "replies:*", "NOT replies:*", "replies.rank = 3", "NOT replies.rank = 3", "replies.author.salary = 20",
        "tags:3", "tags:*", "NOT tags:*", "tags.name = hush", 'NOT tags.name = "h*"', "tags.secret = true", 'tags.posts.title = "b1"',
        'author.posts.title = "b1"', "author.posts:3", "author.posts:*", "author.notes:2", 'author.notes.text = "n2"', 'author.notes.text = "z*"',
        "author = (1 OR 2) AND author.salary > 15", "author.salary > 15 OR tags:3 OR replies:3", "startswith(author.name, \"B\")",
    ],
    "PersonController": ['posts.title = "b*"', "posts:3", "posts:*", "NOT posts:*", "posts.rank > 2", "posts.tags:3", "posts.tags.name = hush", "notes:2", "notes:*",
                         'notes.text = "n2"', "notes.post.title = b1", "posts.replies.title = b1", "NOT posts.replies.rank = 3"],
    "TagController": ['posts.title = "b*"', "posts:3", "posts:*", "NOT posts:*", "posts.author.salary = 20", "posts.author.name = Bea"],
    "NoteController": ["post.title = b1", "post.rank > 2", "NOT post.rank > 2", "person.salary = 20", "post = 3", "post.author.salary = 10", "person.posts:3",
                       "person.posts.title = b1"],
    "ShortPostController": ["author.salary = 20", "tags:3", "NOT author.name = Bea"],
    "IndexedPostController": ["title = b1", "author.salary = 20", "rank = 3", "tags:3", "id = 3"],
}
ORDERS = {
    "PostController": ["", "author.salary", "author.salary desc", "author.name", "parent.title desc", "parent.rank, author.salary desc", "rank desc", "rank",
                       "parent.author.salary"],
    "PersonController": ["", "salary desc"],
    "NoteController": ["post.title", "post.title desc, text", "person.salary", "post.author.salary desc", "post.rank"],
    "ShortPostController": ["author.salary desc", ""],
    "IndexedPostController": ["title", "author.salary", "rank"],
}
HIDDEN = {"PostController": [3, 4, 8], "PersonController": [2, 4], "TagController": [3, 4], "NoteController": [2, 4], "ShortPostController": [3, 4, 8], "AccountController": [2]}


@pytest.fixture(scope="module")
def running(kind, new_project):
    project = new_project(kind, blog=MODEL).generate().apply()
    filters = "\n".join(f"        {model}: '{text}'" for model, text in FILTERS.items())
    (project.folder / "pillion.yaml").write_text(
        f"""
interceptors:
  - authentication:
      jwt: {{ secret: "{SECRET}", issuer: "{ISSUER}", audience: {AUDIENCE} }}
  - authorization:
      rules: [{{ allow: "*/*" }}]
      row_filters:
{filters}
"""
    )
    with project.serve(variables={"PILLION_LIST_PAGE_TOKEN_KEY": "k" * 32}) as server:
        yield Running(project, server)


@pytest.fixture
def blog(running):
    for table in ["note", "post_tags"]:
        running.database.query(f"DELETE FROM {table}")
    running.database.query("UPDATE post SET parent = NULL")
    running.database.query("UPDATE account SET sponsor = NULL")
    for table in ["post", "tag", "person", "account"]:
        running.database.query(f"DELETE FROM {table}")
    running.database.script(ROWS)
    if running.kind == "postgresql":
        for table in ["post", "tag", "person", "note", "account"]:
            running.database.query(f"ALTER TABLE {table} ALTER id RESTART WITH 100")
    return running


def answer(call, **arguments):
    """What a caller gets to see of a call: its messages, or its error."""
    try:
        response = call(metadata=AMY, **arguments)
        return [str(message) for message in response] if isinstance(response, list) else str(response)
    except grpc.RpcError as error:
        return (error.code(), error.details())


def pages(service, **arguments):
    """All pages, their sizes and tokens' worth: results, and total_size of each."""
    found, token = [], ""
    while True:
        try:
            page = service.ListPage(metadata=AMY, page_size=2, page_token=token, **arguments)
        except grpc.RpcError as error:
            return (error.code(), error.details())
        found.append(([str(row) for row in page.results], page.total_size))
        token = page.next_page_token
        if not token:
            return found


def everything(blog):
    """The answers to all questions."""
    answers = {}
    for name, texts in QUERIES.items():
        service = blog.service(name)
        for text in ["", *texts]:
            answers[name, text] = answer(service.List, filter=text)
            answers[name, text, "pages"] = pages(service, filter=text)
        for order in ORDERS.get(name, []):
            answers[name, order, "order"] = answer(service.List, order_by=order)
            answers[name, order, "order", "pages"] = pages(service, order_by=order)
            answers[name, order, "both"] = pages(service, order_by=order, filter=texts[0])
    for name, keys in HIDDEN.items():
        for key in [*keys, 99]:
            found = answer(blog.service(name).Retrieve, id=key)
            assert found[0] == StatusCode.NOT_FOUND
            answers[name, key] = found[1]
            assert answers[name, key] == answers[name, keys[0]], "a hidden row is as one that is not there"
    for name in ["PostController", "PersonController", "TagController", "NoteController"]:
        for key in range(1, 9):
            answers[name, key, "row"] = answer(blog.service(name).Retrieve, id=key)
    return answers


def test_what_is_in_hidden_rows_changes_no_answer(blog):
    def told(caller):
        posts = blog.service("PostController")
        return [[row.id for row in posts.List(filter=text, metadata=caller)] for text in QUERIES["PostController"]]

    before, all_before = everything(blog), told(ADMIN)
    blog.database.script(CHANGES)
    after, all_after = everything(blog), told(ADMIN)
    assert {question for question in before if before[question] != after[question]} == set()
    assert [row.id for row in blog.service("PostController").List(metadata=AMY)] == [1, 2, 5, 6, 7]
    # The questions do ask something: who may see the rows is told of the changes by nearly all of them.
    silent = [text for text, old, new in zip(QUERIES["PostController"], all_before, all_after) if old == new]
    assert len(silent) < 5, silent


def test_rows_within_rows_are_those_the_caller_may_see(blog):
    posts, people, tags = (blog.service(f"{name}Controller") for name in ("Post", "Person", "Tag"))
    first = posts.Retrieve(id=1, metadata=AMY)
    assert first.author.name == "Ann" and [post.title for post in first.replies] == ["a6", "a2"]
    assert [tag.name for tag in first.tags] == ["open"] and list(first.tags_ids) == [1]
    assert [reply.HasField("author") for reply in first.replies] == [False, False]
    hidden = posts.Retrieve(id=2, metadata=AMY)
    assert hidden.author_id.value == 2 and not hidden.HasField("author"), "a foreign key is part of its row"
    assert hidden.parent.title == "a1" and list(hidden.tags) == [] and list(hidden.tags_ids) == [] and list(hidden.replies) == []
    assert not posts.Retrieve(id=7, metadata=AMY).HasField("parent")
    ann = people.Retrieve(id=1, metadata=AMY)
    assert [post.title for post in ann.posts] == ["a1"] and list(ann.notes) == [1]
    # Posts within a tag, and what is in those.
    tag = tags.Retrieve(id=2, metadata=AMY)
    assert list(tag.posts_ids) == [5] and [post.title for post in tag.posts] == ["a5"]
    short = blog.service("ShortPostController")
    assert [tag.name for tag in short.Retrieve(id=1, metadata=AMY).tags] == ["open"]
    assert not short.Retrieve(id=2, metadata=AMY).HasField("author")
    everyone = posts.Retrieve(id=1, metadata=ADMIN)
    assert [post.title for post in everyone.replies] == ["b1", "a6", "a2"] and list(everyone.tags_ids) == [1, 3]
    assert list(people.Retrieve(id=1, metadata=ADMIN).notes) == [2, 1]


def test_writes_answer_with_no_more(blog):
    posts = blog.service("PostController")
    made = posts.Create(title="new", owner="amy", author_id=value(2), parent_id=value(3), tags_ids=[1, 3], metadata=AMY)
    for row in [
        made,
        posts.Update(json={"id": 2, "title": "a2", "owner": "amy", "author_id": {"value": 2}, "parent_id": {"value": 3}, "tags_ids": [3, 1]}, metadata=AMY),
        posts.PartialUpdate(json={"id": 6, "author_id": {"value": 4}, "parent_id": {"value": 3}, "tags_ids": [1, 4], "is_tags_ids_set": True}, metadata=AMY),
    ]:
        assert not row.HasField("author") and not row.HasField("parent")
        assert list(row.tags_ids) == [1] and [tag.name for tag in row.tags] == ["open"]
        assert list(row.replies) == [] and row.title == posts.Retrieve(id=row.id, metadata=AMY).title
        # What a tag is on is another matter: it changes with the next of these writes.
        assert set(row.tags[0].posts_ids) <= {1, 2, 6, made.id}
    # Ann has another post, and her hidden ones are not told of.
    made = posts.Create(title="newer", owner="amy", author_id=value(1), parent_id=value(1), metadata=AMY)
    assert [post.title for post in posts.Retrieve(id=1, metadata=AMY).replies] == ["newer"]
    assert made.author.name == "Ann" and made.parent.title == "a1"


def test_a_row_filter_on_what_the_database_fills_in_tells_of_no_other_row(blog):
    """Whether the row would have been within the filter is not known when its name collides."""
    accounts = blog.service("AccountController")
    before = blog.database.query("SELECT * FROM account ORDER BY 1")
    for name in ["bob", "cat", "amy", "nobody"]:
        for sponsor in [2, 3, 99]:
            with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
                accounts.Create(name=name, sponsor=value(sponsor), metadata=AMY)
        with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
            accounts.Create(name=name, metadata=AMY)
    assert blog.database.query("SELECT * FROM account ORDER BY 1") == before
    # Who may see all is told.
    with refused(StatusCode.ALREADY_EXISTS):
        accounts.Create(name="bob", metadata=ADMIN)
    with refused(StatusCode.ALREADY_EXISTS):
        accounts.Update(id=1, name="bob", metadata=AMY)
    # By the rows that refer to it.
    guardian = bearer(sub="x", ward=3)
    assert [account.name for account in accounts.List(metadata=guardian)] == ["bob"]
    assert accounts.PartialUpdate(json={"id": 2, "name": "bobby"}, metadata=guardian).name == "bobby"
    with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
        accounts.Create(name="new", metadata=guardian)


@pytest.mark.parametrize("service", ["PostController", "ShortPostController"])
def test_tokens_of_others_are_refused(blog, service):
    posts = blog.service(service)
    for order in ["", "author.salary desc"]:
        token = posts.ListPage(page_size=1, order_by=order, metadata=ADMIN).next_page_token
        assert token
        for other in [AMY, bearer(sub="root"), bearer(sub="eve", role="admin")]:
            with refused(StatusCode.INVALID_ARGUMENT, fields=["page_token"]):
                posts.ListPage(page_size=1, order_by=order, page_token=token, metadata=other)
            call = posts.List.start(page_size=1, order_by=order, page_token=token, metadata=other)
            with pytest.raises(grpc.RpcError) as error:
                list(call)
            assert error.value.code() == StatusCode.INVALID_ARGUMENT


def test_index_refusals_do_not_depend_on_the_caller(blog):
    service = blog.service("IndexedPostController")
    for text in ["rank = 3", "author.salary = 20"]:
        messages = set()
        for caller in [AMY, ADMIN, bearer(sub="nobody")]:
            with refused(StatusCode.FAILED_PRECONDITION, "INDEX_REQUIRED") as refusal:
                service.List(filter=text, metadata=caller)
            messages.add(refusal.message)
        assert len(messages) == 1 and "owner" not in messages.pop()
    assert [post.id for post in service.List(filter="title = a1", metadata=AMY)] == [1]
    assert service.List(filter="title = b1", metadata=AMY) == []


def test_destroying_takes_no_hidden_row_along_unseen(blog):
    """What refers to a row decides whether it can go; what is hidden itself cannot be destroyed."""
    tags = blog.service("TagController")
    with refused(StatusCode.NOT_FOUND):
        tags.Destroy(id=3, metadata=AMY)
    assert blog.database.query("SELECT count(*) FROM post_tags WHERE tag_id = 3")[0][0] == 2
