"""Thumbnails, storyboards and pictures of films show what they should."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_scanner.extract import at_interval, at_keys, extract
from kadr_scanner.library import Library
from kadr_scanner.products import source_of
from kadr_scanner.thumbnails import storyboard, thumbnail
from kadr_sdk.errors import InvalidParameterError, InvalidPathError, MediaFileError
from kadr_sdk.frames import VideoFrame
from kadr_sdk.testing.synthetic import barcode_frame, read_barcode
from PIL import Image

Run = Callable[..., str]


def luma(data: bytes) -> Any:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("L"))


@pytest.mark.parametrize(("kind", "name"), [("jpeg", "JPEG"), ("png", "PNG"), ("webp", "WEBP")])
def test_a_thumbnail_shows_its_time(library: Library, barcodes: Path, kind: str, name: str) -> None:
    data = thumbnail(library, source_of(library, barcodes), kind, (160, 200), Fraction(7, 5))
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == (name, (160, 90))
    assert read_barcode(luma(data)) == 35


def test_the_same_thumbnail_is_made_once(library: Library, barcodes: Path) -> None:
    source = source_of(library, barcodes)
    first = thumbnail(library, source, "png", (64, 64))
    counted: list[Any] = []
    frames, library.backend.frames = library.backend.frames, counted.append
    try:
        assert thumbnail(library, source, "png", (64, 64)) == first
    finally:
        library.backend.frames = frames
    assert counted == []


def test_a_black_beginning_is_skipped(library: Library, write_film: Callable[..., Path]) -> None:
    dark = VideoFrame.empty("yuv420p", 320, 180)
    for plane, code in zip(dark.planes, (16, 128, 128), strict=True):
        plane[:] = code
    path = write_film("fade.mkv", [dark] * 30 + [barcode_frame(n) for n in range(30, 60)])
    assert read_barcode(luma(thumbnail(library, source_of(library, path), "png"))) in range(30, 60)


def test_a_picture_stands_upright(library: Library, tmp_path: Path) -> None:
    image = Image.new("RGB", (60, 40), "blue")
    image.paste("red", (0, 0, 20, 40))  # left, so at the top once it is turned clockwise
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    data = thumbnail(library, source_of(library, tmp_path / "a.jpg"), "png")
    with Image.open(io.BytesIO(data)) as found:
        assert found.size == (40, 60)  # never larger than it is
        top, bottom = (np.asarray(found)[row, 20] for row in (5, 55))
    assert top[0] > 200 > 60 > top[2]
    assert bottom[2] > 200 > 60 > bottom[0]


def test_transparency_is_kept(library: Library, tmp_path: Path) -> None:
    Image.new("RGBA", (30, 20), (10, 200, 30, 0)).save(tmp_path / "a.png")
    source = source_of(library, tmp_path / "a.png")
    with Image.open(io.BytesIO(thumbnail(library, source, "webp"))) as image:
        assert image.mode == "RGBA"
    with Image.open(io.BytesIO(thumbnail(library, source, "jpeg"))) as image:
        assert image.mode == "RGB"


def test_no_such_moment(library: Library, barcodes: Path) -> None:
    with pytest.raises(InvalidParameterError, match=r"no picture at 3 s.*the pictures last 2\.400 s"):
        thumbnail(library, source_of(library, barcodes), "png", at=Fraction(3))


def test_a_storyboard(library: Library, barcodes: Path) -> None:
    sheet = storyboard(library, source_of(library, barcodes), "png", columns=3, rows=2, width=160)
    assert (sheet.width, sheet.height, sheet.tile) == (480, 180, (160, 90))
    picture = luma(sheet.picture)
    shown = [read_barcode(picture[t.y : t.y + 90, t.x : t.x + 160]) for t in sheet.tiles]
    assert shown == [5, 15, 25, 35, 45, 55]  # the middles of six parts of ten frames
    assert [t.at for t in sheet.tiles] == [0.2, 0.6, 1.0, 1.4, 1.8, 2.2]
    with pytest.raises(InvalidParameterError, match="the sheet is too large"):
        storyboard(library, source_of(library, barcodes), "png", columns=100, rows=100)


def test_pictures_at_an_interval_and_at_keys(library: Library, barcodes: Path, tmp_path: Path) -> None:
    source = source_of(library, barcodes)
    index = library.backend.index(barcodes, 0)
    found = extract(library, source, at_interval(index, Fraction(1, 2)), tmp_path / "a", kind="png")
    assert [p.frame for p in found] == [0, 12, 25, 37, 50]
    assert [read_barcode(luma(p.path.read_bytes())) for p in found] == [0, 12, 25, 37, 50]
    assert [p.path.name for p in found][:2] == ["barcodes-000000.png", "barcodes-000012.png"]
    keys = extract(library, source, at_keys(index), tmp_path / "b", kind="png", size=(160, 90))
    assert [p.frame for p in keys] == list(index.keys)
    with pytest.raises(InvalidPathError, match="exists already"):
        extract(library, source, at_keys(index), tmp_path / "b", kind="png")
    with pytest.raises(InvalidParameterError, match="5 pictures are more than 2"):
        extract(library, source, at_interval(index, Fraction(1, 2)), tmp_path / "c", limit=2)
    with pytest.raises(InvalidParameterError, match="longer than 0"):
        at_interval(index, Fraction(0))


def test_pictures_at_subtitles(run: Run, barcodes: Path, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:01,400\nhello\n", "utf-8")
    lines = run("frames", barcodes, "-o", tmp_path / "out", "--subtitle-file", tmp_path / "a.srt", "--json")
    row = next(json.loads(line) for line in lines.splitlines() if '"Picture"' in line)
    assert (row["frame"], row["at"]) == (30, 1.2)


def png_of_zeros(width: int, height: int) -> bytes:
    """A well-made PNG of black pixels: small on the disk, large in memory."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    rows = 100  # deflated once, then repeated: blocks after a full flush know nothing of each other
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(rows * (1 + 3 * width))) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = (height * (1 + 3 * width) % 65521 << 16) | 1  # Adler-32 of zeros
    data = b"\x78\xda" + block * (height // rows) + b"\x03\x00" + checksum.to_bytes(4, "big")
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_bomb_meets_a_limit(library: Library, tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png_of_zeros(12000, 12000))
    before = peak_memory()
    assert library.scan(tmp_path).failed == 1
    assert "12000x12000, more than the limit" in library.known(tmp_path / "bomb.png").reason
    with pytest.raises(MediaFileError, match="12000x12000, more than the limit"):
        source_of(library, tmp_path / "bomb.png")
    assert peak_memory() - before < 100 << 20, "the picture would be 432 MB"


def peak_memory() -> int:
    """Bytes, the most that this process ever had; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    import sys

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
