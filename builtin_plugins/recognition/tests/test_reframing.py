"""Frames that follow: which way they take, and how it stands in a project."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_recognition.camera import Camera, Way
from kadr_recognition.detection import Detection
from kadr_recognition.document import Results, Row
from kadr_recognition.reframing import parse_shape, reframed, shape_of
from kadr_sdk.curves import Curve
from kadr_sdk.errors import InvalidParameterError, ValidationError
from kadr_sdk.project import Clip, Project, Transform, parse_project

WIDTH, HEIGHT = 1600, 900
TALL = (900, 1600)
SHARE = (HEIGHT * 9 / 16) / WIDTH


def film(
    where: Callable[[float], float | None], seconds: int = 8, size: tuple[int, int] = (WIDTH, HEIGHT)
) -> Results:
    """A thing of 100x200 whose middle is at a part of the width; looked at five times a second."""
    looked = tuple((5 * n, Fraction(n, 5)) for n in range(5 * seconds))
    rows = []
    for frame, time in looked:
        if (middle := where(float(time))) is not None:
            box = (middle * size[0] - 50, 300.0, 100.0, 200.0)
            rows.append(Row(frame, time, Detection("dog", 0.9, box)))
    media = {"name": "a", "stream": 0, "width": size[0], "height": size[1], "end": seconds}
    return Results(media, {"id": "m"}, {}, looked, tuple(rows))


def test_it_stands_on_what_stands() -> None:
    way = Camera(0, SHARE).way(film(lambda _: 0.7))
    assert max(way.middles) - min(way.middles) == 0
    assert way.middles[0] == pytest.approx(0.7, abs=0.02)
    assert Camera(0, SHARE).way(film(lambda _: None)) == Way((0.5,))
    assert Camera(0, SHARE).way(film(lambda _: 0.7), {"cat"}) == Way((0.5,))


def test_it_goes_along_and_keeps_sight() -> None:
    def walk(time: float) -> float:
        return 0.2 + 0.075 * time

    way = Camera(0, SHARE).way(film(walk))
    for n in range(40):
        assert abs(way.at(Fraction(n, 5)) - walk(n / 5)) < SHARE / 2 - 50 / WIDTH / 2
    steps = [b - a for a, b in zip(way.middles, way.middles[1:], strict=False)]
    assert max(steps) < 0.05  # no jump
    assert min(steps) >= -1e-6  # and never back


def test_a_short_look_elsewhere_does_not_move_it() -> None:
    way = Camera(0, SHARE).way(film(lambda t: 0.9 if 4 <= t < 4.4 else 0.3))
    assert max(way.middles) < 0.35


def test_of_two_the_larger_and_never_beyond_the_picture() -> None:
    found = film(lambda _: 0.98)
    rows = [Row(r.frame, r.time, Detection("dog", 0.9, (0.0, 0.0, 40.0, 40.0))) for r in found.rows]
    both = Results(
        found.media, {}, {}, found.frames, tuple(sorted((*found.rows, *rows), key=lambda r: r.frame))
    )
    way = Camera(0, SHARE).way(both)
    assert way.middles[0] == pytest.approx(1 - SHARE / 2)


def test_between_the_places_of_a_way() -> None:
    way = Way((0.2, 0.4), Fraction(1, 5))
    assert [round(way.at(Fraction(n, 10)), 6) for n in (-1, 1, 2, 3, 9)] == [0.2, 0.2, 0.3, 0.4, 0.4]


@pytest.mark.parametrize(
    ("text", "size"), [("9:16", (506, 900)), ("1:1", (900, 900)), ("16:9", (1600, 900)), ("4:1", (1600, 400))]
)
def test_shapes(text: str, size: tuple[int, int]) -> None:
    assert shape_of((WIDTH, HEIGHT), parse_shape(text)) == size


@pytest.mark.parametrize("text", ["", "9", "9:0", "9/16", "9:16:1", "-9:16", "1000:1"])
def test_what_is_no_shape(text: str) -> None:
    with pytest.raises(InvalidParameterError, match="is not a shape"):
        parse_shape(text)


def project(**clip: Any) -> Project:
    clips = [{"id": "c", "source_file": "a.mp4", "duration": 4} | clip]
    return parse_project(
        {"timeline": {"fps": 25, "resolution": [WIDTH, HEIGHT], "tracks": [{"id": "v", "clips": clips}]}}
    )


def followed(found: Results, size: tuple[int, int] = TALL, **clip: Any) -> Clip:
    asked: list[Path] = []

    def look(path: Path) -> Results:
        asked.append(path)
        return found

    made = reframed(project(**clip), Path("films").absolute(), size, look)
    assert made.timeline.resolution == size
    assert asked == [Path("films").absolute() / "a.mp4"]
    return made.timeline.tracks[0].clips[0]


def shown(
    clip: Clip, time: Fraction, size: tuple[int, int] = TALL, picture: tuple[float, float] = (WIDTH, HEIGHT)
) -> float:
    """The part of the picture's width in the middle of the frame."""
    value = clip.transform.position_x
    offset = value.at(time) if isinstance(value, Curve) else value
    assert isinstance(offset, float)
    return 0.5 - offset * size[0] / (picture[0] * size[1] / picture[1])


