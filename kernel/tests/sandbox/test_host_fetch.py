"""``net_fetch``: what was granted, at every hop, and in the time and size that there is."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kadr_kernel.sandbox.host_table import FAILED, INVALID, LIMIT, MISSING, REFUSED
from kadr_kernel.sandbox.limits import Limits


class Pages(http.server.BaseHTTPRequestHandler):
    """A server on this machine whose answers a test says."""

    pages: dict[str, tuple[int, bytes, dict[str, str]]]
    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(f"{self.headers['Host']}{self.path}")
        status, body, headers = self.pages[self.path]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        pass


@pytest.fixture
def pages() -> Iterator[Any]:
    kind = type("Own", (Pages,), {"pages": {}, "seen": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield kind, server.server_address[1]
        server.shutdown()
        thread.join()


Fetch = Callable[..., tuple[int, bytes]]


@pytest.fixture
def fetch(asked: Any, pages: Any) -> Fetch:
    """Fetch with grants; every name is this machine, as in an attack on its network."""
    port = pages[1]

    def get(url: str, *grants: str, room: int = 1000, limits: Limits | None = None) -> tuple[int, bytes]:
        wanted = tuple(f"net:{g.replace('PORT', str(port))}" for g in grants)
        calls = asked.direct(asked.gate(wanted, wanted), limits, resolve=lambda _host, _port: ["127.0.0.1"])
        return calls.answer("net_fetch", [], [url.replace("PORT", str(port)).encode()], room)

    return get


def test_fetch(fetch: Fetch, pages: Any) -> None:
    kind, port = pages
    kind.pages |= {"/": (200, b"hello", {}), "/none": (404, b"", {}), "/bad": (500, b"", {})}
    assert fetch("http://a.test:PORT", "a.test:PORT") == (5, b"hello")
    assert fetch("http://a.test:PORT/none", "a.test:PORT") == (MISSING, b"")
    assert fetch("http://a.test:PORT/bad", "a.test:PORT") == (FAILED, b"")
    assert fetch("http://a.test:PORT/", "a.test:PORT", room=4) == (LIMIT, b"")
    assert fetch("http://a.test:PORT/", "a.test:PORT", limits=Limits(transfer_bytes=4)) == (LIMIT, b"")
    assert fetch("http://a.test:PORT/", "a.test:PORT", limits=Limits(connections=0)) == (LIMIT, b"")
    assert kind.seen[0] == f"a.test:{port}/"


@pytest.mark.parametrize("url", ["ftp://a.test/", "http://u:p@a.test/", "http:///x", "http://a.test/ x", "x"])
def test_addresses_that_are_none(fetch: Fetch, url: str) -> None:
    assert fetch(url, "*") == (INVALID, b"")


def test_host_and_port_are_those_granted(fetch: Fetch, pages: Any) -> None:
    pages[0].pages["/"] = 200, b"x", {}
    assert fetch("http://b.test:PORT/", "a.test:PORT") == (REFUSED, b"")
    assert fetch("http://a.test:PORT/", "a.test:443") == (REFUSED, b"")
    assert pages[0].seen == []


def test_a_pattern_does_not_reach_this_machine_or_its_network(fetch: Fetch, pages: Any) -> None:
    """The name is granted, and its address is private: only a grant of the very name will do."""
    pages[0].pages["/"] = 200, b"x", {}
    assert fetch("http://a.test:PORT/", "*") == (REFUSED, b"")
    assert fetch("http://a.test:PORT/", "*.test") == (REFUSED, b"")
    assert pages[0].seen == []
    assert fetch("http://a.test:PORT/", "a.test") == (1, b"x")


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("/end", (3, b"end")),
        ("http://a.test:PORT/end", (3, b"end")),
        ("http://b.test:PORT/end", (REFUSED, b"")),
        ("http://a.test:1/end", (REFUSED, b"")),
        ("//b.test:PORT/end", (REFUSED, b"")),
        ("file:///etc/passwd", (INVALID, b"")),
        ("/", (REFUSED, b"")),
    ],
)
def test_every_hop_is_checked_anew(fetch: Fetch, pages: Any, to: str, expected: tuple[int, bytes]) -> None:
    kind, port = pages
    kind.pages |= {
        "/": (302, b"", {"Location": to.replace("PORT", str(port))}),
        "/end": (200, b"end", {}),
    }
    assert fetch("http://a.test:PORT/", "a.test:PORT") == expected
    assert all(host.startswith("a.test:") for host in kind.seen)
    assert len(kind.seen) <= 6


def test_a_server_that_drips_is_not_waited_for(fetch: Fetch, asked: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    for _ in range(600):
                        connection.sendall(b"H")
                        threading.Event().wait(0.05)
                except OSError:
                    pass

        thread = threading.Thread(target=drip)
        thread.start()
        port = server.getsockname()[1]
        found = fetch(f"http://a.test:{port}/", f"a.test:{port}", limits=Limits(call_seconds=0.4))
        thread.join(20)
        assert found == (LIMIT, b"")
        assert not thread.is_alive(), "its connection is ended, too"
