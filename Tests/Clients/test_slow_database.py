"""Sixty-four calls that the database does not answer, on a machine of few cores: nobody else waits for them (G27)."""

import time

import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support.client import TIMEOUT
from support.postgres import wait_until

MODEL = """
package: slow
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
HELD = 64


@pytest.mark.parametrize("interceptors", [False, True], ids=["bare", "with layers"])
def test_health_beside_slow_calls(kind, new_project, interceptors):
    """Health, reflection's door and what needs no database answer at once, though Swift's own pool has a single thread."""
    project = new_project(kind, slow=MODEL).generate().apply()
    if interceptors:
        (project.folder / "pillion.yaml").write_text("interceptors:\n  - request_id\n  - deadline: { default: 60s }\n  - metrics\n")
    with project.serve(variables={"LIBDISPATCH_COOPERATIVE_POOL_STRICT": "1"}) as server:
        rows = project.client(server).service("RowController")
        rows.Create(text="before")
        holder = project.database.connect()
        holder.execute("BEGIN IMMEDIATE" if kind == "sqlite" else "BEGIN")
        if kind == "postgresql":
            holder.execute("LOCK TABLE row IN ACCESS EXCLUSIVE MODE")
        calls = [rows.Create.start(text=f"held {number}") for number in range(HELD)]
        stub = health_pb2_grpc.HealthStub(server.channel())
        stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
        times = []
        for _ in range(200):
            begun = time.monotonic()
            assert stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT).status == health_pb2.HealthCheckResponse.SERVING
            times.append(time.monotonic() - begun)
        assert not any(call.done() for call in calls), "they were to wait all the while"
        holder.execute("ROLLBACK")
        holder.close()
        assert {call.code() for call in calls} == {StatusCode.OK}
        wait_until(lambda: project.database.query("SELECT count(*) FROM row")[0][0] == HELD + 1)
        print(f"\n{kind}: p99 of Check beside {HELD} calls that wait: {sorted(times)[-3] * 1000:.1f} ms")
