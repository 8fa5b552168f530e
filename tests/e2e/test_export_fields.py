"""Every field of the export table, found again in the file."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.errors import ValidationError
from kadr_sdk.rendering import Renderer, RenderRequest
from kadr_sdk.reports import RenderReport

FRAMES = 30


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little over a second that are hard to compress: soft noise, other in each frame."""
    path = tmp_path_factory.mktemp("noise") / "noise.mkv"
    rng = np.random.default_rng(11)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(FRAMES):
            planes = rng.integers(100, 140, (270, 320)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


Deliver = Callable[..., tuple[Path, RenderReport]]


@pytest.fixture
def deliver(noisy: Path, cut: Any, renderer: Renderer, tmp_path: Path) -> Deliver:
    def run(
        name: str, video: dict[str, Any], *, cache: bool = False, **export: Any
    ) -> tuple[Path, RenderReport]:
        timeline = export.pop("timeline", {})
        project = cut(
            {"id": "a", "source_file": str(noisy)}, timeline=timeline, export={"video": video} | export
        )
        path = tmp_path / name
        request = RenderRequest(output=path, cache=cache, verify="full", overwrite=True)
        return path, renderer.render(project, tmp_path, request)

    return run


def packets(path: Path) -> list[Any]:
    """Presentation time in frames, key, and bytes of every packet of the pictures, as decoded."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        found = [p for p in container.demux(stream) if p.size]
        return [(p.pts * stream.time_base * 25, p.is_keyframe, bytes(p)) for p in found]


def rate_of(path: Path) -> float:
    """Bits per second of the pictures."""
    return sum(len(data) for _, _, data in packets(path)) * 8 * 25 / FRAMES


def refusal(deliver: Deliver, name: str, video: dict[str, Any], **export: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        deliver(name, video, **export)
    return "; ".join(str(p) for p in caught.value.problems)


def test_crf_and_quality_are_the_encoders_number(deliver: Deliver) -> None:
    low, _ = deliver("low.mp4", {"codec": "h264", "crf": 40})
    high, _ = deliver("high.mp4", {"codec": "h264", "crf": 20})
    assert b"crf=40.0" in packets(low)[0][2]
    assert rate_of(high) > 2 * rate_of(low)
    same, _ = deliver("same.mp4", {"codec": "h264", "quality": 50})
    assert b"crf=26.5" in packets(same)[0][2]


def test_maxrate_and_bufsize_hold_the_rate(deliver: Deliver) -> None:
    free, _ = deliver("free.mp4", {"codec": "h264", "crf": 20})
    held, _ = deliver("held.mp4", {"codec": "h264", "crf": 20, "maxrate": 400_000, "bufsize": 200_000})
    assert rate_of(free) > 2_000_000
    assert rate_of(held) <= 400_000 + 200_000
    assert b"vbv_maxrate=400 vbv_bufsize=200" in packets(held)[0][2]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_two_passes_meet_the_bitrate(deliver: Deliver, codec: str) -> None:
    video = {"codec": codec, "bitrate": 600_000, "two_pass": True, "preset": "veryfast"}
    path, report = deliver("film.mp4", video, cache=True)
    assert report.frames == FRAMES
    assert rate_of(path) == pytest.approx(600_000, rel=0.2)
    if codec == "h264":
        assert b"rc=2pass" in packets(path)[0][2]
    _, reused = deliver("film.mp4", video, cache=True)
    assert (reused.digest, reused.reused) == (report.digest, report.segments)
    other, changed = deliver("other.mp4", video | {"bitrate": 300_000}, cache=True)
    assert changed.reused == changed.segments, "the masters are the same"
    assert rate_of(other) == pytest.approx(300_000, rel=0.2)


def test_profile_and_level(deliver: Deliver) -> None:
    path, _ = deliver("film.mp4", {"codec": "h264", "profile": "main", "level": "3.1"})
    assert path.read_bytes().count(b"avcC\x01\x4d\x40\x1f") == 1
    path, _ = deliver(
        "film.mp4", {"codec": "hevc", "profile": "main10", "level": "5.1", "pixel_format": "yuv420p10le"}
    )
    head = path.read_bytes().partition(b"hvcC")[2]
    assert (head[1] & 31, head[12]) == (2, 153)  # Main 10; 30 times the level
    path, _ = deliver("film.mp4", {"codec": "h264", "level": "1.1+"})
    assert (
        path.read_bytes().partition(b"avcC")[2][3] == 12
    )  # 20x12 macroblocks 25 times a second are the most of 1.2
    assert "level 1.1 does not hold 320x180 at 25 fps (level 1.2 does)" in refusal(
        deliver, "film.mp4", {"codec": "h264", "level": "1.1"}
    )
    assert "level 3 does not hold 320x180 at 25 fps, 20 Mbit/s (level 3.2 does)" in refusal(
        deliver, "film.mp4", {"codec": "h264", "level": "3", "bitrate": 20_000_000}
    )


def test_gop_and_b_frames(deliver: Deliver) -> None:
    path, _ = deliver(
        "film.mp4", {"codec": "h264", "gop": 10, "b_frames": 0, "options": {"sc_threshold": "0"}}
    )
    rows = packets(path)
    assert [int(pts) for pts, key, _ in rows if key] == [0, 10, 20]
    assert [int(pts) for pts, _, _ in rows] == list(range(FRAMES))
    path, _ = deliver("film.mp4", {"codec": "mpeg2video", "gop": 12, "b_frames": 2})
    order = [int(pts) for pts, _, _ in packets(path)][:7]
    assert order == [0, 3, 1, 2, 6, 4, 5]


def test_ten_bits_and_other_formats(deliver: Deliver) -> None:
    for name, codec, form in (
        ("film.mp4", "h264", "yuv420p10le"),
        ("film.mp4", "av1", "yuv420p10le"),
        ("film.mov", "prores", "yuv422p10le"),
        ("film.mkv", "ffv1", "yuv444p10le"),
    ):
        path, _ = deliver(name, {"codec": codec, "pixel_format": form})
        with av.open(str(path)) as container:
            assert container.streams.video[0].codec_context.pix_fmt == form
            assert next(container.decode(video=0)).format.name == form


def boxes(path: Path) -> list[str]:
    data, position, found = path.read_bytes(), 0, []
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        found.append(kind.decode())
        position += length
    return found


def test_faststart(deliver: Deliver) -> None:
    video = {"codec": "h264"}
    front = boxes(deliver("film.mp4", video)[0])
    behind = boxes(deliver("film.mp4", video, faststart=False)[0])
    assert front.index("moov") < front.index("mdat")
    assert behind.index("moov") > behind.index("mdat")
    said = refusal(deliver, "film.mkv", {"codec": "ffv1"}, faststart=True)
    assert "export.faststart: mkv has no index that could stand in front" in said


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.mov"])
def test_chapters_and_metadata(deliver: Deliver, name: str) -> None:
    marks = [
        {"time": 0, "name": "Start", "kind": "chapter"},
        {"time": 0.5, "name": "a note"},
        {"time": 0.8, "name": "End", "kind": "chapter"},
    ]
    path, _ = deliver(
        name, {"codec": "h264"}, timeline={"markers": marks}, metadata={"artist": "Anna", "title": "Sea"}
    )
    with av.open(str(path)) as container:
        tags = {k.lower(): v for k, v in container.metadata.items()}
        found = [
            (c["metadata"]["title"], float(c["start"] * c["time_base"]), float(c["end"] * c["time_base"]))
            for c in container.chapters()
        ]
    assert {"artist": "Anna", "title": "Sea"}.items() <= tags.items()
    assert found == [("Start", 0.0, 0.8), ("End", 0.8, 1.2)]
    path, _ = deliver(name, {"codec": "h264"}, timeline={"markers": marks}, chapters=False)
    with av.open(str(path)) as container:
        assert container.chapters() == []


@pytest.mark.parametrize(
    ("color", "codes"), [("bt709", (1, 1, 1)), ("bt601", (6, 6, 6)), ("bt2020", (9, 14, 9))]
)
def test_colour_tags(deliver: Deliver, color: str, codes: tuple[int, int, int]) -> None:
    path, _ = deliver("film.mp4", {"codec": "h264"}, timeline={"color": color})
    nclx = path.read_bytes().partition(b"colrnclx")[2]
    assert struct.unpack_from(">HHH", nclx) == codes


LIGHT = {
    "mastering_display": {"min_luminance": 0.005, "max_luminance": 1000},
    "content_light": {"max_cll": 1000, "max_fall": 400},
}


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_light_levels_stand_in_the_stream(deliver: Deliver, codec: str) -> None:
    path, _ = deliver("film.mp4", {"codec": codec, "pixel_format": "yuv420p10le"} | LIGHT)
    first = packets(path)[0][2].replace(b"\0\0\x03", b"\0\0")  # without emulation prevention
    # ITU-T H.265 D.2.28 and D.2.35: type, size; green, blue, red, white in 0.00002, luminance in 0.0001.
    points = (13250, 34500, 7500, 3000, 34000, 16000, 15635, 16450)
    assert bytes([137, 24]) + struct.pack(">8H2I", *points, 10_000_000, 50) in first
    assert bytes([144, 4]) + struct.pack(">2H", 1000, 400) in first


def test_light_levels_in_av1(deliver: Deliver) -> None:
    path, _ = deliver("film.mp4", {"codec": "av1", "pixel_format": "yuv420p10le"} | LIGHT)
    first = packets(path)[0][2]
    # AV1 specification 5.8.3: metadata OBU of type 1, then MaxCLL and MaxFALL.
    assert bytes([0x2A, 6, 1]) + struct.pack(">2H", 1000, 400) in first
    # 6.7.4: red, green, blue, white in 1/65536, then luminance in 1/256 and 1/16384.
    red = struct.pack(">2H", round(0.68 * 65536), round(0.32 * 65536))
    assert bytes([2]) + red in first
    assert struct.pack(">2I", 1000 << 8, round(0.005 * 16384)) in first


REFUSED = [
    (
        "film.mp4",
        {"codec": "h264", "two_pass": True, "crf": 20},
        "export.video.two_pass: two passes need a bitrate",
    ),
    (
        "film.webm",
        {"codec": "vp9", "bitrate": 500_000, "two_pass": True},
        "export.video.two_pass: libvpx-vp9 has no two_pass (libx264 and libx265 have)",
    ),
    ("film.webm", {"codec": "vp9", "level": "4"}, "export.video.level: libvpx-vp9 has no level"),
    (
        "film.mp4",
        {"codec": "h264", "level": "4.7"},
        "export.video.level: h264 has no level '4.7' (did you mean '4.2'",
    ),
    (
        "film.webm",
        {"codec": "vp9", "crf": 30, "maxrate": 500_000},
        "export.video.maxrate: libvpx-vp9 has no maxrate with crf (leave it out)",
    ),
    (
        "film.mp4",
        {"codec": "h264", "crf": 20, "bufsize": 500_000},
        "export.video.bufsize: bufsize is given without maxrate (give maxrate as well",
    ),
    (
        "film.mp4",
        {"codec": "h264", "bitrate": 900_000, "maxrate": 500_000},
        "export.video.maxrate: maxrate 500000 is below bitrate 900000",
    ),
    (
        "film.gif",
        {"codec": "gif"} | LIGHT,
        "export.video.mastering_display: gif by gif has no place for light levels",
    ),
    ("film.mkv", {"codec": "ffv1", "bitrate": 1000}, "export.video.bitrate: ffv1 has no bitrate"),
    ("film.mov", {"codec": "prores", "b_frames": 2}, "export.video.b_frames: prores_ks has no b_frames"),
]


@pytest.mark.parametrize(("name", "video", "said"), REFUSED)
def test_what_a_codec_cannot_take_is_refused_before_the_start(
    deliver: Deliver, name: str, video: dict[str, Any], said: str
) -> None:
    assert said in refusal(deliver, name, video)


def test_the_encoder_by_name_or_as_the_machine_has_it(deliver: Deliver) -> None:
    path, _ = deliver("film.mp4", {"codec": "h264", "encoder": "libx264", "preset": "ultrafast"})
    assert b"x264" in packets(path)[0][2]
    said = refusal(deliver, "film.mp4", {"codec": "h264", "encoder": "libx26"})
    assert "export.video.encoder: no encoder 'libx26' makes h264 (did you mean 'libx264'" in said
    _, report = deliver("film.mp4", {"codec": "h264", "encoder": "auto", "preset": "ultrafast"})
    assert report.frames == FRAMES
