"""Flip: mirrored left to right, or top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kadr_sdk.effects import FilterContext, FilterSpec, FrameCall
from kadr_sdk.frames import VideoFrame

__all__ = ["Flip"]


class Flip:
    """Mirrors the planes; half a pixel of chroma siting is let go."""

    def filters(
        self,
        values: Mapping[str, Any],
        at: FilterContext,  # noqa: ARG002 - the same at every size and format
    ) -> Sequence[FilterSpec] | None:
        """``hflip`` and ``vflip`` as wanted.

        ``vflip`` only turns strides negative, which not every reader of planes takes: ``copy``
        makes them positive again.
        """
        names = [
            *(["hflip"] if values["horizontal"] else []),
            *(["vflip", "copy"] if values["vertical"] else []),
        ]
        return [FilterSpec(name) for name in names or ["null"]]

    def frame(self, call: FrameCall) -> VideoFrame:
        """The same by views."""
        source, out = call.inputs[0][0], call.inputs[0][0].like()
        across = -1 if call.values["horizontal"] else 1
        down = -1 if call.values["vertical"] else 1
        for number, plane in enumerate(source.planes):
            out.planes[number][...] = plane[::down, ::across]
        return out
