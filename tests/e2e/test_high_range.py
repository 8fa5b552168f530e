"""Films in PQ and HLG: what goes through untouched, what is converted, and what the file says of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.color import BT709, BT2100_HLG, BT2100_PQ, Color
from kadr_sdk.errors import ValidationError
from kadr_sdk.frames import VideoFrame
from kadr_sdk.output import LightLevels, Output, VideoEncoding
from kadr_sdk.rendering import Renderer, RenderRequest

POINTS = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), (0.3127, 0.329))
LIGHT = LightLevels(POINTS, (0.005, 4000.0), (3000, 400))
FORM = "yuv420p10le"
TEN = 1023

Source = Callable[..., Path]
Film = Callable[..., Path]


def picture(color: Color) -> VideoFrame:
    """Greys from black to white across, some colour down."""
    frame = VideoFrame.empty(FORM, 320, 180, color)
    frame.planes[0][...] = np.linspace(64, 940, 320).round()[None, :]
    frame.planes[1][...] = np.linspace(448, 576, 90).round()[:, None]
    frame.planes[2][...] = 512
    return frame


@pytest.fixture(scope="module")
def source(renderer: Renderer, tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("bright")

    def make(name: str, color: Color, codec: str = "ffv1", light: LightLevels | None = None) -> Path:
        path = folder / name
        if not path.exists():
            video = VideoEncoding(codec, FORM, 320, 180, Fraction(25), color, light=light)
            muxer = "matroska" if path.suffix == ".mkv" else "mp4"
            backend = renderer.backend()
            backend.write(path, backend.prepare(Output("t", muxer, video)), [picture(color)] * 3, None)
        return path

    return make


@pytest.fixture
def film(renderer: Renderer, cut: Any, tmp_path: Path) -> Film:
    def run(name: str, clip: Path | dict[str, Any], space: str, **video: Any) -> Path:
        if isinstance(clip, Path):
            clip = {"source_file": str(clip), "muted": True}
        project = cut({"id": "a"} | clip, timeline={"color": space}, export={"video": video})
        path = tmp_path / name
        renderer.render(project, tmp_path, RenderRequest(output=path, cache=False, verify="full"))
        return path

    return run


def planes(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        whole = (
            frame.to_ndarray().view(np.uint16) if frame.format.components[0].bits > 8 else frame.to_ndarray()
        )
        return [frame, whole.astype(int)[: frame.height]]


def test_pq_goes_through_bit_for_bit(source: Source, film: Film, renderer: Renderer) -> None:
    clip = source("pq.mkv", BT2100_PQ)
    path = film("film.mkv", clip, "bt2100-pq")
    (before, _), (after, _) = planes(clip), planes(path)
    assert after.format.name == FORM, "the usual eight bits of mkv are left for ten"
    assert (before.to_ndarray() == after.to_ndarray()).all()
    found = renderer.probe(path).main_video
    assert found is not None
    assert found.color == BT2100_PQ


@pytest.mark.parametrize(
    ("name", "video"),
    [
        ("film.mp4", {"codec": "hevc", "preset": "ultrafast"}),
        ("film.mp4", {"codec": "av1", "preset": "ultrafast"}),
        ("film.mov", {"codec": "prores"}),
        ("film.mkv", {"codec": "ffv1"}),
        ("film.mkv", {"codec": "h264", "preset": "ultrafast"}),
        ("film.webm", {"codec": "av1", "preset": "ultrafast"}),
    ],
)
def test_light_levels_of_the_media_are_stated_again(
    source: Source, film: Film, renderer: Renderer, name: str, video: dict[str, Any]
) -> None:
    path = film(name, source("lit.mp4", BT2100_PQ, "hevc", LIGHT), "bt2100-pq", **video)
    assert stated_by_the_container(path) == (POINTS, (0.005, 4000.0), (3000, 400))
    found = renderer.probe(path).main_video
    assert found is not None
    assert (found.color.transfer, found.peak) == ("smpte2084", 3000.0)


def stated_by_the_container(path: Path) -> Any:
    """Mastering display and content light levels by the bytes of the file's head."""
    data = path.read_bytes()
    if path.suffix in (".mp4", ".mov"):
        mdcv, clli = data.partition(b"mdcv")[2], data.partition(b"clli")[2]
        words = np.frombuffer(mdcv[:16], ">u2") / 50000
        green, blue, red, white = (tuple(words[i : i + 2].tolist()) for i in range(0, 8, 2))
        high, low = np.frombuffer(mdcv[16:24], ">u4") / 10000
        content = tuple(np.frombuffer(clli[:4], ">u2").tolist())
        return (red, green, blue, white), (float(low), float(high)), content
    colour = data.partition(bytes.fromhex("55d0"))[2][:200]
    values = [float(value(colour, 0x55D1 + number)) for number in range(10)]
    points = tuple((values[i], values[i + 1]) for i in range(0, 8, 2))
    return points, (values[9], values[8]), (int(value(data, 0x55BC)), int(value(data, 0x55BD)))


