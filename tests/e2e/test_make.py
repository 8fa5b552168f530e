"""``kadr make``, ``frame`` and ``plan`` on real footage, as a newcomer types them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

MEDIA = Path(os.environ.get("KADR_TEST_MEDIA", Path(__file__).parents[2] / ".." / "shared" / "media"))
SMALL = ("--size", "192x108")

pytestmark = pytest.mark.skipif(not MEDIA.is_dir(), reason="no folder of test media; set KADR_TEST_MEDIA")


@pytest.fixture
def kadr(kernel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., str]:
    """Runs a command that succeeds; what it said."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> str:
        host = kernel.catalogue.load("host", "cli")
        code = host.run(kernel, [str(a) for a in arguments])
        said = capsys.readouterr()
        assert code == 0, said.err
        return str(said.out)

    return run


def video(name: str) -> Path:
    return MEDIA / "video" / name


def facts(path: str) -> tuple[list[str], float]:
    """Codec names and length in seconds."""
    with av.open(path) as container:
        return [s.codec_context.name for s in container.streams], float(container.duration or 0) / 1e6


def picture(path: str) -> Any:
    with av.open(path) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)


def test_clips_photo_and_music(kadr: Any) -> None:
    said = kadr(
        *("make", video("mdn_flower.mp4"), MEDIA / "images" / "ax_london.jpg"),
        *(video("ax_phone_portrait_4k60_rot.mp4"), MEDIA / "audio" / "music_slow_motion_dream.mp3"),
        *(
            "-o",
            "film.mp4",
            "--transition",
            "dissolve",
            "--transition-seconds",
            "0.2",
            "--photo-seconds",
            "1",
        ),
        *SMALL,
    )
    codecs, seconds = facts("film.mp4")
    assert codecs == ["h264", "aac"]
    assert seconds == pytest.approx(5.0 + 1.0 + 0.27 - 0.4, abs=0.1)
    assert "film.mp4" in said
    assert "verified (fast)" in said


def test_photos_alone(kadr: Any) -> None:
    photos = [
        MEDIA / "images" / n for n in ("ax_london.jpg", "me_exif_orientation6.jpg", "ax_icon_alpha.webp")
    ]
    kadr("make", *photos, "-o", "photos.mkv", "--photo-seconds", "0.2", *SMALL)
    assert facts("photos.mkv") == (["ffv1"], pytest.approx(0.6, abs=0.01))


@pytest.mark.parametrize(
    ("name", "codecs"),
    [
        ("m.mp3", ["mp3float"]),
        ("m.mp4", ["aac"]),
        ("m.wav", ["pcm_s16le"]),
        ("m.flac", ["flac"]),
        ("m.mkv", ["flac"]),
    ],
)
def test_music_alone(kadr: Any, name: str, codecs: list[str]) -> None:
    kadr("make", MEDIA / "audio" / "si_hello.wav", "-o", name)
    found, seconds = facts(name)
    assert [c.removesuffix("float") for c in found] == [c.removesuffix("float") for c in codecs]
    assert seconds == pytest.approx(0.74, abs=0.1)


@pytest.mark.parametrize(
    "name",
    [
        "moviepy_vp9_alpha.webm",
        "moviepy_no_duration_vp9_alpha.webm",
        "moviepy_fire2_phone_rot180_vfr.mp4",
        "ax_mkv_srt.mkv",
        "ax_vp9_odd_161x121.webm",
        "moviepy_1x1.mp4",
        "intel_asl_again.mkv",
    ],
)
def test_odd_clips_twice(kadr: Any, name: str) -> None:
    """Alpha, no duration, a variable rate, a wrong duration, odd sizes, no sound; the same input twice."""
    kadr("make", video(name), video(name), "-o", "film.mp4", "--range", "0", "0.2", "--size", "64x36")
    assert facts("film.mp4")[1] == pytest.approx(0.2, abs=0.08)


