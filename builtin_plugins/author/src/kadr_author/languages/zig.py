"""C, C++ and Zig, all by the package ``ziglang``."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from kadr_author.languages.language import Language, Missing, run
from kadr_author.sdk import sdk_folder

__all__ = ["COMPILER", "CPP", "ZIG", "C", "no_zig"]

COMPILER = "0.17.1"
"""Version of ``ziglang`` that the committed guests were built with: the same bytes need the same one."""
# Unrolled, because the sandbox checks its deadline at every turn of a loop.
_UNROLLED = ("-funroll-loops", "-mllvm", "-unroll-runtime=true", "-mllvm", "-unroll-count=4")
_TARGET = ("-target", "wasm32-freestanding", "-mcpu=generic+bulk_memory+sign_ext+nontrapping_fptoint+simd128")
_FREESTANDING = (
    *_TARGET, "-O3", "-s", *_UNROLLED, "-nostdlib", "-Wall", "-Wextra", "-Werror", "-Wl,--no-entry"
)  # fmt: skip


def no_zig() -> Missing | None:
    """What is missing where ``ziglang`` is not installed."""
    if find_spec("ziglang"):
        return None
    return Missing("the package ziglang", 'pip install "kadr[author]"')


def _zig(source: Path, work: Path, cache: Path, *words: str) -> bytes:
    """Sources are named as from their own folder, so that no path gets into the module."""
    target = work / "guest.wasm"
    caches = {f"ZIG_{kind}_CACHE_DIR": str(cache / "zig") for kind in ("GLOBAL", "LOCAL")}
    given = [word.format(source=source.name, target=target) for word in words]
    run([sys.executable, "-m", "ziglang", *given], source.parent, source, caches)
    return target.read_bytes()


def _includes(*folders: str) -> list[str]:
    return [f"-I{_braced(sdk_folder() / folder)}" for folder in folders]


def _braced(path: Path) -> str:
    """A path that goes through ``format`` as it is."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _c(source: Path, work: Path, cache: Path) -> bytes:
    made = (*_FREESTANDING, *_includes("c", "abi"), "{source}", "-o", "{target}")
    return _zig(source, work, cache, "cc", *made)


def _cpp(source: Path, work: Path, cache: Path) -> bytes:
    plain = ("-std=c++20", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics")
    made = (*_FREESTANDING, *plain, *_includes("cpp", "c", "abi"), "{source}", "-o", "{target}")
    return _zig(source, work, cache, "c++", *made)


def _own(source: Path, work: Path, cache: Path) -> bytes:
    library = _braced(sdk_folder() / "zig" / "kadr.zig")
    flags = (*_TARGET, "-OReleaseFast", "-fno-entry", "-rdynamic", "-fstrip")
    modules = ("--dep", "kadr", "-Mroot={source}", f"-Mkadr={library}")
    made = (*flags, *modules, "--name", "guest", "-femit-bin={target}")
    return _zig(source, work, cache, "build-exe", *made)


C = Language("c", "C", "c", (".c",), no_zig, _c)
CPP = Language("cpp", "C++", "cpp", (".cpp", ".cc", ".cxx"), no_zig, _cpp)
ZIG = Language("zig", "Zig", "zig", (".zig",), no_zig, _own)
