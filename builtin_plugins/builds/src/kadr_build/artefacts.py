"""What a build makes: a folder that runs, a folder of wheels, one file that runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from kadr_sdk.errors import DependencyMissingError, RenderError

from kadr_build.wheel import Wheel

__all__ = ["make_folder", "make_pex", "make_wheelhouse"]

_LAUNCH = '''"""Runs kadr from this folder alone: nothing else that is installed is seen."""

import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
library = os.path.join(here, "lib")
if sys.version_info[:2] != {version!r}:
    wanted, found = ".".join(map(str, {version!r})), ".".join(map(str, sys.version_info[:2]))
    raise SystemExit("this build of kadr was made for Python " + wanted + ", this is " + found)
sys.path[:] = [library] + [path for path in sys.path if "site-packages" not in path and path != here]
os.environ["PYTHONPATH"] = library  # for the processes that kadr starts
from kadr_kernel.boot import main

raise SystemExit(main())
'''
_SHELL = """#!/bin/sh
exec "${PYTHON:-python3}" -I -S "$(dirname "$(readlink -f "$0")")/kadr.py" "$@"
"""


def make_folder(target: Path, wheels: Iterable[Wheel]) -> Path:
    """A folder that runs with the Python it was made with; started by ``kadr`` or ``kadr.cmd``."""
    library = target / "lib"
    library.mkdir(parents=True)
    for wheel in wheels:
        with zipfile.ZipFile(wheel.path) as file:
            for name in file.namelist():
                _unpack(file, name, library)
    (target / "kadr.py").write_text(_LAUNCH.format(version=tuple(sys.version_info[:2])), "utf-8")
    (target / "kadr").write_text(_SHELL, "utf-8", newline="\n")
    (target / "kadr").chmod(0o755)
    (target / "kadr.cmd").write_text('@python -I -S "%~dp0kadr.py" %*\n', "utf-8", newline="\r\n")
    return target / ("kadr.cmd" if os.name == "nt" else "kadr")


def _unpack(file: zipfile.ZipFile, name: str, library: Path) -> None:
    parts = name.split("/")
    if parts[0].endswith(".data"):  # NAME.data/purelib/x and platlib; scripts and headers are not run
        if len(parts) < 3 or parts[1] not in ("purelib", "platlib"):
            return
        parts = parts[2:]
    path = library.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.read(name))


def make_wheelhouse(target: Path, wheels: Sequence[Wheel]) -> Path:
    """Wheels, and requirements with their digests: ``pip install --no-index --require-hashes …``."""
    target.mkdir(parents=True)
    for wheel in wheels:
        shutil.copyfile(wheel.path, target / wheel.path.name)
    rows = [f"{w.name}=={w.version} --hash=sha256:{w.digest}\n" for w in wheels]
    (target / "requirements.txt").write_text("".join(rows), "utf-8", newline="\n")
    return target


def make_pex(target: Path, wheels: Sequence[Wheel]) -> Path:
    """One file that runs with the Python it was made with.

    Raises:
        DependencyMissingError: pex is not installed.
        RenderError: pex could not make it; says why.
    """
    command = [sys.executable, "-m", "pex", "--no-pypi", "--no-build", "--intransitive", "--no-compile"]
    command += ["--no-use-system-time", "--venv", "prepend", "--sh-boot"] if os.name != "nt" else []
    command += ["--find-links", str(wheels[0].path.parent), "-c", "kadr", "-o", str(target)]
    command += [f"{w.name}=={w.version}" for w in wheels]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    if "No module named pex" in done.stderr:
        raise DependencyMissingError(
            "a single file is made by pex, which is not installed", hint='pip install "kadr[build]"'
        )
    if done.returncode:
        raise RenderError(f"pex could not make the file: {done.stderr.strip()[-500:]}", path=target)
    return target
