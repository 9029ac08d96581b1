"""`pillion healthcheck`: what a container's health check and a probe run."""

import concurrent.futures
import contextlib
import socket
import threading

import grpc
import pytest
from cryptography import x509
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from support.certificates import SERVER, Authority, Certificate
from support.databases import PostgreSQL
from support.postgres import Cluster, wait_until
from support.project import Project

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
SERVING, NOT_SERVING, UNREACHABLE, USAGE, CONFIGURATION = 0, 1, 69, 64, 78


@pytest.fixture(scope="module")
def project(new_project):
    return new_project("sqlite", notes=MODEL).generate().apply()


@pytest.fixture(scope="module")
def server(project):
    with project.serve(listen=["127.0.0.1:0", "[::1]:0", f"unix:{project.folder}/pillion.sock"]) as server:
        yield server


def ask(project, *arguments, expect=SERVING, **options):
    """What it says; asserts its exit code."""
    done = project.run("healthcheck", *arguments, **options)
    assert done.returncode == expect, (done.returncode, done.stdout, done.stderr)
    assert bool(done.stdout) == (expect == SERVING), "results on standard output, troubles on standard error"
    return done.stdout + done.stderr


def test_every_kind_of_address(project, server):
    first, second, path = server.listeners
    for address in [f"127.0.0.1:{first}", f"localhost:{first}", f"[::1]:{second}", path, f"unix://{project.folder}/pillion.sock"]:
        assert ask(project, "--address", address) == "SERVING\n"


def test_one_service(project, server):
    assert ask(project, "--address", server.address, "--service", "notes.NoteController") == "SERVING\n"
    assert "NOT_FOUND" in ask(project, "--address", server.address, "--service", "notes.Nothing", expect=NOT_SERVING)
    long = "x" * 300
    assert "NOT_FOUND" in ask(project, "--address", server.address, "--service", long, expect=NOT_SERVING)


def test_own_server_from_the_settings(project, server):
    """Without an address it asks the server that the same settings make."""
    first, second, path = server.listeners
    for listen in [f"127.0.0.1:{first}", f":{first}", f"0.0.0.0:{first}", f"[::]:{second}", path, f"{path},127.0.0.1:1"]:
        assert ask(project, variables={"PILLION_SERVER_LISTEN": listen}) == "SERVING\n"
    (project.folder / "own.yaml").write_text(f"server: {{ listen: '127.0.0.1:{first}' }}\n")
    assert ask(project, "--config", "own.yaml") == "SERVING\n"
    assert "--address" in ask(project, variables={"PILLION_SERVER_LISTEN": "127.0.0.1:0"}, expect=USAGE)
    ask(project, variables={"PILLION_SERVER_LISTEN": "nonsense"}, expect=CONFIGURATION)


@pytest.mark.parametrize(
    "arguments", [["--address", "nowhere"], ["--timeout", "soon"], ["--tls-key", "x.pem"], ["--tls-certificate", "x.pem"], ["extra"]])
def test_usage(project, arguments):
    ask(project, *arguments, expect=USAGE)


