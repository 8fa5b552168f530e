"""A guest in a job: what it is told, what it may remember, and what is shown where it fails."""

from __future__ import annotations

import copy
import struct
import threading
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from kadr_kernel.sandbox.breaker import Breaker
from kadr_sdk.abi import FORMAT_NUMBERS, IMAGE, JOB, PLANE
from kadr_sdk.errors import InternalError, RenderError
from kadr_sdk.frames import VideoFrame

# The whole control block into the output's only plane.
MIRROR = (
    "(memory.copy (i32.load offset=64 (i32.load offset=88 (local.get $job))) (local.get $job)"
    " (i32.const 4096)) (i32.const 0)"
)
PARAMS = [
    {"name": "a", "type": "float", "default": 0.0},
    {"name": "b", "type": "int", "default": 0},
    {"name": "c", "type": "bool", "default": False},
    {"name": "d", "type": "choice", "default": "x", "choices": ["x", "y", "z"]},
    {"name": "e", "type": "color", "default": "#000"},
    {"name": "f", "type": "point", "default": [0, 0]},
    {"name": "g", "type": "rect", "default": [0, 0, 0, 0]},
    {"name": "h", "type": "text", "default": ""},
    {"name": "i", "type": "angle", "default": 0.0},
    {"name": "j", "type": "curve", "default": []},
]
# Plane 0 filled with how often this instance was called; then fails where FAILS says so.
COUNTER = """
  (global $n (mut i32) (i32.const 0))
  (func (export "kadr_process") (param $job i32) (result i32) (local $plane i32)
    (local.set $plane (i32.add (i32.load offset=88 (local.get $job)) (i32.const 64)))
    (global.set $n (i32.add (global.get $n) (i32.const 1)))
    {fails}
    (memory.fill (i32.load (local.get $plane)) (global.get $n)
      (i32.mul (i32.load offset=4 (local.get $plane)) (i32.load offset=12 (local.get $plane))))
    (i32.const 0))
"""


def frame_is(number: int) -> str:
    return f"(i64.eq (i64.load offset=8 (local.get $job)) (i64.const {number}))"


def trap_at(number: int) -> str:
    return f"(if {frame_is(number)} (then (unreachable)))"


def counts(picture: VideoFrame) -> int:
    return int(picture.planes[0][1, 1])


def mirrored(lab: Any, kit: Any, *inputs: Any, **declaration: Any) -> Any:
    more = declaration.pop("call", {})
    effect = lab.use(kit.process(MIRROR), **declaration)
    made = effect.frame(kit.call(3, *inputs, format="gray", width=4096, height=2, **more))
    return made.planes[0][0].tobytes()


def test_the_job(lab: Any, kit: Any) -> None:
    more = {"rate": Fraction(30000, 1001), "duration": Fraction(7, 2), "seed": 2**64 - 1, "progress": 0.25}
    data = mirrored(lab, kit, call=more)
    found = {name: JOB.read(data, name) for name, _ in JOB.fields}
    assert found["size"] == JOB.size
    assert (found["frame"], found["rate_num"], found["rate_den"]) == (3, 30000, 1001)
    assert (found["time"], found["duration"], found["progress"]) == (0.12, 3.5, 0.25)
    assert (found["y0"], found["y1"], found["tile"], found["tiles"]) == (0, 2, 0, 1)
    assert found["seed"] == 2**64 - 1
    assert (found["param_count"], found["params"], found["input_count"]) == (0, 0, 1)
    assert (found["message_length"], found["message_capacity"], found["flags"]) == (0, 1024, 0)
    assert (found["scale_x"], found["scale_y"]) == (1.0, 1.0)
    assert not any(found[n] for n in ("audio", "audio_count", "audio_output", "data", "data_capacity"))


def test_a_generator_makes_pictures_from_nothing(lab: Any, kit: Any) -> None:
    effect = lab.use(kit.COMMON + COUNTER.format(fails=""), kind="generator")
    assert counts(effect.frame(replace(kit.call(), inputs=[]))) == 1


