"""The in-memory backend keeps the backend contract as far as the kernel's tests lean on it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_sdk.color import BT709
from kadr_sdk.errors import MediaFileError, UnsupportedFormatError
from kadr_sdk.output import AudioEncoding, Output, VideoEncoding
from kadr_sdk.parts import PartReader, PartWriter
from kadr_sdk.plan import AudioClip, AudioPlan, Decode, FrameTimes, Place, Ramp, Segment, Solid, Source, Span
from kadr_sdk.reports import Expectation
from kadr_sdk.testing.memory import MemoryBackend, read_output, write_source
from kadr_sdk.testing.synthetic import barcode_frame, read_barcode

VIDEO = VideoEncoding("h264", "yuv420p", 64, 36, Fraction(25))
OUTPUT = Output("mp4", "mp4", VIDEO, AudioEncoding("aac", 8000, "stereo"))


class Context:
    """Counts, and refuses nothing."""

    def __init__(self) -> None:
        self.done = 0

    def check(self) -> None: ...
    def advance(self, amount: int) -> None:
        self.done += amount

    def effect(self, kind: str, name: str) -> Any: ...
    def warn(self, message: str, path: str = "", hint: str = "") -> None: ...


@pytest.fixture
def source(tmp_path: Path) -> Path:
    video = {"width": 64, "height": 36, "rate": "25", "frames": 50, "first": 100}
    return write_source(tmp_path / "a.mem", video=video, audio={"rate": 8000, "seconds": "2", "level": 0.5})


def decode(path: Path, start: Fraction, count: int) -> Decode:
    picture = Source(str(path), 0, 64, 36, "yuv420p", BT709)
    return Decode(picture, FrameTimes(start, Fraction(1, 25)), count)


def test_probe_and_index(source: Path) -> None:
    backend = MemoryBackend()
    info = backend.probe(source)
    assert info.main_video is not None
    assert (info.main_video.frames, info.main_video.duration, info.duration) == (50, 2, 2)
    assert info.main_audio is not None
    assert info.main_audio.rate == 8000
    index = backend.index(source, 0)
    assert (len(index.pts), index.duration, index.variable) == (50, 2, False)
    with pytest.raises(MediaFileError, match="no video stream 1"):
        backend.index(source, 1)


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_what_is_no_media(tmp_path: Path, content: str) -> None:
    (tmp_path / "x").write_text(content, "utf-8")
    with pytest.raises(MediaFileError, match="not readable as media"):
        MemoryBackend().probe(tmp_path / "x")


def test_it_refuses_what_it_cannot_encode() -> None:
    with pytest.raises(UnsupportedFormatError, match="no encoder for vp9"):
        MemoryBackend().prepare(replace(OUTPUT, video=replace(VIDEO, codec="vp9")))


def test_segments_sound_and_join(source: Path, tmp_path: Path) -> None:
    backend, context = MemoryBackend(), Context()
    segments = [
        Segment(0, 0, 10, (Span(0, 10, decode(source, Fraction(0), 10)),)),
        Segment(1, 10, 5, (Span(10, 5, decode(source, Fraction(1), 5)),)),
    ]
    for segment in segments:
        backend.encode(segment, OUTPUT, PartWriter(tmp_path / f"{segment.index}.part"), context)
    assert context.done == 15
    clip = AudioClip(str(source), 1, 100, 200, Fraction(0), gains=((Ramp(0, 200, 0.0, 1.0),),))
    plan = AudioPlan(8000, "stereo", 2, 4800, (clip,))
    backend.render_audio(plan, OUTPUT, PartWriter(tmp_path / "audio.part"), context)
    parts = [PartReader(tmp_path / f"{n}.part") for n in range(2)]
    with PartReader(tmp_path / "audio.part") as audio:
        backend.join(parts, audio, OUTPUT, tmp_path / "out.mp4", context)
    for part in parts:
        part.close()
    found = read_output(tmp_path / "out.mp4")
    assert [read_barcode(f) for f in found.frames] == [*range(100, 110), *range(125, 130)]
    assert found.samples.shape == (2, 4800)
    assert found.samples[0, 99] == 0
    assert found.samples[1, 200] == pytest.approx(0.25)
    assert found.samples[0, 300] == 0
    report = backend.check(tmp_path / "out.mp4", Expectation(frames=15, samples=4800), "fast")
    assert report.good
    assert not backend.check(tmp_path / "out.mp4", Expectation(frames=16), "fast").good


def test_a_layer_lies_where_the_plan_says(source: Path) -> None:
    base = Solid((1.0, 1.0, 1.0, 1.0), 64, 36, "yuv420p", BT709, 1)
    layer = Solid((0.0, 0.0, 0.0, 1.0), 32, 18, "yuv420p", BT709, 1)
    (frame,) = MemoryBackend().frames(Place(base, layer, 16.0, 9.0, 32.0, 18.0, opacity=0.5), Context())
    assert (frame.planes[0][:18, :32] == 126).all()
    assert (frame.planes[0][18:] == 235).all()
    assert (frame.planes[0][:, 32:] == 235).all()


def test_an_image_is_not_another(source: Path) -> None:
    backend = MemoryBackend()
    one, two = (backend.image(barcode_frame(n, 64, 36)) for n in (1, 2))
    assert one != two
    assert one.startswith(b"png 64 36\n")
