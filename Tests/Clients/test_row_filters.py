"""Row filters: whose rows a caller finds, changes and makes, and what he cannot learn of the others'."""

import contextlib

import pytest
from grpc import StatusCode

from support.errors import refused
from support.project import Running
from support.server import DidNotStart
from support.callers import AUDIENCE, ISSUER, SECRET, bearer

MODEL = """
models:
  Author:
    fields:
      id: { type: int64, primary_key: true }
      org: { type: string }
  Tag:
    fields:
      id: { type: int64, primary_key: true }
      name: { type: string, unique: true }
      secret: { type: bool, default: false }
  Post:
    fields:
      id: { type: int64, primary_key: true }
      author: { type: foreign_key, model: Author, column: author_id }
      title: { type: string, unique: true, max_length: 50 }
      published: { type: bool, default: false }
      tags: { type: many_to_many, model: Tag }
    service: { actions: [List, ListPage, Create, Retrieve, Update, PartialUpdate, Destroy], total_size: exact }
  Note:
    fields:
      id: { type: int64, primary_key: true }
      post: { type: foreign_key, model: Post, null: true, column: post_id }
      text: { type: string }
    service: { actions: [List, ListPage, Create, Retrieve, Update, PartialUpdate, Destroy] }
  Document:
    fields:
      id: { type: int64, primary_key: true }
      author: { type: foreign_key, model: Author, column: author_id }
      state: { type: string, read_only: true, null: true }
    service: { actions: [List, ListPage, Create, Retrieve, Update, PartialUpdate, Destroy] }
  Project:
    fields:
      id: { type: int64, primary_key: true }
      name: { type: string, unique: true }
      tags: { type: many_to_many, model: Tag }
"""

FILTERS = {
    "blog.Post": 'claims.role = "admin" OR author = claims.sub OR published = true',
    "blog.Tag": 'claims.role = "admin" OR secret = false',
    "blog.Document": "author.org = claims.orgs AND state = null",
    "blog.Project": "tags.name:claims.tag OR tags:claims.tags",
}

# Documents are given a state behind the caller's back.
TRIGGERS = {
    "sqlite": """CREATE TRIGGER stamp AFTER INSERT ON document WHEN NEW.author_id = 3
                 BEGIN UPDATE document SET state = 'locked' WHERE id = NEW.id; END;""",
    "postgresql": """CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
                     BEGIN IF NEW.author_id = 3 THEN NEW.state := 'locked'; END IF; RETURN NEW; END $$;
                     CREATE TRIGGER stamp BEFORE INSERT ON document FOR EACH ROW EXECUTE FUNCTION stamp()""",
}

ADMIN = bearer(sub="0", role="admin", orgs=["red", "blue"], tag="open", tags=[1, 2])
AMY = bearer(sub="1", orgs=["red"])
BOB = bearer(sub="2", orgs=["blue"], tags=[2])


def configuration(filters=FILTERS, authentication=True):
    lines = ["interceptors:"]
    if authentication:
        lines += [
            "  - authentication:",
            f'      jwt: {{ secret: "{SECRET}", issuer: "{ISSUER}", audience: {AUDIENCE} }}',
            "      anonymous: [blog.PostController/List]",
        ]
    lines += ["  - authorization:", '      rules: [{ allow: "*/*" }]', "      row_filters:"]
    return "\n".join(lines + [f"        {model}: '{text}'" for model, text in filters.items()]) + "\n"


@pytest.fixture(scope="module")
def blog(kind, new_project):
    project = new_project(kind, blog=MODEL).generate().apply()
    (project.folder / "pillion.yaml").write_text(configuration())
    project.database.script(TRIGGERS[kind])
    with project.serve() as server:
        yield Running(project, server)


