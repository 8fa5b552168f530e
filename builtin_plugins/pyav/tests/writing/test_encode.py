from __future__ import annotations

import errno
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import kadr_pyav.stages
import pytest
from av.video.frame import PictureType
from kadr_pyav.encode import encode, encode_frames
from kadr_sdk.color import BT709
from kadr_sdk.errors import BackendError, CancelledError, InternalError, StorageError
from kadr_sdk.parts import PartReader, PartWriter
from kadr_sdk.plan import Segment, Solid, Span


class FakeStage:
    """Frames with the number that the span's colour says plus their own."""

    made: list[FakeStage]

    def __init__(self, barcode: Any, first: int, size: tuple[int, int] = (160, 96)) -> None:
        self.barcode, self.first, self.size, self.closed = barcode, first, size, False
        self.asked: list[int] = []

    def frame(self, number: int) -> av.VideoFrame:
        self.asked.append(number)
        return self.barcode(self.first + number, "yuv420p", *self.size)

    def close(self) -> None:
        self.closed = True


def segment_of(*counts: int, width: int = 160) -> Segment:
    spans, start = [], 0
    for count in counts:
        root = Solid((start / 100, 0, 0, 1), width, 96, "yuv420p", BT709, count)
        spans.append(Span(start, count, root))
        start += count
    return Segment(3, 0, start, tuple(spans))


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch, tools: Any) -> list[FakeStage]:
    made: list[FakeStage] = []

    def compile_node(root: Solid, resources: object) -> FakeStage:
        made.append(FakeStage(tools["barcode"], round(root.rgba[0] * 100)))
        return made[-1]

    monkeypatch.setattr(kadr_pyav.stages, "compile_node", compile_node)
    return made


@pytest.fixture
def output(maker: Any) -> Any:
    return maker.output("h264", "mp4", "yuv420p", preset="veryfast")


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[PartWriter]:
    writer = PartWriter(tmp_path / "part")
    yield writer
    writer.abandon()


def test_spans_share_one_session(
    stages: list[FakeStage], output: Any, context: Any, tmp_path: Path, maker: Any, tools: Any
) -> None:
    path = tmp_path / "part"
    digest = encode(segment_of(5, 1, 7), output, PartWriter(path), context, None)
    with PartReader(path) as part:
        packets = list(part)
        assert part.digest == digest
        assert part.header["frames"] == 13
        assert sorted(p.pts for p in packets) == list(range(13))
        assert [p.key for p in packets] == [True] + [False] * 12
        assert {p.duration for p in packets} == {1}
    assert [stage.asked for stage in stages] == [list(range(5)), [0], list(range(7))]
    assert all(stage.closed for stage in stages)
    assert (context.advanced, context.checks) == (13, 13)
    assert [n for n, _, _ in tools["pictures"](maker.join([path], None, output))] == list(range(13))


def test_cancelling_stops_within_a_frame_and_closes_the_stage(
    stages: list[FakeStage], output: Any, context: Any, tmp_path: Path
) -> None:
    def check() -> None:
        if context.advanced == 4:
            raise CancelledError("stopped")

    context.check = check
    sink = PartWriter(tmp_path / "part")
    with pytest.raises(CancelledError):
        encode(segment_of(20), output, sink, context, None)
    assert stages[0].asked == [0, 1, 2, 3]
    assert stages[0].closed
    sink.abandon()
    assert not (tmp_path / "part").exists()


def test_what_was_written_before_a_stop_is_not_a_part(
    stages: list[FakeStage], output: Any, context: Any, tmp_path: Path
) -> None:
    context.check = lambda: (_ for _ in ()).throw(KeyboardInterrupt) if context.advanced == 9 else None
    sink = PartWriter(tmp_path / "part")
    with pytest.raises(KeyboardInterrupt):
        encode(segment_of(20), output, sink, context, None)
    sink._file.close()
    with pytest.raises(StorageError, match="not a complete part"):
        PartReader(tmp_path / "part")


