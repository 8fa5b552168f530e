from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from kadr_pyav.encoder_table import VIDEO
from kadr_pyav.encoders import Trials, prepare
from kadr_sdk.errors import InvalidParameterError, UnsupportedFormatError
from kadr_sdk.output import AudioEncoding, Output, VideoEncoding


def made(codec: str = "h264", muxer: str = "mp4", **settings: Any) -> Output:
    values = {"pixel_format": "yuv420p", "width": 320, "height": 240, "rate": Fraction(25)} | settings
    return prepare(Output("test", muxer, VideoEncoding(codec=codec, **values)), Trials())


def options(**settings: Any) -> dict[str, str]:
    video = made(**settings).video
    assert video is not None
    return dict(video.options)


def test_the_default_of_h264_says_all_that_the_bytes_depend_on() -> None:
    output = made()
    assert output.video is not None
    assert output.video.encoder == "libx264"
    assert dict(output.video.options) == {
        "a53cc": "0",
        "chroma_sample_location": "left",
        "crf": "23",
        "flags": "+global_header+cgop",
        "preset": "medium",
        "thread_type": "frame",
        "threads": "2",
        "x264-params": "cpu-independent=1",
    }


def test_preparing_twice_changes_nothing() -> None:
    output = made(quality=50, gop=30)
    assert prepare(output, Trials()) == output


X265 = "pools=none:frame-threads=1:wpp=0:open-gop=0:log-level=none"


@pytest.mark.parametrize(
    ("codec", "muxer", "form", "wanted"),
    [
        (
            "hevc",
            "mp4",
            "yuv420p",
            {"x265-params": "pools=none:frame-threads=1:wpp=0:open-gop=0:log-level=none"},
        ),
        ("av1", "mp4", "yuv420p", {"svtav1-params": "lp=1"}),
        ("vp9", "webm", "yuv420p", {"row-mt": "0", "b": "0"}),
        ("ffv1", "matroska", "yuv420p", {"g": "1", "slices": "4"}),
    ],
)
def test_every_encoder_is_pinned_to_what_repeats(codec: str, muxer: str, form: str, wanted: Any) -> None:
    found = options(codec=codec, muxer=muxer, pixel_format=form)
    assert found["threads"] == "1"
    assert wanted.items() <= found.items()


def test_fields_become_the_encoders_own_options() -> None:
    found = options(crf=18, preset="slow", profile="high", gop=48, b_frames=2)
    assert {"crf": "18", "preset": "slow", "profile": "high", "g": "48", "bf": "2"}.items() <= found.items()
    assert options(bitrate=2_000_000)["b"] == "2000000"
    assert "crf" not in options(bitrate=2_000_000)


@pytest.mark.parametrize(
    ("codec", "muxer", "name", "values"),
    [
        ("h264", "mp4", "crf", ("43", "26.5", "10")),
        ("hevc", "mp4", "crf", ("48", "31", "14")),
        ("av1", "mp4", "crf", ("60", "36", "12")),
        ("vp9", "webm", "crf", ("60", "36", "12")),
        ("mpeg2video", "mpegts", "qmin", ("31", "16", "2")),
        ("mpeg2video", "mpegts", "qmax", ("31", "16", "2")),
    ],
)
def test_quality_runs_evenly_between_the_ends(codec: str, muxer: str, name: str, values: Any) -> None:
    assert tuple(options(codec=codec, muxer=muxer, quality=q)[name] for q in (0, 50, 100)) == values


def test_preset_names_of_x264_work_for_every_encoder_with_presets() -> None:
    for row in VIDEO:
        if row.preset:
            assert {"ultrafast", "medium", "placebo"} <= row.presets.keys()
    assert options(codec="av1", preset="ultrafast")["preset"] == "12"
    assert options(codec="vp9", muxer="webm", preset="slow")["cpu-used"] == "2"


def test_headers_are_repeated_where_the_container_has_no_place_for_them() -> None:
    assert options(muxer="mpegts")["x264-params"] == "repeat-headers=1:cpu-independent=1"
    assert "repeat-headers" not in options(muxer="matroska")["x264-params"]


def test_own_options_reach_the_encoder_beside_the_pinned_ones() -> None:
    found = options(options=(("tune", "film"), ("x264-params", "aq-mode=2")))
    assert found["tune"] == "film"
    assert found["x264-params"] == "aq-mode=2:cpu-independent=1"