@pytest.fixture
def posts(blog):
    """Posts of Amy (1) and Bob (2), the second of each published; the last tag is secret."""
    for table in ["note", "post_tags", "post", "project_tags", "project", "document", "tag", "author"]:
        blog.database.query(f"DELETE FROM {table}")
    blog.database.script(
        "INSERT INTO author (id, org) VALUES (1, 'red'), (2, 'blue'), (3, 'red');"
        "INSERT INTO tag (id, name, secret) VALUES (1, 'open', false), (2, 'plain', false), (3, 'hush', true);"
        "INSERT INTO post (id, author_id, title, published) VALUES (1, 1, 'a1', false), (2, 1, 'a2', true),"
        " (3, 2, 'b1', false), (4, 2, 'b2', true);"
        "INSERT INTO post_tags (post_id, tag_id) VALUES (2, 1), (2, 3), (4, 3);"
        "INSERT INTO note (id, post_id, text) VALUES (1, 1, 'x'), (2, 3, 'x'), (3, NULL, 'x');"
    )
    if blog.kind == "postgresql":
        for table in ["author", "tag", "post", "note"]:
            blog.database.query(f"ALTER TABLE {table} ALTER id RESTART WITH 10")
    return blog.service("PostController")


def everything(blog):
    """All that could have changed."""
    return [blog.database.query(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ["post", "post_tags", "document", "project", "project_tags"]]


def ids(rows):
    return [row.id for row in rows]


def test_lists_hold_what_the_caller_may_see(posts):
    assert ids(posts.List(metadata=AMY)) == [1, 2, 4]
    assert ids(posts.List(metadata=BOB)) == [2, 3, 4]
    assert ids(posts.List(metadata=ADMIN)) == [1, 2, 3, 4]
    assert ids(posts.List(metadata=AMY, filter="NOT published = true")) == [1]
    page = posts.ListPage(metadata=AMY, page_size=2)
    assert (ids(page.results), page.total_size) == ([1, 2], 3)


@pytest.mark.parametrize("claims", [{}, {"sub": "2x"}, {"sub": "1", "role": ["x"]}, {"role": 5}, {"role": "ADMIN"}])
def test_claims_that_are_missing_or_no_values_open_nothing(posts, claims):
    caller = bearer(**{"sub": "somebody", **claims})
    assert 3 not in ids(posts.List(metadata=caller))
    with refused(StatusCode.NOT_FOUND):
        posts.Retrieve(id=3, metadata=caller)


def test_a_caller_without_credentials_sees_what_is_everybodys(posts):
    assert ids(posts.List()) == [2, 4]
    with refused(StatusCode.UNAUTHENTICATED, details=False):
        posts.Retrieve(id=2)


def test_rows_of_others_are_not_found(blog, posts):
    before = everything(blog)
    with refused(StatusCode.NOT_FOUND) as missing:
        posts.Retrieve(id=99, metadata=AMY)
    calls = [
        lambda: posts.Retrieve(id=3, metadata=AMY),
        lambda: posts.Update(json={"id": 3, "author": 1, "title": "mine", "tags": [1]}, metadata=AMY),
        # What it would become changes nothing about that.
        lambda: posts.Update(json={"id": 3, "author": 2, "title": "a1"}, metadata=AMY),
        lambda: posts.PartialUpdate(json={"id": 3, "title": "mine"}, metadata=AMY),
        lambda: posts.PartialUpdate(json={"id": 3, "tags": [1], "is_tags_set": True}, metadata=AMY),
        lambda: posts.PartialUpdate(json={"id": 3}, metadata=AMY),
        lambda: posts.Destroy(id=3, metadata=AMY),
    ]
    for call in calls:
        with refused(StatusCode.NOT_FOUND) as hidden:
            call()
        assert hidden.message == missing.message
    assert everything(blog) == before


def test_rows_cannot_be_made_outside(blog, posts):
    before = everything(blog)
    # The titles are taken, by a hidden row, by a visible one, and by none: nothing tells them apart.
    for title in ["b1", "a1", "new"]:
        with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
            posts.Create(json={"author": 2, "title": title, "tags": [1]}, metadata=AMY)
    # The author is nobody: not even that is told.
    with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
        posts.Create(json={"author": 99, "title": "new"}, metadata=AMY)
    assert everything(blog) == before
    # A row of one's own that collides with a hidden one does, as with PostgreSQL's own row security.
    with refused(StatusCode.ALREADY_EXISTS):
        posts.Create(json={"author": 1, "title": "b1"}, metadata=AMY)
    made = posts.Create(json={"author": 1, "title": "mine", "tags": [2, 1]}, metadata=AMY)
    assert (made.author, made.title, list(made.tags)) == (1, "mine", [1, 2])
    assert posts.Create(json={"author": 2, "title": "theirs", "published": True}, metadata=AMY).published


def test_rows_cannot_be_moved_outside(blog, posts):
    before = everything(blog)
    for title in ["b1", "new"]:
        with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
            posts.Update(json={"id": 1, "author": 2, "title": title, "tags": [1, 2]}, metadata=AMY)
        with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
            posts.PartialUpdate(json={"id": 1, "author": 2, "title": title}, metadata=AMY)
    # Published, and thereby visible to Amy; she may not hide it with its author.
    with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
        posts.PartialUpdate(json={"id": 4, "published": False}, metadata=AMY)
    assert everything(blog) == before
    assert posts.PartialUpdate(json={"id": 1, "title": "other", "tags": [2], "is_tags_set": True}, metadata=AMY).title == "other"
    assert posts.PartialUpdate(json={"id": 1, "author": 2, "published": True}, metadata=AMY).author == 2
    posts.Destroy(id=2, metadata=AMY)
    assert ids(posts.List(metadata=ADMIN)) == [1, 3, 4]


def test_what_is_stored_is_looked_at_once_more(blog, posts):
    documents = blog.service("DocumentController")
    before = everything(blog)
    with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
        documents.Create(author=3, metadata=AMY)
    with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
        documents.Create(author=2, metadata=AMY)
    assert everything(blog) == before
    made = documents.Create(author=1, metadata=AMY)
    assert ids(documents.List(metadata=AMY)) == [made.id]
    assert ids(documents.List(metadata=BOB)) == []
    # Any of the organisations.
    both = bearer(sub="9", orgs=["green", "blue", "red"])
    assert ids(documents.List(metadata=both)) == [made.id]
    assert ids(documents.List(metadata=bearer(sub="9", orgs=[]))) == []
    with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
        documents.Update(id=made.id, author=2, metadata=AMY)
    assert documents.Update(id=made.id, author=2, metadata=both).author == 2


def test_filters_over_many_to_many(blog, posts):
    projects = blog.service("ProjectController")
    before = everything(blog)
    for tags in [[], [1]]:
        with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
            projects.Create(json={"name": "x", "tags": tags}, metadata=BOB)
    assert everything(blog) == before
    made = projects.Create(json={"name": "x", "tags": [1, 2]}, metadata=BOB)
    with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
        projects.PartialUpdate(json={"id": made.id, "tags": [1], "is_tags_set": True}, metadata=BOB)
    assert list(projects.Retrieve(id=made.id, metadata=BOB).tags) == [1, 2]
    # By the name of a tag.
    named = bearer(sub="9", tag="open")
    assert projects.PartialUpdate(json={"id": made.id, "name": "y"}, metadata=named).name == "y"
    with refused(StatusCode.PERMISSION_DENIED, "ROW_FILTER"):
        projects.Update(json={"id": made.id, "name": "z", "tags": [2]}, metadata=named)
    assert list(projects.Update(json={"id": made.id, "name": "z", "tags": [1]}, metadata=named).tags) == [1]
    with refused(StatusCode.NOT_FOUND):
        projects.Destroy(id=made.id, metadata=BOB)
    projects.Destroy(id=made.id, metadata=named)


def test_relations_do_not_lead_to_hidden_rows(blog, posts):
    notes = blog.service("NoteController")
    assert ids(notes.List(metadata=AMY)) == [1, 2, 3], "notes have no filter of their own"
    assert ids(notes.List(metadata=AMY, filter='post.title:"1"')) == [1]
    assert ids(notes.List(metadata=ADMIN, filter='post.title:"1"')) == [1, 2]
    assert ids(notes.List(metadata=AMY, filter='NOT post.title = "b1"')) == [1, 2, 3]
    # A hidden post orders as none.
    assert ids(notes.List(metadata=AMY, order_by="post.title desc, id")) == [2, 3, 1]
    assert ids(notes.List(metadata=ADMIN, order_by="post.title desc, id")) == [3, 2, 1]
    first = notes.ListPage(metadata=AMY, order_by="post.title desc, id", page_size=1)
    second = notes.ListPage(metadata=AMY, order_by="post.title desc, id", page_size=2, page_token=first.next_page_token)
    assert (ids(first.results), ids(second.results)) == ([2], [3, 1])


def test_keys_of_hidden_rows_are_left_out_and_left_alone(blog, posts):
    assert list(posts.Retrieve(id=2, metadata=AMY).tags) == [1]
    assert list(posts.Retrieve(id=2, metadata=ADMIN).tags) == [1, 3]
    for text in ["tags:3", 'tags.name = "hush"']:
        assert ids(posts.List(metadata=AMY, filter=text)) == []
        assert ids(posts.List(metadata=ADMIN, filter=text)) == [2, 4]
    assert ids(posts.List(metadata=AMY, filter="tags:*")) == [2]
    assert list(posts.Update(json={"id": 2, "author": 1, "title": "a2", "tags": [2]}, metadata=AMY).tags) == [2]
    assert list(posts.Retrieve(id=2, metadata=ADMIN).tags) == [2, 3]
    assert list(posts.PartialUpdate(json={"id": 2, "is_tags_set": True}, metadata=AMY).tags) == []
    assert list(posts.Retrieve(id=2, metadata=ADMIN).tags) == [3]
    assert list(posts.PartialUpdate(json={"id": 2, "is_tags_set": True}, metadata=ADMIN).tags) == []


def test_page_tokens_are_the_callers_own(posts):
    first = posts.ListPage(metadata=AMY, page_size=1)
    rest = posts.ListPage(metadata=bearer(sub="1", orgs=["red"], jti="another"), page_size=5, page_token=first.next_page_token)
    assert ids(rest.results) == [2, 4]
    for other in [BOB, ADMIN, bearer(sub="1", role="admin")]:
        with refused(StatusCode.INVALID_ARGUMENT, fields=["page_token"]):
            posts.ListPage(metadata=other, page_size=1, page_token=first.next_page_token)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"blog.Nope": "id = 1"}, "blog.Nope"),
        ({"blog.Post": "nope = claims.sub"}, "nope"),
        ({"blog.Post": "author = claims"}, "name of a claim"),
        ({"blog.Post": ""}, "says nothing"),
    ],
)
def test_mistakes_are_errors_at_the_start(new_project, filters, message):
    project = new_project("sqlite", blog=MODEL).generate().apply()
    (project.folder / "pillion.yaml").write_text(configuration(filters))
    with pytest.raises(DidNotStart) as failed, contextlib.closing(project.serve()):
        pass
    assert failed.value.code == 78
    assert message in failed.value.output and "pillion.yaml" in failed.value.output


def test_row_filters_need_callers(new_project):
    project = new_project("sqlite", blog=MODEL).generate().apply()
    (project.folder / "pillion.yaml").write_text(configuration(authentication=False))
    with pytest.raises(DidNotStart) as failed, contextlib.closing(project.serve()):
        pass
    assert failed.value.code == 78 and "authentication" in failed.value.output
