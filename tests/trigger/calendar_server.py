"""A real web server that gives a calendar, and whatever else servers give."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Given:
    """The next answer. `length`: what the header says, when it is not true; `slow`: the answer waits for `go_on`."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    slow: bool = False


class CalendarServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.given = Given()
        self.requests: list[dict[str, str]] = []
        self.go_on = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/private-abc/dana.ics"


class _Answers(BaseHTTPRequestHandler):
    server: CalendarServer

    def do_GET(self) -> None:
        given = self.server.given
        self.server.requests.append({name.lower(): value for name, value in self.headers.items()} | {"path": self.path})
        if given.slow:
            self.server.go_on.wait(20)
        etag = given.headers.get("ETag")
        if etag and self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(given.status)
        for name, value in given.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(given.body) if given.length is None else given.length))
        self.end_headers()
        self.wfile.write(given.body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[CalendarServer]:
    with CalendarServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="calendars", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.go_on.set()
            server.shutdown()
            thread.join(5)
