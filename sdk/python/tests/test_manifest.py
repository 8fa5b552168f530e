"""Manifests: a good one, every broken rule with its text, files that lead out, the index's copy."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.errors import ManifestError
from kadr_sdk.manifest import (
    CONTRIBUTION_KINDS,
    Contribution,
    Manifest,
    parse_manifest,
    read_manifest,
    split_requirement,
)

GOOD = """
manifest = 1

[plugin]
id = "org.example.glow"
version = "1.2.0"
title = "Glow"
summary = "A soft glow around bright places"
license = "MIT"
authors = ["A", "B"]
homepage = "https://example.org"
api = ">=1,<2"
requires = ["kadr.pyav>=0.1", "kadr.effects"]
conflicts = ["org.example.shine"]

[permissions]
read = ["*"]
gpu = true
clock = false

[[contributes.effect]]
id = "org.example.glow"
title = "Glow"
summary = "Light"
file = "glow.toml"
entry = "org_example_glow.glow:Glow"
names = ["glow"]
priority = 5

[[contributes.service]]
id = "org.example.cache"
entry = "org_example_glow.cache:Cache"
provides = "kadr_sdk.services:Cache"
scope = "project"

[hooks]
entry = "org_example_glow.hooks"

[config.strength]
type = "float"
default = 1.0

[extensions.shop]
price = 0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    package = tmp_path / "org_example_glow"
    package.mkdir()
    (package / "glow.toml").write_text("", "utf-8")
    return package


def problems(data: dict[str, Any], folder: Path) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(data, folder / "plugin.toml")
    return [str(p) for p in caught.value.problems]


def changed(key: str, value: Any) -> dict[str, Any]:
    """The good manifest's data with one dotted key set; a number indexes a list."""
    data = tomllib.loads(GOOD)
    *parents, last = key.split(".")
    here: Any = data
    for part in parents:
        here = here[int(part)] if part.isdigit() else here.setdefault(part, {})
    here[last] = value
    return data


def test_a_good_one(folder: Path) -> None:
    path = folder / "plugin.toml"
    path.write_text(GOOD, "utf-8")
    found = read_manifest(path)
    assert found == Manifest(
        id="org.example.glow",
        version="1.2.0",
        title="Glow",
        summary="A soft glow around bright places",
        license="MIT",
        authors=("A", "B"),
        homepage="https://example.org",
        requires=("kadr.pyav>=0.1", "kadr.effects"),
        conflicts=("org.example.shine",),
        permissions=("gpu", "read:*"),
        contributions=(
            Contribution(
                "effect",
                "org.example.glow",
                "org.example.glow",
                "org_example_glow.glow:Glow",
                "glow.toml",
                "Glow",
                "Light",
                ("glow",),
                priority=5,
            ),
            Contribution(
                "service",
                "org.example.cache",
                "org.example.glow",
                "org_example_glow.cache:Cache",
                scope="project",
                provides="kadr_sdk.services:Cache",
            ),
        ),
        hooks="org_example_glow.hooks",
        config={"strength": {"type": "float", "default": 1.0}},
        extensions={"shop": {"price": 0}},
        location=str(folder),
    )
    assert [str(p) for p in found.permission_set] == ["gpu", "read:*"]


def test_the_index_keeps_everything(folder: Path) -> None:
    found = parse_manifest(tomllib.loads(GOOD), folder / "plugin.toml")
    assert Manifest.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_the_least_one(tmp_path: Path) -> None:
    data = {"manifest": 1, "plugin": {"id": "a.b", "version": "1"}}
    found = parse_manifest(data, tmp_path / "plugin.toml")
    assert (found.id, found.api, found.runtime, found.contributions) == ("a.b", ">=1,<2", "python", ())


E = "contributes.effect"
F = "contributes.effect.0"


