"""The catalogue: contributions of active plugins, by kind and id or short name.

A plugin's contributions come and go together. Looking up reads a snapshot and takes no
lock; code is imported by the first ``load`` and kept until its plugin goes.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, NoReturn

from kadr_sdk.errors import NotFoundError, PluginError
from kadr_sdk.manifest import CONTRIBUTION_KINDS, Contribution, Manifest
from kadr_sdk.plugin import PluginContext
from kadr_sdk.text import shown

from kadr_kernel.plugins.descriptors import read_descriptor
from kadr_kernel.plugins.loader import Loader

__all__ = ["Catalogue"]

_Key = tuple[str, str]
# Plugins that name one of these have guests in place of code: see kadr_kernel.plugins.guests.
_DATA_RUNTIMES = ("extism", "component")


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """One stay of a plugin in the catalogue; compared by identity."""

    manifest: Manifest
    objects: dict[_Key, Any]
    descriptors: dict[_Key, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Tables:
    by_id: Mapping[_Key, tuple[Contribution, _Entry]]
    by_name: Mapping[_Key, Sequence[Contribution]]
    by_kind: Mapping[str, Sequence[Contribution]]


class Catalogue:
    """Implements :class:`kadr_sdk.services.Catalogue`. Safe to use from any thread.

    Args:
        loader: imports entries.
        context_of: the context of a plugin.
        absent: a hint for a kind and name that no active plugin has, may be empty.
        guests: makes what plugins contribute that have guests in place of Python code.
    """

    def __init__(
        self,
        loader: Loader,
        context_of: Callable[[str], PluginContext],
        absent: Callable[[str, str], str] = lambda _kind, _name: "",
        guests: Callable[[Contribution, Manifest], Any] | None = None,
    ) -> None:
        self._loader = loader
        self._context_of = context_of
        self._absent = absent
        self._guests = guests
        self._lock = threading.Lock()
        # Foreign code runs under this one alone; re-entrant, for one contribution may load another.
        self._loading = threading.RLock()
        self._in_progress: list[_Key] = []
        self._entries: dict[str, _Entry] = {}
        self._owners: dict[_Key, str] = {}
        self._tables: _Tables | None = None

    def add(self, manifest: Manifest, made: Mapping[tuple[str, str], Any] | None = None) -> None:
        """Add all contributions of a plugin, or none.

        Args:
            made: objects by kind and id that need no import (the kernel's own contributions).

        Raises:
            PluginError: it is there already, or another plugin has one of the ids.
        """
        with self._lock:
            if manifest.id in self._entries:
                raise PluginError(f"the contributions of plugin {manifest.id!r} are there already")
            for item in manifest.contributions:
                if (owner := self._owners.get((item.kind, item.id))) is not None:
                    text = f"{item.kind} {item.id!r} of plugin {manifest.id!r} also comes from {owner!r}"
                    hint = f"disable one of them: kadr plugin disable {manifest.id}"
                    raise PluginError(text, hint=hint, plugin=manifest.id)
            self._owners |= {(item.kind, item.id): manifest.id for item in manifest.contributions}
            self._entries[manifest.id] = _Entry(manifest, dict(made or {}), {})
            self._tables = None

    def remove(self, plugin: str) -> Sequence[Any]:
        """Take all contributions of a plugin away; made objects that want to be closed, last first."""
        with self._lock:
            entry = self._entries.pop(plugin, None)
            if entry is None:
                return []
            for item in entry.manifest.contributions:
                del self._owners[item.kind, item.id]
            self._tables = None
            return [made for made in reversed(entry.objects.values()) if _can_close(made)]

    def find(self, kind: str, name: str) -> Contribution:
        """By id or short name; of several with the name, the one with the highest priority.

        Raises:
            NotFoundError: with close matches, or with the ids where a short name fits two alike.
        """
        return self._find(kind, name)[0]

    def all(self, kind: str) -> Sequence[Contribution]:
        """All of a kind, by descending priority, then id.

        Raises:
            NotFoundError: there is no such kind.
        """
        _check_kind(kind)
        return self._snapshot().by_kind.get(kind, ())

    def load(self, kind: str, name: str) -> Any:
        """The object of the contribution's entry, imported on first use; the same one every time.

        Raises:
            NotFoundError: unknown.
            PluginError: it has no code, or its code raised; the plugin is named.
        """
        item, entry = self._find(kind, name)
        key = (item.kind, item.id)
        if key in entry.objects:
            return entry.objects[key]
        guests = self._guests if entry.manifest.runtime in _DATA_RUNTIMES else None
        if not item.entry and guests is None:
            raise PluginError(f"{kind} {item.id!r} of plugin {item.plugin!r} is data and has no code")
        with self._loading:
            if key in entry.objects:  # another thread was faster
                return entry.objects[key]
            if key in self._in_progress:
                way = " -> ".join(i for _, i in [*self._in_progress, key])
                raise PluginError(f"{kind} {item.id!r} loads itself: {way}", plugin=item.plugin)
            self._in_progress.append(key)
            try:
                if guests is not None and not item.entry:
                    made = guests(item, entry.manifest)
                else:
                    made = self._loader.make(item.plugin, item.entry, self._context_of(item.plugin))
            finally:
                self._in_progress.pop()
            return self._keep(item, entry, made)

    def describe(self, kind: str, name: str) -> Mapping[str, Any]:
        """The descriptor as data, read once; empty where the contribution has no file.

        Raises:
            NotFoundError: unknown.
            PluginError: the file is missing or broken; names plugin and file.
        """
        item, entry = self._find(kind, name)
        key = (item.kind, item.id)
        found = entry.descriptors.get(key)
        if found is None:
            path = Path(entry.manifest.location) / item.file
            found = read_descriptor(path, item.plugin) if item.file else MappingProxyType({})
            entry.descriptors[key] = found
        return found

    def resource(self, kind: str, name: str, file: str) -> Path:
        """A file inside the package of the plugin that has a contribution.

        Raises:
            NotFoundError: the contribution is unknown.
            PluginError: the path leaves the plugin's folder.
        """
        item, entry = self._find(kind, name)
        folder = Path(entry.manifest.location)
        try:
            path = (folder / file).resolve()
            inside = folder.resolve() in path.parents
        except (OSError, ValueError):  # a NUL, a name longer than the system's longest
            inside = False
        if not inside:
            text = f"{shown(file)} is no file inside the plugin's folder"
            raise PluginError(text, path=item.id, hint="name it relative to plugin.toml", plugin=item.plugin)
        return path

    def _keep(self, item: Contribution, entry: _Entry, made: Any) -> Any:
        with self._lock:
            if self._entries.get(item.plugin) is entry:
                entry.objects[item.kind, item.id] = made
                return made
        # The plugin went while its code was being imported: nobody would close the object.
        if _can_close(made):
            made.close()
        return self._raise_unknown(item.kind, item.id)

    def _find(self, kind: str, name: str) -> tuple[Contribution, _Entry]:
        tables = self._snapshot()
        if (found := tables.by_id.get((kind, name))) is not None:
            return found
        named = tables.by_name.get((kind, name), ())
        if not named:
            self._raise_unknown(kind, name)
        if len(named) > 1 and named[0].priority == named[1].priority:
            both = " or ".join(repr(c.id) for c in named if c.priority == named[0].priority)
            raise NotFoundError(kind, name, hint=f"the name fits several; write {both}")
        return tables.by_id[kind, named[0].id]

    def _raise_unknown(self, kind: str, name: str) -> NoReturn:
        _check_kind(kind)
        tables = self._snapshot()
        known = [n for k, n in (*tables.by_id, *tables.by_name) if k == kind]
        hint = self._absent(kind, name) or _of_another_kind(tables, name)
        if not known and not hint:
            hint = f"no active plugin contributes any {kind.replace('_', ' ')}; see kadr plugin list"
        raise NotFoundError(kind.replace("_", " "), name, known, hint=hint)

    def _snapshot(self) -> _Tables:
        tables = self._tables
        if tables is None:
            with self._lock:
                tables = self._tables = self._tables or _build(self._entries.values())
        return tables


def _build(entries: Iterable[_Entry]) -> _Tables:
    by_id = {(c.kind, c.id): (c, entry) for entry in entries for c in entry.manifest.contributions}
    by_name: dict[_Key, list[Contribution]] = defaultdict(list)
    by_kind: dict[str, list[Contribution]] = defaultdict(list)
    for item in sorted((c for c, _ in by_id.values()), key=lambda c: (-c.priority, c.id)):
        by_kind[item.kind].append(item)
        for name in dict.fromkeys(item.names):
            by_name[item.kind, name].append(item)
    return _Tables(by_id, by_name, {kind: tuple(items) for kind, items in by_kind.items()})


def _of_another_kind(tables: _Tables, name: str) -> str:
    kinds = dict.fromkeys(k.replace("_", " ") for k, n in (*tables.by_id, *tables.by_name) if n == name)
    return f"{name!r} is the name of a {' and of a '.join(kinds)}" if kinds else ""


def _can_close(made: Any) -> bool:
    # A module or a class with such a name is not ours to close: the loader made neither.
    return not isinstance(made, type | ModuleType) and callable(getattr(made, "close", None))


def _check_kind(kind: str) -> None:
    if kind not in CONTRIBUTION_KINDS:
        raise NotFoundError("kind of contribution", kind, CONTRIBUTION_KINDS)
