"""An author's folder: the manifest, and each effect with its descriptor, source and module."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.errors import InvalidPathError, ManifestError, Problem, ValidationError, did_you_mean
from kadr_sdk.manifest import FILE_NAME, Contribution, Manifest, read_manifest

from kadr_author.languages import LANGUAGES

__all__ = ["EFFECT_KINDS", "Project", "Work", "open_project", "read_project"]

EFFECT_KINDS = {
    "effect": ("filter", "composite"),
    "transition": ("transition",),
    "generator": ("generator",),
    "audio_effect": ("audio_filter", "audio_generator"),
    "analyzer": ("analyzer",),
}
"""Contributions that a descriptor declares, and the kinds that it may declare for each."""


@dataclass(frozen=True, slots=True)
class Work:
    """One effect of a plugin.

    Attributes:
        descriptor: its file.
        module: where its guest stands or is to be built; None: it has no guest.
        source: what the guest is built from; None: there is none here.
    """

    item: Contribution
    declaration: EffectDeclaration
    descriptor: Path
    module: Path | None = None
    source: Path | None = None

    @property
    def id(self) -> str:
        """Of the effect."""
        return self.declaration.id


@dataclass(frozen=True, slots=True)
class Project:
    """A plugin that its author works on.

    Attributes:
        root: the folder that was named. home: the import package, with ``plugin.toml``.
        works: its effects; problems: descriptors that cannot be read.
    """

    root: Path
    home: Path
    manifest: Manifest
    works: tuple[Work, ...]
    problems: tuple[Problem, ...] = ()

    def name(self, path: Path) -> str:
        """A file as people name it, from the plugin's folder."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    @property
    def vectors(self) -> Path:
        """Folder of the test vectors."""
        return self.root / "vectors"

    def find(self, effect: str) -> Work:
        """An effect by id or short name; the only one where none is named.

        Raises:
            ValidationError: there is none, or several.
        """
        named = {name: work for work in self.works for name in (work.id, *work.declaration.names)}
        if effect in named:
            return named[effect]
        if effect:
            raise ValidationError(f"no effect {effect!r} here; {did_you_mean(effect, named)}", path=self.home)
        if len(self.works) != 1:
            known = ", ".join(work.id for work in self.works) or "none"
            raise ValidationError(f"name one effect with --effect; there are: {known}", path=self.home)
        return self.works[0]


def read_project(folder: Path) -> Project:
    """The plugin in a folder: its repository, or the import package itself.

    Raises:
        InvalidPathError: there is no such folder, or no plugin in it.
        ManifestError: ``plugin.toml`` breaks rules.
    """
    home = _home(folder)
    manifest = read_manifest(home / FILE_NAME)
    works: list[Work] = []
    problems: list[Problem] = []
    for item in manifest.contributions:
        if item.kind in EFFECT_KINDS:
            found = _work(item, home, folder)
            (works if isinstance(found, Work) else problems).append(found)  # type: ignore[arg-type]  # by type
    return Project(folder, home, manifest, tuple(works), tuple(problems))


def open_project(folder: Path) -> Project:
    """As :func:`read_project`, where every descriptor can be read.

    Raises:
        ValidationError: one cannot; all of them are told.
    """
    found = read_project(folder)
    if found.problems:
        raise ValidationError("the plugin cannot be read", found.problems, path=folder)
    return found


def _home(folder: Path) -> Path:
    if not folder.is_dir():
        raise InvalidPathError("there is no such folder", path=folder, hint="kadr plugin new NAME makes one")
    if (folder / FILE_NAME).is_file():
        return folder
    found = sorted({*folder.glob(f"src/*/{FILE_NAME}"), *folder.glob(f"*/{FILE_NAME}")})
    if len(found) == 1:
        return found[0].parent
    if found:
        raise ManifestError(f"there are {len(found)} files {FILE_NAME} here", path=folder)
    hint = "go into the plugin's folder, or name it; kadr plugin new NAME makes one"
    raise InvalidPathError(f"there is no {FILE_NAME} in it, nor in src/PACKAGE", path=folder, hint=hint)


def _work(item: Contribution, home: Path, root: Path) -> Work | Problem:
    path = home / (item.file or "none")
    shown = path.relative_to(root).as_posix()
    if not item.file:
        hint = 'write file = "NAME.toml" into its table'
        return Problem(FILE_NAME, f"{item.kind} {item.id} has no descriptor", hint)
    if path.suffix != ".toml":
        return Problem(shown, "a descriptor of an effect is TOML", "rename it")
    try:
        declaration = EffectDeclaration.from_dict(tomllib.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        return Problem(shown, str(error), "docs/plugins.md lists the keys")
    if "wasm" not in declaration.implementations:
        return Work(item, declaration, path)
    if not declaration.wasm:
        name = f"{path.stem}.wasm"
        return Problem(shown, "the guest has no file", f'write wasm = "{name}"')
    module = home / declaration.wasm
    if not module.resolve().is_relative_to(home.resolve()):
        return Problem(shown, f"{declaration.wasm!r} lies outside the package", "name a file inside")
    return Work(item, declaration, path, module, next(_sources(module), None))


def _sources(module: Path) -> Iterator[Path]:
    for language in LANGUAGES.values():
        for ending in language.endings:
            if (path := module.with_suffix(ending)).is_file():
                yield path