def images(data: bytes) -> list[dict[str, Any]]:
    at = int(JOB.read(data, "inputs")) - int(JOB.read(data, "message")) + message_offset(data)
    rows = []
    for _ in range(int(JOB.read(data, "input_count")) + 1):  # the output follows
        row: dict[str, Any] = {name: IMAGE.read(data[at:], name) for name, _ in IMAGE.fields}
        begin = at + IMAGE.size - 4 * PLANE.size
        row["planes"] = [
            tuple(PLANE.read(data[begin + 16 * p :], name) for name, _ in PLANE.fields)
            for p in range(row["plane_count"])
        ]
        rows.append(row)
        at += row["size"]
    return rows


def message_offset(data: bytes) -> int:
    """Where the message stands from the job on: behind images and parameters."""
    count = int(JOB.read(data, "input_count")) + 1
    return JOB.size + count * IMAGE.size + 16 * int(JOB.read(data, "param_count"))


def test_images_of_a_window(lab: Any, kit: Any) -> None:
    window = [kit.picture(n, 70, 34) for n in range(3)]
    data = mirrored(lab, kit, window, [kit.picture(9, 64, 32, "yuva444p10le")], window=[1, 1])
    rows = images(data)
    assert [(r["input"], r["offset"]) for r in rows] == [(0, -1), (0, 0), (0, 1), (1, -1), (0, 0)]
    first, fourth, out = rows[0], rows[3], rows[4]
    assert (first["format"], first["width"], first["height"], first["depth"]) == (32, 70, 34, 8)
    assert (first["matrix"], first["primaries"], first["transfer"], first["range"]) == (1, 1, 1, 1)
    assert [p[1:] for p in first["planes"]] == [(128, 70, 34), (64, 35, 17), (64, 35, 17)]
    assert first["alpha"] == 0
    assert (fourth["format"], fourth["alpha"]) == (FORMAT_NUMBERS["yuva444p10le"], 1)
    assert fourth["planes"][3][1:] == (128, 64, 32)
    assert (out["format"], out["width"], out["aspect_num"], out["aspect_den"]) == (1, 4096, 1, 1)
    pointers = [p[0] for r in rows for p in r["planes"]]
    assert all(p % 64 == 0 for p in pointers)
    assert len(set(pointers)) == len(pointers)


def test_parameters(lab: Any, kit: Any) -> None:
    values = {
        "a": 0.1, "b": -5, "c": True, "d": "z", "e": (1.0, 0.5, 0.0, 0.25), "f": (3.0, -4.0),
        "g": (1.0, 2.0, 3.0, 4.0), "h": "é!", "i": 90.0, "j": ((0.0, 1.0), (1.0, 0.0)),
    }  # fmt: skip
    data = mirrored(lab, kit, params=PARAMS, call={"values": values})
    at = JOB.size + 2 * IMAGE.size
    rows = [data[at + 16 * n : at + 16 * n + 16] for n in range(10)]
    assert struct.unpack("<d", rows[0][:8]) == (0.1,)
    assert [struct.unpack("<q", r[:8])[0] for r in rows[1:3]] == [-5, 1]
    assert struct.unpack("<I", rows[3][:4]) == (2,)
    assert struct.unpack("<4f", rows[4]) == (1.0, 0.5, 0.0, 0.25)
    assert struct.unpack("<4f", rows[5]) == (3.0, -4.0, 0.0, 0.0)
    assert struct.unpack("<4f", rows[6]) == (1.0, 2.0, 3.0, 4.0)
    assert struct.unpack("<d", rows[8][:8]) == (90.0,)
    base = int(JOB.read(data, "message")) - message_offset(data)
    text, length = struct.unpack("<II", rows[7][:8])
    assert data[text - base : text - base + length].decode() == "é!"
    curve, length = struct.unpack("<II", rows[9][:8])
    assert length == 4096
    first = struct.unpack("<2f", data[curve - base : curve - base + 8])
    assert first == (1.0, pytest.approx(1 - 1 / 1023, abs=1e-6))


def test_a_text_that_grows_is_given_room(lab: Any, kit: Any) -> None:
    effect = lab.use(kit.COPY, params=[PARAMS[7]])
    for text in ("", "a", "b" * 5000, "c" * 60_000, "d"):
        effect.frame(kit.call(values={"h": text}))


