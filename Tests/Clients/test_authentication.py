"""Who gets in (G44, G45, G48, G49): tokens, API keys, certificates, and everything that is none of them."""

import base64
import json
import re
import threading
import time

import grpc
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from support.certificates import CLIENT, Authority, Certificate
from support.errors import refused
from support.http2 import RawConnection
from support.postgres import wait_until
from support.server import DidNotStart
from support.tokens import AUDIENCE, ISSUER, Key, Provider, base64url, bearer, by_hand, claims, hs256, key_set

MODEL = """
package: notes.v1
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
SECRET = "a secret that is long enough for every algorithm: sixty-four bytes or more"
HEALTH = "grpc.health.v1.Health/*"


def configure(project, authentication, *, above=(), **settings):
    """A pillion.yaml with the chain that the test is about."""
    (project.folder / "pillion.yaml").write_text(
        json.dumps(settings | {"interceptors": [*above, {"authentication": authentication}]}))
    return project


@pytest.fixture(scope="module")
def keys():
    return {
        "rsa": Key("rsa"), "pss": Key("pss", "PS384"), "p256": Key("p256", "ES256"), "p384": Key("p384", "ES384"),
        "p521": Key("p521", "ES512"), "ed": Key("ed", "EdDSA"), "hmac": Key("hmac", "HS256"),
        "plain": Key("plain", "RS256", alg=None), "unnamed": Key(None, "ES256"),
    }


@pytest.fixture(scope="module")
def guarded(new_project, keys):
    """A server that takes tokens of `keys`; nobody else but health's callers gets in."""
    project = new_project("sqlite", notes=MODEL).generate().apply()
    (project.folder / "keys.json").write_text(key_set(*keys.values()))
    configure(
        project, {"jwt": {"jwks": "file:keys.json", "issuer": ISSUER, "audience": AUDIENCE}, "anonymous": [HEALTH]},
        server={"max_header_bytes": "64KiB"}, log={"level": "debug"})
    with project.serve() as server:
        yield project, server


@pytest.fixture
def notes(guarded):
    project, server = guarded
    return project.client(server).service("NoteController")


# Tokens (G44)


def test_good_tokens(notes, keys):
    now = int(time.time())
    good = [key.token() for key in keys.values()]
    good += [
        keys["rsa"].token(aud=["other", AUDIENCE]), keys["rsa"].token(exp=now + 600.5), keys["rsa"].token(exp=None),
        keys["rsa"].token(exp=now - 20), keys["rsa"].token(nbf=now + 20), keys["rsa"].token({"typ": "at+jwt"}),
        keys["rsa"].token(sub=None), keys["rsa"].token(padding="x" * 10_000),
    ]
    assert len(good) >= 10
    for number, token in enumerate(good):
        assert notes.List(metadata=bearer(token)) == [], number
    assert notes.List(metadata=[("authorization", f"bearer {good[0]}")]) == []


