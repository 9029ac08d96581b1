"""`inspect` on tables of applications that nobody here designed; `make test-applications` installs them."""

import os
import pathlib
import subprocess

import pytest

from support.inspected import Comparison, inspect
from support.project import Running

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(__file__).parent / "inspected" / "applications"
PYTHON = ROOT / ".venv-applications" / "bin" / "python"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="make test-applications installs the applications")


@pytest.mark.parametrize("application", ["cms", "forum", "tracker", "workflow"])
def test_every_row_is_served(kind, application, new_project, capsys):
    project = new_project(kind)
    database = project.database
    where = {"SQLITE": str(database.path)} if kind == "sqlite" else {"PORT": str(database.cluster.port), "NAME": database.name}
    done = subprocess.run([PYTHON, FOLDER / f"{application}.py"], text=True, capture_output=True, timeout=240, env=os.environ | where)
    assert done.returncode == 0, done.stdout + done.stderr
    models = inspect(project, "--package", application)
    with project.serve() as server:
        rows = Comparison(Running(project, server)).run()
    with capsys.disabled():
        print(f"\n{application} on {kind}: {len(models)} models, {rows} rows")
    assert rows >= {"cms": 100, "forum": 50, "tracker": 20, "workflow": 9}[application]
