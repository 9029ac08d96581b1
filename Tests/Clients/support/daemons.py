"""Programs beside Pillion that a test runs: PgBouncer, HAProxy."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

from .postgres import free_port, wait_until


def answers(port):
    """Whether something listens there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Daemon:
    """A program in the foreground with a folder of its own; root becomes `user` for it, as the program insists on."""

    program = user = None

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"pillion-{self.program}-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.process = None

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def start(self, *arguments):
        command = [shutil.which(self.program, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin") or self.program, *map(str, arguments)]
        if os.geteuid() == 0 and self.user:
            shutil.chown(self.folder, self.user)
            for file in self.folder.iterdir():
                shutil.chown(file, self.user)
            command = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "--", *command]
        log = open(self.folder / "output.log", "wb")
        self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        wait_until(lambda: self.process.poll() is not None or answers(self.port), what=f"{self.program} to listen")
        assert self.process.poll() is None, self.output
        return self

    @property
    def output(self):
        return (self.folder / "output.log").read_text(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class PgBouncer(Daemon):
    """In transaction mode before a cluster, with few sessions for many clients so that they change hands all the time."""

    program, user = "pgbouncer", "postgres"

    def __init__(self, cluster, sessions=3):
        super().__init__()
        users = self.write("users.txt", '"pillion" ""\n"gate" ""\n')
        self.write(
            "pgbouncer.ini",
            f"""[databases]
* = host=127.0.0.1 port={cluster.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 500
server_check_query = select 1
admin_users = pillion
""")
        self.start("pgbouncer.ini")

    def url(self, database):
        return f"postgresql://pillion@127.0.0.1:{self.port}/{database}"


class HAProxy(Daemon):
    """Runs `haproxy.cfg` of its folder."""

    program = "haproxy"

    def run(self):
        return self.start("-db", "-f", "haproxy.cfg")
