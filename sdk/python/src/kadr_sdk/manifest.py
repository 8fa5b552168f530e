"""``plugin.toml``: what a plugin is, asks for and contributes, read without importing it.

Lives inside the import package. Unknown keys are refused with a hint, every problem is
reported at once. Only the standard library is imported here: listing a hundred plugins
must not wait for pydantic or numpy.

Example::

    manifest = 1

    [plugin]
    id = "org.example.glow"
    version = "1.2.0"
    title = "Glow"
    summary = "A soft glow around bright places"
    license = "MIT"
    api = ">=1,<2"
    requires = ["kadr.pyav>=0.1"]

    [permissions]
    read = ["*"]

    [[contributes.effect]]
    id = "org.example.glow"
    file = "glow.toml"
    entry = "org_example_glow.glow:Glow"

    [hooks]
    entry = "org_example_glow.hooks"

    [config.strength]
    type = "float"
    default = 1.0
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kadr_sdk.errors import ManifestError, Problem, did_you_mean
from kadr_sdk.ids import check_contribution_id, check_plugin_id
from kadr_sdk.permissions import PermissionSet
from kadr_sdk.text import shown

__all__ = [
    "API_VERSION",
    "CONTRIBUTION_KINDS",
    "FILE_NAME",
    "LIMITS",
    "MANIFEST_VERSION",
    "Contribution",
    "Manifest",
    "parse_manifest",
    "read_manifest",
    "split_requirement",
]

API_VERSION = "1.0"
"""Version of the contracts in this package; ``api`` in a manifest is a range over it."""
MANIFEST_VERSION = 1
FILE_NAME = "plugin.toml"
_MAX_BYTES = 1_000_000

CONTRIBUTION_KINDS: dict[str, str] = {
    "analyzer": "frames in, data out",
    "audio_effect": "changes sound",
    "backend": "reads, filters and writes media",
    "command": "a command of the host",
    "effect": "changes pictures",
    "executor": "carries out segments",
    "exporter": "delivers a container or a set of files",
    "generator": "makes pictures from nothing",
    "host": "talks to the user",
    "importer": "reads foreign project files",
    "preset": "a named set of export settings",
    "runtime": "runs guests",
    "service": "gives the container a recipe",
    "transition": "leads from one clip to the next",
}
"""Every kind of contribution and its meaning."""

_RUNTIMES = ("python", "wasm", "extism", "component")
_ENTRY = re.compile(r"[A-Za-z_][\w.]*(?::[A-Za-z_][\w.]*)?", re.ASCII)
_PLUGIN_KEYS = (
    "id",
    "version",
    "title",
    "summary",
    "license",
    "authors",
    "homepage",
    "api",
    "requires",
    "conflicts",
    "runtime",
)
_TABLES = ("manifest", "plugin", "permissions", "contributes", "hooks", "config", "limits", "extensions")
LIMITS: Mapping[str, str] = {
    "seconds": "of one frame",
    "start_seconds": "until an instance is ready",
    "memory_mb": "MiB beyond the frames of a call",
    "calls_per_second": "calls of host functions",
    "storage_kb": "KiB that it keeps",
    "connections": "fetches at once",
    "transfer_mb": "MiB of one fetched answer, or of one read of a file",
}
"""Keys of ``[limits]``: what guests of a plugin may ask for, up to the ceiling of the policy."""
_CONTRIBUTION_KEYS = ("id", "title", "summary", "entry", "file", "names", "scope", "provides", "priority")


@dataclass(frozen=True, slots=True)
class Contribution:
    """One thing that a plugin adds, looked up by kind and id.

    Attributes:
        entry: ``module:attribute`` imported on first use; empty for pure data.
        file: descriptor inside the package, relative to ``plugin.toml``.
        names: short names that find it too (``blur`` for ``kadr.blur``).
        provides: for services, ``module:Protocol``; scope ``kernel``, ``project`` or ``job``.
        priority: the higher is preferred where a choice is made by default.
    """

    kind: str
    id: str
    plugin: str
    entry: str = ""
    file: str = ""
    title: str = ""
    summary: str = ""
    names: tuple[str, ...] = ()
    scope: str = "kernel"
    provides: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """A plugin as its ``plugin.toml`` says.

    Attributes:
        api: range of :data:`API_VERSION` that it works with (PEP 440 specifiers).
        requires, conflicts: plugin ids with optional version ranges.
        config: schema of its configuration, parameter tables by name.
        limits: what its guests ask for beyond their level (:data:`LIMITS`).
        hooks: module of its hook implementations, may be empty.
        location: folder of the manifest.
    """

    id: str
    version: str
    title: str = ""
    summary: str = ""
    license: str = ""
    authors: tuple[str, ...] = ()
    homepage: str = ""
    api: str = ">=1,<2"
    requires: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    runtime: str = "python"
    permissions: tuple[str, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    hooks: str = ""
    config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)
    location: str = ""

    @property
    def permission_set(self) -> PermissionSet:
        """What it asks for."""
        return PermissionSet.of(self.permissions)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data, accepted by :meth:`from_dict` (the cached index)."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Manifest:
        """A manifest from :meth:`as_dict` data; not validated again."""
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        values["contributions"] = tuple(
            Contribution(**(c | {"names": tuple(c["names"])})) for c in data["contributions"]
        )
        return cls(**values)


def read_manifest(path: Path) -> Manifest:
    """The manifest of a file.

    Raises:
        ManifestError: unreadable, not TOML, or with broken rules (all of them).
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ManifestError("the manifest is larger than 1 MB", path=path)
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        problem = Problem("", str(error))
        raise ManifestError("the manifest cannot be read", [problem], path=path) from error
    return parse_manifest(data, path)


