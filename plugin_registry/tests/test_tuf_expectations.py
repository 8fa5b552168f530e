"""What the conformance tests of TUF expect of a client, on a registry: versions, roots and signatures.

The names follow tuf-conformance; attacks on the bytes are in ``test_attacks``.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from kadr_registry.faults import TrustError
from kadr_registry.repository.publish import yank
from kadr_registry.repository.setup import add_publisher, refresh, rotate

GLOW = "org.example.glow"
DAY = 86400.0


def newest(folder: Path, role: str) -> Path:
    found = (folder / "metadata").glob(f"*.{role}.json")
    return max(found, key=lambda path: int(path.name.split(".")[0]))


def rewritten(path: Path, change: Any) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.chmod(0o644)
    path.write_text(json.dumps(data))


@pytest.mark.case("F60")
@pytest.mark.parametrize("how", ["the same signature twice", "another key's name"])
def test_duplicate_signatures_count_once(bench: Any, how: str) -> None:
    rotate(bench.repository, "root")

    def change(data: dict[str, Any]) -> None:
        first = data["signatures"][0]
        second = first if how == "the same signature twice" else {**first, "keyid": "f" * 64}
        data["signatures"] = [first, second]

    rewritten(bench.public / "metadata" / "2.root.json", change)
    with pytest.raises(TrustError, match=r"is damaged|not signed by enough of its keys"):
        bench.client().refresh()


@pytest.mark.case("F60")
def test_root_versions_are_followed_one_by_one(bench: Any) -> None:
    """A root in the middle that is not there ends the walk: what comes after is not believed for itself."""
    bench.publish()
    for _ in range(2):
        rotate(bench.repository, "root")
    mirror = bench.copy()
    (mirror / "metadata" / "2.root.json").unlink()
    assert bench.client(mirror, name="a").refresh().root_version == 1
    assert bench.client(name="b").refresh().root_version == 3


@pytest.mark.case("F60")
@pytest.mark.parametrize(
    ("file", "content"), [("2.root.json", "3.root.json"), ("2.root.json", "1.root.json")]
)
def test_root_with_another_version_than_its_name(bench: Any, file: str, content: str) -> None:
    for _ in range(2):
        rotate(bench.repository, "root")
    mirror = bench.copy()
    (mirror / "metadata" / file).chmod(0o644)
    shutil.copyfile(mirror / "metadata" / content, mirror / "metadata" / file)
    with pytest.raises(TrustError, match=r"an older state|not signed by enough"):
        bench.client(mirror).refresh()


@pytest.mark.case("F60")
@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets", "revocations", "publisher.org.example"])
def test_rollback_of_each_role(bench: Any, role: str) -> None:
    """One old file in the newest state, to a user who has seen the newer one and to one who has not."""
    bench.publish()
    old = bench.copy("old")
    bench.publish(version="1.1.0")
    add_publisher(bench.repository, "com.other")
    yank(bench.repository, GLOW, "1.1.0", "why")
    refresh(bench.repository)
    client = bench.client()
    client.refresh()
    assert len(client.releases(GLOW)) == 2
    mirror = bench.copy("mixed")
    there = mirror / "metadata" / "timestamp.json" if role == "timestamp" else newest(mirror, role)
    before = old / "metadata" / "timestamp.json" if role == "timestamp" else newest(old, role)
    there.chmod(0o644)
    shutil.copyfile(before, there)

    def look(name: str) -> None:
        found = bench.client(mirror, name=name)
        found.refresh()
        assert len(found.releases(GLOW)) == 2

    with pytest.raises(TrustError, match=r"an older state|bytes than were signed"):
        look("user" if role == "timestamp" else "fresh")


@pytest.mark.case("F60")
def test_expired_local_metadata_is_no_obstacle(bench: Any) -> None:
    bench.publish()
    bench.client().refresh()
    bench.now += 30 * DAY
    refresh(bench.repository)
    client = bench.client()
    client.refresh()
    assert [r.version for r in client.releases(GLOW)] == ["1.0.0"]


@pytest.mark.case("F60")
@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets", "root"])
def test_metadata_of_another_type_under_its_name(bench: Any, role: str) -> None:
    rotate(bench.repository, "root")
    mirror = bench.copy()
    there = mirror / "metadata" / "timestamp.json" if role == "timestamp" else newest(mirror, role)
    rewritten(there, lambda data: data["signed"].update(_type="mirrors"))
    with pytest.raises(TrustError):
        bench.client(mirror).refresh()


@pytest.mark.case("F60")
def test_a_snapshot_may_not_lose_a_role(bench: Any) -> None:
    """Whoever has the keys of snapshot and timestamp cannot make a publisher's plugins disappear unseen."""
    bench.publish()
    bench.client().refresh()
    with bench.repository.edit() as edit:
        del edit.snapshot.signed.meta["publisher.org.example.json"]
    with pytest.raises(TrustError, match="is missing info for"):
        bench.client().refresh()
