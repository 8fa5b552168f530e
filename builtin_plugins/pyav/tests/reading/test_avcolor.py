from __future__ import annotations

from itertools import product

import av
import pytest
from kadr_pyav.avcolor import (
    buffer_options,
    color_of,
    encoder_options,
    paint_tags,
    scale_options,
    setparams_options,
)
from kadr_sdk.color import BT601_525, BT601_625, BT709, BT2020, MATRIX, PRIMARIES, TRANSFER, Color

NAMED = [BT709, BT601_525, BT601_625, BT2020, Color("gbr", "bt709", "iec61966-2-1", "pc", "center"), Color()]


@pytest.mark.parametrize("color", NAMED)
def test_tags_survive_a_frame(color: Color) -> None:
    frame = av.VideoFrame(16, 16, "yuv444p")
    paint_tags(frame, color)
    found = color_of(frame)
    assert (found.matrix, found.primaries, found.transfer, found.range) == (
        color.matrix,
        color.primaries,
        color.transfer,
        color.range,
    )


def test_old_jpeg_formats_are_full_range() -> None:
    assert color_of(av.VideoFrame(16, 16, "yuvj420p"), "yuvj420p").range == "pc"


EVERY = [
    *(Color(matrix=m) for m in MATRIX),
    *(Color(primaries=p) for p in PRIMARIES),
    *(Color(transfer=t) for t in TRANSFER),
    *(Color(range=r, chroma=c) for r, c in product(("tv", "pc", "unknown"), ("left", "center", "topleft"))),
]


@pytest.mark.parametrize("color", EVERY, ids=str)
def test_filters_take_every_colour(color: Color) -> None:
    graph = av.filter.Graph()
    source = {"video_size": "16x16", "pix_fmt": "yuv444p", "time_base": "1/25", **buffer_options(color)}
    graph.add("buffer", ":".join(f"{k}={v}" for k, v in source.items()))
    graph.add("setparams", **setparams_options(color))
    for side in ("in", "out"):
        graph.add("scale", **scale_options(color, side))


@pytest.mark.parametrize("color", EVERY, ids=str)
def test_encoders_take_every_colour(color: Color) -> None:
    context = av.CodecContext.create("ffv1", "w")
    known = {option.name: {c.name for c in option.choices} for option in context.supported_options.generic}
    for name, value in encoder_options(color).items():
        assert value in known[name]


def test_unknown_parts_are_left_to_the_filter() -> None:
    assert scale_options(Color(), "in") == {}
    assert encoder_options(Color()) == {}
    assert scale_options(BT709, "out")["out_color_matrix"] == "bt709"