@pytest.mark.parametrize("format", ["gray", "gray10le", "rgb24", "rgba", "rgba64le", "gbrap", "yuva422p16le"])
@pytest.mark.parametrize("size", [(1, 1), (65, 3), (64, 2)])
def test_planes_go_in_and_out_exactly(lab: Any, kit: Any, format: str, size: tuple[int, int]) -> None:
    import numpy as np

    wide = VideoFrame.empty(format, size[0] * 2, size[1] * 2)
    rng = np.random.default_rng(1)
    for plane in wide.planes:
        plane[...] = rng.integers(0, 256, plane.shape)
    source = VideoFrame.empty(format, *size)
    shapes = [p.shape for p in source.planes]
    source.planes = [p[::-1][: s[0], : s[1]] for p, s in zip(wide.planes, shapes, strict=True)]
    before = [p.copy() for p in source.planes]
    made = lab.use(kit.COPY).frame(kit.call(0, [source]))
    for plane, ours, kept in zip(made.planes, source.planes, before, strict=True):
        assert plane.dtype == ours.dtype
        assert (plane == kept).all()
        assert (ours == kept).all()


# -- state -------------------------------------------------------------------------------------


def test_an_instance_is_used_again_and_belongs_to_its_job(lab: Any, kit: Any) -> None:
    text = kit.COMMON + COUNTER.format(fails="")
    effect, other = lab.use(text), lab.use(text)
    assert [counts(effect.frame(kit.call(n))) for n in range(3)] == [1, 2, 3]
    assert counts(other.frame(kit.call())) == 1
    assert lab.runtime.counters()["org.evil/test.guest"]["instances"] == 2


