"""A loopback server that answers GET with what a function gives, and remembers what it was asked."""

from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self

Answer = tuple[int, str, bytes]
"""A status, a type of content and a body; for a redirect, the address in place of the type."""


class FakeWeb:
    """The server, for as long as it is entered; `answer` is given the path and the headers."""

    def __init__(self, answer: Callable[[str, Mapping[str, str]], Answer]) -> None:
        self.asked: list[str] = []
        self.answer = answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(fake: FakeWeb) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            fake.asked.append(self.path)
            status, content, body = fake.answer(
                self.path, {name.lower(): said for name, said in self.headers.items()}
            )
            self.send_response(status)
            self.send_header("Location" if 300 <= status < 400 else "Content-Type", content)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
            """Say nothing."""

    return Handler
