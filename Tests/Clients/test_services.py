"""Several services over one model: each with fields, filter, actions, lookup and null style of its own."""

import pytest
from grpc import StatusCode

from support.errors import refused
from support.pages import pages
from support.protos import descriptor_set
from test_health import SERVING, check

FIELDS = """
      id: { type: int64, primary_key: true }
      slug: { type: string, unique: true }
      secret: { type: string, null: true }
      title: { type: string, max_length: 20 }
      note: { type: string, null: true }
      kind: { type: string, choices: [news, blog], enum: true }
      published: { type: bool }
      labels: { type: many_to_many, model: Label }
"""
FIRST = """
      - actions: all
"""
OTHERS = """
      - name: PublicPostController
        actions: [List, ListPage, Retrieve]
        fields: [slug, title, note, kind]
        filter: published = true
        lookup_field: slug
        null_style: optional
        max_page_size: 3
        default_page_size: 2
        total_size: exact
      - name: Drafts
        actions: [List, Retrieve, PartialUpdate, Destroy]
        filter: published = false
      - name: ModerationService
        message: Post
        actions: [List, Destroy]
        statement_timeout: 5s
"""
HEAD = """
package: blog
models:
  Post:
    fields:"""
TAIL = """
  Label:
    fields:
      id: { type: int64, primary_key: true }
      word: { type: string }
  Comment:
    fields:
      id: { type: int64, primary_key: true }
      post: { type: foreign_key, model: Post, null: true }
"""
ONE = HEAD + FIELDS + "    services:" + FIRST + TAIL
SEVERAL = HEAD + FIELDS + "    services:" + FIRST + OTHERS + TAIL


def declared(project):
    """What the protos say: messages with their fields' numbers, and services with their methods' types."""
    (file,) = descriptor_set(project.protos).file[-1:]
    assert file.package == "blog"
    messages = {message.name: {field.name: field.number for field in message.field} for message in file.message_type}
    services = {
        service.name: {method.name: (method.input_type.split(".")[-1], method.output_type.split(".")[-1]) for method in service.method}
        for service in file.service
    }
    return messages, services


def test_names_and_numbers(new_project):
    messages, services = declared(new_project(blog=SEVERAL).generate())
    assert list(services) == ["PostController", "PublicPostController", "Drafts", "ModerationService", "LabelController", "CommentController"]
    assert services["PublicPostController"] == {
        "List": ("PublicPostListRequest", "PublicPost"), "Retrieve": ("PublicPostRetrieveRequest", "PublicPost"),
        "ListPage": ("PublicPostListRequest", "PublicPostListResponse"),
    }
    assert services["Drafts"]["PartialUpdate"] == ("DraftsPostPartialUpdateRequest", "DraftsPost")
    assert services["ModerationService"] == {"List": ("PostListRequest", "Post"), "Destroy": ("PostDestroyRequest", "Empty")}
    # What several services show has one number.
    assert messages["PublicPost"] == {name: messages["Post"][name] for name in ["slug", "title", "note", "kind"]}
    assert messages["DraftsPost"] == messages["Post"]
    assert messages["DraftsPostPartialUpdateRequest"] == messages["PostPartialUpdateRequest"]
    assert messages["PublicPostRetrieveRequest"] == {"slug": 1, "read_mask": 2}


def test_another_service_changes_nothing_of_the_first(new_project):
    project = new_project(blog=ONE).generate()
    before = declared(project)
    lock = project.lock.read_text().splitlines()
    # The same with `service:`.
    plain = ONE.replace("    services:" + FIRST, "    service: { actions: all }\n")
    assert project.write(blog=plain).run("generate-protos", "--check").returncode == 0
    project.write(blog=SEVERAL).generate()
    messages, services = declared(project)
    assert {name: messages[name] for name in before[0]} == before[0]
    assert {name: services[name] for name in before[1]} == before[1]
    assert set(lock) <= set(project.lock.read_text().splitlines())
    assert project.run("generate-protos", "--check").returncode == 0


