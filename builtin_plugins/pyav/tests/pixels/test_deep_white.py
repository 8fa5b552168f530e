"""White stays white between RGB of more than 8 bits and YUV, in code values of ITU-T H.273."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import pytest
from kadr_pyav.conform import convert_filters
from kadr_pyav.graph import LiveGraph
from kadr_pyav.recipe import Recipe, Shape
from kadr_sdk.color import BT709, Color

RGB = Color("gbr", "bt709", "iec61966-2-1", "pc")
P3 = Color("gbr", "smpte432", "iec61966-2-1", "pc")
TOP = {"gbrp10le": 1023, "gbrp12le": 4095}
SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)


def converted(values: list[list[int]], before: Shape, after: Shape) -> list[list[int]]:
    """The first sample of each plane of flat frames behind the conversion; the same in."""
    recipe = Recipe()
    end = recipe.chain(recipe.source(before), convert_filters(before, after))
    graph, found = LiveGraph(recipe, end, after), []
    for number, planes in enumerate(values):
        frame: Any = av.VideoFrame(before.width, before.height, before.format)
        for plane, value in zip(frame.planes, planes, strict=True):
            plane.update(np.full(plane.buffer_size // 2, value, ">u2" if "be" in before.format else "<u2"))
        frame.pts = number
        out = graph.frame(number, [frame])
        found.append([int(np.frombuffer(plane, "<u2")[0]) for plane in out.planes])
    return found


@pytest.mark.parametrize("name", ["rgb48le", "rgb48be", "rgba64le", "gbrp10le", "gbrp12le", "gbrp16le"])
@pytest.mark.parametrize("color", [RGB, P3])
def test_rgb_of_files_becomes_the_codes_of_the_standard(name: str, color: Color) -> None:
    top = TOP.get(name, 65535)
    rows = [[round(top * share)] * (3 if name.startswith("gbr") else 1) for share in SHARES]
    found = converted(rows, Shape(64, 48, name, color), Shape(64, 48, "yuv444p10le", BT709))
    assert found[0] == [940, 512, 512]
    for (luma, *chroma), share in zip(found, SHARES, strict=True):
        assert luma == pytest.approx(64 + 876 * share, abs=1)
        assert chroma == [512, 512]


@pytest.mark.parametrize("name", ["rgb48le", "rgba64le", "gbrp10le", "gbrp12le", "gbrp16le"])
@pytest.mark.parametrize("color", [RGB, P3])
def test_white_of_yuv_is_all_ones(name: str, color: Color) -> None:
    top = TOP.get(name, 65535)
    rows = [[round(64 + 876 * share), 512, 512] for share in SHARES]
    found = converted(rows, Shape(64, 48, "yuv444p10le", BT709), Shape(64, 48, name, color))
    assert {codes[0] for codes in found[:1]} == {top}
    for codes, share in zip(found, SHARES, strict=True):
        assert codes[0] == pytest.approx(top * share, abs=top / 1000)


def test_there_and_back_changes_no_code_by_more_than_one() -> None:
    yuv, deep = Shape(64, 48, "yuv444p10le", BT709), Shape(64, 48, "gbrp16le", RGB)
    codes = [[int(code), 512, 512] for code in np.linspace(64, 940, 30)]
    back = converted(converted(codes, yuv, deep), deep, yuv)
    assert np.abs(np.array(back) - np.array(codes)).max() <= 1
