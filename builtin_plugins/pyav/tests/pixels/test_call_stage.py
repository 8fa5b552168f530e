from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from kadr_pyav.planes import views
from kadr_sdk.color import BT709, Color
from kadr_sdk.curves import Samples
from kadr_sdk.errors import CancelledError, RenderError
from kadr_sdk.frames import VideoFrame
from kadr_sdk.plan import Call, Conform

RATE = Fraction(25)


def call(inputs, frames=10, **changed):
    fields = {
        "effect": "test.effect", "kind": "effect", "version": 1, "digest": "d", "values": (), "width": 64,
        "height": 48, "format": "yuv420p", "color": BT709, "frames": frames, "rate": RATE, "total": frames,
    }  # fmt: skip
    return Call(tuple(inputs), **(fields | changed))


class Recorder:
    """Passes the first input on and keeps what it was asked."""

    def __init__(self):
        self.calls = []

    def frame(self, call):
        self.calls.append(call)
        return call.inputs[0][len(call.inputs[0]) // 2].copy() if call.inputs else blank(call)


def blank(call):
    picture = VideoFrame.empty(call.format, call.width, call.height, call.color)
    for plane in picture.planes:
        plane[...] = call.frame
    return picture


def use(studio, effect):
    studio.context.effects["test.effect"] = effect
    return effect


@pytest.mark.parametrize("format", ["yuv420p", "yuv422p10le", "rgba", "gbrp", "gray", "yuva444p16le"])
def test_planes_reach_the_effect_and_come_back_bit_exact(studio, noise, format):
    picture = noise(1, format, 63, 47)
    effect = use(studio, Recorder())
    clip = studio.clip(lambda k: picture)
    node = call([clip], format=format, width=63, height=47)
    for plane, ours in zip(studio.planes(node), picture.planes, strict=True):
        assert np.array_equal(plane, ours)
    seen = effect.calls[0].inputs[0][0]
    assert (seen.format, seen.width, seen.height, seen.color) == (format, 63, 47, BT709)
    assert [p.shape for p in seen.planes] == [p.shape for p in picture.planes]


def test_what_the_effect_is_told(studio, flat):
    effect = use(studio, Recorder())
    values = (("amount", Samples((0.5, 0.6, 0.7))), ("mode", "soft"))
    node = call([studio.clip(lambda k: flat(k, 128, 128))], 3, values=values, first=12, total=50, seed=99)
    studio.stage(node).frame(2)
    asked = effect.calls[0]
    assert asked.values == {"amount": 0.7, "mode": "soft"}
    assert (asked.frame, asked.time, asked.duration, asked.rate) == (14, Fraction(14, 25), 2, 25)
    assert (asked.seed, asked.progress, asked.width, asked.height) == (99, 14 / 50, 64, 48)
    assert asked.inputs[0][0].time == Fraction(14, 25)


def test_the_host_owns_the_progress_of_a_transition(studio, flat):
    effect = use(studio, Recorder())
    clips = [studio.clip(lambda k: flat(k, 128, 128)) for _ in "ab"]
    progress = Samples((0.0, 0.25, 0.5, 0.75))
    studio.stage(call(clips, 4, kind="transition", values=(("progress", progress),))).frame(3)
    assert effect.calls[0].progress == 0.75
    assert len(effect.calls[0].inputs) == 2


def test_a_generator_has_no_inputs(studio):
    use(studio, Recorder())
    assert studio.planes(call([], kind="generator", first=5), 2)[0][3, 3] == 7


def test_a_window_finds_its_neighbours_and_repeats_the_edges(studio, flat):
    effect = use(studio, Recorder())
    clip = studio.clip(lambda k: flat(10 + k, 128, 128), 7)
    node = call([clip], 4, window=(2, 2), lead=1, trail=2, first=1, total=7)  # the clip's frames 1 to 4
    stage = studio.stage(node)
    for k in (0, 1, 2, 3, 1):
        stage.frame(k)
    seen = [[int(f.planes[0][0, 0]) for f in c.inputs[0]] for c in effect.calls]
    assert seen == [
        [10, 10, 11, 12, 13], [10, 11, 12, 13, 14], [11, 12, 13, 14, 15], [12, 13, 14, 15, 16],
        [10, 11, 12, 13, 14],
    ]  # fmt: skip
    assert effect.calls[1].inputs[0][0].time == 0
    reader = next(iter(studio.pool.readers.values()))
    assert reader.asked[:7] == list(range(7))  # in a run every neighbour is read once


class Sum:
    """Sequential: adds up what it has seen."""

    def __init__(self):
        self.total = -1000
        self.order = []

    def reset(self):
        self.total, self.order = 0, self.order

    def frame(self, call):
        self.order.append(call.frame)
        self.total += int(call.inputs[0][0].planes[0][0, 0])
        picture = call.inputs[0][0].copy()
        picture.planes[0][...] = self.total
        return picture


def test_a_sequential_effect_runs_from_the_lead_in_order(studio, flat):
    effect = use(studio, Sum())
    clip = studio.clip(lambda k: flat(1 + k, 128, 128), 8)
    node = call([clip], 4, sequential=True, lead=4, first=4, total=8)
    stage = studio.stage(node)
    found = [int(views(stage.frame(k), BT709).planes[0][0, 0]) for k in (0, 1, 3, 0)]
    assert found == [15, 21, 36, 15]
    assert effect.order == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4]
    assert effect.total == -1000  # the shared implementation itself is left alone


