"""Pictures against what was noted of them: what a coarse quantizer explains, and what it does not."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import pytest
from kadr_pyav.check_pictures import Oddity, PictureNotes, compare, discolored, held_back
from kadr_pyav.facts import fields_of, hue_of, samples_of

SECONDS, RATE = 3, 25
FADE = np.linspace(16, 235, SECONDS * RATE).round().astype(int)


def shown(levels: Any, *, moving: bool = False) -> PictureNotes:
    notes = PictureNotes()
    for frame in frames(levels, moving=moving):
        notes.note(frame)
    return notes


def noted(levels: Any, *, moving: bool = False) -> tuple[bytes, ...]:
    return tuple(bytes(fields_of(samples_of(frame), 8)) for frame in frames(levels, moving=moving))


def frames(levels: Any, *, moving: bool) -> Any:
    for number, level in enumerate(levels):
        picture = np.full((96, 64), level, np.uint8)
        if moving:  # another field is bright in each frame
            row, column = divmod(number * 5 % 16, 4)
            picture[row * 16 : row * 16 + 16, column * 16 : column * 16 + 16] = 235
        picture[64:] = 128
        yield av.VideoFrame.from_ndarray(picture, "yuv420p")


def kinds(found: list[Any]) -> set[str]:
    return {odd.kind for odd in found}


def test_steps_of_a_fade_are_held_back_by_a_coarse_quantizer_alone() -> None:
    stairs = FADE[np.arange(len(FADE)) // 3 * 3]  # each third frame is shown three times
    assert compare(shown(FADE), noted(FADE)) == []
    assert kinds(compare(shown(stairs), noted(FADE), 23)) >= {"frozen"}
    assert compare(shown(stairs), noted(FADE), 51) == []


@pytest.mark.parametrize("quantizer", [0, 23, 51])
def test_what_is_further_off_is_told_at_any_quality(quantizer: float) -> None:
    dark, still = FADE.copy(), FADE.copy()
    dark[60] = 16
    still[30:70] = still[30]
    assert [(o.kind, o.first) for o in compare(shown(dark), noted(FADE), quantizer)] == [("black", 60)]
    found = compare(shown(still), noted(FADE), quantizer)
    assert kinds(found) == {"frozen"}
    assert found[-1].end == 70


def test_what_moves_is_compared_as_closely_at_any_quality() -> None:
    level = [40] * 40
    wanted = noted(level, moving=True)
    order = [*range(20), 19, *range(21, 40)]
    notes = PictureNotes()
    all_frames = list(frames(level, moving=True))
    for number in order:
        notes.note(all_frames[number])
    assert [(o.kind, o.first) for o in compare(notes, wanted, 30)] == [("repeated", 20)]


def test_an_eighth_of_a_step_of_quantization() -> None:
    assert held_back(0) == held_back(23) == 2.5
    assert held_back(43) == pytest.approx(11.22, abs=0.01)
    assert held_back(63) == held_back(51) == pytest.approx(28.28, abs=0.01)


def test_a_hue_is_two_means_in_codes_of_eight_bits() -> None:
    planes = np.concatenate([np.full((32, 32), 400), np.full((8, 32), 240), np.full((8, 32), 804)])
    deep = av.VideoFrame.from_ndarray(planes.astype(np.uint16), "yuv420p10le")
    assert hue_of(deep) == bytes([60, 201])
    assert hue_of(deep.reformat(format="gray")) == b""


def test_other_colours_are_told_once_where_they_last() -> None:
    notes = shown(FADE)
    assert set(notes.hues) == {bytes([128, 128])}
    near = [bytes([136, 120])] * len(FADE)
    assert discolored(notes, tuple(near)) is None
    assert discolored(notes, (b"",) * len(FADE)) is None
    few = [bytes([0, 0])] * 5 + near[5:]
    assert discolored(notes, tuple(few)) is None
    long = near[:20] + [bytes([128, 90])] * 30 + near[50:]
    assert discolored(notes, tuple(long)) == Oddity("hue", 20, 50)
