from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kadr_effects.colors import codes
from kadr_sdk.color import BT709

KEY = (0.0, 0.69, 0.25, 1.0)


def formula(frame: Any, key: Any, similarity: float, blend: float) -> np.ndarray:
    """libavfilter's chromakey in floats, with repeated edges."""
    peak = 1023 if "10" in frame.format else 255
    rows, columns = (s // p for s, p in zip(frame.planes[0].shape, frame.planes[1].shape, strict=True))
    u, v = (p.astype(float).repeat(rows, 0).repeat(columns, 1) for p in frame.planes[1:3])
    wide = np.pad(np.hypot(u - key[1], v - key[2]) / (peak * 2**0.5), 1, mode="edge")
    height, width = u.shape
    mean = sum(wide[y : y + height, x : x + width] for y in range(3) for x in range(3)) / 9
    return np.clip((mean - similarity) / blend, 0, 1) * peak


@pytest.mark.parametrize("format", ["yuva420p", "yuva422p", "yuva444p", "yuva420p10le"])
def test_formula(format: str, lab: Any, noise: Any) -> None:
    frame, one = noise(format, 8), 4 if "10" in format else 1
    frame.planes[3][...] = 255 if one == 1 else 1023
    out = lab("effect", "chroma_key").frame(frame, color=KEY, similarity=0.2, blend=0.3)
    expected = formula(frame, codes(KEY, format, BT709), 0.2, 0.3)
    assert np.abs(out.planes[3] - expected).max() <= one
    for number in range(3):
        np.testing.assert_array_equal(out.planes[number], frame.planes[number])


def test_agrees_with_libavfilter_inside(lab: Any, noise: Any) -> None:
    from kadr_sdk.effects import FilterSpec

    run = lab("effect", "blur").native.__globals__["run_chain"]
    frame = noise("yuva420p", 8)
    frame.planes[3][...] = 255
    _, u, v, _ = codes(KEY, "yuva420p", BT709)
    spec = FilterSpec.of("chromakey", color=f"0x80{u:02x}{v:02x}", yuv=1, similarity=0.2, blend=0.3)
    (native,) = run([spec], [[frame]])
    out = lab("effect", "chroma_key").frame(frame, color=KEY, similarity=0.2, blend=0.3)
    inside = np.s_[1:-1, 1:-1]
    assert np.abs(out.planes[3][inside].astype(int) - native.planes[3][inside]).max() <= 1


def test_screen_subject_and_hard_edge(lab: Any, flat: Any) -> None:
    key = lab("effect", "chroma_key")
    screen = flat((*codes(KEY, "yuv444p", BT709), 255), "yuva444p")
    assert key.frame(screen, color=KEY).planes[3].max() == 0
    skin = flat((*codes((0.8, 0.6, 0.5, 1), "yuv444p", BT709), 255), "yuva444p")
    assert key.frame(skin, color=KEY).planes[3].min() == 255
    screen.planes[1][:, 30:], screen.planes[2][:, 30:] = 128, 160
    alpha = key.frame(screen, color=KEY, blend=0.0).planes[3]
    assert set(np.unique(alpha).tolist()) == {0, 255}


def test_alpha_of_the_picture_is_kept_below_the_key(lab: Any, flat: Any) -> None:
    skin = flat((*codes((0.8, 0.6, 0.5, 1), "yuv444p", BT709), 100), "yuva444p")
    assert set(lab("effect", "chroma_key").frame(skin, color=KEY).planes[3].ravel().tolist()) == {100}


def test_odd_sizes(lab: Any, noise: Any) -> None:
    assert lab("effect", "chroma_key").frame(noise("yuva420p", 1, (65, 33))).planes[3].shape == (33, 65)
