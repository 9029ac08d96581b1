"""TLS and mTLS (G46): grpcio's secure channels, Python's `ssl` for what grpcio would never do."""

import os
import socket
import ssl
import threading
import time

import grpc
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support.certificates import CLIENT, SERVER, Authority, Certificate
from support.client import TIMEOUT
from support.postgres import wait_until
from support.server import DidNotStart

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
LOOPBACK = "127.0.0.1:0"
ROWS = 30_000


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def stranger():
    return Authority("Somebody else")


@pytest.fixture
def project(new_project, authority):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    authority.server().write(project.folder, "server")
    (project.folder / "ca.pem").write_bytes(authority.pem)
    return project


def serve(project, *, listen=(LOOPBACK,), client=None, **settings):
    """A server with TLS; `client`: what `client_certificate` is."""
    settings = {"certificate": "server.pem", "key": "server.key"} | settings
    if client:
        settings |= {"client_ca": "ca.pem", "client_certificate": client}
    variables = {f"PILLION_SERVER_TLS_{name.upper()}": value for name, value in settings.items() if value is not None}
    return project.serve(listen=listen, variables=variables)


def credentials(authority, certificate=None):
    if certificate is None:
        return grpc.ssl_channel_credentials(authority.pem)
    return grpc.ssl_channel_credentials(authority.pem, certificate.key, certificate.pem)


def notes(project, server, channel_credentials, target=None):
    return project.client(server, credentials=channel_credentials, target=target).service("NoteController")


def accepts(project, server, channel_credentials, target=None):
    service = notes(project, server, channel_credentials, target)
    created = service.Create(text="over TLS")
    assert service.Retrieve(id=created.id).text == "over TLS"


def turns_away(project, server, channel_credentials):
    with pytest.raises(grpc.RpcError) as error:
        notes(project, server, channel_credentials).Create(text="never", timeout=TIMEOUT)
    assert error.value.code() == StatusCode.UNAVAILABLE
    return error.value.details()


def context(authority, certificate=None, folder=None, *, protocols=("h2",)):
    """The settings of a client of Python's `ssl`."""
    settings = ssl.create_default_context(cadata=authority.pem.decode())
    settings.set_alpn_protocols(list(protocols))
    if certificate:
        certificate.write(folder, "own")
        settings.load_cert_chain(folder / "own.pem", folder / "own.key")
    return settings


def connect(server, settings, session=None):
    raw = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    return settings.wrap_socket(raw, server_hostname="localhost", session=session)


def presented(server, authority):
    """The serial number of the certificate that a new connection sees."""
    with connect(server, context(authority)) as connection:
        der = connection.getpeercert(binary_form=True)
    return ssl.DER_cert_to_PEM_cert(der).encode()


# MARK: Without client certificates


def test_calls_over_tls(project, authority):
    with serve(project) as server:
        server.logged("with TLS")
        accepts(project, server, credentials(authority))


def test_a_client_that_does_not_trust_the_authority(project, authority, stranger):
    with serve(project) as server:
        assert "CERTIFICATE_VERIFY_FAILED" in turns_away(project, server, credentials(stranger))
        accepts(project, server, credentials(authority))


def test_plaintext_to_the_tls_port(project, authority):
    with serve(project) as server:
        with pytest.raises(grpc.RpcError) as error:
            project.client(server).service("NoteController").Create(text="never", timeout=TIMEOUT)
        assert error.value.code() == StatusCode.UNAVAILABLE
        server.logged("TLS handshake failed")
        accepts(project, server, credentials(authority))


