"""Values of options: what they mean, and what is said of wrong ones."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import pytest
from kadr_cli.options import BITS, RATE, SIZE, TIME, Number, render_options, request_of, seconds_of


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (TIME, "2.5", Fraction(5, 2)),
        (TIME, "1:30", 90),
        (TIME, "-1", -1),
        (TIME, "00:00:02:12", "00:00:02:12"),
        (RATE, "29.97", Fraction(30000, 1001)),
        (RATE, "30000/1001", Fraction(30000, 1001)),
        (RATE, "25", 25),
        (SIZE, "1280x720", (1280, 720)),
        (SIZE, "1280X720", (1280, 720)),
        (BITS, "5M", 5_000_000),
        (BITS, "800k", 800_000),
        (BITS, "1.5m", 1_500_000),
        (BITS, "64000", 64_000),
        (Number(0, 4), "0.25", 0.25),
    ],
)
def test_values(kind: Any, text: str, value: Any) -> None:
    assert kind.convert(text, None, None) == value


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (TIME, "nan", "nan"),
        (TIME, "soon", "soon"),
        (TIME, "1e30", "longer than a week"),
        (RATE, "0", "a frame rate lies above 0"),
        (RATE, "-25", "frame rate"),
        (RATE, "many", "many"),
        (SIZE, "1280", "write 1920x1080"),
        (SIZE, "0x10", "write 1920x1080"),
        (SIZE, "²x²", "write 1920x1080"),
        (SIZE, "99999999x2", "write 1920x1080"),
        (SIZE, "-2x2", "write 1920x1080"),
        (BITS, "5X", "write 5M"),
        (BITS, "0", "write 5M"),
        (BITS, "-5M", "write 5M"),
        (Number(0, 4), "nan", "not a finite number"),
        (Number(0), "inf", "not a finite number"),
        (Number(0, 4), "5", "not in the range"),
    ],
)
def test_wrong_values(kind: Any, text: str, words: str) -> None:
    with pytest.raises(click.BadParameter, match=words):
        kind.convert(text, None, None)


def request(*arguments: str) -> Any:
    """What a command with the options of a render asks for."""
    found: list[Any] = []

    @click.command()
    @render_options
    def command(as_json: bool, **values: Any) -> None:
        found.append(request_of(Path("out.mp4"), Fraction(25), values))

    command.main(list(arguments), standalone_mode=False)
    return found[0]


def test_nothing_asked_leaves_all_to_the_project() -> None:
    made = request()
    assert (made.preset, made.range, made.resolution, made.fps, made.video, made.audio) == (
        *(None,) * 4,
        {},
        {},
    )
    assert (made.workers, made.verify, made.overwrite, made.damage) == (0, "", False, "error")


def test_everything_asked() -> None:
    made = request(
        *(
            "--range",
            "1",
            "00:00:02:05",
            "--size",
            "640x360",
            "--fps",
            "30",
            "--codec",
            "hevc",
            "--crf",
            "22",
        ),
        *("--pixel-format", "yuv420p10le", "--audio-codec", "opus", "--workers", "3", "--verify", "full"),
        *("--damage", "hold", "-y", "--preset", "p", "--container", "mkv"),
    )
    assert made.range == (1, Fraction(11, 5))
    assert (made.resolution, made.fps) == ((640, 360), 30)
    assert made.video == {"codec": "hevc", "crf": 22.0, "pixel_format": "yuv420p10le"}
    assert made.audio == {"codec": "opus"}
    assert (made.workers, made.verify, made.damage, made.overwrite) == (3, "full", "hold", True)
    assert (made.preset, made.container) == ("p", "mkv")


def test_two_ways_of_rate_control_are_refused() -> None:
    with pytest.raises(click.UsageError, match="--crf or --bitrate, not both"):
        request("--crf", "20", "--bitrate", "5M")


def test_a_timecode_that_the_rate_does_not_have() -> None:
    with pytest.raises(click.BadParameter, match="frame 25 of a timecode at 25"):
        seconds_of("00:00:00:25", Fraction(25), "--at")
