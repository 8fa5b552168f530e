"""Tone mapping against the formulas, written down here once more with plain numbers."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from kadr_pyav.lattice import WHITE, cube_text, table_file
from kadr_pyav.light import to_primaries
from kadr_pyav.tonemap import eetf, graded
from kadr_sdk.color import BT601_525, BT709, BT2020, Color
from kadr_sdk.plan import Conform

PQ = Color("bt2020nc", "bt2020", "smpte2084", "tv", "left")
HLG = Color("bt2020nc", "bt2020", "arib-std-b67", "tv", "left")
P3 = Color("gbr", "smpte432", "iec61966-2-1", "pc")
TO_709 = np.array(  # ITU-R BT.2087-0, the inverse of its M2
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)


def pq(light: float) -> float:
    y = (light / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def from_pq(signal: float) -> float:
    y = signal ** (1 / 78.84375)
    return 10000 * (max(y - 0.8359375, 0) / (18.8515625 - 18.6875 * y)) ** (1 / 0.1593017578125)


def hlg_light(rgb: list[float]) -> list[float]:
    scene = [
        v * v / 3 if v <= 0.5 else (math.exp((v - 0.55991073) / 0.17883277) + 0.28466892) / 12 for v in rgb
    ]
    y = 0.2627 * scene[0] + 0.678 * scene[1] + 0.0593 * scene[2]
    return [1000 * y**0.2 * s if y else 0.0 for s in scene]


def mapped(light: float, brightest: float = 1000) -> float:
    top, peak = pq(brightest), pq(203) / pq(brightest)
    knee, e = 1.5 * peak - 0.5, min(pq(light) / top, 1)
    if e < knee:
        return light
    t = (e - knee) / (1 - knee)
    p = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * peak
    return from_pq(p * top)


def sdr(light: list[float], brightest: float = 1000) -> Any:
    """Display light of BT.2020 on an SDR screen of BT.709."""
    largest = max(light)
    low = np.array(light) * (mapped(largest, brightest) / largest if largest else 1) / 203
    rgb = TO_709 @ low
    grey = float(rgb @ (0.2126, 0.7152, 0.0722))
    if rgb.min() < 0:
        rgb = grey + grey / (grey - rgb.min()) * (rgb - grey)
    return np.clip(rgb / max(rgb.max(), 1), 0, 1) ** (1 / 2.4)


COLORS = [
    (0, 0, 0),
    (0.5, 0.5, 0.5),
    (0.75, 0.75, 0.75),
    (1, 1, 1),
    (0.6, 0.4, 0.3),
    (0.2, 0.45, 0.3),
    (0.1, 0.2, 0.7),
]


@pytest.mark.parametrize("rgb", COLORS)
def test_hlg_to_sdr_by_the_formula(rgb: Any) -> None:
    assert graded(np.array(rgb, float), HLG, BT709) == pytest.approx(sdr(hlg_light(list(rgb))), abs=2e-3)


@pytest.mark.parametrize("rgb", COLORS)
def test_pq_to_sdr_by_the_formula(rgb: Any) -> None:
    assert graded(np.array(rgb, float), PQ, BT709) == pytest.approx(sdr([from_pq(v) for v in rgb]), abs=2e-3)


@pytest.mark.parametrize("peak", [400, 4000])
@pytest.mark.parametrize("rgb", COLORS)
def test_pq_of_a_stated_peak_by_the_formula(rgb: Any, peak: float) -> None:
    wanted = sdr([from_pq(v) for v in rgb], peak)
    assert graded(np.array(rgb, float), PQ, BT709, peak) == pytest.approx(wanted, abs=2e-3)


def test_what_is_no_brighter_than_sdr_is_shown_as_it_is() -> None:
    grey = np.full(3, pq(50))
    assert graded(grey, PQ, BT709, 150)[0] == pytest.approx((50 / 203) ** (1 / 2.4), abs=1e-3)


def test_the_curve_leaves_the_dark_alone_and_ends_at_the_peak() -> None:
    light = np.geomspace(0.01, 10000, 400)
    found = eetf(light, 1000, 203)
    assert (np.diff(found) >= -1e-9).all()
    assert found[light < 80] == pytest.approx(light[light < 80], rel=1e-6)
    assert found[light >= 1000] == pytest.approx(203)


def test_there_and_back_again() -> None:
    rgb = np.random.default_rng(5).random((500, 3))
    for wide in (PQ, HLG):
        assert graded(graded(rgb, BT709, wide), wide, BT2020).max() <= 1
    inside = 0.2 + 0.5 * rgb
    assert graded(graded(inside, BT709, BT2020), BT2020, BT709) == pytest.approx(inside, abs=1e-6)
    assert graded(graded(rgb, HLG, PQ), PQ, HLG) == pytest.approx(rgb, abs=1e-4)


def test_sdr_white_is_reference_white_in_high_range() -> None:
    white = np.ones(3)
    assert graded(white, BT709, PQ) == pytest.approx(0.5807, abs=1e-3)  # BT.2408, table 1: 58 %
    assert graded(white, BT709, HLG) == pytest.approx(0.75, abs=2e-3)  # 75 %


def test_white_points_meet() -> None:
    for primaries in ("smpte431", "smpte428", "film", "bt470m", "smpte170m"):
        assert to_primaries(np.ones(3), primaries, "bt709") == pytest.approx(np.ones(3), abs=1e-6)


def test_p3_red_is_the_reddest_of_bt709_and_greys_stay() -> None:
    red = graded(np.array([1.0, 0, 0]), P3, BT709)
    assert red[0] == pytest.approx(1.0)
    assert max(red[1:]) < 0.2
    yellow = graded(np.array([0.8, 0.8, 0.1]), HLG, BT709)
    assert yellow[2] < 0.5 * yellow[0]  # bright, and still yellow
    grey = graded(np.full(3, 0.5), P3, Color("gbr", "bt709", "iec61966-2-1", "pc"))
    assert grey == pytest.approx(0.5, abs=1e-6)


def test_a_stated_peak_is_a_transform_of_its_own(studio: Any, flat: Any) -> None:
    assert table_file(PQ, BT709, 4000) != table_file(PQ, BT709)
    picture = flat(round(64 + 876 * pq(600)), 512, 512, format="yuv420p10le", color=PQ)
    node = Conform(studio.clip(lambda k: picture), 64, 48, "yuv420p", PQ, BT709, peak=4000)
    (wanted,) = set(np.rint(16 + 219 * sdr([600.0] * 3, 4000)))
    assert np.abs(studio.planes(node)[0].astype(int) - wanted).max() <= 1


def test_one_file_a_transform_also_from_many_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        files = set(pool.map(lambda _: table_file(HLG, BT601_525), range(16)))
    assert len(files) == 1
    path = files.pop()
    lines = path.read_text("ascii").splitlines()
    assert lines[0] == "LUT_3D_SIZE 49"
    assert len(lines) == 1 + 49**3
    path.unlink()
    assert table_file(HLG, BT601_525).is_file()


def test_red_runs_fastest() -> None:
    rows = [[float(v) for v in line.split()] for line in cube_text(P3, P3, 3).splitlines()[1:]]
    assert rows[1] == pytest.approx([0.5, 0, 0], abs=3e-3)
    share = 2 * WHITE - 1  # white is this far from the middle to the last point
    assert [r + (w - r) * share for r, w in zip(rows[13], rows[-1], strict=True)] == pytest.approx(
        [WHITE] * 3, abs=1e-5
    )


@pytest.mark.parametrize(("source", "light"), [(HLG, hlg_light), (PQ, lambda rgb: [from_pq(v) for v in rgb])])
def test_a_chart_of_muted_colours_through_the_graph(
    studio: Any, flat: Any, source: Color, light: Any
) -> None:
    rng = np.random.default_rng(8)
    rgb = np.clip(rng.random((64, 1)) * 0.8 + 0.15 * (rng.random((64, 3)) - 0.5) + 0.1, 0, 1)
    codes = (
        rgb @ np.array([[0.2627, 0.678, 0.0593], [-0.13963, -0.36037, 0.5], [0.5, -0.459786, -0.040214]]).T
    )
    picture = flat(64, 512, 512, format="yuv444p10le", color=source)
    for plane, channel, (zero, span) in zip(
        picture.planes, codes.T, ((64, 876), (512, 896), (512, 896)), strict=True
    ):
        plane[...] = (zero + span * channel).round()[None, :]
    height, width = picture.planes[0].shape
    node = Conform(studio.clip(lambda k: picture), width, height, "yuv444p10le", source, BT709)
    found = np.stack([p[height // 2].astype(float) for p in studio.planes(node)], -1)
    y, u, v = (found[:, 0] - 64) / 876, (found[:, 1] - 512) / 896, (found[:, 2] - 512) / 896
    back = np.stack([y + 1.5748 * v, y - 0.187324 * u - 0.468124 * v, y + 1.8556 * u], -1)
    wanted = np.array([sdr(light(list(c))) for c in rgb])
    assert np.abs(back - wanted).mean() < 0.005
    assert np.abs(back - wanted).max() < 0.04


def to_hlg(light: float) -> float:
    """The signal of a grey by ITU-R BT.2100, table 5, on a display of 1000 cd/m2."""
    scene = (light / 1000) ** (1 / 1.2)
    return (
        math.sqrt(3 * scene)
        if scene <= 1 / 12
        else 0.17883277 * math.log(12 * scene - 0.28466892) + 0.55991073
    )


@pytest.mark.parametrize(("target", "curve"), [(PQ, pq), (HLG, to_hlg)])
def test_a_ramp_of_sdr_in_high_range_by_the_formula(
    studio: Any, flat: Any, target: Color, curve: Any
) -> None:
    picture = flat(0, 512, 512, format="yuv420p10le", color=BT709)
    luma = picture.planes[0]
    luma[...] = np.linspace(64, 940, luma.size).round().reshape(luma.shape)
    node = Conform(studio.clip(lambda k: picture), luma.shape[1], luma.shape[0], "yuv420p10le", BT709, target)
    found = studio.planes(node)[0].astype(float)
    signal = (luma.astype(float) - 64) / 876
    wanted = 64 + 876 * np.vectorize(curve)(203 * signal**2.4)
    off = np.abs(found - wanted)
    assert off[signal > 0.02].max() <= 1.0
    assert off.max() <= 2.5  # next to black PQ is so steep that the table is a little coarse
    assert off.mean() < 0.3


def test_an_output_in_pq_is_not_brought_down() -> None:
    display_p3 = Color("gbr", "smpte432", "smpte2084", "pc")
    bright = np.full(3, pq(4000))
    assert graded(bright, display_p3, PQ, 4000) == pytest.approx(bright, abs=1e-4)
