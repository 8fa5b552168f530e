"""Synthetic pictures and sound are what they say, so that tests may trust them; and the clock."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.frames import FORMATS, pixel_format
from kadr_sdk.testing.clock import FakeClock
from kadr_sdk.testing.synthetic import BITS, barcode_frame, clicks, read_barcode, tone


@given(
    st.integers(0, (1 << BITS) - 2),
    st.sampled_from(sorted(FORMATS)),
    st.integers(44, 200),
    st.integers(12, 99),
)
def test_a_number_is_read_back_in_every_format_and_size(
    number: int, name: str, width: int, height: int
) -> None:
    frame = barcode_frame(number, width, height, name)
    layout = pixel_format(name)
    picture = frame.planes[0][..., 0] if layout.packed else frame.planes[0]
    assert read_barcode(picture) == number
    assert all(int(plane.max()) < 1 << layout.depth for plane in frame.planes)


def test_it_survives_halving_noise_and_another_range() -> None:
    luma = barcode_frame(123_456, 320, 180).planes[0].astype(float)
    rng = np.random.default_rng(1)
    worn = luma[::2, ::2] * 0.7 + 20 + rng.normal(0, 6, luma[::2, ::2].shape)
    assert read_barcode(worn) == 123_456


def test_neighbours_differ_below_the_bars_too() -> None:
    a, b = (barcode_frame(n, 64, 36).planes[0][20:] for n in (7, 8))
    assert (a != b).any()


def test_what_holds_no_number() -> None:
    assert read_barcode(np.full((36, 64), 90, np.uint8)) is None
    flipped = barcode_frame(1, 320, 180).planes[0][:, ::-1]
    assert read_barcode(flipped) != 1
    mixed = barcode_frame(1, 320, 180).planes[0] // 2 + barcode_frame(2, 320, 180).planes[0] // 2
    assert read_barcode(mixed) is None


@pytest.mark.parametrize(("number", "width"), [(-1, 320), ((1 << BITS) - 1, 320), (5, 43)])
def test_what_does_not_fit(number: int, width: int) -> None:
    with pytest.raises(ValueError, match="needs two pixels a bar"):
        barcode_frame(number, width)


def test_clicks_and_tones() -> None:
    sound = clicks([Fraction(1, 2)], Fraction(1), 8000)
    assert sound.shape == (2, 8000)
    assert np.flatnonzero(sound[0]).tolist() == [4000]
    wave = tone(1000, Fraction(1, 10), 8000, channels=1, level=0.5)
    assert wave.shape == (1, 800)
    spectrum = np.abs(np.fft.rfft(wave[0]))
    assert int(spectrum.argmax()) == 100
    assert abs(float(np.abs(wave).max()) - 0.5) < 1e-6


def test_the_clock_moves_when_told_to() -> None:
    clock = FakeClock(10)
    clock.advance(2.5)
    assert clock.monotonic() == clock.now() == 12.5
    with pytest.raises(ValueError, match="does not run backwards"):
        clock.advance(-1)
