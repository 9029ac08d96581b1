"""`request_id: { sql_comment: true }`: PostgreSQL shows which call a statement is for."""

import pytest
from grpc import StatusCode

from support.errors import refused

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string, unique: true }
    service: { actions: [List, ListPage, Create, Retrieve, Update, PartialUpdate, Destroy], total_size: exact }
"""


@pytest.fixture
def serve(new_project):
    stack = []

    def run(request_id, **options):
        project = new_project("postgresql", notes=MODEL).generate().apply()
        (project.folder / "pillion.yaml").write_text(f"interceptors:\n  - request_id: {request_id}\n")
        server = project.serve(**options)
        stack.append(server)
        return project, project.client(server).service("NoteController")

    yield run
    for server in stack:
        server.stop()


def shown(project):
    """The last statement of each session."""
    return [text for text, in project.database.query(
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")]


@pytest.mark.parametrize("prepare", ["on", "off"])
def test_statements_name_their_call(serve, prepare):
    project, notes = serve("{ sql_comment: true }", variables={"PILLION_DATABASE_PREPARE": prepare})
    project.database.query("CREATE EXTENSION pg_stat_statements")
    note = notes.Create(text="first", metadata=[("x-request-id", "c1")])
    calls = {
        "Retrieve": dict(id=note.id), "Update": dict(id=note.id, text="second"),
        "PartialUpdate": dict(json={"id": note.id, "text": "third"}),
        "List": dict(filter='text = "third"'), "ListPage": dict(page_size=1), "Destroy": dict(id=note.id),
    }
    for number, (method, request) in enumerate(calls.items()):
        getattr(notes, method)(metadata=[("x-request-id", f"call-{number}")], **request)
        assert [text for text in shown(project) if text.endswith(f" /*request_id='call-{number}'*/")], method
    # What could end a quotation or a comment does not get there as it is.
    notes.List(metadata=[("x-request-id", "a/b:c=d@e+f")])
    assert [text for text in shown(project) if text.endswith(" /*request_id='a%2Fb%3Ac%3Dd%40e%2Bf'*/")]
    for hostile in ["'*/; DROP TABLE note; --", "x*/"]:
        _, call = notes.ListPage.with_call(metadata=[("x-request-id", hostile)])
        assert dict(call.initial_metadata())["x-request-id"] != hostile
    assert not [text for text in shown(project) if "DROP" in text or "x*/" in text]
    # To who counts statements they are the same.
    counted = project.database.query(
        "SELECT calls, query FROM pg_stat_statements s JOIN pg_database d ON d.oid = dbid"
        " WHERE datname = current_database() AND query LIKE 'SELECT count(*) FROM \"note\"%'")
    assert [calls for calls, _ in counted] == [3], counted
    # Errors are as ever.
    notes.Create(text="twice")
    with refused(StatusCode.ALREADY_EXISTS):
        notes.Create(text="twice")


def test_without_it_statements_are_prepared(serve):
    project, notes = serve("{}")
    notes.Create(text="first")
    assert len(notes.List()) == 1
    assert not [text for text in shown(project) if "request_id" in text]
