"""``kadr plugin new``: a plugin that passes every check before its author has written a line."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from kadr_sdk.errors import InvalidParameterError, InvalidPathError, StorageError, did_you_mean
from kadr_sdk.ids import check_plugin_id

from kadr_author.languages import LANGUAGES, PYTHON

__all__ = ["KINDS", "Wanted", "make", "wanted"]

_TEMPLATES = Path(__file__).resolve().parent / "templates"
KINDS: Mapping[str, str] = {
    "filter": "effect",
    "transition": "transition",
    "generator": "generator",
    "composite": "effect",
    "analyzer": "analyzer",
    "audio_filter": "audio_effect",
    "audio_generator": "audio_effect",
}
"""Kinds of effects, and how each is contributed; every language has a template of every kind."""
_SOUND = ("audio_filter", "audio_generator")
_WORD = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A plugin that is to be made.

    Attributes:
        id: of plugin and effect. language: a name of the languages. kind: one of :data:`KINDS`.
    """

    id: str
    language: str
    kind: str

    @property
    def name(self) -> str:
        """The short name: the last part of the id."""
        return self.id.rpartition(".")[2]

    @property
    def title(self) -> str:
        """For people."""
        return self.name.replace("_", " ").capitalize()

    @property
    def package(self) -> str:
        """Its import package."""
        return self.id.replace(".", "_")


def wanted(name: str, language: str, kind: str, publisher: str) -> Wanted:
    """What is asked for, checked.

    Args:
        name: a short name, or a whole id.
        publisher: what a short name is put behind.

    Raises:
        InvalidParameterError: not a name, not an id, or no kind.
    """
    identity = name if "." in name else f"{publisher}.{name}"
    hint = "write lower_case words, as in soft_glow or com.me.soft_glow"
    if not _WORD.fullmatch(identity.rpartition(".")[2]):
        raise InvalidParameterError(f"{name!r} is not a name of a plugin", path="NAME", hint=hint)
    try:
        check_plugin_id(identity)
    except ValueError as error:
        raise InvalidParameterError(str(error), path="NAME", hint=hint) from error
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS) or f"there are {', '.join(KINDS)}"
        raise InvalidParameterError(f"{kind!r} is no kind of effect", path="--kind", hint=hint)
    return Wanted(identity, language, kind)


def make(asked: Wanted, folder: Path) -> list[str]:
    """Write the plugin into a new folder, whole or not at all; the names of its files.

    Raises:
        InvalidPathError: something stands there already.
        StorageError: the disk refuses.
    """
    if os.path.lexists(folder):
        hint = "choose another name, or another folder with --folder"
        raise InvalidPathError("exists already", path=folder, hint=hint)
    files = _files(asked)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        for name, data in files.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        temporary.rename(folder)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        text = f"cannot write: {error.strerror or error}"
        raise StorageError(text, path=folder, hint="check the disk and the rights of the folder") from error
    return sorted(files)


def _files(asked: Wanted) -> dict[str, bytes]:
    language = LANGUAGES.get(asked.language)
    source = f"{asked.name}{language.endings[0]}" if language else "effect.py"
    kind = (_TEMPLATES / "kinds" / f"{asked.kind}.toml").read_text("utf-8")
    summary = next(line for line in kind.splitlines() if line.startswith("summary")).split('"')[1]
    words = {
        "ID": asked.id,
        "NAME": asked.name,
        "TITLE": asked.title,
        "PACKAGE": asked.package,
        "SOURCE": source,
        "SUMMARY": summary,
        "LANGUAGE": language.title if language else "Python",
        "KIND": asked.kind.replace("_", " "),
        "CONTRIBUTION": KINDS[asked.kind],
        "DISTRIBUTION": f"kadr-{asked.id.replace('.', '-').replace('_', '-')}",
        "DEPENDENCIES": _dependencies(asked),
        "HOW": _how(asked),
    }
    (template,) = (_TEMPLATES / asked.language).glob(f"{asked.kind}.*")
    inside, entry = f"src/{asked.package}", "" if language else f'entry = "{asked.package}.effect:Effect"\n'
    texts = {
        ".gitignore": _text("gitignore", words),
        "README.md": _text("README", words),
        "pyproject.toml": _text("pyproject", words),
        f"{inside}/__init__.py": f'"""{asked.title}."""\n',
        f"{inside}/plugin.toml": _text("plugin", words) + entry,
        f"{inside}/{asked.name}.toml": _filled(kind, words),
        f"{inside}/{source}": _filled(template.read_text("utf-8"), words),
        f"vectors/{asked.name}.json": (_TEMPLATES / "vectors" / f"{asked.kind}.json").read_text("utf-8"),
    }
    made = {name: text.encode() for name, text in texts.items()}
    return made | {"LICENSE": (_TEMPLATES / "LICENSE").read_bytes()}


def _dependencies(asked: Wanted) -> str:
    if asked.language != PYTHON:
        return ""
    own = version("kadr-sdk").split(".")[:2]
    return f'"kadr-sdk>={own[0]}.{own[1]},<{own[0]}.{int(own[1]) + 1}", "numpy>=2.0"'


def _how(asked: Wanted) -> str:
    if asked.language != PYTHON:
        return f'implementations = ["wasm"]\nwasm = "{asked.name}.wasm"'
    return f'implementations = ["{"audio" if asked.kind in _SOUND else "frame"}"]'


def _text(name: str, words: Mapping[str, str]) -> str:
    return _filled((_TEMPLATES / f"{name}.template").read_text("utf-8"), words)


def _filled(text: str, words: Mapping[str, str]) -> str:
    return re.sub(r"@([A-Z]+)@", lambda match: words[match[1]], text)
