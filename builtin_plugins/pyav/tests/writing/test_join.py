from __future__ import annotations

import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from kadr_pyav.join import join_parts, reorder_of
from kadr_sdk.errors import CancelledError, RenderError, StorageError
from kadr_sdk.output import AudioEncoding, Chapter
from kadr_sdk.parts import PartReader

COUNTS = (50, 1, 2, 7, 60, 3, 30)
TOTAL = sum(COUNTS)
CASES = [
    ("h264", "mp4", "yuv420p", {"preset": "veryfast"}),
    ("h264", "mov", "yuv420p", {"preset": "veryfast"}),
    ("h264", "matroska", "yuv420p", {"preset": "veryfast"}),
    ("h264", "mpegts", "yuv420p", {"preset": "veryfast"}),
    ("hevc", "mp4", "yuv420p10le", {"preset": "ultrafast"}),
    ("hevc", "matroska", "yuv420p", {"preset": "ultrafast"}),
    ("vp9", "webm", "yuv420p", {"preset": "ultrafast"}),
    ("av1", "mp4", "yuv420p10le", {"preset": "ultrafast"}),
    ("prores", "mov", "yuv422p10le", {}),
    ("ffv1", "matroska", "yuv420p", {}),
    ("hevc", "mov", "yuv420p", {"preset": "ultrafast"}),
    ("hevc", "mpegts", "yuv420p", {"preset": "ultrafast"}),
    ("av1", "webm", "yuv420p10le", {"preset": "ultrafast"}),
    ("vp9", "mp4", "yuv420p", {"preset": "ultrafast"}),
    ("vp8", "webm", "yuv420p", {"preset": "ultrafast"}),
    ("prores", "matroska", "yuv422p10le", {}),
    ("mpeg2video", "matroska", "yuv420p", {"b_frames": 2}),
    ("mpeg2video", "mpegts", "yuv420p", {"b_frames": 2}),
    ("mjpeg", "mov", "yuv420p", {}),
    ("utvideo", "avi", "yuv420p", {}),
]


@pytest.mark.parametrize(("codec", "muxer", "form", "settings"), CASES, ids=lambda v: str(v)[:12])
def test_every_frame_of_parts_encoded_apart_is_there(
    maker: Any, tools: Any, codec: str, muxer: str, form: str, settings: dict[str, Any]
) -> None:
    output = maker.output(codec, muxer, form, **settings)
    parts = maker.parts(output, COUNTS)
    film = list(tools["pictures"](maker.join(parts, None, output)))
    assert [number for number, _, _ in film] == list(range(TOTAL))
    step = 1 / output.video.rate
    start = film[0][1]
    assert all(abs(time - start - k * step) <= Fraction(1, 1000) for k, (_, time, _) in enumerate(film))
    if muxer != "mpegts":
        assert start == 0
    alone = [row[2] for part in parts for row in tools["pictures"](maker.join([part], None, output))]
    assert [picture for _, _, picture in film] == alone


def test_the_moov_comes_first_with_faststart(maker: Any, tools: Any) -> None:
    output = maker.output("h264", "mp4", "yuv420p", preset="ultrafast")
    parts = maker.parts(output, (5, 5))
    plain = maker.join(parts, None, output).read_bytes()
    fast = maker.join(parts, None, tools["replace"](output, options=(("movflags", "+faststart"),)))
    data = fast.read_bytes()
    assert plain.index(b"mdat") < plain.index(b"moov")
    assert data.index(b"moov") < data.index(b"mdat")
    assert len(list(tools["pictures"](fast))) == 10


@pytest.mark.parametrize("muxer", ["mp4", "matroska"])
def test_metadata_and_chapters_are_written_and_nothing_else(maker: Any, tools: Any, muxer: str) -> None:
    chapters = (
        Chapter(Fraction(0), Fraction(1, 4), "Beginning"),
        Chapter(Fraction(1, 4), Fraction(1), "Отъезд"),
    )
    output = maker.output("h264", muxer, "yuv420p", preset="ultrafast")
    output = tools["replace"](output, metadata=(("title", "Кино"),), chapters=chapters)
    with av.open(str(maker.join(maker.parts(output, (30,)), None, output))) as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
        found = [(c["metadata"]["title"], c["start"] * c["time_base"]) for c in container.chapters()]
    assert tags["title"] == "Кино"
    assert "creation_time" not in tags
    assert tags.get("encoder", "Lavf") == "Lavf"  # Matroska wants a name; no version, no date
    assert found == [("Beginning", 0), ("Отъезд", Fraction(1, 4))]


