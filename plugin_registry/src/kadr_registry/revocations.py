"""The revocation list: releases that must not be installed or run any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from kadr_sdk.ids import check_plugin_id
from packaging.version import Version

from kadr_registry import canonical
from kadr_registry.faults import RegistryError
from kadr_registry.record import SCHEMA

__all__ = ["MAX_REVOCATIONS", "Revocation", "Revocations"]

MAX_REVOCATIONS = 8 << 20


@dataclass(frozen=True, slots=True, order=True)
class Revocation:
    """One row: a plugin's version, or ``*`` for all of them, with the reason and the day."""

    id: str
    version: str
    reason: str
    date: str

    def covers(self, plugin: str, version: str) -> bool:
        """True where it speaks of this release."""
        return plugin == self.id and (self.version == "*" or Version(self.version) == Version(version))


@dataclass(frozen=True, slots=True)
class Revocations:
    """The whole list, in order."""

    rows: tuple[Revocation, ...] = ()

    def reason(self, plugin: str, version: str) -> str:
        """Why a release was revoked; empty where it was not."""
        return next((r.reason for r in self.rows if r.covers(plugin, version)), "")

    def with_row(self, row: Revocation) -> Revocations:
        """The list with one more row."""
        return Revocations(tuple(sorted({*self.rows, row})))

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        return canonical.encode({"schema": SCHEMA, "revoked": [asdict(row) for row in self.rows]})

    @classmethod
    def from_bytes(cls, data: bytes) -> Revocations:
        """The list in canonical bytes.

        Raises:
            RegistryError: broken, or of a newer schema.
        """
        found = canonical.decode(data, "the revocation list")
        if found.get("schema") != SCHEMA:
            raise RegistryError("the revocation list has an unknown schema", hint="update kadr")
        try:
            return cls(tuple(_row(row) for row in found["revoked"]))
        except (ValueError, TypeError, KeyError) as error:
            raise RegistryError(f"the revocation list is broken: {error}") from error


def _row(data: Mapping[str, str]) -> Revocation:
    row = Revocation(**data)
    check_plugin_id(row.id)
    if row.version != "*":
        Version(row.version)
    if not row.reason or not isinstance(row.reason, str):
        raise ValueError("a reason is needed")
    return row