def parse_manifest(data: Mapping[str, Any], path: Path) -> Manifest:
    """The manifest in TOML data.

    Raises:
        ManifestError: with every broken rule.
    """
    reader = _Reader()
    reader.keys(data, "", _TABLES)
    if data.get("manifest") != MANIFEST_VERSION:
        reader.problem(
            "manifest", f"version {data.get('manifest')!r} is unknown", f"write {MANIFEST_VERSION}"
        )
    plugin = reader.table(data, "plugin")
    reader.keys(plugin, "plugin", _PLUGIN_KEYS)
    values = reader.plugin(plugin)
    values["permissions"] = reader.permissions(reader.table(data, "permissions"))
    values["contributions"] = reader.contributions(
        reader.table(data, "contributes"), str(plugin.get("id", "")), path.parent
    )
    hooks = reader.table(data, "hooks")
    reader.keys(hooks, "hooks", ("entry",))
    values["hooks"] = reader.text(hooks, "entry", "hooks.entry")
    if values["hooks"] and not _ENTRY.fullmatch(values["hooks"]):
        reader.problem("hooks.entry", f"{values['hooks']!r} is not module or module:attribute")
    values["config"] = reader.config(reader.table(data, "config"))
    values["limits"] = reader.limits(reader.table(data, "limits"))
    values["extensions"] = reader.plain(reader.table(data, "extensions"), "extensions")
    if reader.problems:
        raise ManifestError("the manifest breaks rules", reader.problems, path=path)
    return Manifest(location=str(path.parent), **values)


