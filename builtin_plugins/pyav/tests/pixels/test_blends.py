"""Every blend mode against its formula, written here a second time, pixel by pixel where it can be."""

from __future__ import annotations

import colorsys
import math
from typing import Any

import numpy as np
import pytest
from kadr_pyav.blends import BLENDS
from kadr_sdk.color import BT709, Color
from kadr_sdk.frames import pixel_format
from kadr_sdk.plan import Place, Solid

PC = Color("gbr", "bt709", "bt709", "pc")


def soft_light(b: float, s: float) -> float:
    if s <= 0.5:
        return b - (1 - 2 * s) * b * (1 - b)
    return b + (2 * s - 1) * ((((16 * b - 12) * b + 4) * b if b <= 0.25 else math.sqrt(b)) - b)


def dodge(b: float, s: float) -> float:
    return 0.0 if b == 0 else 1.0 if s >= 1 else min(1.0, b / (1 - s))


def burn(b: float, s: float) -> float:
    return 1.0 if b == 1 else 0.0 if s <= 0 else 1 - min(1.0, (1 - b) / s)


def hard_light(b: float, s: float) -> float:
    return 2 * b * s if s <= 0.5 else 1 - 2 * (1 - b) * (1 - s)


SEPARABLE = {
    "normal": lambda b, s: s,
    "multiply": lambda b, s: b * s,
    "screen": lambda b, s: b + s - b * s,
    "overlay": lambda b, s: hard_light(s, b),
    "hard-light": hard_light,
    "soft-light": soft_light,
    "darken": min,
    "lighten": max,
    "add": lambda b, s: b + s,
    "subtract": lambda b, s: b - s,
    "difference": lambda b, s: abs(b - s),
    "exclusion": lambda b, s: b + s - 2 * b * s,
    "color-dodge": dodge,
    "color-burn": burn,
    "divide": lambda b, s: 0.0 if b == 0 else 1.0 if s == 0 else b / s,
    "average": lambda b, s: (b + s) / 2,
    "negation": lambda b, s: 1 - abs(1 - b - s),
    "linear-burn": lambda b, s: b + s - 1,
    "linear-light": lambda b, s: b + 2 * s - 1,
    "vivid-light": lambda b, s: burn(b, 2 * s) if s <= 0.5 else dodge(b, 2 * s - 1),
    "pin-light": lambda b, s: min(b, 2 * s) if s <= 0.5 else max(b, 2 * s - 1),
    "hard-mix": lambda b, s: float(b + s >= 1),
}


def lum(c: Any) -> float:
    return 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]


def set_lum(c: Any, wanted: float) -> list[float]:
    """SetLum and ClipColor as the W3C writes them."""
    c = [x + wanted - lum(c) for x in c]
    light, low, high = lum(c), min(c), max(c)
    if low < 0:
        c = [light + (x - light) * light / (light - low) for x in c]
    if high > 1:
        c = [light + (x - light) * (1 - light) / (high - light) for x in c]
    return c


def set_sat(c: Any, wanted: float) -> list[float]:
    """By the hue of another model: hue and order of the channels are what SetSat keeps."""
    hue = colorsys.rgb_to_hsv(*c)[0]
    full = colorsys.hsv_to_rgb(hue, 1.0, 1.0) if max(c) > min(c) else (0.0, 0.0, 0.0)
    return [x * wanted for x in full]


def sat(c: Any) -> float:
    return max(c) - min(c)


WHOLE = {
    "hue": lambda b, s: set_lum(set_sat(s, sat(b)), lum(b)),
    "saturation": lambda b, s: set_lum(set_sat(b, sat(s)), lum(b)),
    "color": lambda b, s: set_lum(s, lum(b)),
    "luminosity": lambda b, s: set_lum(b, lum(s)),
    "darker-color": lambda b, s: s if lum(s) < lum(b) else b,
    "lighter-color": lambda b, s: s if lum(s) > lum(b) else b,
}


