"""Build C guests: ``python sdk/c/build.py [FILE.c …]``; without arguments, those of the built-in plugin.

Needs the package ``ziglang`` (``pip install ziglang==0.17.1``). Beside every ``name.c`` stands its
declaration ``name.toml`` and comes ``name.wasm``: compiled code, then the sections ``kadr.abi``
and ``kadr.effect``. The same sources and the same compiler give the same bytes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from kadr_sdk.abi import with_sections

__all__ = ["COMPILER", "GUESTS", "build"]

COMPILER = "0.17.1"
"""Version of ``ziglang`` that the committed guests were built with."""
ROOT = Path(__file__).resolve().parents[2]
GUESTS = ROOT / "builtin_plugins" / "wasm_effects" / "src" / "kadr_wasm_effects" / "guests"
FLAGS = (
    "-target wasm32-freestanding -mcpu=generic+bulk_memory+sign_ext+nontrapping_fptoint+simd128 -O3 -s"
    # Unrolled, because the sandbox checks its deadline at every turn of a loop.
    " -funroll-loops -mllvm -unroll-runtime=true -mllvm -unroll-count=4"
    " -nostdlib -Wall -Wextra -Werror -Wl,--no-entry"
).split()


def compiled(source: Path, target: Path, cache: Path) -> bytes:
    """The module that the compiler makes of a source.

    Raises:
        RuntimeError: it refused; with its words.
    """
    includes = [f"-I{ROOT / 'sdk' / folder}" for folder in ("c", "abi")]
    # The file is named as it would be from its own folder, so that no path gets into the module.
    command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, *includes, source.name, "-o", str(target)]
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
    done = subprocess.run(  # noqa: S603 - our own compiler on the author's own source
        command, cwd=source.parent, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{source.name} does not compile:\n{done.stderr}")
    return target.read_bytes()


def declaration(source: Path) -> bytes:
    """The descriptor beside a source as the JSON of the section ``kadr.effect``."""
    data = tomllib.loads(source.with_suffix(".toml").read_text("utf-8"))
    data.pop("wasm", None)
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def build(source: Path) -> bytes:
    """The whole guest: code and sections."""
    with tempfile.TemporaryDirectory() as folder:
        code = compiled(source, Path(folder) / "guest.wasm", Path(folder) / "cache")
    return with_sections(code, declaration(source))


def main(arguments: Sequence[str]) -> int:
    """Build and write the guests."""
    for source in [Path(a).resolve() for a in arguments] or sorted(GUESTS.glob("*.c")):
        made = build(source)
        source.with_suffix(".wasm").write_bytes(made)
        print(f"{source.with_suffix('.wasm').name}: {len(made)} bytes")  # noqa: T201 - a program's answer
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