def test_a_span_of_another_size_is_refused_before_its_first_frame(
    stages: list[FakeStage], output: Any, context: Any, sink: PartWriter
) -> None:
    with pytest.raises(InternalError) as caught:
        encode(segment_of(2, width=320), output, sink, context, None)
    assert str(caught.value) == (
        "segments[3].spans[0]: a frame is 320x96 yuv420p where the encoder was promised 160x96 yuv420p "
        "(the plan must convert to the output's size and format)"
    )
    assert stages == []


def test_a_frame_of_another_format_is_never_converted_silently(
    output: Any, tools: Any, sink: PartWriter
) -> None:
    frames = [tools["barcode"](0, "yuv420p", 160, 96), tools["barcode"](1, "yuv444p", 160, 96)]
    with pytest.raises(InternalError, match=r"frames\[1\].*yuv444p"):
        encode_frames(frames, 2, output.video, sink, "film")


def test_too_few_frames_are_not_a_part(output: Any, tools: Any, sink: PartWriter) -> None:
    frames = [tools["barcode"](k, "yuv420p", 160, 96) for k in range(3)]
    with pytest.raises(BackendError, match="3 frames gave 3 packets instead of 4"):
        encode_frames(frames, 4, output.video, sink, "film")


def part_bytes(frames: Any, output: Any, path: Path) -> bytes:
    encode_frames(frames, None, output.video, PartWriter(path), "film")
    return path.read_bytes()


def test_what_frames_were_in_their_source_changes_nothing(output: Any, tools: Any, tmp_path: Path) -> None:
    def frames(typed: bool) -> Any:
        for number in range(12):
            frame = tools["barcode"](number, "yuv420p", 160, 96)
            if typed:
                frame.pict_type = PictureType.I
                frame.pts, frame.time_base = 1000 - number, Fraction(1, 7)
            yield frame

    plain = part_bytes(frames(False), output, tmp_path / "a")
    assert part_bytes(frames(True), output, tmp_path / "b") == plain


def test_facts_tell_black_and_frozen_stretches(output: Any, tools: Any, tmp_path: Path) -> None:
    def frames() -> Any:
        for number in (1, 2, 2, 2):
            yield tools["barcode"](number, "yuv420p", 160, 96)
        black = av.VideoFrame(160, 96, "yuv420p")
        for plane, value in zip(black.planes, (16, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        yield black

    part_bytes(frames(), output, tmp_path / "part")
    with PartReader(tmp_path / "part") as part:
        facts = part.facts
    assert facts["crc"][1] == facts["crc"][2] == facts["crc"][3] != facts["crc"][0]
    assert facts["luma"][4] == 16.0
    assert min(facts["luma"][:4]) > 60


@pytest.mark.parametrize("form", ["yuv420p", "yuv420p10le", "rgb24"])
def test_facts_are_in_codes_of_8_bit_whatever_the_format(form: str, maker: Any, tmp_path: Path) -> None:
    codec = "ffv1" if form.startswith("yuv") else "png"
    output = maker.output(codec, "" if codec == "png" else "matroska", form, width=100, height=50)
    frame = av.VideoFrame(100, 50, form)
    deep = form.endswith("10le")
    for plane in frame.planes:
        data = (200 << 2).to_bytes(2, "little") if deep else b"\xc8"
        plane.update(data * (plane.buffer_size // len(data)))
    part_bytes([frame], output, tmp_path / "part")
    with PartReader(tmp_path / "part") as part:
        assert part.facts["luma"] == [200.0]


def test_a_full_disk_while_encoding_is_a_storage_error(output: Any, tools: Any, tmp_path: Path) -> None:
    sink = PartWriter(tmp_path / "part")

    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            sink_file.close()

    sink_file, sink._file = sink._file, Full()  # type: ignore[assignment]  # a disk that is full
    frames = (tools["barcode"](k, "yuv420p", 160, 96) for k in range(5))
    with pytest.raises(StorageError, match="No space left"):
        encode_frames(frames, 5, output.video, sink, "film")
    sink.abandon()
    assert not (tmp_path / "part").exists()
