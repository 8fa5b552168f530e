"""Build the built-in guests: ``python sdk/c/build.py [FILE.c …]``; without arguments, all of them.

Beside every ``name.c`` stands its declaration ``name.toml`` and comes ``name.wasm``. The same
sources and the same compiler give the same bytes.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kadr_author.guests import declared
from kadr_author.languages import compiled
from kadr_author.languages.zig import COMPILER
from kadr_sdk.abi import with_sections

__all__ = ["COMPILER", "GUESTS", "build"]

ROOT = Path(__file__).resolve().parents[2]
GUESTS = ROOT / "builtin_plugins" / "wasm_effects" / "src" / "kadr_wasm_effects" / "guests"


def build(source: Path) -> bytes:
    """The whole guest: code and sections.

    Raises:
        KadrError: the compiler is missing, or it refused.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        work.mkdir()
        code = compiled(source, work, Path(folder) / "cache")
    return with_sections(code, declared(source.with_suffix(".toml")))


def main(arguments: Sequence[str]) -> int:
    """Build and write the guests."""
    for source in [Path(a).resolve() for a in arguments] or sorted(GUESTS.glob("*.c")):
        made = build(source)
        source.with_suffix(".wasm").write_bytes(made)
        print(f"{source.with_suffix('.wasm').name}: {len(made)} bytes")  # noqa: T201 - a program's answer
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
