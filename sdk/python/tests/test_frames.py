"""Pixel formats and frames: plane sizes of odd pictures, bytes, copies that share nothing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.color import BT709
from kadr_sdk.frames import FORMATS, AudioBlock, VideoFrame, pixel_format

formats = st.sampled_from(sorted(FORMATS))


@pytest.mark.parametrize(
    ("name", "size", "planes"),
    [
        ("yuv420p", (5, 3), [(5, 3), (3, 2), (3, 2)]),
        ("yuv422p10le", (5, 3), [(5, 3), (3, 3), (3, 3)]),
        ("yuva420p", (4, 4), [(4, 4), (2, 2), (2, 2), (4, 4)]),
        ("gbrap", (3, 1), [(3, 1)] * 4),
        ("gray", (1, 1), [(1, 1)]),
    ],
)
def test_chroma_edges_are_rounded_outwards(
    name: str, size: tuple[int, int], planes: list[tuple[int, int]]
) -> None:
    layout = pixel_format(name)
    assert [layout.plane_size(p, *size) for p in range(layout.planes)] == planes


@given(formats, st.integers(1, 70), st.integers(1, 70))
def test_an_empty_frame_has_the_bytes_that_the_format_says(name: str, width: int, height: int) -> None:
    layout = pixel_format(name)
    frame = VideoFrame.empty(name, width, height, BT709)
    assert sum(p.nbytes for p in frame.planes) == layout.frame_bytes(width, height)
    assert len(frame.planes) == layout.planes
    assert {p.dtype for p in frame.planes} == {np.dtype(np.uint8 if layout.depth == 8 else np.uint16)}
    assert frame.color is BT709


@pytest.mark.parametrize(
    ("name", "count"),
    [("yuv420p", 1920 * 1080 * 3 // 2), ("yuv444p10le", 1920 * 1080 * 6), ("rgba", 1920 * 1080 * 4)],
)
def test_bytes_of_full_hd(name: str, count: int) -> None:
    assert pixel_format(name).frame_bytes(1920, 1080) == count


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_name_says_what_the_format_is(name: str) -> None:
    layout = FORMATS[name]
    assert layout.name == name
    assert layout.alpha == (name.startswith(("yuva", "rgba", "gbra")))
    assert layout.rgb == name.startswith(("rgb", "gbr"))
    bits = 4 * layout.depth if name == "rgba64le" else layout.depth
    assert (str(bits) in name) == (layout.depth > 8)


def test_unknown_format() -> None:
    with pytest.raises(ValueError, match="'nv12' is not a pixel format that kadr plans with"):
        pixel_format("nv12")


def test_a_copy_shares_no_memory() -> None:
    frame = VideoFrame.empty("yuv420p", 4, 4, BT709)
    for plane in frame.planes:
        plane[...] = 7
    frame.time = Fraction(1, 3)
    copy = frame.copy()
    assert copy.time == Fraction(1, 3)
    assert all((c == 7).all() for c in copy.planes)
    copy.planes[0][...] = 9
    assert (frame.planes[0] == 7).all()
    other = frame.like()
    assert (other.format, other.width, other.height, other.color, other.time) == (
        "yuv420p",
        4,
        4,
        BT709,
        Fraction(1, 3),
    )
    assert not any(np.shares_memory(a, b) for a, b in zip(frame.planes, other.planes, strict=True))


def test_sound_counts_from_the_start_of_its_stream() -> None:
    block = AudioBlock(np.zeros((2, 480), np.float32), 48000)
    assert (block.first, block.layout, block.metadata) == (0, "stereo", {})
    assert AudioBlock(block.samples, 48000).metadata is not block.metadata
