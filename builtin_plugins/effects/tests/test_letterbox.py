"""Letterbox: bars of the right size, the picture inside untouched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("aspect", "inside"),
    [
        (2.0, (slice(20, 60), slice(0, 80))),
        (0.5, (slice(0, 80), slice(20, 60))),
        (1.0, (slice(0, 80), slice(0, 80))),
        (80 / 39, (slice(20, 60), slice(0, 80))),  # 20.5 rows: on the grid of chroma
        (10.0, (slice(36, 44), slice(0, 80))),
    ],
)
def test_bars(aspect: float, inside: tuple[slice, slice], lab: Any, noise: Any) -> None:
    frame = noise("yuv420p", 1, (80, 80))
    out = lab("effect", "letterbox").frame(frame, aspect=aspect, color="#ffffff")
    seen = np.zeros((80, 80), bool)
    seen[inside] = True
    np.testing.assert_array_equal(out.planes[0], np.where(seen, frame.planes[0], 235))
    for number in (1, 2):
        small = np.where(seen[::2, ::2], frame.planes[number], 128)
        np.testing.assert_array_equal(out.planes[number], small)


def test_a_transparent_picture_gets_solid_bars(lab: Any, noise: Any) -> None:
    frame = noise("yuva444p10le", 1, (80, 80))
    out = lab("effect", "letterbox").frame(frame, aspect=2.0)
    assert [int(p[0, 0]) for p in out.planes] == [64, 512, 512, 1023]
    np.testing.assert_array_equal(out.planes[3][20:60], frame.planes[3][20:60])