def test_two_threads_have_two_instances(lab: Any, kit: Any) -> None:
    down = "(local.tee $plane (i32.sub (local.get $plane) (i32.const 1)))"
    wait = f"(local.set $plane (i32.const 3000000)) (loop $w (br_if $w {down}))"
    again = "(local.set $plane (i32.add (i32.load offset=88 (local.get $job)) (i32.const 64)))"
    effect = lab.use(kit.COMMON + COUNTER.format(fails=wait + again))
    threads = [
        threading.Thread(target=lambda: [effect.frame(kit.call(n)) for n in range(8)]) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = lab.runtime.counters()["org.evil/test.guest"]
    assert row["calls"] == 24
    assert 1 <= row["instances"] <= 3


@pytest.mark.parametrize("own", [True, False])
def test_a_sequential_effect_is_alone_and_can_be_reset(lab: Any, kit: Any, own: bool) -> None:
    reset = '(func (export "kadr_reset") (global.set $n (i32.const 100)))' if own else ""
    effect = lab.use(kit.COMMON + COUNTER.format(fails="") + reset, state="sequential")
    first, second = copy.copy(effect), copy.copy(effect)
    first.reset()
    assert [counts(first.frame(kit.call(n))) for n in range(3)] == [1, 2, 3]
    assert counts(second.frame(kit.call())) == 1
    first.reset()
    assert counts(first.frame(kit.call())) == (101 if own else 1)


# -- failures ----------------------------------------------------------------------------------


@pytest.fixture
def frail(lab: Any, kit: Any) -> Any:
    """Uses of a guest that traps at frame 2."""
    return lambda policy, **more: lab.use(kit.COMMON + COUNTER.format(fails=trap_at(2)), policy, **more)


def test_fail_stops(frail: Any, kit: Any) -> None:
    effect = frail("fail")
    assert [counts(effect.frame(kit.call(n))) for n in range(2)] == [1, 2]
    with pytest.raises(RenderError, match="at frame 2 of its clip: it trapped: unreachable"):
        effect.frame(kit.call(2))


def test_skip_shows_the_input_and_says_so(frail: Any, lab: Any, kit: Any) -> None:
    effect = frail("skip")
    shown = [effect.frame(kit.call(n)) for n in range(4)]
    assert counts(shown[1]) == 2
    for number in (2, 3):  # the breaker is open at 3
        assert (shown[number].planes[0] == kit.picture(number).planes[0]).all()
    assert set(lab.warned) == {
        (
            "the effect test.guest of plugin org.evil failed and was left out",
            "test.guest",
            "the result is marked and not cached; update or remove the plugin",
        )
    }
    assert len(lab.warned) == 2


def test_hold_shows_the_last_picture_and_only_the_one_before(frail: Any, lab: Any, kit: Any) -> None:
    effect = frail("hold")
    assert [counts(effect.frame(kit.call(n))) for n in (1, 2, 3)] == [1, 1, 1]
    assert lab.warned[0][0].endswith("was held at its last picture")
    jumped = frail("hold")
    jumped.frame(kit.call(0))
    assert counts(jumped.frame(kit.call(2))) == 22  # a jump: nothing of the moment before to hold


def test_skipping_a_transition_cuts_in_its_middle(lab: Any, kit: Any) -> None:
    both = [[kit.picture(0)], [kit.picture(50)]]
    effect = lab.use(kit.process("(unreachable)"), "skip", kind="transition")
    assert counts(effect.frame(kit.call(0, *both, progress=0.4))) == 20
    assert counts(effect.frame(kit.call(1, *both, progress=0.5))) == 70


def test_a_generator_has_nothing_to_show_instead(lab: Any, kit: Any) -> None:
    effect = lab.use(kit.process("(unreachable)"), "skip", kind="generator")
    with pytest.raises(RenderError, match="it trapped"):
        effect.frame(replace(kit.call(), inputs=[]))


def test_one_fresh_try_mends_what_a_worn_instance_broke(lab: Any, kit: Any) -> None:
    third = "(if (i32.eq (global.get $n) (i32.const 3)) (then (unreachable)))"
    effect = lab.use(kit.COMMON + COUNTER.format(fails=third))
    assert [counts(effect.frame(kit.call(n))) for n in range(5)] == [1, 2, 1, 2, 1]
    row = lab.runtime.counters()["org.evil/test.guest"]
    assert (row["traps"], row["calls"], row["instances"]) == (2, 5, 3)


def test_failing_again_and_again_is_not_mended_for_ever(lab: Any, kit: Any) -> None:
    second = "(if (i32.eq (global.get $n) (i32.const 2)) (then (unreachable)))"
    effect = lab.use(kit.COMMON + COUNTER.format(fails=second), "skip")
    pictures = [counts(effect.frame(kit.call(n))) for n in range(14)]
    assert pictures[:6] == [1] * 6
    assert pictures[6] == 26  # the sixth stumble within 32 calls opens the breaker


def test_a_sequential_effect_that_lost_its_memory_stays_lost(lab: Any, kit: Any) -> None:
    effect = lab.use(kit.COMMON + COUNTER.format(fails=trap_at(2)), "skip", state="sequential")
    pictures = [counts(effect.frame(kit.call(n))) for n in range(5)]
    assert pictures == [1, 2, 22, 23, 24]
    effect.reset()
    assert counts(effect.frame(kit.call(0))) in (1, 20)  # the breaker may still be open


def test_a_refusal_is_an_answer_and_breaks_nothing(lab: Any, kit: Any) -> None:
    refuse = f"(if {frame_is(1)} (then (return (i32.const 2))))"
    effect = lab.use(kit.COMMON + COUNTER.format(fails=refuse))
    effect.frame(kit.call(0))
    with pytest.raises(RenderError, match="kadr_process returned 2"):
        effect.frame(kit.call(1))
    assert lab.runtime.counters()["org.evil/test.guest"]["instances"] == 1


def test_breaker_backs_off() -> None:
    breaker = Breaker()
    waits = []
    for _ in range(8):
        assert breaker.allows()
        breaker.open()
        waits.append(next(n for n in range(5000) if breaker.allows()))
    assert waits == [16, 32, 64, 128, 256, 512, 1024, 1024]


# -- what is not run ---------------------------------------------------------------------------


def test_a_policy_that_there_is_not(lab: Any, kit: Any) -> None:
    with pytest.raises(InternalError, match="'ask' is not one of fail, skip, hold"):
        lab.load(kit.COPY).bind("ask")


def test_a_guest_is_loaded_once(lab: Any, kit: Any) -> None:
    assert lab.load(kit.COPY) is lab.load(kit.COPY)
    assert lab.load(kit.COPY) is not lab.load(kit.COPY, plugin="org.other")
    assert lab.load(kit.COPY, halo=1).declaration.halo == 1
