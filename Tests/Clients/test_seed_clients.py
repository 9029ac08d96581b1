"""The ancestor's clients, compiled from the ancestor's own protos, unchanged."""

import re
import sys

import grpc
import pytest

from support import seed
from support.errors import refused
from support.protos import compile_python

PROTOS = ["blog_proto/post.proto", "account.proto", "hrm.proto", "snippets.proto"]


@pytest.fixture(scope="session")
def modules(tmp_path_factory):
    """A folder with the Python modules that protoc makes of the ancestor's protos."""
    folder = tmp_path_factory.mktemp("modules")
    compile_python(seed.FOLDER / "protos", folder, *PROTOS)
    sys.path.append(str(folder))
    yield folder
    sys.path.remove(str(folder))


def test_tutorial(seeded, modules):
    printed = seed.run_client("tutorial", seeded.server, modules)
    number = re.search(r"^id: (\d+)$", printed, re.MULTILINE).group(1)
    first = f'id: {number}\ntitle: "t1"\ncontent: "c1"\n'
    second = f'id: {number}\ntitle: "t2"\ncontent: "c2"\n'
    assert printed == (
        f"----- Create -----\n{first}----- List -----\n{first}----- Retrieve -----\n{first}"
        f"----- Update -----\n{second}----- Delete -----\n"
    )
    assert seeded.database.query("SELECT count(*) FROM blog_post") == [(0,)]


def test_tutorial_tests(seeded, modules):
    from blog_proto import post_pb2, post_pb2_grpc

    stub = post_pb2_grpc.PostControllerStub(seeded.server.channel())
    response = stub.Create(post_pb2.Post(title="title", content="content"))
    assert (response.title, response.content) == ("title", "content")
    assert seeded.database.query("SELECT count(*) FROM blog_post") == [(1,)]
    stub.Create(post_pb2.Post(title="title2", content="content2"))
    assert [post.title for post in stub.List(post_pb2.PostListRequest())] == ["title", "title2"]
    with refused(grpc.StatusCode.NOT_FOUND):
        stub.Retrieve(post_pb2.PostRetrieveRequest(id=response.id + 1000))


def test_quickstart(seeded, modules):
    rows = [
        (7, "older", "older@example.com", "2020-01-01 00:00:00"), (8, "newer", "", "2024-06-01 12:00:00.123456"),
    ]
    for number, name, email, joined in rows:
        seeded.database.query(
            "INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active,"
            f" date_joined) VALUES ({number}, '', false, '{name}', '', '', '{email}', false, true, '{joined}')"
        )
    seeded.database.query("INSERT INTO auth_user_groups (user_id, group_id) VALUES (7, 1), (7, 2)")
    assert seed.run_client("quickstart", seeded.server, modules) == (
        'id: 8\nusername: "newer"\nid: 7\nusername: "older"\nemail: "older@example.com"\ngroups: 1\ngroups: 2\n'
    )


def test_quickstart_user_with_groups(seeded, modules):
    import account_pb2
    import account_pb2_grpc

    stub = account_pb2_grpc.UserControllerStub(seeded.server.channel())
    created = stub.Create(account_pb2.User(username="tom", email="tom@account.com", groups=[2]))
    assert (created.username, created.email, list(created.groups)) == ("tom", "tom@account.com", [2])
    rows = seeded.database.query("SELECT username, password, last_login, date_joined IS NOT NULL FROM auth_user")
    assert [(name, password, login, bool(joined)) for name, password, login, joined in rows] == [("tom", "", None, True)]
    assert stub.Retrieve(account_pb2.UserRetrieveRequest(id=created.id)) == created
    updated = stub.Update(account_pb2.User(id=created.id, username="tom", email="new@account.com", groups=[1, 2]))
    assert sorted(updated.groups) == [1, 2] and updated.email == "new@account.com"
    assert [user.id for user in stub.List(account_pb2.UserListRequest())] == [created.id]
    stub.Destroy(account_pb2.User(id=created.id))
    assert seeded.database.query("SELECT count(*) FROM auth_user_groups") == [(0,)]
    assert list(stub.List(account_pb2.UserListRequest())) == []


def test_person_partial_update(seeded, modules):
    printed = seed.run_client("person", seeded.server, modules)
    assert printed == 'id: 1\nname: "amy"\nemail: "amy@demo.com"\n'
    assert seeded.database.query("SELECT name, email FROM hrm_person") == [("amy", "amy@demo.com")]


def test_person_name_set_to_nothing(seeded, modules):
    import hrm_pb2
    import hrm_pb2_grpc
    from google.protobuf.wrappers_pb2 import StringValue

    stub = hrm_pb2_grpc.PersonControllerStub(seeded.server.channel())
    person = stub.PartialUpdate(hrm_pb2.PersonPartialUpdateRequest(id=1, name=StringValue()))
    assert (person.name, person.email) == ("", "amy@demo.com")


def test_snippet_null(seeded, modules):
    printed = seed.run_client("snippet", seeded.server, modules)
    assert printed == 'id: 1\ntitle: "snippet title"\nlanguage {\n  null: NULL_VALUE\n}\n'
    assert seeded.database.query("SELECT title, language FROM snippets_snippet") == [("snippet title", None)]


def test_snippet_value_and_unset(seeded, modules):
    import snippets_pb2
    import snippets_pb2_grpc

    stub = snippets_pb2_grpc.SnippetControllerStub(seeded.server.channel())
    request = snippets_pb2.Snippet(id=1, title="snippet title")
    request.language.value = "python"
    assert stub.Update(request) == request
    answer = stub.Update(snippets_pb2.Snippet(id=1, title="no language"))
    assert answer.language.WhichOneof("kind") == "null"


def test_django_reads_what_was_written(seeded, modules):
    """Timestamps of auto_now_add are in the form that Django itself writes, or one that it reads."""
    from blog_proto import post_pb2, post_pb2_grpc

    post_pb2_grpc.PostControllerStub(seeded.server.channel()).Create(post_pb2.Post(title="t", content="c"))
    script = "import django; django.setup(); from blog.models import Post; print(Post.objects.get().created.tzname())"
    printed = seed.django(seeded.database, seed.FOLDER / "django", "shell", "--no-imports", "-c", script)
    assert printed == "UTC\n"