def test_a_phone_held_upside_down_is_upright(kadr: Any) -> None:
    clip = video("moviepy_fire2_phone_rot180_vfr.mp4")
    kadr(
        "make",
        clip,
        "-o",
        "film.mkv",
        "--save-project",
        "film.tlp",
        "--size",
        "320x180",
        "--range",
        "0",
        "0.1",
    )
    with av.open(str(clip)) as container:
        stored = next(container.decode(video=0)).reformat(320, 180, "rgb24").to_ndarray().astype(int)
    shown = picture("film.mkv")
    assert np.abs(shown - stored[::-1, ::-1]).mean() < 4 < np.abs(shown - stored).mean()
    assert json.loads(Path("film.tlp").read_text("utf-8"))["timeline"].get("fps", 30) == 30


def test_frames_of_a_project(kadr: Any) -> None:
    """Stills of odd fitted sizes too, as PNG and JPEG, by seconds and by timecode."""
    photo = MEDIA / "images" / "me_exif_orientation6.jpg"
    inputs = [video("mdn_flower.mp4"), photo]
    kadr(
        "make", *inputs, "-o", "a.mkv", "--save-project", "a.tlp", "--size", "480x270", "--range", "0", "0.1"
    )
    kadr("frame", "a.tlp", "--at", "5.5", "-o", "a.png")
    kadr("frame", "a.tlp", "--at", "00:00:05:15", "-o", "a.jpg")
    kadr("frame", "a.tlp", "--at", "5.5", "-o", "half.png", "--scale", "0.5")
    whole, lossy = picture("a.png"), picture("a.jpg")
    assert whole.shape == (270, 480, 3)
    assert picture("half.png").shape == (136, 240, 3)
    assert np.abs(whole - lossy).mean() < 4
    assert whole[:, :100].max() <= 2  # bars beside an upright picture
    assert whole[:, 200:280].std() > 20


def test_what_is_planned_is_what_is_made(kadr: Any) -> None:
    kadr(
        "make", video("mdn_flower.mp4"), "-o", "a.mp4", "--save-project", "a.tlp", *SMALL, "--range", "1", "2"
    )
    planned = json.loads(kadr("plan", "a.tlp", "-o", "b.mp4", "--range", "1", "2", "--json"))
    assert planned["frames"] == 30
    assert "30 frames" in kadr("plan", "a.tlp", "--range", "1", "2")
    said = [
        json.loads(line)
        for line in kadr("render", "a.tlp", "-o", "b.mp4", "--range", "1", "2", "--json").splitlines()
    ]
    assert said[-1]["event"] == "Report"
    assert said[-1]["frames"] == 30
    assert {"RenderPlanned", "RenderStarted", "SegmentEncoded", "RenderCompleted"} <= {
        r["event"] for r in said
    }
    assert Path("a.mp4").read_bytes() == Path("b.mp4").read_bytes()


def test_looking_at_files(kadr: Any) -> None:
    clip = video("moviepy_fire2_phone_rot180_vfr.mp4")
    said = kadr("probe", clip)
    assert "h264, 1280x720" in said
    assert "turn 180°" in said
    found = json.loads(kadr("probe", clip, "--json"))
    assert found["video"][0]["rotation"] == 180
    assert Fraction(found["video"][0]["rate"]) < 11
    assert "good (full" in kadr("verify", clip, "--level", "full")


@pytest.mark.parametrize(
    ("options", "codecs"),
    [
        (["-o", "x.mov"], ["h264", "aac"]),
        (["-o", "x.webm", "--crf", "50"], ["vp9", "opus"]),
        (["-o", "x.mkv", "--codec", "h264", "--audio-codec", "aac"], ["h264", "aac"]),
        (["-o", "x.mp4", "--preset", "preview"], ["h264", "aac"]),
        (["-o", "x.mp4", "--bitrate", "300k", "--fps", "12"], ["h264", "aac"]),
    ],
    ids=lambda v: " ".join(v) if v and v[0] == "-o" else "",
)
def test_deliveries(kadr: Any, options: list[str], codecs: list[str]) -> None:
    kadr("make", video("mdn_friday_speech.mp4"), *options, "--range", "1", "1.5", *SMALL)
    found, seconds = facts(options[1])
    assert [c.removeprefix("lib").removesuffix("-vp9") for c in found] == codecs or found == codecs
    assert seconds == pytest.approx(0.5, abs=0.1)


def test_pictures_in_a_folder(kadr: Any) -> None:
    kadr("make", video("mdn_flower.mp4"), "-o", "x.png", "--range", "0", "0.1", *SMALL)
    assert len(list(Path("x.png").glob("*.png"))) == 3