NO_PLUGIN_ID = "'{}' is not a plugin id; write owner.name in lower case"
NO_ID = "'{}' is not an id; write lower-case words joined by dots"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("manifest", 2, "manifest: version 2 is unknown (write 1)"),
        ("plugin", [], "plugin: a table is expected"),
        ("plugins", {}, "plugins: unknown key 'plugins' (did you mean 'plugin'?)"),
        ("plugin.titel", "x", "plugin.titel: unknown key 'titel' (did you mean 'title'?)"),
        ("plugin.id", "Glow", "plugin.id: " + NO_PLUGIN_ID.format("Glow")),
        ("plugin.id", "a.b\n", "plugin.id: " + NO_PLUGIN_ID.format("a.b\\n")),
        ("plugin.id", 5, "plugin.id: a text is expected, not 5"),
        ("plugin.version", "one", "plugin.version: 'one' is not a version (PEP 440)"),
        ("plugin.version", 1.0, "plugin.version: a text is expected, not 1.0"),
        ("plugin.title", ["x"], "plugin.title: a text is expected, not ['x']"),
        ("plugin.authors", "A", "plugin.authors: a list of texts is expected"),
        ("plugin.api", "1 or 2", "plugin.api: '1 or 2' is not a version range (PEP 440)"),
        ("plugin.runtime", "pyhton", "plugin.runtime: unknown runtime 'pyhton' (did you mean 'python'?)"),
        ("plugin.requires", ["pyav"], "plugin.requires[0]: " + NO_PLUGIN_ID.format("pyav")),
        ("plugin.requires", ["kadr.pyav=1"], "plugin.requires[0]: '=1' is not a version range (PEP 440)"),
        (
            "plugin.requires",
            ["?"],
            "plugin.requires[0]: '?' is not a plugin id with an optional version range",
        ),
        ("plugin.conflicts", [1], "plugin.conflicts: a list of texts is expected"),
        ("permissions.reed", ["*"], "permissions: unknown permission 'reed'; did you mean 'read'?"),
        ("permissions.read", "/", "permissions: permission read: write a list of texts or true"),
        ("contributes.hosst", [], "contributes.hosst: unknown key 'hosst' (did you mean 'host'?)"),
        (E, {"id": "x"}, "contributes.effect: write [[contributes.effect]]"),
        (E, ["x"], "contributes.effect[0]: a table is expected (write [[contributes.effect]])"),
        (f"{F}.id", "A", "contributes.effect[0].id: " + NO_ID.format("A")),
        (f"{F}.fiel", "x", "contributes.effect[0].fiel: unknown key 'fiel' (did you mean 'file'?)"),
        (f"{F}.entry", "a b", "contributes.effect[0].entry: 'a b' is not module:attribute"),
        (f"{F}.entry", "a:b\n", "contributes.effect[0].entry: 'a:b\\n' is not module:attribute"),
        (f"{F}.file", "no.toml", "contributes.effect[0].file: 'no.toml' does not exist (looked in FOLDER)"),
        (f"{F}.file", "../x.toml", "contributes.effect[0].file: '../x.toml' leaves the plugin's folder"),
        (f"{F}.file", "/etc/passwd", "contributes.effect[0].file: '/etc/passwd' leaves the plugin's folder"),
        (f"{F}.file", ".", "contributes.effect[0].file: '.' leaves the plugin's folder"),
        (f"{F}.file", "a\0b", "contributes.effect[0].file: 'a\\x00b' is not a path"),
        (
            f"{F}.scope",
            "global",
            "contributes.effect[0].scope: unknown scope 'global' (kernel, project or job)",
        ),
        (f"{F}.priority", "high", "contributes.effect[0].priority: a whole number is expected"),
        (f"{F}.priority", True, "contributes.effect[0].priority: a whole number is expected"),
        (f"{F}.names", "glow", "contributes.effect[0].names: a list of texts is expected"),
        (f"{F}.names", ["G"], "contributes.effect[0].names[0]: " + NO_ID.format("G")),
        ("contributes.preset", [{"id": "x"}], "contributes.preset[0]: an entry or a file is needed"),
        ("hooks.entry", "a/b", "hooks.entry: 'a/b' is not module or module:attribute"),
        ("hooks.enrty", "a", "hooks.enrty: unknown key 'enrty' (did you mean 'entry'?)"),
        ("config.strength", 3, "config.strength: a table that describes a setting is expected"),
        (
            "config.strength",
            {"type": "flaot"},
            "config.strength: unknown parameter type 'flaot'; did you mean 'float'?",
        ),
        (
            "config.Strong",
            {"type": "bool", "default": True},
            "config.Strong: 'Strong' is not a parameter name; write lower_case words",
        ),
        (
            "extensions.since",
            date(2024, 1, 1),
            "extensions: dates and times of day cannot stand here (write them as texts)",
        ),
    ],
)
def test_every_broken_rule_has_its_text(folder: Path, key: str, value: Any, expected: str) -> None:
    assert expected.replace("FOLDER", str(folder)) in problems(changed(key, value), folder)


