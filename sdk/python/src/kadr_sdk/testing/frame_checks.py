"""What every effect in Python promises, tried out on small frames of noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from kadr_sdk.color import BT709
from kadr_sdk.effects import EffectDeclaration, FrameCall, FrameEffect
from kadr_sdk.frames import VideoFrame, pixel_format
from kadr_sdk.params import check_params

__all__ = ["check_effect"]

_RATE, _TOTAL = Fraction(25), 4
_SIZES = ((64, 36), (33, 17))  # an odd one: chroma edges are rounded outwards
_ANY = ("yuv420p", "yuva420p", "yuv422p10le", "yuv444p16le", "gbrp")


def check_effect(
    declaration: EffectDeclaration,
    implementation: FrameEffect,
    values: Mapping[str, Any] | None = None,
    formats: Sequence[str] = (),
) -> None:
    """Check an effect, transition or generator that has a ``frame`` implementation.

    In every format that it accepts, in an even and an odd size: the output has the planned
    size and format, inputs are not written to (they come as views with strides), the same call
    gives the same picture, and a stateless effect gives it in any order.

    Args:
        values: of its parameters; those left out stand at their defaults.
        formats: to try only some of those that it accepts.

    Raises:
        AssertionError: lists every problem.
    """
    parsed, found = check_params(declaration.params, values or {}, "values")
    problems = [str(p) for p in found]
    if not problems:
        for name in formats or declaration.formats or _ANY:
            for size in _SIZES:
                bench = _Bench(declaration, implementation, parsed, name, size)
                where = f"{name} {size[0]}x{size[1]}"
                problems += [f"{where}: {problem}" for problem in bench.problems()]
    assert not problems, "\n".join([f"the effect {declaration.id} does not conform:", *problems])


class _Bench:
    """One effect in one format and size."""

    def __init__(
        self,
        declaration: EffectDeclaration,
        implementation: FrameEffect,
        values: Mapping[str, Any],
        format: str,
        size: tuple[int, int],
    ) -> None:
        self._declaration = declaration
        self._implementation = implementation
        self._values = values
        self._format = format
        self._size = size

    def problems(self) -> Iterator[str]:
        try:
            first = [self._run(number) for number in range(_TOTAL)]
            wrong = self._shape(first[0])
            if wrong:
                yield wrong
                return
            if self._declaration.deterministic == "none":
                return
            again = [self._run(number) for number in range(_TOTAL)]
            if not all(map(_same, first, again)):
                yield "the same frames a second time look different"
            elif self._declaration.state == "stateless":
                back = [self._run(number) for number in reversed(range(_TOTAL))][::-1]
                if not all(map(_same, first, back)):
                    yield "frames in another order look different, and it declares no state"
        except Exception as error:  # noqa: BLE001 - whatever it raises is what is wrong
            written = "read-only" in str(error)
            yield "it writes to an input" if written else f"it raises {error!r}"

    def _run(self, number: int) -> VideoFrame:
        before, after = self._declaration.window
        window = range(number - max(before, 0), number + after + 1)
        inputs = [
            [_noise(self._format, self._size, 100 * i + min(max(k, 0), _TOTAL - 1)) for k in window]
            for i, _ in enumerate(self._declaration.inputs)
        ]
        progress = number / _TOTAL
        values = dict(self._values)
        if self._declaration.kind == "transition":
            values["progress"] = progress
        time, duration = number / _RATE, _TOTAL / _RATE
        call = FrameCall(
            inputs, values, number, _RATE, time, duration, progress, 7, *self._size, self._format, BT709
        )
        return self._implementation.frame(call)

    def _shape(self, frame: object) -> str:
        if not isinstance(frame, VideoFrame):
            return f"a VideoFrame is expected, not {type(frame).__name__}"
        layout = pixel_format(self._format)
        if (frame.format, (frame.width, frame.height)) != (self._format, self._size):
            return f"the output is {frame.format} {frame.width}x{frame.height}"
        like = VideoFrame.empty(self._format, *self._size)
        if [p.shape for p in frame.planes] != [p.shape for p in like.planes]:
            return f"planes of the shapes {[p.shape for p in frame.planes]}"
        if any(p.dtype != q.dtype for p, q in zip(frame.planes, like.planes, strict=True)):
            return f"planes of the types {[str(p.dtype) for p in frame.planes]}"
        if any(int(p.max()) >> layout.depth for p in frame.planes):
            return f"a value has more than {layout.depth} bits"
        return ""


def _same(a: VideoFrame, b: VideoFrame) -> bool:
    return all(np.array_equal(p, q) for p, q in zip(a.planes, b.planes, strict=True))


def _noise(format: str, size: tuple[int, int], seed: int) -> VideoFrame:
    """Frames of noise whose planes are read-only views with strides of their own."""
    layout = pixel_format(format)
    frame = VideoFrame.empty(format, *size, BT709)
    rng = np.random.default_rng(seed)
    planes: list[Any] = []
    for plane in frame.planes:
        wide = rng.integers(0, 1 << layout.depth, (plane.shape[0], plane.shape[1] + 3, *plane.shape[2:]))
        view = wide.astype(plane.dtype)[:, : plane.shape[1]]
        view.flags.writeable = False
        planes.append(view)
    return VideoFrame(planes, format, *size, BT709)
