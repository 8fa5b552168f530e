"""An analyzer over all frames of a media file: every frame of the main stream, as it was coded."""

from __future__ import annotations

import copy
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from kadr_sdk.backend import Backend
from kadr_sdk.color import BT709
from kadr_sdk.contributions import Analyzer, FrameAnalyzer
from kadr_sdk.effects import FrameCall
from kadr_sdk.errors import KadrError, MediaFileError, PluginError, RenderError, ValidationError
from kadr_sdk.frames import FORMATS, VideoFrame, pixel_format
from kadr_sdk.media import MediaInfo, VideoStream
from kadr_sdk.plan import Conform, Decode, FrameTimes, Node, Source
from kadr_sdk.project import EffectUse
from kadr_sdk.services import Catalogue

from kadr_kernel.render.analysis_rows import digested
from kadr_kernel.render.canvas import fitting_format
from kadr_kernel.render.job import JobContext
from kadr_kernel.render.library import MediaLibrary
from kadr_kernel.render.looks import Look, Looks
from kadr_kernel.render.views import origin_of

__all__ = ["analyze"]

_USUAL_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class _Stream:
    """What is looked at.

    Attributes:
        times: of every frame, in seconds from the start of the file.
        rate: frames a second, for effects that ask.
    """

    root: Node
    times: tuple[Fraction, ...]
    rate: Fraction

    @property
    def duration(self) -> Fraction:
        """From the start of the file to the end of the last frame, about."""
        return self.times[-1] + 1 / self.rate


def analyze(
    path: Path,
    name: str,
    given: Mapping[str, Any],
    catalogue: Catalogue,
    backend: Backend,
    library: MediaLibrary,
    context: JobContext,
) -> Iterator[Mapping[str, Any]]:
    """Rows of an analyzer: each with ``frame`` and ``time`` (seconds) and what the analyzer says.

    Raises:
        NotFoundError, ValidationError: no such analyzer, or wrong parameters; before any work.
        MediaFileError: no pictures, or damage.
    """
    if "rows_of" in catalogue.describe("analyzer", name):
        over = partial(analyze, path, catalogue=catalogue, backend=backend, library=library, context=context)
        return digested(catalogue, name, given, lambda other: over(name=other, given={}))
    problems: list[Any] = []
    looks = Looks(catalogue, backend.capabilities(), Path.cwd(), "")
    use = EffectUse(effect_type=name, parameters=dict(given))
    look = looks.look("analyzer", name, use, name, _USUAL_RATE, problems)
    if look is None:
        raise ValidationError(f"{name} cannot run", problems)
    stream = _stream(path, look, library)
    effect = copy.copy(context.effect("analyzer", look.declaration.id))
    return _rows(effect, look, stream, _timed(backend, stream, context))


def _stream(path: Path, look: Look, library: MediaLibrary) -> _Stream:
    info = library.probe(path)
    video = info.main_video
    if video is None:
        raise MediaFileError("there are no pictures in this file", path=path)
    origin = origin_of(info)
    times: tuple[Fraction, ...] = (Fraction(0),)
    if video.still:
        shown = FrameTimes(video.start, Fraction(0))
    else:
        index = library.index(path, video.index)
        listed = tuple(tick * index.time_base for tick in index.pts)
        shown, times = FrameTimes(listed[0], Fraction(0), listed), tuple(t - origin for t in listed)
    root = _root(info, video, shown, len(times), look.declaration.formats)
    return _Stream(root, times, video.rate or _USUAL_RATE)


def _root(
    info: MediaInfo, video: VideoStream, shown: FrameTimes, count: int, formats: tuple[str, ...]
) -> Node:
    """Upright pictures whose numbers are the file's own, unless the analyzer takes none of its kind."""
    known = video.pixel_format in FORMATS
    format = fitting_format(video.pixel_format if known else "yuv444p", formats)
    source = Source(
        info.path, video.index, video.width, video.height, video.pixel_format, video.color, video.still
    )
    decode = Decode(source, shown, count)
    turned = video.rotation % 180 != 0
    width, height = (video.height, video.width) if turned else (video.width, video.height)
    rgb = video.pixel_format.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb", "0bgr"))
    came = video.color.filled(video.width, video.height, rgb=rgb)
    goes = came if rgb == pixel_format(format).rgb else BT709
    return Conform(decode, width, height, format, came, goes, video.rotation, video.mirrored, peak=video.peak)


def _timed(backend: Backend, stream: _Stream, context: JobContext) -> Generator[VideoFrame, None, None]:
    with closing(_generator(backend.frames(stream.root, context))) as frames:
        for frame, time in zip(frames, stream.times, strict=False):
            frame.time = time
            yield frame


def _generator(frames: Iterator[VideoFrame]) -> Generator[VideoFrame, None, None]:
    yield from frames


def _rows(
    effect: object, look: Look, stream: _Stream, frames: Generator[VideoFrame, None, None]
) -> Iterator[Mapping[str, Any]]:
    with closing(frames):
        try:
            if isinstance(effect, FrameAnalyzer):
                yield from _measured(effect, look, stream, frames)
            elif isinstance(effect, Analyzer):
                yield from effect.analyze(frames, look.values)
            else:
                text = f"{look.declaration.id} has neither analyze nor measure"
                raise PluginError(text, hint="report this to its author")
        except KadrError:
            raise
        except Exception as error:  # a stranger's code may raise anything
            text = f"the analyzer {look.declaration.id} failed: {type(error).__name__}: {error}"
            raise RenderError(text, hint="report this to its author") from error


def _measured(
    effect: FrameAnalyzer, look: Look, stream: _Stream, frames: Iterable[VideoFrame]
) -> Iterator[Mapping[str, Any]]:
    effect.reset()
    for number, window in enumerate(_windows(frames, *_window(look))):
        frame = window[_window(look)[0]]
        said = effect.measure(_call(look, stream, number, window, frame))
        if said is not None:
            yield {"frame": number, "time": round(float(frame.time), 6)} | dict(said)


def _window(look: Look) -> tuple[int, int]:
    declaration = look.declaration
    return declaration.window if declaration.state == "stateless" else (0, 0)


def _windows(frames: Iterable[VideoFrame], before: int, after: int) -> Iterator[list[VideoFrame]]:
    """Every frame with its neighbours; at the ends the edge frame is repeated."""
    if (before, after) == (0, 0):
        yield from ([frame] for frame in frames)
        return
    known: dict[int, VideoFrame] = {}
    last = -1

    def window(middle: int) -> list[VideoFrame]:
        return [known[min(last, max(0, middle + offset))] for offset in range(-before, after + 1)]

    for last, frame in enumerate(frames):
        known[last] = frame.copy()
        if last >= after:
            yield window(last - after)
            known.pop(last - after - before, None)
    for middle in range(max(0, last - after + 1), last + 1):
        yield window(middle)


def _call(look: Look, stream: _Stream, number: int, window: list[VideoFrame], frame: VideoFrame) -> FrameCall:
    root = stream.root
    return FrameCall(
        inputs=[window],
        values=look.values,
        frame=number,
        rate=stream.rate,
        time=frame.time,
        duration=stream.duration,
        progress=number / len(stream.times),
        seed=look.seed,
        width=root.width,
        height=root.height,
        format=root.format,
        color=frame.color,
    )
