"""`grpc-timeout` in every shape it may have, and in those it may not (G24).

`pytest -s` prints how late the answers came.
"""

import random
import time

import pytest
from grpc import StatusCode

from support.http2 import RawConnection, framed

MODEL = """
package: times
models:
  Row:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""
# In nanoseconds.
UNITS = {"n": 1, "u": 10**3, "m": 10**6, "S": 10**9, "M": 60 * 10**9, "H": 3600 * 10**9}
WATCH = "/grpc.health.v1.Health/Watch"
# What is waited for; the others must then still be open.
SHORT, LONG = 1.5, 4.0


def values(digits):
    """The smallest number of so many digits, the largest, one with zeros in front, and two at random."""
    rng = random.Random(digits)
    least, most = 10 ** (digits - 1), 10**digits - 1
    return [str(least), str(most), "1".rjust(digits, "0"), str(rng.randint(least, most)), str(rng.randint(least, most))]


SHAPES = [(text, unit) for unit in UNITS for digits in range(1, 9) for text in values(digits)]


@pytest.fixture(scope="module")
def server(start):
    with start("sqlite", times=MODEL) as running:
        yield running.server


class Timed(RawConnection):
    """Notes when each answer ended."""

    def __init__(self, port):
        super().__init__(port)
        self.begun, self.ended = {}, {}

    def watch(self, timeout):
        """A call without an end of its own."""
        # Before the server can have begun to count.
        begun = time.monotonic()
        stream = self.headers(WATCH, ("grpc-timeout", timeout))
        self.begun[stream] = begun
        self.data(stream, framed(b""))
        return stream

    def _take(self, frame):
        super()._take(frame)
        if frame.stream_id and self.answers[frame.stream_id].ended:
            self.ended.setdefault(frame.stream_id, time.monotonic())


def test_every_shape(server):
    """240 values: a call is DEADLINE_EXCEEDED when its time is over, never before, and open until then."""
    assert len(SHAPES) == 240
    # On several connections, as one takes a hundred calls.
    connections = [Timed(server.port) for _ in range(3)]
    calls = []
    for place, (text, unit) in enumerate(SHAPES):
        connection = connections[place % 3]
        calls.append((connection, connection.watch(text + unit), text + unit, int(text) * UNITS[unit] / 1e9))
    short = [call for call in calls if call[3] <= SHORT]
    long = [call for call in calls if call[3] > LONG]
    assert len(short) > 80 and len(long) > 80
    end = time.monotonic() + 60
    while not all(stream in connection.ended for connection, stream, _, _ in short) and time.monotonic() < end:
        for connection in connections:
            connection.read(0.01)
    late = 0.0
    for connection, stream, text, seconds in short:
        assert stream in connection.ended, f"{text} has no end"
        assert connection.answers[stream].status == StatusCode.DEADLINE_EXCEEDED.value[0], text
        took = connection.ended[stream] - connection.begun[stream]
        assert took >= seconds, f"{text} ended after {took} s"
        late = max(late, took - seconds)
    print(f"\\n{len(short)} deadlines, the latest answer {late * 1000:.0f} ms behind its time")
    for connection, stream, text, seconds in long:
        took = connection.ended.get(stream, time.monotonic()) - connection.begun[stream]
        assert stream not in connection.ended or took >= seconds, f"{text} ended after {took} s"
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(
    "timeout",
    [
        "", "S", "1", "100000000S", "000000001S", "-1S", "+1S", "1.5S", "1e3m", "0x1S", "1 S", "1s", "1ms", "1N", "1U", "1h", "1d", "S1",
        "１S", "1S1S", "nan",
    ],
)
def test_shapes_that_are_none(server, timeout):
    """HTTP 400 and INTERNAL, and the connection goes on."""
    with RawConnection(server.port) as connection:
        stream = connection.headers(WATCH, ("grpc-timeout", timeout.encode()))
        connection.data(stream, framed(b""))
        answer = connection.answer(stream)
        assert (answer.headers[":status"], answer.status) == ("400", StatusCode.INTERNAL.value[0])
        assert connection.call("/grpc.health.v1.Health/Check").status == 0


@pytest.mark.parametrize("timeout", ["0n", "0H", "00000000S"])
def test_no_time_at_all(server, timeout):
    with RawConnection(server.port) as connection:
        assert connection.call(WATCH, b"", ("grpc-timeout", timeout)).status == StatusCode.DEADLINE_EXCEEDED.value[0]
