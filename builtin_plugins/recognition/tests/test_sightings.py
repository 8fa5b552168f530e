"""Where things are between what was seen."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from kadr_recognition.detection import Detection
from kadr_recognition.document import Results, Row
from kadr_recognition.effects.sightings import Sightings, Spot

TENTH = Fraction(1, 10)


def document(*rows: tuple[int, Detection], every: str = "1", frames: int = 11, step: int = 1) -> Results:
    """A film of ten pictures a second, 100x100, every ``step``-th looked at."""
    looked = tuple((n, n * TENTH) for n in range(0, frames, step))
    media = {"name": "a", "digest": "d", "stream": 0, "width": 100, "height": 100, "end": "11/10"}
    found = tuple(Row(n, n * TENTH, what) for n, what in sorted(rows, key=lambda r: r[0]))
    return Results(media, {"id": "m", "classes": ["dog"]}, {"every": every}, looked, found)


def dog(x: float, track: int | None = 1, score: float = 0.9) -> Detection:
    return Detection("dog", score, (x, 20.0, 10.0, 10.0), track=track)


def places(found: list[Spot]) -> list[tuple[float, bool]]:
    return [(round(100 * s.box[0], 6), s.seen) for s in found]


def test_seen_between_and_around() -> None:
    asked = Sightings(document((2, dog(0)), (4, dog(40))))
    wanted = {1: [(-20, False)], 2: [(0, True)], 3: [(20, False)], 4: [(40, True)], 5: [(40, False)], 6: []}
    for frame, found in wanted.items():
        assert places(asked.at(frame * TENTH, TENTH)) == found
    assert asked.at(TENTH, Fraction(0)) == []


def test_where_it_may_have_gone() -> None:
    """From where it was seen last to where its way would have led, and all between."""
    asked = Sightings(document((2, dog(0)), (4, dog(40))))
    (spot,) = asked.at(6 * TENTH, 2 * TENTH)
    assert [round(100 * v, 6) for v in spot.box] == [40, 20, 50, 10]
    (spot,) = Sightings(document((2, dog(0)))).at(4 * TENTH, 2 * TENTH)
    assert spot.box == (0.0, 0.2, 0.1, 0.1)


def test_the_frame_on_screen_counts_where_all_were_looked_at() -> None:
    """A slow clip shows a frame for longer; a time a tick early is that of the frame after."""
    asked = Sightings(document((2, dog(0)), (3, dog(50))))
    assert places(asked.at(Fraction(27, 100), Fraction(0))) == [(0, True)]
    assert places(asked.at(3 * TENTH - Fraction(1, 90000), Fraction(0))) == [(50, True)]


def test_a_look_holds_up_to_the_next_one() -> None:
    """Nobody looked at frames 6 to 9: the thing is where it was seen until somebody did."""
    asked = Sightings(document((5, dog(10)), every="5", step=5))
    assert [bool(asked.at(n * TENTH, Fraction(0))) for n in range(11)] == [False, *[True] * 9, False]
    last = Sightings(document((10, dog(10)), every="5", step=5))
    assert places(last.at(Fraction(3), Fraction(0))) == [(10, False)]  # the film stands still


def test_what_nobody_follows_stands_by_itself() -> None:
    asked = Sightings(document((2, dog(0, None)), (4, dog(40, None))))
    assert places(asked.at(3 * TENTH, TENTH)) == [(0, False), (40, False)]


def test_classes_and_scores() -> None:
    """One good look at a thing is enough for all of its track."""
    cat = replace(dog(70, 2, 0.4), name="cat")
    asked = Sightings(document((2, dog(0)), (3, dog(5, score=0.2)), (3, cat)))
    assert places(asked.at(3 * TENTH, Fraction(0), {"cat"})) == [(70, True)]
    assert places(asked.at(3 * TENTH, Fraction(0), (), 0.5)) == [(5, True)]


@pytest.mark.parametrize(
    ("found", "span", "gap"),
    [
        (document(), ("0", "1"), ("0", "0")),  # every frame
        (document(every="5", step=5), ("0", "0.7"), ("0", "0.5")),
        (document(every="5", step=5), ("0.6", "0.7"), ("0.5", "0.5")),
        (document(every="3", step=3), ("0.95", "2"), ("0.9", "0.2")),
        (document(frames=0), ("1", "1"), ("1", "1")),
        (document(frames=1, every="1s"), ("0", "1"), ("0", "1.1")),
        (replace(document(frames=1), media=document().media | {"end": 0}), ("0", "9"), ("0", "0")),
    ],
)
def test_how_long_nobody_looked(found: Results, span: tuple[str, str], gap: tuple[str, str]) -> None:
    first, last = map(Fraction, span)
    assert Sightings(found).gap(first, last) == tuple(map(Fraction, gap))
