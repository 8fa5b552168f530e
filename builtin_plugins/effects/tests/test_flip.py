from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.mark.parametrize("format", ["yuv420p", "yuva444p10le"])
@pytest.mark.parametrize(("across", "down"), [(True, False), (False, True), (True, True), (False, False)])
def test_mirrors(across: bool, down: bool, format: str, lab: Any, noise: Any) -> None:
    flip, frame = lab("effect", "flip"), noise(format, 1)
    out = flip.frame(frame, horizontal=across, vertical=down)
    (native,) = flip.native([frame], horizontal=across, vertical=down)
    for before, a, b in zip(frame.planes, out.planes, native.planes, strict=True):
        expected = np.fliplr(before) if across else before
        expected = np.flipud(expected) if down else expected
        np.testing.assert_array_equal(a, expected)
        np.testing.assert_array_equal(b, expected)
