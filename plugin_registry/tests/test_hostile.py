"""Packages, registries and disks that are against the user: groups E and F of docs/hostile.md."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import os
import shutil
import struct
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kadr_registry.client.planner import Terms
from kadr_registry.faults import RefusedError, RegistryError, TrustError
from kadr_registry.mirror import Copier
from kadr_registry.names import blob_path
from kadr_registry.opened import opened
from kadr_registry.pack import pack
from kadr_registry.repository import acceptance
from kadr_registry.repository.checks import Checks, check_release
from kadr_registry.repository.folder import Repository
from kadr_registry.repository.publish import publish
from kadr_registry.repository.setup import add_publisher, create, refresh
from kadr_registry.transport.bundle import BundleSink, BundleTransport
from kadr_registry.wheel_files import check_members
from kadr_sdk.errors import KadrError, ManifestError, StorageError
from kadr_sdk.manifest import read_manifest

GLOW = "org.example.glow"
DAY = 86400.0


# -- E: packages and files ---------------------------------------------------------------------


def archive(*members: tuple[str, int], data: bytes = b"x") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            file.writestr(info, data)
    return made.getvalue()


def renamed(data: bytes) -> bytes:
    """The name in front of the file is another one than in the list at the end."""
    return data.replace(b"a.py", b"b.py", 1)


def overlapping(data: bytes) -> bytes:
    """The list names the first file's bytes for the second one too."""
    at = data.rindex(b"PK\x01\x02")
    return data[: at + 42] + struct.pack("<I", 0) + data[at + 46 :]


def vast(data: bytes) -> bytes:
    """The list says that a file has 4 GB less one byte."""
    at = data.index(b"PK\x01\x02")
    return data[: at + 24] + b"\xfe\xff\xff\xff" + data[at + 28 :]


TWO = archive(("a.py", 0o100644), ("c.py", 0o100644))


@pytest.mark.case("E53")
@pytest.mark.case("E54")
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (archive(("a.py", 0o120777)), "is no plain file"),
        (archive(("a.py", 0o010644)), "is no plain file"),
        (archive(("a.py", 0o060644)), "is no plain file"),
        (renamed(TWO), "differ"),
        (b"#!/bin/sh\n" + TWO, "before its first entry"),
        (overlapping(TWO), "lies over another entry|differ"),
        (vast(TWO), "unpacks to more than"),
    ],
    ids=["symlink", "fifo", "device", "two names", "prepended", "overlapping", "4 GB"],
)
def test_a_wheel_that_two_readers_see_differently(data: bytes, said: str) -> None:
    with (
        zipfile.ZipFile(io.BytesIO(data)) as file,
        pytest.raises((ValueError, zipfile.BadZipFile), match=said),
    ):
        check_members(file)


@pytest.mark.case("E53")
def test_plain_wheels_and_their_folders_pass() -> None:
    with zipfile.ZipFile(io.BytesIO(archive(("p/", 0o040755), ("p/a.py", 0o104755), ("x", 0)))) as file:
        check_members(file)


@pytest.mark.case("E54")
@pytest.mark.parametrize("kind", ["sparse", "pax size", "gzip", "trailing"])
def test_a_bundle_that_lies_about_sizes(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bundle"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("a")
        info.size = 4
        if kind == "sparse":
            info.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,4",
                                "GNU.sparse.size": "99999999999"}  # fmt: skip
        elif kind == "pax size":
            info.pax_headers = {"size": "99999999999"}
        tar.addfile(info, io.BytesIO(b"data"))
    if kind == "gzip":
        path.write_bytes(gzip.compress(bytes(50_000_000)))
    if kind == "trailing":  # what stands behind the end is no member
        path.write_bytes(path.read_bytes() + archive(("evil", 0o100644)))
        found = BundleTransport(path)
        assert found.names == ("a",)
        found.close()
        return
    with pytest.raises(RegistryError, match="this is not a bundle"):
        BundleTransport(path)


HEAD = 'manifest = 1\n[plugin]\nid = "org.example.glow"\nversion = "1"\n'


