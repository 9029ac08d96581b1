"""A SQLite schema that comes to call JSON functions under a running server, as a Django migration makes it."""

import grpc
import pytest

MODEL = """
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE other (data TEXT CHECK (json_valid(data) OR data IS NULL))",
        "CREATE TRIGGER marks AFTER INSERT ON note BEGIN UPDATE note SET text = json_object('was', text) WHERE id = new.id; END",
    ],
)
def test_json_functions_come_while_the_server_runs(start, sql):
    with start("sqlite", notes=MODEL) as running:
        service = running.service("NoteController")

        def call(method, **fields):
            # The statements of each connection were compiled before; that is said once on each.
            for _ in range(20):
                try:
                    return getattr(service, method)(**fields)
                except grpc.RpcError as error:
                    assert error.code() == grpc.StatusCode.UNAVAILABLE, error
            raise AssertionError("it does not go away")

        first = service.Create(text="one")
        assert service.Retrieve(id=first.id).text == "one" and len(list(service.List())) == 1
        running.database.script(sql)
        second = call("Create", text="two")
        assert second.text == ('{"was":"two"}' if "TRIGGER" in sql else "two")
        assert call("Retrieve", id=second.id) == second
        for _ in range(20):
            try:
                rows = list(service.List())
                break
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.UNAVAILABLE, error
        assert rows == [first, second]
        assert call("Update", id=first.id, text="three").text == "three"
