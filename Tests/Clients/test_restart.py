"""A process that crashes and is started again, as a service manager does it: clients find it where it was (G60)."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import grpc
import pytest

from support.client import TIMEOUT, Client
from support.postgres import free_port, wait_until
from support.protos import descriptor_set
from support.server import CHANNEL_OPTIONS, environment

UNIT = pathlib.Path(__file__).resolve().parents[2] / "deploy/systemd/pillion.service"
MODEL = """
package: crash
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string, unique: true }
"""


class Supervisor:
    """Starts a program again whenever it ends, until it is stopped."""

    def __init__(self, command, folder):
        self.command, self.folder = command, folder
        self.starts, self.ends = [], []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._over.is_set():
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            self.starts.append(time.monotonic())
            self.ends.append(self.process.wait())

    def __enter__(self):
        self._thread.start()
        wait_until(lambda: self.starts, what="the first start")
        return self

    def __exit__(self, *error):
        self._over.set()
        self.process.terminate()
        self._thread.join(30)
        if self._thread.is_alive():
            self.process.kill()
            self._thread.join(10)


# What a trap of Swift is, what a pointer that leads nowhere is, and the end that no process sees coming.
@pytest.mark.parametrize("kind_of_crash", [signal.SIGILL, signal.SIGSEGV, signal.SIGKILL], ids=lambda kind: kind.name)
def test_a_crash_under_writes(kind, new_project, kind_of_crash):
    """It is over at once, without minutes of looking at its own memory; what was acknowledged is there, and calls succeed again."""
    project = new_project(kind, crash=MODEL).generate().apply()
    port = free_port()
    command = [project.binary, "serve", f"--listen=127.0.0.1:{port}", "--database", project.database.url]
    options = list((dict(CHANNEL_OPTIONS) | {"grpc.max_reconnect_backoff_ms": 50}).items())
    with Supervisor(command, project.folder) as supervisor, grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        rows = Client(channel, descriptor_set(project.protos)).service("RowController")
        grpc.channel_ready_future(channel).result(timeout=TIMEOUT)
        acknowledged, gaps = [], []
        for number in range(150):
            if number in (50, 100):
                crashed = time.monotonic()
                supervisor.process.send_signal(kind_of_crash)
                wait_until(lambda: len(supervisor.ends) >= number // 50, what="the end of the process")
                wait_until(lambda: len(supervisor.starts) > number // 50, what="the next start")
            for attempt in range(3000):
                text = f"{number} {attempt}"
                try:
                    acknowledged.append((rows.Create(text=text, timeout=TIMEOUT).id, text))
                    break
                except grpc.RpcError as error:
                    assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                    time.sleep(0.02)
            if number in (50, 100):
                gaps.append(time.monotonic() - crashed)
        assert supervisor.ends[:2] == [-kind_of_crash] * 2
        print(f"\n{kind}, {kind_of_crash.name}: calls are served again after {max(gaps):.2f} s")
    assert len(acknowledged) == 150
    stored = dict(project.database.query("SELECT id, text FROM row"))
    assert all(stored.get(number) == text for number, text in acknowledged)


def test_the_unit_restarts_it_and_has_it_end_at_once():
    """Without a backtrace, which of a large process takes minutes."""
    text = UNIT.read_text()
    assert re.search(r"^Restart=(on-failure|always)$", text, re.MULTILINE)
    assert re.search(r"^Environment=SWIFT_BACKTRACE=enable=no$", text, re.MULTILINE)
