"""`inspect` on tables that Django makes: its contrib applications, and one application with every field it has."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from support.inspected import Comparison, inspect
from support.project import Running

FOLDER = pathlib.Path(__file__).parent / "inspected" / "django"


def django(database, folder, *command):
    where = {"SQLITE": str(database.path)} if database.kind == "sqlite" else {"PORT": str(database.cluster.port), "NAME": database.name}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, text=True, capture_output=True, timeout=120,
        env=os.environ | where | {"PYTHONPATH": str(folder), "DJANGO_SETTINGS_MODULE": "settings"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def site(kind, new_project, tmp_path_factory):
    project = new_project(kind)
    folder = tmp_path_factory.mktemp("django") / "project"
    shutil.copytree(FOLDER, folder)
    django(project.database, folder, "-m", "django", "makemigrations", "zoo")
    django(project.database, folder, "-m", "django", "migrate")
    django(project.database, folder, "fill.py")
    project.models = inspect(project, "--package", "site")
    return project


def test_every_row_is_served(site):
    with site.serve() as server:
        assert Comparison(Running(site, server)).run() > 100


def test_models(site):
    assert set(site.models) == {
        "AuthGroup", "AuthPermission", "AuthUser", "DjangoAdminLog", "DjangoContentType", "DjangoFlatpage", "DjangoMigration",
        "DjangoRedirect", "DjangoSession", "DjangoSite", "ZooAnimal", "ZooCat", "ZooKeeper", "ZooVisit",
    }
    user = site.models["AuthUser"]["fields"]
    assert user["username"] == {"type": "string", "unique": "true", "max_length": "150"}
    assert user["groups"] == {
        "type": "many_to_many", "model": "AuthGroup", "through": "auth_user_groups", "source": "user_id", "target": "group_id",
    }
    assert user["user_permissions"]["model"] == "AuthPermission"
    assert site.models["AuthGroup"]["fields"]["permissions"]["model"] == "AuthPermission"
    assert site.models["DjangoFlatpage"]["fields"]["sites"]["model"] == "DjangoSite"
    assert site.models["DjangoSession"]["fields"]["session_key"] == {"type": "string", "primary_key": "true", "max_length": "40"}
    assert site.models["DjangoAdminLog"]["fields"]["content_type"] == {
        "type": "foreign_key", "model": "DjangoContentType", "column": "content_type_id", "null": "true",
    }


def test_fields(site):
    sqlite = site.database.kind == "sqlite"
    fields = site.models["ZooAnimal"]["fields"]
    types = {name: field.get("items", field["type"]) for name, field in fields.items()}
    assert types == {
        "id": "int64", "keepers": "many_to_many", "best": "foreign_key", "name": "string", "slug": "string", "about": "string",
        "email": "string", "home": "string", "picture": "string", "path": "string", "flag": "bool", "maybe": "bool", "small": "int32",
        "number": "int64" if sqlite else "int32", "big": "int64", "count": "int64" if sqlite else "int32",
        "little": "int32", "large": "int64", "weight": "double",
        "price": "decimal", "born": "date", "fed": "time", "seen": "timestamp", "age": "int64" if sqlite else "duration", "key": "uuid",
        "data": "json", "raw": "bytes", "address": "string", "length": "int64", "counted": "int64" if sqlite else "int32",
    }
    assert fields["key"].get("storage") == ("hex" if sqlite else None)
    assert fields["seen"].get("storage") == ("django" if sqlite else None)
    assert fields["best"]["unique"] == "true"
    assert fields["count"]["min"] == "0" and fields["weight"]["min"] == "0.0"
    assert fields["slug"]["choices"] == ["a", "b", "c"] and fields["slug"]["max_length"] == "50"
    assert fields["length"]["read_only"] == "true" and fields["counted"]["default"] == "5"
    assert fields["name"].get("doc") == (None if sqlite else "What it is called.")
    assert site.models["ZooKeeper"]["fields"]["boss"] == {"type": "foreign_key", "model": "ZooKeeper", "column": "boss_id", "null": "true"}
    assert site.models["ZooCat"]["fields"]["animal_ptr"]["primary_key"] == "true"
    assert set(site.models["ZooVisit"]["fields"]) == {"id", "keeper", "animal", "at"}


def test_writing(site):
    """What is written through Pillion is what Django's own driver would have written."""
    with site.serve() as server:
        keepers = site.client(server).service("ZooKeeperController")
        key = "0a1b2c3d-0000-4000-8000-0000000012ab"
        keepers.Create(id=key, name="New")
        stored = site.database.query("SELECT id FROM zoo_keeper WHERE name = 'New'")[0][0]
        assert str(stored).replace("-", "") == key.replace("-", "") and (site.database.kind != "sqlite" or len(stored) == 32)
        visit = site.client(server).service("ZooVisitController").Create(keeper=key, animal=1, at={"seconds": 1714979289})
        if site.database.kind == "sqlite":
            assert site.database.query("SELECT at, keeper_id FROM zoo_visit WHERE id = ?", [visit.id]) == [("2024-05-06 07:08:09", key.replace("-", ""))]
        site.client(server).service("ZooVisitController").Destroy(id=visit.id)
        keepers.Destroy(id=key)
