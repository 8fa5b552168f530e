from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from kadr_pyav.check import check
from kadr_sdk.output import AudioEncoding
from kadr_sdk.parts import PartReader, PartWriter
from kadr_sdk.reports import Expectation

BT709 = ("bt709", "bt709", "bt709", "tv")


@pytest.fixture
def film(maker: Any) -> Path:
    audio = AudioEncoding("aac", 48000, "stereo")
    output = maker.output("h264", "mp4", "yuv420p", audio, preset="ultrafast")
    found: Path = maker.join(maker.parts(output, (20, 10)), maker.sound(output, 48048, 9), output)
    return found


GOOD = Expectation(30, "30000/1001", 160, 96, "yuv420p", BT709, 48048, 48000)


@pytest.mark.parametrize("level", ["fast", "full"])
def test_a_good_file_has_no_problems(film: Path, level: str) -> None:
    report = check(film, GOOD, level)
    assert report.good, report.problems
    assert report.facts["video"]["packets"] == 30
    assert report.facts["audio"]["samples"] == 48048
    assert ("decoded" in report.facts) == (level == "full")


WRONG = [
    ({"frames": 31}, "video: the number of packets is 30 instead of 31"),
    ({"width": 162}, "video: the width is 160 instead of 162"),
    ({"height": 90}, "video: the height is 96 instead of 90"),
    ({"pixel_format": "yuv444p"}, "video: the pixel format is yuv420p instead of yuv444p"),
    ({"color": ("bt709", "bt2020", "bt709", "tv")}, "video: the colour primaries is bt709 instead of bt2020"),
    ({"rate": "25"}, "video: the frames do not follow each other at 25 frames per second"),
    ({"samples": 50000}, "audio: the sound has 48048 samples instead of 50000"),
    ({"sample_rate": 44100}, "audio: the sample rate is 48000 instead of 44100"),
]


@pytest.mark.parametrize(("change", "text"), WRONG)
def test_every_deviation_is_told(film: Path, tools: Any, change: dict[str, Any], text: str) -> None:
    report = check(film, tools["replace"](GOOD, **change), "fast")
    assert f"{film}: {text}" in [f"{p.path}: {p.message}" for p in report.problems]
    assert all(p.hint for p in report.problems)


def test_missing_streams_are_told(film: Path, maker: Any) -> None:
    silent = maker.output("h264", "mp4", "yuv420p", preset="ultrafast")
    mute = maker.join([maker.part(silent, 0, 30)], None, silent, "mute.mp4")
    assert [p.message for p in check(mute, GOOD, "fast").problems] == ["there is no audio stream"]
    sound = maker.sound_output("aac", "mp4")
    blind = maker.join([], maker.sound(sound, 48048, 9), sound, "blind.mp4")
    assert [p.message for p in check(blind, GOOD, "fast").problems] == ["there is no video stream"]


def remuxed(film: Path, target: Path, change: Any) -> Path:
    """The video of a file with its packets changed on the way."""
    with av.open(str(film)) as source, av.open(str(target), "w", format="matroska") as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.size and change(number, packet):
                packet.stream = stream
                copy.mux_one(packet)
    return target


def test_a_dropped_frame_is_a_gap(film: Path, tmp_path: Path) -> None:
    broken = remuxed(film, tmp_path / "gap.mkv", lambda number, packet: number != 12)
    messages = [p.message for p in check(broken, Expectation(frames=30, rate="30000/1001"), "fast").problems]
    assert "the number of packets is 29 instead of 30" in messages
    assert any(m.startswith("frames are missing before frame 12: 0.367 s, then 0.434 s") for m in messages)


def test_two_frames_at_one_time_are_told(film: Path, tmp_path: Path) -> None:
    def double(number: int, packet: Any) -> bool:
        if number == 12:
            packet.pts -= round(Fraction(9, 10) * packet.duration)
            packet.dts = packet.pts
        return True

    broken = remuxed(film, tmp_path / "double.mkv", double)
    messages = [p.message for p in check(broken, Expectation(rate="30000/1001"), "fast").problems]
    assert any(m.startswith("frame 12 stands on the one before") for m in messages)


