"""Guests of other kinds than filters: sound, data, and the content of files."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_sdk.audio_effects import SOUND_BLOCK, AudioCall
from kadr_sdk.errors import MediaFileError, RenderError
from kadr_sdk.frames import AudioBlock
from kadr_sdk.params import FilePath

# Output of channel c: the input plus a counter of calls, which kadr_reset sets back.
COUNTS = """
  (global $calls (mut f32) (f32.const 0))
  (func (export "kadr_reset") (global.set $calls (f32.const 0)))
  (func (export "kadr_process") (param $job i32) (result i32)
    (local $in i32) (local $out i32) (local $c i32) (local $n i32) (local $from i32) (local $to i32)
    (global.set $calls (f32.add (global.get $calls) (f32.const 1)))
    (local.set $in (i32.load offset=92 (local.get $job)))
    (local.set $out (i32.load offset=100 (local.get $job)))
    (loop $channel
      (local.set $from (i32.load (i32.add (i32.load offset=40 (local.get $in))
                                          (i32.shl (local.get $c) (i32.const 2)))))
      (local.set $to (i32.load (i32.add (i32.load offset=40 (local.get $out))
                                        (i32.shl (local.get $c) (i32.const 2)))))
      (local.set $n (i32.const 0))
      (loop $sample
        (f32.store (local.get $to) (f32.add (f32.load (local.get $from)) (global.get $calls)))
        (local.set $from (i32.add (local.get $from) (i32.const 4)))
        (local.set $to (i32.add (local.get $to) (i32.const 4)))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $sample (i32.lt_u (local.get $n) (i32.load offset=28 (local.get $out)))))
      (local.set $c (i32.add (local.get $c) (i32.const 1)))
      (br_if $channel (i32.lt_u (local.get $c) (i32.load offset=12 (local.get $out)))))
    (i32.const 0))
