"""The checks of effects find each broken promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kadr_sdk.effects import EffectDeclaration, FrameCall
from kadr_sdk.frames import VideoFrame
from kadr_sdk.testing.conformance import check_effect


def declare(**more: Any) -> EffectDeclaration:
    amount = {"name": "amount", "type": "float", "default": 1.0}
    return EffectDeclaration.from_dict({"id": "x.y", "version": 1, "title": "X", "params": [amount]} | more)


class Good:
    def frame(self, call: FrameCall) -> VideoFrame:
        out = call.inputs[0][-1].copy()
        out.planes[0][...] = out.planes[0] // 2
        return out


class Writes(Good):
    def frame(self, call: FrameCall) -> VideoFrame:
        call.inputs[0][0].planes[0][...] = 0
        return super().frame(call)


class Small(Good):
    def frame(self, call: FrameCall) -> VideoFrame:
        return VideoFrame.empty(call.format, 2, 2)


class Lies(Good):
    def frame(self, call: FrameCall) -> VideoFrame:
        out = super().frame(call)
        out.planes = [p[:1] for p in out.planes]
        return out


class Wide(Good):
    def frame(self, call: FrameCall) -> VideoFrame:
        out = super().frame(call)
        out.planes = [p.astype(np.float32) for p in out.planes]
        return out


class Loud(Good):
    def frame(self, call: FrameCall) -> VideoFrame:
        out = super().frame(call)
        out.planes[0][0, 0] = (
            1023 if call.format.endswith("10le") and call.width == 64 else out.planes[0].max()
        )
        out.planes[0][0, 1] = 2**15 if out.planes[0].dtype == np.uint16 else 0
        return out


class Random(Good):
    def __init__(self) -> None:
        self.rng = np.random.default_rng()

    def frame(self, call: FrameCall) -> VideoFrame:
        out = super().frame(call)
        out.planes[0][...] = self.rng.integers(0, 255, out.planes[0].shape)
        return out


class Remembers(Good):
    def __init__(self) -> None:
        self.last: Any = None

    def frame(self, call: FrameCall) -> VideoFrame:
        out = super().frame(call)
        if self.last is not None and self.last[0].shape == out.planes[0].shape and call.frame:
            out.planes[0][...] = out.planes[0] // 2 + self.last[0] // 2
        self.last = [p.copy() for p in out.planes]
        return out


class Raises(Good):
    def frame(self, call: FrameCall) -> VideoFrame:
        raise KeyError(call.format)


class Says(Good):
    def frame(self, call: FrameCall) -> Any:  # type: ignore[override] # the point of the test
        return "done"


def test_a_good_one_passes() -> None:
    check_effect(declare(), Good())
    check_effect(declare(window=[2, 1]), Good())
    check_effect(declare(kind="transition"), Good())
    check_effect(declare(formats=["yuv420p"]), Good(), {"amount": 2})


@pytest.mark.parametrize(
    ("effect", "problem"),
    [
        (Writes(), "yuv420p 64x36: it writes to an input"),
        (Small(), "yuv420p 33x17: the output is yuv420p 2x2"),
        (Lies(), "yuv420p 64x36: planes of the shapes [(1, 64), (1, 32), (1, 32)]"),
        (Wide(), "yuv420p 64x36: planes of the types ['float32', 'float32', 'float32']"),
        (Loud(), "yuv422p10le 64x36: a value has more than 10 bits"),
        (Random(), "yuv420p 64x36: the same frames a second time look different"),
        (Remembers(), "yuv420p 64x36: frames in another order look different, and it declares no state"),
        (Raises(), "yuv420p 64x36: it raises KeyError('yuv420p')"),
        (Says(), "yuv420p 64x36: a VideoFrame is expected, not str"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_broken_is_found(effect: Any, problem: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check_effect(declare(), effect)
    head, *rows = str(caught.value).splitlines()
    assert head == "the effect x.y does not conform:"
    assert problem in rows


def test_what_it_declares_it_may_do() -> None:
    check_effect(declare(deterministic="none"), Random())
    check_effect(declare(state="sequential"), Remembers())


def test_values_are_checked_first() -> None:
    with pytest.raises(AssertionError, match=r"values\.amuont: unknown parameter"):
        check_effect(declare(), Raises(), {"amuont": 1})


def test_only_some_formats() -> None:
    with pytest.raises(AssertionError) as caught:
        check_effect(declare(), Raises(), formats=["gray"])
    assert len(str(caught.value).splitlines()) == 3