@pytest.mark.case("E55")
@pytest.mark.parametrize(
    "text",
    [
        HEAD + "[extensions]\nx = " + "9" * 100_000,
        HEAD + f'title = "{"x" * 2_000_000}"',
        HEAD + "[extensions]\nx = " + "[" * 50_000,
        HEAD + "[extensions]\nx = 9999-99-99",
        HEAD + "[extensions]\nx = [" + "1979-05-27T07:32:00Z, " * 10_000 + "]",
        HEAD + "surprise = true",
        HEAD + "[limits]\nseconds = inf",
        HEAD.replace('"1"', '"one"'),
        HEAD.replace('"1"', "1"),
        HEAD.replace("org.example.glow", "../glow"),
        "\ufeff\0",
    ],
    ids=["integer", "10 MB", "deep", "date", "dates", "key", "infinity", "version", "number", "id", "bytes"],
)
def test_a_manifest_that_is_a_weapon(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plugin.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    assert len(str(caught.value)) < 5000


@pytest.mark.case("E55")
def test_versions_are_written_in_one_way(bench: Any) -> None:
    assert pack(bench.plugin(version="v1.0"), "org.example").record.version == "1.0"
    bench.publish(version="1.0")
    for same in ("v1.0", "1.0.0", "1"):
        with pytest.raises(RegistryError, match="is published already"):
            bench.publish(version=same)


@pytest.mark.case("E55")
def test_an_id_that_is_not_the_folders_record(bench: Any) -> None:
    """A record of one plugin with the manifest of another."""
    record = pack(bench.plugin(), "org.example").record
    other = bench.plugin("org.example.fog")
    files = {blob.path: (other / blob.path).read_bytes() for blob in record.blobs}
    rows = check_release(record, lambda blob: files[blob.path], Checks())
    assert "the record does not say what the manifest says" in [row.message for row in rows]


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 100_000, 100_000) + b"\x08\x06\0\0\0"


@pytest.mark.case("E56")
@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("icon.svg", SVG.format("<script>alert(1)</script>"), "may not hold <script>"),
        ("icon.svg", SVG.format("<foreignObject/>"), "may not hold <foreignObject>"),
        ("icon.svg", SVG.format("<use/>"), "may not hold <use>"),
        ("icon.svg", SVG.format('<g onload="x()"/>'), "may not run or load anything: onload"),
        ("icon.svg", SVG.format('<g fill="url(http://evil/x)"/>'), "may not run or load anything: fill"),
        ("icon.svg", SVG.format('<g xlink:href="https://evil/x"/>'), "may not point elsewhere"),
        ("icon.svg", '<!DOCTYPE svg [<!ENTITY a "aa">]>' + SVG.format("<g/>"), "declares entities"),
        ("icon.svg", "<html/>", "may not hold <html>"),
        ("icon.svg", "GIF89a", "is no SVG file"),
        ("icon.png", PNG, "it is 100000 x 100000; an icon has at most 1024"),
        ("icon.png", b"\x89PNG", "it is no PNG file"),
        ("README.md", b"\xff\xfe", "it is not UTF-8"),
        ("README.md", "a\x1b]0;owned\x07", "control character 0x1b"),
        ("README.md", "x" * ((1 << 20) + 1), "is larger than 1 MiB"),
    ],
)
def test_pictures_and_texts_that_do_more(bench: Any, name: str, data: str | bytes, said: str) -> None:
    home = bench.plugin()
    (home / name).write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(RefusedError) as caught:
        publish(bench.repository, home, acceptance.Terms())
    assert [said in str(row) for row in caught.value.problems] == [True]


@pytest.mark.case("E56")
def test_plain_pictures_and_texts_are_taken(bench: Any) -> None:
    home = bench.plugin()
    (home / "icon.svg").write_text(SVG.format('<g id="a" fill="url(#b)"><path d="M0 0h1"/></g>'), "utf-8")
    (home / "README.md").write_text("# Glow\n<b>soft</b> – ☼\n", "utf-8")
    assert publish(bench.repository, home, acceptance.Terms()).records


