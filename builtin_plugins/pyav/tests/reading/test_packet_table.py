"""Which packets belong to a stretch of frames."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st
from kadr_pyav.access import Access
from kadr_pyav.packet_table import PacketTable


def table(
    frames: list[int], starts: list[int], codec: str = "hevc", shape: list[int] | None = None
) -> PacketTable:
    """Frames shown by the packets in decode order; packets at which decoding can begin."""
    access = bytearray(Access.START if n in starts else Access.NONE for n in range(len(frames)))
    rows = sorted((frames[n], n) for n in starts)
    shapes = array("l", shape or [0] * len(frames))
    return PacketTable(codec, frame=array("l", frames), access=access, shape=shapes, starts=rows)


IPBB = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]


def test_a_stretch_ends_where_nothing_later_is_needed() -> None:
    for end, expected in ((10, 10), (9, 7), (8, 7), (7, 7), (6, 4), (3, 1), (1, 1)):
        found = table(IPBB, [0]).stretch(0, end)
        assert found is not None
        assert (found.first, found.end, found.stop) == (0, expected, expected)


def test_pictures_shown_before_the_start_are_left_out() -> None:
    frames = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]  # packet 4 begins an open group; 4 and 5 need what is before
    found = table(frames, [0, 4]).stretch(4, 10)
    assert found is not None
    assert (found.first, found.end, found.left_out) == (6, 10, {5, 6})
    assert list(table(frames, [0, 4]).kept(found)) == [4, 7, 8, 9]


def test_in_h264_nothing_may_be_left_out() -> None:
    found = table([0, 3, 1, 2, 6, 4, 5], [0, 4], "h264").stretch(4, 10)
    assert found is not None
    assert (found.first, found.end) == (6, 7)


def test_a_packet_without_a_frame_ends_a_stretch() -> None:
    found = next(table([0, 1, -1, 2, 3], [0, 3]).stretches(0, 9))
    assert (found.first, found.end) == (0, 2)
    found = next(table([0, 1, -1, 2, 3], [0, 3]).stretches(1, 9))
    assert (found.first, found.end) == (2, 4)
    assert not list(table([0, 1, -1, 2, 3], [0]).stretches(1, 9))


def test_another_shape_ends_a_stretch() -> None:
    found = list(table([0, 1, 2, 3, 4, 5], [0, 3], shape=[0, 0, 0, 1, 1, 1]).stretches(0, 9))
    assert [(s.first, s.end) for s in found] == [(0, 3), (3, 6)]


@given(
    st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=5), min_size=1, max_size=4),
    st.integers(0, 30),
    st.integers(1, 40),
)
def test_every_stretch_is_whole(groups: list[list[int]], first: int, length: int) -> None:
    """Groups of I and P frames with B-frames before each P: no frame is missing, none is twice."""
    frames: list[int] = []
    starts = []
    for group in groups:
        shown = len(frames)
        starts.append(len(frames))
        frames.append(shown)
        for size in group:
            frames += [shown + size, *range(shown + 1, shown + size)]
            shown += size
    found = table(frames, starts)
    for stretch in found.stretches(first, first + length):
        kept = sorted(frames[n] for n in found.kept(stretch))
        assert kept == list(range(stretch.first, stretch.end))
        assert first <= stretch.first < stretch.end <= first + length
        assert stretch.begin in starts
