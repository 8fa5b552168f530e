"""``net_fetch``: GET for guests, with every hop of a redirect checked anew.

The name is resolved here, each address is checked, and the connection goes to the checked
address and no other: a name that answers differently the second time gains nothing. No proxy,
cookie or header of the user's is used.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing, suppress
from urllib.parse import SplitResult, urljoin, urlsplit

__all__ = ["MOST_HOPS", "FetchRefusedError", "Fetcher", "addresses_of"]

MOST_HOPS = 5
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)
_BLOCK = 64 << 10
_NAT64, _COMPATIBLE = ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96")


class FetchRefusedError(Exception):
    """An address that the guest may not have."""


class Fetcher:
    """One fetch of a plugin's guest.

    Args:
        allowed: whether it may connect to ``host:port``.
        named: whether it was granted this very host, by name and not by a pattern: only then
            may the host lie in a private network or on this machine.
        resolve: addresses of host and port, as :func:`socket.getaddrinfo` gives them.
    """

    def __init__(
        self,
        allowed: Callable[[str, int], bool],
        named: Callable[[str, int], bool],
        resolve: Callable[[str, int], list[str]],
    ) -> None:
        self._allowed = allowed
        self._named = named
        self._resolve = resolve
        self._socket: socket.socket | None = None
        self._cancelled = False

    def cancel(self) -> None:
        """End it from another thread: nobody waits for it any more."""
        self._cancelled = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def get(self, url: str, most: int, seconds: float) -> tuple[int, bytes]:
        """Status and body of the last hop.

        Raises:
            FetchRefusedError: an address, of any hop, that it may not have.
            ValueError: not an http or https address.
            OverflowError: an answer larger than ``most`` bytes.
            OSError: no connection, or not in time.
            http.client.HTTPException: the answer is no HTTP.
        """
        end = time.monotonic() + seconds
        for _hop in range(MOST_HOPS + 1):
            status, body, location = self._hop(url, most, end)
            if status not in _REDIRECTS or not location:
                return status, body
            following = urljoin(url, location)
            if urlsplit(url).scheme == "https" and urlsplit(following).scheme != "https":
                raise FetchRefusedError("a redirect from https to http")
            url = following
        raise FetchRefusedError(f"more than {MOST_HOPS} redirects")

    def _hop(self, url: str, most: int, end: float) -> tuple[int, bytes, str]:
        parts, host, port = _checked(url)
        if not self._allowed(host, port):
            raise FetchRefusedError(f"{host}:{port} is not granted")
        connection = self._connect(parts.scheme, host, port, end)
        with closing(connection):
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers={"Accept-Encoding": "identity", "Connection": "close"})
            with connection.getresponse() as response:
                if response.status in _REDIRECTS:
                    return response.status, b"", response.getheader("Location") or ""
                return response.status, _body(response, connection, most, end), ""

    def _connect(self, scheme: str, host: str, port: int, end: float) -> http.client.HTTPConnection:
        addresses = self._resolve(host, port)
        if not addresses:
            raise OSError("the name has no address")
        if not self._named(host, port) and not all(_is_public(a) for a in addresses):
            raise FetchRefusedError(f"{host} is in a private network and not granted by its name")
        connection = http.client.HTTPConnection(host, port)
        if self._cancelled:
            raise TimeoutError("it took too long")
        sock = socket.create_connection((addresses[0], port), timeout=_left(end))
        try:
            if scheme == "https":
                sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise
        connection.sock = self._socket = sock
        return connection


def _checked(url: str) -> tuple[SplitResult, str, int]:
    if any(ord(c) <= 32 or ord(c) >= 127 for c in url):
        raise ValueError("an address has visible ASCII characters only")
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError("an address begins with http:// or https:// and a host, without a password")
    return parts, parts.hostname, parts.port or _PORTS[parts.scheme]


def _body(
    response: http.client.HTTPResponse, connection: http.client.HTTPConnection, most: int, end: float
) -> bytes:
    found = bytearray()
    while True:
        if connection.sock is not None:
            connection.sock.settimeout(_left(end))  # in all, not from one byte to the next
        block = response.read1(_BLOCK)
        if not block:
            return bytes(found)
        found += block
        if len(found) > most:
            raise OverflowError(f"the answer has more than {most} bytes")
        _left(end)


def _left(end: float) -> float:
    if (left := end - time.monotonic()) <= 0:
        raise TimeoutError("it took too long")
    return left


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    meant = (_inside(found) if isinstance(found, ipaddress.IPv6Address) else ()) or (found,)
    return all(one.is_global and not one.is_multicast for one in meant)


def _inside(address: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 one stands for: mapped, compatible, 6to4, Teredo, NAT64."""
    low = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return (low,)
    found: tuple[object, ...] = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))
    return tuple(one for one in found if isinstance(one, ipaddress.IPv4Address))


def addresses_of(host: str, port: int) -> list[str]:
    """What the system's resolver says, IPv4 and IPv6."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))