def value(data: bytes, name: int) -> float:
    """Of an element of Matroska that stands once in the data; its length is a byte of 0x80 and more."""
    behind = data.partition(name.to_bytes(2, "big"))[2]
    length = behind[0] & 0x7F
    raw = behind[1 : 1 + length]
    if name < 0x55D0:
        return int.from_bytes(raw, "big")
    return float(np.frombuffer(raw, ">f8" if length == 8 else ">f4")[0])


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="there is no ffprobe on this machine")
@pytest.mark.parametrize(
    ("name", "codec", "color", "transfer"),
    [
        ("film.mp4", "hevc", "bt2100-pq", "smpte2084"),
        ("film.mkv", "av1", "bt2100-pq", "smpte2084"),
        ("film.mp4", "hevc", "bt2100-hlg", "arib-std-b67"),
    ],
)
def test_another_program_reads_the_same(
    source: Source, film: Film, name: str, codec: str, color: str, transfer: str
) -> None:
    path = film(name, source("lit.mp4", BT2100_PQ, "hevc", LIGHT), color, codec=codec, preset="ultrafast")
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    ran = subprocess.run(command, capture_output=True, check=True, timeout=60)
    stream = json.loads(ran.stdout)["streams"][0]
    tags = ("color_space", "color_primaries", "color_transfer", "color_range", "pix_fmt")
    assert [stream[t] for t in tags] == ["bt2020nc", "bt2020", transfer, "tv", FORM]
    sides = {row["side_data_type"]: row for row in stream.get("side_data_list", ())}
    if color == "bt2100-hlg":  # relative to the display: nothing is to be said of another one
        assert sides == {}
        return
    levels, display = sides["Content light level metadata"], sides["Mastering display metadata"]
    assert (levels["max_content"], levels["max_average"]) == (3000, 400)
    assert float(Fraction(display["max_luminance"])) == 4000
    assert float(Fraction(display["green_y"])) == pytest.approx(0.69)