@contextlib.contextmanager
def listener(answer):
    """A socket whose connections get these bytes; None: nothing at all, ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = []

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    taken.append(connection)
                    if answer is not None:
                        connection.sendall(answer)
                        connection.shutdown(socket.SHUT_WR)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        for connection in taken:
            connection.close()


def test_nobody_there(project):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    assert "Connection refused" in ask(project, "--address", address, expect=UNREACHABLE)
    ask(project, "--address", f"unix:{project.folder}/nothing.sock", expect=UNREACHABLE)
    ask(project, "--address", "no-such-host.invalid:50051", expect=UNREACHABLE)


def test_somebody_who_does_not_answer(project):
    with listener(None) as address:
        assert "no answer within 300 ms" in ask(project, "--address", address, "--timeout", "300ms", expect=UNREACHABLE)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 100, b"220 mail ESMTP\r\n"])
def test_somebody_else(project, answer):
    with listener(answer) as address:
        ask(project, "--address", address, expect=UNREACHABLE)
        ask(project, "--address", address, "--live", expect=UNREACHABLE)


def test_a_server_of_grpcio(project):
    """Not only our own: the statuses that it can be set to, and a server without the service."""
    states = health.HealthServicer()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        assert "UNIMPLEMENTED" in ask(project, "--address", address, expect=NOT_SERVING)
        assert "UNIMPLEMENTED" in ask(project, "--address", address, "--live")
    finally:
        server.stop(0)
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
    health_pb2_grpc.add_HealthServicer_to_server(states, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        states.set("shop", health_pb2.HealthCheckResponse.SERVING)
        states.set("till", health_pb2.HealthCheckResponse.NOT_SERVING)
        states.set("mill", health_pb2.HealthCheckResponse.UNKNOWN)
        assert ask(project, "--address", address, "--service", "shop") == "SERVING\n"
        assert ask(project, "--address", address, "--service", "till", expect=NOT_SERVING) == "NOT_SERVING\n"
        assert ask(project, "--address", address, "--service", "mill", expect=NOT_SERVING) == "UNKNOWN\n"
        assert "NOT_SERVING" in ask(project, "--address", address, "--service", "till", "--live")
    finally:
        server.stop(0)


def test_tls(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    authority, stranger = Authority(), Authority("Somebody else")
    # For a name and no address.
    Certificate("server", authority, names=[x509.DNSName("localhost")], usage=SERVER).write(project.folder, "server")
    authority.client().write(project.folder, "client")
    (project.folder / "ca.pem").write_bytes(authority.pem)
    (project.folder / "stranger.pem").write_bytes(stranger.pem)
    variables = {
        "PILLION_SERVER_TLS_CERTIFICATE": "server.pem", "PILLION_SERVER_TLS_KEY": "server.key",
        "PILLION_SERVER_TLS_CLIENT_CA": "ca.pem", "PILLION_SERVER_TLS_CLIENT_CERTIFICATE": "required",
    }
    listen = ["127.0.0.1:0", "plaintext://127.0.0.1:0"]
    with project.serve(listen=listen, variables=variables) as server:
        secure, plain = server.listeners
        address, identity = f"127.0.0.1:{secure}", ["--tls-certificate", "client.pem", "--tls-key", "client.key"]
        assert ask(project, "--address", f"localhost:{secure}", "--tls-ca", "ca.pem", *identity) == "SERVING\n"
        assert ask(project, "--address", address, "--tls-ca", "ca.pem", "--tls-name", "localhost", *identity) == "SERVING\n"
        assert ask(project, "--address", f"127.0.0.1:{plain}") == "SERVING\n"
        for wrong in [["--tls", *identity], ["--tls-ca", "stranger.pem", *identity], ["--tls-ca", "ca.pem", "--tls-name", "localhost"],
                      ["--tls-ca", "ca.pem", *identity], ["--tls-ca", "ca.pem", "--tls-name", "elsewhere", *identity], []]:
            ask(project, "--address", address, *wrong, expect=UNREACHABLE)
        for missing in [["--tls-ca", "nowhere.pem"], ["--tls-ca", "ca.pem", "--tls-certificate", "client.pem", "--tls-key", "ca.pem"]]:
            ask(project, "--address", address, *missing, expect=USAGE)
        # Of its own addresses it prefers the one that needs no certificate.
        own = variables | {"PILLION_SERVER_LISTEN": f"127.0.0.1:{secure},plaintext://127.0.0.1:{plain}"}
        assert ask(project, variables=own) == "SERVING\n"
        own["PILLION_SERVER_LISTEN"] = f"127.0.0.1:{secure}"
        assert ask(project, "--tls-ca", "ca.pem", "--tls-name", "localhost", *identity, variables=own) == "SERVING\n"
    # For the address, which is the default of what it has to be for.
    authority.server().write(project.folder, "server")
    with project.serve(variables=variables) as server:
        assert ask(project, "--address", server.address, "--tls-ca", "ca.pem", *identity) == "SERVING\n"


def test_database_goes_and_comes_back(binary, tmp_path):
    cluster = Cluster()
    try:
        project = Project(binary, tmp_path, PostgreSQL(cluster)).write(notes=MODEL).generate().apply()
        with project.serve() as server:
            arguments = ["healthcheck", "--address", server.address]
            assert project.run(*arguments).returncode == SERVING
            cluster.stop()
            wait_until(lambda: project.run(*arguments).returncode == NOT_SERVING)
            assert project.run(*arguments, "--live").returncode == SERVING
            assert project.run(*arguments, "--service", "notes.NoteController").returncode == NOT_SERVING
            # The health of the process, for a kubelet's liveness probe, which can only name a service.
            assert project.run(*arguments, "--service", "grpc.health.v1.Health").returncode == SERVING
            cluster.start()
            wait_until(lambda: project.run(*arguments).returncode == SERVING)
    finally:
        cluster.remove()
