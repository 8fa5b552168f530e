"""Small films with a barcode in every frame, written on the spot."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

WIDTH, HEIGHT, BITS = 128, 32, 16


class Film:
    """Writes and reads numbered frames; the number stands in 16 blocks of 8x32 luma."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def picture(self, number: int, fmt: str = "yuv420p") -> av.VideoFrame:
        luma = np.full((HEIGHT, WIDTH), 40, np.uint8)
        for bit in range(BITS):
            if number >> bit & 1:
                luma[:, bit * 8 : bit * 8 + 8] = 210
        grey = np.full((HEIGHT // 2, WIDTH), 128, np.uint8)
        frame = av.VideoFrame.from_ndarray(np.vstack([luma, grey[:, :WIDTH]]), format="yuv420p")
        return frame if fmt == "yuv420p" else frame.reformat(format=fmt)

    def number(self, frame: av.VideoFrame) -> int:
        plane = np.frombuffer(frame.reformat(format="gray").planes[0], np.uint8)
        luma = plane.reshape(frame.height, -1)[:, :WIDTH]
        means = luma.reshape(HEIGHT, BITS, 8).mean(axis=(0, 2))
        return sum(1 << bit for bit in range(BITS) if means[bit] > 125)

    def write(
        self,
        name: str,
        codec: str = "libx264",
        count: int = 50,
        *,
        rate: Fraction = Fraction(25),
        times: Sequence[int] | None = None,
        time_base: Fraction | None = None,
        options: dict[str, str] | None = None,
        container: dict[str, str] | None = None,
        fmt: str = "yuv420p",
        shift: int = 0,
    ) -> Path:
        """A film of ``count`` frames; ``times`` in ticks of ``time_base`` for a variable rate."""
        path = self.folder / name
        with av.open(str(path), "w", options=container or {}) as out:
            stream = out.add_stream(codec, rate=rate, options=options or {})
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, fmt
            base = time_base or 1 / rate
            stream.codec_context.time_base = base
            for n in range(count):
                frame = self.picture(n, fmt)
                frame.pts, frame.time_base = (times[n] if times else n), base
                self._mux(out, stream.encode(frame), shift)
            self._mux(out, stream.encode(None), shift)
        return path

    def _mux(self, out: av.container.OutputContainer, packets: list[av.Packet], shift: int) -> None:
        for packet in packets:
            if shift:
                packet.pts += shift
                packet.dts += shift
            out.mux(packet)


@pytest.fixture(scope="session")
def film_kind() -> type[Film]:
    return Film


@pytest.fixture
def film(tmp_path: Path) -> Film:
    return Film(tmp_path)


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real media files."""
    default = Path(__file__).parents[4] / ".." / "shared" / "media"
    folder = Path(os.environ.get("KADR_TEST_MEDIA", default))
    if not folder.is_dir():
        pytest.skip("no folder of test media; set KADR_TEST_MEDIA")
    return folder
