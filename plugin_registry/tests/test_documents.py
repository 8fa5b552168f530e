"""Canonical JSON, records, listings, the revocation list: strict in reading, the same bytes in writing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_registry import canonical
from kadr_registry.faults import RegistryError
from kadr_registry.listing import Listing, Release, changes
from kadr_registry.names import check_file_path, check_namespace, look_alikes, overlapping
from kadr_registry.record import Blob, Record
from kadr_registry.revocations import Revocation, Revocations
from kadr_sdk.manifest import Contribution, Manifest

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aß\n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("xyz"), JSON))
def test_canonical_bytes_come_back(value: dict[str, Any]) -> None:
    data = canonical.encode(value)
    assert canonical.decode(data, "it") == value
    assert canonical.encode(json.loads(data)) == data


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not JSON"),
        (b"[]", "is not a table"),
        (b'{"a": 1}', "not in canonical form"),
        (b'{"b":1,"a":1}', "not in canonical form"),
        (b'{"a":1,"a":1}', "not in canonical form"),
        (b'{"a":1}\n', "not in canonical form"),
        (b'{"a":"\\u00df"}', "not in canonical form"),
        (b'{"a":NaN}', "NaN is not a number"),
        (b'{"a":"\xff"}', "is not JSON"),
        (b'{"a":"\\ud800"}', "cannot be written"),
        (b'{"a":' + b"[" * 100_000, "is not JSON"),
    ],
)
def test_other_bytes_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(RegistryError, match=said):
        canonical.decode(data, "the document")


def record(**more: Any) -> Record:
    preset = Contribution("preset", "soft", "org.example.glow", file="preset.toml")
    manifest = Manifest("org.example.glow", "1.0.0", license="MIT", contributions=(preset,), **more)
    blobs = (
        Blob("a.bin", "data", 3, "b" * 64),
        Blob("plugin.toml", "manifest", 5, "a" * 64),
        Blob("preset.toml", "descriptor", 7, "c" * 64),
    )
    return Record(manifest, "org_example_glow", "org.example", blobs)


def test_a_record_comes_back() -> None:
    one = record(permissions=("net:example.org",), requires=("kadr.pyav>=0.1",))
    assert Record.from_bytes(one.to_bytes()) == one
    assert one.digest() == Record.from_bytes(one.to_bytes()).digest()
    assert (one.size, one.tier, one.platforms) == (15, "sandboxed", ())


def test_code_of_ones_own_makes_it_native() -> None:
    assert record(hooks="glow.hooks").tier == "native"
    assert record(hooks="glow.hooks", runtime="extism").tier == "sandboxed"


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def work(data: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for name in parents:
            data = data[int(name)] if isinstance(data, list) else data[name]
        data[last] = value

    return work


@pytest.mark.case("E52")
@pytest.mark.case("E55")
@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("schema", 2, "update kadr"),
        ("extra", 1, "its keys are"),
        ("tier", "native", "its tier is sandboxed"),
        ("publisher", "com.other", "does not lie in the namespace com.other"),
        ("publisher", "../x", "is not a namespace"),
        ("package", "a/b", "package is an identifier"),
        ("platforms", [1], "platforms a list of texts"),
        ("blobs", [], "needs one manifest"),
        ("blobs.0.path", "../x", "not a safe path"),
        ("blobs.0.path", "PLUGIN.toml", "one name each"),
        ("blobs.0.path", "z", "not in order"),
        ("blobs.0.role", "virus", "not what a blob can be"),
        ("blobs.0.size", -1, "a size is at most"),
        ("blobs.0.size", True, "a size is at most"),
        ("blobs.0.size", 1 << 40, "a size is at most"),
        ("blobs.0.sha256", "xyz", "is not a sha256"),
        ("blobs.0.more", 1, "unexpected keyword"),
        ("manifest.id", "Glow", "not a plugin id"),
        ("manifest.version", "1.0.0.dev", "is written 1.0.0.dev0"),
        ("manifest.version", "new", "Invalid version"),
        ("manifest.title", 5, "manifest.title is not a text"),
        ("manifest.requires", ["?"], "not a plugin id"),
        ("manifest.api", "any", "Invalid specifier"),
        ("manifest.permissions", ["fly"], "unknown permission"),
        ("manifest.permissions", "net", "not a list of texts"),
        ("manifest.config", [], "are tables"),
        ("manifest.contributions.0.file", "/etc/passwd", "not a safe path"),
        ("manifest.contributions.0.id", "X", "not an id"),
        ("manifest.contributions.0.plugin", "org.other.x", "says that it is of"),
        ("manifest.contributions.0.priority", "high", "wrong type"),
    ],
)
def test_a_broken_record_is_refused(path: str, value: Any, said: str) -> None:
    data = json.loads(record().to_bytes())
    change(path, value)(data)
    with pytest.raises(RegistryError) as caught:
        Record.from_bytes(canonical.encode(data))
    assert said in str(caught.value)


def test_a_record_is_small() -> None:
    with pytest.raises(RegistryError, match="larger than 1048576 bytes"):
        Record.from_bytes(b"x" * ((1 << 20) + 1))


# -- listings ----------------------------------------------------------------------------------


def release(version: str, **more: Any) -> Release:
    return Release(version, "a" * 64, 10, "2026-01-01", ">=1,<2", "sandboxed", **more)


def test_a_listing_is_in_order_and_comes_back() -> None:
    listing = Listing("org.example.glow")
    for version in ("1.9", "1.10", "2.0rc1"):
        listing = listing.with_release(release(version, requires=("kadr.pyav",)))
    assert [r.version for r in listing.releases] == ["2.0rc1", "1.10", "1.9"]
    assert Listing.from_bytes(listing.to_bytes(), "org.example.glow") == listing
    assert listing.find("1.10.0") == listing.releases[1]


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (change("id", "org.other.x"), "it is of org.other.x"),
        (change("schema", 9), "unknown schema"),
        (lambda d: d["releases"].reverse(), "out of order"),
        (lambda d: d["releases"].append({**d["releases"][-1], "version": "1.0.0"}), "there twice"),
        (change("releases.0.record", "short"), "a digest is wrong"),
        (change("releases.0.yanked", 1), "a text is expected"),
        (change("releases.0.extra", 1), "unexpected keyword"),
        (change("releases.0.version", "?"), "Invalid version"),
    ],
)
def test_a_broken_listing_is_refused(work: Callable[[dict[str, Any]], None], said: str) -> None:
    listing = Listing("org.example.glow", (release("2.0"), release("1.0")))
    data = json.loads(listing.to_bytes())
    work(data)
    with pytest.raises(RegistryError) as caught:
        Listing.from_bytes(canonical.encode(data), "org.example.glow")
    assert said in str(caught.value)


@pytest.mark.case("F66")
def test_a_release_never_changes() -> None:
    old = Listing("org.example.glow", (release("2.0"), release("1.0")))
    assert changes(old, old.yanked("1.0", "why")) == ()
    assert [r.version for r in changes(old, old.with_release(release("3")))] == ["3"]
    with pytest.raises(RegistryError, match=r"1\.0 is missing"):
        changes(old, Listing(old.id, old.releases[:1]))
    with pytest.raises(RegistryError, match=r"1\.0 has changed"):
        changes(old, Listing(old.id, (old.releases[0], release("1.0", requires=("kadr.x",)))))


def test_revocations() -> None:
    rows = Revocations().with_row(Revocation("org.example.glow", "1.0", "bad", "2026-01-01"))
    rows = rows.with_row(Revocation("org.example.fog", "*", "worse", "2026-01-01"))
    assert Revocations.from_bytes(rows.to_bytes()) == rows
    assert rows.reason("org.example.glow", "1.0.0") == "bad"
    assert rows.reason("org.example.glow", "1.1") == ""
    assert rows.reason("org.example.fog", "7") == "worse"
    data = json.loads(rows.to_bytes())
    data["revoked"][0]["reason"] = ""
    with pytest.raises(RegistryError, match="a reason is needed"):
        Revocations.from_bytes(canonical.encode(data))


# -- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["a", "a/b.wasm", "x-1.0-py3-none-any.whl", "__init__.txt", "A/B+c"])
def test_safe_paths(path: str) -> None:
    assert check_file_path(path) == path


@pytest.mark.case("E52")
@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "/a",
            "a/",
            "a//b",
            "..",
            "a/../b",
            ".hidden",
            "a\\b",
            "C:",
            "a:b",
            "NUL",
            "con.txt",
            "a.",
            "a b",
        ),
        *("ä", "a\0", "a\n", "-rf", "x" * 121, "/".join("abcde" * 60)),
    ],
)
def test_unsafe_paths(path: str) -> None:
    with pytest.raises(ValueError, match=r"is not a safe path|is longer than"):
        check_file_path(path)


@pytest.mark.case("G69")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("org.example.glow", "org.example.gl0w"),
        ("org.example.glow", "org.examp1e.glow"),
        ("org.example.glow", "org.exmaple.glow"),
        ("org.example.glow", "org.example.glows"),
        ("org.example.glow", "org.example.gow"),
        ("org.example.film_grain", "org.example.filmgrain"),
        ("org.modern.blur", "org.rnodern.blur"),
    ],
)
def test_names_that_look_alike(one: str, other: str) -> None:
    assert look_alikes(one, [other]) == [other]
    assert look_alikes(other, [one]) == [one]


@pytest.mark.parametrize(
    "other", ["org.example.blur", "org.example.fog", "com.else.glow", "org.example.glowing"]
)
def test_names_that_do_not(other: str) -> None:
    assert look_alikes("org.example.glow", [other, "org.example.glow"]) == []


def test_namespaces() -> None:
    assert check_namespace("kadr") == "kadr"
    for text in ("Kadr", "a..b", ".a", "a/b", "", "a" * 81):
        with pytest.raises(ValueError, match="is not a namespace"):
            check_namespace(text)
    assert overlapping("org.example", ["org", "com"]) == "org"
    assert overlapping("org", ["org.example"]) == "org.example"
    assert overlapping("org.example", ["org.example"]) == "org.example"
    assert overlapping("org.example", ["org.examples", "orga"]) == ""