"""


def block(first: int = 0, inputs: int = 1, channels: int = 2) -> AudioCall:
    samples = np.arange(channels * SOUND_BLOCK, dtype=np.float32).reshape(channels, -1) / 4096
    given = [AudioBlock(samples, 48000, first) for _ in range(inputs)]
    return AudioCall(given, {}, first, SOUND_BLOCK, 48000, "stereo", channels, 96000, 7)


def test_a_guest_remembers_from_block_to_block(lab: Any, kit: Any) -> None:
    effect = lab.use(kit.COMMON + COUNTS, kind="audio_filter", state="sequential")
    one, other = copy.copy(effect), copy.copy(effect)
    for number in (1, 2, 3):
        call = block((number - 1) * SOUND_BLOCK)
        np.testing.assert_array_equal(one.process(call).samples, call.inputs[0].samples + np.float32(number))
    assert other.process(block()).samples[0, 0] == 1
    one.reset()
    assert one.process(block()).samples[0, 0] == 1


@pytest.mark.parametrize("body", ["(unreachable)", "(i32.const 1)", "(loop $l (br $l)) (i32.const 0)"])
def test_sound_that_fails(lab: Any, kit: Any, body: str) -> None:
    text = kit.process(body)
    with pytest.raises(RenderError, match=r"the effect test\.guest of plugin org\.evil failed at 0\.021 s"):
        lab.use(text, kind="audio_filter").process(block(1024))
    call = block()
    passed = lab.use(text, on_failure="skip", kind="audio_filter").process(call)
    np.testing.assert_array_equal(passed.samples, call.inputs[0].samples)
    silent = lab.use(text, on_failure="hold", kind="audio_generator").process(block(inputs=0))
    assert not silent.samples.any()
    assert len(lab.warned) == 2


def test_what_is_no_number_is_silence(lab: Any, kit: Any) -> None:
    text = kit.process(
        """(memory.fill (i32.load (i32.load offset=40 (i32.load offset=100 (local.get $job))))
             (i32.const 255) (i32.const 4096)) (i32.const 0)"""
    )
    made = lab.use(text, kind="audio_generator").process(block(inputs=0, channels=1))
    assert made.samples.shape == (1, SOUND_BLOCK)
    assert not made.samples.any()


def says(text: str) -> str:
    """A process function that writes a text."""
    stores = "".join(
        f"(i32.store8 (i32.add (i32.load offset=104 (local.get $job)) (i32.const {n})) (i32.const {byte}))"
        for n, byte in enumerate(text.encode())
    )
    return f"{stores} (i32.store offset=112 (local.get $job) (i32.const {len(text.encode())})) (i32.const 0)"


def test_an_analyzer_says_an_object(lab: Any, kit: Any) -> None:
    analyzer = lab.use(kit.process(says('{"a":[1,2.5],"é":null}')), kind="analyzer")
    assert analyzer.measure(kit.call()) == {"a": [1, 2.5], "é": None}
    assert lab.use(kit.process(says("")), kind="analyzer").measure(kit.call()) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1]", "a table is expected"),
        ('{"a":NaN}', "NaN is not a number"),
        ('{"a":1,"a":2}', "a key is given twice"),
        ('{"a":', "Expecting value"),
        ("[" * 3000, "recursion"),
    ],
)
def test_words_that_are_no_object(lab: Any, kit: Any, text: str, reason: str) -> None:
    with pytest.raises(RenderError, match=f"not a JSON object: .*{reason}"):
        lab.use(kit.process(says(text)), kind="analyzer").measure(kit.call())
    skipped = lab.use(kit.process(says(text)), on_failure="skip", kind="analyzer")
    assert skipped.measure(kit.call()) is None
    assert len(lab.warned) == 1


def test_more_words_than_there_is_room_for(lab: Any, kit: Any) -> None:
    body = "(i32.store offset=112 (local.get $job) (i32.const 0x7fffffff)) (i32.const 0)"
    with pytest.raises(RenderError, match="it says 2147483647 bytes of data where 65536 have room"):
        lab.use(kit.process(body), kind="analyzer").measure(kit.call())


# The first byte of the file, and its length as far as a byte goes, in the first two pixels.
READS = """(local $at i32) (local $out i32)
  (local.set $at (i32.load offset=72 (local.get $job)))
  (local.set $out (i32.load offset=64 (i32.load offset=88 (local.get $job))))
  (if (i32.load (local.get $at))
    (then (i32.store8 (local.get $out) (i32.load8_u (i32.load (local.get $at))))))
  (i32.store8 offset=1 (local.get $out) (i32.load offset=4 (local.get $at)))
  (i32.const 0)"""


def test_a_file_reaches_a_guest_as_bytes(lab: Any, kit: Any, tmp_path: Path) -> None:
    path = tmp_path / "table.bin"
    path.write_bytes(b"Abc")
    effect = lab.use(kit.process(READS), params=[{"name": "table", "type": "file"}])
    call = kit.call()
    for number in range(3):  # the second frame finds the bytes where they are
        made = effect.frame(replace(call, frame=number, values={"table": FilePath(str(path))}))
        assert list(made.planes[0][0, :2]) == [ord("A"), 3]
    assert list(effect.frame(replace(call, values={"table": None})).planes[0][0, :2]) == [0, 0]


def test_a_file_that_a_guest_is_not_given(lab: Any, kit: Any, tmp_path: Path) -> None:
    guest = lab.load(kit.process(READS), params=[{"name": "table", "type": "file"}])
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate((16 << 20) + 1)
    with pytest.raises(MediaFileError, match="is larger than the 16777216 bytes that a guest is given"):
        guest.check({"table": FilePath(str(path))})
    with pytest.raises(MediaFileError, match="cannot be read"):
        guest.check({"table": FilePath(str(tmp_path / "none"))})
    guest.check({"table": None})


def test_scale_and_purpose_reach_a_guest(lab: Any, kit: Any) -> None:
    body = """(local $out i32) (local.set $out (i32.load offset=64 (i32.load offset=88 (local.get $job))))
      (i32.store8 (local.get $out) (i32.load offset=4 (local.get $job)))
      (i32.store8 offset=1 (local.get $out)
        (i32.trunc_f64_u (f64.mul (f64.const 8) (f64.load offset=128 (local.get $job)))))
      (i32.const 0)"""
    effect = lab.use(kit.process(body))
    for purpose, scale, expected in (("export", 1.0, [4, 8]), ("preview", 0.25, [1, 2]), ("", 2.0, [0, 16])):
        made = effect.frame(replace(kit.call(), purpose=purpose, scale=scale))
        assert list(made.planes[0][0, :2]) == expected
