"""One Protocol per kind of contribution (kinds: :data:`kadr_sdk.manifest.CONTRIBUTION_KINDS`).

What an entry must be, by kind:

============ =======================================================================
effect       :class:`~kadr_sdk.effects.FilterEffect` and/or ``FrameEffect``; descriptor file
transition   the same, with two inputs
generator    :class:`~kadr_sdk.effects.FrameEffect` without inputs; descriptor file
audio_effect :class:`~kadr_sdk.effects.SoundFilterEffect` and/or
             :class:`~kadr_sdk.audio_effects.AudioEffect`; descriptor file
exporter     :class:`Exporter` or :class:`LadderExporter`, or data alone: descriptor file
preset       data alone: descriptor file
importer     :class:`Importer`; descriptor file: :class:`~kadr_sdk.importing.ImporterDescriptor`
analyzer     :class:`Analyzer`; descriptor file; or of rows:
             :class:`~kadr_sdk.data_guests.RowsAnalyzer`
backend      :class:`kadr_sdk.backend.Backend`
executor     :class:`kadr_sdk.execution.Executor`
runtime      :class:`Runtime` and/or :class:`~kadr_sdk.data_guests.DataRuntime`
command      :class:`kadr_sdk.plugin.Command`, or ``DescribedCommand``
host         :class:`kadr_sdk.plugin.Host`
service      a class or factory for the Protocol that ``provides`` names
============ =======================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from kadr_sdk.audio_effects import AudioEffect
from kadr_sdk.backend import RenderContext
from kadr_sdk.compliance import Limits
from kadr_sdk.descriptors import from_dict
from kadr_sdk.effects import EffectDeclaration, FrameCall, FrameEffect
from kadr_sdk.frames import VideoFrame
from kadr_sdk.importing import Imported, ImportOptions
from kadr_sdk.manifest import Manifest
from kadr_sdk.output import Output
from kadr_sdk.parts import PartReader

__all__ = [
    "Analyzer",
    "BoundGuest",
    "Exporter",
    "ExporterDescriptor",
    "FrameAnalyzer",
    "Guest",
    "GuestRecords",
    "GuestTrials",
    "Importer",
    "LadderExporter",
    "PresetDescriptor",
    "Runtime",
]


@dataclass(frozen=True, slots=True)
class ExporterDescriptor:
    """A container (or set of files) that can be delivered.

    Attributes:
        muxer: FFmpeg's muxer name; empty where the exporter's code writes the files.
        extensions: with the dot, the first is the usual one.
        video_codecs, audio_codecs: codec names it can hold, the default first; empty: none.
        video, audio: default settings by the names of the project's export fields.
        options: the muxer's own options; ``faststart_options`` are added where asked for.
        many: it delivers a folder of files; index: the one of them that a player opens.
        chunk: seconds of the pieces that the pictures are cut into, with a key frame in front of
            each at the same frame in every rendition; 0: not cut.
        renditions: of a ladder, the best first: ``name``, ``max_resolution``, and settings of
            ``video`` and ``audio``. Each is delivered into a folder of its name, and the
            exporter's code (:class:`LadderExporter`) ties them together.
    """

    id: str
    title: str
    muxer: str = ""
    extensions: tuple[str, ...] = ()
    video_codecs: tuple[str, ...] = ()
    audio_codecs: tuple[str, ...] = ()
    video: Mapping[str, Any] | None = None
    audio: Mapping[str, Any] | None = None
    options: Mapping[str, str] | None = None
    faststart_options: Mapping[str, str] | None = None
    faststart: bool = False
    many: bool = False
    index: str = ""
    chunk: int = 0
    renditions: tuple[Mapping[str, Any], ...] = ()
    summary: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ExporterDescriptor:
        """From descriptor data.

        Raises:
            ValueError: a key is unknown or missing.
        """
        return from_dict(cls, data)


@dataclass(frozen=True, slots=True)
class PresetDescriptor:
    """A named set of export settings, in the shape of the project's ``export`` object.

    Attributes:
        max_resolution: width and height into which the timeline is fitted, whichever way up,
            where the preset names no resolution.
        max_fps: a faster timeline is halved until it is not above, where the preset names no rate.
        proxies: a preview: small versions of films may be shown in their place.
        limits: what a finished file is checked against, see :class:`~kadr_sdk.compliance.Limits`.
    """

    id: str
    title: str
    container: str
    summary: str = ""
    video: Mapping[str, Any] | None = None
    audio: Mapping[str, Any] | None = None
    resolution: tuple[int, int] | None = None
    fps: str | None = None
    faststart: bool | None = None
    max_resolution: tuple[int, int] | None = None
    max_fps: str | None = None
    limits: Mapping[str, Any] | None = None
    proxies: bool = False

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PresetDescriptor:
        """From descriptor data.

        Raises:
            ValueError: a key is unknown or missing.
        """
        found = from_dict(cls, data)
        Limits.from_dict(found.limits or {})
        return found


class Exporter(Protocol):
    """Delivers finished parts where no muxer of the backend does."""

    def deliver(
        self,
        parts: Sequence[PartReader],
        audio: PartReader | None,
        output: Output,
        target: Path,
        context: RenderContext,
    ) -> None:
        """Write everything to ``target``, a temporary file or folder that the kernel renames."""
        ...


class LadderExporter(Protocol):
    """Ties renditions together that were delivered side by side."""

    def tie(self, folder: Path, renditions: Sequence[tuple[str, Output]]) -> None:
        """Write into ``folder`` what a player opens; each rendition stands in a folder of its name."""
        ...


class Importer(Protocol):
    """Reads a foreign project file."""

    def load(self, path: Path, options: ImportOptions) -> Imported:
        """The project, and what is not as it was.

        Raises:
            SerializationError: not such a file.
            ValidationError: it cannot become a project; every reason.
        """
        ...


@runtime_checkable
class FrameAnalyzer(Protocol):
    """An analyzer that says something of every frame by itself, as guests do."""

    def measure(self, call: FrameCall) -> Mapping[str, Any] | None:
        """JSON-ready values, or None where there is nothing to say."""
        ...

    def reset(self) -> None:
        """Forget what was seen."""
        ...


@runtime_checkable
class Analyzer(Protocol):
    """Frames in, data out: one that sees the whole stream."""

    def analyze(self, frames: Iterable[VideoFrame], values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """JSON-ready rows, in order of time; ``frame.time`` says when a frame is shown.

        A frame is valid until the next one is taken.
        """
        ...


class BoundGuest(Protocol):
    """A guest in one job; closed with it."""

    def effect(self, warn: Callable[[str, str, str], object]) -> FrameEffect | AudioEffect | FrameAnalyzer:
        """The effect as one part of the job uses it, by the kind that it was declared as.

        Args:
            warn: takes message, path and hint, for everything that was skipped or held.
        """
        ...

    def numbers(self) -> Mapping[str, float]:
        """What it did in this job: at least ``calls``, ``seconds`` and ``replaced`` frames."""
        ...

    def close(self) -> None:
        """Drop what the guest holds."""
        ...


class Guest(Protocol):
    """A guest that a runtime took."""

    @property
    def digest(self) -> str:
        """sha256 of its code, part of the hash of every frame that it makes."""
        ...

    def check(self, values: Mapping[str, Any]) -> None:
        """Called once a use while the plan is made, with constants and curves.

        Raises:
            KadrError: the guest will not be given these values.
        """
        ...

    def bind(self, on_failure: str, cancelled: Callable[[], bool] = ...) -> BoundGuest:
        """The guest for one job.

        Args:
            on_failure: ``fail``, ``skip`` (show the input) or ``hold`` (show the last good picture).
            cancelled: whether the job is; guests may ask.
        """
        ...


@runtime_checkable
class GuestRecords(Protocol):
    """A runtime that knows what guests did in earlier jobs."""

    def records(self, plugin: str) -> Mapping[str, Mapping[str, Any]]:
        """By effect: ``jobs``, ``last_at`` (seconds since 1970), ``last`` and ``total`` numbers."""
        ...


class Runtime(Protocol):
    """Runs guests of one kind (``core`` WebAssembly, ``extism``)."""

    def load(self, code: bytes, declaration: EffectDeclaration, plugin: str) -> Guest:
        """The guest for its code.

        Raises:
            PluginError: it is not taken; names plugin, effect, reason and remedy.
        """
        ...


@runtime_checkable
class GuestTrials(Protocol):
    """A runtime that takes guests of plugins that are not installed, for their authors."""

    def trial(
        self, manifest: Manifest, folder: Path, *, apart: bool = ...
    ) -> AbstractContextManager[Runtime]:
        """A runtime for the guests of a manifest, for as long as the block lasts.

        Of the permissions that the manifest asks for it gives those that reach nothing of this
        machine; nothing is recorded.

        Args:
            folder: for compiled code and for what the guests keep.
            apart: each instance in a process of its own.
        """
        ...