def test_a_removed_service_leaves_tombstones(new_project):
    project = new_project(blog=SEVERAL).generate()
    full = project.lock.read_text()
    done = project.write(blog=ONE).run("generate-protos")
    assert done.returncode == 1
    for name in ["PublicPostController", "Drafts", "ModerationService"]:
        assert f"service-removed:blog.{name}" in done.stderr
    project.generate(*[f"--accept-breaking=service-removed:blog.{name}" for name in ["PublicPostController", "Drafts", "ModerationService"]])
    assert "PublicPost" not in project.proto_text()
    assert "blog.PublicPost" in project.lock.read_text()
    # It comes back with its numbers, even if the fields are now in another order and a new one stands first.
    moved = SEVERAL.replace("fields: [slug, title, note, kind]", "fields: [id, kind, note, title, slug]")
    messages, _ = declared(project.write(blog=moved).generate())
    assert messages["PublicPost"] == {name: messages["Post"][name] for name in ["id", "slug", "title", "note", "kind"]}
    project.write(blog=SEVERAL).generate()
    assert "PublicPost" in full


def test_a_type_that_changes_breaks_each_message(new_project):
    project = new_project(blog=SEVERAL).generate()
    done = project.write(blog=SEVERAL.replace("title: { type: string, max_length: 20 }", "title: { type: int32 }")).run("generate-protos")
    assert done.returncode == 1
    for message in ["Post", "PublicPost", "DraftsPost"]:
        assert f"field-type:blog.{message}.title" in done.stderr


def test_a_renamed_field_keeps_its_number_everywhere(new_project):
    project = new_project(blog=SEVERAL).generate()
    before, _ = declared(project)
    renamed = SEVERAL.replace("title: { type: string,", "headline: { was: title, type: string,").replace("slug, title,", "slug, headline,")
    after, _ = declared(project.write(blog=renamed).generate())
    for message in ["Post", "PublicPost", "DraftsPost", "DraftsPostPartialUpdateRequest"]:
        assert after[message]["headline"] == before[message]["title"]
        assert "title" not in after[message]


def test_one_message_stand_alone(new_project):
    project = new_project(blog=SEVERAL)
    text = project.check("generate-protos", "--model", "blog.PublicPost")
    assert "message PublicPost {" in text and "service PublicPostController {" in text and "secret" not in text


@pytest.mark.parametrize(
    ("before", "after", "place", "message"),
    [
        ("- actions: all", "- all", None, "error: a service must be a mapping, found the text 'all'; write '- name: …'"),
        ("- name: Drafts\n        actions", "- actions", None, "error: a further service of model 'Post' needs a name; add 'name: …'"),
        ("name: Drafts", "name: PostController", None, "error: the name 'PostController' of the service of model 'Post' is taken by the service of model 'Post'"),
        ("name: Drafts", "name: LabelService", None, "error: the name 'Label' of the message of a service of model 'Post' is taken by model 'Label'"),
        ("message: Post\n", "message: PublicPost\n", None, "cannot share the message 'PublicPost' with 'PublicPostController'"),
        ("message: Post\n", "message: post\n", None, "error: 'post' is no name for a message: UpperCamelCase letters and digits; write 'Post'"),
        ("- actions: all", "- message: Other\n        actions: all", None, "error: the first service of a model uses the model's own message"),
        ("    services:", "    service: { name: X }\n    services:", None, "error: the model has 'services' already, at line 15"),
        ("    services:" + FIRST + OTHERS, "    services: []\n", None, "error: 'services' is empty"),
        ("    services:" + FIRST + OTHERS, "    services: { A: {} }\n", None, "error: 'services' must be a list of services, found a mapping; write '- name: …' for each"),
        ("default_page_size: 2", "default_page_size: 0", None, "'default_page_size' must be from 1"),
    ],
)
def test_mistakes(new_project, before, after, place, message):
    assert before in SEVERAL
    result = new_project(blog=SEVERAL.replace(before, after)).run("generate-protos")
    assert result.returncode == 78
    assert message in result.stderr and "blog.yaml:" in result.stderr


