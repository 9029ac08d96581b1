"""HTTP/2 by hand: requests that no gRPC library would send, and what the server says to them."""

import select
import socket
import struct
import time

import hpack
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
ENHANCE_YOUR_CALM = 11


def framed(message, flag=0):
    """A gRPC message with its prefix."""
    return struct.pack(">BI", flag, len(message)) + message


class Answer:
    def __init__(self):
        self.headers, self.blocks = {}, 0
        self.body = b""
        self.ended = False
        self.reset = None

    @property
    def status(self):
        code = self.headers.get("grpc-status")
        return None if code is None else int(code)

    @property
    def messages(self):
        """(compressed flag, bytes) of each message."""
        found, rest = [], self.body
        while rest:
            flag, length = struct.unpack(">BI", rest[:5])
            found.append((flag, rest[5 : 5 + length]))
            rest = rest[5 + length :]
        return found


class RawConnection:
    """One connection; frames are sent as they are, and what comes back is kept."""

    def __init__(self, port, preface=True, settings=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.answers, self.goaways = {}, []
        # Answers to pings, pings, acknowledgements of settings, and the longest frame that came.
        self.pongs, self.pinged, self.settings_answered, self.longest = [], 0, 0, 0
        self.closed = self.heard_settings = False
        self.answers_pings = self.answers_settings = True
        self._bytes = b""
        self._next = 1
        if preface:
            self.send(PREFACE + SettingsFrame(settings=settings or {}).serialize())

    def send(self, data):
        """Sends bytes or a frame; False once the server has hung up."""
        data = data if isinstance(data, bytes) else data.serialize()
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            return False

    def headers(self, path, *extra, end=False, method="POST", content_type="application/grpc", te=True):
        """The HEADERS of a new stream; its number."""
        stream, self._next = self._next, self._next + 2
        fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "test")]
        fields += [("content-type", content_type)] if content_type else []
        fields += [("te", "trailers")] if te else []
        flags = ["END_HEADERS", "END_STREAM"] if end else ["END_HEADERS"]
        self.send(HeadersFrame(stream, self.encoder.encode([*fields, *extra]), flags=flags))
        return stream

    def data(self, stream, data, end=True):
        parts = [data[offset : offset + 16384] for offset in range(0, len(data), 16384)] or [b""]
        for number, part in enumerate(parts):
            flags = ["END_STREAM"] if end and number == len(parts) - 1 else []
            if not self.send(DataFrame(stream, part, flags=flags)):
                return

    def call(self, path, message=b"", *extra, flag=0):
        """A whole unary call and its answer."""
        stream = self.headers(path, *extra)
        self.data(stream, framed(message, flag))
        return self.answer(stream)

    def flood(self, frames, batch=50):
        """Sends frames, made by an iterator, until the server has said that it is enough, or there are no more."""
        waiting, number = b"", 0
        for number, frame in enumerate(frames, 1):
            waiting += frame if isinstance(frame, bytes) else frame.serialize()
            if number % batch == 0:
                self.send(waiting)
                waiting = b""
                self.read(0.0)
                if self.goaways or self.closed:
                    return number
        self.send(waiting)
        return number

    def answer(self, stream, timeout=30):
        self.read(timeout, lambda: stream in self.answers and (self.answers[stream].ended or self.answers[stream].reset is not None))
        return self.answers[stream]

    def wait_closed(self, timeout=60):
        """Reads until the server closes; the code of its first GOAWAY, None if it sent none."""
        self.read(timeout, lambda: self.closed)
        assert self.closed, "the server keeps the connection"
        return self.goaways[0] if self.goaways else None

    def read(self, timeout, until=lambda: False):
        """Reads until the condition holds or the connection or the time is over."""
        end = time.monotonic() + timeout
        while not until() and not self.closed:
            if not select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
                return
            try:
                data = self.socket.recv(1 << 16)
            except (ConnectionResetError, TimeoutError):
                data = b""
            self.closed = not data
            self._bytes += data
            self._parse()

    def _parse(self):
        while len(self._bytes) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(self._bytes[:9]))
            if len(self._bytes) < 9 + length:
                return
            self.longest = max(self.longest, length)
            frame.parse_body(memoryview(self._bytes[9 : 9 + length]))
            self._bytes = self._bytes[9 + length :]
            self._take(frame)

    def _take(self, frame):
        answer = self.answers.setdefault(frame.stream_id, Answer()) if frame.stream_id else None
        if isinstance(frame, HeadersFrame):
            answer.blocks += 1
            answer.headers |= {str(name): str(value) for name, value in self.decoder.decode(frame.data)}
        elif isinstance(frame, DataFrame):
            answer.body += frame.data
        elif isinstance(frame, RstStreamFrame):
            answer.reset = frame.error_code
        elif isinstance(frame, GoAwayFrame):
            self.goaways.append(frame.error_code)
        elif isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self.heard_settings = True
            if self.answers_settings:
                self.send(SettingsFrame(flags=["ACK"]))
        elif isinstance(frame, SettingsFrame):
            self.settings_answered += 1
        elif isinstance(frame, PingFrame) and "ACK" in frame.flags:
            self.pongs.append(bytes(frame.opaque_data))
        elif isinstance(frame, PingFrame):
            self.pinged += 1
            if self.answers_pings:
                self.send(PingFrame(opaque_data=frame.opaque_data, flags=["ACK"]))
        if answer and "END_STREAM" in frame.flags:
            answer.ended = True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
