"""The attacks that TUF's specification lists, and a few more, each on a client that is asked to install."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kadr_registry.faults import RegistryError, RevokedError, TrustError, UnreachableError
from kadr_registry.listing import Listing, Release
from kadr_registry.names import blob_path, listing_path, publisher_role
from kadr_registry.pace import Limits, Pace
from kadr_registry.registry import Registry
from kadr_registry.repository.acceptance import Terms, accept, revoke
from kadr_registry.repository.folder import Edit, target_file
from kadr_registry.repository.publish import publish, yank
from kadr_registry.repository.setup import add_publisher, refresh, rotate
from kadr_registry.transport.bundle import BundleSink
from kadr_sdk.errors import NotFoundError, TimeoutExceededError
from tuf.api.metadata import Metadata, Targets

GLOW = "org.example.glow"
DAY = 86400.0


def install(client: Registry, version: str = "1.0.0") -> list[Path]:
    client.refresh()
    return [client.fetch(blob) for blob in client.record(GLOW, version).blobs]


def kept(bench: Any) -> list[str]:
    return [p.name for p in (bench.folder / "users").rglob("*") if "blobs" in p.parts and p.is_file()]


def test_what_was_published_is_what_is_installed(bench: Any) -> None:
    record = bench.publish().records[0]
    paths = install(bench.client())
    assert [p.name for p in paths] == [blob.sha256 for blob in record.blobs]
    assert all(not p.stat().st_mode & 0o222 for p in paths), "read-only"


# -- bytes -------------------------------------------------------------------------------------


@pytest.mark.case("F60")
def test_arbitrary_install(bench: Any) -> None:
    record = bench.publish().records[0]
    mirror = bench.copy()
    for blob in record.blobs:
        (mirror / blob_path(blob.sha256)).write_bytes(b"x" * blob.size)
    with pytest.raises(TrustError, match="not what was signed: its digest differs"):
        install(bench.client(mirror))
    assert kept(bench) == [record.digest()], "the record alone was what it should be"


@pytest.mark.case("F60")
def test_other_record(bench: Any) -> None:
    record = bench.publish().records[0]
    mirror = bench.copy()
    (mirror / blob_path(record.digest())).write_bytes(record.to_bytes().replace(b"Glow", b"Evil"))
    with pytest.raises(TrustError, match=r"the record of org\.example\.glow 1\.0\.0 is not what was signed"):
        install(bench.client(mirror))
    assert kept(bench) == []


@pytest.mark.case("F60")
def test_cut_off_blob(bench: Any) -> None:
    record = bench.publish().records[0]
    mirror = bench.copy()
    path = mirror / blob_path(record.blobs[0].sha256)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(TrustError, match="bytes instead of"):
        install(bench.client(mirror))


@pytest.mark.case("F60")
@pytest.mark.parametrize("what", ["timestamp", "snapshot", "listing", "blob"])
def test_endless_data(bench: Any, what: str) -> None:
    record = bench.publish().records[0]
    mirror = bench.copy()
    paths = {
        "timestamp": mirror / "metadata" / "timestamp.json",
        "snapshot": max(
            (mirror / "metadata").glob("*.snapshot.json"), key=lambda p: int(p.name.split(".")[0])
        ),
        "listing": next((mirror / "targets" / "packages").iterdir()),
        "blob": mirror / blob_path(record.blobs[0].sha256),
    }
    with paths[what].open("ab") as file:
        file.truncate(1 << 30)  # a gigabyte of zeros that takes no room
    began = time.process_time()
    with pytest.raises(TrustError, match=r"more bytes than were signed|is larger than"):
        install(bench.client(mirror))
    assert time.process_time() - began < 5, "it stopped at the first pieces"


# -- old states --------------------------------------------------------------------------------


@pytest.mark.case("F60")
def test_rollback(bench: Any) -> None:
    bench.publish()
    old = bench.copy("old")
    bench.publish(version="1.1.0")
    client = bench.client()
    client.refresh()
    with pytest.raises(TrustError, match="an older state than one seen before"):
        bench.client(old).refresh()
    assert [r.version for r in client.releases(GLOW)] == ["1.1.0", "1.0.0"]


@pytest.mark.case("F60")
def test_freeze(bench: Any) -> None:
    bench.publish()
    old = bench.copy("old")
    bench.client(old).refresh()
    bench.now += 2 * DAY
    with pytest.raises(TrustError, match="its signatures have expired"):
        bench.client(old).refresh()
    refresh(bench.repository)
    bench.client().refresh()


def test_expiry_is_overlooked_only_where_the_user_says_so(bench: Any) -> None:
    bench.publish()
    bench.now += 3 * DAY
    with pytest.raises(TrustError, match="expired"):
        install(bench.client(stale_days=1))
    assert install(bench.client(stale_days=3))


@pytest.mark.case("F60")
def test_mix_and_match(bench: Any) -> None:
    bench.publish()
    old = (bench.public / "metadata" / "1.publisher.org.example.json").read_bytes()
    bench.publish(version="1.1.0")
    mirror = bench.copy()
    (mirror / "metadata" / "2.publisher.org.example.json").write_bytes(old)
    with pytest.raises(TrustError, match="other bytes than were signed"):
        install(bench.client(mirror))


@pytest.mark.case("F60")
@pytest.mark.case("F63")
def test_fast_forward_and_recovery(bench: Any) -> None:
    """Whoever stole the keys of snapshot and timestamp can push their versions up; new keys heal that."""
    bench.publish()
    with bench.repository.edit() as edit:
        edit.snapshot.signed.version = edit.timestamp.signed.version = 10**9
    bench.client().refresh()
    for role in ("snapshot", "timestamp"):
        rotate(bench.repository, role)
    with bench.repository.edit() as edit:  # the honest versions again
        edit.snapshot.signed.version = edit.timestamp.signed.version = 7
    assert install(bench.client())


# -- keys --------------------------------------------------------------------------------------


@pytest.mark.case("F60")
@pytest.mark.case("F63")
def test_wrong_threshold(bench: Any) -> None:
    rotate(bench.repository, "root")
    path = bench.public / "metadata" / "2.root.json"
    data = json.loads(path.read_text())
    data["signatures"] = data["signatures"][:1]
    path.write_text(json.dumps(data))
    with pytest.raises(TrustError, match="not signed by enough of its keys"):
        bench.client().refresh()


def test_new_root_is_followed(bench: Any) -> None:
    bench.publish()
    bench.client().refresh()
    rotate(bench.repository, "root")
    rotate(bench.repository, "targets")
    state = bench.client().refresh()
    assert state.root_version == 3
    assert install(bench.client())


@pytest.mark.case("F63")
def test_root_cannot_be_signed_with_too_few_keys(bench: Any) -> None:
    for path in sorted((bench.repository.folder / "keys").glob("root-*"))[2:]:
        path.unlink()
    poor = type(bench.repository)(bench.repository.folder, now=lambda: bench.now)
    with pytest.raises(RegistryError, match="root needs 2 of its keys, 1 are here"):
        rotate(poor, "timestamp")
    assert not (bench.public / "metadata" / "2.root.json").exists()


@pytest.mark.case("F60")
def test_mis_signed(bench: Any) -> None:
    bench.publish()
    mirror = bench.copy()
    path = mirror / "metadata" / "timestamp.json"
    data = json.loads(path.read_text())
    data["signed"]["version"] += 1
    path.write_text(json.dumps(data))
    with pytest.raises(TrustError, match="not signed by enough of its keys"):
        bench.client(mirror).refresh()


def evil_edit(edit: Edit, plugin: str, record: bytes, release: Release) -> None:
    """Sign a listing for ``plugin`` with the keys of org.example."""
    role = publisher_role("org.example")
    data = Listing(plugin, (release,)).to_bytes()
    info, place = target_file(listing_path(plugin), data)
    metadata = edit.role(role)
    metadata.signed.targets[listing_path(plugin)] = info
    edit.add_file(place, data)
    edit.add_file(blob_path(release.record), record)
    edit.sign_role(role, metadata, "publisher")


@pytest.mark.case("F63")
def test_namespace_key_compromise(bench: Any) -> None:
    """The keys of a namespace, even with the operator's online keys, say nothing about another one."""
    add_publisher(bench.repository, "com.other")
    bench.publish("com.other.blur")
    record = bench.publish().records[0]
    with bench.repository.edit() as edit:
        evil_edit(edit, "com.other.blur", record.to_bytes(), Release.of(record, "2026-01-01"))
        evil_edit(edit, "com.other.new", record.to_bytes(), Release.of(record, "2026-01-01"))
    client = bench.client()
    client.refresh()
    assert client.record("com.other.blur", "1.0.0").id == "com.other.blur"
    with pytest.raises(NotFoundError, match=r"unknown plugin 'com\.other\.new'"):
        client.releases("com.other.new")


