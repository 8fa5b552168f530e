"""The manifest of a render: all that its bytes came from, as a document beside the output."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from kadr_sdk.errors import SerializationError

__all__ = ["MANIFEST_SUFFIX", "InputRecord", "RenderManifest", "SegmentRecord"]

MANIFEST_SUFFIX = ".manifest.json"
"""Behind the name of the output."""

_FORMAT = "kadr-render-manifest"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class InputRecord:
    """A file that was read; ``path`` from the folder of the project where it lies below."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """A segment of the plan: its content hash, its frames, and whether packets were copied."""

    hash: str
    start: int
    count: int
    copied: bool


@dataclass(frozen=True, slots=True)
class RenderManifest:
    """What a render was made of, and what it made.

    Attributes:
        kadr: version of the kernel. processor: the class of processor, where bytes depend on it;
            else empty.
        base: folder of the project, from the folder of the manifest.
        project: the document. request: what was asked beside it, see
            :class:`~kadr_sdk.rendering.RenderRequest`.
        plan: hash of the whole. audio, film: content hashes, empty where there is none.
        plugins: id and version of those whose code took part. toolchain: of the backend's libraries.
        output: name of the file. sha256: of it; of a folder, of its files in
            order of name. size: bytes of it.
    """

    kadr: str
    processor: str
    base: str
    project: dict[str, Any]
    request: dict[str, Any]
    inputs: tuple[InputRecord, ...]
    plan: str
    segments: tuple[SegmentRecord, ...]
    audio: str
    film: str
    plugins: dict[str, str]
    toolchain: dict[str, str]
    output: str
    sha256: str
    size: int

    def dump(self) -> bytes:
        """As a document."""
        data = {"format": _FORMAT, "version": _VERSION} | asdict(self)
        return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()

    @classmethod
    def parse(cls, data: bytes, name: str) -> RenderManifest:
        """From a document.

        Args:
            name: of the file, for messages.

        Raises:
            SerializationError: it is none, or of a newer kadr.
        """
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise SerializationError(f"is not JSON: {error}", path=name) from error
        if not isinstance(found, dict) or found.get("format") != _FORMAT:
            hint = "give the file that render --manifest wrote"
            raise SerializationError("is not the manifest of a render", path=name, hint=hint)
        if found.get("version") != _VERSION:
            text = f"is of version {found.get('version')}, and this kadr reads version {_VERSION}"
            raise SerializationError(text, path=name, hint="use the kadr that wrote it, or a newer one")
        try:
            return cls(**_values(found))
        except (KeyError, TypeError) as error:
            raise SerializationError(f"is damaged: {error}", path=name) from error


_KINDS = {"project": dict, "request": dict, "plugins": dict, "toolchain": dict, "size": int}


def _values(found: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for entry in fields(RenderManifest):
        value = found[entry.name]
        if entry.name == "inputs":
            value = tuple(InputRecord(**row) for row in value)
        elif entry.name == "segments":
            value = tuple(SegmentRecord(**row) for row in value)
        elif not isinstance(value, _KINDS.get(entry.name, str)):
            raise TypeError(f"{entry.name} is not what it should be")
        values[entry.name] = value
    return values
