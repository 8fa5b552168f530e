"""The same registry from a folder, an HTTP server, an OCI registry and a bundle."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kadr_registry.faults import RegistryError, TrustError, UnreachableError
from kadr_registry.mirror import Copied, Wanted
from kadr_registry.names import blob_path
from kadr_registry.opened import opened
from kadr_registry.pace import Limits, Pace
from kadr_registry.repository.acceptance import revoke
from kadr_registry.transport import NotThereError, Sink, open_sink, open_transport
from kadr_registry.transport.bundle import BundleSink, BundleTransport
from kadr_sdk.errors import InvalidPathError, NotFoundError

GLOW, FOG = "org.example.glow", "org.example.fog"


def copied(bench: Any, place: str | Path, sink: Sink | None, *wanted: str) -> Copied:
    root = bench.public / "metadata" / "1.root.json"
    with opened(str(place), root, now=lambda: bench.now) as found:
        return found.copier().copy(sink, map(Wanted.parse, wanted))


def installed(bench: Any, place: str | Path, plugin: str = GLOW, version: str = "1.0.0") -> bytes:
    client = bench.client(place, name="fresh")
    client.refresh()
    return b"".join(client.fetch(b).read_bytes() for b in client.record(plugin, version).blobs)


@pytest.fixture
def full(bench: Any) -> Any:
    """Two plugins, three releases."""
    bench.publish()
    bench.publish(version="1.1.0")
    bench.publish(FOG)
    return bench


def test_http(full: Any, loopback: str) -> None:
    assert installed(full, loopback) == installed(full, full.public)
    assert copied(full, loopback, None).releases == 3


def test_http_that_refuses(full: Any, loopback: str) -> None:
    with pytest.raises(UnreachableError, match="incomplete"):
        installed(full, f"{loopback}/elsewhere")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(UnreachableError, match="cannot be reached"):
        installed(full, f"http://127.0.0.1:{port}")


@contextmanager
def answering(status: int, headers: dict[str, str], seen: list[dict[str, str]]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({"path": self.path, **dict(self.headers)})
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{running.server_address[1]}"
        finally:
            running.shutdown()
            thread.join(10)


@pytest.mark.case("F62")
def test_no_redirect_is_followed_and_no_token_handed_on(bench: Any) -> None:
    theirs: list[dict[str, str]] = []
    ours: list[dict[str, str]] = []
    with (
        answering(200, {}, theirs) as other,
        answering(302, {"Location": f"http://{other}/x"}, ours) as host,
    ):
        transport = open_transport(f"http://{host}", {"KADR_REGISTRY_TOKEN": "secret"})
        with pytest.raises(UnreachableError, match="answered 302"):
            list(transport.read("metadata/timestamp.json", Pace(Limits())))
        oci = open_transport(f"oci+http://{host}/repo", {"KADR_REGISTRY_TOKEN": "secret"})
        assert list(oci.read(blob_path("a" * 64), Pace(Limits()))) == []
    assert [r["Authorization"] for r in ours] == ["Bearer secret"] * 2
    assert [r.get("Authorization") for r in theirs] == [None]


@pytest.mark.parametrize("place", ["http://example.org/x", "oci+http://example.org/x"])
def test_a_token_is_not_sent_in_the_clear(place: str) -> None:
    with pytest.raises(RegistryError, match="not sent without encryption"):
        open_transport(place, {"KADR_REGISTRY_TOKEN": "secret"})


@pytest.mark.parametrize(
    "place", ["http://", "https://a/b?c=d", "oci://host", "oci://", "nowhere", "ftp://a/b"]
)
def test_addresses_that_are_none(place: str) -> None:
    with pytest.raises(RegistryError):
        open_transport(place)


def test_sinks_that_are_none() -> None:
    with pytest.raises(RegistryError, match="cannot be written to"):
        open_sink("https://example.org")


# -- mirrors and bundles -----------------------------------------------------------------------


def test_mirror_of_a_mirror(full: Any, tmp_path: Path) -> None:
    first = copied(full, full.public, open_sink(str(tmp_path / "a")))
    second = copied(full, tmp_path / "a", open_sink(str(tmp_path / "b")))
    assert first == second
    assert (first.plugins, first.releases) == (2, 3)
    assert installed(full, tmp_path / "b") == installed(full, full.public)
    full.publish(version="2.0.0")
    copied(full, full.public, open_sink(str(tmp_path / "a")))
    assert installed(full, tmp_path / "a", version="2.0.0")


@pytest.mark.case("F60")
def test_mirror_checks_what_it_hands_on(full: Any, tmp_path: Path) -> None:
    evil = full.copy()
    blob = next(p for p in (evil / "blobs").rglob("*") if p.is_file())
    blob.write_bytes(b"x" * blob.stat().st_size)
    with pytest.raises(TrustError):
        copied(full, evil, open_sink(str(tmp_path / "a")))
    assert not (tmp_path / "a" / "metadata" / "timestamp.json").exists()
    with pytest.raises(TrustError):
        copied(full, evil, None)


def test_revoked_releases_are_not_copied(full: Any, tmp_path: Path) -> None:
    revoke(full.repository, GLOW, "1.0.0", "broken")
    found = copied(full, full.public, open_sink(str(tmp_path / "a")))
    assert found.skipped == ("org.example.glow 1.0.0",)
    assert found.releases == 2


def test_bundle_is_deterministic_and_installs_without_a_network(full: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        copied(full, full.public, BundleSink(tmp_path / name))
        full.now += 3  # the time of making does not matter
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    shutil.move(full.public / "blobs", tmp_path / "gone")
    assert b"org.example.glow 1.1.0" in installed(full, tmp_path / "a", version="1.1.0")


def test_bundle_of_some_plugins(full: Any, tmp_path: Path) -> None:
    copied(full, full.public, BundleSink(tmp_path / "a"), "org.example.glow==1.0")
    assert installed(full, tmp_path / "a")
    with pytest.raises(UnreachableError, match="is not there"):
        installed(full, tmp_path / "a", version="1.1.0")
    with pytest.raises(UnreachableError, match="incomplete"):
        installed(full, tmp_path / "a", FOG)
    with pytest.raises(NotFoundError, match="unknown release"):
        copied(full, full.public, BundleSink(tmp_path / "b"), "org.example.glow==3")
    with pytest.raises(RegistryError, match="is not PLUGIN or PLUGIN==VERSION"):
        Wanted.parse("org.example.glow==new")
    assert not (tmp_path / "b").exists()


def tar_of(path: Path, *members: tuple[str, bytes, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, kind, data in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(data), "x"
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.case("E52")
@pytest.mark.case("E53")
@pytest.mark.parametrize(
    "members",
    [
        [("../escape", tarfile.REGTYPE, b"x")],
        [("/etc/passwd", tarfile.REGTYPE, b"x")],
        [("C:\\x", tarfile.REGTYPE, b"x")],
        [("a/nul.txt", tarfile.REGTYPE, b"x")],
        [("a", tarfile.SYMTYPE, b"")],
        [("a", tarfile.LNKTYPE, b"")],
        [("a", tarfile.FIFOTYPE, b"")],
        [("a", tarfile.CHRTYPE, b"")],
        [("a", tarfile.REGTYPE, b"x"), ("a", tarfile.REGTYPE, b"y")],
    ],
    ids=["up", "absolute", "drive", "reserved", "symlink", "hardlink", "fifo", "device", "double"],
)
def test_hostile_bundles(tmp_path: Path, members: list[tuple[str, bytes, bytes]]) -> None:
    with pytest.raises(RegistryError, match="this is not a bundle"):
        BundleTransport(tar_of(tmp_path / "evil", *members))


@pytest.mark.case("E54")
def test_bundles_that_are_none(tmp_path: Path) -> None:
    good = tar_of(tmp_path / "good", ("a", tarfile.REGTYPE, b"x" * 5000))
    (tmp_path / "cut").write_bytes(good.read_bytes()[:3000])
    (tmp_path / "zip").write_bytes(b"PK\x03\x04" + b"x" * 600)
    (tmp_path / "empty").write_bytes(b"")
    for name in ("cut", "zip", "empty"):
        with pytest.raises(RegistryError, match="this is not a bundle"):
            BundleTransport(tmp_path / name)
    whole = BundleTransport(good)
    assert b"".join(whole.read("a", Pace(Limits()))) == b"x" * 5000
    with pytest.raises(NotThereError):
        list(whole.read("b", Pace(Limits())))
    whole.close()


def test_a_root_is_needed(full: Any, tmp_path: Path) -> None:
    copied(full, full.public, BundleSink(tmp_path / "a"))
    with (
        pytest.raises(InvalidPathError, match="the root that you trust is needed"),
        opened(str(tmp_path / "a"), None),
    ):
        pass
    (tmp_path / "root.json").write_text("{}")
    with pytest.raises(RegistryError), opened(str(tmp_path / "a"), tmp_path / "root.json"):
        pass


# -- OCI ---------------------------------------------------------------------------------------


@pytest.fixture
def oci(tmp_path: Path) -> Iterator[str]:
    """Debian's ``docker-registry`` on the loopback address."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("docker-registry is not installed (Debian: apt-get install docker-registry)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "oci")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    (tmp_path / "config.yml").write_text(json.dumps(config))
    environ = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
    command = [program, "serve", str(tmp_path / "config.yml")]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        try:
            _wait_for(port, child)
            yield f"oci+http://127.0.0.1:{port}/kadr/plugins"
        finally:
            child.terminate()


