from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kadr_sdk.curves import Samples

STEPS = (0.0, 0.1, 0.123456789, 0.25, 1 / 3, 0.5, 0.777, 0.999, 1.0)
FORMATS = ("yuv420p", "yuv444p10le", "yuv422p12le", "yuv420p16le")


@pytest.mark.parametrize("format", FORMATS)
def test_at_most_one_code_from_the_rounded_sum(format: str, lab: Any, noise: Any) -> None:
    dissolve = lab("transition", "dissolve")
    a, b = [noise(format, k) for k in range(9)], [noise(format, 100 + k) for k in range(9)]
    native = dissolve.native(a, b, progress=Samples(STEPS)) if "16" not in format else [None] * 9
    bound = 1 if "16" not in format else 130  # 8 bits of weight are left for 16 bit codes
    for k, p in enumerate(STEPS):
        out = dissolve.frame(a[k], b[k], progress=p)
        for number, plane in enumerate(out.planes):
            x, y = a[k].planes[number].astype(float), b[k].planes[number]
            assert np.abs(plane - np.floor(x * (1 - p) + y * p + 0.5)).max() <= bound
            if native[k] is not None:
                np.testing.assert_array_equal(native[k].planes[number], plane, err_msg=f"progress {p}")


@pytest.mark.parametrize("format", [*FORMATS, "yuva420p", "yuva444p10le"])
def test_a_clip_with_itself_is_that_clip(format: str, lab: Any, noise: Any) -> None:
    dissolve = lab("transition", "dissolve")
    frames = [noise(format, k) for k in range(len(STEPS))]
    if "yuva" not in format:
        for before, after in zip(
            frames, dissolve.native(frames, frames, progress=Samples(STEPS)), strict=True
        ):
            assert all(np.array_equal(x, y) for x, y in zip(before.planes, after.planes, strict=True))
    for frame, p in zip(frames, STEPS, strict=True):
        out = dissolve.frame(frame, frame, progress=p)
        assert all(np.array_equal(x, y) for x, y in zip(frame.planes, out.planes, strict=True))


@pytest.mark.parametrize("format", ["yuv420p", "yuva444p"])
def test_the_first_frame_is_the_outgoing_clip(format: str, lab: Any, noise: Any) -> None:
    a, b = noise(format, 1), noise(format, 2)
    for progress in (0.0, -0.3):  # an easing may undershoot
        out = lab("transition", "dissolve").frame(a, b, progress=progress)
        assert all(np.array_equal(x, y) for x, y in zip(a.planes, out.planes, strict=True))


def test_every_command_names_the_weights_of_its_frame(lab: Any) -> None:
    (spec,) = lab("transition", "dissolve").specs("yuv420p", 3, progress=Samples((0.0, 0.5, 1.7)))
    assert spec.commands == (("weights", ("1.0 0.0", "0.5 0.5", "0.0 1.0")),)


def test_hidden_colours_do_not_show(lab: Any, flat: Any) -> None:
    seen, hidden = flat((200, 90, 60, 255), "yuva444p"), flat((16, 240, 240, 0), "yuva444p")
    out = lab("transition", "dissolve").frame(seen, hidden, progress=0.5)
    assert [int(p[0, 0]) for p in out.planes] == [200, 90, 60, 128]
    assert lab("transition", "dissolve").specs("yuva444p", progress=0.5) is None
