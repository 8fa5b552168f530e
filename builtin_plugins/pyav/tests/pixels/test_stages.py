from __future__ import annotations

import gc
import threading
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from kadr_pyav.planes import views
from kadr_pyav.stages import GraphStage, compile_node, frames_of
from kadr_sdk.color import BT709
from kadr_sdk.curves import Samples
from kadr_sdk.effects import FilterSpec
from kadr_sdk.plan import Conform, FrameTimes, Native, Place, Solid

STEP = Fraction(1, 25)
BASE = Solid((0.1, 0.1, 0.1, 1.0), 64, 48, "yuv420p", BT709, 10)


def luma(stage, number):
    return views(stage.frame(number), BT709).planes[0].copy()


def test_frames_come_by_their_times_and_are_numbered(studio, flat):
    times = FrameTimes(
        Fraction(0), Fraction(0), (Fraction(2, 25), Fraction(2, 25), Fraction(0), Fraction(5, 25))
    )
    clip = studio.clip(lambda k: flat(10 * k, 128, 128), 4, times=times, length=8)
    stage = studio.stage(clip)
    assert [int(luma(stage, k)[0, 0]) for k in range(4)] == [20, 20, 0, 50]
    assert stage.frame(3).pts == 3
    reader = next(iter(studio.pool.readers.values()))
    assert reader.asked == [2, 0, 5]  # a held frame is read once


def test_a_frozen_clip_is_read_and_scaled_once(studio, noise):
    clip = studio.clip(lambda k: noise(k), times=FrameTimes(3 * STEP, Fraction(0)))
    stage = studio.stage(Place(BASE, Conform(clip, 32, 24, "yuv420p", BT709, BT709), 32, 24, 32, 24))
    frames = [luma(stage, k) for k in range(10)]
    assert all(np.array_equal(f, frames[0]) for f in frames)
    assert next(iter(studio.pool.readers.values())).asked == [3]
    assert studio.pool.lent == 0  # the reader was given back at once


def test_native_nodes_become_one_graph(studio, noise):
    clip = studio.clip(lambda k: noise(k))
    small = Conform(clip, 32, 24, "yuv420p", BT709, BT709)
    bright = Native((small,), (FilterSpec.of("lutyuv", y="val/2"),), 32, 24, "yuv420p", "a.b", 1)
    stage = studio.stage(Place(BASE, bright, 32, 24, 32, 24))
    assert isinstance(stage, GraphStage)
    assert len(stage._inputs) == 2  # base and decoder


def test_random_access_gives_what_a_run_gives(studio, noise):
    clip = studio.clip(lambda k: noise(k), 8)
    moving = Samples(tuple(20.0 + 1.3 * k for k in range(8)))
    fading = Samples(tuple(f"val*{k / 8}" for k in range(8)))
    look = FilterSpec("lutyuv", (("y", "val"),), (("y", fading.values),))
    layer = Native((clip,), (look,), 64, 48, "yuv420p", "a.b", 1)
    node = Place(BASE, layer, moving, 24.0, 30.0, 20.0)
    run = studio.stage(node)
    frames = [luma(run, k) for k in range(8)]
    jump = studio.stage(node)
    for k in (5, 2, 7, 2, 3, 0, 6):
        assert np.array_equal(luma(jump, k), frames[k]), k


def test_deinterlacing_is_the_same_by_random_access_and_takes_lines_apart(studio, flat):
    def interlaced(k):
        picture = flat(16, 128, 128)
        for parity in (0, 1):  # top field first: the bar moves two columns a frame, one a field
            picture.planes[0][parity::2, 4 * k + 2 * parity : 4 * k + 2 * parity + 8] = 235
        return picture

    node = studio.clip(interlaced, 9, deinterlace="tff")
    run = studio.stage(node)
    frames = [luma(run, k) for k in range(9)]
    for k in (4, 0, 8, 3, 2, 7):
        assert np.array_equal(luma(studio.stage(node), k), frames[k]), k
    jump = studio.stage(node)
    for k in (6, 1, 8, 0, 5):
        assert np.array_equal(luma(jump, k), frames[k]), k
    assert np.array_equal(frames[4][0::2], interlaced(4).planes[0][0::2])  # the first field is kept
    assert not np.array_equal(frames[4][1::2], interlaced(4).planes[0][1::2])


def test_a_damaged_frame_may_be_black(studio, flat):
    clip = studio.clip(
        lambda k: None if k == 1 else flat(90, 100, 100), 3, like=flat(90, 100, 100), damage="black"
    )
    stage = studio.stage(Conform(clip, 64, 48, "yuv420p", BT709, BT709))
    planes = views(stage.frame(1), BT709).planes
    assert [int(p[0, 0]) for p in planes] == [16, 128, 128]
    assert luma(stage, 2)[0, 0] == 90