@pytest.mark.case("E58")
def test_whoever_comes_after_a_purge_inherits_nothing(bench: Any, user: Any, tmp_path: Path) -> None:
    bench.publish(permissions={"log": True})
    user.install(GLOW, grant=["log"])
    user.client().remove([GLOW], Terms())
    assert user.kept.given, "removing alone keeps what was allowed, for an update by the same hands"
    with user.client().places.locked():
        user.kept.purge(GLOW)
    other = create(tmp_path / "other", "other", now=lambda: bench.now)
    add_publisher(other, "org.example")
    publish(other, bench.plugin(permissions={"log": True}), acceptance.Terms())
    shutil.rmtree(bench.public)
    shutil.copytree(other.public, bench.public)
    with pytest.raises(TrustError):
        user.install(GLOW, grant=["log"])
    assert user.kept.given == []


@pytest.mark.case("E59")
def test_a_disk_that_is_full(bench: Any, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.publish()
    user.install(GLOW)
    bench.publish(version="1.1.0")
    before = user.there()
    for owner, name in ((os, "fsync"), (shutil, "copyfile")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, _full)
            with pytest.raises(StorageError, match="No space left") as caught:
                user.update()
            assert caught.value.hint
        assert user.there() == before
    user.update()
    assert user.there() == {GLOW: "1.1.0"}


def _full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.case("E59")
@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="rights of folders do not hold this account")
def test_a_store_that_cannot_be_written(bench: Any, user: Any) -> None:
    _read_only(bench, user)


