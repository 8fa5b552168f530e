"""What a container does not take is known before anything is written."""

from __future__ import annotations

import logging
from fractions import Fraction
from typing import Any

import pytest
from kadr_pyav.encoders import Trials, prepare
from kadr_sdk.errors import InvalidParameterError, UnsupportedFormatError
from kadr_sdk.output import AudioEncoding, Output, VideoEncoding


def prepared(muxer: str, **options: str) -> Output:
    video = VideoEncoding("h264", "yuv420p", 320, 240, Fraction(25))
    audio = AudioEncoding("aac", 48000, "stereo")
    return prepare(Output("mine", muxer, video, audio, tuple(options.items())), Trials())


@pytest.mark.parametrize(
    ("muxer", "options"),
    [
        ("mp4", {"movflags": "+faststart", "brand": "mp42"}),
        ("mp4", {"movflags": "+frag_keyframe+empty_moov"}),
        ("matroska", {"cluster_time_limit": "2000"}),
        ("mpegts", {"mpegts_flags": "+resend_headers"}),
    ],
)
def test_options_of_the_muxer_are_taken(muxer: str, options: dict[str, Any]) -> None:
    assert prepared(muxer, **options).options == tuple(options.items())


@pytest.mark.parametrize(
    ("muxer", "name"), [("mp4", "moovflags"), ("matroska", "movflags"), ("mpegts", "cluster_time_limit")]
)
def test_an_option_that_the_muxer_does_not_have_is_refused(
    muxer: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(InvalidParameterError) as caught:
        prepared(muxer, **{name: "1"})
    assert str(caught.value).startswith(
        f"exporter mine: options.{name}: the muxer {muxer} has no option '{name}' (correct it in"
    )
    assert caplog.records == [], "said once, as an error"


def test_a_value_that_the_muxer_does_not_take_is_refused() -> None:
    with pytest.raises(Exception, match="mp4"):
        prepared("mp4", movflags="+fastart")


def tagged(muxer: str, video: str, audio: str, **tags: str) -> Output:
    pictures = VideoEncoding(video, "", 320, 240, Fraction(25)) if video else None
    sound = AudioEncoding(audio, 48000, "stereo") if audio else None
    return prepare(Output("mine", muxer, pictures, sound, metadata=tuple(sorted(tags.items()))), Trials())


@pytest.mark.parametrize(
    ("muxer", "video", "audio"),
    [
        ("mp4", "h264", "aac"),
        ("mov", "prores", "pcm_s16le"),
        ("matroska", "ffv1", "flac"),
        ("webm", "vp9", "opus"),
        ("wav", "", "pcm_s24le"),
        ("flac", "", "flac"),
        ("mp3", "", "mp3"),
        ("ipod", "", "aac"),
        ("opus", "", "opus"),
    ],
)
def test_the_usual_tags_are_kept_everywhere(muxer: str, video: str, audio: str) -> None:
    assert tagged(muxer, video, audio, title="Sea", artist="Anna", comment="by the sea").notes == ()


def test_a_tag_that_would_be_lost_is_refused() -> None:
    with pytest.raises(UnsupportedFormatError) as caught:
        tagged("mp4", "h264", "aac", camera="K1")
    assert str(caught.value).startswith("export.metadata.camera: mp4 does not keep a tag 'camera' (it keeps")
    assert tagged("matroska", "h264", "aac", camera="K1").notes == ()


def test_a_title_that_came_with_the_project_is_only_noted() -> None:
    output = tagged("gif", "gif", "", title="Sea")
    assert output.notes == ("gif does not keep the title of the project",)
    assert prepare(output, Trials()).notes == output.notes