def test_tls_plaintext_and_a_unix_socket_together(project, authority):
    path = project.folder / "pillion.sock"
    with serve(project, listen=[LOOPBACK, f"plaintext://{LOOPBACK}", f"unix:{path}"]) as server:
        secure, plaintext, unix = server.listeners
        accepts(project, server, credentials(authority), f"127.0.0.1:{secure}")
        accepts(project, server, None, f"127.0.0.1:{plaintext}")
        accepts(project, server, None, unix)
        assert server.output.count("with TLS") == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_that_are_accepted(project, authority, version):
    settings = context(authority)
    settings.minimum_version = settings.maximum_version = version
    with serve(project) as server, connect(server, settings) as connection:
        assert connection.selected_alpn_protocol() == "h2"
        # Forward secrecy and authenticated encryption, whatever the client would take.
        assert connection.cipher()[0].startswith(("ECDHE-", "TLS_")) and "CBC" not in connection.cipher()[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_versions_that_are_refused(project, authority, version):
    settings = context(authority)
    settings.set_ciphers("ALL:@SECLEVEL=0")
    settings.minimum_version = settings.maximum_version = version
    with serve(project) as server:
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION|protocol version"):
            connect(server, settings)
        server.logged("UNSUPPORTED_PROTOCOL")


def test_ciphers_that_http2_forbids(project, authority):
    settings = context(authority)
    settings.maximum_version = ssl.TLSVersion.TLSv1_2
    settings.set_ciphers("ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA")
    with serve(project) as server, pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE|handshake failure"):
        connect(server, settings)


@pytest.mark.parametrize("protocols", [[], ["http/1.1"], ["grpc-exp"]])
def test_a_client_without_h2_is_closed_cleanly(project, authority, protocols):
    settings = context(authority, protocols=protocols) if protocols else ssl.create_default_context(cadata=authority.pem.decode())
    with serve(project) as server:
        with connect(server, settings) as connection:
            assert connection.selected_alpn_protocol() is None
            # A close_notify: reading without it would be an error.
            assert connection.recv(1) == b""
        server.logged("the client did not offer the protocol h2")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("client", [None, "required"])
def test_sessions_are_resumed_or_begun_anew(project, authority, tmp_path, version, client):
    own = authority.client() if client else None
    settings = context(authority, own, tmp_path)
    settings.minimum_version = settings.maximum_version = version
    with serve(project, client=client) as server:
        session = None
        for _ in range(3):
            with connect(server, settings, session) as connection:
                connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
                assert len(connection.recv(9)) == 9
                session = connection.session


# MARK: Client certificates


def test_required(project, authority, stranger):
    with serve(project, client="required") as server:
        turns_away(project, server, credentials(authority))
        server.logged("PEER_DID_NOT_RETURN_A_CERTIFICATE")
        turns_away(project, server, credentials(authority, stranger.client()))
        turns_away(project, server, credentials(authority, authority.client(starts=-10, days=5)))
        turns_away(project, server, credentials(authority, authority.client(starts=5)))
        turns_away(project, server, credentials(authority, authority.client(usage=SERVER)))
        wait_until(lambda: server.output.count("CERTIFICATE_VERIFY_FAILED") >= 4)
        accepts(project, server, credentials(authority, authority.client()))


def test_optional(project, authority, stranger):
    with serve(project, client="optional") as server:
        accepts(project, server, credentials(authority))
        accepts(project, server, credentials(authority, authority.client()))
        turns_away(project, server, credentials(authority, stranger.client()))


def test_several_authorities(project, authority, stranger):
    (project.folder / "ca.pem").write_bytes(authority.pem + stranger.pem)
    with serve(project, client="required") as server:
        accepts(project, server, credentials(authority, authority.client()))
        accepts(project, server, credentials(authority, stranger.client()))


@pytest.mark.parametrize("side", ["server", "client"])
def test_intermediate_authorities(project, authority, side):
    intermediate = Authority("Intermediate", issuer=authority)
    own = (intermediate if side == "client" else authority).client()
    if side == "server":
        intermediate.server().write(project.folder, "server")
        with (project.folder / "server.pem").open("ab") as file:
            file.write(intermediate.pem)
    chain = own.pem + (intermediate.pem if side == "client" else b"")
    with serve(project, client="required") as server:
        accepts(project, server, grpc.ssl_channel_credentials(authority.pem, own.key, chain))
        if side == "client":
            turns_away(project, server, credentials(authority, own))


def test_a_client_certificate_that_signed_itself(project, authority):
    with serve(project, client="required") as server:
        turns_away(project, server, credentials(authority, Certificate("client", usage=CLIENT)))


def test_too_many_connections_are_told_so_over_tls(project, authority):
    (project.folder / "pillion.yaml").write_text("server: { max_connections: 1 }\n")
    with serve(project) as server:
        with connect(server, context(authority)), connect(server, context(authority)) as second:
            received = b""
            while chunk := second.recv(1000):
                received += chunk
            assert b"too many connections" in received


# MARK: Reload


def test_renewals_under_load_fail_no_call(project, authority):
    """Each call on a connection of its own, while the files are replaced one after the other."""
    failures, calls, over = [], [], threading.Event()

    def client():
        while not over.is_set():
            with grpc.secure_channel(
                f"127.0.0.1:{server.port}", credentials(authority), options=[("grpc.use_local_subchannel_pool", 1)]
            ) as channel:
                try:
                    check = health_pb2_grpc.HealthStub(channel).Check
                    calls.append(check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT).status)
                except grpc.RpcError as error:
                    failures.append(error)

    with serve(project) as server:
        threads = [threading.Thread(target=client) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for number in range(4):
                new = authority.server(f"number {number}").write(project.folder, "server")
                wait_until(lambda: server.output.count("certificate reloaded") == number + 1)
                assert presented(server, authority) == new.pem
        finally:
            over.set()
            for thread in threads:
                thread.join()
    assert not failures and len(calls) > 20


def test_reload_mid_stream(project, authority):
    project.database.script(
        "".join(f"INSERT INTO note (text) VALUES ('{'x' * 200}');" for _ in range(ROWS)))
    with serve(project) as server:
        service = notes(project, server, credentials(authority))
        rows = service.List.start()
        first = next(rows)
        assert first.text == "x" * 200
        before = presented(server, authority)
        new = authority.server("renewed").write(project.folder, "server")
        server.logged("certificate reloaded")
        assert before != new.pem and presented(server, authority) == new.pem
        server.logged("CN=renewed")
        assert sum(1 for _ in rows) == ROWS - 1
        service.Retrieve(id=first.id)
        accepts(project, server, credentials(authority))


def test_a_bad_pair_is_logged_and_the_old_one_kept(project, authority):
    with serve(project) as server:
        before = presented(server, authority)
        other = authority.server("other")
        (project.folder / "server.pem").write_bytes(other.pem)
        server.logged("cannot be reloaded")
        server.logged("the key does not belong to the certificate")
        assert presented(server, authority) == before
        (project.folder / "server.pem").unlink()
        wait_until(lambda: server.output.count("cannot be reloaded") == 2)
        server.logged("No such file or directory")
        accepts(project, server, credentials(authority))
        other.write(project.folder, "server")
        server.logged("certificate reloaded")
        assert presented(server, authority) == other.pem


def test_reload_through_links_as_kubernetes_does(project, authority):
    """A secret's files are links into a folder, and the folder is a link that is replaced."""
    folder = project.folder
    for version in ("one", "two"):
        (folder / version).mkdir()
        authority.server(version).write(folder / version, "tls")
    (folder / "data").symlink_to("one")
    with serve(project, certificate="data/tls.pem", key="data/tls.key") as server:
        assert presented(server, authority) == (folder / "one/tls.pem").read_bytes()
        (folder / "next").symlink_to("two")
        os.replace(folder / "next", folder / "data")
        server.logged("certificate reloaded")
        assert presented(server, authority) == (folder / "two/tls.pem").read_bytes()


def test_a_new_client_authority_holds_for_new_connections(project, authority, stranger, tmp_path):
    own = authority.client()
    settings = context(authority, own, tmp_path)
    with serve(project, client="required") as server:
        with connect(server, settings) as connection:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
            assert connection.recv(9)
            session = connection.session
            (project.folder / "ca.pem").write_bytes(stranger.pem)
            server.logged("certificate reloaded")
            # A ping on the open connection is answered.
            connection.sendall(b"\0\0\x08\6\0\0\0\0\0pingpong")
            received = b""
            while b"pingpong" not in received:
                received += connection.recv(100)
        turns_away(project, server, credentials(authority, own))
        # Nor does the session of before open the door.
        with pytest.raises((ssl.SSLError, ConnectionError)):
            with connect(server, settings, session) as connection:
                connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
                if not connection.recv(9):
                    raise ConnectionError
        accepts(project, server, credentials(authority, stranger.client()))


# MARK: Clients that stop half-way


def test_half_open_handshakes_are_ended(project, authority):
    (project.folder / "pillion.yaml").write_text("server: { handshake_timeout: 500ms }\n")
    with serve(project) as server:
        silent = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        half = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        # A record's header and the beginning of a hello.
        half.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        start = time.monotonic()
        for client in (silent, half):
            assert client.recv(100) == b""
        assert 0.4 < time.monotonic() - start < 10
        wait_until(lambda: server.output.count("it was not over in time") == 2)
        # One that was in time is not cut off later.
        with connect(server, context(authority)) as connection:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
            assert connection.recv(9)
            time.sleep(1)
            connection.sendall(b"\0\0\x08\6\0\0\0\0\0pingpong")
            received = b""
            while b"pingpong" not in received:
                received += connection.recv(100)


def test_garbage(project, authority):
    with serve(project) as server:
        for noise in (b"\0" * 100, os.urandom(1000), b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\1" * 70_000):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
                try:
                    client.sendall(noise)
                    while client.recv(1000):
                        pass
                except ConnectionError:
                    pass
        accepts(project, server, credentials(authority))


# MARK: Shutdown


def test_shutdown_lets_calls_finish_and_says_goodbye(project, authority):
    project.database.script("".join(f"INSERT INTO note (text) VALUES ('{'x' * 200}');" for _ in range(ROWS)))
    server = serve(project)
    try:
        half = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        rows = notes(project, server, credentials(authority)).List.start()
        next(rows)
        with connect(server, context(authority)) as idle:
            idle.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
            assert idle.recv(9)
            server.terminate()
            received = b""
            while chunk := idle.recv(1000):
                received += chunk
                if b"\0\0\x08\6\0" in chunk:
                    idle.sendall(b"\0\0\x08\6\1\0\0\0\0" + chunk[chunk.index(b"\0\0\x08\6\0") + 9 :][:8])
            # GOAWAY, and then a close_notify.
            assert b"\7\0\0\0\0\0" in received
        assert sum(1 for _ in rows) == ROWS - 1
        assert half.recv(1) == b""
        assert server.wait() == 0
    finally:
        server.kill()


def test_shutdown_does_not_wait_for_a_silent_client(project, authority):
    server = serve(project)
    try:
        silent = connect(server, context(authority))
        silent.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        assert silent.recv(9)
        start = time.monotonic()
        server.terminate()
        assert server.wait() == 0
        assert time.monotonic() - start < 10
        silent.close()
    finally:
        server.kill()


def test_a_slow_reader_does_not_fill_the_servers_memory(project, authority):
    """50 MB wait for a client that takes nothing: they stay with the database, not in TLS."""
    project.database.script(
        "INSERT INTO note (text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " SELECT hex(zeroblob(5000)) FROM n;")
    with serve(project) as server:
        options = [("grpc.http2.lookahead_bytes", 64 << 20)]
        services = [
            project.client(server, *options, credentials=credentials(authority)).service("NoteController") for _ in range(8)]
        services[0].List()
        server.reset_peak()
        before = server.resident()
        calls = [service.List.start() for service in services]
        firsts = [next(call) for call in calls]
        time.sleep(2)
        assert server.peak_resident() - before < 64 << 20
        assert all(len(first.text) == 10_000 for first in firsts)
        assert [sum(1 for _ in call) for call in calls] == [4999] * 8


# MARK: Configuration


@pytest.mark.parametrize(("settings", "message"), [
    ({"certificate": None}, "'server.tls.key' is set, but 'server.tls.certificate' is not"),
    ({"key": None}, "'server.tls.certificate' is set, but 'server.tls.key' is not"),
    ({"certificate": "nowhere.pem"}, "'server.tls.certificate': nowhere.pem: No such file or directory"),
    ({"key": "nowhere.pem"}, "'server.tls.key': nowhere.pem: No such file or directory"),
    ({"client_ca": "ca.pem"}, "'server.tls.client_certificate' is neither optional nor required"),
    ({"client_certificate": "required"}, "'server.tls.client_certificate' is required, but 'server.tls.client_ca' is not set"),
    ({"client_ca": "gone.pem", "client_certificate": "optional"}, "'server.tls.client_ca': gone.pem: No such file"),
    ({"client_ca": "server.key", "client_certificate": "optional"}, "'server.tls.client_ca': server.key: no certificate"),
    ({"client_certificate": "maybe"}, "'server.tls.client_certificate' expected one of none, optional, required"),
    ({"certificate": "server.key"}, "'server.tls.certificate': server.key: no certificate in PEM form"),
    ({"key": "server.pem"}, "'server.tls.key': server.pem: no private key in PEM form"),
    ({"key": "other.key"}, "'server.tls.key': other.key: the key does not belong to the certificate"),
    ({"key": "secret.key"}, "'server.tls.key': secret.key: the key is protected by a passphrase"),
    ({"key": "."}, "'server.tls.key': .: the file cannot be read"),
])
def test_errors(project, authority, settings, message):
    authority.server("other").write(project.folder, "other")
    (project.folder / "secret.key").write_bytes(authority.server("secret").key_pem(b"secret"))
    with pytest.raises(DidNotStart) as error:
        serve(project, **settings)
    assert error.value.code == 78
    assert message in error.value.output


@pytest.mark.parametrize(("options", "warning"), [
    ({"starts": -10, "days": 5}, "the certificate of CN=server,O=Pillion\\, tests expired on 20"),
    ({"starts": 5}, "the certificate of CN=server,O=Pillion\\, tests is not valid before 20"),
])
def test_a_certificate_that_is_not_valid_now_is_a_warning(project, authority, options, warning):
    authority.server(**options).write(project.folder, "server")
    with serve(project) as server:
        server.logged(f"warning: {warning}")
        assert turns_away(project, server, credentials(authority))


def test_settings_in_the_file(project, authority):
    (project.folder / "pillion.yaml").write_text(
        f"server:\n  listen: {LOOPBACK}\n"
        "  tls: { certificate: server.pem, key: server.key, client_ca: ca.pem, client_certificate: required }\n")
    with project.serve(listen=[]) as server:
        accepts(project, server, credentials(authority, authority.client()))
