"""The stage that calls an effect in Python over planes."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, cast

from av.video.frame import VideoFrame as AvFrame
from kadr_sdk.curves import Samples
from kadr_sdk.effects import FrameCall
from kadr_sdk.errors import KadrError, RenderError
from kadr_sdk.frames import VideoFrame
from kadr_sdk.plan import Call

from kadr_pyav.planes import from_planes, views
from kadr_pyav.resources import Resources, Stage
from kadr_pyav.shapes import shape_of

__all__ = ["CallStage"]


class CallStage:
    """Calls the implementation for every frame with a window of its inputs.

    A sequential effect is copied (shallowly) and, where it has a ``reset`` method, reset for
    this stage alone; a jump backwards resets it and runs it again from the start.

    Args:
        inputs: stages whose frames are in a planned format.
    """

    def __init__(self, node: Call, inputs: Sequence[Stage], resources: Resources) -> None:
        self._node, self._inputs = node, tuple(inputs)
        self.shape = shape_of(node)
        self._effect = resources.context.effect(node.kind, node.effect)
        self._windows: list[dict[int, VideoFrame]] = [{} for _ in inputs]
        self._next: int | None = None
        self._last: tuple[int, AvFrame] | None = None

    def frame(self, number: int) -> AvFrame:
        """The effect's output for a frame.

        Raises:
            RenderError: the effect failed or gave something else than was planned.
        """
        if self._last is None or self._last[0] != number:
            self._last = number, self._make(number)
        return self._last[1]

    def close(self) -> None:
        """Close the inputs and forget the frames."""
        self._last, self._next = None, None
        self._windows = [{} for _ in self._inputs]
        for stage in self._inputs:
            stage.close()

    def _make(self, number: int) -> AvFrame:
        if not self._node.sequential:
            return from_planes(self._run(self._effect, number))
        if self._next is None or number < self._next:
            self._own = copy.copy(self._effect)
            if hasattr(self._own, "reset"):
                self._own.reset()
            self._next = -self._node.lead
        while self._next < number:
            self._run(self._own, self._next)
            self._next += 1
        self._next = number + 1
        return from_planes(self._run(self._own, number))

    def _run(self, effect: Any, number: int) -> VideoFrame:
        call = self._call(number)
        try:
            picture = effect.frame(call)
        except KadrError:
            raise
        except Exception as error:  # a stranger's code may raise anything
            raise self._error(number, f"failed: {type(error).__name__}: {error}") from error
        self._check(number, picture)
        return VideoFrame(
            picture.planes, self._node.format, self._node.width, self._node.height, self._node.color
        )

    def _call(self, number: int) -> FrameCall:
        node, at = self._node, self._node.first + number
        values = {name: self._value(value, number) for name, value in node.values}
        progress = values["progress"] if node.kind == "transition" else at / node.total if node.total else 0.0
        return FrameCall(
            inputs=[self._window(i, number) for i in range(len(self._inputs))],
            values=values,
            frame=at,
            rate=node.rate,
            time=at / node.rate,
            duration=node.total / node.rate,
            progress=float(cast(float, progress)),
            seed=node.seed,
            width=node.width,
            height=node.height,
            format=node.format,
            color=node.color,
            scale=node.scale,
            purpose=node.purpose,
        )

    def _value(self, value: object, number: int) -> object:
        """A sampled value; samples cover the node's own frames, or the lead and the trail too."""
        if not isinstance(value, Samples):
            return value
        count, node = len(value.values), self._node
        start = node.lead if count == node.lead + node.frames + node.trail else 0
        return value.values[min(count - 1, max(0, number + start))]

    def _window(self, which: int, number: int) -> list[VideoFrame]:
        """Neighbours of a frame; where the input has none, its first or last is repeated."""
        node, known = self._node, self._windows[which]
        end = node.lead + node.frames + node.trail - 1
        before, after = (0, 0) if node.sequential else node.window
        wanted = [node.lead + number + offset for offset in range(-before, after + 1)]
        wanted = [min(end, max(0, k)) for k in wanted]
        for stale in known.keys() - set(wanted):
            del known[stale]
        for k in wanted:
            if k not in known:
                known[k] = self._read(which, k)
        return [known[k] for k in wanted]

    def _read(self, which: int, number: int) -> VideoFrame:
        stage, node = self._inputs[which], self._node
        time = Fraction(node.first + number - node.lead) / node.rate
        return views(stage.frame(number), stage.shape.color, time)

    def _check(self, number: int, picture: object) -> None:
        node = self._node
        if not isinstance(picture, VideoFrame):
            raise self._error(number, f"gave {type(picture).__name__} instead of a VideoFrame")
        asked = (node.format, node.width, node.height)
        if (picture.format, picture.width, picture.height) != asked:
            found = f"{picture.width}x{picture.height} {picture.format}"
            raise self._error(number, f"gave {found} where {self.shape} was planned")
        planned = VideoFrame.empty(*asked).planes
        if len(picture.planes) != len(planned):
            raise self._error(number, f"gave {len(picture.planes)} planes where {len(planned)} were planned")
        for i, (ours, theirs) in enumerate(zip(planned, picture.planes, strict=True)):
            found, wanted = _describe(theirs), _describe(ours)
            if found != wanted:
                raise self._error(number, f"gave plane {i} as {found} where {wanted} was planned")

    def _error(self, number: int, what: str) -> RenderError:
        node = self._node
        return RenderError(
            f"the effect {node.effect} {what} at frame {node.first + number} of its clip",
            hint=f"remove or replace the effect {node.effect}, or report this to its author",
            effect=node.effect,
            frame=node.first + number,
        )


def _describe(plane: Any) -> str:
    return f"{getattr(plane, 'dtype', type(plane).__name__)} {tuple(getattr(plane, 'shape', ()))}"
