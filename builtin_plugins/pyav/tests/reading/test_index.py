from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from kadr_pyav import index
from kadr_pyav.index import IndexCache, build_index, scan_stream
from kadr_sdk.errors import MediaFileError

GOP = "keyint=12:min-keyint=12:scenecut=0:bframes=3"


def test_constant_rate(film) -> None:
    index = build_index(film.write("a.mp4", options={"x264-params": GOP}), 0)
    assert [t * index.time_base for t in index.pts] == [Fraction(n, 25) for n in range(50)]
    assert index.keys == (0, 12, 24, 36, 48)
    assert index.duration == 2
    assert not index.variable


def test_variable_times_are_kept(film) -> None:
    times = [0, 40, 75, 400, 410, 1000]
    path = film.write("a.mkv", count=6, times=times, time_base=Fraction(1, 1000))
    index = build_index(path, 0)
    assert [t * index.time_base for t in index.pts] == [Fraction(t, 1000) for t in times]
    assert index.variable


def test_discarded_packets_are_no_frames(film) -> None:
    """A copy that begins between key frames keeps the packets before it, unseen."""
    index = build_index(film.write("a.mp4", options={"x264-params": GOP}, shift=-5), 0)
    assert len(index.pts) == 45
    assert index.pts[0] == 0


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_hidden_frames_are_not_counted(film, codec: str) -> None:
    options = {"g": "20", "lag-in-frames": "16", "auto-alt-ref": "1", "b": "500000", "cpu-used": "4"}
    assert len(build_index(film.write("a.webm", codec, options=options), 0).pts) == 50


def test_streams_without_times_are_counted(film) -> None:
    scan = scan_stream(film.write("a.h264", options={"x264-params": GOP}), 0)
    assert len(scan.frames.pts) == 50
    assert scan.frames.duration == 2
    assert "counted by decoding" in scan.warnings[0].message


def test_field_pairs_are_one_frame(media: Path) -> None:
    index = build_index(media / "video/me_sony_a7m3_1080i_interlaced.mts", 0)
    assert len(index.pts) == 13
    assert {b - a for a, b in zip(index.pts, index.pts[1:], strict=False)} == {3600}


@pytest.mark.parametrize("options", [GOP, GOP + ":open-gop=1", "bframes=0", "interlaced=1:bframes=2"])
def test_broadcast_streams_need_no_decoding(film, monkeypatch: pytest.MonkeyPatch, options: str) -> None:
    monkeypatch.setattr("kadr_pyav.index.decoded_scan", None)
    assert len(build_index(film.write("a.ts", options={"x264-params": options}), 0).pts) == 50


def test_packets_of_equal_time(media: Path) -> None:
    assert len(build_index(media / "video/ax_vp9_10bit.webm", 0).pts) == 72


def test_edit_list_leaves_out_a_frame(media: Path) -> None:
    assert len(build_index(media / "video/ax_iphone_dolbyvision_rot.MOV", 1 - 1).pts) == 4


def test_start_in_the_middle_of_an_open_group(film, tmp_path: Path) -> None:
    options = {"x264-params": GOP + ":open-gop=1:repeat-headers=1"}
    data = film.write("a.ts", options=options).read_bytes()
    cut = tmp_path / "cut.ts"
    cut.write_bytes(data[len(data) // 188 * 3 // 10 * 188 :])
    assert len(build_index(cut, 0).pts) == 38  # from the next clean point on


def test_no_such_stream(film) -> None:
    with pytest.raises(MediaFileError, match=r"there is no video stream 3 \(video streams: 0\)"):
        build_index(film.write("a.mp4", count=2), 3)


def test_cache_forgets_a_changed_file(film) -> None:
    cache = IndexCache()
    path = film.write("a.mp4", count=10)
    first = cache.get(path, 0)
    assert cache.get(path, 0) is first
    film.write("a.mp4", count=20)
    assert len(cache.get(path, 0).frames.pts) == 20


def test_cache_is_bounded(film) -> None:
    cache = IndexCache(limit=2)
    paths = [film.write(f"{n}.mp4", count=2) for n in range(3)]
    scans = [cache.get(path, 0) for path in paths]
    assert cache.get(paths[2], 0) is scans[2]
    assert cache.get(paths[0], 0) is not scans[0]


def test_the_cache_of_indexes_is_bounded_by_frames(film, monkeypatch) -> None:
    paths = [film.write(f"{n}.mkv", count=20) for n in range(3)]
    cache = IndexCache(frames=45)
    first = [cache.get(path, 0) for path in paths]
    made = []
    scan = index.scan_stream
    monkeypatch.setattr(index, "scan_stream", lambda *a: made.append(a[0]) or scan(*a))
    assert cache.get(paths[2], 0) is first[2]
    assert cache.get(paths[1], 0) is first[1]
    assert made == []
    assert cache.get(paths[0], 0) == first[0]
    assert made == [paths[0]]
    small = IndexCache(frames=5)
    assert small.get(paths[0], 0) is small.get(paths[0], 0)
