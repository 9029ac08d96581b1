"""Three times as many calls as the database can carry out, whether or not earlier ones were answered (G22).

PILLION_OVERLOAD_SECONDS is how long they come; `pytest -s` prints how many were served, and how quickly the others were told.
"""

import os
import statistics
import threading
import time

import pytest
from grpc import StatusCode

from support.client import TIMEOUT
from support.errors import Refusal
from support.postgres import wait_until

MODEL = """
package: overload
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
SECONDS = float(os.environ.get("PILLION_OVERLOAD_SECONDS", 4))
# A row takes the database some twenty milliseconds, so that the machine's own speed does not matter much.
SLOW = {
    "sqlite": """
        CREATE TRIGGER slow AFTER INSERT ON row BEGIN
          UPDATE row SET text = (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 15000) SELECT max(i) FROM n) WHERE id = new.id;
        END;
    """,
    "postgresql": """
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.04); RETURN NEW; END $$;
        CREATE TRIGGER slow BEFORE INSERT ON row FOR EACH ROW EXECUTE FUNCTION slow();
    """,
}
# Calls a second that this lets through at most; a peak measured beside other tests may be far below.
CAPACITY = 60
QUEUE = {"PILLION_DATABASE_POOL_CONNECTIONS": "2", "PILLION_DATABASE_POOL_QUEUE": "16"}
CHAIN = "interceptors:\n  - concurrency_limit: { in_flight: 8, queue: 8 }\n"


def peak(rows, seconds=1.0):
    """Rows a second when as many calls are under way as the server takes."""
    over, served = time.monotonic() + seconds, []

    def work():
        while time.monotonic() < over:
            rows.Create(text="peak")
            served.append(1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    return len(served) / seconds


@pytest.mark.parametrize("bound", ["queue of the pool", "concurrency_limit"])
def test_overload(kind, new_project, bound):
    """As many calls as before are served; the others are told at once when to come again; afterwards all is well."""
    project = new_project(kind, overload=MODEL).generate().apply()
    project.database.script(SLOW[kind])
    if bound == "concurrency_limit":
        (project.folder / "pillion.yaml").write_text(CHAIN)
    with project.serve(variables=QUEUE if bound == "queue of the pool" else None) as server:
        clients = [project.client(server).service("RowController") for _ in range(4)]
        most = peak(clients[0])
        idle = server.resident()
        server.reset_peak()
        calls, begun = [], time.monotonic()
        while (elapsed := time.monotonic() - begun) < SECONDS:
            while len(calls) < elapsed * max(most, CAPACITY) * 3:
                sent = time.monotonic()
                call = clients[len(calls) % 4].Create.start(text="overload")
                ended = []
                call.add_done_callback(lambda _, ended=ended: ended.append(time.monotonic()))
                calls.append((call, sent, ended))
            time.sleep(0.002)
        for call, _, _ in calls:
            call.code()
        took = time.monotonic() - begun
        wait_until(lambda: all(ended for _, _, ended in calls), what="the last callback")
        codes = [call.code() for call, _, _ in calls]
        assert set(codes) == {StatusCode.OK, StatusCode.RESOURCE_EXHAUSTED}
        served = codes.count(StatusCode.OK)
        shed = [(call, ended[0] - sent) for call, sent, ended in calls if call.code() != StatusCode.OK]
        for call, _ in shed:
            refusal = Refusal(call.exception())
            assert refusal.info.reason == "EXHAUSTED" and refusal.retry is not None
            assert int(refusal.trailers["grpc-retry-pushback-ms"]) > 0
        grown = server.peak_resident() - idle
        median = statistics.median(seconds for _, seconds in shed) * 1000
        print(
            f"\n{kind}, {bound}: {len(calls)} calls in {took:.1f} s, {served / took:.0f} a second served of {most:.0f} at the peak, "
            f"{len(shed)} refused after {median:.1f} ms (median), memory +{grown / (1 << 20):.1f} MiB"
        )
        # The promise is four fifths, which a machine that is busy with other tests need not reach.
        assert served / took > most / 2
        assert grown < 64 << 20, f"grew by {grown >> 20} MiB"
        assert project.database.query("SELECT count(*) FROM row WHERE text <> 'peak'")[0][0] >= served
        assert [call.code() for call in [client.Create.start(text="after") for client in clients]] == [StatusCode.OK] * 4