def expected(name: str, base: Any, layer: Any) -> Any:
    """RGB of shape (height, width, 3), 0..1."""
    if name in SEPARABLE:
        return np.clip(np.vectorize(SEPARABLE[name], otypes=[float])(base, layer), 0, 1)
    rows = zip(base.reshape(-1, 3), layer.reshape(-1, 3), strict=True)
    found = [WHOLE[name](list(b), list(s)) for b, s in rows]
    return np.clip(np.array(found).reshape(base.shape), 0, 1)


def rgb_of(picture: Any, top: int) -> Any:
    green, blue, red = picture.planes[:3] if hasattr(picture, "planes") else picture[:3]
    return np.stack([red, green, blue], axis=-1) / top


def test_every_mode_has_its_formula_here() -> None:
    assert set(SEPARABLE) | set(WHOLE) == BLENDS
    assert len(BLENDS) >= 28


@pytest.mark.parametrize("name", sorted(SEPARABLE | WHOLE))
def test_formulas(studio, noise, name: str) -> None:
    base, layer = noise(1, "gbrp", color=PC), noise(2, "gbrp", color=PC)
    for picture, shift in ((base, 0), (layer, 4)):  # black and white, alone and together
        for plane in picture.planes:
            plane[0, shift : shift + 8] = [0, 0, 255, 255] * 2
    node = Place(studio.clip(lambda k: base), studio.clip(lambda k: layer), 32, 24, 64, 48, blend=name)
    found = rgb_of(studio.planes(node), 255)
    off = np.abs(found - expected(name, rgb_of(base, 255), rgb_of(layer, 255))) * 255
    if name in ("hard-mix", "darker-color", "lighter-color"):  # a step: next to it a code decides
        assert np.mean(off > 1.01) < 0.01
    else:
        assert off.max() <= 2.1


@pytest.mark.parametrize("name", ["screen", "soft-light", "luminosity"])
@pytest.mark.parametrize("format", ["yuv420p", "yuv444p10le", "yuva422p10le", "yuv444p16le"])
def test_formulas_on_the_canvases_of_renders(studio, format: str, name: str) -> None:
    shades = (0.8, 0.4, 0.3), (0.3, 0.5, 0.7)
    base, layer = (Solid((*rgb, 1.0), 64, 48, format, BT709, 10) for rgb in shades)
    found = studio.planes(Place(base, layer, 32, 24, 64, 48, blend=name))
    red, green, blue = expected(name, *(np.array([[rgb]]) for rgb in shades))[0, 0]
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    chroma = (blue - luma) / 1.8556, (red - luma) / 1.5748
    unit = 1 << (pixel_format(format).depth - 8)
    wanted = [16 + 219 * luma, *(128 + 224 * c for c in chroma)]
    assert [float(p[9, 9]) / unit for p in found[:3]] == pytest.approx(wanted, abs=1.6)


@pytest.mark.parametrize("name", ["multiply", "hue"])
def test_a_blend_over_nothing_is_the_layer(studio, name: str) -> None:
    """Where the base is transparent there is nothing to blend with (W3C, §5.2)."""
    clear = Solid((0.0, 0.0, 0.0, 0.0), 64, 48, "yuva444p", BT709, 10)
    layer = Solid((0.2, 0.6, 0.4, 1.0), 64, 48, "yuv444p", BT709, 10)
    found = studio.planes(Place(clear, layer, 32, 24, 64, 48, blend=name))
    alone = studio.planes(layer)
    assert [int(p[9, 9]) for p in found[:3]] == [int(p[9, 9]) for p in alone[:3]]
    assert int(found[3][9, 9]) == 255


def test_a_blend_over_half_of_a_base(studio) -> None:
    half = Solid((0.8, 0.8, 0.8, 0.5), 64, 48, "yuva444p", BT709, 10)
    layer = Solid((0.5, 0.5, 0.5, 1.0), 64, 48, "yuv444p", BT709, 10)
    found = studio.planes(Place(half, layer, 32, 24, 64, 48, blend="multiply"))
    share = 128 / 255
    wanted = 16 + 219 * ((1 - share) * 0.5 + share * 0.8 * 0.5)
    assert abs(int(found[0][9, 9]) - wanted) <= 1.5
