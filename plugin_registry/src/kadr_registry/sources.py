"""Several registries: each namespace lives in exactly one of them.

A plugin is asked for in the one registry that its namespace is bound to. Where that does not
have it, nobody else is asked: a stranger cannot answer for a private name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kadr_sdk.errors import ConfigError, NotFoundError, Problem

from kadr_registry.names import check_namespace, namespace_of, overlapping

__all__ = ["Source", "Sources"]

_KEYS = ("place", "root", "namespaces", "stale_days")


@dataclass(frozen=True, slots=True)
class Source:
    """A registry in the user's settings.

    Attributes:
        place: address, folder or bundle.
        root: file of the root metadata that the user trusts.
        namespaces: those that live here; ``*`` alone: every one that lives nowhere else.
        stale_days: days for which expired signatures are still taken.
    """

    name: str
    place: str
    root: Path
    namespaces: tuple[str, ...] = ("*",)
    stale_days: int = 0


class Sources:
    """The registries of a user.

    Raises:
        ConfigError: a namespace would live in two of them, or several take the rest.
    """

    def __init__(self, sources: Iterable[Source]) -> None:
        self.all: Sequence[Source] = tuple(sources)
        self._bound: dict[str, Source] = {}
        self._rest: Source | None = None
        problems: list[Problem] = []
        for source in self.all:
            problems += self._bind(source)
        if problems:
            raise ConfigError("a namespace lives in exactly one registry", problems)

    def _bind(self, source: Source) -> list[Problem]:
        problems: list[Problem] = []
        for namespace in source.namespaces:
            where = f"registries.{source.name}.namespaces"
            if namespace == "*":
                if self._rest is not None:
                    text = f"{self._rest.name!r} takes all other namespaces already"
                    problems.append(Problem(where, text, "name the namespaces of this one"))
                self._rest = self._rest or source
                continue
            try:
                check_namespace(namespace)
            except ValueError as error:
                problems.append(Problem(where, str(error)))
                continue
            if other := overlapping(namespace, self._bound):
                text = f"{namespace!r} lies in {self._bound[other].name!r} already, as {other!r}"
                problems.append(Problem(where, text, "bind it to one of them"))
            self._bound[namespace] = source
        return problems

    def of(self, plugin: str) -> Source:
        """The one registry that may have a plugin.

        Raises:
            NotFoundError: no registry has its namespace.
        """
        if namespace := namespace_of(plugin, self._bound):
            return self._bound[namespace]
        if self._rest is None:
            hint = f"bound are: {', '.join(sorted(self._bound)) or 'none'}"
            raise NotFoundError("namespace of plugin", plugin, hint=hint)
        return self._rest

    @classmethod
    def from_table(cls, table: Mapping[str, Mapping[str, Any]]) -> Sources:
        """The registries in settings: ``{name: {place, root, namespaces, stale_days}}``.

        Raises:
            ConfigError: everything that is wrong.
        """
        problems = [
            Problem(f"registries.{name}.{key}", "this key is unknown", f"known: {', '.join(_KEYS)}")
            for name, row in table.items()
            for key in row
            if key not in _KEYS
        ]
        problems += [
            Problem(f"registries.{name}.{key}", "this key is needed")
            for name, row in table.items()
            for key in ("place", "root")
            if not isinstance(row.get(key), str)
        ]
        if problems:
            raise ConfigError("the registries are not set up right", problems)
        return cls(
            Source(
                name,
                row["place"],
                Path(row["root"]).expanduser(),
                tuple(row.get("namespaces", ("*",))),
                int(row.get("stale_days", 0)),
            )
            for name, row in table.items()
        )