def test_a_film_that_begins_late_is_told(film: Path, tmp_path: Path) -> None:
    def later(number: int, packet: Any) -> bool:
        packet.pts += 5 * packet.duration
        packet.dts += 5 * packet.duration
        return True

    broken = remuxed(film, tmp_path / "late.mkv", later)
    messages = [p.message for p in check(broken, Expectation(rate="30000/1001"), "fast").problems]
    assert "the first frame is at 0.167 s instead of 0" in messages


def test_uneven_times_are_remarks_where_nobody_says_what_the_file_must_be(film: Path, tmp_path: Path) -> None:
    def uneven(number: int, packet: Any) -> bool:
        packet.pts += (5 + (number > 12)) * packet.duration
        packet.dts = packet.pts
        return True

    other = remuxed(film, tmp_path / "uneven.mkv", uneven)
    assert {p.as_dict()["kind"] for p in check(other, Expectation(rate="30000/1001"), "fast").problems} == {
        "gap",
        "rate",
        "late",
    }
    report = check(other, Expectation(), "fast")
    assert report.good
    assert [(p.as_dict()["kind"], p.message) for p in report.remarks] == [
        ("rate", "the frames are of different lengths, 0.033 s to 0.067 s"),
        ("late", "the first frame is at 0.167 s"),
    ]
    assert all("cameras" in p.hint for p in report.remarks)
    assert check(film, Expectation(), "fast").remarks == ()


def test_cover_art_is_no_video(film: Path, tmp_path: Path) -> None:
    target = tmp_path / "cover.mp4"
    with av.open(str(film)) as source, av.open(str(target), "w") as out:
        sound = out.add_stream_from_template(source.streams.audio[0])
        cover: Any = out.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 16, 16, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        for packet in source.demux(audio=0):
            if packet.size:
                packet.stream = sound
                out.mux_one(packet)
        out.mux(cover.encode(av.VideoFrame(16, 16, "rgb24")))
        out.mux(cover.encode())
    report = check(target, Expectation(), "full")
    assert report.good
    assert "video" not in report.facts


@pytest.mark.parametrize(("codec", "form"), [("h264", "yuv420p"), ("ffv1", "yuv420p")])
def test_full_finds_damage_that_fast_cannot_see(maker: Any, tmp_path: Path, codec: str, form: str) -> None:
    output = maker.output(codec, "matroska", form)
    path = maker.part(output, 0, 30)
    spoilt = tmp_path / "spoilt"
    with PartReader(path) as part:
        sink = PartWriter(spoilt)
        for number, packet in enumerate(part):
            data = packet.data[: len(packet.data) // 2] if number == 20 else packet.data
            sink.write(replace(packet, data=data))
        sink.finish(part.header)
    broken = maker.join([spoilt], None, output)
    expected = Expectation(frames=30, rate="30000/1001")
    assert check(broken, expected, "fast").good
    problems = check(broken, expected, "full").problems
    assert any("cannot be decoded near 0." in p.message for p in problems)
    assert all(p.path.startswith(f"{broken}: video") for p in problems)


def test_what_cannot_be_opened_is_a_problem_not_a_crash(film: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(film.read_bytes()[:200])
    for path in (broken, tmp_path / "missing.mp4"):
        report = check(path, GOOD, "full")
        assert not report.good
        assert str(path) in str(report.problems[0])


def test_a_file_cut_short_is_found(film: Path, tmp_path: Path, maker: Any) -> None:
    output = maker.output("h264", "matroska", "yuv420p", preset="ultrafast")
    whole = maker.join([maker.part(output, 0, 60)], None, output, "whole.mkv").read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    assert not check(cut, Expectation(frames=60), "fast").good


def test_an_unknown_level_is_a_mistake_of_the_caller(film: Path) -> None:
    with pytest.raises(ValueError, match="fast or full"):
        check(film, GOOD, "thorough")
