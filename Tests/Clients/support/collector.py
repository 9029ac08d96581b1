"""An OTLP collector for tests: takes spans over HTTP and keeps them."""

import http.server
import threading

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from .postgres import wait_until


class Collector:
    def __init__(self, port=0):
        self.requests = []
        # Answers to give before all others, first one first; each a status.
        self.answers = []
        # While it is set requests are not answered.
        self.hold = threading.Event()
        self.hold.set()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.hold.wait()
                status = collector.answers.pop(0) if collector.answers else 200
                collector.requests.append((self.path, self.headers["content-type"], status, body))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def batches(self):
        return [ExportTraceServiceRequest.FromString(body) for _, _, status, body in list(self.requests) if status == 200]

    def spans(self, trace=None):
        """All spans that have come, or those of one trace, by their names."""
        spans = [
            span for batch in self.batches() for resource in batch.resource_spans for scope in resource.scope_spans
            for span in scope.spans
        ]
        return [span for span in spans if trace is None or span.trace_id.hex() == trace]

    def trace(self, trace, count):
        """The spans of a trace, when there are as many: by name."""
        wait_until(lambda: len(self.spans(trace)) >= count, what=f"{count} spans of {trace}")
        spans = self.spans(trace)
        assert len(spans) == count, spans
        return {span.name: span for span in spans}

    def close(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def attributes(span):
    return {
        attribute.key: getattr(attribute.value, attribute.value.WhichOneof("value")) for attribute in span.attributes
    }
