"""The store as a real HTTP server, on a loopback address and a free port.

Only this module of the sandbox uses a clock and the network. One lock around the pure store
makes it safe for threads.
"""

from __future__ import annotations

import select
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from wcflow.sandbox.door import Answers, Call, parse_request, record_call
from wcflow.sandbox.faults import NoResponse, TimedOut, Unreachable
from wcflow.sandbox.rest import Request, Response

Clock = Callable[[], datetime]


def utcnow() -> datetime:
    return datetime.now(UTC)


class Server(ThreadingHTTPServer):
    """An HTTP server; hold `lock` to change the store while it runs."""

    daemon_threads = False
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(
        self, store: Answers, address: tuple[str, int], clock: Clock, tls: ssl.SSLContext | None
    ) -> None:
        """Listen on an address; port 0 takes a free one."""
        super().__init__(address, _RequestHandler)
        self.store = store
        self.clock = clock
        self.scheme = "https" if tls else "http"
        self.tls = tls
        self.lock = threading.Lock()
        self.calls: list[Call] = []
        self.connections = 0
        self.closing = threading.Event()
        self.clients: set[socket.socket] = set()

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"{self.scheme}://{host!s}:{port}"

    def answer(self, request: Request) -> Response:
        """Answer requests one at a time, and record them."""
        with self.lock:
            now = self.clock()
            try:
                response = self.store.answer(request, now)
            except NoResponse:
                self.calls.append(record_call(request, None, now))
                raise
            self.calls.append(record_call(request, response, now))
            return response

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and keep track of it."""
        client, address = super().get_request()
        if self.tls:
            # The handshake runs in the request's own thread, so a slow one blocks no other.
            client = self.tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        self.clients.add(client)
        self.connections += 1
        return client, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self.clients.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore disconnects; print everything else, which is a bug."""
        if not _is_disconnect():
            super().handle_error(request, client_address)

    def close(self) -> None:
        """Stop listening, close all connections and wait for their threads."""
        if self.closing.is_set():
            return
        self.closing.set()
        self.shutdown()
        for client in list(self.clients):
            _close_connection(client)
        self.server_close()


class _RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", self.server.url.partition("://")[2])
        url = f"{self.server.scheme}://{host}{self.path}"
        request = parse_request(self.command, url, headers, self.rfile.read(length))
        try:
            response = self.server.answer(request)
        except TimedOut:
            self._hold_connection()
        except Unreachable:
            self._drop_connection()
        else:
            self._send(response)

    do_HEAD = do_POST = do_GET  # noqa: N815  the names are the library's
    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing; `calls` is the record."""

    def _send(self, response: Response) -> None:
        if response.delay and self.server.closing.wait(response.delay):
            self._drop_connection()
            return
        body = response.body.encode()
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def _hold_connection(self) -> None:
        # Send nothing until the client disconnects or the server closes.
        while not self.server.closing.is_set():
            if select.select([self.connection], [], [], 0.05)[0]:
                break
        self._drop_connection()

    def _drop_connection(self) -> None:
        self.close_connection = True


@contextmanager
def serve(
    store: Answers,
    faults: Answers | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    clock: Clock = utcnow,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Server]:
    """Serve a store, or its faults, while the context is open."""
    server = Server(faults or store, (host, port), clock, tls)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="sandbox", daemon=True
    )
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


def _close_connection(client: socket.socket) -> None:
    try:
        client.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The client has already disconnected.
        return


def _is_disconnect() -> bool:
    return isinstance(sys.exc_info()[1], ConnectionError | TimeoutError | ssl.SSLError)
