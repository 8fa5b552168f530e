"""The stages over a real file and the real pool."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from kadr_pyav.planes import from_planes, views
from kadr_pyav.pool import ReaderPool
from kadr_pyav.resources import Resources
from kadr_pyav.stages import compile_node, frames_of
from kadr_sdk.color import BT709
from kadr_sdk.curves import Samples
from kadr_sdk.plan import Conform, Decode, FrameTimes, Place, Solid, Source
from kadr_sdk.testing.synthetic import barcode_frame, read_barcode


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.gop_size = 12
        for number in range(50):
            frame = from_planes(barcode_frame(number))
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def resources(studio):
    pool = ReaderPool()
    yield Resources(pool, studio.context)
    pool.close()


def shown(path: Path, frames: int, start: int = 0, step: int = 1) -> Decode:
    source = Source(str(path), 0, 320, 180, "yuv420p", BT709)
    return Decode(source, FrameTimes(Fraction(start, 25), Fraction(step, 25)), frames)


def test_a_decoded_frame_passes_bit_exact(film, resources):
    pictures = frames_of(shown(film, 5, 20), resources.context, resources.pool)
    for number, picture in enumerate(pictures):
        for plane, ours in zip(picture.planes, barcode_frame(20 + number).planes, strict=True):
            assert np.array_equal(plane, ours)


@pytest.mark.parametrize(("start", "step"), [(0, 1), (40, -1), (3, 3)])
def test_barcodes_come_in_order_through_a_whole_graph(film, resources, start, step):
    clip = Conform(shown(film, 12, start, step), 640, 360, "yuv420p", BT709, BT709)
    base = Solid((0, 0, 0, 1), 640, 360, "yuv420p", BT709, 12)
    zoom = Samples(tuple(640 + 0.3 * k for k in range(12)))
    stage = compile_node(Place(base, clip, 320, 180, zoom, 360.0), resources)
    for k in (0, 1, 2, 3, 7, 5, 11):
        assert read_barcode(views(stage.frame(k), BT709).planes[0]) == start + k * step
    stage.close()


def test_a_frame_used_by_two_stages_is_not_disturbed(film, resources):
    clip = shown(film, 10)
    node = Place(clip, Conform(clip, 160, 90, "yuv420p", BT709, BT709), 240, 135, 160, 90)
    stage = compile_node(node, resources)
    for k in (0, 1, 4, 3, 9):
        planes = views(stage.frame(k), BT709).planes
        assert np.array_equal(planes[0][:60], barcode_frame(k).planes[0][:60])
        assert np.array_equal(planes[0][:, :160], barcode_frame(k).planes[0][:, :160])
        frame = stage.frame(k)
        frame.pts, frame.time_base = 1000 + k, Fraction(1, 30)  # as an encoder does
    stage.close()
    assert resources.pool.open_files == 2
