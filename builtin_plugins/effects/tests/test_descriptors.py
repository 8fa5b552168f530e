"""Every contribution keeps its promises: descriptor, entry, texts, implementations, README."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import kadr_effects
import pytest
from kadr_sdk.effects import EffectDeclaration, FilterEffect, FrameEffect, SoundFilterEffect
from kadr_sdk.frames import pixel_format
from kadr_sdk.manifest import Contribution, read_manifest
from kadr_sdk.params import check_params

FOLDER = Path(kadr_effects.__file__).parent
MANIFEST = read_manifest(FOLDER / "plugin.toml")
README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
KINDS = {
    "effect": "filter",
    "transition": "transition",
    "generator": "generator",
    "audio_effect": "audio_filter",
}
every = pytest.mark.parametrize("row", MANIFEST.contributions, ids=lambda r: f"{r.kind}-{r.id}")


def declaration(row: Contribution) -> EffectDeclaration:
    return EffectDeclaration.from_dict(tomllib.loads((FOLDER / row.file).read_text("utf-8")))


def test_every_descriptor_file_is_contributed() -> None:
    there = {p.relative_to(FOLDER).as_posix() for p in FOLDER.glob("*/*.toml")}
    assert there == {row.file for row in MANIFEST.contributions}
    assert len(there) >= 25


def test_short_names_are_unique_within_a_kind() -> None:
    for kind in KINDS:
        names = [name for row in MANIFEST.contributions if row.kind == kind for name in row.names]
        assert len(set(names)) == len(names)


@every
def test_manifest_and_descriptor_agree(row: Contribution) -> None:
    found = declaration(row)
    assert (found.id, found.names, found.title, found.summary) == (row.id, row.names, row.title, row.summary)
    assert found.kind in (KINDS[row.kind], "composite" if row.kind == "effect" else "")
    assert row.file == f"{row.kind}s/{row.id.removeprefix('kadr.')}.toml"
    assert set(found.aliases) <= set(row.names)
    assert all((found.summary, found.category, found.tags))
    assert bool(found.formats) == (row.kind != "audio_effect")


@every
def test_every_parameter_is_described(row: Contribution) -> None:
    for param in declaration(row).params:
        assert all((param.label, param.hint)), param.name
        if param.type in ("float", "int", "angle"):
            assert None not in (param.min, param.max, param.display_min, param.display_max), param.name
            assert param.min <= param.display_min < param.display_max <= param.max


@every
def test_examples_are_valid_values(row: Contribution) -> None:
    found = declaration(row)
    for example in found.examples:
        given = {key: value for key, value in example.items() if key != "title"}
        values, problems = check_params(found.params, given, "example")
        assert problems == []
        assert example["title"]
        assert not found.neutral(values), "an example that changes nothing"


@every
def test_every_declared_implementation_exists(row: Contribution) -> None:
    module, attribute = row.entry.split(":")
    effect = getattr(import_module(module), attribute)()
    native = SoundFilterEffect if row.kind == "audio_effect" else FilterEffect
    wanted = {"filter": native, "frame": FrameEffect}
    for name, protocol in wanted.items():
        assert isinstance(effect, protocol) == (name in declaration(row).implementations), name


@every
def test_formats_are_yuv(row: Contribution) -> None:
    assert all(
        not pixel_format(name).rgb and pixel_format(name).planes >= 3 for name in declaration(row).formats
    )


@every
def test_readme_has_a_row_for_everything(row: Contribution) -> None:
    found = declaration(row)
    section = README.split(f"### `{row.id}`")[1].split("\n### ")[0]
    assert found.summary in section
    for param in found.params:
        assert f"| `{param.name}` |" in section
        assert param.hint in section


def test_the_package_never_imports_av() -> None:
    for path in FOLDER.rglob("*.py"):
        assert "import av" not in path.read_text("utf-8"), path
