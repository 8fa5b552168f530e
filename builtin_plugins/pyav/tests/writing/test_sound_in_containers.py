from __future__ import annotations

from typing import Any

import av
import pytest
from kadr_pyav.check import check
from kadr_sdk.output import AudioEncoding
from kadr_sdk.reports import Expectation

COUNT = 2 * 48000 + 777
WITH_PICTURES = [
    ("mp4", "aac"),
    ("mov", "aac"),
    ("matroska", "aac"),
    ("mp4", "opus"),
    ("matroska", "opus"),
    ("webm", "opus"),
    ("mp4", "mp3"),
    ("matroska", "mp3"),
    ("mp4", "flac"),
    ("mov", "pcm_s24le"),
    ("mp4", "alac"),
]
ALONE = [("wav", "pcm_s16le"), ("flac", "flac"), ("ipod", "aac"), ("mp3", "mp3"), ("ogg", "opus")]


@pytest.mark.parametrize(("muxer", "codec"), WITH_PICTURES)
def test_a_click_at_one_second_is_heard_at_one_second(maker: Any, tools: Any, muxer: str, codec: str) -> None:
    audio = AudioEncoding(codec, 48000, "stereo")
    codec = "vp9" if muxer == "webm" else "h264"
    output = maker.output(codec, muxer, "yuv420p", audio, preset="ultrafast")
    film = maker.join(maker.parts(output, (30, 31)), maker.sound(output, COUNT, 48000), output)
    assert tools["click_at"](film) == pytest.approx(1.0, abs=0.002)
    assert next(tools["pictures"](film))[1] == 0
    report = check(film, Expectation(frames=61, samples=COUNT, sample_rate=48000), "full")
    assert report.problems == ()


def test_a_transport_stream_keeps_sound_and_picture_together(maker: Any, tools: Any) -> None:
    audio = AudioEncoding("aac", 48000, "stereo")
    output = maker.output("h264", "mpegts", "yuv420p", audio, preset="ultrafast")
    film = maker.join(maker.parts(output, (30, 31)), maker.sound(output, COUNT, 48000), output)
    first = float(next(tools["pictures"](film))[1])
    assert tools["click_at"](film) - first == pytest.approx(1.0, abs=0.002)


@pytest.mark.parametrize(("muxer", "codec"), ALONE)
def test_sound_alone(maker: Any, tools: Any, muxer: str, codec: str) -> None:
    output = maker.sound_output(codec, muxer)
    film = maker.join([], maker.sound(output, COUNT, 48000), output)
    # MP3 files begin at their delay, which players take off.
    with av.open(str(film)) as container:
        start = max(0, container.start_time or 0) / av.time_base
    assert tools["click_at"](film) - start == pytest.approx(1.0, abs=0.002)
    assert check(film, Expectation(samples=COUNT, sample_rate=48000), "full").problems == ()


def test_44100_samples_in_mp4_end_where_the_mix_ends(maker: Any) -> None:
    output = maker.sound_output("aac", "mp4", rate=44100)
    film = maker.join([], maker.sound(output, 44100, 100), output)
    assert check(film, Expectation(samples=44100), "fast").facts["audio"]["samples"] == 44100
