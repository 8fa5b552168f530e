"""A namespace lives in exactly one registry, and nobody else is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from kadr_registry.sources import Source, Sources
from kadr_sdk.errors import ConfigError, NotFoundError


def source(name: str, *namespaces: str) -> Source:
    return Source(name, f"https://{name}.example", Path("root.json"), namespaces)


def test_each_namespace_has_its_registry() -> None:
    sources = Sources([source("public", "*"), source("own", "com.acme", "com.acme2")])
    assert sources.of("com.acme.secret").name == "own"
    assert sources.of("com.acmex.thing").name == "public"
    assert sources.of("org.example.glow").name == "public"


@pytest.mark.case("G70")
def test_no_fall_through() -> None:
    with pytest.raises(NotFoundError, match="unknown namespace") as caught:
        Sources([source("own", "com.acme")]).of("org.example.glow")
    assert caught.value.hint == "bound are: com.acme"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("a", "com.acme"), ("b", "com.acme")], "'com.acme' lies in 'a' already"),
        ([("a", "com.acme"), ("b", "com.acme.inner")], "'com.acme.inner' lies in 'a' already, as 'com.acme'"),
        ([("a", "*"), ("b", "*")], "'a' takes all other namespaces already"),
        ([("a", "Not-One")], "is not a namespace"),
    ],
)
def test_what_is_ambiguous_is_refused(rows: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Sources(source(*row) for row in rows)
    assert said in str(caught.value)


def test_from_settings() -> None:
    table = {"own": {"place": "oci://h/r", "root": "r.json", "namespaces": ["com.acme"], "stale_days": 3}}
    (found,) = Sources.from_table(table).all
    assert found == Source("own", "oci://h/r", Path("r.json"), ("com.acme",), 3)


def test_wrong_settings_are_told_all_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Sources.from_table({"own": {"place": 1, "rot": "x"}})
    assert [p.path for p in caught.value.problems] == [
        "registries.own.rot",
        "registries.own.place",
        "registries.own.root",
    ]
