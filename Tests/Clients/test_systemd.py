"""systemd: sd_notify's protocol as a service manager sees it, and the unit file."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy/systemd/pillion.service"
# What `systemd-analyze security` may say at most: 0 is locked up, 10 wide open.
EXPOSURE = 1.2
MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""


class Manager:
    """The socket that a service manager listens on."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(20)
        self.name = address.replace("\0", "@", 1)

    def next(self):
        """The next datagram's assignments."""
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def next_with(self, name):
        """The next one that assigns `name`."""
        while name not in (found := self.next()):
            pass
        return found

    def is_silent_for(self, seconds):
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(4096)
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(20)


@pytest.fixture(params=["file", "abstract"])
def manager(request, tmp_path):
    manager = Manager(str(tmp_path / "notify") if request.param == "file" else f"\0pillion-{os.getpid()}-{tmp_path.name}")
    with contextlib.closing(manager.socket):
        yield manager


@pytest.fixture(scope="module")
def project(new_project):
    return new_project("sqlite", notes=MODEL).generate().apply()


def test_ready_and_stopping(project, manager):
    server = project.serve(variables={"NOTIFY_SOCKET": manager.name})
    try:
        said = manager.next()
        assert said["READY"] == "1" and said["STATUS"] == f"listening on {server.address}"
        client = project.client(server)
        assert client.service("NoteController").Create(text="x").text == "x", "ready means that calls are taken"
        server.terminate()
        assert manager.next()["STOPPING"] == "1"
        assert server.wait() == 0
    finally:
        server.kill()


def test_not_ready_before_the_listeners_are(project, manager):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = project.run("serve", "--listen", address, "--database", project.database.url, variables={"NOTIFY_SOCKET": manager.name})
    assert done.returncode == 78
    assert manager.is_silent_for(0.2)


def test_signs_of_life_end_with_life(project, manager):
    """A stopped process cannot answer for its event loops; one that goes on does again."""
    with project.serve(variables={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "400000"}) as server:
        for _ in range(3):
            assert manager.next_with("WATCHDOG")["WATCHDOG"] == "1"
        server.process.send_signal(signal.SIGSTOP)
        while not manager.is_silent_for(1):
            pass
        server.process.send_signal(signal.SIGCONT)
        assert manager.next_with("WATCHDOG")["WATCHDOG"] == "1"


@pytest.mark.parametrize("variables", [{}, {"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "-5"}])
def test_no_signs_of_life_that_nobody_asked_for(project, manager, variables):
    with project.serve(variables={"NOTIFY_SOCKET": manager.name} | variables):
        assert manager.next()["READY"] == "1"
        assert manager.is_silent_for(0.5)


@pytest.mark.parametrize("path", ["", "nonsense", "/nowhere/at/all", "/" + "x" * 200])
def test_a_manager_that_is_not_there(project, path):
    with project.serve(variables={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "100000"}) as server:
        assert project.run("healthcheck", "--address", server.address).returncode == 0


@pytest.fixture
def installed(tmp_path, binary):
    """A file system with the unit and what it names, for systemd-analyze to look at."""
    if not shutil.which("systemd-analyze"):
        pytest.fail("systemd-analyze is not installed: scripts/bootstrap test")
    unit = tmp_path / "pillion.service"
    unit.write_text(UNIT.read_text().replace("/usr/bin/pillion", str(binary)))
    return unit


def test_unit_verifies(installed):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", "--man=no", installed], text=True, capture_output=True, timeout=60)
    # Units of this machine are not our business.
    mine = [line for line in done.stderr.splitlines() if "pillion" in line]
    assert done.returncode == 0 and not mine, done.stderr


def test_unit_is_locked_up(installed):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={int(EXPOSURE * 10)}", "--no-pager", installed],
        text=True, capture_output=True, timeout=60)
    score = re.search(r"exposure level for pillion.service: ([\d.]+)", done.stdout)
    assert score, done.stdout + done.stderr
    print(f"systemd-analyze security: {score[1]}")
    assert done.returncode == 0 and float(score[1]) <= EXPOSURE, done.stdout


def test_unit_names_what_the_server_keeps():
    """The unit speaks the protocol that the server does, and gives it longer to stop than it takes."""
    text = UNIT.read_text()
    settings = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
    assert settings["Type"] == "notify" and settings["NotifyAccess"] == "main"
    assert int(settings["WatchdogSec"]) > 0
    assert int(settings["TimeoutStopSec"]) > 20, "server.shutdown_grace is 20s"
    assert settings["ProtectSystem"] == "strict" and settings["DynamicUser"] == "yes"
