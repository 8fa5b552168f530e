"""Rust, by the compiler on the path or an unpacked one that ``KADR_RUST_ROOT`` names."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from kadr_author.languages.language import Language, Missing, asked, run
from kadr_author.languages.zig import no_zig
from kadr_author.sdk import sdk_folder

__all__ = ["RUST"]

_TARGET = "wasm32-unknown-unknown"
_FLAGS = (
    "--edition", "2021", "--target", _TARGET, "-C", "opt-level=3", "-C", "panic=abort",
    "-C", "target-feature=+simd128,+bulk-memory", "-C", "llvm-args=-unroll-runtime=true",
    "-C", "llvm-args=-unroll-count=4",
)  # fmt: skip


def _rust() -> tuple[str, str]:
    """The compiler, and its root where that is not its own."""
    root = os.environ.get("KADR_RUST_ROOT", "")
    return (str(Path(root) / "bin" / "rustc"), root) if root else (shutil.which("rustc") or "", "")


def _missing() -> Missing | None:
    rustc, root = _rust()
    if not rustc:
        return Missing("rustc", "install Rust with rustup, then: rustup target add " + _TARGET)
    found = Path(root) / "lib" / "rustlib" / _TARGET / "lib" if root else None
    if found is None:
        found = Path(asked([rustc, "--print", "target-libdir", "--target", _TARGET]) or "none")
    if not found.is_dir():
        return Missing(f"Rust's target {_TARGET}", f"rustup target add {_TARGET}")
    return no_zig() if root else None


def _compile(source: Path, work: Path, _cache: Path) -> bytes:
    rustc, root = _rust()
    common, more = [rustc, *_FLAGS], {}
    if root:  # unpacked packages of Debian: no linker among them, so the one of ziglang
        common += ["--sysroot", root, "-C", f"linker={_linker(work)}", "-C", "linker-flavor=wasm-ld"]
        more["LD_LIBRARY_PATH"] = os.pathsep.join(
            str(p) for p in (Path(root) / "lib", *Path(root).glob("lib/*-linux-gnu"))
        )
    library, target = work / "libkadr.rlib", work / "guest.wasm"
    made = ["--crate-type", "rlib", "--crate-name", "kadr", "-o", str(library)]
    run([*common, *made, str(sdk_folder() / "rust" / "kadr.rs")], work, source, more)
    made = ["--crate-type", "cdylib", "--crate-name", "guest", "-C", "strip=symbols"]
    made += [f"--remap-path-prefix={source.parent}=.", "--extern", f"kadr={library}", "-o", str(target)]
    run([*common, *made, str(source)], work, source, more)
    return target.read_bytes()


def _linker(work: Path) -> Path:
    """The linker of ziglang, called as rustc calls one: ``-flavor wasm``, and old archives to be forgiven."""
    script = work / "wasm-ld"
    lines = (
        "#!/bin/sh",
        "shift 2",
        'for word; do shift; [ "$word" = --fatal-warnings ] || set -- "$@" "$word"; done',
        f'exec "{sys.executable}" -m ziglang wasm-ld "$@"',
    )
    script.write_text("\n".join(lines) + "\n", "utf-8")
    script.chmod(0o755)
    return script


RUST = Language("rust", "Rust", "rust", (".rs",), _missing, _compile)
