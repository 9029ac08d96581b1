"""A TCP proxy that can fall silent, as a network does when a cable is pulled: connections stay, and nothing comes."""

import selectors
import socket
import threading


class Proxy:
    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        # While it is set nothing is forwarded, in either direction; what comes is left in the kernel.
        self.silent = threading.Event()
        self._over = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.listener, selectors.EVENT_READ)
        self._sockets = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._over.is_set():
            if self.silent.is_set():
                self._over.wait(0.02)
                continue
            for key, _ in self._selector.select(0.05):
                if self.silent.is_set():
                    break
                if key.fileobj is self.listener:
                    self._accept()
                else:
                    self._forward(key.fileobj, key.data)

    def _accept(self):
        client = self.listener.accept()[0]
        server = socket.create_connection(("127.0.0.1", self.target))
        self._sockets += [client, server]
        for one, other in ((client, server), (server, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(one, selectors.EVENT_READ, other)

    def _forward(self, source, target):
        try:
            data = source.recv(1 << 16)
            if data:
                return target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self._selector.unregister(source)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._over.set()
        self._thread.join(10)
        self._selector.close()
        for one in [self.listener, *self._sockets]:
            one.close()
