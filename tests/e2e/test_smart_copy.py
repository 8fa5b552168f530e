"""Smart copy: every frame is the one that a full render shows, whatever was copied of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.codec.context import Flags
from av.packet import PacketSideData
from kadr_sdk.errors import ValidationError
from kadr_sdk.plan import RenderPlan
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.testing.synthetic import barcode_frame, read_barcode

SIZE = (320, 180)
NEW_EXTRADATA = 1  # AV_PKT_DATA_NEW_EXTRADATA
FAST = {"preset": "ultrafast"}
X264 = "keyint=20:min-keyint=20:scenecut=0:bframes=3"
X265 = "keyint=20:min-keyint=20:scenecut=0:bframes=4:log-level=none"

SOURCES: dict[str, tuple[str, str, str, dict[str, str]]] = {
    # name: file, encoder, pixel format, options
    "b-pyramid": (
        "a.mp4",
        "libx264",
        "yuv420p",
        {"preset": "ultrafast", "x264-params": f"{X264}:b-pyramid=2:level=4.0"},
    ),
    "open gop": ("a.mp4", "libx264", "yuv420p", {"preset": "ultrafast", "x264-params": f"{X264}:open-gop=1"}),
    "transport stream": (
        "a.ts",
        "libx264",
        "yuv420p",
        {"preset": "ultrafast", "x264-params": f"{X264}:aud=1"},
    ),
    "cra": ("a.mp4", "libx265", "yuv420p", {"preset": "ultrafast", "x265-params": f"{X265}:open-gop=1"}),
    "main 10": ("a.mkv", "libx265", "yuv420p10le", FAST | {"x265-params": X265}),
    "mpeg-2": ("a.ts", "mpeg2video", "yuv420p", {"b": "2M", "g": "12", "bf": "2"}),
}
"""Sources of another make than kadr's own encodings, so that headers differ at every seam."""