def bad_tokens(keys):
    """Each by what is wrong with it."""
    rsa, p256 = keys["rsa"], keys["p256"]
    now, public = int(time.time()), keys["rsa"].pem
    head = {"alg": "RS256", "kid": "rsa", "typ": "JWT"}
    good = rsa.token()
    first, second, third = good.split(".")
    stranger = Key("rsa")
    yield "none", by_hand({"alg": "none", "kid": "rsa"}, claims(), lambda data: b"")
    for name in ("none", "None", "NONE", "nOnE", "", " none"):
        yield f"alg {name!r} with a signature", by_hand(head | {"alg": name}, claims())
    yield "none without kid", f"{base64url({'alg': 'none'})}.{base64url(claims())}."
    yield "HS256 with the public key in PEM", by_hand(head | {"alg": "HS256"}, claims(), hs256(public))
    yield "HS256 with the public key's modulus", by_hand(
        head | {"alg": "HS256"}, claims(), hs256(base64.urlsafe_b64decode(rsa.public()["n"] + "==")))
    yield "HS256 with an empty secret", by_hand(head | {"alg": "HS256"}, claims(), hs256(b""))
    yield "unknown kid", rsa.token({"kid": "nobody"})
    yield "the kid of another key", rsa.token({"kid": "p256"})
    yield "no kid", jwt.encode(claims(), rsa.secret, "RS256")
    yield "kid is a number", by_hand(head | {"kid": 1}, claims(), lambda data: b"x" * 256)
    yield "kid is a path", rsa.token({"kid": "../../dev/null"})
    yield "kid is SQL", rsa.token({"kid": "x' UNION SELECT 'secret"})
    yield "another algorithm of the same key", jwt.encode(claims(), rsa.secret, "RS512", headers={"kid": "rsa"})
    yield "PS256 with a key for RS256", jwt.encode(claims(), rsa.secret, "PS256", headers={"kid": "rsa"})
    yield "PS256 with a key that names no algorithm", jwt.encode(claims(), keys["plain"].secret, "PS256", headers={"kid": "plain"})
    for name, value in {
        "jku": "https://evil.example/keys", "jwk": stranger.public(), "x5u": "https://evil.example/cert",
        "x5c": ["MIIB"], "crit": ["exp"], "b64": False, "zip": "DEF",
    }.items():
        yield f"{name} and a key of its own", stranger.token({name: value})
        yield f"{name} and a good signature", rsa.token({name: value})
    yield "signed by somebody else", stranger.token()
    yield "ES256 with r = s = 0", by_hand({"alg": "ES256", "kid": "p256"}, claims(), lambda data: bytes(64))
    yield "ES256 of wrong length", by_hand({"alg": "ES256", "kid": "p256"}, claims(), lambda data: bytes(63))
    yield "ES256 in DER", by_hand(
        {"alg": "ES256", "kid": "p256"}, claims(), lambda data: p256.private.sign(data, ec.ECDSA(hashes.SHA256())))
    yield "another issuer", rsa.token(iss="https://evil.example")
    yield "issuer with a slash", rsa.token(iss=ISSUER + "/")
    yield "no issuer", rsa.token(iss=None)
    yield "issuer is a list", by_hand_good(rsa, iss=[ISSUER])
    yield "another audience", rsa.token(aud="other")
    yield "no audience", rsa.token(aud=None)
    yield "audience of another type", by_hand_good(rsa, aud={"pillion": True})
    yield "audience with a number in it", by_hand_good(rsa, aud=[AUDIENCE, 1])
    yield "expired", rsa.token(exp=now - 3600)
    yield "expired with more than the leeway", rsa.token(exp=now - 35)
    yield "exp is text", by_hand_good(rsa, exp=str(now + 600))
    yield "exp is a bool", by_hand_good(rsa, exp=True)
    yield "not yet valid", rsa.token(nbf=now + 3600)
    yield "nbf is text", by_hand_good(rsa, nbf="0")
    yield "issued in the future", rsa.token(iat=now + 3600)
    yield "iat is a list", by_hand_good(rsa, iat=[now])
    yield "sub is a number", by_hand_good(rsa, sub=7)
    yield "claims are a list", by_hand(head, [1], signed(rsa))
    yield "claims are no JSON", by_hand(head, base64url(b"{"), signed(rsa))
    yield "a claim twice", by_hand(head, base64url(b'{"iss":"x","iss":"' + ISSUER.encode() + b'"}'), signed(rsa))
    yield "header is no JSON", by_hand(base64url(b"x"), claims(), signed(rsa))
    yield "alg twice", by_hand(base64url(b'{"alg":"none","alg":"RS256","kid":"rsa"}'), claims(), signed(rsa))
    yield "no signature", f"{first}.{second}."
    yield "two parts", f"{first}.{second}"
    yield "four parts", f"{good}.{third}"
    yield "five parts, as of JWE", f"{good}.{third}.{third}"
    yield "padding", f"{good}=="
    yield "the alphabet of plain base64", f"{first}.{second}.{'+/' * 171}"
    yield "a space in it", f"{first}. {second}.{third}"
    yield "another signature's end", good[:-2] + ("AA" if good[-2:] != "AA" else "BB")
    yield "the claims of another", f"{first}.{base64url(claims(sub='bob'))}.{third}"
    yield "16 KiB", rsa.token(padding="x" * 12_300)
    yield "dots", ".."
    yield "no token at all", "token"