def pq(light: Any) -> Any:
    y = (light / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def test_sdr_in_pq_has_its_white_at_203(source: Source, film: Film) -> None:
    path = film("film.mkv", source("sdr.mkv", BT709), "bt2100-pq")
    frame, luma = planes(path)
    middle = luma[90]  # where chroma is none
    wanted = 64 + 876 * pq(203 * np.linspace(0, 1, 320) ** 2.4)
    assert np.abs(middle - wanted)[8:].max() <= 3
    assert (int(frame.color_trc), int(frame.colorspace)) == (16, 9)


def test_a_timeline_of_sdr_delivers_pq_where_asked(source: Source, film: Film) -> None:
    path = film("film.mkv", source("sdr.mkv", BT709), "bt709", color="bt2100-pq")
    assert planes(path)[1][90, -1] == pytest.approx(64 + 876 * 0.5807, abs=2)


def test_a_timeline_in_pq_delivers_sdr_where_asked(source: Source, film: Film) -> None:
    bright = film("film.mkv", source("pq.mkv", BT2100_PQ), "bt2100-pq", color="bt709", pixel_format="yuv420p")
    straight = film("other.mkv", source("pq.mkv", BT2100_PQ), "bt709")
    (frame, luma), (_, other) = planes(bright), planes(straight)
    assert frame.format.name == "yuv420p"
    assert int(frame.color_trc) == 1
    assert np.abs(luma - other).max() <= 1
    assert luma[90].max() >= 234


def test_generators_draw_in_colours_of_sdr(film: Film) -> None:
    clip = {"generator": {"type": "color", "parameters": {"color": "#ffffff"}}, "duration": 0.08}
    for color, share in (("bt2100-pq", 0.5807), ("bt2100-hlg", 0.75)):
        luma = planes(film(f"{color}.mkv", clip, color))[1]
        assert (luma.min(), luma.max()) == (pytest.approx(64 + 876 * share, abs=2),) * 2


def test_the_frame_of_a_film_in_pq_is_shown_as_sdr(
    source: Source, cut: Any, renderer: Renderer, tmp_path: Path
) -> None:
    project = cut(
        {"id": "a", "source_file": str(source("pq.mkv", BT2100_PQ))}, timeline={"color": "bt2100-pq"}
    )
    shown = renderer.frame(project, tmp_path, Fraction(0))
    assert shown.planes[0][90, -1].tolist() == pytest.approx([255] * 3, abs=3)
    assert shown.color.transfer == "bt709"


def test_the_plan_says_what_becomes_of_light(
    source: Source, cut: Any, renderer: Renderer, tmp_path: Path
) -> None:
    clips = [
        {"id": "a", "source_file": str(source("lit.mp4", BT2100_PQ, "hevc", LIGHT))},
        {"id": "b", "source_file": str(source("sdr.mkv", BT709)), "start_time": 1},
        {"id": "c", "source_file": str(source("hlg.mkv", BT2100_HLG)), "start_time": 2},
    ]
    said = {}
    for color in ("bt2100-pq", "bt2100-hlg", "bt709"):
        project = cut(*clips, timeline={"color": color}, export={"video": {"codec": "hevc"}})
        plan = renderer.plan(project, tmp_path, RenderRequest(output=tmp_path / "film.mp4"))
        said[color] = "\n".join(n.message for n in plan.notes)
    assert "mastering display of 0.005 to 4000 cd/m2, MaxCLL 3000 and MaxFALL 400 cd/m2" in said["bt2100-pq"]
    assert "SDR shown in HDR (PQ) with its white at 203 cd/m2" in said["bt2100-pq"]
    assert "HDR (HLG) converted to HDR (PQ), light for light" in said["bt2100-pq"]
    assert "HDR (PQ) tone-mapped to HDR (HLG) (ITU-R BT.2390 EETF, 3000 to 1000 cd/m2)" in said["bt2100-hlg"]
    assert "HDR (PQ) tone-mapped to SDR (ITU-R BT.2390 EETF, 3000 to 203 cd/m2)" in said["bt709"]
    assert "MaxCLL" not in said["bt2100-hlg"] + said["bt709"]


@pytest.mark.parametrize(
    ("name", "video", "path", "said"),
    [
        (
            "f.mp4",
            {"codec": "hevc", "pixel_format": "yuv420p"},
            "pixel_format",
            "yuv420p has 8 bits, and PQ needs 10",
        ),
        ("f.webm", {"codec": "vp9"}, "codec", "vp9 is made here with 8 bits, and PQ needs 10"),
        ("f.mp4", {"codec": "mpeg2video"}, "codec", "mpeg2video is made here with 8 bits"),
        ("f.gif", {}, "codec", "gif is made here with 8 bits"),
        ("f.jpg", {}, "codec", "mjpeg is made here with 8 bits"),
    ],
)
def test_high_range_in_eight_bits_is_refused(
    source: Source, film: Film, name: str, video: dict[str, Any], path: str, said: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        film(name, source("pq.mkv", BT2100_PQ), "bt2100-pq", **video)
    (problem,) = caught.value.problems
    assert problem.path == f"export.video.{path}"
    assert said in problem.message
    assert '"export.video.color": "bt709" delivers SDR' in problem.hint
