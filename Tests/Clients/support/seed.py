"""The ancestor's four services over tables that Django has made, served by pillion."""

import os
import pathlib
import shutil
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "seed"
MODELS = {file.stem: file.read_text() for file in (FOLDER / "models").glob("*.yaml")}


def django(database, folder, *command):
    """What a command of django-admin prints."""
    if database.kind == "sqlite":
        where = {"SQLITE": str(database.path)}
    else:
        where = {"PORT": str(database.cluster.port), "NAME": database.name}
    done = subprocess.run(
        [sys.executable, "-m", "django", *command], cwd=folder, text=True, capture_output=True, timeout=120,
        env=os.environ | where | {"PYTHONPATH": str(folder), "DJANGO_SETTINGS_MODULE": "settings"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def migrate(database, folder):
    """Makes the tables as Django itself does."""
    shutil.copytree(FOLDER / "django", folder)
    django(database, folder, "makemigrations", "blog", "hrm", "snippets")
    django(database, folder, "migrate")


def refill(database):
    """The rows that the clients expect to be there, and no others."""
    for table in ("auth_user_groups", "auth_user", "auth_group", "blog_post", "hrm_person", "snippets_snippet"):
        database.query(f"DELETE FROM {table}")
    database.query("INSERT INTO hrm_person (id, name, email) VALUES (1, 'before', 'amy@demo.com')")
    database.query("INSERT INTO snippets_snippet (id, title, language) VALUES (1, 'before', 'c')")
    database.query("INSERT INTO auth_group (id, name) VALUES (1, 'editors'), (2, 'readers')")


def run_client(name, server, modules):
    """What the client prints."""
    done = subprocess.run(
        [sys.executable, FOLDER / "run_client.py", FOLDER / "clients" / f"{name}.py", server.address],
        env=os.environ | {"PYTHONPATH": str(modules)}, text=True, capture_output=True, timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
