from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.permissions import Grants, Subject, Term
from kadr_sdk.errors import SerializationError
from kadr_sdk.permissions import Permission, PermissionSet

ASKED = PermissionSet.of(["gpu", "read:/media"])
GLOW = Subject("org.example.glow", "dist:kadr-glow", "1.0", ASKED)


@pytest.fixture
def grants(tmp_path: Path) -> Grants:
    store = Grants(tmp_path, now=lambda: 7)
    store.grant(GLOW, [Permission("gpu")], Term.VERSION)
    return store


def test_the_format(grants: Grants) -> None:
    assert json.loads(grants.path.read_text("utf-8")) == {
        "format": 1,
        "grants": [
            {
                "plugin": "org.example.glow",
                "publisher": "dist:kadr-glow",
                "version": "1.0",
                "contents": "",
                "term": "version",
                "asked": ["gpu", "read:/media"],
                "digest": ASKED.digest(),
                "permissions": ["gpu"],
                "time": 7,
            }
        ],
    }


def test_only_its_owner_may_read_it_and_nothing_is_left_beside_it(grants: Grants) -> None:
    if os.name != "nt":
        assert grants.path.stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in grants.path.parent.iterdir()) == ["grants.json", "grants.json.lock"]


def _set(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data["grants"][0].update({key: value})


DAMAGE: dict[str, Callable[[dict[str, Any]], None]] = {
    "another format": lambda data: data.update(format="1"),
    "format 0": lambda data: data.update(format=0),
    "more at the top": lambda data: data.update(more=1),
    "no rows": lambda data: data.update(grants={}),
    "a row that is none": lambda data: data["grants"].append("gpu"),
    "a missing key": lambda data: data["grants"][0].pop("digest"),
    "a strange key": _set("allow_all", True),
    "a wrong digest": _set("digest", "0" * 64),
    "more asked than was": _set("asked", ["gpu", "native", "read:/media"]),
    "an unknown permission": _set("permissions", ["root"]),
    "a text for a list": _set("permissions", "gpu"),
    "a number for a text": _set("version", 1),
    "a pattern for a plugin": _set("plugin", "*"),
    "an unknown term": _set("term", "forever"),
    "a broken time": _set("time", "now"),
    "a boolean time": _set("time", True),
    "half a character": _set("asked", ["read:\ud800"]),
}


def _must_refuse(grants: Grants) -> None:
    before = grants.path.read_bytes()
    for store in (grants, Grants(grants.path.parent)):
        for use in (
            lambda store=store: store.held(GLOW),
            lambda store=store: store.consented(GLOW),
            lambda store=store: store.list(),
            lambda store=store: store.grant(GLOW, [Permission("gpu")], Term.VERSION),
            lambda store=store: store.revoke(GLOW.plugin),
        ):
            with pytest.raises(SerializationError, match="damaged and count for nothing") as caught:
                use()
            assert caught.value.path == str(grants.path)
            assert "move it away" in caught.value.hint
    assert grants.path.read_bytes() == before, "a damaged file is left for its owner to look at"


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_file_is_an_error_and_never_a_grant(name: str, grants: Grants) -> None:
    data = json.loads(grants.path.read_text("utf-8"))
    DAMAGE[name](data)
    grants.path.write_text(json.dumps(data), "utf-8")
    _must_refuse(grants)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"format": 1, "format": 1, "grants": []}'],
)
def test_so_is_what_is_no_document(data: bytes, grants: Grants) -> None:
    grants.path.write_bytes(data)
    _must_refuse(grants)


def test_a_file_cut_short_anywhere_is_never_a_grant(grants: Grants) -> None:
    whole = grants.path.read_bytes().rstrip()
    for length in range(len(whole)):
        grants.path.write_bytes(whole[:length])
        with pytest.raises(SerializationError):
            grants.held(GLOW)


def test_a_file_of_absurd_size_is_not_read(grants: Grants) -> None:
    grants.path.write_bytes(b" " * 5_000_001)
    with pytest.raises(SerializationError, match="larger than 5 MB"):
        grants.held(GLOW)


def test_a_newer_format_says_so(grants: Grants) -> None:
    grants.path.write_text('{"format": 2, "grants": []}')
    with pytest.raises(SerializationError, match=r"was written by a newer kadr \(update kadr\)"):
        grants.held(GLOW)
