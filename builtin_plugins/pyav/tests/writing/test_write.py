from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_pyav.backend import PyAvBackend
from kadr_pyav.check import check
from kadr_pyav.planes import views
from kadr_sdk.color import BT601_625, BT709, BT2020, Color
from kadr_sdk.errors import InvalidParameterError, StorageError
from kadr_sdk.frames import AudioBlock, VideoFrame
from kadr_sdk.output import AudioEncoding
from kadr_sdk.parts import PartReader
from kadr_sdk.reports import Expectation

SOUND = AudioEncoding("aac", 48000, "stereo")


def frames(tools: Any, count: int, form: str = "yuv420p", color: Color = BT709) -> Iterator[VideoFrame]:
    for number in range(count):
        yield views(tools["barcode"](number, form, 160, 96), color)


@pytest.fixture
def backend() -> Iterator[PyAvBackend]:
    found = PyAvBackend()
    yield found
    found.close()


def test_what_is_written_is_what_a_probe_finds(
    backend: PyAvBackend, maker: Any, tools: Any, tmp_path: Path
) -> None:
    target = tmp_path / "film.mp4"
    output = maker.output("h264", "mp4", "yuv420p", SOUND, preset="ultrafast")
    backend.write(target, output, frames(tools, 45), tools["clicks"](48000, 72072, 48000))
    info = backend.probe(target)
    video, audio = info.main_video, info.main_audio
    assert video is not None
    assert audio is not None
    assert (video.codec, video.width, video.height, video.pixel_format) == ("h264", 160, 96, "yuv420p")
    assert (video.rate, video.frames, video.start) == (output.video.rate, 45, 0)
    assert (audio.codec, audio.rate, audio.layout) == ("aac", 48000, "stereo")
    assert tools["click_at"](target) == pytest.approx(1.0, abs=0.002)
    assert [row[0] for row in tools["pictures"](target)] == list(range(45))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film.mp4"]


def test_lossless_pictures_come_back_as_they_went_in(maker: Any, tools: Any, tmp_path: Path) -> None:
    target = tmp_path / "film.mkv"
    output = maker.output("ffv1", "matroska", "yuv420p10le")
    PyAvBackend().write(target, output, frames(tools, 3, "yuv420p10le"), None)
    sent = [tools["barcode"](k, "yuv420p10le", 160, 96).to_ndarray().tobytes() for k in range(3)]
    assert [row[2] for row in tools["pictures"](target)] == sent


@pytest.mark.parametrize("color", [BT709, BT601_625, BT2020], ids=lambda c: c.matrix)
@pytest.mark.parametrize(
    ("codec", "muxer", "form"),
    [
        ("h264", "mp4", "yuv420p"),
        ("h264", "mpegts", "yuv420p"),
        ("hevc", "mov", "yuv420p10le"),
        ("av1", "mp4", "yuv420p10le"),
        ("vp9", "webm", "yuv420p"),
        ("prores", "mov", "yuv422p10le"),
        ("ffv1", "matroska", "yuv420p"),
    ],
)
def test_colour_tags_are_in_the_file(
    maker: Any, tools: Any, tmp_path: Path, codec: str, muxer: str, form: str, color: Color
) -> None:
    target = tmp_path / "film"
    output = maker.output(codec, muxer, form, color=color)
    PyAvBackend().write(target, output, frames(tools, 2, form, color), None)
    found = PyAvBackend().probe(target).main_video
    assert found is not None
    names = ("matrix", "primaries", "transfer", "range")
    assert [getattr(found.color, n) for n in names] == [getattr(color, n) for n in names]


def test_a_source_that_fails_leaves_nothing(maker: Any, tools: Any, tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    target.write_bytes(b"what stood there")

    def failing() -> Iterator[VideoFrame]:
        yield from frames(tools, 7)
        raise ZeroDivisionError

    output = maker.output("h264", "mp4", "yuv420p", preset="ultrafast")
    with pytest.raises(ZeroDivisionError):
        PyAvBackend().write(target, output, failing(), None)
    assert target.read_bytes() == b"what stood there"
    assert list(tmp_path.iterdir()) == [target]


def test_sound_that_fails_leaves_nothing(maker: Any, tools: Any, tmp_path: Path) -> None:
    def failing() -> Iterator[AudioBlock]:
        yield AudioBlock(np.zeros((2, 5000), np.float32), 48000)
        raise ZeroDivisionError

    output = maker.output("h264", "mp4", "yuv420p", SOUND, preset="ultrafast")
    with pytest.raises(ZeroDivisionError):
        PyAvBackend().write(tmp_path / "film.mp4", output, frames(tools, 7), failing())
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(maker: Any, tools: Any, tmp_path: Path) -> None:
    output = maker.output("h264", "mp4", "yuv420p", preset="ultrafast")
    with pytest.raises(StorageError, match="missing"):
        PyAvBackend().write(tmp_path / "missing" / "film.mp4", output, frames(tools, 1), None)


def test_frames_of_another_kind_are_refused_by_number(maker: Any, tools: Any, tmp_path: Path) -> None:
    output = maker.output("h264", "mp4", "yuv420p", preset="ultrafast")

    def mixed() -> Iterator[VideoFrame]:
        yield from frames(tools, 2)
        yield from frames(tools, 1, "yuv444p")

    with pytest.raises(InvalidParameterError) as caught:
        PyAvBackend().write(tmp_path / "film.mp4", output, mixed(), None)
    assert str(caught.value) == "frames[2]: the frame is 160x96 yuv444p (the output is 160x96 yuv420p)"


def test_sound_of_another_rate_is_refused(maker: Any, tools: Any, tmp_path: Path) -> None:
    output = maker.output("h264", "mp4", "yuv420p", SOUND, preset="ultrafast")
    sound = [AudioBlock(np.zeros((2, 50), np.float32), 44100)]
    with pytest.raises(InvalidParameterError, match="44100 Hz stereo"):
        PyAvBackend().write(tmp_path / "film.mp4", output, frames(tools, 2), sound)


def test_frames_for_an_output_without_pictures_are_refused(maker: Any, tools: Any, tmp_path: Path) -> None:
    output = maker.sound_output("flac", "flac")
    with pytest.raises(InvalidParameterError, match="exactly where the output has them"):
        PyAvBackend().write(tmp_path / "film.flac", output, frames(tools, 2), tools["clicks"](48000, 100, 1))


def test_sound_alone_is_written(maker: Any, tools: Any, tmp_path: Path) -> None:
    target = tmp_path / "sound.flac"
    PyAvBackend().write(
        target, maker.sound_output("flac", "flac"), None, tools["clicks"](48000, 60000, 48000)
    )
    assert check(target, Expectation(samples=60000, sample_rate=48000), "full").good


KILLED = """
import itertools, sys
from fractions import Fraction
from pathlib import Path
from kadr_pyav.backend import PyAvBackend
from kadr_sdk.frames import VideoFrame
from kadr_sdk.output import Output, VideoEncoding

def frames():
    frame = VideoFrame.empty("yuv420p", 160, 96)
    for plane in frame.planes:
        plane[:] = 100
    for number in itertools.count():
        yield frame
        if number == 60:
            print("working", flush=True)

video = VideoEncoding("h264", "yuv420p", 160, 96, Fraction(25), preset="ultrafast")
PyAvBackend().write(Path(sys.argv[1]), Output("test", "mp4", video), frames(), None)
"""


def test_a_killed_process_leaves_nothing_that_passes_for_a_result(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    command = [sys.executable, "-c", KILLED, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "working"
        process.kill()
    assert not target.exists()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            with pytest.raises(StorageError, match="not a complete part"):
                PartReader(path)
