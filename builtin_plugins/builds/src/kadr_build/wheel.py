"""Wheels, the same bytes every time."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Wheel", "pure_wheel", "write_wheel"]

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file knows
_COMPRESSION = zipfile.ZIP_DEFLATED
_PURE = b"Wheel-Version: 1.0\nGenerator: kadr\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel of a build.

    Attributes:
        size: bytes unpacked.
        engines: native libraries inside, file names.
        pruned: bytes that were left out of it.
        plugin: id, where it is the wheel of a plugin that was embedded.
        permissions: what that plugin has, as texts.
        record: sha256 of its release record; empty for one from a folder.
    """

    name: str
    version: str
    license: str
    path: Path
    digest: str
    size: int
    engines: tuple[str, ...]
    requires: tuple[str, ...]
    pruned: int = 0
    plugin: str = ""
    permissions: tuple[str, ...] = ()
    record: str = ""


def pure_wheel(
    name: str, version: str, about: Mapping[str, list[str]], files: Mapping[str, bytes], folder: Path
) -> Path:
    """A wheel without native code, made of nothing but what is given.

    Args:
        about: more lines of its metadata, by key.
        files: content by path; paths that begin with ``dist-info/`` go into that folder.
    """
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    # A line is a fact: a license of two lines would require whatever its second line says.
    lines += [f"{key}: {' '.join(value.split())}" for key, values in about.items() for value in values]
    placed = {f"{info}/{n[10:]}" if n.startswith("dist-info/") else n: data for n, data in files.items()}
    placed |= {f"{info}/METADATA": ("\n".join(lines) + "\n").encode(), f"{info}/WHEEL": _PURE}
    path = folder / f"{stem}-py3-none-any.whl"
    write_wheel(path, info, placed)
    return path


def write_wheel(path: Path, info: str, files: Mapping[str, bytes]) -> None:
    """Names in order, no times, a RECORD of all."""
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w", _COMPRESSION) as wheel:
        for name in sorted(files):
            digest = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=").decode()
            rows.writerow([name, f"sha256={digest}", len(files[name])])
            _add(wheel, name, files[name])
        rows.writerow([f"{info}/RECORD", "", ""])
        _add(wheel, f"{info}/RECORD", record.getvalue().encode())
    part.replace(path)


def _add(wheel: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = _COMPRESSION
    entry.create_system = 3  # the same on every system
    entry.external_attr = 0o100644 << 16
    wheel.writestr(entry, data)
