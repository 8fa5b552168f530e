"""The registries that a user has set up: one file in the store, and the roots they trust."""

from __future__ import annotations

import os
import re
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli_w
from kadr_sdk.errors import ConfigError, InvalidParameterError, NotFoundError

from kadr_registry.client.places import Places, remove_tree
from kadr_registry.client.tokens import token_of
from kadr_registry.files import write_whole
from kadr_registry.names import REVOCATIONS
from kadr_registry.opened import check_root, fetch_root, read_root
from kadr_registry.registry import Registry
from kadr_registry.revocations import Revocations
from kadr_registry.sources import Source, Sources
from kadr_registry.transport import open_transport

__all__ = ["Registries", "none_set_up"]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class Registries:
    """The registries of a user, opened when they are asked for.

    Args:
        places: of the store.
        environ: where tokens are looked up.
        instead: a place (a bundle, a mirror) to take a registry's files from this time, by name.
        stale_days: take signatures that expired so many days ago, this time; None: as set up.
        now: seconds since 1970 UTC.
    """

    def __init__(
        self,
        places: Places,
        environ: Mapping[str, str] | None = None,
        instead: Mapping[str, str] | None = None,
        stale_days: int | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._places, self._now = places, now
        self._environ = os.environ if environ is None else environ
        self._instead, self._stale = dict(instead or {}), stale_days
        self._file = places.root / "registries.toml"
        self._opened: dict[str, Registry] = {}
        self._fresh: set[str] = set()
        self.sources = Sources.from_table(self._table())
        self._only(self._instead)

    def add(self, source: Source, fingerprint: str = "") -> Source:
        """Set a registry up; its root is copied and trusted from now on.

        Args:
            fingerprint: sha256 of the root; where no file of it is given, it is fetched from the
                registry itself.

        Raises:
            ConfigError: the name is taken, or a namespace lives elsewhere already.
            InvalidParameterError: the name or the fingerprint is none.
            InvalidPathError: the root cannot be read.
            TrustError, UnreachableError: it does not answer, or is not what the root signed.
        """
        if not _NAME.fullmatch(source.name):
            hint = "write lower-case letters, digits and -"
            raise InvalidParameterError(f"{source.name!r} is not a name for a registry", hint=hint)
        table = self._table()
        if source.name in table:
            hint = f"remove it first: kadr plugin registries remove {source.name}"
            raise ConfigError(f"there is a registry {source.name!r} already", hint=hint)
        root = b""
        if not fingerprint or source.root != Path():
            root = read_root(source.place, None if source.root == Path() else source.root)
            if fingerprint:
                check_root(root, fingerprint, source.root)
        local = Path(source.place)
        place = str(local.absolute()) if local.exists() else source.place
        kept = self._places.registries / source.name / "1.root.json"
        made = replace(source, place=place, root=kept)
        rows = table | {source.name: _row(made)}
        Sources.from_table(rows)
        transport = open_transport(place, self._transport_environ(made, len(rows)))
        folder = self._places.registries / source.name
        try:
            root = root or fetch_root(transport, fingerprint)
            Registry(made.name, transport, root, folder, now=self._now, stale_days=made.stale_days).refresh()
            write_whole(kept, root)
            self._write(rows)
        except BaseException:
            remove_tree(folder)
            raise
        finally:
            transport.close()
        return made

    def remove(self, name: str) -> None:
        """Forget a registry; what was installed from it stays.

        Raises:
            NotFoundError: there is none of that name.
        """
        table = self._table()
        self._only([name])
        del table[name]
        self._write(table)
        remove_tree(self._places.registries / name)

    def of(self, plugin: str) -> Registry:
        """The one registry that may have a plugin, refreshed.

        Raises:
            ConfigError: no registry is set up.
            NotFoundError: none has its namespace.
            TrustError, UnreachableError: it cannot be believed, or not be reached.
        """
        if not self.sources.all:
            raise none_set_up()
        return self.named(self.sources.of(plugin).name)

    def named(self, name: str) -> Registry:
        """A registry, refreshed once.

        Raises:
            NotFoundError: there is none of that name.
            TrustError, UnreachableError: it cannot be believed, or not be reached.
        """
        registry = self._open(name)
        if name not in self._fresh:
            registry.refresh()
            self._fresh.add(name)
        return registry

    def known_revocations(self, name: str) -> Revocations:
        """The list of a registry that was last verified, without opening it; empty where there is none."""
        try:
            return Revocations.from_bytes((self._places.registries / name / REVOCATIONS).read_bytes())
        except OSError:
            return Revocations()

    def close(self) -> None:
        """Give back what was opened."""
        for registry in self._opened.values():
            registry.close()
        self._opened.clear()
        self._fresh.clear()

    def _open(self, name: str) -> Registry:
        self._only([name])
        if name not in self._opened:
            source = next(s for s in self.sources.all if s.name == name)
            place = self._instead.get(name, source.place)
            environ = self._transport_environ(source, len(self.sources.all))
            self._opened[name] = Registry(
                name,
                open_transport(place, environ if place == source.place else {}),
                read_root(place, source.root),
                self._places.registries / name,
                blobs=self._places.root,
                now=self._now,
                stale_days=source.stale_days if self._stale is None else self._stale,
            )
        return self._opened[name]

    def _only(self, names: Any) -> None:
        known = [source.name for source in self.sources.all]
        for name in names:
            if name not in known:
                raise NotFoundError("registry", name, known)

    def _transport_environ(self, source: Source, count: int) -> dict[str, str]:
        token = token_of(source.name, self._environ, alone=count == 1)
        return {"KADR_REGISTRY_TOKEN": token} if token else {}

    def _table(self) -> dict[str, dict[str, Any]]:
        try:
            found = tomllib.loads(self._file.read_text("utf-8")).get("registries", {})
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            hint = "correct it, or move it away and add the registries again"
            raise ConfigError(f"the file cannot be read: {error}", path=self._file, hint=hint) from error
        if not isinstance(found, dict) or not all(isinstance(row, dict) for row in found.values()):
            raise ConfigError("a table for each registry is expected", path=self._file)
        return found

    def _write(self, table: Mapping[str, Mapping[str, Any]]) -> None:
        write_whole(self._file, tomli_w.dumps({"registries": dict(sorted(table.items()))}).encode())
        self.sources = Sources.from_table(table)


def none_set_up() -> ConfigError:
    """The error of whoever asks registries where there are none."""
    return ConfigError(
        "no registry is set up", hint="set one up: kadr plugin registries add NAME PLACE --root FILE"
    )


def _row(source: Source) -> dict[str, Any]:
    return {
        "place": source.place,
        "root": str(source.root),
        "namespaces": list(source.namespaces),
        "stale_days": source.stale_days,
    }
