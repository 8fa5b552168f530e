"""A mix that is read as a file is: from anywhere, backwards in pieces, with few files open."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from kadr_pyav import inner_mix
from kadr_pyav.inner_mix import SoundMix, at_once
from kadr_pyav.sound import Samples
from kadr_sdk.plan import AudioClip, AudioPlan

PLAN = AudioPlan(48000, "stereo", 2, 1000, ())
WHOLE = np.arange(2000, dtype=np.float32).reshape(2, 1000)


def run(_plan: AudioPlan) -> Iterator[Samples]:
    for first in range(0, 1000, 300):
        yield WHOLE[:, first : first + 300]


@pytest.mark.parametrize("start", [0, 1, 299, 300, 750, 1000, 1200])
def test_forwards_from_anywhere(start: int) -> None:
    pieces = list(SoundMix(PLAN, run).forwards(start))
    found = np.concatenate([np.zeros((2, 0), np.float32), *pieces], axis=1)
    np.testing.assert_array_equal(found, WHOLE[:, start:])


def test_before_its_beginning_there_is_silence() -> None:
    found = np.concatenate(list(SoundMix(PLAN, run).forwards(-70)), axis=1)
    assert not found[:, :70].any()
    np.testing.assert_array_equal(found[:, 70:], WHOLE)


@pytest.mark.parametrize("held", [200, 360, 1 << 20])
@pytest.mark.parametrize(("end", "count"), [(1000, 1000), (640, 600), (1100, 500), (300, 450)])
def test_backwards_in_pieces(held: int, end: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inner_mix, "_BACKWARD_SAMPLES", held)
    found = np.concatenate(list(SoundMix(PLAN, run).backwards(end, count)), axis=1)
    wide = np.pad(WHOLE, ((0, 0), (1000, 1000)))
    np.testing.assert_array_equal(found, wide[:, 1000 + end - count : 1000 + end][:, ::-1])


def test_how_many_sound_at_once() -> None:
    def clip(start: int, count: int, mix: AudioPlan | None = PLAN) -> AudioClip:
        return AudioClip("", -1, start, count, Fraction(0), mix=mix)

    assert at_once([]) == at_once([clip(0, 9, None)]) == 0
    assert at_once([clip(0, 10), clip(10, 10), clip(20, 10)]) == 1
    assert at_once([clip(0, 10), clip(9, 10), clip(0, 100, None), clip(5, 3)]) == 2