def encoded(folder: Path, name: str, frames: int = 120) -> Path:
    """A clip by an encoder as it is, barcodes 0, 1, 2 …, tagged as BT.709."""
    file, encoder, format, options = SOURCES[name]
    path = folder / f"{name} {file}".replace(" ", "-")
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(encoder, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, format
        stream.codec_context.colorspace = stream.codec_context.color_primaries = 1
        stream.codec_context.color_trc = stream.codec_context.color_range = 1
        for number in range(frames):
            picture = av.VideoFrame(*SIZE, format)
            for plane, values in zip(
                picture.planes, barcode_frame(number, *SIZE, format=format).planes, strict=True
            ):
                rows = np.zeros((plane.height, plane.line_size), np.uint8)
                data = np.ascontiguousarray(values).view(np.uint8).reshape(plane.height, -1)
                rows[:, : data.shape[1]] = data
                plane.update(rows.tobytes())
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def lumas(path: Path) -> list[Any]:
    """Luma planes in order of presentation, of 8 or 10 bit."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            plane = frame.planes[0]
            kind = np.dtype("<u2" if frame.format.components[0].bits > 8 else "u1")
            found.append(np.frombuffer(plane, kind).reshape(frame.height, -1)[:, : frame.width].copy())  # type: ignore[call-overload]  # planes are buffers
    return found


def barcodes(path: Path) -> list[int | None]:
    return [read_barcode(luma) for luma in lumas(path)]


def copied_frames(plan: RenderPlan) -> list[int]:
    return [n for s in plan.segments if s.copy for n in range(s.start, s.start + s.count)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("copy")
    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in made:
            made[name] = encoded(folder, name)
        return made[name]

    return get


def request(out: Path, mode: str = "auto", **video: Any) -> RenderRequest:
    return RenderRequest(out, video=video, smart_copy=mode, cache=False, overwrite=True)


@pytest.mark.parametrize(
    ("name", "codec", "suffix", "least"),
    [
        ("b-pyramid", "h264", ".mp4", 120),
        ("b-pyramid", "h264", ".mkv", 120),
        ("open gop", "h264", ".mp4", 100),  # its only IDR picture is the very first
        ("transport stream", "h264", ".mov", 120),
        ("cra", "hevc", ".mp4", 120),
        ("main 10", "hevc", ".mkv", 120),
        ("mpeg-2", "mpeg2video", ".mkv", 120),
        ("b-pyramid", "h264", ".ts", 120),
        ("cra", "hevc", ".ts", 120),
        ("mpeg-2", "mpeg2video", ".ts", 120),
    ],
)
def test_cuts_off_the_key_frames(
    renderer: Any, cut: Any, source: Any, tmp_path: Path, name: str, codec: str, suffix: str, least: int
) -> None:
    file = str(source(name))
    blur = [{"effect_type": "blur", "parameters": {"radius": 3}}]
    project = cut(
        {"id": "a", "source_file": file, "start_time": 0, "duration": 2.2, "source_start": 0.28},
        {
            "id": "b",
            "source_file": file,
            "start_time": 2.2,
            "duration": 1,
            "source_start": 1,
            "effects": blur,
        },
        {"id": "c", "source_file": file, "start_time": 3.2, "duration": 4.6},
    )
    settings = {"codec": codec, "pixel_format": SOURCES[name][2]}
    settings |= {} if codec == "mpeg2video" else {"preset": "ultrafast"}
    out = tmp_path / f"out{suffix}"
    plan = renderer.plan(project, tmp_path, request(out, **settings))
    report = renderer.render(project, tmp_path, request(out, **settings))
    expected = list(range(7, 62)) + list(range(25, 50)) + list(range(115))
    assert barcodes(out) == expected
    assert report.copied == len(copied_frames(plan)) >= least
    assert not report.warnings
    found, sources = lumas(out), lumas(Path(file))
    assert all((found[n] == sources[expected[n]]).all() for n in copied_frames(plan))
    assert not any((found[n] == sources[expected[n]]).all() for n in range(55, 80))  # the blur is there


@pytest.mark.parametrize(
    ("codec", "format", "suffix"),
    [
        ("h264", "yuv420p", ".mp4"),
        ("vp9", "yuv420p", ".mkv"),
        ("av1", "yuv420p", ".mp4"),
        ("prores", "yuv422p10le", ".mov"),
        ("ffv1", "yuv420p", ".mkv"),
    ],
)
def test_two_sources_and_a_dissolve(
    renderer: Any, movie: Any, cut: Any, tmp_path: Path, codec: str, format: str, suffix: str
) -> None:
    intra = codec in ("prores", "ffv1")
    settings = {} if intra else {"gop": 20, "preset": "veryfast"}
    a, b = (
        str(movie(f"{codec}-{first}{suffix}", 120, first=first, codec=codec, format=format, **settings))
        for first in (0, 1000)
    )
    project = cut(
        {"id": "a", "source_file": a, "start_time": 0, "duration": 4, "source_start": 0.28},
        {"id": "b", "source_file": b, "start_time": 3.4, "duration": 3, "source_start": 1.04},
        transitions=[{"transition_type": "dissolve", "between": ["a", "b"]}],
    )
    video = {"codec": codec, "pixel_format": format} | ({} if intra else {"preset": "veryfast"})
    out, full = tmp_path / f"out{suffix}", tmp_path / f"full{suffix}"
    report = renderer.render(project, tmp_path, request(out, **video))
    assert renderer.render(project, tmp_path, request(full, "off", **video)).copied == 0
    assert barcodes(out) == barcodes(full)
    assert len(barcodes(out)) == 160
    assert report.copied >= 100
    assert not report.warnings
    again = renderer.render(project, tmp_path, request(tmp_path / f"again{suffix}", **video))
    assert again.digest == report.digest


def test_an_inset_over_a_long_clip(renderer: Any, movie: Any, cut: Any, source: Any, tmp_path: Path) -> None:
    file, inset = str(source("b-pyramid")), str(movie("a.mp4", 200))
    small = {"scale_x": 0.3, "scale_y": 0.3}
    project = cut(
        {"id": "a", "source_file": file, "start_time": 0, "duration": 4.8},
        tracks=[
            {
                "id": "v2",
                "clips": [
                    {"id": "i", "source_file": inset, "start_time": 2, "duration": 0.6, "transform": small}
                ],
            }
        ],
    )
    out = tmp_path / "out.mp4"
    plan = renderer.plan(project, tmp_path, request(out))
    report = renderer.render(project, tmp_path, request(out))
    assert barcodes(out) == list(range(120))
    untouched = {*range(50), *range(65, 120)}
    assert set(copied_frames(plan)) <= untouched
    assert report.copied >= 80  # whole groups before and after the inset
    inside = next(s for s in plan.segments if s.start <= 50 < s.start + s.count)
    assert "placed over something else" in inside.reason


def test_copied_packets_are_the_sources_own(renderer: Any, cut: Any, source: Any, tmp_path: Path) -> None:
    file = source("b-pyramid")
    project = cut({"id": "a", "source_file": str(file), "start_time": 0, "duration": 4.8})
    out = tmp_path / "out.mp4"
    report = renderer.render(project, tmp_path, request(out, "require"))
    assert report.copied == report.frames == 120

    def packets(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(video=0) if packet.size]

    def tag(path: Path) -> str:
        with av.open(str(path)) as container:
            return str(container.streams.video[0].codec_context.codec_tag)

    assert packets(out) == packets(file)
    assert tag(out) == "avc1"  # one header is enough, so every player knows it


def test_what_does_not_fit_is_encoded_and_the_plan_says_why(
    renderer: Any, movie: Any, cut: Any, source: Any, tmp_path: Path
) -> None:
    clips = [
        {"id": "codec", "source_file": str(movie("v.mkv", 60, codec="vp9")), "duration": 1},
        {"id": "size", "source_file": str(movie("s.mp4", 60, size=(160, 90))), "duration": 1},
        {"id": "rate", "source_file": str(movie("r.mp4", 60, rate="30")), "duration": 1},
        {"id": "depth", "source_file": str(movie("d.mkv", 60, format="yuv422p")), "duration": 1},
        {"id": "slow", "source_file": str(source("b-pyramid")), "duration": 1, "speed": 0.5},
        {"id": "back", "source_file": str(source("b-pyramid")), "duration": 1, "reversed": True},
        {"id": "fine", "source_file": str(source("b-pyramid")), "duration": 1, "source_start": 0.8},
    ]
    for number, clip in enumerate(clips):
        clip["start_time"] = number
    project = cut(*clips)
    plan = renderer.plan(project, tmp_path, request(tmp_path / "out.mp4"))
    assert copied_frames(plan) == list(range(150, 175))
    assert all(s.reason for s in plan.segments if s.copy is None)
    with pytest.raises(ValidationError) as refused:
        renderer.render(project, tmp_path, request(tmp_path / "out.mp4", "require"))
    assert len(refused.value.problems) == 5  # slow and reversed frames are one stretch with one reason
    told = "\n".join(p.message for p in refused.value.problems)
    for part in (
        "the source is vp9 and the output h264",
        "it is scaled from 160x90 to 320x180",
        "the speed or rate is another",
        "it is converted from yuv422p to yuv420p",
    ):
        assert part in told
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("video", "reason"),
    [
        ({"bitrate": 500_000}, "a bitrate makes the whole film one encoder session"),
        ({"profile": "baseline"}, "its profile is"),
        ({"level": "1.3"}, "it is of a higher level than 1.3"),
        ({"maxrate": 900_000, "bufsize": 900_000}, "its rate is not known to keep within maxrate"),
        ({"gop": 10}, "its key frames are 20 frames apart, and gop is 10"),
        ({"b_frames": 0}, "it has B-frames, and b_frames is 0"),
        ({"codec": "hevc"}, "the source is h264 and the output hevc"),
    ],
)
def test_what_was_asked_of_the_encoder_is_asked_of_a_copy(
    renderer: Any, cut: Any, source: Any, tmp_path: Path, video: dict[str, Any], reason: str
) -> None:
    project = cut({"id": "a", "source_file": str(source("b-pyramid")), "start_time": 0, "duration": 4})
    plan = renderer.plan(project, tmp_path, request(tmp_path / "out.mp4", **video))
    assert not copied_frames(plan)
    assert reason in plan.segments[0].reason
    with pytest.raises(ValidationError, match="cannot be copied"):
        renderer.plan(project, tmp_path, request(tmp_path / "out.mp4", "require", **video))


def test_the_setting_decides_where_nothing_is_asked(
    kernel: Any, cut: Any, source: Any, tmp_path: Path
) -> None:
    from kadr_sdk.rendering import Renderer

    renderer: Renderer = kernel.container.get(Renderer)
    project = cut({"id": "a", "source_file": str(source("b-pyramid")), "start_time": 0, "duration": 4})
    wanted = RenderRequest(tmp_path / "out.mp4", cache=False)
    assert not copied_frames(renderer.plan(project, tmp_path, wanted))  # off unless asked for
    kernel.config.set("render.smart_copy", "auto")
    try:
        assert len(copied_frames(renderer.plan(project, tmp_path, wanted))) >= 95
    finally:
        kernel.config.set("render.smart_copy", "off")


def test_the_project_decides_before_the_setting(renderer: Any, cut: Any, source: Any, tmp_path: Path) -> None:
    clip = {"id": "a", "source_file": str(source("b-pyramid")), "duration": 4}
    own = {"video": {"codec": "h264"}, "smart_copy": "auto"}
    project = cut(clip, export=own)
    plain = request(tmp_path / "out.mp4", mode="")
    assert len(copied_frames(renderer.plan(project, tmp_path, plain))) >= 95
    assert not copied_frames(renderer.plan(project, tmp_path, replace(plain, smart_copy="off")))
    without = cut(clip, export={"video": {"codec": "h264"}})
    assert not copied_frames(renderer.plan(without, tmp_path, plain))
    with pytest.raises(ValidationError, match="smart_copy"):
        cut(clip, export=own | {"smart_copy": "always"})


def test_every_place_of_a_mixed_film_can_be_sought(
    renderer: Any, cut: Any, source: Any, tmp_path: Path
) -> None:
    """Headers stand at every random access point, so a jump into a copy needs nothing from before."""
    file = str(source("b-pyramid"))
    project = cut(
        {"id": "a", "source_file": file, "start_time": 0, "duration": 3, "source_start": 0.28},
        {"id": "b", "source_file": file, "start_time": 3, "duration": 3, "source_start": 1.04},
    )
    out = tmp_path / "out.mp4"
    assert renderer.render(project, tmp_path, request(out)).copied
    everything = lumas(out)
    for number in (149, 3, 110, 20, 77, 60, 130, 14, 74, 75):
        with av.open(str(out)) as container:
            stream = container.streams.video[0]
            assert stream.time_base is not None
            container.seek(int(Fraction(number, 25) / stream.time_base), stream=stream)
            frame = next(
                f for f in container.decode(stream) if f.time is not None and f.time * 25 > number - 0.5
            )
            assert (frame.to_ndarray()[:180] == everything[number]).all()


def test_a_seam_that_decodes_wrong_is_found_and_encoded(
    renderer: Any, cut: Any, source: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its own headers a copy is decoded by those of the encoded part before it."""
    import kadr_pyav.join

    file = str(source("b-pyramid"))
    project = cut({"id": "a", "source_file": file, "start_time": 0, "duration": 4, "source_start": 0.28})
    monkeypatch.setattr(kadr_pyav.join, "_headers_differ", lambda _parts: False)
    report = renderer.render(project, tmp_path, request(tmp_path / "out.mp4"))
    assert report.copied == 0
    assert "encoded and not copied" in report.warnings[0].message
    assert barcodes(tmp_path / "out.mp4") == list(range(7, 107))


@pytest.mark.parametrize("drop", ["packet", "frame"])
def test_a_copy_that_shows_something_else_is_found(
    renderer: Any, cut: Any, source: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drop: str
) -> None:
    from kadr_pyav.copied import CopiedPart

    read = CopiedPart.__iter__

    def changed(self: CopiedPart) -> Any:
        packets = list(read(self))
        if drop == "packet":  # the last group ends in another picture
            packets[-1] = packets[-2]
        else:  # two pictures change places
            a, b = packets[1], packets[2]
            packets[1:3] = [type(a)(b.data, a.pts, 1, a.key), type(b)(a.data, b.pts, 1, b.key)]
        yield from packets

    monkeypatch.setattr(CopiedPart, "__iter__", changed)
    file = str(source("b-pyramid"))
    project = cut({"id": "a", "source_file": file, "start_time": 0, "duration": 4})
    report = renderer.render(project, tmp_path, request(tmp_path / "out.mp4"))
    assert (report.copied, len(report.warnings)) == (0, 1)
    assert barcodes(tmp_path / "out.mp4") == list(range(100))


def test_a_source_that_changes_while_it_is_copied_stops_the_render(
    renderer: Any, cut: Any, source: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    from kadr_pyav.copied import CopiedPart
    from kadr_sdk.errors import MediaFileError

    file = tmp_path / "source.mp4"
    shutil.copy(source("b-pyramid"), file)
    read = CopiedPart.__iter__

    def replaced(self: CopiedPart) -> Any:
        shutil.copy(source("open gop"), file)
        return read(self)

    monkeypatch.setattr(CopiedPart, "__iter__", replaced)
    project = cut({"id": "a", "source_file": str(file), "start_time": 0, "duration": 4})
    with pytest.raises(MediaFileError, match="changed"):
        renderer.render(project, tmp_path, request(tmp_path / "out.mp4"))
    assert not (tmp_path / "out.mp4").exists()


def test_a_source_that_changes_its_size_is_not_copied_across(renderer: Any, cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "two.ts"
    with av.open(str(path), "w") as container:
        stream: Any = None
        for size, first in ((SIZE, 0), ((160, 96), 50)):
            encoder = tagged(av.CodecContext.create("libx264", "w"), size)
            stream = stream or tagged(container.add_stream("libx264", rate=25), size)
            for packet in encoded_packets(encoder, first, size):
                packet.stream = stream
                container.mux(packet)
    project = cut({"id": "a", "source_file": str(path), "start_time": 0, "duration": 4})
    report = renderer.render(project, tmp_path, request(tmp_path / "out.mp4"))
    assert report.copied == 50  # up to the change; what comes after is scaled
    assert barcodes(tmp_path / "out.mp4") == list(range(100))


def test_a_source_with_two_headers_is_copied_by_the_first(renderer: Any, cut: Any, tmp_path: Path) -> None:
    """MP4 with two sample descriptions, the second in between: neither seam would show it."""
    path = tmp_path / "headers.mp4"
    first, second = {"x264-params": "cabac=0"}, {"x264-params": "cabac=1:8x8dct=1"}
    with av.open(str(path), "w") as container:
        stream = tagged(container.add_stream("libx264", rate=25), SIZE, **first)
        container.mux(encoded_packets(stream, 0, SIZE))
        for number, options in ((50, second), (100, first)):
            encoder = tagged(av.CodecContext.create("libx264", "w"), SIZE, **options)
            encoder.flags |= Flags.global_header
            packets = encoded_packets(encoder, number, SIZE)
            side = PacketSideData(NEW_EXTRADATA, len(encoder.extradata))  # type: ignore[call-arg]  # the stubs lack its arguments
            side.update(encoder.extradata)
            packets[0].set_sidedata(side)
            for packet in packets:
                packet.stream = stream
                container.mux(packet)
    project = cut({"id": "a", "source_file": str(path), "start_time": 0, "duration": 6})
    wanted = request(tmp_path / "out.mp4")
    assert copied_frames(renderer.plan(project, tmp_path, wanted)) == [*range(50), *range(100, 150)]
    assert not renderer.render(project, tmp_path, wanted).warnings
    assert barcodes(tmp_path / "out.mp4") == list(range(150))


def test_packets_of_oblong_pixels_are_not_copied_where_they_are_stretched(
    renderer: Any, cut: Any, tmp_path: Path
) -> None:
    """The numbers are the output's, but the header in the packets would have players stretch them again."""
    path = tmp_path / "oblong.mp4"
    with av.open(str(path), "w") as container:
        stream = tagged(container.add_stream("libx264", rate=25), SIZE, **{"x264-params": "sar=4/3"})
        container.mux(encoded_packets(stream, 0, SIZE))
    project = cut({"id": "a", "source_file": str(path), "start_time": 0, "duration": 2, "fit": "stretch"})
    plan = renderer.plan(project, tmp_path, request(tmp_path / "out.mp4"))
    assert not copied_frames(plan)
    assert "pixels are not square" in plan.segments[0].reason


def test_a_source_in_pq_is_copied_with_the_light_levels_that_it_states(
    renderer: Any, cut: Any, tmp_path: Path
) -> None:
    path = tmp_path / "pq.mp4"
    light = (
        "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=900,300"
    )
    options = {"preset": "ultrafast", "x265-params": f"keyint=20:log-level=none:{light}"}
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx265", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p10le"
        encoder = stream.codec_context
        encoder.colorspace, encoder.color_primaries, encoder.color_trc, encoder.color_range = 9, 9, 16, 1
        for number in range(40):
            flat = np.full((SIZE[1] * 3 // 2, SIZE[0]), 400 + number, np.uint16)
            picture = av.VideoFrame.from_ndarray(flat, "yuv420p10le")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    project = colored(cut({"id": "a", "source_file": str(path), "duration": 1.6}), "bt2100-pq")
    video = {"codec": "hevc", "pixel_format": "yuv420p10le", "preset": "ultrafast"}
    report = renderer.render(project, tmp_path, request(tmp_path / "out.mp4", "require", **video))
    assert report.copied == 40
    levels = [renderer.probe(file).main_video.light for file in (path, tmp_path / "out.mp4")]
    assert levels[0] == levels[1]
    assert levels[0].content == (900, 300)
    other = video | {"content_light": {"max_cll": 500, "max_fall": 100}}
    plan = renderer.plan(project, tmp_path, request(tmp_path / "out.mp4", **other))
    assert "light levels" in plan.segments[0].reason


def test_a_small_untagged_clip_is_copied_on_a_timeline_of_bt601(
    renderer: Any, cut: Any, tmp_path: Path
) -> None:
    path = tmp_path / "plain.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options=FAST)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        container.mux(encoded_packets(stream, 0, SIZE))
    project = cut({"id": "a", "source_file": str(path), "duration": 2})
    refused = renderer.render(project, tmp_path, request(tmp_path / "out.mp4"))
    reason = "the colour matrix is converted from smpte170m to bt709"
    assert (refused.copied, refused.encoded) == (0, {reason: 50})
    assert renderer.render(colored(project, "bt601"), tmp_path, request(tmp_path / "out.mp4")).copied == 50
    assert barcodes(tmp_path / "out.mp4") == list(range(50))


def test_a_film_with_copies_is_verified_as_one(renderer: Any, cut: Any, source: Any, tmp_path: Path) -> None:
    """Its parts begin elsewhere than those of a film that is encoded throughout."""
    file, out = str(source("b-pyramid")), tmp_path / "out.mp4"
    project = cut(
        {"id": "a", "source_file": file, "start_time": 0, "duration": 2},
        {"id": "b", "source_file": file, "start_time": 2, "duration": 2, "source_start": 1},
    )
    assert renderer.render(project, tmp_path, request(out)).copied
    assert renderer.verify(out, "fast", project, tmp_path, request(out)).problems == ()
    assert renderer.verify(out, "fast", project, tmp_path, request(out, "off")).problems


def colored(project: Any, color: str) -> Any:
    return project.model_copy(update={"timeline": project.timeline.model_copy(update={"color": color})})


def tagged(target: Any, size: tuple[int, int], **options: str) -> Any:
    """A stream or an encoder of BT.709 at 25 frames a second."""
    encoder = getattr(target, "codec_context", target)
    encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.colorspace = encoder.color_primaries = encoder.color_trc = encoder.color_range = 1
    encoder.options = FAST | options
    return target


def encoded_packets(encoder: Any, first: int, size: tuple[int, int]) -> list[Any]:
    packets: list[Any] = []
    for number in range(first, first + 50):
        planes = [plane.reshape(-1, size[0]) for plane in barcode_frame(number, *size).planes]
        picture = av.VideoFrame.from_ndarray(np.concatenate(planes), "yuv420p")
        picture.pts, picture.time_base = number, Fraction(1, 25)
        packets += encoder.encode(picture)
    return packets + encoder.encode(None)
