"""Frames that carry their number, and short ways through prepare, encode and join."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_pyav.audio_encode import AudioSession
from kadr_pyav.encode import encode_frames
from kadr_pyav.encoders import Trials, prepare
from kadr_pyav.join import join
from kadr_sdk.frames import AudioBlock
from kadr_sdk.output import AudioEncoding, Output, VideoEncoding
from kadr_sdk.parts import PartReader, PartWriter

RATE = Fraction(30000, 1001)
BITS = 10


class Context:
    """A render context that remembers."""

    def __init__(self) -> None:
        self.checks = self.advanced = 0
        self.warnings: list[str] = []

    def check(self) -> None:
        self.checks += 1

    def advance(self, amount: int) -> None:
        self.advanced += amount

    def effect(self, kind: str, name: str) -> Any:
        raise AssertionError("no effect is called here")

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        self.warnings.append(message)


def barcode(number: int, pixel_format: str, width: int, height: int) -> av.VideoFrame:
    """A moving gradient with the number as black and white blocks along the top."""
    frame = av.VideoFrame(width, height, pixel_format)
    depth = frame.format.components[0].bits
    word = np.dtype(np.uint8) if depth == 8 else np.dtype("<u2")
    y, x = np.mgrid[0:height, 0:width]
    luma = 60 + (3 * x + 2 * y + 5 * number) % 120
    for bit in range(BITS):
        left, right = bit * width // BITS, (bit + 1) * width // BITS
        luma[: height // 4, left:right] = 235 if number >> bit & 1 else 16
    for index, plane in enumerate(frame.planes):
        values = luma if index == 0 else np.full((plane.height, plane.width), 128 + 20 * (index - 1))
        rows = np.zeros((plane.height, abs(plane.line_size) // word.itemsize), word)
        rows[:, : plane.width] = values << (depth - 8)
        plane.update(rows.tobytes())
    return frame


def number_of(frame: av.VideoFrame) -> int:
    """The number that a decoded picture carries."""
    luma = frame.reformat(format="gray").to_ndarray()
    strip = luma[2 : frame.height // 4 - 2]
    edges = [(bit * frame.width // BITS + 2, (bit + 1) * frame.width // BITS - 2) for bit in range(BITS)]
    return sum((strip[:, a:b].mean() > 125) << bit for bit, (a, b) in enumerate(edges))


def clicks(rate: int, count: int, click: int) -> Iterator[AudioBlock]:
    """Silence with a click, in blocks of odd sizes."""
    samples = np.zeros((2, count), np.float32)
    samples[:, click : click + 20] = 0.9
    for first in range(0, count, 4001):
        yield AudioBlock(samples[:, first : first + 4001], rate, first)


def click_at(path: Path) -> float:
    """Seconds at which the loudest sample is heard."""
    loudest, found = 0.0, -1.0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples = frame.to_ndarray()
            if frame.format.is_packed:
                samples = samples.reshape(-1, frame.layout.nb_channels).T
            level = np.abs(samples[0].astype(np.float64))
            if level.max() > loudest:
                loudest = level.max()
                assert frame.pts is not None
                assert frame.time_base is not None
                found = float(frame.pts * frame.time_base) + int(level.argmax()) / frame.sample_rate
    return found


@dataclass
class Maker:
    """Encodes parts and joins them in a folder."""

    folder: Path
    trials: Trials

    def output(
        self, codec: str, muxer: str, pixel_format: str, audio: AudioEncoding | None = None, **settings: Any
    ) -> Output:
        values: dict[str, Any] = {"width": 160, "height": 96, "rate": RATE} | settings
        video = VideoEncoding(codec=codec, pixel_format=pixel_format, **values)
        return prepare(Output("test", muxer, video, audio), self.trials)

    def sound_output(self, codec: str, muxer: str, rate: int = 48000, **settings: Any) -> Output:
        audio = AudioEncoding(codec, rate, "stereo", **settings)
        return prepare(Output("test", muxer, None, audio), self.trials)

    def sound(self, output: Output, count: int, click: int) -> Path:
        """A part of silence with a click of 20 samples at a sample."""
        assert output.audio is not None
        path, session = self.folder / "sound.kadr", AudioSession(output.audio)
        sink = PartWriter(path)
        for packet in session.run(clicks(output.audio.rate, count, click)):
            sink.write(packet)
        sink.finish(session.header() | {"facts": {}})
        return path

    def part(self, output: Output, first: int, count: int) -> Path:
        path = self.folder / f"part-{first}-{count}.kadr"
        video = output.video
        assert video is not None
        frames = (
            barcode(k, video.pixel_format, video.width, video.height) for k in range(first, first + count)
        )
        encode_frames(frames, count, video, PartWriter(path), f"segments[{first}]")
        return path

    def parts(self, output: Output, counts: Iterable[int]) -> list[Path]:
        found, first = [], 0
        for count in counts:
            found.append(self.part(output, first, count))
            first += count
        return found

    def join(self, parts: Iterable[Path], audio: Path | None, output: Output, name: str = "film.bin") -> Path:
        target = self.folder / name
        with ExitStack() as stack:
            readers = [stack.enter_context(PartReader(path)) for path in parts]
            sound = stack.enter_context(PartReader(audio)) if audio else None
            join(readers, sound, output, target, Context())
        return target


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path, Trials())


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture(scope="session")
def tools() -> dict[str, Callable[..., Any]]:
    found: list[Callable[..., Any]] = [barcode, number_of, pictures, clicks, click_at, replace]
    return {tool.__name__: tool for tool in found}


def pictures(path: Path) -> Iterator[tuple[int, Fraction, bytes]]:
    """Number, time and picture of every decoded frame."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            yield number_of(frame), frame.pts * frame.time_base, frame.to_ndarray().tobytes()
