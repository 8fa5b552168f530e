"""Auto reframe: the picture moves so that the frame in its middle follows what is seen."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from math import ceil, floor
from typing import Any

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_recognition.boxes import Array
from kadr_recognition.effects.following import Following, black, names_of, told_view
from kadr_recognition.effects.sightings import Sightings
from kadr_recognition.follower import Follower, follower
from kadr_recognition.reframing import parse_shape

__all__ = ["AutoReframe"]

_KEPT = 32
_FINE = 32
"""A pixel is moved by so many steps; with chroma at half the size these are 64ths of its pixels."""


class AutoReframe(Following):
    """The way is that of ``kadr reframe``; between whole pixels two are mixed, in integers."""

    def __init__(self) -> None:
        super().__init__()
        self._ways: OrderedDict[object, Follower | None] = OrderedDict()

    def frame(self, call: FrameCall) -> VideoFrame:
        """A new frame."""
        source, view = call.inputs[0][0], told_view(call)
        follows = self._follower(self.sightings(call.values), call.values, view)
        if follows is None:
            return source.copy()
        side = (call.width, call.height)[follows.axis]
        steps = round((0.5 - follows.middle(call.values["source_time"])) * side * _FINE)
        low, high = (side * (0.5 + end * 0.5 / follows.frames) for end in (-1, 1))
        return _moved(source, call, follows.axis, steps, (max(0, floor(low)), min(side, ceil(high))))

    def _follower(
        self, sightings: Sightings, values: Mapping[str, Any], view: tuple[float, float, float, float]
    ) -> Follower | None:
        """The way, which is looked for once."""
        names = names_of(str(values["classes"]), sightings.found)
        key = (sightings, view, str(values["aspect"]), names)
        with self._lock:
            if key not in self._ways:
                self._ways[key] = follower(sightings.found, view, parse_shape(str(values["aspect"])), names)
            self._ways.move_to_end(key)
            while len(self._ways) > _KEPT:
                self._ways.popitem(last=False)
            return self._ways[key]


def _moved(source: VideoFrame, call: FrameCall, axis: int, steps: int, kept: tuple[int, int]) -> VideoFrame:
    """The frame of the middle over black; over nothing where the picture has alpha."""
    out, layout = source.copy(), pixel_format(source.format)
    for number, plane in enumerate(out.planes):
        shift = layout.log2_chroma[axis] if number in (1, 2) else 0
        first, last = kept[0] >> shift, -(-kept[1] >> shift)
        plane[...] = 0 if number == 3 else black(call, chroma=number > 0)
        lines = source.planes[number] if axis == 0 else source.planes[number].T
        target = plane if axis == 0 else plane.T
        target[:, first:last] = _mixed(lines, first, last, steps << (1 - shift))
    return out


def _mixed(lines: Array, first: int, last: int, steps: int) -> Array:
    """Columns ``first`` to ``last`` of lines that are moved to the right by 64ths of a pixel."""
    whole, part = divmod(steps, 2 * _FINE)
    columns = np.arange(first, last) - whole
    near = lines[:, np.clip(columns, 0, lines.shape[1] - 1)]
    if not part:
        return near
    wide: Any = np.uint32 if lines.itemsize > 1 else np.uint16
    far = lines[:, np.clip(columns - 1, 0, lines.shape[1] - 1)].astype(wide)
    mixed = near.astype(wide) * wide(2 * _FINE - part) + far * wide(part) + wide(_FINE)
    found: Array = (mixed // wide(2 * _FINE)).astype(lines.dtype)
    return found
