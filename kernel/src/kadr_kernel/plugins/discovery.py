"""Find plugins without running a line of their code.

A plugin is an entry point of the group ``kadr.plugins`` (name: the plugin's id; value: its
top-level import package) or a package in a plugin folder. Either way ``plugin.toml`` inside
the package is read as data. What is broken becomes a row with its reason.

A plugin folder holds one sub-folder for each plugin, laid out like its repository::

    plugins/glow/org_example_glow/plugin.toml        or
    plugins/glow/src/org_example_glow/plugin.toml

Only that package becomes importable: see :mod:`kadr_kernel.plugins.loader`.

What a client installed from a registry comes as a set (:mod:`kadr_sdk.installed`):
:mod:`kadr_kernel.plugins.store`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import KadrError, ManifestError
from kadr_sdk.manifest import FILE_NAME, Manifest, read_manifest
from kadr_sdk.text import printable

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

__all__ = ["GROUP", "Found", "discover", "read_row"]

GROUP = "kadr.plugins"


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin that is there: its manifest, or the reason why there is none.

    Attributes:
        id: name of the entry point, or the id in the manifest; for a package in a plugin
            folder whose manifest cannot be read, the name of the sub-folder.
        origin: where it comes from, in words.
        package: top-level import package, empty where it could not be told.
        distribution: normalised name, empty for plugin folders.
        location: the package's folder where it comes from a plugin folder, else empty.
        manifest_path: where ``plugin.toml`` is or should be, for the index.
        publisher: ``key:<id>`` of who signed it; empty where nobody did.
        contents: digest of what was signed, else empty.
    """

    id: str
    origin: str
    package: str = ""
    distribution: str = ""
    location: str = ""
    manifest_path: str = ""
    manifest: Manifest | None = None
    error: str = ""
    warnings: tuple[str, ...] = ()
    publisher: str = ""
    contents: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data, accepted by :meth:`from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Found:
        """A row from :meth:`as_dict` data."""
        manifest = data["manifest"]
        values = dict(data) | {"warnings": tuple(data["warnings"])}
        return cls(**(values | {"manifest": None if manifest is None else Manifest.from_dict(manifest)}))


def discover(folders: Sequence[Path] = (), more: Iterable[Found] = ()) -> list[Found]:
    """Every plugin that is installed or lies in a plugin folder, in order of id, then origin.

    Args:
        folders: plugin folders.
        more: rows that are known from elsewhere.
    """
    # The finders remember folder contents by modification time, too coarse just after an install.
    importlib.invalidate_caches()
    found = [*_installed(), *more, *(row for folder in folders for row in _in_folder(folder))]
    return sorted(_without_doubles(found), key=lambda row: (row.id, row.origin))


def _without_doubles(rows: Iterable[Found]) -> Iterator[Found]:
    """One package name can be imported from one place only: the first keeps it."""
    owners: dict[str, Found] = {}
    for row in rows:
        owner = owners.setdefault(row.package, row) if row.package else row
        if owner.origin == row.origin or not row.location:
            yield row
        else:
            text = f"the package name {row.package!r} is taken by {owner.origin}; rename the package"
            if owner.id == row.id:
                text = f"the one of {owner.origin} counts; remove this one"
            yield replace(row, manifest=None, error=text)


def _installed() -> Iterator[Found]:
    from importlib import metadata

    seen: set[str] = set()
    for distribution in metadata.distributions():
        try:
            rows = list(_of_distribution(distribution, seen))
        except Exception as error:  # noqa: BLE001 - a damaged installation is a row, never a crash
            place = str(getattr(distribution, "_path", "an unnamed distribution"))
            yield Found(Path(place).stem, place, error=f"its installation is damaged: {error!r}")
        else:
            yield from rows


def _of_distribution(distribution: Distribution, seen: set[str]) -> Iterator[Found]:
    # Parsing is left to the few that concern us: a foreign broken file is not our business.
    if GROUP not in (distribution.read_text("entry_points.txt") or ""):
        return
    name = _normal(distribution.metadata["Name"] or "")
    if name in seen:  # shadowed by an earlier entry of sys.path
        return
    seen.add(name)
    for point in distribution.entry_points:
        if point.group == GROUP:
            yield _of_entry_point(point, name, distribution.version)


def _of_entry_point(point: EntryPoint, distribution: str, version: str) -> Found:
    row = Found(printable(point.name), f"{distribution} {version}", point.value, distribution)
    if not point.value.isidentifier():
        rule = f"the entry point says {point.value!r}; write the top-level import package alone"
        return replace(row, package="", error=rule)
    try:
        spec = importlib.util.find_spec(point.value)
    except Exception as error:  # noqa: BLE001 - finders of other packages may raise anything
        return replace(row, error=f"the package {point.value!r} cannot be located: {error}")
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        missing = "is not a package" if spec else "is not installed"
        return replace(row, error=f"{point.value!r} {missing}, so it holds no {FILE_NAME}")
    files = [Path(place) / FILE_NAME for place in places]
    path = next((p for p in files if p.is_file()), files[0])
    return read_row(row, path, expected=point.name, version=version)


def _in_folder(folder: Path) -> Iterator[Found]:
    for sub in _folders(folder):
        packages = [p for root in (sub, sub / "src") for p in _folders(root) if (p / FILE_NAME).is_file()]
        for package in packages:
            row = Found(sub.name, f"folder {sub}", package.name, location=str(package))
            row = read_row(row, package / FILE_NAME)
            if not package.name.isidentifier() or not (package / "__init__.py").is_file():
                row = replace(row, manifest=None, error=f"{package} is not an import package")
            yield row


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.is_dir())
    except OSError:
        return []


def read_row(row: Found, path: Path, expected: str = "", version: str = "") -> Found:
    """The row with its manifest, or with the reason why it cannot be read.

    Args:
        expected: id that the manifest has to have.
        version: that it should have, else there is a warning.
    """
    row = replace(row, manifest_path=str(path))
    try:
        manifest = read_manifest(path)
        if expected and manifest.id != expected:
            text = f"the manifest says {manifest.id!r}, it is installed as {expected!r}"
            raise ManifestError(f"{text}; write the same id in both", path=path)
    except KadrError as error:
        return replace(row, error=str(error))
    except Exception as error:  # noqa: BLE001 - whatever a stranger's file provokes is a row
        return replace(row, error=f"{path}: the manifest cannot be read: {error!r}")
    warnings = _version_warnings(manifest, version) if version else ()
    return replace(row, id=manifest.id, manifest=manifest, warnings=warnings)


def _version_warnings(manifest: Manifest, version: str) -> tuple[str, ...]:
    from packaging.version import InvalidVersion, Version

    try:
        same = Version(manifest.version) == Version(version)
    except InvalidVersion:
        same = False
    if same:
        return ()
    return (f"the manifest says version {manifest.version}, the distribution {version}",)


def _normal(name: str) -> str:
    from packaging.utils import canonicalize_name

    return str(canonicalize_name(name))