def signed(key):
    return lambda data: key.private.sign(data, *rsa_scheme())


def rsa_scheme():
    from cryptography.hazmat.primitives.asymmetric import padding

    return padding.PKCS1v15(), hashes.SHA256()


def by_hand_good(key, **changes):
    """Well signed, with claims that PyJWT would not write."""
    return by_hand({"alg": "RS256", "kid": key.kid}, claims(**changes), signed(key))


def test_bad_tokens(guarded, notes, keys):
    project, server = guarded
    battery = dict(bad_tokens(keys))
    assert len(battery) >= 40
    before = len(server.output)
    for name, token in battery.items():
        try:
            with refused(StatusCode.UNAUTHENTICATED) as refusal:
                notes.List(metadata=bearer(token))
        except BaseException as error:
            error.add_note(name)
            raise
        assert refusal.info.reason == ("CREDENTIALS_EXPIRED" if name.startswith("expired") else "CREDENTIALS_INVALID"), name
        assert refusal.message in ("The credentials are not valid.", "The credentials have expired."), name
        assert refusal.trailers["www-authenticate"].startswith("Bearer"), name
        if len(token) > 20:
            assert token[-20:] not in server.output[before:], name
    # What was wrong is the operator's to read.
    server.logged("the token has expired")
    server.logged("no key has the token's kid")


def test_headers(guarded, keys):
    project, server = guarded
    token = keys["rsa"].token()
    paths = "/notes.v1.NoteController/List"
    with RawConnection(server.port) as connection:
        assert connection.call(paths, b"", ("authorization", f"Bearer {token}")).status == 0
        for values in (
            [f"Bearer {token}", f"Bearer {token}"], [f"Bearer {token}", "Bearer x"], [f"Bearer  {token}"], [f"Bearer\t{token}"],
            [f"Bearer {token} x"], [f"Bearer {token},Bearer {token}"], [token], [f"Token {token}"], [f"Basic {token}"], ["Bearer"],
            [f"JWT {token}"], [""], [f"Bearer:{token}"], [f"Bearer\"{token}\""],
        ):
            answer = connection.call(paths, b"", *(("authorization", value) for value in values))
            assert answer.status == StatusCode.UNAUTHENTICATED.value[0], values
        # Elsewhere than in the one place a token is none.
        for name in ("x-authorization", "proxy-authorization", "cookie", "grpc-metadata-authorization", "authorization-bin"):
            answer = connection.call(paths, b"", (name, f"Bearer {token}"))
            assert answer.status == StatusCode.UNAUTHENTICATED.value[0], name


