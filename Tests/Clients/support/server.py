"""`pillion serve` as a process."""

import os
import re
import signal
import subprocess
import threading

import grpc

LISTENING = re.compile(r"listening on (?:(unix:\S+)|\S*:(\d+))")
# Messages of any size, and no waiting of the client's own after a lost connection.
CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 200),
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
]


def environment(extra=None):
    """This process's environment without what would configure pillion or libpq, and `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PILLION_", "PG"))}
    kept.setdefault("SWIFT_BACKTRACE", "enable=no")
    return kept | (extra or {})


class DidNotStart(Exception):
    """`serve` ended before it listened."""

    def __init__(self, code, output):
        super().__init__(f"serve ended with {code}:\n{output}")
        self.code = code
        self.output = output


class Server:
    # What `serve` says behind its listeners.
    said_last = "database"

    def __init__(self, command, folder, variables=None):
        self.lines = []
        self.channels = []
        self.port = None
        # All listeners in their order: ports, and targets of Unix sockets.
        self.listeners = []
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment(variables), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        with self._news:
            self._news.wait_for(lambda: self._ready or not self._reader.is_alive() or self._ended, timeout=60)
        if not self._ready:
            try:
                code = self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"serve neither listened nor ended within a minute:\n{self.output}") from None
            self._reader.join(5)
            raise DidNotStart(code, self.output)

    _ready = False
    _ended = False

    def _read(self):
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line)
                if match := LISTENING.search(line):
                    path, port = match.groups()
                    self.listeners.append(path or int(port))
                    if self.port is None and port:
                        self.port = int(port)
                self._ready = self._ready or bool(self.listeners) and line.startswith(self.said_last)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    @property
    def output(self):
        return "".join(self.lines)

    def logged(self, *parts):
        """The first line that holds all `parts`, once it is there: what is logged is written behind the call that it is about."""
        def found():
            return next((line for line in self.lines if all(part in line for part in parts)), None)

        with self._news:
            self._news.wait_for(lambda: found() or self._ended, timeout=30)
        line = found()
        assert line, f"no line holds {parts}:\n{self.output}"
        return line

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def channel(self, *options, target=None, credentials=None):
        """A new connection to the server, closed with it; plaintext unless there are credentials."""
        target, options = target or self.address, list((dict(CHANNEL_OPTIONS) | dict(options)).items())
        if credentials:
            channel = grpc.secure_channel(target, credentials, options=options)
        else:
            channel = grpc.insecure_channel(target, options=options)
        self.channels.append(channel)
        return channel

    def resident(self):
        """Bytes of physical memory that the process holds now."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def peak_resident(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))

    def reset_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        """The exit code."""
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"serve did not end within a minute of its signal:\n{self.output}") from None
        self._reader.join(10)
        return code

    def stop(self):
        """Ends it as an init system does and expects a clean end."""
        for channel in self.channels:
            channel.close()
        already = self.process.poll()
        assert already is None, f"serve had ended with {already}:\n{self.output}"
        self.terminate()
        code = self.wait()
        assert code == 0, f"serve ended with {code}:\n{self.output}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._reader.join(10)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.stop()
        else:
            for channel in self.channels:
                channel.close()
            died = self.process.poll()
            self.kill()
            error.add_note(f"serve {'was running' if died is None else f'had ended with {died}'}; it said:\n{self.output[-4000:]}")
