"""Primaries of BT.601 and BT.709, against a conversion of bars and ramps that shares no code."""

from __future__ import annotations

import numpy as np
import pytest
from kadr_sdk.color import BT601_525, BT601_625, BT709, Color
from kadr_sdk.frames import VideoFrame, pixel_format
from kadr_sdk.plan import Conform

XY = {  # SMPTE RP 145, EBU Tech 3213, BT.709; white D65
    "smpte170m": ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    "bt470bg": ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    "bt709": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
}
KR_KB = {"bt709": (0.2126, 0.0722), "smpte170m": (0.299, 0.114), "bt470bg": (0.299, 0.114)}
STEPS = 16


def matrix(before: str, after: str) -> np.ndarray:
    def light(name: str) -> np.ndarray:
        columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in XY[name]]).T
        white = (0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290)
        return columns * np.linalg.solve(columns, np.array(white))

    return np.linalg.inv(light(after)) @ light(before)


def linear(v):
    size = np.abs(v)
    return np.sign(v) * np.where(size < 0.0812, size / 4.5, ((size + 0.0993) / 1.0993) ** (1 / 0.45))


def coded(v):
    size = np.abs(v)
    return np.sign(v) * np.where(size < 0.018054, 4.5 * size, 1.0993 * size**0.45 - 0.0993)


def yuv(rgb, color: Color, depth: int):
    kr, kb = KR_KB[color.matrix]
    y = rgb @ (kr, 1 - kr - kb, kb)
    parts = (219 * y + 16, 112 * (rgb[..., 2] - y) / (1 - kb) + 128, 112 * (rgb[..., 0] - y) / (1 - kr) + 128)
    return [p * (1 << depth - 8) for p in parts]


def rgb_of(planes, color: Color, depth: int):
    y, u, v = (p.astype(float) / (1 << depth - 8) for p in planes)
    kr, kb = KR_KB[color.matrix]
    y, u, v = (y - 16) / 219, (u - 128) / 112, (v - 128) / 112
    red, blue = y + (1 - kr) * v, y + (1 - kb) * u
    return np.stack([red, (y - kr * red - kb * blue) / (1 - kr - kb), blue], -1)


def colours() -> np.ndarray:
    """75 % and 100 % bars, ramps of the greys and of each bar, noise: in columns, RGB 0..1."""
    bars = np.array([[n >> 2 & 1, n >> 1 & 1, n & 1] for n in range(8)], float)
    ramps = [bar * step / STEPS for bar in bars[1:] for step in range(STEPS)]
    return np.concatenate([bars * 0.75, ramps, np.random.default_rng(3).random((64, 3))])


def chart(format: str, color: Color) -> VideoFrame:
    """Each colour four columns wide, so that subsampled chroma has a column of its own."""
    values = colours()
    layout = pixel_format(format)
    picture = VideoFrame.empty(format, 4 * len(values), 8, color)
    for plane, codes in zip(picture.planes, yuv(values, color, layout.depth), strict=False):
        plane[...] = np.repeat(np.rint(codes), plane.shape[1] // len(values))[None, :]
    if layout.alpha:
        picture.planes[3][...] = (1 << layout.depth) - 1
    return picture


def middles(planes, columns: int):
    """A sample from the middle of each colour of every plane."""
    return [p[2, (np.arange(columns) * 2 + 1) * p.shape[1] // (2 * columns)] for p in planes[:3]]


@pytest.mark.parametrize("format", ["yuv420p", "yuv422p10le", "yuv444p", "yuv444p12le"])
@pytest.mark.parametrize(
    ("before", "after"), [(BT601_525, BT709), (BT601_625, BT709), (BT709, BT601_525), (BT601_625, BT601_525)]
)
def test_bars_and_ramps_within_one_code(studio, format, before, after):
    picture, depth = chart(format, before), pixel_format(format).depth
    count = len(colours())
    node = Conform(studio.clip(lambda k: picture), *size(picture), format, before, after)
    found = middles(studio.planes(node), count)
    light = linear(rgb_of(middles(picture.planes, count), before, depth))
    light = light @ matrix(before.primaries, after.primaries).T
    wanted = yuv(coded(light), after, depth)
    inside = (light.min(-1) > -0.07) & (light.max(-1) < 1.07)  # the filter's reach beyond the gamut
    assert inside.sum() > count - 10
    apart = [
        np.abs(f - np.rint(w))[inside].max() / (1 << depth - 8) for f, w in zip(found, wanted, strict=True)
    ]
    assert max(apart) <= 1
    greys = np.ptp(rgb_of(middles(picture.planes, count), before, depth), axis=-1) < 0.004
    assert greys.sum() > STEPS
    assert all(np.abs(f[greys] - (128 << depth - 8)).max() <= 1 for f in found[1:])


def size(picture: VideoFrame) -> tuple[int, int]:
    return picture.width, picture.height


@pytest.mark.parametrize("format", ["yuva444p", "gbrp"])
def test_what_the_filter_does_not_take_goes_by_the_table(studio, format):
    """Alpha, RGB: what leaves the gamut is cut off there, all else is within a code."""
    after = Color("gbr", "bt709", "bt709", "pc") if format == "gbrp" else BT709
    picture, count = chart("yuva444p", BT601_625), len(colours())
    node = Conform(studio.clip(lambda k: picture), *size(picture), format, BT601_625, after)
    found = middles(studio.planes(node), count)
    light = linear(rgb_of(middles(picture.planes, count), BT601_625, 8)) @ matrix("bt470bg", "bt709").T
    cut = coded(np.clip(light, 0, 1))
    wanted = [cut[..., i] * 255 for i in (1, 2, 0)] if format == "gbrp" else yuv(cut, BT709, 8)
    safe = (light.min(-1) > 0.001) & (light.max(-1) < 0.999)
    assert max(np.abs(f - np.rint(w))[safe].max() for f, w in zip(found, wanted, strict=True)) <= 1
    assert max(np.abs(f - np.rint(w)).max() for f, w in zip(found, wanted, strict=True)) <= 4


def test_red_of_525_lines_is_not_red_of_709(studio, flat):
    """75 % red: about ten codes in the weaker components, which used to be dropped."""
    picture = flat(66, 99, 212, color=BT601_525)
    found = studio.planes(Conform(studio.clip(lambda k: picture), 64, 48, "yuv444p", BT601_525, BT709))
    same = Color("smpte170m", "bt709", "bt709", "tv", "left")
    before = studio.planes(Conform(studio.clip(lambda k: picture), 64, 48, "yuv444p", same, BT709))
    assert abs(int(found[2][20, 20]) - int(before[2][20, 20])) >= 3
