"""Databases and projects for the tests; everything that can runs on both kinds of database."""

import contextlib
import os
import pathlib

import pytest

from support import seed
from support.databases import KINDS, PostgreSQL, SQLite
from support.library import MODEL, TRIGGERS, Library
from support.postgres import Cluster
from support.project import Project, Running

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def binary():
    path = pathlib.Path(os.environ.get("PILLION_BINARY", ROOT / ".build/debug/pillion"))
    assert path.exists(), f"{path} is not built: swift build --product pillion"
    return path


@pytest.fixture(scope="session")
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def new_database(request, tmp_path_factory):
    """`new_database(kind)`: an empty database."""

    def make(kind):
        if kind == "sqlite":
            return SQLite(tmp_path_factory.mktemp("sqlite") / "test.db")
        return PostgreSQL(request.getfixturevalue("cluster"))

    return make


@pytest.fixture(scope="session")
def new_project(binary, new_database, tmp_path_factory):
    """`new_project(kind)`: an empty folder, with an empty database if a kind is named."""

    def make(kind=None, **models):
        folder = tmp_path_factory.mktemp("project")
        return Project(binary, folder, new_database(kind) if kind else None).write(**models)

    return make


@pytest.fixture(scope="session")
def start(new_project):
    """`start(kind, blog="…")`: generates protos, makes tables, serves; a context manager around a `Running`."""
    @contextlib.contextmanager
    def run(kind, *arguments, sql=None, variables=None, **models):
        project = new_project(kind, **models).generate().apply()
        if sql:
            project.database.script(sql)
        with project.serve(*arguments, variables=variables) as server:
            yield Running(project, server)

    return run


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    """The kind of database; whoever uses it runs once on each."""
    return request.param


@pytest.fixture(scope="module")
def library_server(kind, start):
    with start(kind, sql=TRIGGERS[kind], library=MODEL) as running:
        yield Library(running)


@pytest.fixture
def library(library_server):
    """The library without a book in it."""
    library_server.clear()
    return library_server


@pytest.fixture(scope="module")
def seed_server(kind, new_project, tmp_path_factory):
    """The ancestor's services on Django's tables; its clients never see the protos that pillion generates."""
    project = new_project(kind, **seed.MODELS).generate()
    seed.migrate(project.database, tmp_path_factory.mktemp("django") / "project")
    with project.serve() as server:
        yield Running(project, server)


@pytest.fixture
def seeded(seed_server):
    seed.refill(seed_server.database)
    return seed_server
