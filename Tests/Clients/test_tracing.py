"""`tracing`: W3C trace context in and out, spans to an OTLP collector."""

import re
import secrets
import time

import pytest
from grpc import StatusCode

from support.admin import Admin
from support.client import TIMEOUT
from support.collector import Collector, attributes
from support.errors import refused
from support.postgres import wait_until
from support.server import DidNotStart

MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string, max_length: 100 }
"""
WAIT, STATEMENT = "wait for a connection", "statement"


def serve(project, collector, options="", more="", **arguments):
    url = collector if isinstance(collector, str) else collector.url
    (project.folder / "pillion.yaml").write_text(
        f"""
admin: {{ listen: "127.0.0.1:0" }}
interceptors:
  - request_id
  - logging
  - tracing: {{ otlp: "{url}"{options} }}
{more}"""
    )
    return project.serve(**arguments)


@pytest.fixture(scope="module")
def collector():
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def notes(kind, new_project, collector):
    project = new_project(kind, notes=MODEL).generate().apply()
    with serve(project, collector) as server:
        stub = project.client(server).service("NoteController")
        stub.Create(text="first")
        yield project, server, stub


def new_trace():
    return secrets.token_hex(16)


def traceparent(trace, parent="00f067aa0ba902b7", flags="01"):
    return [("traceparent", f"00-{trace}-{parent}-{flags}")]


def answered(stub, metadata=None, **fields):
    """The trace and the span that the answer names."""
    _, call = stub.with_call(metadata=metadata, **fields)
    _, trace, span, flags = dict(call.initial_metadata())["traceparent"].split("-")
    return trace, span, flags


def test_goes_on_with_the_callers_trace(notes, collector):
    project, server, stub = notes
    trace = new_trace()
    before = time.time_ns()
    state = [("tracestate", "a=1"), ("tracestate", "b@c=x y")]
    seen, span_id, flags = answered(stub.Retrieve, traceparent(trace) + state + [("x-request-id", "abc-123")], id=1)
    after = time.time_ns()
    assert (seen, flags) == (trace, "01")
    spans = collector.trace(trace, 3)
    call = spans["notes.NoteController/Retrieve"]
    assert call.parent_span_id.hex() == "00f067aa0ba902b7"
    assert call.span_id.hex() == span_id
    assert call.trace_state == "a=1,b@c=x y"
    assert call.kind == 2 and call.status.code == 0
    found = attributes(call)
    assert found.pop("network.peer.address").startswith("127.0.0.1:")
    assert found == {
        "rpc.system": "grpc", "rpc.service": "notes.NoteController", "rpc.method": "Retrieve",
        "rpc.grpc.status_code": 0, "pillion.rows": 1, "pillion.request_id": "abc-123",
    }
    wait, statement = spans[WAIT], spans[STATEMENT]
    assert wait.parent_span_id == statement.parent_span_id == call.span_id
    assert (wait.kind, statement.kind) == (1, 3)
    assert attributes(statement) == {"db.system.name": project.database.kind}
    # Clocks of one machine; a call's parts lie within it and follow each other.
    assert before - 10**7 <= call.start_time_unix_nano <= wait.start_time_unix_nano
    assert wait.start_time_unix_nano <= wait.end_time_unix_nano <= statement.start_time_unix_nano + 1000
    assert statement.start_time_unix_nano <= statement.end_time_unix_nano <= call.end_time_unix_nano
    assert call.end_time_unix_nano <= after + 10**9


def test_begins_a_trace(notes, collector):
    _, _, stub = notes
    first, span, flags = answered(stub.Retrieve, id=1)
    second, _, _ = answered(stub.Retrieve, id=1)
    assert first != second and re.fullmatch("[0-9a-f]{32}", first) and flags == "01"
    call = collector.trace(first, 3)["notes.NoteController/Retrieve"]
    assert call.parent_span_id == b"" and call.span_id.hex() == span


@pytest.mark.parametrize(
    "text",
    [
        "", "00", "nonsense", "00-{trace}-00f067aa0ba902b7", "00-{trace}-00f067aa0ba902b7-01-more",
        "00-{trace}-00f067aa0ba902b7-1", "00-{trace}-00f067aa0ba902b-01", "00-{zero}-00f067aa0ba902b7-01",
        "00-{trace}-0000000000000000-01", "ff-{trace}-00f067aa0ba902b7-01", "0x-{trace}-00f067aa0ba902b7-01",
        "00-{upper}-00f067aa0ba902b7-01", "00-{trace}-00F067AA0BA902B7-01", "00_{trace}_00f067aa0ba902b7_01",
        "cc-{trace}-00f067aa0ba902b7-01.what", "00-{trace}-00f067aa0ba902b7-0g",
    ],
)
def test_malformed_parents_are_ignored(notes, text):
    _, _, stub = notes
    trace = "a" + new_trace()[1:]
    value = text.format(trace=trace, zero="0" * 32, upper=trace.upper())
    seen, _, _ = answered(stub.Retrieve, [("traceparent", value), ("tracestate", "a=1")], id=1)
    assert seen not in (trace, "0" * 32)


def test_a_version_to_come(notes):
    _, _, stub = notes
    trace = new_trace()
    assert answered(stub.Retrieve, [("traceparent", f"cc-{trace}-00f067aa0ba902b7-01-what")], id=1)[0] == trace


@pytest.mark.parametrize("state", ["a", "a=1,a=2", "A=1", "a=b=c", "=1", ",".join(f"k{n}=1" for n in range(33))])
def test_malformed_states_are_forgotten(notes, collector, state):
    _, _, stub = notes
    trace = new_trace()
    answered(stub.Retrieve, traceparent(trace) + [("tracestate", state)], id=1)
    assert collector.trace(trace, 3)["notes.NoteController/Retrieve"].trace_state == ""


def test_list_and_writes(notes, collector):
    _, _, stub = notes
    for method, fields in [(stub.List, {}), (stub.Create, {"text": "b"}), (stub.Destroy, {"id": 10**9})]:
        trace = new_trace()
        try:
            method(metadata=traceparent(trace), **fields)
        except Exception as error:
            assert error.code() == StatusCode.NOT_FOUND
        spans = collector.trace(trace, 3)
        assert {WAIT, STATEMENT} < set(spans)
    trace = new_trace()
    with refused(StatusCode.INVALID_ARGUMENT):
        stub.Create(text="a" * 101, metadata=traceparent(trace))
    call = collector.trace(trace, 1)["notes.NoteController/Create"]
    # A client's mistake is none of the server's.
    assert attributes(call)["rpc.grpc.status_code"] == 3 and call.status.code == 0


def test_unknown_methods(notes, collector):
    _, server, _ = notes
    trace = new_trace()
    method = server.channel().unary_unary("/canary-of-a-path/x", request_serializer=bytes, response_deserializer=bytes)
    with refused(StatusCode.UNIMPLEMENTED, details=False):
        method(b"", timeout=TIMEOUT, metadata=traceparent(trace))
    [span] = collector.trace(trace, 1).values()
    assert span.name == "unknown method" and span.status.code == 2
    assert "canary" not in str(span)


def test_the_log_line_names_the_trace(notes):
    _, server, stub = notes
    trace = new_trace()
    answered(stub.Retrieve, traceparent(trace), id=1)
    server.logged(f'"trace_id":"{trace}"')


def test_how_batches_come(notes, collector):
    _, _, stub = notes
    collector.trace(answered(stub.Retrieve, id=1)[0], 3)
    for path, kind, _, _ in collector.requests:
        assert (path, kind) == ("/v1/traces", "application/x-protobuf")
    [resource] = collector.batches()[-1].resource_spans
    names = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
    assert names["service.name"] == "pillion"


def test_nothing_of_values_is_in_it(notes, collector):
    """RELIABILITY G52: no value, no token, no statement unless it is asked for."""
    _, _, stub = notes
    secret = f"canary-{new_trace()}"
    trace = new_trace()
    stub.Create(text=secret, metadata=traceparent(trace) + [("authorization", f"Bearer {secret}")])
    stub.List(filter=f'text = "{secret}"', metadata=traceparent(trace, flags="01"))
    wait_until(lambda: len(collector.spans(trace)) == 6)
    sent = b"".join(body for _, _, _, body in collector.requests)
    assert secret.encode() not in sent
    assert b"INSERT" not in sent and b"SELECT" not in sent


def test_statements_when_they_are_asked_for(kind, new_project):
    project = new_project(kind, notes=MODEL).generate().apply()
    with Collector() as collector, serve(project, collector, ", statements: true") as server:
        stub = project.client(server).service("NoteController")
        trace = new_trace()
        stub.Create(text="canary-of-a-value", metadata=traceparent(trace))
        text = attributes(collector.trace(trace, 3)[STATEMENT])["db.query.text"]
        assert "INSERT INTO" in text and "canary" not in text


@pytest.mark.parametrize("sample, recorded", [("0", False), ("1.0", True)])
def test_sampling(new_project, sample, recorded):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with Collector() as collector, serve(project, collector, f", sample: {sample}") as server:
        stub = project.client(server).service("NoteController")
        stub.List()
        _, call = project.client(server).service("NoteController").Create.with_call(text="a")
        flags = dict(call.initial_metadata())["traceparent"][-2:]
        assert flags == ("01" if recorded else "00")
        # Whoever calls decides for the traces that it began.
        yes, no = new_trace(), new_trace()
        assert answered(stub.Retrieve, traceparent(no, flags="00"), id=1)[2] == "00"
        assert answered(stub.Retrieve, traceparent(yes), id=1)[2] == "01"
        collector.trace(yes, 3)
        assert collector.spans(no) == []
        own = [span for span in collector.spans() if span.trace_id.hex() != yes]
        assert bool(own) == recorded


def test_a_share_is_sampled(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with Collector() as collector, serve(project, collector, ", sample: 0.25") as server:
        stub = project.client(server).service("NoteController")
        stub.Create(text="a")
        sampled = sum(answered(stub.Retrieve, id=1)[2] == "01" for _ in range(400))
        # 25 % of 400, give or take six standard deviations.
        assert 48 <= sampled <= 152


def test_a_batch_is_sent_again(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with Collector() as collector:
        collector.answers = [503, 429]
        with serve(project, collector) as server:
            stub = project.client(server).service("NoteController")
            trace = new_trace()
            stub.Create(text="a", metadata=traceparent(trace))
            collector.trace(trace, 3)
            assert [status for _, _, status, _ in collector.requests] == [503, 429, 200]
            assert len({body for _, _, _, body in collector.requests}) == 1
            metrics = Admin(server).metrics()
            assert metrics.value("pillion_trace_export_failures_total") == 2
            wait_until(lambda: Admin(server).metrics().value("pillion_trace_spans_exported_total") == 3)
            server.logged("spans do not reach")
            server.logged("spans reach the collector again")


def test_a_batch_that_is_refused_is_not_sent_again(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with Collector() as collector:
        collector.answers = [400]
        with serve(project, collector) as server:
            stub = project.client(server).service("NoteController")
            stub.Create(text="a")
            wait_until(lambda: Admin(server).metrics().value("pillion_trace_spans_dropped_total") == 3)
            trace = new_trace()
            stub.Create(text="a", metadata=traceparent(trace))
            collector.trace(trace, 3)
            assert [status for _, _, status, _ in collector.requests] == [400, 200]


def test_without_a_collector_no_call_waits(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with serve(project, "http://127.0.0.1:1", ", queue: 10") as server:
        stub = project.client(server).service("NoteController")
        keys = [stub.Create(text="a").id for _ in range(50)]
        assert len(keys) == 50
        metrics = wait_until(
            lambda: (page := Admin(server).metrics()).value("pillion_trace_spans_dropped_total") >= 130 and page)
        assert metrics.value("pillion_trace_queue_length") <= 10
        assert metrics.value("pillion_trace_spans_exported_total") == 0


def test_the_end_sends_what_is_left(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with Collector() as collector:
        server = serve(project, collector)
        try:
            trace = new_trace()
            project.client(server).service("NoteController").Create(text="a", metadata=traceparent(trace))
            server.terminate()
            assert server.wait() == 0
            assert len(collector.spans(trace)) == 3
        finally:
            server.kill()


def test_a_collector_that_does_not_answer_does_not_hold_up_the_end(new_project):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    with Collector() as collector:
        collector.hold.clear()
        server = serve(project, collector)
        try:
            project.client(server).service("NoteController").Create(text="a")
            begin = time.monotonic()
            server.terminate()
            assert server.wait() == 0
            assert time.monotonic() - begin < 15
        finally:
            server.kill()


@pytest.mark.parametrize(
    "options, message",
    [
        ('otlp: "nonsense"', "otlp"), ('otlp: "ftp://127.0.0.1"', "otlp"), ("sample: 0.5", "otlp"),
        ('otlp: "http://127.0.0.1:4318", sample: 2', "sample"), ('otlp: "http://127.0.0.1:4318", sampel: 1', "sampel"),
        ('otlp: "http://127.0.0.1:4318", statements: perhaps', "statements"),
    ],
)
def test_wrong_options(new_project, options, message):
    project = new_project("sqlite", notes=MODEL).generate().apply()
    (project.folder / "pillion.yaml").write_text(f"interceptors:\n  - tracing: {{ {options} }}\n")
    with pytest.raises(DidNotStart) as failure:
        project.serve()
    assert failure.value.code == 78
    assert "pillion.yaml:2" in failure.value.output and message in failure.value.output
