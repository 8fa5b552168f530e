"""Effects that map every code of a plane to another: one table, or one libavfilter node.

Both implementations evaluate the same formula in double precision and round half up, so
they agree bit for bit.

Headroom: a code within the nominal range never leaves it, so legal pictures stay legal.
A code beyond it (super white, super black) is never pushed further out, but kept where it
was; so nothing jumps when a parameter starts to move away from neutral.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kadr_sdk.curves import Samples, value_at
from kadr_sdk.effects import FilterContext, FilterSpec, FrameCall
from kadr_sdk.frames import VideoFrame

from kadr_effects.levels import Levels, levels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Line", "Map", "Maps", "Pointwise", "Power", "moments"]

_LUTYUV = {f"yuv{c}{d}" for c in ("420p", "422p", "444p") for d in ("", "10le", "12le", "16le")}
_LUTYUV |= {"yuva420p", "yuva422p", "yuva444p"}  # deeper alpha formats it converts to 16 bit
_PLANES = ("y", "u", "v")


class Map(Protocol):
    """A function of a code, as libavfilter's expression over ``val`` and in Python."""

    def expression(self) -> str:
        """For libavfilter's evaluator."""
        ...

    def at(self, code: int) -> float:
        """The exact result, not yet rounded."""
        ...


Maps = tuple[Map | None, Map | None, Map | None]
"""For luma and both chroma planes; None leaves a plane alone."""


@dataclass(frozen=True, slots=True)
class Line:
    """``target + gain * (code - pivot)``."""

    gain: float
    pivot: float
    target: float

    def expression(self) -> str:
        """For libavfilter's evaluator."""
        return f"({self.gain!r})*(val-({self.pivot!r}))+({self.target!r})"

    def at(self, code: int) -> float:
        """The exact result."""
        return self.gain * (code - self.pivot) + self.target


@dataclass(frozen=True, slots=True)
class Power:
    """``black + span * ((code - black) / span) ** exponent``; below black nothing changes."""

    black: int
    span: int
    exponent: float

    def expression(self) -> str:
        """For libavfilter's evaluator."""
        x = f"max(val-{self.black},0)/{self.span}"
        return f"if(gt(val,{self.black}),{self.span}*pow({x},{self.exponent!r})+{self.black},val)"

    def at(self, code: int) -> float:
        """The exact result."""
        if code <= self.black:
            return code
        return self.span * math.pow((code - self.black) / self.span, self.exponent) + self.black


def moments(values: Mapping[str, Any], frames: int) -> list[Mapping[str, Any]]:
    """The values of every frame; one entry where all are constant."""
    if not any(isinstance(value, Samples) for value in values.values()):
        return [values]
    return [{name: value_at(value, k) for name, value in values.items()} for k in range(frames)]


class Pointwise:
    """Base of effects that map codes; a subclass says the maps."""

    def maps(self, values: Mapping[str, Any], at: Levels) -> Maps:
        """The maps for constant values."""
        raise NotImplementedError

    def filters(self, values: Mapping[str, Any], at: FilterContext) -> Sequence[FilterSpec] | None:
        """One ``lutyuv``; keyframes become commands, which it takes on the very frame."""
        if at.format not in _LUTYUV:
            return None
        scale = levels(at.format, at.color)
        rows = [self._expressions(now, scale) for now in moments(values, at.frames)]
        options = (*zip(_PLANES, rows[0], strict=True), ("a", "val"))
        columns = zip(_PLANES, zip(*rows, strict=True), strict=True)
        commands = tuple((name, column) for name, column in columns if len(set(column)) > 1)
        return [FilterSpec("lutyuv", options, commands)]

    def frame(self, call: FrameCall) -> VideoFrame:
        """The same by tables."""
        import numpy as np

        source = call.inputs[0][0]
        scale = levels(source.format, source.color)
        out = source.like()
        for plane, mapping in enumerate((*self.maps(call.values, scale), None)[: len(source.planes)]):
            if mapping is None:
                out.planes[plane][...] = source.planes[plane]
            else:
                table = _table(mapping, *_limits(plane, scale), scale.peak, out.planes[plane].dtype)
                np.take(table, source.planes[plane], out=out.planes[plane], mode="clip")
        return out

    def _expressions(self, values: Mapping[str, Any], scale: Levels) -> tuple[str, ...]:
        return tuple(
            "val" if mapping is None else _rounded(mapping.expression(), *_limits(plane, scale))
            for plane, mapping in enumerate(self.maps(values, scale))
        )


def _limits(plane: int, scale: Levels) -> tuple[int, int]:
    return (scale.black, scale.white) if plane == 0 else (scale.low, scale.high)


def _rounded(expression: str, low: int, high: int) -> str:
    return f"clip(floor({expression}+0.5),min({low},val),max({high},val))"


def _table(mapping: Map, low: int, high: int, peak: int, word: np.dtype[Any]) -> NDArray[Any]:
    import numpy as np

    exact = np.array([mapping.at(code) for code in range(peak + 1)])
    codes = np.arange(peak + 1)
    return np.clip(np.floor(exact + 0.5), np.minimum(low, codes), np.maximum(high, codes)).astype(word)
