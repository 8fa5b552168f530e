"""Keyframed parameters: every frame looks as with its value alone; both implementations agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kadr_sdk.curves import Samples

SWEEPS = {
    "brightness": {"value": (-1.0, -0.1, 0.001, 0.3, 1.0)},
    "contrast": {"value": (0.0, 0.5, 1.01, 2.0, 10.0)},
    "saturation": {"value": (0.0, 0.5, 1.01, 2.0, 10.0)},
    "gamma": {"value": (0.1, 0.5, 1.01, 2.2, 10.0)},
    "exposure": {"stops": (-10.0, -1.0, 0.01, 0.5, 3.0)},
    "hue": {"angle": (-180.0, -37.3, 0.01, 90.0, 359.0)},
    "invert": {"amount": (0.0, 0.3, 0.5, 0.9, 1.0)},
    "grayscale": {"amount": (0.0, 0.3, 0.5, 0.9, 1.0)},
    "pixelate": {"size": (1.0, 2.0, 5.0, 16.0, 100.0)},
    "blur": {"radius": (0.0, 0.5, 3.0, 10.0, 1.0)},
}
FORMATS = ("yuv420p", "yuv444p", "yuv422p10le", "yuv420p10le", "yuva420p")
UNEQUAL = ("blur",)  # float against integer maths: test_blur.py bounds the difference


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", SWEEPS)
def test_commands_act_on_the_very_frame(name: str, format: str, lab: Any, noise: Any) -> None:
    effect, ((key, values),) = lab("effect", name), SWEEPS[name].items()
    frames = [noise(format, seed) for seed in range(len(values))]
    animated = effect.native(frames, **{key: Samples(values)})
    for frame, value, moved in zip(frames, values, animated, strict=True):
        (alone,) = effect.native([frame], **{key: value})
        for a, b in zip(moved.planes, alone.planes, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"{key}={value}")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", [n for n in SWEEPS if n not in UNEQUAL])
def test_native_and_python_give_the_same_bits(name: str, format: str, lab: Any, noise: Any) -> None:
    effect, ((key, values),) = lab("effect", name), SWEEPS[name].items()
    for seed, value in enumerate(values):
        frame = noise(format, seed, (65, 33) if name != "pixelate" else (66, 34))
        (native,) = effect.native([frame], **{key: value})
        for a, b in zip(native.planes, effect.frame(frame, **{key: value}).planes, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"{key}={value}")


@pytest.mark.parametrize("name", SWEEPS)
def test_a_constant_needs_no_command(name: str, lab: Any) -> None:
    ((key, values),) = SWEEPS[name].items()
    assert all(not spec.commands for spec in lab("effect", name).specs("yuv420p", 5, **{key: values[1]}))


@pytest.mark.parametrize("name", ["brightness", "gamma", "contrast"])
def test_formats_that_the_filter_would_change_are_left_to_python(name: str, lab: Any, noise: Any) -> None:
    effect = lab("effect", name)
    assert effect.specs("yuva420p10le") is None
    frame = noise("yuva420p10le")
    out = effect.frame(frame, value=1.0)
    np.testing.assert_array_equal(out.planes[3], frame.planes[3])


def test_full_range_is_told_apart(lab: Any, noise: Any) -> None:
    from dataclasses import replace

    from kadr_sdk.color import BT709

    full = replace(BT709, range="pc")
    frame = noise("yuv444p", color=full)
    effect = lab("effect", "brightness")
    (native,) = effect.native([frame], value=0.1)
    expected = np.clip(np.floor(frame.planes[0] + 25.5 + 0.5), 0, 255)
    np.testing.assert_array_equal(native.planes[0], expected)
    np.testing.assert_array_equal(effect.frame(frame, value=0.1).planes[0], expected)