def test_a_thing_that_stands_is_one_number() -> None:
    clip = followed(film(lambda _: 0.7))
    assert clip.fit == "cover"
    assert not isinstance(clip.transform.position_x, Curve)
    assert shown(clip, Fraction(0)) == pytest.approx(0.7, abs=0.02)


@pytest.mark.parametrize(
    ("clip", "source"),
    [
        ({}, lambda t: t),
        ({"source_start": 2}, lambda t: 2 + t),
        ({"speed": 2.0}, lambda t: 2 * t),
        ({"reversed": True}, lambda t: 4 - t),
        ({"freeze": 5}, lambda _: 5),
    ],
)
def test_it_follows_in_the_time_of_the_clip(clip: dict[str, Any], source: Callable[[float], float]) -> None:
    def walk(time: float) -> float:
        return 0.2 + 0.075 * time

    made = followed(film(walk), **clip)
    for n in range(5):
        assert shown(made, Fraction(n)) == pytest.approx(walk(source(n)), abs=0.08)
    value = made.transform.position_x
    assert not isinstance(value, Curve) or 2 <= len(value.keyframes) < 30


def test_the_crop_is_part_of_it() -> None:
    """Of the right half the thing at 0.7 of the whole is at 0.4."""
    made = followed(film(lambda _: 0.7), size=(450, 900), crop={"left": 0.5})
    assert shown(made, Fraction(0), (450, 900), (WIDTH / 2, HEIGHT)) == pytest.approx(0.4, abs=0.03)


def test_tall_films_are_followed_down() -> None:
    found = film(lambda _: 0.5, size=(900, 1600))
    made = followed(found, size=(900, 900))
    assert isinstance(made.transform.position_y, float)
    # The middle of the thing is at 400 of 1600: the frame cannot go above 450.
    assert made.transform.position_y == pytest.approx((0.5 - 450 / 1600) * 1600 / 900, abs=1e-4)
    assert made.transform.position_x == 0
    assert followed(found, size=(90, 160)).transform == Transform()


@pytest.mark.parametrize(
    ("clip", "words"),
    [
        ({"transform": {"scale_x": 2}}, "a place of its own"),
        ({"speed": {"keyframes": [{"time": 0, "value": 1}, {"time": 1, "value": 2}]}}, "an animated speed"),
        ({"stream": {"video": 3}}, "only the main stream, 0, can be followed"),
    ],
)
def test_clips_that_cannot_be_followed(clip: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        reframed(project(**clip), Path(), TALL, lambda _: film(lambda _: 0.5))


def test_what_is_no_film_stays() -> None:
    made = project(source_file=None, generator={"type": "color"})
    assert (
        reframed(made, Path(), TALL, lambda _: pytest.fail("nobody asked")).timeline.tracks
        == made.timeline.tracks
    )
