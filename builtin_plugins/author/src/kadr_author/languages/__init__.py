"""Languages that plugins are written in, and their compilers.

Every guest language has a folder in the SDK with a library of one file; its compiler makes a core
module that imports nothing but host functions. Nothing is fetched: what a machine lacks is said,
with how to get it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kadr_sdk.errors import DependencyMissingError, NotSupportedError, did_you_mean

from kadr_author.languages.golang import GO
from kadr_author.languages.language import Language
from kadr_author.languages.rust import RUST
from kadr_author.languages.texts import AS, WAT
from kadr_author.languages.zig import CPP, ZIG, C

__all__ = ["LANGUAGES", "PYTHON", "Language", "compiled", "language_of", "named"]

LANGUAGES: Mapping[str, Language] = {row.name: row for row in (C, CPP, ZIG, RUST, GO, AS, WAT)}
"""By name."""
PYTHON = "python"
"""Not a guest's language: a plugin in Python runs with the rights of the account."""
_OTHER_NAMES = {"c++": "cpp", "assemblyscript": "as", "typescript": "as", "golang": "go", "rs": "rust"}


def named(name: str) -> str:
    """The name of a language, as it is known here.

    Raises:
        NotSupportedError: there is none; says which was probably meant.
    """
    found = _OTHER_NAMES.get(name.lower(), name.lower())
    known = [*LANGUAGES, PYTHON]
    if found not in known:
        hint = did_you_mean(found, known) or f"there are {', '.join(known)}"
        raise NotSupportedError(f"no language {name!r} is known", path="--lang", hint=hint)
    return found


def language_of(source: Path) -> Language:
    """The language of a source, by its ending.

    Raises:
        NotSupportedError: no language has the ending.
    """
    for language in LANGUAGES.values():
        if source.suffix in language.endings:
            return language
    endings = ", ".join(e for language in LANGUAGES.values() for e in language.endings)
    raise NotSupportedError(
        f"no language ends in {source.suffix!r}", path=source, hint=f"there are {endings}"
    )


def compiled(source: Path, work: Path, cache: Path) -> bytes:
    """The module of a source, without the ABI's sections.

    Args:
        work: an empty folder that is thrown away.
        cache: a folder that compilers keep between builds.

    Raises:
        NotSupportedError: no language has the source's ending.
        DependencyMissingError: this machine lacks the compiler; says how to get it.
        SerializationError: the compiler refused; with its words.
    """
    language = language_of(source)
    if lacking := language.missing():
        text = f"{source.name} cannot be built here: {lacking.what} is missing"
        raise DependencyMissingError(text, path=source, hint=lacking.remedy)
    return language.compile(source.resolve(), work, cache)