def test_what_is_missing(tmp_path: Path) -> None:
    assert problems({}, tmp_path) == [
        "manifest: version None is unknown (write 1)",
        "plugin.id: this key is needed",
        "plugin.version: this key is needed",
    ]


def test_all_problems_at_once(folder: Path) -> None:
    data = changed("plugin.id", "Glow")
    data["plugin"]["version"] = "x"
    data["contributes"]["effect"].append({"id": "b", "entry": "?"})
    data["contributes"]["effect"].append({"id": "b", "entry": "a:b", "scope": "x"})
    data["colour"] = 1
    assert len(problems(data, folder)) == 6


def test_an_id_may_be_contributed_once_a_kind(folder: Path) -> None:
    row = {"id": "x", "entry": "a:b"}
    twice = changed("contributes.command", [row, row])
    assert problems(twice, folder) == ["contributes.command: 'x' is contributed twice"]
    other = changed("contributes.command", [row])
    other["contributes"]["analyzer"] = [row]
    assert len(parse_manifest(other, folder / "plugin.toml").contributions) == 4


def test_a_link_cannot_lead_out(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.toml").write_text("", "utf-8")
    try:
        (folder / "link.toml").symlink_to(tmp_path / "secret.toml")
    except OSError:
        pytest.skip("this system makes no symbolic links")
    assert problems(changed(f"{F}.file", "link.toml"), folder) == [
        "contributes.effect[0].file: 'link.toml' leaves the plugin's folder"
    ]


def test_every_kind_can_be_contributed(folder: Path) -> None:
    data = {k: v for k, v in tomllib.loads(GOOD).items() if k != "contributes"}
    data["contributes"] = {kind: [{"id": "x", "entry": "a:b"}] for kind in CONTRIBUTION_KINDS}
    found = parse_manifest(data, folder / "plugin.toml")
    assert [c.kind for c in found.contributions] == sorted(CONTRIBUTION_KINDS)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"manifest = ", "Invalid value"),
        (b"\xff\xfe", "can't decode"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "recursion"),
        (b"a = " + b"9" * 5000, "integer string conversion"),
        (b"#" * 1_000_001, "the manifest is larger than 1 MB"),
        (None, "No such file|cannot find"),
    ],
)
def test_a_file_that_is_no_manifest(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "plugin.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ManifestError, match=f"(?s){path.name}.*({reason})"):
        read_manifest(path)


def test_requirements() -> None:
    assert split_requirement("kadr.pyav>=0.1,<2") == ("kadr.pyav", ">=0.1,<2")
    assert split_requirement(" kadr.pyav ") == ("kadr.pyav", "")
    with pytest.raises(ValueError, match="is not a plugin id"):
        split_requirement("kadr.pyav\n>=1\n?")


tables = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "version", "entry", "file", "effect", "names", "read", "type", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["manifest", *tomllib.loads(GOOD)]),
        tables,
    )
)
def test_any_data_is_a_manifest_or_a_manifest_error(data: dict[str, Any]) -> None:
    try:
        found = parse_manifest(data, Path("nowhere/plugin.toml"))
    except ManifestError as error:
        assert error.problems  # noqa: PT017 - either outcome is right
    else:
        assert found.id


def test_what_guests_ask_for(tmp_path: Path) -> None:
    data = {"manifest": 1, "plugin": {"id": "org.a", "version": "1"}}
    asked = {"seconds": 12.5, "memory_mb": 300}
    assert parse_manifest(data | {"limits": asked}, tmp_path / "plugin.toml").limits == asked
    wrong = {"second": 1, "seconds": 0, "memory_mb": "much", "connections": True, "storage_kb": float("nan")}
    with pytest.raises(ManifestError) as caught:
        parse_manifest(data | {"limits": wrong}, tmp_path / "plugin.toml")
    assert [p.path for p in caught.value.problems] == [
        "limits.second", "limits.seconds", "limits.memory_mb", "limits.connections", "limits.storage_kb",
    ]  # fmt: skip
    assert "did you mean 'seconds'" in str(caught.value)
