"""Two hours of picture and sound: how far each click is from its flash.

    python tests/benchmarks/sync_two_hours.py [--minutes 120] [--codec flac]

The source has 30000/1001 frames and 44100 samples a second, a white frame and a click that
begin together every 7 s and a bit, and is cut into clips of five minutes. The film has 48000
samples a second, so that every sample is resampled. A click's place is the centre of its power,
its truth the timestamp of the white frame. Half a sample is what rounding alone may cost.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from kadr_kernel.boot import boot
from kadr_sdk.color import BT709
from kadr_sdk.frames import AudioBlock, VideoFrame
from kadr_sdk.output import AudioEncoding, Output, VideoEncoding
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer, RenderRequest

FPS, RATE, WIDTH, HEIGHT = Fraction(30000, 1001), 44100, 64, 36
EVERY, SIGMA, REACH = 211, 24.0, 200  # frames; width of a click and what is looked at, in samples


def pictures(frames: int) -> Iterator[VideoFrame]:
    """Black, and white where a click is."""
    black, white = (VideoFrame.empty("yuv420p", WIDTH, HEIGHT, BT709) for _ in range(2))
    for frame, luma in ((black, 16), (white, 235)):
        frame.planes[0][...] = luma
        for plane in frame.planes[1:]:
            plane[...] = 128
    for number in range(frames):
        yield white if number % EVERY == 100 else black


def clicks(frames: int) -> Iterator[AudioBlock]:
    """A bell of samples around the start of each white frame, wherever it lies between samples."""
    total = round(frames / FPS * RATE)
    marks = [float(n / FPS * RATE) for n in range(100, frames, EVERY)]
    for first in range(0, total, 10 * RATE):
        block = np.zeros((2, min(10 * RATE, total - first)), np.float32)
        places = np.arange(first, first + block.shape[1])
        for mark in marks:
            if first - 1000 < mark < first + block.shape[1] + 1000:
                near = np.abs(places - mark) < REACH
                block[:, near] += 0.5 * np.exp(-(((places[near] - mark) / SIGMA) ** 2))
        yield AudioBlock(block, RATE, first)


def flashes(path: Path) -> list[float]:
    """Seconds at which white frames are shown."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [float(f.time) for f in container.decode(stream) if f.to_ndarray()[:HEIGHT].mean() > 120]


def heard(path: Path) -> list[float]:
    """Seconds at which clicks have their middle."""
    found, held, first = [], np.zeros(0), 0
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        rate = stream.rate
        for frame in container.decode(stream):
            at = round(Fraction(frame.pts) * frame.time_base * rate)
            block = frame.to_ndarray()
            scale = {"i": 2.0 ** (8 * block.itemsize - 1), "f": 1.0}[block.dtype.kind]
            block = (block.reshape(-1, 2).T if block.shape[0] == 1 else block)[0] / scale
            held, first = np.concatenate([held, block]), at if not held.size else first
            if held.size > 4 * rate:
                found += _middles(held, first, rate)
                held, first = held[-2 * REACH :], first + held.size - 2 * REACH
    found += _middles(held, first, rate)
    return sorted({round(t, 9) for t in found})


def _middles(samples: np.ndarray, first: int, rate: int) -> Iterator[float]:
    """Of the clicks that lie whole in the samples."""
    for at in np.flatnonzero(samples > 0.45):
        if REACH <= at < samples.size - REACH and samples[at] == samples[at - REACH : at + REACH].max():
            window = samples[at - REACH : at + REACH + 1] ** 2
            yield (first + at + float(np.sum(window * np.arange(-REACH, REACH + 1)) / window.sum())) / rate


def main() -> int:
    """Make, render, measure."""
    parser = argparse.ArgumentParser(description="two hours of sound and picture")
    parser.add_argument("--minutes", type=int, default=120)
    parser.add_argument("--codec", default="flac")
    options = parser.parse_args()
    frames = round(options.minutes * 60 * FPS)
    with tempfile.TemporaryDirectory() as name, boot(environ={"KADR_HOME": f"{name}/home"}) as kernel:
        folder, renderer = Path(name), kernel.container.get(Renderer)
        backend = renderer.backend()
        video = VideoEncoding("h264", "yuv420p", WIDTH, HEIGHT, FPS, crf=20, preset="ultrafast")
        output = Output("mp4", "mp4", video, AudioEncoding("flac", RATE, "stereo"))
        began = time.monotonic()
        backend.write(folder / "in.mp4", backend.prepare(output), pictures(frames), clicks(frames))
        made = time.monotonic() - began
        clips = [
            {"id": str(n), "source_file": "in.mp4", "start_time": 300 * n, "source_start": 300 * n}
            | ({"duration": 300} if 300 * (n + 1) < options.minutes * 60 else {})
            for n in range(-(-options.minutes * 60 // 300))
        ]
        project = parse_project(
            {
                "timeline": {
                    "fps": "30000/1001",
                    "resolution": [WIDTH, HEIGHT],
                    "tracks": [{"id": "v", "type": "video", "clips": clips}],
                }
            }
        )
        request = RenderRequest(
            folder / "out.mp4", audio={"codec": options.codec}, video={"preset": "ultrafast"}, cache=False
        )
        began = time.monotonic()
        renderer.render(project, folder, request)
        took = time.monotonic() - began
        shown, sounds = flashes(folder / "out.mp4"), heard(folder / "out.mp4")
    if len(shown) != len(sounds):
        sys.stdout.write(f"{len(shown)} flashes and {len(sounds)} clicks\n")
        return 1
    off = (np.array(sounds) - np.array(shown)) * 48000
    sys.stdout.write(
        f"{options.minutes} min, {len(shown)} clicks, source made in {made:.0f} s, rendered in {took:.0f} s\n"
        f"click against flash in samples of 48 kHz: first {off[0]:+.3f}, last {off[-1]:+.3f}, "
        f"least {off.min():+.3f}, most {off.max():+.3f}\n"
    )
    return 0 if np.abs(off).max() <= 0.5 else 1


if __name__ == "__main__":
    sys.exit(main())