@pytest.mark.case("F63")
def test_namespace_key_compromise_is_healed_by_new_keys(bench: Any) -> None:
    bench.publish()
    thief = (bench.repository.folder / "keys" / "publisher.org.example-1.pem").read_bytes()
    rotate(bench.repository, "org.example")
    assert install(bench.client()), "what was signed before is signed again"
    key = bench.repository.folder / "keys" / "publisher.org.example-2.pem"
    key.write_bytes(thief)
    poor = type(bench.repository)(bench.repository.folder, now=lambda: bench.now)
    with pytest.raises(RegistryError, match="needs 1 of its keys, 0 are here"):
        publish(poor, bench.plugin(version="6.6.6"), Terms())


def submission(bench: Any, change: Callable[[Metadata[Targets]], object], folder: Path) -> Path:
    """A submission in the next version of org.example, changed, and signed with the right key."""
    role = publisher_role("org.example")
    edit = Edit.load(bench.repository)
    metadata = edit.role(role)
    metadata.signed.version += 1
    change(metadata)
    (signer,) = bench.repository.ring.of(edit.delegated(role).keyids, 1, role)
    metadata.sign(signer)
    sink = BundleSink(folder / "submission")
    sink.put(f"metadata/{metadata.signed.version}.{role}.json", metadata.to_bytes())
    sink.close()
    return folder / "submission"