def _wait_for(port: int, child: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and child.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    pytest.fail("docker-registry does not start")


def test_oci(bench: Any, oci: str, tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="incomplete"):
        bench.client(oci).refresh()
    bench.publish()
    first = copied(bench, bench.public, open_sink(oci))
    assert installed(bench, oci) == installed(bench, bench.public)
    assert copied(bench, oci, open_sink(str(tmp_path / "back"))) == first
    assert installed(bench, tmp_path / "back")
    bench.publish(version="2.0.0")
    copied(bench, bench.public, open_sink(oci))
    client = bench.client(oci, name="fresh")
    client.refresh()
    assert [r.version for r in client.releases(GLOW)] == ["2.0.0", "1.0.0"]
    record = client.record(GLOW, "2.0.0")
    release = json.loads(_get(oci, f"manifests/r-{record.digest()}"))
    assert release["config"]["digest"] == f"sha256:{record.digest()}"
    assert [layer["digest"] for layer in release["layers"]] == [f"sha256:{b.sha256}" for b in record.blobs]


@pytest.mark.case("F62")
def test_oci_that_serves_other_bytes(bench: Any, oci: str, tmp_path: Path) -> None:
    record = bench.publish().records[0]
    copied(bench, bench.public, open_sink(oci))
    digest = record.blobs[0].sha256
    stored = tmp_path / "oci/docker/registry/v2/blobs/sha256" / digest[:2] / digest / "data"
    stored.write_bytes(b"x" * record.blobs[0].size)
    with pytest.raises(TrustError, match="not what was signed"):
        installed(bench, oci)


def _get(oci: str, what: str) -> bytes:
    from kadr_registry.transport.oci import _IMAGE, _Client

    return b"".join(_Client(oci, "").get(what, Pace(Limits()), {"Accept": _IMAGE}))
