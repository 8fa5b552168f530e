"""Manifests agree with their distributions, and a running kernel with the manifests."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from kadr_sdk.contributions import ExporterDescriptor, PresetDescriptor
from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.importing import ImporterDescriptor
from kadr_sdk.manifest import CONTRIBUTION_KINDS, read_manifest

ROOT = Path(__file__).resolve().parents[2]
PATHS = sorted(
    path
    for folder in ("builtin_plugins", "examples", "models", "plugin_registry")
    for path in (ROOT / folder).glob("**/src/*/plugin.toml")
)
BUILT_IN = [p for p in PATHS if "examples" not in p.parts]
SCHEMAS: Mapping[str, Any] = {
    "effect": EffectDeclaration,
    "transition": EffectDeclaration,
    "generator": EffectDeclaration,
    "audio_effect": EffectDeclaration,
    "exporter": ExporterDescriptor,
    "importer": ImporterDescriptor,
    "preset": PresetDescriptor,
}


def name(path: Path) -> str:
    return path.parent.name


def project_of(path: Path) -> dict[str, Any]:
    file = path.parents[2] / "pyproject.toml"
    found: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))["project"]
    return found


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with boot(environ={"KADR_HOME": str(tmp_path_factory.mktemp("home"))}) as running:
        yield running


def test_there_are_manifests(files: list[Path]) -> None:
    shipped = {p for p in files if p.name == "plugin.toml" and "src" in p.relative_to(ROOT).parts}
    assert len(PATHS) >= 5
    assert shipped <= set(PATHS), "a manifest where nobody looks for it"


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_manifest_and_distribution_say_the_same(path: Path) -> None:
    manifest, project = read_manifest(path), project_of(path)
    assert project["entry-points"]["kadr.plugins"] == {manifest.id: path.parent.name}
    assert manifest.version == project["version"]
    assert manifest.license == project["license"]
    assert manifest.title
    assert manifest.summary


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_every_contribution_is_described(path: Path) -> None:
    for item in read_manifest(path).contributions:
        assert item.summary or item.title, item.id
        if item.file and (schema := SCHEMAS.get(item.kind)):
            data = tomllib.loads((path.parent / item.file).read_text("utf-8"))
            described = schema.from_dict(data)
            assert described.id == item.id
            assert described.title == item.title
            assert set(item.names) <= set(getattr(described, "names", item.names) or item.names)


@pytest.mark.parametrize("path", BUILT_IN, ids=name)
def test_the_running_kernel_has_what_the_manifest_says(path: Path, kernel: Kernel) -> None:
    manifest = read_manifest(path)
    (row,) = [r for r in kernel.plugins.rows() if r.id == manifest.id]
    assert (row.state, row.error) == ("active", "")
    assert live(kernel, manifest.id) == {(c.kind, c.id) for c in manifest.contributions}


@pytest.mark.parametrize("path", BUILT_IN, ids=name)
def test_every_entry_can_be_loaded(path: Path, kernel: Kernel) -> None:
    for item in read_manifest(path).contributions:
        if item.entry and item.kind != "service":
            assert kernel.catalogue.load(item.kind, item.id) is not None


def test_the_metapackage_pins_every_built_in_plugin() -> None:
    root = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = {f"{project_of(p)['name']}=={project_of(p)['version']}" for p in BUILT_IN}
    extras = root["project"].get("optional-dependencies", {})
    assert wanted <= {*root["project"]["dependencies"], *(pin for extra in extras.values() for pin in extra)}


def live(kernel: Kernel, plugin: str) -> set[tuple[str, str]]:
    return {(c.kind, c.id) for k in CONTRIBUTION_KINDS for c in kernel.catalogue.all(k) if c.plugin == plugin}
