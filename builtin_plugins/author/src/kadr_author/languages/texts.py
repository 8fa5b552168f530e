"""AssemblyScript, by npm's compiler, and WAT, by wasmtime's."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from kadr_sdk.errors import SerializationError

from kadr_author.languages.language import Language, Missing, run
from kadr_author.sdk import sdk_folder

__all__ = ["AS", "WAT"]

_FLAGS = ("-O3", "--enable", "simd,bulk-memory", "--runtime", "stub", "--noAssert", "--use", "abort=")


def _asc() -> list[str]:
    """The compiler: ``KADR_ASC`` names the folder of an npm installation, else it is on the path."""
    folder, node = os.environ.get("KADR_ASC", ""), shutil.which("node")
    if folder and node:
        script = Path(folder) / "node_modules" / "assemblyscript" / "bin" / "asc.js"
        return [node, str(script)] if script.is_file() else []
    asc = shutil.which("asc")
    return [asc] if asc else []


def _no_asc() -> Missing | None:
    if _asc():
        return None
    return Missing("AssemblyScript", "npm install assemblyscript, and KADR_ASC for the folder of that")


def _assemblyscript(source: Path, work: Path, _cache: Path) -> bytes:
    target = work / "guest.wasm"
    shutil.copy(source, work)
    shutil.copy(sdk_folder() / "assemblyscript" / "kadr.ts", work)
    run([*_asc(), source.name, *_FLAGS, "--outFile", str(target)], work, source)
    return target.read_bytes()


def _no_wasmtime() -> Missing | None:
    return None if find_spec("wasmtime") else Missing("the package wasmtime", "pip install wasmtime")


def _wat(source: Path, _work: Path, _cache: Path) -> bytes:
    from wasmtime import WasmtimeError, wat2wasm

    library = (sdk_folder() / "wat" / "kadr.wat").read_text("utf-8")
    try:
        return bytes(wat2wasm(f"(module\n{library}\n{source.read_text('utf-8')}\n)"))
    except WasmtimeError as error:
        text = f"it is not WAT (lines are counted behind those of kadr.wat, {library.count(chr(10)) + 2}):"
        raise SerializationError(f"{text}\n{error}", path=source) from error


AS = Language("as", "AssemblyScript", "assemblyscript", (".ts",), _no_asc, _assemblyscript)
WAT = Language("wat", "WAT", "wat", (".wat",), _no_wasmtime, _wat)
