"""Encode the same frames again and again and count the different results.

    python tests/benchmarks/repeat_encodes.py [--times 20] [--frames 24] [--codec h264]

Every row should say 1. x264 without ``cpu-independent`` gives up to nine different files in
ten encodes on processors with AVX-512, at widths that are no multiple of 16 macroblocks.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from kadr_pyav.encode import encode_frames
from kadr_pyav.encoders import Trials, prepare
from kadr_sdk.output import Output, VideoEncoding
from kadr_sdk.parts import PartWriter

SIZES = ((960, 540), (854, 480), (1280, 720))
SETTINGS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("h264", "mp4", "yuv420p", {"preset": "medium"}),
    ("h264", "mp4", "yuv420p", {"preset": "veryfast", "crf": 20}),
    ("h264", "mp4", "yuv420p", {"bitrate": 2_000_000}),
    ("h264", "mp4", "yuv422p10le", {"preset": "fast"}),
    ("hevc", "mp4", "yuv420p", {"preset": "fast"}),
    ("hevc", "mp4", "yuv420p10le", {"preset": "fast"}),
    ("av1", "mp4", "yuv420p10le", {"preset": "faster"}),
    ("vp9", "webm", "yuv420p", {"preset": "veryfast"}),
    ("prores", "mov", "yuv422p10le", {"profile": "hq"}),
    ("ffv1", "matroska", "yuv420p", {}),
    ("mpeg2video", "mpegts", "yuv420p", {"quality": 80, "b_frames": 2}),
    ("mjpeg", "mov", "yuv420p", {"quality": 80}),
]


def pictures(count: int, form: str, width: int, height: int) -> list[av.VideoFrame]:
    """A soft texture that drifts, a brighter square that moves faster, and grain."""
    random = np.random.default_rng(7)
    coarse = random.uniform(60, 180, (height // 30 + 6, width // 30 + 6))
    wide = np.kron(coarse, np.ones((30, 30)))
    found = []
    for number in range(count):
        luma = wide[number : number + height, 2 * number : 2 * number + width].copy()
        luma[40 + 3 * number : 140 + 3 * number, 60 + 7 * number : 160 + 7 * number] += 50
        luma += random.normal(0, 3, luma.shape)
        gray = av.VideoFrame.from_ndarray(np.clip(luma, 16, 235).astype(np.uint8), format="gray")
        found.append(gray.reformat(format=form))
    return found


def encode(frames: list[av.VideoFrame], encoding: VideoEncoding, path: Path) -> tuple[str, int]:
    """Digest and size of one part."""

    def copies() -> Iterator[av.VideoFrame]:
        for frame in frames:
            yield frame.reformat(format=frame.format.name)

    digest = encode_frames(copies(), len(frames), encoding, PartWriter(path), "film")
    return digest, path.stat().st_size


def measure(times: int, count: int, only: str) -> int:
    """Print the table; the number of rows that did not repeat."""
    failed = 0
    print(f"{'encoder':12} {'format':12} {'size':>9} {'settings':34} {'files':>5} {'kB':>7} {'ms each':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for codec, muxer, form, settings in SETTINGS:
            for width, height in SIZES if only in ("", codec) else ():
                video = VideoEncoding(codec, form, width, height, Fraction(25), **settings)
                encoding = prepare(Output("test", muxer, video), Trials()).video
                assert encoding is not None
                frames = pictures(count, form, width, height)
                begun = time.perf_counter()
                rows = [encode(frames, encoding, Path(folder) / "part") for _ in range(times)]
                spent = (time.perf_counter() - begun) / times * 1000
                different = len({digest for digest, _ in rows})
                failed += different != 1
                text = " ".join(f"{k}={v}" for k, v in settings.items())
                head = f"{encoding.encoder:12} {form:12} {f'{width}x{height}':>9} {text:34}"
                print(f"{head} {different:5} {rows[0][1] / 1000:7.0f} {spent:8.0f}", flush=True)
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Count different results of equal encodes")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--codec", default="")
    chosen = parser.parse_args()
    raise SystemExit(1 if measure(chosen.times, chosen.frames, chosen.codec) else 0)