@pytest.fixture
def blog(kind, start):
    with start(kind, blog=SEVERAL) as running:
        posts = running.service("PostController")
        running.service("LabelController").Create(word="one")
        for number in range(8):
            posts.Create(json={"slug": f"s{number}", "title": f"t{number}", "kind": "POST_KIND_BLOG", "published": number % 2 == 0,
                               "secret": {"value": "x" * number}, "labels": [1]})
        yield running


def test_each_service_has_its_rows_fields_and_actions(blog):
    posts, public, drafts, moderation = (
        blog.service(name) for name in ["PostController", "PublicPostController", "Drafts", "ModerationService"])
    assert [post.slug for post in posts.List()] == [f"s{number}" for number in range(8)]
    # Its own limits.
    assert [[post.slug for post in page] for page in pages(public.List)] == [["s0", "s2", "s4"], ["s6"]]
    page = public.ListPage()
    assert ([post.slug for post in page.results], page.total_size) == (["s0", "s2"], 4)
    shown = public.Retrieve(slug="s2")
    assert {field.name for field in shown.DESCRIPTOR.fields} == {"slug", "title", "note", "kind"}
    assert (shown.title, shown.HasField("note")) == ("t2", False)
    with refused(StatusCode.NOT_FOUND):
        public.Retrieve(slug="s1")
    assert [draft.slug for draft in drafts.List()] == ["s1", "s3", "s5", "s7"]
    with refused(StatusCode.NOT_FOUND):
        drafts.Destroy(id=1)
    with refused(StatusCode.NOT_FOUND):
        drafts.PartialUpdate(json={"id": 1, "title": "stolen"})
    assert drafts.PartialUpdate(json={"id": 2, "title": "mended", "published": True}).title == "mended"
    assert public.Retrieve(slug="s1").title == "mended"
    with refused(StatusCode.INVALID_ARGUMENT, fields=["title"]):
        drafts.PartialUpdate(json={"id": 4, "title": "x" * 21})
    moderation.Destroy(id=1)
    assert [post.slug for post in moderation.List()] == [f"s{number}" for number in range(1, 8)]
    call = blog.server.channel().unary_unary("/blog.PublicPostController/Create")
    with refused(StatusCode.UNIMPLEMENTED, details=False):
        call(b"", timeout=10)


def test_filters_know_the_fields_of_their_service(blog):
    posts, public = blog.service("PostController"), blog.service("PublicPostController")
    assert [post.slug for post in posts.List(filter="secret = xx", order_by="secret")] == ["s2"]
    for request in [dict(filter="secret = xx"), dict(order_by="secret"), dict(filter="id = 1"), dict(json={"readMask": "secret"})]:
        with refused(StatusCode.INVALID_ARGUMENT):
            public.List(**request)
    # Behind a relation, those of the related model's first service.
    blog.service("CommentController").Create(json={"post": {"value": 3}})
    assert len(blog.service("CommentController").List(filter="post.secret = xx")) == 1


def test_tokens_belong_to_one_service(blog):
    token = next(pages(blog.service("PublicPostController").List, wants_token=True))[1]
    with refused(StatusCode.INVALID_ARGUMENT, fields=["page_token"]):
        blog.service("PostController").List(page_size=3, page_token=token)


def test_each_service_has_its_health(blog):
    for name in ["PostController", "PublicPostController", "Drafts", "ModerationService"]:
        assert check(blog.server, f"blog.{name}") == SERVING
    blog.server.logged("blog.PublicPostController: List Retrieve ListPage")


def test_check_and_inspect_take_the_services_as_one_model(blog):
    project = blog.project
    assert project.check("check", "--database", project.database.url).startswith("definitions, protos and database agree")
    before = (project.folder / "models" / "blog.yaml").read_text()
    project.database.script("CREATE TABLE public_post (id integer PRIMARY KEY)")
    project.check("inspect", "--database", project.database.url)
    after = "".join(file.read_text() for file in sorted((project.folder / "models").iterdir()))
    assert before.strip() in after
    # Its name is taken by a message of blog.
    assert project.run("generate-protos").returncode == 0


ACTIONS = ["List", "Create", "Retrieve", "Update", "PartialUpdate", "Destroy", "ListPage"]
SUBSETS = [[action for bit, action in enumerate(ACTIONS) if number >> bit & 1] for number in range(1, 1 << len(ACTIONS))]


