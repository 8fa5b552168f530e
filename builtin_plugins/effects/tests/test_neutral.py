"""Neutral values are known to the planner, and nothing jumps when a value starts to move."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

# value barely off neutral, and by how many codes a full-range noise may move
NEAR: dict[str, tuple[dict[str, float], int]] = {
    "brightness": ({"value": 1e-4}, 1),
    "contrast": ({"value": 1.0001}, 1),
    "saturation": ({"value": 0.9999}, 1),
    "gamma": ({"value": 1.0001}, 1),
    "exposure": ({"stops": 1e-4}, 1),
    "hue": ({"angle": 0.01}, 1),
    "temperature": ({"value": 1e-4}, 1),
    "sepia": ({"amount": 1e-4}, 1),
    "invert": ({"amount": 1e-4}, 1),
    "grayscale": ({"amount": 1e-4}, 1),
    "sharpen": ({"amount": 1e-4}, 1),
    "vignette": ({"amount": 1e-4}, 1),
    "glow": ({"amount": 1e-4}, 1),
    "blur": ({"radius": 0.02}, 1),
}


@pytest.mark.parametrize("format", ["yuv420p", "yuv444p10le", "yuva422p"])
@pytest.mark.parametrize("name", NEAR)
def test_nothing_jumps_near_neutral(name: str, format: str, lab: Any, noise: Any) -> None:
    effect, (given, bound) = lab("effect", name), NEAR[name]
    frame = noise(format, 3)
    outs = [effect.frame(frame, **given)]
    if hasattr(effect.effect, "filters") and effect.specs(format, **given) is not None:
        outs += effect.native([frame], **given)
    for out in outs:
        for a, b in zip(frame.planes, out.planes, strict=True):
            assert np.abs(a.astype(int) - b).max() <= bound


@pytest.mark.parametrize("name", NEAR)
def test_the_neutral_value_drops_the_effect(name: str, lab: Any) -> None:
    declaration = lab("effect", name).declaration
    neutral = {p.name: p.parse(p.default if p.neutral is None else p.neutral) for p in declaration.params}
    assert declaration.neutral(neutral)
    assert not declaration.neutral(lab("effect", name).values(NEAR[name][0]))


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "gamma", "exposure", "invert"])
def test_legal_pictures_stay_legal(name: str, lab: Any, noise: Any) -> None:
    effect = lab("effect", name)
    frame = noise("yuv420p", 4, legal=True)
    key = effect.declaration.params[0]
    for value in (key.min, key.max, key.display_max):
        out = effect.frame(frame, **{key.name: value})
        assert out.planes[0].min() >= 16
        assert out.planes[0].max() <= 235
        assert out.planes[1].min() >= 16
        assert out.planes[2].max() <= 240


def test_super_white_is_neither_cut_nor_pushed_further(lab: Any, flat: Any) -> None:
    frame = flat((250, 128, 128))
    brightness = lab("effect", "brightness")
    assert int(brightness.frame(frame, value=0.5).planes[0][0, 0]) == 250
    assert int(brightness.frame(frame, value=-0.1).planes[0][0, 0]) == 228
