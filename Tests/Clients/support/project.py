"""A user's folder: models/, protos/, and the commands run in it."""

import pathlib
import subprocess

import pytest

from .client import Client
from .protos import descriptor_set
from .server import Server, environment


class Project:
    def __init__(self, binary, folder, database=None):
        self.binary = str(binary)
        self.folder = pathlib.Path(folder)
        self.database = database
        (self.folder / "models").mkdir(parents=True, exist_ok=True)

    def write(self, **files):
        """`write(blog="…")` makes models/blog.yaml."""
        for name, text in files.items():
            (self.folder / "models" / f"{name}.yaml").write_text(text)
        return self

    def run(self, *arguments, variables=None, stdin=None):
        """Runs a command of pillion to its end; the result has returncode, stdout, stderr."""
        return subprocess.run(
            [self.binary, *map(str, arguments)], cwd=self.folder, env=environment(variables), text=True, timeout=120,
            capture_output=True, **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}),
        )

    def check(self, *arguments, **options):
        """Runs a command that has to succeed; its standard output."""
        done = self.run(*arguments, **options)
        if done.returncode != 0:
            pytest.fail(f"pillion {' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def generate(self, *arguments):
        self.check("generate-protos", *arguments)
        return self

    def apply(self):
        """Makes the tables."""
        self.check("schema", "--apply", "--database", self.database.url)
        return self

    @property
    def protos(self):
        return self.folder / "protos"

    def proto_text(self):
        """All generated protos, one after the other."""
        return "\n".join(file.read_text() for file in sorted(self.protos.rglob("*.proto")))

    @property
    def lock(self):
        return self.protos / "pillion.lock"

    def serve(self, *arguments, variables=None, url=None, listen=("127.0.0.1:0",)):
        return Server(
            [self.binary, "serve", *(f"--listen={address}" for address in listen), "--database", url or self.database.url, *arguments],
            self.folder, variables,
        )

    def client(self, server, *options, **channel):
        """A client of `server` on a connection of its own, made from the protos in this folder."""
        return Client(server.channel(*options, **channel), descriptor_set(self.protos))


class Running:
    """A project whose server runs: what most tests are about."""

    def __init__(self, project, server):
        self.project = project
        self.server = server
        self.database = project.database
        self.kind = project.database.kind
        self.client = project.client(server)

    def service(self, name):
        return self.client.service(name)
