"""A server for trials: the public folder of a registry, on this machine alone."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from kadr_sdk.errors import InvalidParameterError

__all__ = ["server"]


class _Handler(SimpleHTTPRequestHandler):
    """Files only, without listings and without a log."""

    protocol_version = "HTTP/1.1"
    timeout = 10

    def list_directory(self, path: object) -> None:  # noqa: ARG002 - the name is the library's
        """Folders have no page."""
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is written for each request."""


def server(public: Path, port: int = 0) -> ThreadingHTTPServer:
    """A server on the loopback address; ``serve_forever`` runs it, port 0 takes a free one.

    Raises:
        InvalidParameterError: the port cannot be had.
    """
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, directory=str(public)))
    except (OSError, OverflowError) as error:
        text = f"port {port} cannot be had: {error}"
        raise InvalidParameterError(text, hint="leave --port out and take any free one") from error
