"""Every real file: the index is what a decoder gives, and any order shows the same frames."""

from __future__ import annotations

import os
import random
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from kadr_pyav.opening import DecoderOptions, open_decoder
from kadr_pyav.probe import probe
from kadr_pyav.reader import FrameReader

MOST = 90  # frames of a file that are compared
FOLDER = Path(os.environ.get("KADR_TEST_MEDIA", Path(__file__).parents[4] / ".." / "shared" / "media"))
NAMES = sorted(
    str(path.relative_to(FOLDER))
    for kind in ("video", "derived", "images")
    for path in (FOLDER / kind).glob("*.*")
    if path.name != "ax_black_large.webp"
)
TRUNCATED = {"video/si_mpeg1_weird_aspect.mpg": [34]}  # the file ends within a B frame


def fingerprint(frame: av.VideoFrame) -> int:
    """A sum over what is visible; padding beside it is undefined."""
    found = 0
    for number, plane in enumerate(frame.planes):
        parts = [c for c in frame.format.components if c.plane == number]
        word = 1 if not parts or parts[0].bits <= 8 else 2
        packed = len(frame.planes) == 1
        width = frame.width * frame.format.padded_bits_per_pixel // 8 if packed else plane.width * word
        rows = np.frombuffer(plane, np.uint8)[: plane.height * plane.line_size]
        visible = rows.reshape(plane.height, plane.line_size)[:, :width]
        found = zlib.crc32(np.ascontiguousarray(visible), found)
    return found


def decoded(path: Path, stream: int, most: int) -> list[tuple[int | None, int]]:
    """Timestamps and fingerprints by plain decoding from the start."""
    found = []
    with av.open(str(path)) as container:
        video = container.streams[stream]
        decoder = open_decoder(video, DecoderOptions())
        for packet in container.demux(video):
            for frame in decoder.decode(packet if packet.size else None):
                found.append((frame.pts, fingerprint(frame)))
            if len(found) >= most or not packet.size:
                break
    return found[:most]


@pytest.mark.skipif(not NAMES, reason="no folder of test media; set KADR_TEST_MEDIA")
@pytest.mark.parametrize("name", NAMES)
def test_any_order_is_decoding_order(name: str) -> None:
    path = FOLDER / name
    video = probe(path).main_video
    assert video is not None
    most = MOST if video.width * video.height < 1_000_000 else 24
    expected = decoded(path, video.index, most)
    reader = FrameReader(path, video.index, policy="black")
    assert list(reader.index.pts[:most]) == [pts for pts, _ in expected]
    count = len(expected)
    order = [*random.Random(1).choices(range(count), k=4), *range(count - 1, max(-1, count - 9), -1), 0]
    for position in order:
        frame = reader.frame(position)
        if position in TRUNCATED.get(name, []):
            assert frame is None
        else:
            assert frame is not None
            assert fingerprint(frame) == expected[position][1], position
    reader.close()


def test_the_last_frame_of_a_long_film(media: Path) -> None:
    path = media / "video/ax_long_6min_1080p.mp4"
    reader = FrameReader(path, 0)
    last = len(reader.index.pts) - 1
    assert last == 10882
    frame = reader.frame(last)
    assert frame is not None
    assert frame.pts == reader.index.pts[last]
    reader.close()
