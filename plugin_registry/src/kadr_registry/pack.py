"""A package from a plugin's folder: the release record, and where the bytes of each blob are.

The folder is a repository (``pyproject.toml``, ``src/PACKAGE/plugin.toml``) or the import
package itself. Sandboxed plugins give all their files but Python code; a plugin with Python
code gives its manifest, its data and its wheels. Nothing of the plugin is run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kadr_sdk.errors import ManifestError
from kadr_sdk.manifest import FILE_NAME, Manifest, read_manifest
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from kadr_registry.faults import RegistryError
from kadr_registry.names import check_file_path
from kadr_registry.record import MAX_BLOB, MAX_BLOBS, Blob, Record

__all__ = ["Package", "pack", "plugin_id"]

_SKIPPED = (".py", ".pyc", ".pyi", ".pyx")
_ICONS = ("icon.svg", "icon.png")


@dataclass(frozen=True, slots=True)
class Package:
    """A record, and a file for each of its blobs (by digest)."""

    record: Record
    files: dict[str, Path]


def pack(folder: Path, publisher: str, wheels: Sequence[Path] = ()) -> Package:
    """The package of a plugin's folder; the same folder gives the same record, byte for byte.

    Args:
        folder: of the plugin's repository or import package.
        publisher: the namespace that it is published in.
        wheels: built wheels, for plugins with Python code; without any, those in ``dist/``.

    Raises:
        RegistryError, ManifestError: what is missing or cannot be published.
    """
    home = _package_folder(folder)
    manifest = _normal(read_manifest(home / FILE_NAME))
    if not manifest.id.startswith(f"{publisher}."):
        text = f"{manifest.id} does not lie in the namespace {publisher!r}"
        raise RegistryError(text, path=home / FILE_NAME, hint=f"begin the id with {publisher}.")
    bare = Record(manifest, _package_name(home, manifest), publisher, ())
    found = dict(_own_files(home, manifest)) | dict(_beside(folder, home))
    built = _wheels(folder, manifest, wheels) if bare.tier == "native" else []
    found |= {path.name: ("wheel", path) for path in built}
    if len(found) > MAX_BLOBS:
        raise RegistryError(f"the plugin has more than {MAX_BLOBS} files", path=folder)
    rows = [(_blob(name, role, path), path) for name, (role, path) in sorted(found.items())]
    blobs = tuple(blob for blob, _ in rows)
    record = replace(bare, blobs=blobs, platforms=_platforms(built))
    return Package(record, {blob.sha256: path for blob, path in rows})


def plugin_id(folder: Path) -> str:
    """The id of the plugin in a folder.

    Raises:
        ManifestError: there is none, or it breaks rules.
    """
    return read_manifest(_package_folder(folder) / FILE_NAME).id


def _package_folder(folder: Path) -> Path:
    if (folder / FILE_NAME).is_file():
        return folder
    found = sorted({*folder.glob(f"src/*/{FILE_NAME}"), *folder.glob(f"*/{FILE_NAME}")})
    if len(found) == 1:
        return found[0].parent
    problem = f"there is no {FILE_NAME}" if not found else f"there are {len(found)} files {FILE_NAME}"
    raise ManifestError(f"{problem} in {folder} or {folder / 'src'}", path=folder)


def _normal(manifest: Manifest) -> Manifest:
    return replace(manifest, version=str(Version(manifest.version)), location="")


def _package_name(home: Path, manifest: Manifest) -> str:
    return home.name if home.name.isidentifier() else manifest.id.replace(".", "_")


def _own_files(home: Path, manifest: Manifest) -> Iterator[tuple[str, tuple[str, Path]]]:
    descriptors = {item.file for item in manifest.contributions}
    for path in sorted(home.rglob("*")):
        inside = path.relative_to(home)
        if any(part.startswith(".") or part == "__pycache__" for part in inside.parts):
            continue
        if path.is_symlink():
            raise RegistryError("a symbolic link cannot be published", path=path, hint="put the file there")
        if path.is_file() and path.suffix not in _SKIPPED and path.name != "py.typed":
            yield inside.as_posix(), (_role(inside.as_posix(), descriptors), path)


def _role(name: str, descriptors: Iterable[str]) -> str:
    if name == FILE_NAME:
        return "manifest"
    if name in descriptors:
        return "descriptor"
    if name in _ICONS:
        return "icon"
    if name.endswith(".wasm"):
        return "wasm"
    if name.endswith(".cdx.json"):
        return "sbom"
    return {"README.md": "readme", "LICENSE": "license", "LICENSE.txt": "license"}.get(name, "data")


def _beside(folder: Path, home: Path) -> Iterator[tuple[str, tuple[str, Path]]]:
    """What lies beside ``pyproject.toml``."""
    if folder == home:
        return
    for name in ("README.md", "LICENSE", "LICENSE.txt", *_ICONS, "sbom.cdx.json"):
        if (path := folder / name).is_file():
            yield name, (_role(name, ()), path)


def _wheels(folder: Path, manifest: Manifest, given: Sequence[Path]) -> list[Path]:
    wheels = list(given) or sorted((folder / "dist").glob("*.whl"))
    matching = [path for path in wheels if _wheel_version(path) == Version(manifest.version)]
    if matching:
        return matching
    text = f"{manifest.id} {manifest.version} has Python code, and there is no wheel of this version"
    raise RegistryError(text, path=folder, hint="build one first: uv build --wheel --out-dir dist")


def _wheel_version(path: Path) -> Version:
    try:
        return parse_wheel_filename(path.name)[1]
    except InvalidWheelFilename as error:
        raise RegistryError(f"this is not the name of a wheel: {error}", path=path) from error


def _platforms(wheels: Iterable[Path]) -> tuple[str, ...]:
    tags = {str(tag) for path in wheels for tag in parse_wheel_filename(path.name)[3]}
    return tuple(sorted(tags))


def _blob(name: str, role: str, path: Path) -> Blob:
    try:
        size = path.stat().st_size
        if size > MAX_BLOB:
            raise RegistryError(f"the file is larger than {MAX_BLOB >> 20} MiB", path=path)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Blob(check_file_path(name), role, size, digest)
    except ValueError as error:
        raise RegistryError(str(error), path=path, hint="rename the file") from error
    except OSError as error:
        raise RegistryError(f"it cannot be read: {error.strerror or error}", path=path) from error
