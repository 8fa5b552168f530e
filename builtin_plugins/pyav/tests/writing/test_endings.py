"""Files that were cut off, told by what their own headers promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_pyav.check import check
from kadr_pyav.endings import bytes_missing
from kadr_sdk.reports import Expectation


@pytest.fixture(params=["mkv", "avi"])
def film(request: Any, tmp_path: Path) -> Path:
    path = tmp_path / f"film.{request.param}"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(20):
            picture = np.random.default_rng(number).integers(0, 255, (96, 64), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "yuv420p")))
        container.mux(stream.encode())
    return path


def test_bytes_behind_the_end_are_counted(film: Path) -> None:
    data = film.read_bytes()
    assert bytes_missing(film) == 0
    assert check(film, Expectation(), "fast").problems == ()
    film.write_bytes(data[: len(data) * 2 // 3])
    assert bytes_missing(film) == len(data) - len(data) * 2 // 3
    (problem,) = check(film, Expectation(), "fast").problems
    assert problem.as_dict()["kind"] == "damaged"
    assert f"cut off: {bytes_missing(film)} bytes are missing" in problem.message


@pytest.mark.parametrize(
    ("head", "missing"),
    [
        (b"\x18\x53\x80\x67\x01" + b"\xff" * 7, 0),  # a live stream: its length is not known
        (b"\x18\x53\x80\x67\xff", 0),
        (b"\x18\x53\x80\x67\x84\x00\x00", 2),
        (b"\x18\x53\x80\x67\x40\x05\x00", 4),
        (b"\x18\x53\x80\x67", 0),  # cut off within the header
        (b"\x18\x53\x80\x67\x00", 0),
        (b"", 0),
    ],
)
def test_lengths_of_matroska(tmp_path: Path, head: bytes, missing: int) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(b"\x1a\x45\xdf\xa3\x80" + head)
    assert bytes_missing(path) == missing


def test_the_header_of_an_mp3_counts_bytes_behind_its_tag(tmp_path: Path) -> None:
    path, whole = tmp_path / "cut.mp3", tmp_path / "whole.mp3"
    with av.open(str(whole), "w") as container:
        container.metadata["title"] = "A tone"
        stream: Any = container.add_stream("libmp3lame", rate=48000)
        for number in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 1152), np.float32), "fltp", "stereo")
            frame.sample_rate, frame.pts = 48000, 1152 * number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    data = whole.read_bytes()
    assert data.startswith(b"ID3")
    path.write_bytes(data[:-100])
    assert (bytes_missing(whole), bytes_missing(path)) == (0, 100)


def test_an_unfinished_avi_states_no_length(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    path.write_bytes(b"RIFF\0\0\0\0AVI LIST")
    assert bytes_missing(path) == 0