@pytest.mark.parametrize("muxer", ["mp4", "matroska"])
def test_joining_twice_gives_the_same_bytes(maker: Any, muxer: str) -> None:
    output = maker.output("h264", muxer, "yuv420p", AudioEncoding("aac", 48000, "stereo"), preset="ultrafast")
    parts, sound = maker.parts(output, (9, 4)), maker.sound(output, 20000, 4000)
    first = maker.join(parts, sound, output, "a").read_bytes()
    assert first == maker.join(parts, sound, output, "b").read_bytes()


def test_a_part_of_other_settings_is_refused_by_number(maker: Any) -> None:
    output = maker.output("h264", "mp4", "yuv420p", preset="ultrafast")
    other = maker.output("h264", "mp4", "yuv420p", preset="medium")
    parts = [maker.part(output, 0, 5), maker.part(other, 5, 6)]
    with pytest.raises(RenderError) as caught:
        maker.join(parts, None, output)
    assert caught.value.path == "segments[1]"
    assert "another extradata than segment 0" in str(caught.value)


def test_reorder_is_measured_where_no_header_says_it(maker: Any) -> None:
    output = maker.output("h264", "mp4", "yuv420p", preset="medium", b_frames=3)
    with PartReader(maker.part(output, 0, 40)) as part:
        noted = part.header.pop("reorder")
        assert reorder_of(part) == noted
        assert noted >= 1


def test_decode_times_rise_by_one_frame_over_all_seams(maker: Any) -> None:
    output = maker.output("h264", "mp4", "yuv420p", preset="medium", b_frames=3)
    film = maker.join(maker.parts(output, (20, 1, 2, 20)), None, output)
    with av.open(str(film)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        step = 1 / (output.video.rate * packets[0].time_base)
        assert {b.dts - a.dts for a, b in pairwise(packets)} == {step}
        assert all(p.dts <= p.pts and p.duration == step for p in packets)


def test_joining_stops_within_a_packet_when_cancelled(maker: Any) -> None:
    output = maker.output("h264", "mp4", "yuv420p", preset="ultrafast")
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise CancelledError("stopped")

    with PartReader(maker.part(output, 0, 20)) as part, pytest.raises(CancelledError):
        join_parts([part], None, output, maker.folder / "film.mp4", check)
    assert calls == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("muxer", ["mp4", "matroska"])
def test_a_full_disk_is_a_storage_error(maker: Any, muxer: str) -> None:
    output = maker.output("h264", muxer, "yuv420p", preset="ultrafast")
    with PartReader(maker.part(output, 0, 20)) as part, pytest.raises(StorageError) as caught:
        join_parts([part], None, output, Path("/dev/full"))
    assert "No space left" in str(caught.value)


def test_a_missing_folder_is_a_storage_error(maker: Any) -> None:
    output = maker.output("h264", "mp4", "yuv420p", preset="ultrafast")
    with PartReader(maker.part(output, 0, 2)) as part, pytest.raises(StorageError) as caught:
        join_parts([part], None, output, maker.folder / "missing" / "film.mp4")
    assert "film.mp4" in caught.value.path


def test_hevc_in_mp4_carries_the_tag_that_every_player_knows(maker: Any) -> None:
    output = maker.output("hevc", "mp4", "yuv420p", preset="ultrafast")
    with av.open(str(maker.join([maker.part(output, 0, 3)], None, output))) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


def test_another_decoder_finds_every_frame(maker: Any) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="the independent decoder is not installed")
    output = maker.output("h264", "mp4", "yuv420p", preset="medium")
    film = maker.join(maker.parts(output, (20, 1, 2, 20)), None, output)
    command = [ffmpeg.get_ffmpeg_exe(), "-v", "warning", "-i", str(film), "-f", "framemd5", "-"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    assert sum(not line.startswith("#") for line in result.stdout.splitlines()) == 43
