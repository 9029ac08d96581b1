"""Who may do what: rules, their patterns and conditions (G48)."""

import json

import grpc
import jwt
import pytest
from cryptography import x509
from grpc import StatusCode

from support.certificates import CLIENT, Authority, Certificate
from support.errors import refused
from support.http2 import RawConnection
from support.server import DidNotStart
from support.tokens import bearer

MODEL = """
package: blog
models:
  Post:
    fields:
      id: { type: int64, primary_key: true }
      title: { type: string }
  Tag:
    fields:
      id: { type: int64, primary_key: true }
      word: { type: string }
"""
SECRET = "a secret that is long enough for every algorithm: sixty-four bytes or more"
JWT = {"jwt": {"secret": SECRET}, "anonymous": ["grpc.health.v1.Health/*"]}
DENIED = StatusCode.PERMISSION_DENIED


def configure(project, rules, authentication=JWT, **settings):
    chain = [{"authentication": authentication}] if authentication is not None else []
    (project.folder / "pillion.yaml").write_text(
        json.dumps(settings | {"interceptors": [*chain, {"authorization": {"rules": rules}}]}, indent=1))
    return project


def token(**claims):
    return bearer(jwt.encode(claims, SECRET))


@pytest.fixture
def project(new_project):
    return new_project("sqlite", blog=MODEL).generate().apply()


