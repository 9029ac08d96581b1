"""Trac: an issue tracker and wiki with its own SQL, which knows no foreign key."""

import pathlib
import shutil
import tempfile

import database
from trac.env import Environment
from trac.ticket.model import Milestone, Ticket
from trac.wiki.model import WikiPage

folder = pathlib.Path(tempfile.mkdtemp()) / "environment"
url = "sqlite:db/trac.db" if database.SQLITE else f"postgres://pillion@127.0.0.1:{database.PORT}/{database.NAME}"
environment = Environment(str(folder), create=True, options=[("trac", "database", url)])
ticket = Ticket(environment)
ticket.populate({"summary": "It breaks", "reporter": "amy", "status": "new", "keywords": "a, b"})
ticket.insert()
ticket["summary"] = "It breaks often"
ticket.save_changes("amy", "twice a day")
milestone = Milestone(environment)
milestone.name = "1.0"
milestone.insert()
page = WikiPage(environment, "Start")
page.text = "= Größe ="
page.save("amy", "first")
environment.shutdown()
if database.SQLITE:
    shutil.copyfile(folder / "db" / "trac.db", database.SQLITE)
