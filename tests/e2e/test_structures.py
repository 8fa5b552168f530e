"""0 wrong frames from files of every structure: a barcode in each frame, rendered at three rates."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.testing.synthetic import barcode_frame

FRAMES, SECONDS, LED = 60, Fraction(3, 2), 7
ONE = 1 << 16
TURNED = {  # a, b, c, d of the matrix in the track's header, by what a player does with it
    "90": (0, ONE, -ONE, 0),
    "180": (-ONE, 0, 0, -ONE),
    "270": (0, -ONE, ONE, 0),
    "mirrored": (-ONE, 0, 0, ONE),
}
UNDONE: dict[str, Callable[[Any], Any]] = {
    "90": lambda plane: np.rot90(plane, 1),
    "180": lambda plane: np.rot90(plane, 2),
    "270": lambda plane: np.rot90(plane, -1),
    "mirrored": lambda plane: plane[:, ::-1],
}
X264 = {"preset": "veryfast", "crf": "12", "g": "12"}
STRUCTURES: dict[str, tuple[str, str, Fraction, dict[str, str]]] = {
    "constant": ("a.mp4", "libx264", Fraction(25), X264 | {"bf": "0"}),
    "29.97": ("a.mp4", "libx264", Fraction(30000, 1001), X264),
    "b-frames": (
        "a.mp4",
        "libx264",
        Fraction(25),
        X264 | {"x264-params": "bframes=5:b-pyramid=normal:ref=4"},
    ),
    "open gop": ("a.mp4", "libx264", Fraction(25), X264 | {"x264-params": "open-gop=1:bframes=3"}),
    "open gop, ts": ("a.ts", "libx264", Fraction(25), X264 | {"x264-params": "open-gop=1:bframes=3"}),
    "open gop, hevc": (
        "a.mkv",
        "libx265",
        Fraction(25),
        {"preset": "ultrafast", "x265-params": "keyint=12:open-gop=1:bframes=3:crf=12:log-level=none"},
    ),
    "mpeg2 with b-frames": ("a.mkv", "mpeg2video", Fraction(25), {"bf": "2", "g": "12", "q": "2"}),
    "vp9": (
        "a.webm",
        "libvpx-vp9",
        Fraction(25),
        {"crf": "10", "b": "0", "cpu-used": "8", "auto-alt-ref": "1"},
    ),
    "av1": ("a.mkv", "libsvtav1", Fraction(25), {"preset": "12", "crf": "20", "svtav1-params": "lp=1"}),
    "edit list": ("a.mp4", "libx264", Fraction(25), X264 | {"bf": "3"}),
    **{f"turned {name}": ("a.mp4", "libx264", Fraction(25), X264) for name in TURNED},
}


def written(
    path: Path, codec: str, rate: Fraction, options: dict[str, str], undo: Callable[[Any], Any]
) -> Path:
    """A film whose frame ``n`` shows the barcode ``n`` once the player has turned it."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options)
        for number in range(FRAMES):
            planes = [np.ascontiguousarray(undo(plane)) for plane in barcode_frame(number).planes]
            height, width = planes[0].shape
            if number == 0:
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            frame = av.VideoFrame(width, height, "yuv420p")
            for plane, data in zip(frame.planes, planes, strict=True):
                rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
                rows[:, : plane.width] = data
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def turned(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Write the matrix of the track (ISO/IEC 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = matrix
    struct.pack_into(">9i", data, at, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def led(path: Path) -> None:
    """Let the edit list begin later in the media (ISO/IEC 14496-12, 8.6.6)."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        ticks = round(LED / 25 / stream.time_base)
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 12
    length, begin = struct.unpack_from(">Ii", data, at)
    struct.pack_into(">Ii", data, at, length - LED * 1000 // 25, begin + ticks)
    path.write_bytes(data)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    def make(kind: str) -> Path:
        name, codec, rate, options = STRUCTURES[kind]
        path = tmp_path_factory.mktemp("structure") / name
        turn = kind.removeprefix("turned ")
        written(path, codec, rate, options, UNDONE.get(turn, lambda plane: plane))
        if turn in TURNED:
            turned(path, TURNED[turn])
        if kind == "edit list":
            led(path)
        return path

    return make


@pytest.mark.parametrize("kind", STRUCTURES)
def test_no_wrong_frame(
    renderer: Any, cut: Any, read_numbers: Any, tmp_path: Path, source: Callable[[str], Path], kind: str
) -> None:
    """Forwards from a place that is no key frame, at other rates, and backwards."""
    path, rate = source(kind), STRUCTURES[kind][2]
    first = LED if kind == "edit list" else 0
    clip = {"id": "a", "source_file": str(path), "source_start": 0.32, "duration": float(SECONDS)}
    begin = Fraction(8, 25)
    for fps in (Fraction(25), Fraction(30000, 1001)):
        target = tmp_path / f"{float(fps):.0f}.mkv"
        renderer.render(cut(clip, fps=str(fps)), tmp_path, RenderRequest(target, cache=False))
        count = int(SECONDS * fps + Fraction(1, 2))
        wanted = [first + int((begin + k / fps + Fraction(1, 180000)) * rate) for k in range(count)]
        assert read_numbers(target) == wanted
    if rate == 25:
        back = tmp_path / "back.mkv"
        renderer.render(
            cut(clip | {"reversed": True, "duration": 1}), tmp_path, RenderRequest(back, cache=False)
        )
        assert read_numbers(back) == [first + n for n in range(8 + 24, 8 - 1, -1)]
