"""Detection as an analyzer: frames in, rows out, for whoever has the frames already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from kadr_sdk.errors import UnsupportedFormatError
from kadr_sdk.frames import VideoFrame
from kadr_sdk.models import ModelStore
from kadr_sdk.plugin import PluginContext
from kadr_sdk.services import Scheduler

from kadr_recognition.detector import Detector, Limits
from kadr_recognition.document import Row, row_data
from kadr_recognition.fit import Fit
from kadr_recognition.names import require_classes
from kadr_recognition.pictures import Picture
from kadr_recognition.resize import resized
from kadr_recognition.stream import detections

__all__ = ["Detect"]


class Detect:
    """Satisfies :class:`kadr_sdk.contributions.Analyzer`; frames are RGB (``rgb24``) of one size."""

    def __init__(self, context: PluginContext) -> None:
        self._container = context.container

    def analyze(self, frames: Iterable[VideoFrame], values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """A row a thing, as in the document of detections, ``time`` in place of ``t``."""
        store = self._container.get(ModelStore)
        card = store.card(str(values.get("model") or "yolox-nano"))
        wanted = require_classes(str(values.get("classes") or ""), card)
        limits = Limits.of(card, float(values["threshold"]) if values.get("threshold") else None)
        waiting = iter(frames)
        first = next(waiting, None)
        if first is None:
            return
        with closing(store.open(card.id)) as session:
            detector = Detector(card, session, limits)
            fit = detector.fit((first.width, first.height))
            found = _pictures(first, waiting, fit)
            with closing(detections(found, detector, fit, self._container.get(Scheduler))) as seen:
                for picture, things in seen:
                    for thing in things:
                        if not wanted or thing.name in wanted:
                            yield _row(Row(picture.frame, picture.time, thing))


def _pictures(first: VideoFrame, others: Iterator[VideoFrame], fit: Fit) -> Iterator[Picture]:
    frame: VideoFrame | None = first
    number = 0
    while frame is not None:
        if frame.format != "rgb24" or (frame.width, frame.height) != fit.picture:
            raise UnsupportedFormatError(
                f"frame {number} is {frame.width}x{frame.height} {frame.format}, "
                f"expected is {fit.picture[0]}x{fit.picture[1]} rgb24"
            )
        rgb = resized(frame.planes[0], fit.inner)
        yield Picture(number, number, frame.time, rgb.copy() if rgb is frame.planes[0] else rgb)
        frame = next(others, None)
        number += 1


def _row(row: Row) -> dict[str, Any]:
    data = row_data(row)
    return {"frame": data.pop("frame"), "time": data.pop("t"), **data}