def test_anonymous_methods(guarded, notes, keys):
    project, server = guarded
    with server.channel() as channel:
        health = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest()
        assert health.Check(request).status == health_pb2.HealthCheckResponse.SERVING
        assert health.Check(request, metadata=bearer(keys["rsa"].token())).status == health_pb2.HealthCheckResponse.SERVING
        # Who shows something bad is not nobody.
        with refused(StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID"):
            health.Check(request, metadata=bearer(keys["rsa"].token() + "x"))
        with refused(StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID"):
            health.Check(request, metadata=[("x-api-key", "pk_x")])
    with refused(StatusCode.UNAUTHENTICATED, "CREDENTIALS_MISSING") as refusal:
        notes.List()
    assert refusal.message == "This method needs credentials."
    assert refusal.trailers["www-authenticate"] == "Bearer"


def test_no_refused_call_takes_a_connection(new_project, keys):
    """The one connection is busy for as long as somebody else holds the table."""
    project = new_project("postgresql", notes=MODEL).generate().apply()
    (project.folder / "keys.json").write_text(key_set(keys["rsa"]))
    configure(project, {"jwt": {"jwks": "file:keys.json"}}, database={"pool": {"connections": 1, "streams": 1}})
    with project.serve() as server, project.database.connect() as holder:
        notes = project.client(server).service("NoteController")
        holder.execute("BEGIN")
        holder.execute(f"LOCK TABLE {table(holder)} IN ACCESS EXCLUSIVE MODE")
        waiting = notes.Retrieve.start(id=1, metadata=bearer(keys["rsa"].token()))
        for _ in range(50):
            with refused(StatusCode.UNAUTHENTICATED):
                notes.Retrieve(id=1, timeout=20, metadata=bearer(keys["rsa"].token({"kid": "x"})))
        assert not waiting.done()
        holder.execute("ROLLBACK")
        with refused(StatusCode.NOT_FOUND):
            waiting.result()


def table(connection):
    return connection.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE '%note'").fetchone()[0]


# Secrets, public keys, settings


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_secret(new_project, algorithm):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    configure(project, {"jwt": {"secret": "${TOKEN_SECRET}", "principal": "name"}})
    with project.serve(variables={"TOKEN_SECRET": SECRET}) as server:
        notes = project.client(server).service("NoteController")
        assert notes.List(metadata=bearer(jwt.encode({"name": "amy"}, SECRET, algorithm))) == []
        assert notes.List(metadata=bearer(jwt.encode({"name": "amy"}, SECRET, algorithm, headers={"kid": "any"}))) == []
        for token in (jwt.encode({"name": "amy"}, SECRET + "x", algorithm), jwt.encode({"sub": "amy"}, SECRET, algorithm)):
            with refused(StatusCode.UNAUTHENTICATED):
                notes.List(metadata=bearer(token))
    assert SECRET not in server.output
    printed = project.check("serve", "--print-config", variables={"TOKEN_SECRET": SECRET}, stdin="")
    assert SECRET not in printed


@pytest.mark.parametrize("algorithm", ["RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA"])
def test_a_public_key(new_project, algorithm):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    key = Key("any", algorithm)
    (project.folder / "id.pem").write_bytes(key.pem)
    configure(project, {"jwt": {"public_key": "id.pem"}})
    with project.serve() as server:
        notes = project.client(server).service("NoteController")
        assert notes.List(metadata=bearer(key.token())) == []
        for token in (Key("any", algorithm).token(), by_hand({"alg": "HS256"}, claims(), hs256(key.pem))):
            with refused(StatusCode.UNAUTHENTICATED):
                notes.List(metadata=bearer(token))
        # The key may be changed as a set of keys may.
        other = Key("any", algorithm)
        (project.folder / "id.pem").write_bytes(other.pem)
        wait_until(lambda: accepted(notes, other.token()), seconds=5)
        assert not accepted(notes, key.token())


def test_algorithms_are_narrowed(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    configure(project, {"jwt": {"secret": SECRET, "algorithms": ["HS512"]}})
    with project.serve() as server:
        notes = project.client(server).service("NoteController")
        assert accepted(notes, jwt.encode({}, SECRET, "HS512"))
        assert not accepted(notes, jwt.encode({}, SECRET, "HS256"))


@pytest.mark.parametrize(("authentication", "said"), [
    ({}, "authentication"),
    ({"jwt": {}}, "jwks"),
    ({"jwt": {"secret": "short"}}, "32"),
    ({"jwt": {"secret": SECRET, "jwks": "file:keys.json"}}, "one of"),
    ({"jwt": {"jwks": "file:none.json"}}, "none.json"),
    ({"jwt": {"jwks": "file:bad.json"}}, "keys"),
    ({"jwt": {"jwks": "ftp://x/"}}, "jwks"),
    ({"jwt": {"secret": SECRET, "algorithms": ["none"]}}, "none"),
    ({"jwt": {"secret": SECRET, "algorithms": ["RS256"]}}, "algorithms"),
    ({"jwt": {"secret": SECRET, "isuer": "x"}}, "issuer"),
    ({"jwt": {"secret": SECRET, "leeway": "soon"}}, "leeway"),
    ({"jwt": {"public_key": "none.pem"}}, "none.pem"),
    ({"api_keys": {}}, "file"),
    ({"api_keys": {"file": "none"}}, "none"),
    ({"api_keys": {"file": "bad.json"}}, "bad.json:1"),
    ({"mtls": {"trust_domain": "spiffe://x"}}, "trust_domain"),
    ({"mtls": {"trust_domain": "example.org"}}, "client_ca"),
    ({"jwt": {"secret": SECRET}, "anonymous": ["no pattern"]}, "no pattern"),
    ({"jtw": {"secret": SECRET}}, "jwt"),
])
def test_mistakes_in_the_settings(new_project, authentication, said):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    (project.folder / "bad.json").write_text("{}")
    (project.folder / "keys.json").write_text('{"keys": []}')
    configure(project, authentication)
    with pytest.raises(DidNotStart) as caught:
        project.serve()
    assert caught.value.code == 78, caught.value
    assert said in caught.value.output
    assert re.search(r"pillion\.yaml:\d+:\d+: error: ", caught.value.output), caught.value
    assert SECRET not in caught.value.output


# Key sets that change (G45)


def accepted(notes, token):
    try:
        return notes.List(metadata=bearer(token)) == []
    except grpc.RpcError as error:
        assert error.code() in (StatusCode.UNAUTHENTICATED, StatusCode.UNAVAILABLE), error
        return False


class Load:
    """Calls with a good token, one after the other, and what became of them."""

    def __init__(self, notes, token):
        self.token, self.refusals, self.count, self._stop = token, [], 0, threading.Event()

        def run():
            while not self._stop.is_set():
                try:
                    notes.List(metadata=bearer(self.token))
                except grpc.RpcError as error:
                    self.refusals.append(error)
                self.count += 1

        self.thread = threading.Thread(target=run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        self.thread.join()


def rotate(notes, publish, new, old, stays):
    """A new key is added, then the old one removed, under load."""
    with Load(notes, stays.token()) as load:
        publish(old, stays, new)
        wait_until(lambda: accepted(notes, new.token()), seconds=5)
        assert accepted(notes, old.token())
        removed = old.token()
        assert accepted(notes, removed)
        publish(stays, new)
        wait_until(lambda: not accepted(notes, removed), seconds=5)
        wait_until(lambda: load.count >= 50)
        assert accepted(notes, new.token())
    assert load.refusals == []


def test_rotation_of_a_file(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    old, stays, new = Key("old", "ES256"), Key("stays", "ES256"), Key("new", "ES256")
    file = project.folder / "keys.json"
    file.write_text(key_set(old, stays))
    configure(project, {"jwt": {"jwks": "file:keys.json"}})
    with project.serve() as server:
        notes = project.client(server).service("NoteController")
        rotate(notes, lambda *keys: file.write_text(key_set(*keys)), new, old, stays)
        # A file that is no key set is not taken over; the next one that is, is.
        file.write_text("{")
        wait_until(lambda: "keys.json" in server.output and "error" in server.output)
        assert accepted(notes, new.token())
        file.write_text(key_set(old))
        wait_until(lambda: accepted(notes, old.token()), seconds=5)
        assert not accepted(notes, new.token())


def test_rotation_at_a_url(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    old, stays, new = Key("old", "ES256"), Key("stays", "ES256"), Key("new", "ES256")
    with Provider(old, stays) as provider:
        configure(project, {"jwt": {"jwks": provider.url, "refresh": "1s"}})
        with project.serve() as server:
            notes = project.client(server).service("NoteController")
            assert accepted(notes, old.token())
            rotate(notes, provider.publish, new, old, stays)
            for status, body in ((500, b"{}"), (200, b"no json"), (302, b""), (200, b'{"keys": {}}'), (200, b"x" * 2_000_000)):
                provider.status, provider.body = status, body
                count = len(provider.requests)
                wait_until(lambda: len(provider.requests) >= count + 2)
                assert accepted(notes, new.token())
            provider.status = 200
            provider.publish(old)
            wait_until(lambda: accepted(notes, old.token()), seconds=5)
            assert not accepted(notes, new.token())


def test_unknown_keys_do_not_make_a_storm(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    old, new = Key("old", "ES256"), Key("new", "ES256")
    with Provider(old) as provider:
        configure(project, {"jwt": {"jwks": provider.url}})
        with project.serve() as server:
            notes = project.client(server).service("NoteController")
            assert accepted(notes, old.token())
            count = len(provider.requests)
            assert count == 1
            provider.publish(old, new)
            # The first token of a new key has the set fetched, and waits for it.
            assert accepted(notes, new.token())
            assert len(provider.requests) == count + 1
            stranger = Key("stranger", "ES256").token()
            for _ in range(300):
                assert not accepted(notes, stranger)
            assert len(provider.requests) == count + 1
            assert accepted(notes, old.token())


def test_a_provider_that_is_down_at_first(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    key = Key("key", "ES256")
    with Provider(key) as provider:
        provider.status = 503
        configure(project, {"jwt": {"jwks": provider.url}, "anonymous": [HEALTH]})
        with project.serve() as server:
            notes = project.client(server).service("NoteController")
            with refused(StatusCode.UNAVAILABLE, "KEYS_UNAVAILABLE"):
                notes.List(metadata=bearer(key.token()))
            provider.status = 200
            wait_until(lambda: accepted(notes, key.token()), seconds=15)


# API keys


def make_key(project, name, *arguments):
    return project.check("api-key", "--name", name, "--file", "keys", *arguments).strip()


def test_api_keys(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    amy = make_key(project, "amy", "--claims", "role=editor", "--claims", "level=3")
    old = make_key(project, "old", "--expires", "2020-01-01")
    file = project.folder / "keys"
    assert file.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["name"] for line in lines] == ["amy", "old"]
    assert lines[0]["claims"] == {"role": "editor", "level": 3}
    assert amy.split("_", 2)[2] not in file.read_text()
    configure(project, {"api_keys": {"file": "keys"}, "jwt": {"secret": SECRET}})
    with project.serve() as server:
        notes = project.client(server).service("NoteController")
        assert notes.List(metadata=bearer(amy)) == []
        assert notes.List(metadata=[("x-api-key", amy)]) == []
        assert notes.List(metadata=bearer(jwt.encode({"sub": "x"}, SECRET))) == []
        with refused(StatusCode.UNAUTHENTICATED, "CREDENTIALS_EXPIRED"):
            notes.List(metadata=bearer(old))
        for key in (amy[:-1], amy + "x", amy[:-1] + ("A" if amy[-1] != "A" else "E"), amy.upper(), "pk_", amy[3:], old[:19] + amy[19:]):
            for metadata in (bearer(key), [("x-api-key", key)]):
                with refused(StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID"):
                    notes.List(metadata=metadata)
        with refused(StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID"):
            notes.List(metadata=[*bearer(amy), ("x-api-key", amy)])
        # New keys are taken over, and keys that are gone refused.
        bob = make_key(project, "bob")
        wait_until(lambda: accepted(notes, bob), seconds=5)
        file.write_text("\n".join(line for line in file.read_text().splitlines() if '"amy"' not in line) + "\n# the end\n")
        wait_until(lambda: not accepted(notes, amy), seconds=5)
        file.write_text(file.read_text() + "nonsense\n")
        server.logged("keys:4")
        assert accepted(notes, bob)
        assert not accepted(notes, amy)
    for key in (amy, old, bob):
        assert key.split("_", 2)[2] not in server.output


def test_the_command_that_makes_keys(new_project):
    project = new_project()
    done = project.run("api-key", "--name", "amy", "--expires", "90d")
    assert done.returncode == 0
    assert re.fullmatch(r"pk_[0-9a-f]{16}_[\w-]{43}\n", done.stderr)
    line = json.loads(done.stdout)
    assert set(line) == {"id", "name", "salt", "hash", "expires"}
    assert done.stderr.split("_", 2)[2].strip() not in done.stdout
    for arguments in (
        [], ["--name", ""], ["--name", "a", "--claims", "role"], ["--name", "a", "--claims", "a=1", "--claims", "a=2"],
        ["--name", "a", "--expires", "soon"],
    ):
        assert project.run("api-key", *arguments).returncode == 64, arguments
    failed = project.run("api-key", "--name", "a", "--file", "none/keys")
    assert failed.returncode == 1
    assert "none/keys" in failed.stderr


# Certificates (G46)


@pytest.fixture(scope="module")
def authority():
    return Authority()


def secure(server, authority, certificate=None):
    pair = (certificate.key, certificate.pem) if certificate else (None, None)
    return server.channel(credentials=grpc.ssl_channel_credentials(authority.pem, *pair))


def listing(channel):
    return list(channel.unary_stream("/notes.v1.NoteController/List")(b"", timeout=20, wait_for_ready=False))


def serve_tls(project, authority, authentication, need="optional"):
    authority.server().write(project.folder, "server")
    (project.folder / "ca.pem").write_bytes(authority.pem)
    tls = {"certificate": "server.pem", "key": "server.key", "client_ca": "ca.pem", "client_certificate": need}
    return configure(project, authentication, server={"tls": tls}).serve()


def test_certificates_of_a_trust_domain(new_project, authority):
    project = new_project("sqlite", notes=MODEL).generate().apply()

    def client(*uris):
        names = [x509.UniformResourceIdentifier(uri) for uri in uris] or [x509.DNSName("orders")]
        return Certificate("client", authority, usage=CLIENT, names=names)

    authentication = {"mtls": {"trust_domain": "example.org"}, "jwt": {"secret": SECRET}, "anonymous": [HEALTH]}
    with serve_tls(project, authority, authentication) as server:
        good = client("spiffe://example.org/ns/shop/sa/orders")
        assert listing(secure(server, authority, good)) == []
        for uris in (
            [], ["spiffe://example.org"], ["spiffe://example.org/"], ["spiffe://evil.org/orders"],
            ["spiffe://example.org.evil.org/orders"], ["https://example.org/orders"],
            ["spiffe://example.org/a", "spiffe://example.org/b"], ["spiffe://example.org/a/../b"],
        ):
            channel = secure(server, authority, client(*uris))
            with refused(StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID"):
                listing(channel)
            # No fallback to nobody.
            with refused(StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID"):
                health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        nobody = secure(server, authority)
        with refused(StatusCode.UNAUTHENTICATED, "CREDENTIALS_MISSING"):
            listing(nobody)
        health_pb2_grpc.HealthStub(nobody).Check(health_pb2.HealthCheckRequest())
        # A token says more than the certificate, and a bad one is not made good by it.
        call = secure(server, authority, good).unary_stream("/notes.v1.NoteController/List")
        assert list(call(b"", metadata=bearer(jwt.encode({"sub": "amy"}, SECRET)))) == []
        with refused(StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID"):
            list(call(b"", metadata=bearer("x")))


def test_certificates_without_a_trust_domain(new_project, authority):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with serve_tls(project, authority, {"mtls": {"principal": "subject"}}) as server:
        assert listing(secure(server, authority, authority.client())) == []
        with refused(StatusCode.UNAUTHENTICATED, "CREDENTIALS_MISSING"):
            listing(secure(server, authority))


# Every way in (G48, G49)


def reflected(server, token):
    """Every method that reflection knows, as paths."""

    class WithToken(grpc.StreamStreamClientInterceptor):
        def intercept_stream_stream(self, continuation, details, requests):
            return continuation(details._replace(metadata=bearer(token)), requests)

    with server.channel() as channel:
        database = ProtoReflectionDescriptorDatabase(grpc.intercept_channel(channel, WithToken()))
        from google.protobuf import descriptor_pool

        pool = descriptor_pool.DescriptorPool(database)
        return [
            f"/{name}/{method.name}" for name in database.get_services() for method in pool.FindServiceByName(name).methods]


def statuses(server, paths, *metadata):
    """What each path answers to a call with an empty message."""
    with RawConnection(server.port) as connection:
        return {path: connection.call(path, b"", *metadata).status for path in paths}


def test_every_method_needs_credentials(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    configure(project, {"jwt": {"secret": SECRET}, "anonymous": ["grpc.health.v1.Health/Check"]})
    token = jwt.encode({"sub": "amy"}, SECRET)
    with project.serve("--dev") as server:
        def check():
            paths = reflected(server, token)
            found = statuses(server, paths)
            assert {path for path, status in found.items() if status != 16} == {"/grpc.health.v1.Health/Check"}, found
            return paths

        before = check()
        assert "/notes.v1.NoteController/Destroy" in before
        assert "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo" in before
        project.write(later=MODEL.replace("notes.v1", "later.v1").replace("Note:", "Later:\n    table: later"))
        wait_until(lambda: any("later.v1" in path for path in reflected(server, token)))
        assert "/later.v1.LaterController/Create" in check()


def spellings(path):
    service, method = path[1:].split("/")
    return [
        path[1:], f"/{path}", f"{path}/", f"/{service}//{method}", f"/{service}/./{method}", f"/x/../{service}/{method}",
        path.lower(), path.upper(), f"/{service}%2F{method}", f"/{service}/{method[:-1]}%74", f"%2F{service}/{method}",
        f"{path}?a=b", f"{path}#a", f"{path};a", f"{path}%00", f"{path}%20", f"/{service}\\{method}", f"\\{service}\\{method}",
        f"/{service}.{method}", f"/{service}/{method}/{method}", f"/{service}", f"/{service}/", f"/{method}", "/", "//", "*",
        f"http://test{path}", f"/{service[:-1]}/{method}", f"/{service}/{method}x", f"/./{service}/{method}", f"/{service}/*",
        f"/*/{method}", f"/{{{service}}}/{method}", "x" * 300 + path, path + "x" * 300,
    ]


def test_spellings_of_a_path(new_project):
    """What looks like an anonymous method to somebody is a method like any other, or none."""
    project = new_project("sqlite", notes=MODEL).generate().apply()
    configure(project, {"jwt": {"secret": SECRET}, "anonymous": ["notes.v1.NoteController/List"]})
    token = ("authorization", f"Bearer {jwt.encode({}, SECRET)}")
    with project.serve() as server:
        path = "/notes.v1.NoteController/List"
        others = spellings(path)
        assert len(others) >= 30
        assert statuses(server, [path]) == {path: 0}
        for metadata, code in (((), StatusCode.UNAUTHENTICATED), ((token,), StatusCode.UNIMPLEMENTED)):
            found = list(statuses(server, others, *metadata).values())
            # What is no path at all HTTP/2 itself resets.
            assert set(found) <= {code.value[0], None}, found
            assert found.count(code.value[0]) >= 20