def test_the_rules_of_the_issue(project):
    configure(project, [
        {"allow": "blog.PostController/*", "when": 'claims.role = "editor"'}, {"allow": "*/{List,Retrieve}"},
    ])
    editor, reader = token(sub="amy", role="editor"), token(sub="bob", role="reader")
    with project.serve() as server:
        client = project.client(server)
        posts, tags = client.service("PostController"), client.service("TagController")
        assert posts.Create(title="one", metadata=editor).title == "one"
        assert [post.title for post in posts.List(metadata=reader)] == ["one"]
        for call in (
            lambda: posts.Create(title="two", metadata=reader), lambda: posts.Destroy(id=1, metadata=reader),
            lambda: posts.Create(title="two", metadata=token()), lambda: tags.Create(word="x", metadata=editor),
            lambda: posts.Create(title="two", metadata=token(role=["editor"])),
            lambda: posts.Create(title="two", metadata=token(Role="editor")),
        ):
            with refused(DENIED, "METHOD_NOT_ALLOWED") as refusal:
                call()
            assert refusal.message == "The caller may not use this method."
        # Who it is comes before what it may do.
        with refused(StatusCode.UNAUTHENTICATED, "CREDENTIALS_MISSING"):
            posts.List()
        with refused(StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID"):
            posts.Create(title="two", metadata=bearer("x"))
        assert len(posts.List(metadata=reader)) == 1


def test_a_denial_wins(project):
    configure(project, [
        {"allow": "*"}, {"deny": "*/Destroy", "when": "NOT claims.admin"}, {"deny": "blog.TagController/*"},
    ])
    with project.serve() as server:
        client = project.client(server)
        posts, tags = client.service("PostController"), client.service("TagController")
        posts.Create(title="one", metadata=token())
        with refused(DENIED):
            posts.Destroy(id=1, metadata=token())
        with refused(DENIED):
            posts.Destroy(id=1, metadata=token(admin="true"))
        posts.Destroy(id=1, metadata=token(admin=True))
        with refused(DENIED):
            tags.List(metadata=token(admin=True))


CONDITIONS = [
    ("claims.level >= 3", {"level": 3}, True), ("claims.level >= 3", {"level": 2}, False), ("claims.level >= 3", {"level": "3"}, False),
    ("claims.groups:staff", {"groups": ["news", "staff"]}, True), ("claims.groups:staff", {"groups": ["staffing"]}, False),
    ("claims.groups:staff", {}, False), ("NOT claims.groups:staff", {}, False), ("NOT claims.groups:staff", {"groups": []}, True), ("claims.groups = null OR NOT claims.groups:staff", {}, True),
    ('claims.realm_access.roles:("a" AND "b")', {"realm_access": {"roles": ["a", "b", "c"]}}, True),
    ('claims.realm_access.roles:("a" AND "b")', {"realm_access": {"roles": ["a"]}}, False),
    ('principal = "svc-*" AND NOT principal = "svc-x"', {"sub": "svc-a"}, True),
    ('principal = "svc-*" AND NOT principal = "svc-x"', {"sub": "svc-x"}, False),
    ('peer.address = ("127.0.0.1" OR "::1")', {}, True), ('peer.address = "10.*"', {}, False), ("peer.subject:*", {}, False),
    ('ieq(claims.mail, "AMY@example.org")', {"mail": "amy@Example.org"}, True),
    ('regex(claims.mail, "@example[.]org$")', {"mail": "amy@example.org"}, True),
    ('regex(claims.mail, "@example[.]org$")', {"mail": "amy@example.org.evil"}, False),
    ('claims."https://shop.example/role" = "x"', {"https://shop.example/role": "x"}, True),
]


def test_conditions(project):
    """A rule for each, of a method that does not exist: whom it allows learns that, the others do not."""
    rules = [{"allow": f"x.C{number}/M", "when": condition} for number, (condition, _, _) in enumerate(CONDITIONS)]
    configure(project, rules)
    with project.serve() as server, RawConnection(server.port) as connection:
        for number, (condition, claims, allowed) in enumerate(CONDITIONS):
            answer = connection.call(f"/x.C{number}/M", b"", *token(**claims))
            assert answer.status == (12 if allowed else 7), (condition, claims)


def test_certificates_and_keys_in_conditions(project):
    authority = Authority()
    authority.server().write(project.folder, "server")
    (project.folder / "ca.pem").write_bytes(authority.pem)
    tls = {"certificate": "server.pem", "key": "server.key", "client_ca": "ca.pem", "client_certificate": "optional"}
    key = project.check("api-key", "--name", "jobs", "--claims", 'groups=["batch"]', "--file", "keys").strip()
    configure(
        project, [
            {"allow": "*/List", "when": 'claims.spiffe_id = "spiffe://shop/orders" AND peer.uris:"spiffe://shop/*" AND peer.subject = "CN=orders,*"'},
            {"allow": "*/List", "when": 'principal = "jobs" AND claims.groups:"batch"'},
        ], {"mtls": {"trust_domain": "shop"}, "api_keys": {"file": "keys"}}, server={"tls": tls})

    def posts(server, certificate=None):
        pair = (certificate.key, certificate.pem) if certificate else (None, None)
        channel = server.channel(credentials=grpc.ssl_channel_credentials(authority.pem, *pair))
        return channel.unary_stream("/blog.PostController/List")

    with project.serve() as server:
        assert list(posts(server, authority.client("orders"))(b"")) == []
        with refused(DENIED):
            list(posts(server, authority.client("others"))(b""))
        assert list(posts(server)(b"", metadata=bearer(key))) == []
        # The key says who calls, whoever's certificate it comes with.
        assert list(posts(server, authority.client("others"))(b"", metadata=bearer(key))) == []
        names = [x509.UniformResourceIdentifier("spiffe://shop/orders"), x509.DNSName("orders")]
        with refused(DENIED):
            list(posts(server, Certificate("x", authority, usage=CLIENT, names=names))(b""))


def test_methods_that_nobody_has_defined(project):
    """A rule is about paths as they are dispatched: another spelling is another method, and there is none."""
    configure(project, [{"allow": "blog.PostController/*"}, {"deny": "blog.PostController/Destroy"}])
    headers = token()[0]
    paths = {
        "/blog.PostController/List": 0, "/blog.PostController/Nothing": 12, "/blog.PostController/Destroy": 7,
        "/blog.TagController/List": 7, "/blog.PostController/destroy": 12, "/blog.PostController/Destroy/": 7,
        "//blog.PostController/Destroy": 7, "/blog.PostController//Destroy": 7,
        "/blog.PostController%2FDestroy": 7, "/blog.PostController/Destroy%00": 12, "/blog.PostController/./Destroy": 7,
        "/BLOG.PostController/Destroy": 7, "/": 7,
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": 7, "/grpc.health.v1.Health/Check": 0,
    }
    with project.serve() as server, RawConnection(server.port) as connection:
        assert {path: connection.call(path, b"", headers).status for path in paths} == paths


@pytest.mark.parametrize(("anonymous", "rules", "codes"), [
    (["grpc.health.v1.Health/*"], [{"allow": "*/List"}], (0, 0)),
    (["grpc.health.v1.Health/*"], [{"allow": "*/List"}, {"deny": "grpc.health.v1.Health/*"}], (7, 7)),
    (["grpc.health.v1.Health/*"], [{"allow": "*/*", "when": "claims.role = editor"}], (0, 0)),
    ([], [{"allow": "*/List"}], (16, 7)),
    ([], [{"allow": "*/List"}, {"allow": "grpc.health.v1.Health/*"}], (16, 0)),
])
def test_health_needs_no_rule_where_it_needs_no_credentials(project, anonymous, rules, codes):
    configure(project, rules, {"jwt": {"secret": SECRET}, "anonymous": anonymous})
    with project.serve() as server, RawConnection(server.port) as connection:
        path = "/grpc.health.v1.Health/Check"
        assert (connection.call(path).status, connection.call(path, b"", *token(sub="amy")).status) == codes


def test_anonymous_is_no_permission(project):
    """That a caller need not be known is not that it may."""
    configure(
        project, [{"allow": "blog.PostController/List"}, {"allow": "blog.PostController/*", "when": "claims.role = editor"}],
        {"jwt": {"secret": SECRET}, "anonymous": ["*"]})
    with project.serve() as server:
        client = project.client(server)
        posts, tags = client.service("PostController"), client.service("TagController")
        assert posts.List() == []
        posts.Create(title="one", metadata=token(role="editor"))
        for call in (lambda: posts.Create(title="two"), tags.List, lambda: posts.Destroy(id=1, metadata=token(role="reader"))):
            with refused(DENIED):
                call()


@pytest.mark.parametrize(("rule", "said"), [
    ({"allow": "blog.PostController"}, "service/method"),
    ({"allow": "*/{List"}, "brace"),
    ({"allow": "*/*", "deny": "*/*"}, "allow"),
    ({"when": "claims.a = 1"}, "allow"),
    ({"allow": "*", "when": ""}, "condition"),
    ({"allow": "*", "when": "claims.a ="}, "expected a value"),
    ({"allow": "*", "when": "role = 1"}, "role"),
    ({"allow": "*", "unless": "claims.a"}, "unless"),
    ("*", "mapping"),
])
def test_mistakes(project, rule, said):
    configure(project, [{"allow": "*"}, rule])
    with pytest.raises(DidNotStart) as caught:
        project.serve()
    assert caught.value.code == 78
    assert said in caught.value.output
    assert "pillion.yaml:" in caught.value.output


def test_the_place_of_a_mistake(project):
    (project.folder / "pillion.yaml").write_text(
        f'interceptors:\n  - authentication: {{ jwt: {{ secret: "{SECRET}" }} }}\n'
        "  - authorization:\n      rules:\n        - { allow: \"*\", when: 'claims.a = 1 AND claims.b !' }\n")
    with pytest.raises(DidNotStart) as caught:
        project.serve()
    lines = caught.value.output.splitlines()
    first = next(number for number, line in enumerate(lines) if ": error: " in line)
    assert lines[first].startswith("pillion.yaml:5:58: error: "), lines
    assert lines[first + 1] == "claims.a = 1 AND claims.b !"
    assert lines[first + 2].index("^") == lines[first + 1].index("!")


def test_warnings(project):
    configure(project, [{"allow": "blog.PostControler/*"}, {"allow": "*/List"}])
    with project.serve() as server:
        server.logged("blog.PostControler/*")
        server.logged("blog.PostController")
    configure(project, [{"allow": "*"}], authentication=None)
    with project.serve() as server:
        server.logged("authentication")


def test_authorization_above_authentication(project):
    (project.folder / "pillion.yaml").write_text(json.dumps(
        {"interceptors": [{"authorization": {"rules": [{"allow": "*"}]}}, {"authentication": JWT}]}))
    with pytest.raises(DidNotStart) as caught:
        project.serve()
    assert caught.value.code == 78
    assert "authentication" in caught.value.output