@pytest.mark.case("F63")
def test_submission_for_a_foreign_name_is_refused(bench: Any, tmp_path: Path) -> None:
    bench.publish()
    add_publisher(bench.repository, "com.other")

    def foreign(metadata: Metadata[Targets]) -> None:
        metadata.signed.targets["packages/com.other.blur.json"] = target_file("x", b"{}")[0]

    before = sorted(p.name for p in bench.public.rglob("*"))
    with pytest.raises(TrustError, match=r"signs packages/com\.other\.blur\.json, which is not its own"):
        accept(bench.repository, submission(bench, foreign, tmp_path), Terms())
    with pytest.raises(RegistryError, match="would remove"):
        accept(bench.repository, submission(bench, lambda m: m.signed.targets.clear(), tmp_path), Terms())
    assert sorted(p.name for p in bench.public.rglob("*")) == before, "nothing was changed"


def test_submission_signed_by_a_stranger_is_refused(bench: Any, tmp_path: Path) -> None:
    bench.publish()
    path = submission(bench, lambda m: None, tmp_path)
    rotate(bench.repository, "org.example")
    with pytest.raises(TrustError, match="is not signed as it must be"):
        accept(bench.repository, path, Terms())


# -- immutability, yanked and revoked ----------------------------------------------------------


@pytest.mark.case("F66")
def test_republished_with_other_bytes(bench: Any) -> None:
    """An operator and a publisher who conspire can change a release; who saw the first one is told."""
    record = bench.publish().records[0]
    install(bench.client())
    other = type(record)(record.manifest, "evil", record.publisher, record.blobs)
    with bench.repository.edit() as edit:
        evil_edit(edit, GLOW, other.to_bytes(), Release.of(other, "2026-01-01"))
    with pytest.raises(TrustError, match=r"glow 1\.0\.0 has other content than when it was seen first"):
        install(bench.client())


@pytest.mark.case("F66")
def test_published_twice(bench: Any) -> None:
    bench.publish()
    with pytest.raises(RegistryError, match=r"1\.0\.0 is published already, with the same content"):
        bench.publish()
    with pytest.raises(RegistryError, match="published already, with other content"):
        bench.publish(title="Changed")


def test_yanked(bench: Any) -> None:
    bench.publish()
    bench.publish(version="1.1.0")
    yank(bench.repository, GLOW, "1.1.0", "it glows too much")
    client = bench.client()
    assert [(r.version, r.yanked) for r in client.releases(GLOW)] == [
        ("1.1.0", "it glows too much"),
        ("1.0.0", ""),
    ]
    assert [e.version for e in client.search("glow")] == ["1.0.0"]
    assert client.record(GLOW, "1.1.0").version == "1.1.0", "a lock still gets it"
    yank(bench.repository, GLOW, "1.1.0", "")
    client.refresh()
    assert [e.version for e in client.search("glow")] == ["1.1.0"]
    with pytest.raises(RegistryError, match=r"has no release 9") as caught:
        yank(bench.repository, GLOW, "9", "why not")
    assert caught.value.hint == "releases: 1.1.0, 1.0.0"


