"""HAProxy with the configuration that is shipped, before two servers over one PostgreSQL."""

import csv
import io
import json
import pathlib
import socket
import threading

import grpc
import pytest

from support.certificates import Authority
from support.daemons import HAProxy
from support.postgres import free_port, wait_until

CONFIGURATION = pathlib.Path(__file__).resolve().parents[2] / "deploy/haproxy/haproxy.cfg"
MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
# What docs/production.md tells clients to do.
RETRIES = json.dumps({
    "methodConfig": [{
        "name": [{}],
        "retryPolicy": {
            "maxAttempts": 5, "initialBackoff": "0.05s", "maxBackoff": "1s", "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE"],
        },
    }]
})
THREADS, CALLS = 8, 1000


@pytest.fixture
def shop(new_project):
    return new_project("postgresql", notes=MODEL).generate().apply()


@pytest.fixture
def proxy(shop):
    authority = Authority()
    certificate = authority.server()
    port = free_port()
    with shop.serve() as first:
        second = shop.serve()
        with HAProxy() as haproxy:
            pem = haproxy.write("pillion.pem", (certificate.pem + certificate.key).decode())
            text = CONFIGURATION.read_text()
            for old, new in {
                ":8443": f"127.0.0.1:{haproxy.port}", "/etc/haproxy/pillion.pem": str(pem),
                "/run/haproxy/pillion.sock mode 660": f"ipv4@127.0.0.1:{port}",
                "10.0.0.11:50051": first.address, "10.0.0.12:50051": second.address,
            }.items():
                assert old in text, f"{old} is not in the configuration that is shipped"
                text = text.replace(old, new)
            haproxy.write("haproxy.cfg", text)
            haproxy.run()
            yield Proxied(haproxy, port, authority, first, second)
        if second.process.poll() is None:
            second.stop()


class Proxied:
    def __init__(self, haproxy, statistics, authority, first, second):
        self.haproxy, self.port, self.authority = haproxy, statistics, authority
        self.servers = {"pillion-1": first, "pillion-2": second}
        wait_until(lambda: all(row["status"] == "UP" for row in self.rows().values()), what=f"both up: {haproxy.output}")

    def rows(self):
        """HAProxy's own figures for each server."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"show stat\n")
            text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        rows = csv.DictReader(io.StringIO(text.removeprefix("# ")))
        return {row["svname"]: row for row in rows if row["svname"] in self.servers}

    def calls(self):
        return {name: int(row["stot"]) for name, row in self.rows().items()}

    def client(self, project, **options):
        credentials = grpc.ssl_channel_credentials(self.authority.pem)
        return project.client(self.servers["pillion-1"], *options.items(), target=f"localhost:{self.haproxy.port}", credentials=credentials)


def test_every_call_goes_to_the_next(shop, proxy):
    """One client, one connection: still both processes work."""
    notes = proxy.client(shop).service("NoteController")
    before = proxy.calls()
    for number in range(40):
        note = notes.Create(text=f"note {number}")
        assert notes.Retrieve(id=note.id).text == f"note {number}", "what one has written the other reads"
    assert len(notes.List()) == 40
    shares = {name: count - before[name] for name, count in proxy.calls().items()}
    assert sum(shares.values()) == 81 and abs(shares["pillion-1"] - shares["pillion-2"]) <= 1, shares


def test_errors_and_trailers_pass(shop, proxy):
    notes = proxy.client(shop).service("NoteController")
    for number in range(5):
        notes.Create(text=f"note {number}")
    call = notes.List.start(page_size=2)
    assert len(list(call)) == 2 and dict(call.trailing_metadata())["pillion-next-page-token"]
    with pytest.raises(grpc.RpcError) as error:
        notes.Retrieve(id=404)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND
    assert b"ErrorInfo" in dict(error.value.trailing_metadata())["grpc-status-details-bin"]


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_one_goes_under_load(shop, proxy, end):
    """Killed or stopped: a client that tries again what is UNAVAILABLE sees no failed call."""
    options = {"grpc.enable_retries": 1, "grpc.service_config": RETRIES}
    notes = proxy.client(shop, **options).service("NoteController")
    ids = [notes.Create(text="0").id for _ in range(THREADS)]
    failures, done, half = [], [], threading.Event()

    def work(number):
        client = proxy.client(shop, **options).service("NoteController")
        for turn in range(1, CALLS // THREADS + 1):
            try:
                # Idempotent, so that it may be tried again.
                client.Update(id=ids[number], text=str(turn))
                assert client.Retrieve(id=ids[number]).text == str(turn)
            except BaseException as error:
                failures.append(f"{number}/{turn}: {error}")
            done.append(turn)
            if len(done) > CALLS // 4:
                half.set()

    threads = [threading.Thread(target=work, args=[number]) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    assert half.wait(60)
    victim = proxy.servers["pillion-2"]
    if end == "kill":
        victim.kill()
    else:
        victim.stop()
    for thread in threads:
        thread.join(120)
    assert not failures, failures[:3]
    wait_until(lambda: proxy.rows()["pillion-2"]["status"].startswith("DOWN"))
    assert [notes.Retrieve(id=id).text for id in ids] == [str(CALLS // THREADS)] * THREADS
