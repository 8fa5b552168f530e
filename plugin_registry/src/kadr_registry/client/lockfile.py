"""``plugins.lock``: what is installed, exactly. TOML, sorted, the same bytes for the same set."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w
from kadr_sdk.errors import InvalidPathError
from kadr_sdk.ids import check_plugin_id
from packaging.version import Version

from kadr_registry.faults import RegistryError

__all__ = ["FILE_NAME", "Lock", "Locked", "read_lock"]

FILE_NAME = "plugins.lock"
_FORMAT = 1
_MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Locked:
    """One plugin of a lock.

    Attributes:
        registry: name of the one that has it.
        record: sha256 of the release record, which names every file.
        publisher: ``key:<id>`` of who signed it.
        tier: ``sandboxed`` or ``native``.
        runtime, api: as the manifest says.
        requires: edges, ``id version``, of plugins of this lock and of the host.
        permissions: digest of the set that it asks for.
        files: sha256 of its guests and wheels, by path.
    """

    id: str
    version: str
    registry: str
    record: str
    publisher: str
    tier: str
    runtime: str
    api: str
    permissions: str
    requires: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_plugin_id(self.id)
        Version(self.version)
        if len(self.record) != 64 or self.tier not in ("sandboxed", "native"):
            raise ValueError(f"{self.id}: the digest or the tier is none")


@dataclass(frozen=True, slots=True)
class Lock:
    """A set of plugins.

    Attributes:
        asked: requirements that the user gave (``org.example.glow>=1``), by id; the rest came with them.
        plugins: by id.
    """

    asked: Mapping[str, str] = field(default_factory=dict)
    plugins: Mapping[str, Locked] = field(default_factory=dict)

    @classmethod
    def of(cls, asked: Mapping[str, str], plugins: Iterable[Locked]) -> Lock:
        """In order of id."""
        return cls(dict(sorted(asked.items())), {p.id: p for p in sorted(plugins, key=lambda p: p.id)})

    def to_bytes(self) -> bytes:
        """The file's content."""
        document = {
            "lock": _FORMAT,
            "asked": dict(sorted(self.asked.items())),
            "plugin": [_row(self.plugins[name]) for name in sorted(self.plugins)],
        }
        return tomli_w.dumps(document).encode()

    @classmethod
    def from_bytes(cls, data: bytes, path: object = "") -> Lock:
        """The lock in a file's content.

        Raises:
            RegistryError: it is damaged, or of a newer kadr.
        """
        try:
            found = tomllib.loads(data.decode("utf-8"))
            if found.get("lock") != _FORMAT:
                raise ValueError(f"it says lock = {found.get('lock')!r}, this kadr knows {_FORMAT}")
            return cls.of({str(k): str(v) for k, v in found["asked"].items()}, map(_locked, found["plugin"]))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            text = f"this is not a lock of plugins: {error}"
            raise RegistryError(
                text, path=path, hint="write one: kadr plugin lock -o plugins.lock"
            ) from error

    def needed_by(self, plugin: str) -> list[str]:
        """Plugins of the lock that require this one, in order of id."""
        return [p.id for p in self.plugins.values() if any(r.split(" ")[0] == plugin for r in p.requires)]

    def closure(self, roots: Iterable[str]) -> set[str]:
        """Roots and what they require, of this lock."""
        found: set[str] = set()
        todo = [name for name in roots if name in self.plugins]
        while todo:
            if (name := todo.pop()) not in found:
                found.add(name)
                edges = (edge.split(" ")[0] for edge in self.plugins[name].requires)
                todo += [edge for edge in edges if edge in self.plugins]
        return found


def read_lock(path: Path) -> Lock:
    """The lock in a file.

    Raises:
        InvalidPathError: it cannot be read.
        RegistryError: it is damaged.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise RegistryError(f"the lock is larger than {_MAX_BYTES} bytes", path=path)
        return Lock.from_bytes(path.read_bytes(), path)
    except OSError as error:
        hint = "write one: kadr plugin lock -o plugins.lock"
        text = f"the lock cannot be read: {error.strerror or error}"
        raise InvalidPathError(text, path=path, hint=hint) from error


def _row(one: Locked) -> dict[str, Any]:
    return {
        "id": one.id,
        "version": one.version,
        "registry": one.registry,
        "record": one.record,
        "publisher": one.publisher,
        "tier": one.tier,
        "runtime": one.runtime,
        "api": one.api,
        "permissions": one.permissions,
        "requires": sorted(one.requires),
        "files": dict(sorted(one.files.items())),
    }


def _locked(row: Mapping[str, Any]) -> Locked:
    values = dict(row) | {"requires": tuple(row["requires"]), "files": dict(row["files"])}
    texts = [v for k, v in values.items() if k not in ("requires", "files")]
    if not all(isinstance(t, str) for t in (*texts, *values["requires"], *values["files"].values())):
        raise ValueError("a text is expected")
    return Locked(**values)
