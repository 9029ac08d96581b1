"""A PostgreSQL server of the tests' own, in a temporary folder, on a free port of 127.0.0.1."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import psycopg

BIN = pathlib.Path(os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """initdb refuses to work as root, so root becomes `postgres` for the server's own programs."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pillion-pg-"))
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
            shutil.chown(self.data, "postgres")
        self.port = free_port()
        self.databases = 0
        self._run("initdb", "-D", self.data, "-U", "pillion", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        settings = {
            "port": self.port,
            "listen_addresses": "'127.0.0.1'",
            "unix_socket_directories": f"'{self.folder}'",
            "max_connections": 500,
            # The machine does not lose power during a test; PostgreSQL itself may be killed, which needs no fsync.
            "fsync": "off",
            "timezone": "'Asia/Tokyo'",
            # So that tests see which statements there were.
            "shared_preload_libraries": "'pg_stat_statements'",
        }
        with open(self.data / "postgresql.conf", "a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        self.start()

    def _run(self, program, *arguments):
        command = [str(BIN / program), *map(str, arguments)]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        log = self.folder / "commands.log"
        with open(log, "ab") as output:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{program} ended with {done.returncode}:\n{log.read_text()}")

    def start(self):
        self._run("pg_ctl", "start", "-w", "-D", self.data, "-l", self.folder / "server.log")

    def stop(self, mode="fast"):
        self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", self.data)

    def restart(self, mode="fast"):
        self._run("pg_ctl", "restart", "-w", "-m", mode, "-D", self.data, "-l", self.folder / "server.log")

    def postmaster(self):
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def suspend(self):
        os.kill(self.postmaster(), signal.SIGSTOP)

    def url(self, database, user="pillion"):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def connect(self, database="postgres"):
        return psycopg.connect(self.url(database), autocommit=True)

    def create_database(self):
        """The name of a new, empty database."""
        self.databases += 1
        name = f"test{self.databases}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return name

    def backends(self, database):
        """Pids of the server processes that other clients hold in `database`."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", [database]
            )
            return [row[0] for row in rows]

    def remove(self):
        try:
            self.stop("immediate")
        except RuntimeError:
            pass  # A test has left it stopped.
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_until(condition, seconds=30, what="it"):
    """Waits for `condition()` to hold; the limit is there for hangs only."""
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)
    return result
