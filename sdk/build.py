"""Build guests without a plugin around them: ``python sdk/build.py FILE …``; the ending says the language.

Beside every source stands its declaration (``glow.rs``, ``glow.toml``), or it is named with
``--declaration FILE``; the guest comes beside the source, or where ``-o FILE`` says. The compilers
are those of ``kadr plugin build`` (:mod:`kadr_author.languages`), which is what authors of plugins use.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kadr_author.guests import declared
from kadr_author.languages import LANGUAGES, Language, compiled
from kadr_sdk.abi import with_sections
from kadr_sdk.errors import KadrError

__all__ = ["LANGUAGES", "build", "example", "main"]

SDK = Path(__file__).resolve().parent


def example(language: Language) -> Path:
    """The source of the example in a language."""
    return SDK / language.folder / f"glow{language.endings[0]}"


def build(source: Path, described: Path | None = None) -> bytes:
    """The whole guest: code and sections.

    Raises:
        KadrError: something is missing on this machine, or the compiler refused.
    """
    with tempfile.TemporaryDirectory() as folder:
        work, cache = Path(folder) / "work", Path(folder) / "cache"
        work.mkdir()
        code = compiled(source, work, cache)
    return with_sections(code, declared(described or source.with_suffix(".toml")))


def main(arguments: Sequence[str] | None = None) -> int:
    """Build and write the guests."""
    parser = argparse.ArgumentParser(description="Build guests.")
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("--declaration", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args(arguments)
    if given.output and len(given.sources) > 1:
        parser.error("-o is for one source")
    for source in given.sources:
        target = given.output or source.with_suffix(".wasm")
        try:
            made = build(source, given.declaration)
        except (OSError, KadrError) as error:
            print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's answer
            return 1
        target.write_bytes(made)
        print(f"{target.name}: {len(made)} bytes")  # noqa: T201 - a program's answer
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
