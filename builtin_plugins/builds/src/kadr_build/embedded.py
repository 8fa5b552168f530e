"""Plugins that come in no distribution, of a folder or from a registry, as wheels of their own.

The metapackage of the build pins them like all others, so they run without a question and with
what they ask for: who builds has to have allowed it. The release record goes along.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from pathlib import Path

from kadr_sdk.errors import ManifestError, PluginError, StorageError
from kadr_sdk.installed import Installed, blob_path
from kadr_sdk.manifest import Manifest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from kadr_build.wheel import Wheel, pure_wheel

__all__ = ["embed"]

_RECORD = "kadr-release.json"


def embed(manifest: Manifest, item: Installed | None, store: Path, folder: Path) -> Wheel:
    """The wheel of a plugin.

    Args:
        manifest: knows where its package lies.
        item: its row, where it was installed from a registry.
        store: of what is installed from registries.
        folder: for the wheel.

    Raises:
        StorageError: a file is missing or is not what was installed.
        PluginError: a link in a plugin folder.
    """
    home = Path(manifest.location)
    package = item.package if item else home.name
    found = _listed(home, item) if item else _lying(home)
    files = {f"{package}/{name}": data for name, data in found.items()}
    files.setdefault(f"{package}/__init__.py", b"")
    files["dist-info/entry_points.txt"] = f"[kadr.plugins]\n{manifest.id} = {package}\n".encode()
    if item:
        files[f"dist-info/{_RECORD}"] = _read(store / blob_path(item.digest), item.digest)
    needs = () if item else _needs(home)
    version = str(Version(manifest.version))
    name = f"kadr-plugin-{manifest.id.replace('.', '-').replace('_', '-')}"
    about = {"License": [manifest.license or "unknown"], "Requires-Dist": list(map(str, needs))}
    path = pure_wheel(name, version, about, files, folder)
    return Wheel(
        name,
        version,
        manifest.license or "unknown",
        path,
        hashlib.sha256(path.read_bytes()).hexdigest(),
        sum(map(len, files.values())),
        (),
        tuple(str(canonicalize_name(need.name)) for need in needs),
        plugin=manifest.id,
        permissions=manifest.permissions,
        record=item.digest if item else "",
    )


def _listed(home: Path, item: Installed) -> dict[str, bytes]:
    """What was installed, byte for byte."""
    return {name: _read(home / name, digest) for name, digest in item.files}


def _read(path: Path, digest: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StorageError(
            f"cannot be read: {error.strerror}", path=path, hint="kadr plugin sync puts it back"
        ) from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise StorageError("it is not what was installed", path=path, hint="kadr plugin sync puts it back")
    return data


def _lying(home: Path) -> dict[str, bytes]:
    """What lies in a plugin folder, without what is hidden or made by running it."""
    files = {}
    for path in sorted(home.rglob("*")):
        inside = path.relative_to(home)
        if any(part.startswith(".") or part == "__pycache__" for part in inside.parts):
            continue
        if path.is_symlink():
            raise PluginError("a link cannot be built in", path=path, hint="put the file there")
        if path.is_file():
            files[inside.as_posix()] = path.read_bytes()
    return files


def _needs(home: Path) -> Sequence[Requirement]:
    """Requirements in ``pyproject.toml`` of the plugin's repository, kadr's own names among them."""
    path = (home.parent.parent if home.parent.name == "src" else home.parent) / "pyproject.toml"
    if not path.is_file():
        return ()
    try:
        project = tomllib.loads(path.read_text("utf-8")).get("project", {})
        return [Requirement(need) for need in project.get("dependencies", ())]
    except (ValueError, AttributeError, TypeError) as error:
        raise ManifestError(f"cannot be read: {error}", path=path) from error
