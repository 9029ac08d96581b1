"""What `make run` shows: the shop opens, the commands that it prints work as they are, Ctrl-C closes it."""

import json
import pathlib
import re
import shlex
import signal
import sqlite3
import subprocess

import pytest

from support.postgres import free_port
from support.server import Server

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "shop.db"


@pytest.fixture(scope="module")
def shop(binary, database):
    with Server([ROOT / "scripts" / "demo", binary, f"127.0.0.1:{free_port()}", database], ROOT) as server:
        yield server


def commands(server):
    return [line.strip() for line in server.output.splitlines() if line.startswith("  ") and "/" in line][:3]


def run(command):
    done = subprocess.run(shlex.split(command), cwd=ROOT, text=True, capture_output=True, timeout=120)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_grpcurl(shop):
    command = commands(shop)[0]
    assert "grpcurl" in command and shop.address in command
    product = json.loads(run(command))
    assert (product["sku"], product["price"], product["categories"]) == ("COF-0001", "14.90", ["1", "2"])
    assert product["description"]["value"].startswith("Washed")
    assert product["attributes"]["value"]["origin"] == {"country": "ET", "altitude": 1950}
    assert product["brewingTime"] == {"value": "180s"}


def test_python_client(shop):
    printed = run(commands(shop)[1])
    assert re.search(r"EQP-0004 +129\.00", printed)
    assert re.search(r"order \d+ is open, placed 20\d\d-", printed)
    assert printed.endswith("its note: Ring twice.\n----- Destroy, with its lines -----\nNOT_FOUND\n")


def test_protos_are_where_it_says(shop):
    assert "service ProductController {" in run(commands(shop)[2])


def test_database_is_whole(shop, database):
    """Every row of the seed is there and keeps the rules that the definitions make."""
    connection = sqlite3.connect(database)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("SELECT count(*) FROM product").fetchone() == (16,)
    assert not database.with_name("shop.db.new").exists()


def test_second_start_keeps_the_rows_and_ctrl_c_ends_it(binary, database, shop):
    connection = sqlite3.connect(database)
    connection.execute("UPDATE product SET stock = 4711 WHERE id = 1")
    connection.commit()
    again = Server([ROOT / "scripts" / "demo", binary, f"127.0.0.1:{free_port()}", database], ROOT)
    again.process.send_signal(signal.SIGINT)
    assert again.wait() == 0, again.output
    assert connection.execute("SELECT stock FROM product WHERE id = 1").fetchone() == (4711,)