def test_actions_in_every_combination(kind, start):
    """127 services over one model: each has its actions and no other."""
    services = "".join(f"\n      - {{ name: Part{number}, message: Post, actions: [{', '.join(actions)}] }}" for number, actions in enumerate(SUBSETS))
    model = f"{HEAD}{FIELDS}    services:\n      - actions: all{services}{TAIL}"
    with start(kind, blog=model) as running:
        messages, declared_services = declared(running.project)
        assert len([name for name in messages if name.startswith("Post")]) == 6
        channel = running.server.channel()
        key = {"id": 1}
        fields = {"slug": "s", "title": "t", "kind": "POST_KIND_NEWS"}
        created = fields | {"slug": "another"}
        for number, actions in enumerate(SUBSETS):
            assert set(declared_services[f"Part{number}"]) == set(actions)
            running.database.query("DELETE FROM post")
            running.database.query("INSERT INTO post (id, slug, title, kind, published) VALUES (1, 'a', 'b', 'blog', ?)", (False if kind == "postgresql" else 0,))
            service = running.service(f"Part{number}")
            for action in ACTIONS:
                if action not in actions:
                    with refused(StatusCode.UNIMPLEMENTED, details=False):
                        channel.unary_unary(f"/blog.Part{number}/{action}")(b"", timeout=10)
                    continue
                request = {"Create": created | {"id": 2}, "Retrieve": key, "Update": key | fields, "PartialUpdate": key | {"title": "c"}, "Destroy": key}
                getattr(service, action)(json=request.get(action, {}))


LOOKUPS = {
    "string": ("type: string", ["ä b", ""]), "email": ("type: string, format: email", ["a@b.example"]), "int32": ("type: int32", [-5, 0]),
    "uint64": ("type: uint64", [2**62]), "uuid": ("type: uuid", ["0a1b2c3d-0000-4000-8000-00000000abcd"]),
    "blob": ("type: uuid, storage: blob", ["0a1b2c3d-0000-4000-8000-00000000abcd"]), "bytes": ("type: bytes", [b"\xff\x00", b""]),
    "date": ("type: date", ["2024-02-29"]), "time": ("type: time", ["12:30:00"]), "decimal": ("type: decimal, storage: text", ["12.5"]),
    "enum": ("type: string, choices: [red, blue], enum: true", [2]), "bool": ("type: bool", [True, False]),
    "foreign_key": ("type: foreign_key, model: Owner", [7]),
}


@pytest.mark.parametrize("name", LOOKUPS)
def test_lookup_field_of_every_type(kind, start, name):
    options, values = LOOKUPS[name]
    model = f"""
models:
  Thing:
    fields:
      id: {{ type: int64, primary_key: true }}
      handle: {{ {options}, unique: true }}
      text: {{ type: string }}
    services:
      - actions: all
      - {{ name: HandleController, lookup_field: handle, lookup_request_field: by, actions: all, filter: text != "hidden" }}
  Owner:
    fields:
      id: {{ type: int64, primary_key: true }}
"""
    with start(kind, things=model) as running:
        things, handles = running.service("ThingController"), running.service("HandleController")
        running.service("OwnerController").Create(id=7)
        for value in values:
            created = things.Create(handle=value, text="one")
            assert handles.Retrieve(by=value).text == "one"
            assert handles.PartialUpdate(by=value, text={"value": "two"}).id == created.id
            assert handles.Update(handle=value, text="three").text == "three"
            assert things.Retrieve(id=created.id).text == "three"
            things.PartialUpdate(json={"id": created.id, "text": "hidden"})
            for call in [lambda: handles.Retrieve(by=value), lambda: handles.Destroy(by=value), lambda: handles.Update(handle=value, text="x"),
                         lambda: handles.PartialUpdate(by=value, text={"value": "x"})]:
                with refused(StatusCode.NOT_FOUND):
                    call()
            things.PartialUpdate(json={"id": created.id, "text": "shown"})
            handles.Destroy(by=value)
            with refused(StatusCode.NOT_FOUND):
                things.Retrieve(id=created.id)