def test_samples_of_a_sequential_effect_may_cover_its_lead(studio, flat):
    effect = use(studio, Recorder())
    clip = studio.clip(lambda k: flat(1 + k, 128, 128), 4)
    node = call([clip], 2, sequential=True, lead=2, first=2, values=(("v", Samples((1, 2, 3, 4))),))
    studio.stage(node).frame(1)
    assert [c.values["v"] for c in effect.calls] == [1, 2, 3, 4]


def test_another_format_is_converted_exactly_and_said_so(studio, flat):
    effect = use(studio, Recorder())
    srgb = Color("gbr", "bt709", "bt709", "pc")
    node = call([studio.clip(lambda k: flat(235, 128, 128))], format="rgb24", color=srgb)
    assert set(np.unique(studio.planes(node)[0])) == {255}
    seen = effect.calls[0].inputs[0][0]
    assert (seen.format, seen.color) == ("rgb24", srgb)


def test_the_result_goes_on_through_native_nodes(studio, flat):
    use(studio, Recorder())
    node = call([studio.clip(lambda k: flat(100 + k, 128, 128))])
    assert studio.planes(Conform(node, 32, 24, "yuv420p", BT709, BT709), 3)[0][5, 5] == 103


class Failing:
    def __init__(self, act):
        self.act = act

    def frame(self, call):
        return self.act(call)


def raised(studio, act, flat):
    use(studio, Failing(act))
    node = call([studio.clip(lambda k: flat(k, 128, 128))], first=20, total=30)
    with pytest.raises(RenderError) as caught:
        studio.stage(node).frame(4)
    return caught.value


def test_an_exception_is_wrapped_with_effect_and_frame(studio, flat):
    error = raised(studio, lambda call: 1 // 0, flat)
    assert error.message == (
        "the effect test.effect failed: ZeroDivisionError: integer division or modulo by zero "
        "at frame 24 of its clip"
    )
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert error.data == {"effect": "test.effect", "frame": 24}


@pytest.mark.parametrize(
    ("act", "what"),
    [
        (lambda c: None, "gave NoneType instead of a VideoFrame"),
        (lambda c: VideoFrame.empty("yuv420p", 32, 48), "gave 32x48 yuv420p where 64x48 yuv420p was planned"),
        (lambda c: VideoFrame.empty("gray", 64, 48), "gave 64x48 gray where 64x48 yuv420p was planned"),
        (lambda c: VideoFrame([], "yuv420p", 64, 48), "gave 0 planes where 3 were planned"),
        (
            lambda c: VideoFrame([np.zeros((48, 64))] * 3, "yuv420p", 64, 48),
            "gave plane 0 as float64 (48, 64) where uint8 (48, 64) was planned",
        ),
        (
            lambda c: VideoFrame([np.zeros((48, 64), np.uint8)] * 3, "yuv420p", 64, 48),
            "gave plane 1 as uint8 (48, 64) where uint8 (24, 32) was planned",
        ),
    ],
)
def test_a_wrong_result_is_refused(studio, flat, act, what):
    assert f"the effect test.effect {what} at frame 24" in raised(studio, act, flat).message


def test_an_effect_cannot_write_into_its_inputs(studio, flat):
    def act(call):
        call.inputs[0][0].planes[0][...] = 0

    assert "read-only" in raised(studio, act, flat).message


def test_a_cancel_inside_an_effect_is_not_dressed_up(studio, flat):
    def act(call):
        raise CancelledError("stop")

    use(studio, Failing(act))
    with pytest.raises(CancelledError):
        studio.stage(call([studio.clip(lambda k: flat(k, 128, 128))])).frame(0)


def test_a_result_over_another_pictures_memory_is_copied(studio, flat):
    kept = VideoFrame.empty("yuv420p", 64, 48, BT709)

    def act(call):
        for plane in kept.planes:
            plane[...] = call.frame
        return kept

    use(studio, Failing(act))
    stage = studio.stage(call([studio.clip(lambda k: flat(k, 128, 128))]))
    first, second = stage.frame(0), stage.frame(1)
    assert (views(first, BT709).planes[0][0, 0], views(second, BT709).planes[0][0, 0]) == (0, 1)
