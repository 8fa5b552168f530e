"""How an effect is carried out: what its implementation is asked for, and by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol, runtime_checkable

from kadr_sdk.color import Color
from kadr_sdk.frames import VideoFrame
from kadr_sdk.params import FilePath

__all__ = [
    "CheckedEffect",
    "FilterContext",
    "FilterEffect",
    "FilterSpec",
    "FrameCall",
    "FrameEffect",
    "LateSound",
    "SoundFilterEffect",
    "SourceUse",
    "SourcedEffect",
]


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """One libavfilter node, typed: never a string to be parsed.

    Attributes:
        name: the filter's name.
        options: option name and value as FFmpeg writes it (``1.5``, ``64``, ``0x00ff00``).
        commands: run-time commands, one value a frame, sent before that frame.
    """

    name: str
    options: tuple[tuple[str, str], ...] = ()
    commands: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, name: str, **options: object) -> FilterSpec:
        """A node with constant options."""
        return cls(name, tuple((key, _text(value)) for key, value in options.items()))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return repr(value) if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class FilterContext:
    """Where a native implementation stands in the plan.

    Attributes:
        width, height: of the frames that reach it.
        format: their pixel format (FFmpeg's name).
        color: what their numbers mean.
        frames: number of frames of the node; a varying parameter has one value for each.
        scale: pixels here for one pixel of the project's resolution (already applied to
            the parameters named in ``spatial``).
    """

    width: int
    height: int
    format: str
    color: Color
    frames: int
    scale: float = 1.0


@runtime_checkable
class FilterEffect(Protocol):
    """An effect that can say itself as libavfilter nodes; a pure function."""

    def filters(self, values: Mapping[str, Any], at: FilterContext) -> Sequence[FilterSpec] | None:
        """The chain for these values (constants or :class:`~kadr_sdk.curves.Samples`).

        For a transition the two inputs are already mixed into place by the host: the chain
        has two inputs and ``values["progress"]`` holds the eased progress of every frame.

        Returns:
            Nodes from input to output, or None where these values need the next
            implementation (an animated option that refuses commands).
        """
        ...


@runtime_checkable
class SoundFilterEffect(Protocol):
    """An effect on sound that can say itself as libavfilter nodes; a pure function."""

    def sound_filters(self, values: Mapping[str, Any], rate: int, layout: str) -> Sequence[FilterSpec]:
        """The chain for these values (constants): one input, one output, the same rate.

        Where a parameter moves it is asked for every hundredth of a second; the filters stay the
        same ones, and options that differ are told to them as commands.

        Args:
            rate: samples per second of the mix.
            layout: its channels (FFmpeg's name).
        """
        ...


@runtime_checkable
class LateSound(Protocol):
    """Beside :class:`SoundFilterEffect`: one whose output is late, which the host takes back."""

    def sound_delay(self, values: Mapping[str, Any], rate: int) -> int:
        """Samples that the output is late by, at ``rate`` samples per second."""
        ...


@runtime_checkable
class CheckedEffect(Protocol):
    """An effect that can refuse values before the first frame (a file that it cannot read)."""

    def check(self, values: Mapping[str, Any]) -> None:
        """Called once a use while the plan is made, with constants and curves.

        Raises:
            KadrError: what is wrong; stands among the problems of the project.
        """
        ...


@dataclass(frozen=True, slots=True)
class SourceUse:
    """What a clip shows of its media.

    Times are seconds since the start of the file, as ``source_start`` of a clip counts. In a
    call ``values["source_time"]`` is that of its frame and ``values["source_view"]`` the view.

    Attributes:
        file: the media; in a content hash its digest stands in its place.
        digest: sha256 of the media as hex.
        stream: index of the video stream.
        first, last: earliest and latest time that is shown.
        view: left, top, width and height of what the crop leaves, in parts of the upright picture.
    """

    file: FilePath
    digest: str
    stream: int
    first: Fraction
    last: Fraction
    view: tuple[float, float, float, float]


@runtime_checkable
class SourcedEffect(Protocol):
    """An effect with ``source`` that can refuse the media that it is put on, before the first frame."""

    def check_source(self, values: Mapping[str, Any], source: SourceUse) -> None:
        """Called once a use while the plan is made, after :meth:`CheckedEffect.check`.

        Raises:
            KadrError: what is wrong; stands among the problems of the project.
        """
        ...


@dataclass(frozen=True, slots=True)
class FrameCall:
    """What a Python implementation is asked for.

    Attributes:
        inputs: one window of frames per declared input: ``inputs[0][0]`` is the frame itself
            where the window is (0, 0), else ``inputs[i][window[0]]``. At the edges of a clip
            the edge frame is repeated.
        values: parameters by name at this frame; spatial ones scaled.
        frame: number of the frame since the start of the clip (transition: of itself).
        rate: frames per second.
        time, duration: seconds since the start of the clip, and its length.
        progress: 0..1 over the clip; for transitions eased by the host.
        seed: hash of the effect instance; the only source of randomness.
        scale: pixels here for one pixel of the project; applied to spatial values already.
        purpose: ``export``, ``preview``, or empty where nothing was said.
    """

    inputs: Sequence[Sequence[VideoFrame]]
    values: Mapping[str, Any]
    frame: int
    rate: Fraction
    time: Fraction
    duration: Fraction
    progress: float
    seed: int
    width: int
    height: int
    format: str
    color: Color
    scale: float = 1.0
    purpose: str = ""


@runtime_checkable
class FrameEffect(Protocol):
    """An effect in Python over planes."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """The output: a new frame of the planned size and format; inputs are never written to."""
        ...