@pytest.mark.case("F65")
def test_revoked(bench: Any) -> None:
    bench.publish()
    bench.publish(version="1.1.0")
    client = bench.client()
    client.refresh()
    revoke(bench.repository, GLOW, "1.1.0", "it sends pictures away")
    client.refresh()
    with pytest.raises(RevokedError, match=r"org\.example\.glow 1\.1\.0 was revoked: it sends pictures away"):
        client.record(GLOW, "1.1.0")
    assert client.record(GLOW, "1.0.0")
    without_network = bench.client()
    shutil.rmtree(bench.public)
    assert without_network.known_revocations().reason(GLOW, "1.1.0")
    with pytest.raises(RegistryError, match="incomplete"):
        revoke(bench.repository, GLOW, "1.0.0", "x")


def test_whole_plugin_revoked(bench: Any) -> None:
    bench.publish()
    revoke(bench.repository, GLOW, "*", "stolen name")
    client = bench.client()
    client.refresh()
    with pytest.raises(RevokedError, match="stolen name"):
        client.record(GLOW, "1.0.0")
    assert client.search("glow") == []


def test_unknown(bench: Any) -> None:
    bench.publish()
    client = bench.client()
    with pytest.raises(NotFoundError) as caught:
        client.releases("org.example.glwo")
    assert "did you mean 'org.example.glow'?" in str(caught.value)
    with pytest.raises(NotFoundError, match=r"unknown release of org\.example\.glow '2'"):
        client.record(GLOW, "2")
    with pytest.raises(NotFoundError):
        client.releases("nobody.has.this")
    with pytest.raises(RegistryError, match="not a plugin id"):
        client.releases("../etc/passwd")


# -- mirrors -----------------------------------------------------------------------------------


@pytest.mark.case("F60")
def test_mirror_that_lacks_files(bench: Any) -> None:
    record = bench.publish().records[0]
    mirror = bench.copy()
    (mirror / blob_path(record.blobs[0].sha256)).unlink()
    with pytest.raises(UnreachableError, match=r"big\.bin is not there"):
        install(bench.client(mirror))
    (mirror / "metadata" / "timestamp.json").unlink()
    with pytest.raises(UnreachableError, match="incomplete"):
        bench.client(mirror).refresh()


def test_damaged_blob_on_the_users_disk_is_fetched_again(bench: Any) -> None:
    bench.publish()
    paths = install(bench.client())
    paths[0].chmod(0o644)
    paths[0].write_bytes(b"x" * paths[0].stat().st_size)
    again = install(bench.client())
    assert again == paths
    assert b"org.example" in again[0].read_bytes()


# -- slow servers ------------------------------------------------------------------------------


@contextmanager
def dripping(answer: bytes, head: bytes = b"") -> Iterator[str]:
    """A server that sends ``head`` at once and then one byte after the other."""
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                try:
                    client.recv(65536)
                    client.sendall(head)
                    for byte in answer:
                        client.sendall(bytes([byte]))
                        if stop.wait(0.05):
                            return
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


@pytest.mark.case("F61")
@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "less than 1024 bytes a second"),
        (b"", "in time"),
        (b"HTTP/1.1 200 OK\r\nX-Endless: ", "in time"),
    ],
    ids=["body", "nothing", "headers"],
)
def test_slow_retrieval(bench: Any, quick: Limits, head: bytes, said: str) -> None:
    began = time.monotonic()
    with dripping(b"x" * 100_000, head) as place, pytest.raises(TimeoutExceededError, match=said):
        bench.client(place, limits=quick).refresh()
    assert time.monotonic() - began < 20, "a guard against hanging"


@pytest.mark.case("F61")
def test_pace_counts_each_file_and_the_whole() -> None:
    now = [0.0]
    pace = Pace(Limits(deadline=60, rate=1000, grace=5), clock=lambda: now[0])
    pace.begin()
    now[0] = 5.0
    pace.received(10)
    now[0] = 6.0
    with pytest.raises(TimeoutExceededError, match="less than 1000 bytes"):
        pace.received(10)
    pace.begin()
    now[0] = 20.0
    pace.received(14_000)
    now[0] = 61.0
    with pytest.raises(TimeoutExceededError, match="in time"):
        pace.received(10**9)