@pytest.mark.case("E59")
def test_a_store_that_is_a_file(bench: Any, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a folder without rights does, for every account: nothing can be made in it."""
    bench.publish()
    user.install(GLOW)
    bench.publish(version="1.1.0")
    before = user.there()

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "mkdir", refused)
        with pytest.raises(StorageError, match="Permission denied"):
            user.update()
    assert user.there() == before


def _read_only(bench: Any, user: Any) -> None:
    bench.publish()
    user.install(GLOW)
    bench.publish(version="1.1.0")
    user.store.chmod(0o500)
    try:
        with pytest.raises(StorageError, match="Permission denied"):
            user.update()
        assert user.there() == {GLOW: "1.0.0"}, "what is installed is still read"
    finally:
        user.store.chmod(0o700)


# -- F: registries -----------------------------------------------------------------------------


def other_registry(bench: Any, folder: Path) -> Repository:
    made = create(folder / "other", "other", now=lambda: bench.now)
    add_publisher(made, "org.example")
    publish(made, bench.plugin(title="Evil"), acceptance.Terms())
    return made


@pytest.mark.case("F60")
def test_extraneous_dependencies(bench: Any) -> None:
    """A mirror that lets a release require something else changes bytes that were signed."""
    bench.publish()
    mirror = bench.copy()
    (listing,) = (mirror / "targets" / "packages").iterdir()
    listing.chmod(0o644)
    listing.write_bytes(listing.read_bytes().replace(b'"requires":[]', b'"requires":["org.evil.x"]'))
    with pytest.raises(TrustError, match="bytes than were signed"):
        bench.client(mirror).releases(GLOW)


@pytest.mark.case("F60")
def test_a_whole_other_registry_in_its_place(bench: Any, tmp_path: Path) -> None:
    bench.publish()
    theirs = other_registry(bench, tmp_path)
    with pytest.raises(TrustError, match="not signed by enough of its keys"):
        bench.client(theirs.public).refresh()


@pytest.mark.case("F64")
def test_two_users_who_are_shown_different_states_can_tell(bench: Any) -> None:
    """Both states are signed; each user holds on to what was seen, and the digests differ."""
    bench.publish()
    old = bench.copy("old")
    bench.publish(version="1.1.0")
    here, there = bench.client(name="a"), bench.client(old, name="b")
    states = here.refresh(), there.refresh()
    assert states[0].snapshot != states[1].snapshot
    with opened(str(bench.public), bench.public / "metadata" / "1.root.json", now=lambda: bench.now) as again:
        assert again.state.snapshot == states[0].snapshot, "one state has one digest"
    with pytest.raises(TrustError, match="an older state than one seen before"):
        bench.client(old, name="a").refresh()
    bench.now += 2 * DAY
    with pytest.raises(TrustError, match="expired"):
        bench.client(old, name="c").refresh()


@pytest.mark.case("F67")
def test_a_clock_that_is_set_forward_and_back(bench: Any, user: Any) -> None:
    bench.publish()
    old = bench.copy("old")
    user.install(GLOW)
    bench.publish(version="1.1.0")
    before = user.there()
    bench.now += 400 * DAY
    with pytest.raises(TrustError, match="check the clock of this machine"):
        user.update()
    assert user.there() == before
    bench.now -= 800 * DAY
    user.update()
    assert user.there() == {GLOW: "1.1.0"}, "nothing that was seen depends on the clock"
    with pytest.raises(TrustError, match="an older state than one seen before"):
        user.client(instead={"test": str(old)}).update([], Terms())
    bench.now += 400 * DAY
    refresh(bench.repository)
    assert user.update().changes == []


@contextmanager
def oci_server(answers: dict[str, bytes], seen: list[str]) -> Iterator[str]:
    """An OCI registry that says what the test wants."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            data = answers.get(self.path.removeprefix("/v2/kadr/"))
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

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


def answers_of(public: Path, urls: Callable[[str], list[str]] = lambda _: []) -> dict[str, bytes]:
    """A registry's files as blobs, and the image that names its metadata."""

    found, layers = {}, []
    for path in sorted(p for p in public.rglob("*") if p.is_file()):
        data = path.read_bytes()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        found[f"blobs/{digest}"] = data
        title = path.relative_to(public).as_posix()
        if title.startswith("metadata/"):
            row = {"digest": digest, "size": len(data), "urls": urls(title)}
            layers.append(row | {"annotations": {"org.opencontainers.image.title": title}})
    return found | {"manifests/kadr": json.dumps({"layers": layers}).encode()}


@pytest.mark.case("F62")
@pytest.mark.parametrize("kind", ["wrong", "oversized", "short", "endless manifest", "broken manifest"])
def test_an_oci_registry_that_lies(bench: Any, kind: str) -> None:
    record = bench.publish().records[0]
    answers = answers_of(bench.public)
    blob = record.blobs[0]
    key = f"blobs/sha256:{blob.sha256}"
    answers |= {
        "wrong": {key: b"x" * blob.size},
        "oversized": {key: answers[key] + b"x" * 100_000},
        "short": {key: answers[key][:-1]},
        "endless manifest": {"manifests/kadr": b"[" * (5 << 20)},
        "broken manifest": {"manifests/kadr": b'{"layers": 7}'},
    }[kind]

    def install(client: Any) -> None:
        client.refresh()
        for one in client.record(GLOW, "1.0.0").blobs:
            client.fetch(one)

    with oci_server(answers, []) as host, pytest.raises(RegistryError) as caught:
        install(bench.client(f"oci+http://{host}/kadr"))
    said = {"wrong": "not what was signed", "oversized": "is larger than", "short": "instead of"}
    assert said.get(kind, "") in str(caught.value)
    assert not list((bench.folder / "users").rglob(blob.sha256))


@pytest.mark.case("F62")
def test_an_oci_tag_that_moves_and_layers_elsewhere(bench: Any, tmp_path: Path) -> None:
    """The tag names other metadata between two reads; addresses in layers are never followed."""
    bench.publish()
    theirs, asked, elsewhere = other_registry(bench, tmp_path), list[str](), list[str]()
    with oci_server({}, elsewhere) as other:
        answers = answers_of(bench.public, lambda title: [f"http://{other}/{title}"])
        with oci_server(answers, asked) as host:
            client = bench.client(f"oci+http://{host}/kadr")
            client.refresh()
            answers |= answers_of(theirs.public)
            assert [r.version for r in client.releases(GLOW)] == ["1.0.0"]
            with pytest.raises(TrustError, match="not signed by enough of its keys"):
                client.refresh()
    assert asked
    assert elsewhere == []


@pytest.mark.case("F64")
def test_a_mirror_of_some_releases_is_no_other_registry(bench: Any, tmp_path: Path) -> None:
    bench.publish()
    with opened(str(bench.repository.folder), None, now=lambda: bench.now) as found:
        copier: Copier = found.copier()
        copier.copy(BundleSink(tmp_path / "b"))
        state = found.state.snapshot
    assert bench.client(tmp_path / "b").refresh().snapshot == state


@pytest.mark.case("F66")
def test_bytes_are_named_by_their_digest_alone(bench: Any) -> None:
    record = bench.publish().records[0]
    for blob in record.blobs:
        assert (bench.public / blob_path(blob.sha256)).stat().st_size == blob.size
    with pytest.raises(KadrError):
        bench.publish(summary="another one")
