"""Guests that work on data instead of frames: commands, importers, rows of analyzers.

A plugin whose manifest says ``runtime = "extism"`` or ``runtime = "component"`` has no Python code.
Its contributions name a guest and a function of it in their descriptor files; the kernel asks the
runtime of that name for the guest and speaks with it in JSON: bytes in, bytes out, nothing else.
The documents are in ``docs/data-guests.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from kadr_sdk.descriptors import from_dict
from kadr_sdk.errors import did_you_mean
from kadr_sdk.params import Param

__all__ = [
    "CommandDescriptor",
    "DataGuest",
    "DataRuntime",
    "DataTerms",
    "GuestRefusedError",
    "RowsAnalyzer",
    "RowsDescriptor",
]

_INPUTS = ("none", "project", "file")
_OUTPUTS = ("text", "project", "file")
_OURS = ("input", "output", "overwrite", "json", "as_json", "help")
"""Arguments of every command, which a parameter cannot be called."""


class GuestRefusedError(Exception):
    """The guest itself says no, in its own words: it is not broken, it does not want the input."""


@dataclass(frozen=True, slots=True)
class DataTerms:
    """On what terms a guest runs.

    Attributes:
        plugin, name: whose it is, and what it is called in errors.
        start_seconds: until it is ready; call_seconds: for one call.
        memory_bytes: in all; output_bytes: of one answer.
        settings: texts by name, the plugin's own configuration.
    """

    plugin: str
    name: str
    start_seconds: float = 2.0
    call_seconds: float = 10.0
    memory_bytes: int = 128 << 20
    output_bytes: int = 16 << 20
    settings: Mapping[str, str] = field(default_factory=dict)


class DataGuest(Protocol):
    """A guest that runs. Safe to use from any thread: one call after the other."""

    def call(self, function: str, data: bytes) -> bytes:
        """Call a function of it.

        Raises:
            GuestRefusedError: it says no.
            PluginError: it does not answer as it should; names plugin, guest and reason. The next
                call meets a new instance.
        """
        ...

    def close(self) -> None:
        """End it."""
        ...


@runtime_checkable
class DataRuntime(Protocol):
    """A runtime of such guests: an entry of the kind ``runtime``."""

    def open(self, code: bytes, terms: DataTerms) -> DataGuest:
        """A guest for its code; started by the first call at the latest.

        Raises:
            PluginError: the code is not taken; names plugin, guest, reason and remedy.
        """
        ...


@runtime_checkable
class RowsAnalyzer(Protocol):
    """An analyzer that works on what another one found (its descriptor says ``rows_of``)."""

    def digest(
        self, rows: Iterable[Mapping[str, Any]], values: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        """JSON-ready rows of its own."""
        ...


@dataclass(frozen=True, slots=True)
class CommandDescriptor:
    """A command that a guest carries out.

    Attributes:
        input: ``project`` and ``file``: one of that kind is given to it.
        output: ``text``: it answers with words and data; ``project``, ``file``: with what is written.
    """

    id: str
    title: str
    wasm: str
    summary: str = ""
    function: str = "run"
    input: str = "none"
    output: str = "text"
    params: tuple[Param, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CommandDescriptor:
        """From descriptor data.

        Raises:
            ValueError: a key is unknown or missing, a value not one of its words, or a parameter is
                called as an argument that every command has.
        """
        found = from_dict(cls, _with_params(data))
        if taken := [param.name for param in found.params if param.name in _OURS]:
            raise ValueError(f"params: {taken[0]!r} is an argument of every command; choose another name")
        for key, known in (("input", _INPUTS), ("output", _OUTPUTS)):
            if (value := getattr(found, key)) not in known:
                raise ValueError(f"{key}: {value!r} is not known; {did_you_mean(str(value), known)}")
        return found


@dataclass(frozen=True, slots=True)
class RowsDescriptor:
    """An analyzer of rows.

    Attributes:
        rows_of: id of the analyzer whose rows it gets.
        wasm, function: of a guest; empty where Python does it.
    """

    id: str
    title: str
    rows_of: str
    wasm: str = ""
    summary: str = ""
    function: str = "digest"
    category: str = ""
    names: tuple[str, ...] = ()
    params: tuple[Param, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RowsDescriptor:
        """From descriptor data.

        Raises:
            ValueError: a key is unknown or missing.
        """
        return from_dict(cls, _with_params(data))


def _with_params(data: Mapping[str, Any]) -> dict[str, Any]:
    rows = data.get("params", [])
    if not isinstance(rows, list | tuple):
        raise ValueError("params: write [[params]]")
    return {**data, "params": tuple(Param.from_dict(row) for row in rows)}