def test_a_stream_that_changes_its_size_is_conformed(studio, flat):
    clip = studio.clip(lambda k: flat(90 + k, 128, 128, width=32 if k > 1 else 64), 4)
    stage = studio.stage(clip)
    shapes = [luma(stage, k).shape for k in range(4)]
    assert shapes == [(48, 64)] * 4
    assert luma(stage, 3)[20, 20] == 93


def test_the_frames_of_a_graph_as_planes(studio, flat):
    clip = studio.clip(lambda k: flat(50 + k, 128, 128), 5)
    pictures = frames_of(clip, studio.context, studio.pool)
    assert [int(p.planes[0][3, 3]) for p in pictures] == [50, 51, 52, 53, 54]
    taken = frames_of(clip, studio.context, studio.pool)
    next(taken)
    assert studio.pool.lent == 1
    taken.close()
    assert studio.pool.lent == 0


def test_planes_of_a_frame_cannot_be_written_to(studio, flat):
    picture = next(frames_of(studio.clip(lambda k: flat(50, 128, 128)), studio.context, studio.pool))
    with pytest.raises(ValueError, match="read-only"):
        picture.planes[0][0, 0] = 1


def test_an_error_of_the_reader_comes_through(studio, flat):
    clip = studio.clip(lambda k: flat(1 // (3 - k), 128, 128), 5)
    stage = studio.stage(Conform(clip, 32, 24, "yuv420p", BT709, BT709))
    stage.frame(2)
    with pytest.raises(ZeroDivisionError):
        stage.frame(3)


def test_a_stage_can_be_used_again_after_close(studio, flat):
    stage = studio.stage(
        Conform(studio.clip(lambda k: flat(60 + k, 128, 128)), 32, 24, "yuv420p", BT709, BT709)
    )
    assert luma(stage, 4)[0, 0] == 64
    stage.close()
    assert studio.pool.lent == 0
    assert luma(stage, 2)[0, 0] == 62


def test_solids_in_every_format_have_the_codes_of_the_standard(studio):
    for format, codes in {
        "yuv420p": (63, 102, 240),
        "yuv444p10le": (250, 409, 960),
        "gray": (63,),
        "gbrp": (0, 0, 255),
        "yuva422p": (63, 102, 240, 128),
    }.items():
        planes = studio.planes(Solid((1.0, 0.0, 0.0, 0.5), 33, 17, format, BT709, 1))
        if format == "gbrp":
            assert [int(p[0, 0]) for p in planes] == [16, 16, 235]  # limited range, as the colour says
        else:
            assert tuple(int(p[-1, -1]) for p in planes) == codes, format
    rgba = studio.planes(Solid((1.0, 0.5, 0.0, 0.5), 4, 4, "rgba", BT709.__class__(range="pc"), 1))
    assert rgba[0][0, 0].tolist() == [255, 128, 0, 128]


def test_memory_stays_flat_over_two_thousand_frames(studio, noise):
    pictures = [noise(k, width=160, height=90) for k in range(4)]
    clip = studio.clip(lambda k: pictures[k % 4], 2000)
    layer = Conform(clip, 80, 46, "yuv420p", BT709, BT709)
    base = Solid((0.1, 0.1, 0.1, 1.0), 160, 90, "yuv420p", BT709, 2000)
    drift = Samples(tuple(50 + 0.01 * k for k in range(2000)))
    placed = Place(Place(base, layer, 40, 23, 80, 46), layer, drift, 45, 33.3, 21.7)
    stage = compile_node(placed, studio.resources)
    tracemalloc.start()
    for k in range(200):
        stage.frame(k)
    gc.collect()
    early, rss = tracemalloc.get_traced_memory()[0], _resident()
    for k in range(200, 2000):
        stage.frame(k)
    gc.collect()
    late = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    stage.close()
    assert late - early < 200_000
    assert _resident() - rss < 20 << 20


def _resident() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_two_threads_with_stages_of_their_own_see_the_same(studio, noise):
    clip = studio.clip(lambda k: noise(k), 40)
    node = Place(BASE, Conform(clip, 32, 24, "yuv420p", BT709, BT709), 32, 24, 33.3, 21.0, rotation=5.0)
    found: dict[int, list[bytes]] = {}

    def work(which: int) -> None:
        stage = compile_node(node, studio.resources)
        found[which] = [luma(stage, k).tobytes() for k in range(40)]
        stage.close()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]
    assert len(set(found[0])) == 40
