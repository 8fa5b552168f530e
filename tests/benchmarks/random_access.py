"""Random access against a straight run, frame by frame, over a folder of real files.

Every film is decoded from the start, and again in random order and backwards through the reader
that renders use; each frame must be the same, to the bit. Prints a line a file, ends with 1 where
one differs.

    uv run python tests/benchmarks/random_access.py ../shared/media/video --frames 300
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import zlib
from pathlib import Path

import av
import numpy as np
from kadr_pyav.opening import DecoderOptions, open_decoder
from kadr_pyav.probe import probe
from kadr_pyav.reader import FrameReader
from kadr_sdk.errors import KadrError

Frames = list[tuple[int | None, int]]


def fingerprint(frame: av.VideoFrame) -> int:
    """A sum over what is visible of a frame."""
    found = 0
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8)[: plane.height * plane.line_size]
        used = min(plane.line_size, _row_bytes(frame, plane))
        found = zlib.crc32(np.ascontiguousarray(rows.reshape(plane.height, -1)[:, :used]), found)
    return found


def _row_bytes(frame: av.VideoFrame, plane: av.video.plane.VideoPlane) -> int:
    if len(frame.planes) == 1:
        return frame.width * frame.format.padded_bits_per_pixel // 8
    return int(plane.width) * (1 if max(c.bits for c in frame.format.components) <= 8 else 2)


def straight(path: Path, stream: int, most: int) -> Frames:
    """Times and sums by plain decoding from the start."""
    found: Frames = []
    with av.open(str(path)) as container:
        video = container.streams[stream]
        decoder = open_decoder(video, DecoderOptions())
        for packet in container.demux(video):
            found += [(f.pts, fingerprint(f)) for f in decoder.decode(packet if packet.size else None)]
            if len(found) >= most:
                break
    return found[:most]


def differing(path: Path, most: int, seed: int) -> tuple[int, list[int]]:
    """How many frames were looked at, and which were others."""
    video = probe(path).main_video
    if video is None:
        return 0, []
    reader = FrameReader(path, video.index, policy="black")
    try:
        wanted = straight(path, video.index, most)
        times = {pts: n for n, pts in enumerate(reader.index.pts)}
        sums = {times[pts]: value for pts, value in wanted if pts in times}
        order = sorted(sums)
        random.Random(seed).shuffle(order)
        wrong = set()
        for position in [*order, *sorted(sums, reverse=True)]:
            frame = reader.frame(position)
            if frame is None or fingerprint(frame) != sums[position]:
                wrong.add(position)
        return len(sums), sorted(wrong)
    finally:
        reader.close()


def main(argv: list[str] | None = None) -> int:
    """Print a line a file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, default=300, help="of each file, from its first one on")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    bad = 0
    for path in sorted(p for p in options.folder.rglob("*") if p.is_file()):
        began = time.perf_counter()
        try:
            count, wrong = differing(path, options.frames, options.seed)
        except (KadrError, av.FFmpegError) as error:
            sys.stdout.write(f"{path.name}: not looked at: {error}\n")
            continue
        bad += bool(wrong)
        said = f"others: {wrong[:12]}" if wrong else "the same"
        sys.stdout.write(f"{path.name}: {count} frames, {said}, {time.perf_counter() - began:.1f} s\n")
        sys.stdout.flush()
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
