"""Secrets are nowhere to be read: not in logs, errors, metrics, traces, the audit, the command line (RELIABILITY G52)."""

import grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from support.admin import Admin
from support.client import value
from support.collector import Collector
from support.databases import PostgreSQL
from support.postgres import Cluster, wait_until
from support.project import Project
from support.server import Server

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string, max_length: 100 }
      tag: { type: string, null: true, unique: true }
"""
CONFIGURATION = """
admin: {{ listen: "127.0.0.1:0" }}
server: {{ reflection: on }}
log: {{ level: trace }}
interceptors:
  - request_id
  - logging: {{ level: trace, slow: 1ms }}
  - tracing: {{ otlp: "{url}", statements: true }}
  - metrics
  - audit: {{ file: audit.jsonl }}
"""
PASSWORD, KEY, TOKEN, VALUE = (f"canary-{name}-4711" for name in ["password", "key", "token", "value"])


def everything(server, project, collector, admin):
    """All that anybody can read of it, by where."""
    with open(f"/proc/{server.process.pid}/cmdline") as file:
        yield "command line", file.read()
    for path in ["/live", "/ready", "/metrics", "/config", "/nothing"]:
        yield path, admin.request(path)[2]
    yield "traces", b"".join(body for _, _, _, body in collector.requests).decode(errors="replace")
    yield "audit", (project.folder / "audit.jsonl").read_text()
    yield "log", server.output
    reflection = ProtoReflectionDescriptorDatabase(server.channel())
    for service in reflection.get_services():
        yield service, str(reflection.FindFileContainingSymbol(service))


def test_secrets(binary, tmp_path):
    cluster = Cluster()
    try:
        database = PostgreSQL(cluster)
        project = Project(binary, tmp_path, database).write(notes=MODEL).generate().apply()
        user, host = database.url.removeprefix('postgresql://').split('@')
        url = f"postgresql://{user}:{PASSWORD}@{host}"
        with Collector() as collector:
            (project.folder / "pillion.yaml").write_text(CONFIGURATION.format(url=collector.url))
            variables = {"PILLION_DATABASE_URL": url, "PILLION_LIST_PAGE_TOKEN_KEY": KEY}
            with Server([binary, "serve", "--listen=127.0.0.1:0"], project.folder, variables) as server:
                admin = Admin(server)
                stub = project.client(server).service("NoteController")
                metadata = [("authorization", f"Bearer {TOKEN}"), ("cookie", TOKEN), ("x-api-key", TOKEN)]
                said = []

                def call(method, **fields):
                    try:
                        method(metadata=metadata, **fields)
                    except grpc.RpcError as error:
                        said.append(f"{error.details()} {error.trailing_metadata()}")

                call(stub.Create, text=VALUE, tag=value(VALUE))
                call(stub.Create, text=VALUE, tag=value(VALUE))
                call(stub.Update, id=1, text=VALUE * 10)
                call(stub.List, filter=f'text = "{VALUE}"')
                # A statement that fails in the database, with the value in PostgreSQL's own words.
                database.query("ALTER TABLE note ADD CONSTRAINT short CHECK (length(text) < 10) NOT VALID")
                call(stub.PartialUpdate, id=1, text={"value": VALUE})
                cluster.stop()
                call(stub.Retrieve, id=1)
                wait_until(lambda: admin.status("/ready") == 503)
                cluster.start()
                wait_until(lambda: admin.status("/ready") == 200)
                call(stub.Retrieve, id=1)
                wait_until(lambda: len(collector.spans()) >= 15)
                assert len(said) >= 4
                found = list(everything(server, project, collector, admin)) + [("errors", text) for text in said]
                printed = project.check("serve", "--print-config", variables=variables)
                found.append(("--print-config", printed))
        places = {place for place, _ in found}
        assert {"log", "audit", "traces", "/metrics", "notes.NoteController"} <= places
        assert all(text for place, text in found)
        for place, text in found:
            for secret in [PASSWORD, KEY, TOKEN, VALUE]:
                assert secret not in text, f"{secret} in {place}"
    finally:
        cluster.remove()
