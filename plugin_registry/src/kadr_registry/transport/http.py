"""A repository behind an HTTP server.

No redirect is followed: files are asked for where the user said they are, and a token is
sent nowhere else. A timer cuts the connection at the deadline, so that not even headers sent
byte by byte hold anybody up.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import quote, urlsplit

from kadr_sdk.errors import TimeoutExceededError

from kadr_registry.faults import RegistryError, UnreachableError
from kadr_registry.pace import Pace
from kadr_registry.transport import NotThereError

__all__ = ["HttpTransport", "connect", "pieces", "send"]

_PIECE = 1 << 16
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class HttpTransport:
    """Satisfies :class:`kadr_registry.transport.Transport`; a connection for each file.

    Args:
        url: of the repository's root.
        token: sent as ``Authorization: Bearer``, over TLS or to this machine only.

    Raises:
        RegistryError: no host, or a token that would travel in the clear.
    """

    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url)
        if not parts.hostname or parts.query or parts.fragment or parts.username:
            raise RegistryError("this is not the address of a registry", path=url, hint="https://host/path")
        if token and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise RegistryError("a token is not sent without encryption", path=url, hint="use https://")
        self._url, self._parts = url.rstrip("/"), parts
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    @property
    def place(self) -> str:
        """The address."""
        return self._url

    def read(self, path: str, pace: Pace) -> Iterator[bytes]:
        """The file in pieces."""
        target = f"{self._parts.path.rstrip('/')}/{quote(path)}"
        with send(self._parts.scheme, self._parts.netloc, "GET", target, pace, self._headers) as response:
            if response.status in (403, 404, 410):
                raise NotThereError(path)
            if response.status != 200:
                where = f"{self._url}/{path}"
                hint = "give the final address" if 300 <= response.status < 400 else "try again later"
                raise UnreachableError(f"the server answered {response.status}", path=where, hint=hint)
            yield from pieces(response, pace)

    def close(self) -> None:
        """Nothing is held."""


@contextmanager
def send(
    scheme: str,
    netloc: str,
    method: str,
    target: str,
    pace: Pace,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> Iterator[http.client.HTTPResponse]:
    """One request and its response, under the deadline of ``pace``.

    Raises:
        UnreachableError: no answer, or none that is HTTP.
        TimeoutExceededError: the deadline or the time without a byte is over.
    """
    connection = connect(scheme, netloc, min(pace.limits.idle, pace.left()))
    late = threading.Event()
    held: list[socket.socket] = []  # the connection forgets its socket when the server will close it

    def cut() -> None:
        late.set()
        for sock in held:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(pace.left(), cut)
    timer.daemon = True
    timer.start()
    pace.begin()
    try:
        connection.connect()
        held.append(connection.sock)
        connection.request(method, target, body, {"Accept-Encoding": "identity", **headers})
        response = connection.getresponse()
        _in_time(late)
        yield response
        _in_time(late)  # a body without a length ends where it was cut
    except (OSError, http.client.HTTPException) as error:
        if late.is_set() or isinstance(error, TimeoutError):
            hint = "try again later, or another mirror"
            raise TimeoutExceededError(
                "the registry did not answer in time", path=netloc, hint=hint
            ) from error
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        hint = "check the address and the network"
        raise UnreachableError(f"the registry cannot be reached: {reason}", path=netloc, hint=hint) from error
    finally:
        timer.cancel()
        connection.close()


def _in_time(late: threading.Event) -> None:
    if late.is_set():
        raise TimeoutError


def connect(scheme: str, netloc: str, timeout: float) -> http.client.HTTPConnection:
    """A connection, through the proxy that the system names for the host."""
    proxy = urllib.request.getproxies().get(scheme, "")
    host = netloc.rpartition("@")[2]
    if proxy and not urllib.request.proxy_bypass(host.partition(":")[0]) and scheme == "https":
        through = http.client.HTTPSConnection(
            urlsplit(proxy).netloc, timeout=timeout, context=ssl.create_default_context()
        )
        through.set_tunnel(host)
        return through
    if scheme == "https":
        return http.client.HTTPSConnection(host, timeout=timeout, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, timeout=timeout)


def pieces(response: http.client.HTTPResponse, pace: Pace) -> Iterator[bytes]:
    """The body as it arrives, counted."""
    while piece := response.read1(_PIECE):
        pace.received(len(piece))
        yield piece
    if response.length:  # the server promised more
        raise http.client.IncompleteRead(b"", response.length)