class _Reader:
    """Collects problems while taking values out of TOML tables."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def problem(self, path: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(path, message, hint))

    def keys(self, table: Mapping[str, Any], path: str, known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                where = f"{path}.{key}" if path else key
                self.problem(where, f"unknown key {key!r}", did_you_mean(key, known))

    def table(self, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = data.get(key, {})
        if isinstance(value, Mapping):
            return value
        self.problem(key, "a table is expected")
        return {}

    def text(self, data: Mapping[str, Any], key: str, path: str, default: str = "") -> str:
        value = data.get(key, default)
        if isinstance(value, str):
            return value
        self.problem(path, f"a text is expected, not {value!r}")
        return default

    def texts(self, data: Mapping[str, Any], key: str, path: str) -> tuple[str, ...]:
        value = data.get(key, [])
        if isinstance(value, list) and all(isinstance(v, str) for v in value):
            return tuple(value)
        self.problem(path, "a list of texts is expected")
        return ()

    def config(self, table: Mapping[str, Any]) -> Mapping[str, Any]:
        from kadr_sdk.params import Param

        for name, row in table.items():
            path = f"config.{name}"
            if not isinstance(row, Mapping):
                self.problem(path, "a table that describes a setting is expected")
                continue
            try:
                Param.from_dict({**row, "name": name})
            except ValueError as error:
                self.problem(path, str(error))
        return self.plain(table, "config")

    def limits(self, table: Mapping[str, Any]) -> Mapping[str, float]:
        self.keys(table, "limits", tuple(LIMITS))
        for name, value in table.items():
            # A bool is an int; NaN is not above zero, and infinity is no limit.
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
                self.problem(f"limits.{name}", f"a number above 0 is expected, not {shown(value)}")
        return dict(table)

    def plain(self, table: Mapping[str, Any], path: str) -> Mapping[str, Any]:
        """The table, which must be JSON-ready: the index of manifests is JSON. TOML also has dates."""
        try:
            json.dumps(table)
        except TypeError:
            self.problem(path, "dates and times of day cannot stand here", "write them as texts")
        return table

    def checked(self, check: Callable[[str], object], text: str, path: str) -> str:
        try:
            check(text)
        except ValueError as error:
            self.problem(path, str(error))
        return text

    def plugin(self, table: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {
            key: self.text(table, key, f"plugin.{key}") for key in ("title", "summary", "license", "homepage")
        }
        for key in ("id", "version"):
            if key not in table:
                self.problem(f"plugin.{key}", "this key is needed")
        values["id"] = self.checked(check_plugin_id, self.text(table, "id", "plugin.id", "x.x"), "plugin.id")
        values["version"] = self.checked(
            _check_version, self.text(table, "version", "plugin.version", "0"), "plugin.version"
        )
        values["api"] = self.checked(
            _check_range, self.text(table, "api", "plugin.api", ">=1,<2"), "plugin.api"
        )
        values["runtime"] = self.text(table, "runtime", "plugin.runtime", "python")
        if values["runtime"] not in _RUNTIMES:
            hint = did_you_mean(values["runtime"], _RUNTIMES)
            self.problem("plugin.runtime", f"unknown runtime {values['runtime']!r}", hint)
        values["authors"] = self.texts(table, "authors", "plugin.authors")
        for key in ("requires", "conflicts"):
            values[key] = self.texts(table, key, f"plugin.{key}")
            for number, text in enumerate(values[key]):
                self.checked(split_requirement, text, f"plugin.{key}[{number}]")
        return values

    def permissions(self, table: Mapping[str, Any]) -> tuple[str, ...]:
        try:
            return tuple(str(p) for p in PermissionSet.from_table(table))
        except (ValueError, TypeError) as error:
            self.problem("permissions", str(error))
            return ()

    def contributions(self, table: Mapping[str, Any], plugin: str, folder: Path) -> tuple[Contribution, ...]:
        found: list[Contribution] = []
        self.keys(table, "contributes", tuple(CONTRIBUTION_KINDS))
        for kind, rows in table.items():
            if not isinstance(rows, list):
                self.problem(f"contributes.{kind}", f"write [[contributes.{kind}]]")
                continue
            for number, row in enumerate(rows):
                path = f"contributes.{kind}[{number}]"
                if isinstance(row, Mapping):
                    found.append(self.contribution(kind, row, path, plugin, folder))
                else:
                    self.problem(path, "a table is expected", f"write [[contributes.{kind}]]")
        seen: set[tuple[str, str]] = set()
        for item in found:
            if (item.kind, item.id) in seen:
                self.problem(f"contributes.{item.kind}", f"{item.id!r} is contributed twice")
            seen.add((item.kind, item.id))
        return tuple(found)

    def contribution(
        self, kind: str, row: Mapping[str, Any], path: str, plugin: str, folder: Path
    ) -> Contribution:
        self.keys(row, path, _CONTRIBUTION_KEYS)
        values = {key: self.text(row, key, f"{path}.{key}") for key in ("title", "summary", "entry", "file")}
        values["id"] = self.checked(check_contribution_id, self.text(row, "id", f"{path}.id"), f"{path}.id")
        values["provides"] = self.text(row, "provides", f"{path}.provides")
        values["scope"] = self.text(row, "scope", f"{path}.scope", "kernel")
        if values["scope"] not in ("kernel", "project", "job"):
            self.problem(f"{path}.scope", f"unknown scope {values['scope']!r}", "kernel, project or job")
        if values["entry"] and not _ENTRY.fullmatch(values["entry"]):
            self.problem(f"{path}.entry", f"{values['entry']!r} is not module:attribute")
        if not values["entry"] and not values["file"]:
            self.problem(path, "an entry or a file is needed")
        if values["file"]:
            self._inside(folder, values["file"], f"{path}.file")
        priority = row.get("priority", 0)
        if not isinstance(priority, int) or isinstance(priority, bool):
            self.problem(f"{path}.priority", "a whole number is expected")
            priority = 0
        names = self.texts(row, "names", f"{path}.names")
        for number, name in enumerate(names):
            self.checked(check_contribution_id, name, f"{path}.names[{number}]")
        return Contribution(kind, plugin=plugin, names=names, priority=priority, **values)

    def _inside(self, folder: Path, name: str, path: str) -> None:
        try:
            target = (folder / name).resolve()
            outside, there = folder.resolve() not in target.parents, target.is_file()
        except (OSError, ValueError):  # a NUL, a name longer than the system's longest
            self.problem(path, f"{shown(name)} is not a path")
            return
        if outside:
            self.problem(path, f"{name!r} leaves the plugin's folder")
        elif not there:
            self.problem(path, f"{name!r} does not exist", f"looked in {folder}")


def _check_version(text: str) -> None:
    from packaging.version import InvalidVersion, Version

    try:
        Version(text)
    except InvalidVersion as error:
        raise ValueError(f"{text!r} is not a version (PEP 440)") from error


def _check_range(text: str) -> None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ValueError(f"{text!r} is not a version range (PEP 440)") from error


_REQUIREMENT = re.compile(r"\s*([a-z][a-z0-9_.]*)\s*(.*)")


def split_requirement(text: str) -> tuple[str, str]:
    """Plugin id and version range of ``kadr.pyav>=0.1``.

    Raises:
        ValueError: not an id, or not a range.
    """
    match = _REQUIREMENT.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a plugin id with an optional version range")
    check_plugin_id(match[1])
    _check_range(match[2])
    return match[1], match[2]
