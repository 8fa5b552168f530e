"""Checks that a plugin's own tests call: is it what its manifest and its declarations say?

Example::

    def test_conformance() -> None:
        check_plugin("org_example_glow")

    def test_glow() -> None:
        check_effect(EffectDeclaration.from_dict(DATA), Glow())
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from kadr_sdk.contributions import ExporterDescriptor, PresetDescriptor
from kadr_sdk.data_guests import RowsDescriptor
from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.errors import ManifestError, did_you_mean
from kadr_sdk.hooks import PROJECT_NAME, HookSpecs
from kadr_sdk.importing import ImporterDescriptor
from kadr_sdk.manifest import FILE_NAME, Contribution, Manifest, read_manifest
from kadr_sdk.params import check_params
from kadr_sdk.testing.frame_checks import check_effect
from kadr_sdk.testing.shapes import entry_problems, load_entry

__all__ = ["check_effect", "check_plugin"]

_GROUP = "kadr.plugins"
_DESCRIPTORS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "analyzer": EffectDeclaration.from_dict,
    "audio_effect": EffectDeclaration.from_dict,
    "effect": EffectDeclaration.from_dict,
    "exporter": ExporterDescriptor.from_dict,
    "generator": EffectDeclaration.from_dict,
    "importer": ImporterDescriptor.from_dict,
    "preset": PresetDescriptor.from_dict,
    "transition": EffectDeclaration.from_dict,
}
"""What the descriptor file of a contribution is read as; these kinds need one."""
_DECLARED = {
    "analyzer": ("analyzer",),
    "audio_effect": ("audio_filter", "audio_generator"),
    "effect": ("filter", "composite"),
    "generator": ("generator",),
    "transition": ("transition",),
}
_OWN_WAYS = ("filter", "frame", "audio")


def check_plugin(package: str) -> None:
    """Check everything that can be checked of a plugin without running it.

    The manifest; the entry point where the plugin is installed; every descriptor and entry by
    its kind; the hook module; the README, which must name every contribution.

    Args:
        package: its import package.

    Raises:
        AssertionError: lists every problem.
    """
    spec = importlib.util.find_spec(package)
    assert spec is not None, f"{package!r} cannot be imported"
    assert spec.submodule_search_locations, f"{package!r} is not a package"
    folder = Path(next(iter(spec.submodule_search_locations)))
    try:
        manifest = read_manifest(folder / FILE_NAME)
    except ManifestError as error:
        raise AssertionError(str(error)) from error
    problems = [*_installation(package, manifest), *_readme(package, folder, manifest), *_hooks(manifest)]
    for item in manifest.contributions:
        problems += [f"{item.kind} {item.id}: {problem}" for problem in _contribution(item, folder)]
    assert not problems, "\n".join([f"the plugin {manifest.id} does not conform:", *problems])


def _points(package: str) -> list[metadata.EntryPoint]:
    return [p for p in metadata.entry_points(group=_GROUP) if p.value.partition(":")[0] == package]


def _installation(package: str, manifest: Manifest) -> Iterator[str]:
    for point in _points(package):
        if point.name != manifest.id:
            yield f"the entry point is called {point.name!r}, the manifest says {manifest.id!r}"
        if point.dist is not None and point.dist.version != manifest.version:
            yield f"the distribution has version {point.dist.version}, the manifest {manifest.version}"


# -- contributions -----------------------------------------------------------------------------


def _contribution(item: Contribution, folder: Path) -> Iterator[str]:
    described: Any = None
    if item.kind in _DESCRIPTORS:
        if not item.file:
            yield "a descriptor is needed: name it with 'file'"
            return
        try:
            data = _read(folder / item.file)
            read = RowsDescriptor.from_dict if "rows_of" in data else _DESCRIPTORS[item.kind]
            described = read(data)
        except (OSError, ValueError, TypeError) as error:
            yield f"{item.file}: {error}"
            return
        yield from _description(item, described, folder)
    declaration = described if isinstance(described, EffectDeclaration) else None
    if item.entry:
        try:
            thing = load_entry(item.entry)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code; said below
            yield f"{item.entry} cannot be imported: {error!r}"
            return
        yield from (f"{item.entry}: {problem}" for problem in entry_problems(item, thing, declaration))
    elif declaration is not None and set(declaration.implementations) & set(_OWN_WAYS):
        yield "an entry is needed for the implementations that it declares"


def _read(path: Path) -> Mapping[str, Any]:
    text = path.read_text("utf-8")
    data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    if not isinstance(data, dict):
        raise ValueError("a table is expected")
    return data


def _description(item: Contribution, described: Any, folder: Path) -> Iterator[str]:
    if described.id != item.id:
        yield f"{item.file} describes {described.id!r}"
    if not isinstance(described, EffectDeclaration):
        return
    if described.kind not in _DECLARED[item.kind]:
        yield f"{item.file}: kind {described.kind!r} is not contributed as {item.kind}"
    for name in set(item.names) - set(described.names):
        yield f"{item.file}: the manifest's short name {name!r} is not among its names"
    for name in set(described.names) - set(item.names):
        yield f"{item.file}: its short name {name!r} is not in the manifest"
    if "wasm" in described.implementations and not (folder / described.wasm).is_file():
        yield f"{item.file}: there is no guest {described.wasm!r}"
    for number, example in enumerate(described.examples):
        given = {k: v for k, v in example.items() if k != "title"}
        for problem in check_params(described.params, given, f"{item.file}: examples[{number}]")[1]:
            if problem.message != "this parameter is needed":
                yield str(problem)


# -- hooks -------------------------------------------------------------------------------------


def _hooks(manifest: Manifest) -> Iterator[str]:
    if not manifest.hooks:
        return
    try:
        thing = load_entry(manifest.hooks)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code; said below
        yield f"hooks: {manifest.hooks} cannot be imported: {error!r}"
        return
    known = {k: v for k, v in vars(HookSpecs).items() if inspect.isfunction(v)}
    found = {n: getattr(thing, n) for n in dir(thing) if hasattr(getattr(thing, n), f"{PROJECT_NAME}_impl")}
    if not found:
        yield f"hooks: nothing in {manifest.hooks} is marked with hookimpl"
    for name, function in found.items():
        if name not in known:
            yield f"hooks: there is no hook {name!r}; {did_you_mean(name, known)}"
            continue
        offered = set(inspect.signature(known[name]).parameters)
        for argument in set(inspect.signature(function).parameters) - offered - {"self"}:
            yield f"hooks: {name} takes {argument!r}, the hook offers {', '.join(sorted(offered - {'self'}))}"


# -- README ------------------------------------------------------------------------------------


def _readme(package: str, folder: Path, manifest: Manifest) -> Iterator[str]:
    text = _readme_text(package, folder)
    if text is None:
        yield "there is no README.md beside pyproject.toml"
        return
    for item in manifest.contributions:
        names = (item.id, *item.names)
        if not any(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) for name in names):
            yield f"README.md does not name the {item.kind} {item.id}"


def _readme_text(package: str, folder: Path) -> str | None:
    """The file beside ``pyproject.toml``, or of an installed wheel the description in its metadata."""
    for parent in folder.parents[:3]:
        if (parent / "pyproject.toml").is_file():
            readme = parent / "README.md"
            return readme.read_text("utf-8") if readme.is_file() else None
    for point in _points(package):
        text = point.dist.read_text("METADATA") if point.dist is not None else None
        if text and (description := text.partition("\n\n")[2]):
            return description
    return None