REFUSED = [
    ({"codec": "h246"}, "export.video.codec: no encoder makes 'h246' (did you mean 'h264'?)"),
    ({"codec": "libx264"}, "export.video.codec: no encoder makes 'libx264' (write the codec 'h264')"),
    (
        {"width": 853, "height": 480},
        "export.resolution: yuv420p cannot hold 853x480: sizes must be multiples of 2x2 "
        "(the nearest size is 854x480, or the pixel format yuv444p)",
    ),
    (
        {"codec": "vp9", "muxer": "webm", "pixel_format": "yuva420p"},
        "export.video.pixel_format: vp9 cannot be encoded in the pixel format 'yuva420p' (transparency needs "
        "prores, ffv1 or png; did you mean 'yuv420p' or 'yuv422p'?)",
    ),
    (
        {"pixel_format": "yuvj420p"},  # x264 takes it, but nothing is planned in it
        "export.video.pixel_format: h264 cannot be encoded in the pixel format 'yuvj420p' (did you mean ",
    ),
    ({"codec": "av1", "muxer": "mov"}, "export.video.codec: mov cannot hold libsvtav1 (containers that do: "),
    ({"muxer": "webm"}, "export.video.codec: webm cannot hold libx264 (containers that do: mp4, mov, "),
    ({"muxer": "mp5"}, "export.container: no muxer writes 'mp5' (did you mean 'mp4'"),
    ({"width": 20000, "height": 20000}, "export.video: the encoder libx264 refuses its settings: "),
]


@pytest.mark.parametrize(("settings", "text"), REFUSED)
def test_what_cannot_be_written_is_refused_with_a_remedy(settings: dict[str, Any], text: str) -> None:
    with pytest.raises(UnsupportedFormatError) as caught:
        made(**settings)
    assert str(caught.value).startswith(text)


WRONG = [
    (
        {"preset": "slowr"},
        "export.video.preset: libx264 has no preset 'slowr' (did you mean",
    ),
    ({"profile": "hgh"}, "export.video.profile: libx264 has no profile 'hgh' (did you mean 'high'"),
    (
        {"crf": 20, "bitrate": 5},
        "export.video.bitrate: crf and bitrate exclude each other (give one",
    ),
    ({"crf": 60}, "export.video.crf: libx264 does not take crf 60 (numbers from 0 to 51)"),
    (
        {"codec": "vp9", "muxer": "webm", "crf": 20.5},
        "export.video.crf: libvpx-vp9 does not take crf 20.5 (whole numbers from 0 to 63)",
    ),
    (
        {"codec": "ffv1", "muxer": "matroska", "quality": 50},
        "export.video.quality: ffv1 has no quality (leave it out)",
    ),
    (
        {"codec": "mpeg2video", "crf": 5},
        "export.video.crf: mpeg2video has no crf (use quality (0..100) instead)",
    ),
    (
        {"codec": "ffv1", "muxer": "matroska", "gop": 12},
        "export.video.gop: ffv1 has no gop (every frame is a key frame already)",
    ),
    (
        {"options": (("crff", "1"),)},
        "export.video.options.crff: libx264 has no option 'crff' (did you mean 'crf'",
    ),
    (
        {"options": (("x264-params", "foo=1"),)},
        "export.video.options.x264-params: libx264 says: Error parsing option 'foo = 1'",
    ),
    (
        {"options": (("x264-params", "cpu-independent=0"),)},
        "export.video.options.x264-params: cpu-independent of libx264 is fixed at 1: other values do not "
        "repeat byte for byte (leave it out)",
    ),
    ({"options": (("threads", "4"),)}, "export.video.options.threads: threads of libx264 is fixed at 2"),
    (
        {"crf": 20, "options": (("crf", "21"),)},
        "export.video.options.crf: crf is given and decided again by the option crf",
    ),
]


@pytest.mark.parametrize(("settings", "text"), WRONG)
def test_wrong_settings_are_refused_with_the_place_and_a_remedy(settings: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        made(**settings)
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize(
    ("audio", "text"),
    [
        (AudioEncoding("acc", 48000, "stereo"), "export.audio.codec: no encoder makes 'acc' (did you mean "),
        (
            AudioEncoding("opus", 44100, "stereo"),
            "export.audio.sample_rate: opus cannot hold 44100 samples per second (the nearest rate is 48000)",
        ),
        (
            AudioEncoding("flac", 48000, "stereo", bitrate=1000),
            "export.audio.bitrate: flac is lossless and has no bitrate (leave it out)",
        ),
        (
            AudioEncoding("aac", 48000, "stereo", options=(("aac_codr", "fast"),)),
            "export.audio.options.aac_codr: aac has no option 'aac_codr' (did you mean 'aac_coder'",
        ),
        (AudioEncoding("pcm_s24le", 48000, "stereo"), "export.audio.codec: webm cannot hold pcm_s24le"),
    ],
)
def test_sound_that_cannot_be_written_is_refused(audio: AudioEncoding, text: str) -> None:
    with pytest.raises((UnsupportedFormatError, InvalidParameterError)) as caught:
        prepare(Output("test", "webm", None, audio), Trials())
    assert str(caught.value).startswith(text)


def test_odd_sizes_are_fine_without_subsampling() -> None:
    assert made(pixel_format="yuv444p", width=321, height=241).video is not None


def test_an_exporter_that_writes_itself_needs_no_muxer() -> None:
    output = made("png", "", pixel_format="rgb24")
    assert output.video is not None
    assert output.video.encoder == "png"
