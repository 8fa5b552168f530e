"""Blend modes that libavfilter has not, or has with another formula, in numpy over RGB.

``b`` is the base and ``s`` the layer, 0..1 and display-referred. Sums, products, quotients and
square roots alone, in single precision: every processor gives the same bits. Sources: W3C,
Compositing and Blending Level 1, §9 (soft-light, hue, saturation, color, luminosity); Adobe's
names for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FORMULAS", "blended_planes"]

Channel = NDArray[np.float32]
Rgb = tuple[Channel, Channel, Channel]
_BAND = 64  # rows worked on at once, so that the wide intermediates stay in the cache
_TINY = np.float32(1e-6)  # less than a code at 16 bit


def _each(formula: Callable[[Channel, Channel], Channel]) -> Callable[[Rgb, Rgb], Rgb]:
    """A separable mode: the same for red, green and blue."""

    def mix(base: Rgb, layer: Rgb) -> Rgb:
        red, green, blue = (formula(b, s) for b, s in zip(base, layer, strict=True))
        return red, green, blue

    return mix


def _soft_light(b: Channel, s: Channel) -> Channel:
    curve = np.where(b <= 0.25, ((16 * b - 12) * b + 4) * b, np.sqrt(b))
    return np.where(s <= 0.5, b - (1 - 2 * s) * b * (1 - b), b + (2 * s - 1) * (curve - b))


def _divide(b: Channel, s: Channel) -> Channel:
    """White over a black layer, but for black, which stays."""
    return np.where(b <= 0, 0, b / np.maximum(s, _TINY))


def _dodge(b: Channel, s: Channel) -> Channel:
    return np.where(b <= 0, 0, b / np.maximum(1 - s, _TINY))


def _burn(b: Channel, s: Channel) -> Channel:
    return 1 - np.minimum(np.where(b >= 1, 0, (1 - b) / np.maximum(s, _TINY)), 1)


def _vivid_light(b: Channel, s: Channel) -> Channel:
    return np.where(s <= 0.5, _burn(b, 2 * s), _dodge(b, 2 * s - 1))


def _pin_light(b: Channel, s: Channel) -> Channel:
    return np.where(s <= 0.5, np.minimum(b, 2 * s), np.maximum(b, 2 * s - 1))


def _hard_mix(b: Channel, s: Channel) -> Channel:
    return np.where(b + s >= np.float32(1) - _TINY, np.float32(1), np.float32(0))


def _lum(c: Rgb) -> Channel:
    light = c[0] * np.float32(0.3)
    light += c[1] * np.float32(0.59)
    light += c[2] * np.float32(0.11)
    return light


def _sat(c: Rgb) -> Channel:
    span: Channel = np.maximum(np.maximum(c[0], c[1]), c[2])
    span -= np.minimum(np.minimum(c[0], c[1]), c[2])
    return span


def _with_lum(c: Rgb, lum: Channel) -> Rgb:
    """The colour at another luminosity, pulled to grey where it would leave 0..1."""
    shift = lum - _lum(c)
    low = np.minimum(np.minimum(c[0], c[1]), c[2]) + shift
    high = np.maximum(np.maximum(c[0], c[1]), c[2]) + shift
    down = np.where(low < 0, lum / np.maximum(lum - low, _TINY), 1)
    up = np.where(high > 1, (1 - lum) / np.maximum(high - lum, _TINY), 1)
    share = np.minimum(down, up)
    red, green, blue = (lum + (x + shift - lum) * share for x in c)
    return red, green, blue


def _with_sat(c: Rgb, sat: Channel) -> Rgb:
    low, span = np.minimum(np.minimum(c[0], c[1]), c[2]), _sat(c)
    gain = np.where(span > 0, sat / np.maximum(span, _TINY), 0)
    red, green, blue = ((x - low) * gain for x in c)
    return red, green, blue


def _chosen(base: Rgb, layer: Rgb, take: NDArray[Any]) -> Rgb:
    red, green, blue = (np.where(take, s, b) for b, s in zip(base, layer, strict=True))
    return red, green, blue


FORMULAS: dict[str, Callable[[Rgb, Rgb], Rgb]] = {
    "soft-light": _each(_soft_light),
    "divide": _each(_divide),
    "average": _each(lambda b, s: (b + s) * np.float32(0.5)),
    "negation": _each(lambda b, s: 1 - np.abs(1 - b - s)),
    "linear-burn": _each(lambda b, s: b + s - 1),
    "linear-light": _each(lambda b, s: b + 2 * s - 1),
    "vivid-light": _each(_vivid_light),
    "pin-light": _each(_pin_light),
    "hard-mix": _each(_hard_mix),
    "color-dodge": _each(_dodge),
    "color-burn": _each(_burn),
    "darker-color": lambda b, s: _chosen(b, s, _lum(s) < _lum(b)),
    "lighter-color": lambda b, s: _chosen(b, s, _lum(s) > _lum(b)),
    "hue": lambda b, s: _with_lum(_with_sat(s, _sat(b)), _lum(b)),
    "saturation": lambda b, s: _with_lum(_with_sat(b, _sat(s)), _lum(b)),
    "color": lambda b, s: _with_lum(s, _lum(b)),
    "luminosity": lambda b, s: _with_lum(b, _lum(s)),
}
"""From base and layer to the blended colours, not yet cut to 0..1."""


def blended_planes(name: str, base: list[Any], layer: list[Any], out: list[Any], top: int) -> None:
    """Blend planes of green, blue and red (libav's order), into ``out``; codes are 0..``top``."""
    formula = FORMULAS[name]
    for start in range(0, base[0].shape[0], _BAND):
        rows = slice(start, start + _BAND)
        colors = formula(_rgb(base, rows, top), _rgb(layer, rows, top))
        for plane, values in zip((out[2], out[0], out[1]), colors, strict=True):
            codes = np.clip(values, 0, 1).astype(np.float32) * np.float32(top) + np.float32(0.5)
            plane[rows] = codes.astype(plane.dtype)


def _rgb(planes: list[Any], rows: slice, top: int) -> Rgb:
    green, blue, red = (p[rows].astype(np.float32) / np.float32(top) for p in planes[:3])
    return red, green, blue
