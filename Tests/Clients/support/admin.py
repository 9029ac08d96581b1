"""The admin port of a server: pages, and metrics by name and labels."""

import http.client
import re

LISTENING = re.compile(r"^admin\s+http://\S*:(\d+)$", re.MULTILINE)
SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')


class Admin:
    def __init__(self, server):
        self.port = int(LISTENING.search(server.output).group(1))

    def request(self, path, method="GET", headers=None):
        """Status, headers and text of a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def status(self, path):
        return self.request(path)[0]

    def metrics(self):
        status, headers, text = self.request("/metrics")
        assert status == 200
        assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        return Metrics(text)


class Metrics:
    """A page of metrics, every line of it checked against the text format."""

    def __init__(self, text):
        self.text = text
        self.types = {}
        self.samples = []
        assert text.endswith("\n")
        helped = set()
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name = line.split(" ", 3)[2]
                assert name not in helped, f"{name} has two families"
                helped.add(name)
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name in helped and kind in ("counter", "gauge", "histogram")
                self.types[name] = kind
            else:
                name, labels, value = SAMPLE.match(line).groups()
                pairs = LABEL.findall(labels or "")
                assert ",".join(f'{label}="{text}"' for label, text in pairs) == (labels or ""), line
                family = name if name in self.types else re.sub("_(bucket|sum|count)$", "", name)
                assert family in self.types, f"{name} has no family"
                self.samples.append((name, dict(pairs), float(value)))
        keys = [(name, tuple(sorted(labels.items()))) for name, labels, _ in self.samples]
        assert len(keys) == len(set(keys)), "a sample occurs twice"

    def all(self, name, **labels):
        return [
            (found, value) for sample, found, value in self.samples
            if sample == name and all(found.get(label) == text for label, text in labels.items())
        ]

    def value(self, name, **labels):
        """The sum of the samples that have these labels, 0 if there are none."""
        return sum(value for _, value in self.all(name, **labels))
