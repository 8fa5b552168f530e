"""Picture sequences from parts."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import pytest
from kadr_exporters.exporters.sequence import SequenceExporter
from kadr_sdk.errors import CancelledError, RenderError, StorageError
from kadr_sdk.output import Output, VideoEncoding
from kadr_sdk.parts import Packet, PartReader, PartWriter

OUTPUT = Output("png", "", VideoEncoding("png", "rgb24", 1, 1, Fraction(25)))


def picture(shade: int) -> bytes:
    """A PNG file of one grey pixel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes([0, shade]))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


class Context:
    """Counts, and cancels at a frame if told to."""

    def __init__(self, cancel_at: int | None = None) -> None:
        self.frames = 0
        self.cancel_at = cancel_at

    def check(self) -> None:
        if self.frames == self.cancel_at:
            raise CancelledError("cancelled")

    def advance(self, amount: int) -> None:
        self.frames += amount

    def effect(self, kind: str, name: str) -> object:
        raise AssertionError((kind, name))

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        raise AssertionError((message, path, hint))


def part(path: Path, packets: list[tuple[int, bytes]]) -> PartReader:
    writer = PartWriter(path)
    for pts, data in packets:
        writer.write(Packet(data, pts, 1, True))
    writer.finish({"codec": "png", "frames": len(packets)})
    return PartReader(path)


def deliver(
    parts: list[PartReader], target: Path, context: Context | None = None, output: Output = OUTPUT
) -> None:
    try:
        SequenceExporter().deliver(parts, None, output, target, context or Context())
    finally:
        for reader in parts:
            reader.close()


def test_one_file_a_frame_numbered_over_all_parts(tmp_path: Path) -> None:
    parts = [
        part(tmp_path / "a", [(0, picture(1)), (1, picture(2))]),
        part(tmp_path / "b", [(0, picture(3))]),
        part(tmp_path / "c", [(1, picture(5)), (0, picture(4))]),
    ]
    context = Context()
    deliver(parts, tmp_path / "out", context)
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == [f"frame_{k:06d}.png" for k in range(5)]
    assert [(tmp_path / "out" / n).read_bytes() for n in names] == [picture(k) for k in range(1, 6)]
    assert context.frames == 5


def test_again_gives_the_same_files(tmp_path: Path) -> None:
    for target in ("one", "two"):
        deliver([part(tmp_path / "a", [(k, picture(k)) for k in range(4)])], tmp_path / target)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_packet_of_another_codec_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="not a PNG picture") as caught:
        deliver([part(tmp_path / "a", [(0, b"\x00\x00\x00\x01gG")])], tmp_path / "out")
    assert "codec png" in str(caught.value)


@pytest.mark.parametrize("numbers", [(0, 2), (1, 2), (0, 0), (-1, 0)])
def test_a_missing_or_doubled_frame_is_refused(numbers: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="does not hold frames 0 to"):
        deliver([part(tmp_path / "a", [(n, picture(n & 255)) for n in numbers])], tmp_path / "out")


def test_cancelling_stops_at_the_frame(tmp_path: Path) -> None:
    with pytest.raises(CancelledError):
        deliver([part(tmp_path / "a", [(k, picture(k)) for k in range(9)])], tmp_path / "out", Context(3))
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_a_target_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot write the pictures") as caught:
        deliver([part(tmp_path / "a", [(0, picture(1))])], tmp_path / "out")
    assert "out" in str(caught.value)


def test_no_parts_give_an_empty_folder(tmp_path: Path) -> None:
    deliver([], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("codec", "data", "name"),
    [
        ("mjpeg", b"\xff\xd8\xff\xe0 a picture", "frame_000000.jpg"),
        ("tiff", b"II*\x00 a picture", "frame_000000.tiff"),
    ],
)
def test_other_kinds_of_pictures(codec: str, data: bytes, name: str, tmp_path: Path) -> None:
    output = Output(codec, "", VideoEncoding(codec, "yuv420p", 1, 1, Fraction(25)))
    deliver([part(tmp_path / "a", [(0, data)])], tmp_path / "out", output=output)
    assert [p.name for p in (tmp_path / "out").iterdir()] == [name]
    assert (tmp_path / "out" / name).read_bytes() == data
    with pytest.raises(RenderError, match=f"encode with codec {codec}"):
        deliver([part(tmp_path / "b", [(0, picture(1))])], tmp_path / "other", output=output)
