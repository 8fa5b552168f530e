"""Pieces put together as a film."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from kadr_cli.film import Style, film, film_rate, film_size
from kadr_sdk.color import Color
from kadr_sdk.errors import InputError, InvalidParameterError

F = Fraction


def times(project: Any, track: int = 0) -> list[tuple[Fraction, Fraction]]:
    return [(c.start_time, c.duration) for c in project.timeline.tracks[track].clips]


def test_clips_and_photos_follow_each_other(clip: Any, photo: Any) -> None:
    made = film([clip(seconds=2), photo(), clip(seconds=1)], Style(photo=F(3)))
    assert times(made) == [(0, 2), (2, 3), (5, 1)]
    assert made.timeline.fps == 25
    assert made.timeline.resolution == (1280, 720)
    assert made.timeline.tracks[0].transitions == ()


def test_pieces_overlap_by_the_transition(clip: Any) -> None:
    made = film([clip(), clip(), clip()], Style("dissolve", F(1)))
    assert times(made) == [(0, 5), (4, 5), (8, 5)]
    assert [t.between for t in made.timeline.tracks[0].transitions] == [
        ("001-a", "002-a"),
        ("002-a", "003-a"),
    ]


def test_a_transition_is_whole_frames(clip: Any) -> None:
    made = film([clip(), clip()], Style("dissolve", F("0.99")))
    assert times(made)[1][0] == F(4)  # 24.75 frames are 25


def test_a_length_is_whole_frames_of_the_film(clip: Any) -> None:
    made = film([clip(seconds=1.03), clip(seconds=0.001)], Style())
    assert times(made) == [(0, 1), (1, F(1, 25))]


def test_numbered_pictures_pass_at_the_rate_that_is_said(clip: Any) -> None:
    piece = clip(seconds=2)
    info = replace(piece.info, video=(replace(piece.info.video[0], numbered=True),))
    pictures = replace(piece, info=info)  # 50 of them
    made = film([pictures], Style(source_rate=F(10)))
    assert made.timeline.fps == 10
    assert made.timeline.tracks[0].clips[0].source_rate == 10
    assert times(made) == [(0, 5)]
    assert times(film([pictures], Style(), fps=F(50))) == [(0, 1)]


def test_music_lies_below_and_ends_with_the_pictures(clip: Any, song: Any) -> None:
    made = film([song(seconds=3), clip(seconds=5), song(seconds=60), song()], Style(music=0.5))
    music = made.timeline.tracks[1]
    assert times(made, 1) == [(0, 3), (3, 2)]
    assert music.volume == 0.5
    assert [c.fade_out for c in music.clips] == [F(3, 4), F(1, 2)]


def test_music_alone_is_whole_and_as_loud_as_it_is(song: Any) -> None:
    made = film([song(seconds=3), song(seconds=4)], Style(music=0.5))
    assert made.timeline.fps == 1000  # it ends on its millisecond
    assert times(made) == [(0, 3), (3, 4)]
    assert made.timeline.tracks[0].volume == 1


def test_one_input_twice(clip: Any) -> None:
    one = clip()
    assert len({c.id for c in film([one, one], Style()).timeline.tracks[0].clips}) == 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ((1, 5), r"a\.mp4: 1\.00 s are too short for a transition of 1\.00 s \(at most .* 0\.96 fits\)"),
        (
            (5, 2, 5),
            r"2\.00 s are too short for transitions at both ends of 1\.00 s \(at most .* 0\.96 fits\)",
        ),
        ((0.04, 5), r"0\.04 s are too short .*leave this clip out, or make the clip longer"),
    ],
)
def test_a_piece_shorter_than_its_transitions(clip: Any, seconds: tuple[float, ...], words: str) -> None:
    with pytest.raises(InvalidParameterError, match=words):
        film([clip(seconds=s) for s in seconds], Style("dissolve", F(1)))


def test_the_transition_named_as_fitting_fits(clip: Any) -> None:
    made = film([clip(), clip(seconds=2), clip()], Style("dissolve", F("0.96")))
    assert times(made)[2][0] == 5 - F(24, 25) + 2 - F(24, 25)


def test_nothing_to_show_or_hear(clip: Any) -> None:
    from dataclasses import replace

    empty = replace(clip(), info=replace(clip().info, video=(), audio=()))
    with pytest.raises(
        InputError, match=r"none of the inputs has pictures or sound \(see: kadr probe FILE\)"
    ):
        film([empty], Style())


@pytest.mark.parametrize(
    ("measured", "wanted"),
    [
        ("30000/1001", "30000/1001"),
        ("29.98", "30000/1001"),
        ("30.01", "30"),
        ("12.5", "25/2"),
        ("15", "15"),
        ("10.505", "30"),
        ("31", "30"),
        ("48.2", "48"),
        ("120", "120"),
        ("90", "60"),
        ("0.5", "30"),
        ("1000", "30"),
    ],
)
def test_rates(clip: Any, measured: str, wanted: str) -> None:
    assert film_rate([clip(rate=F(measured))]) == F(wanted)


def test_a_variable_rate_becomes_a_usual_one(clip: Any) -> None:
    assert film_rate([clip(rate=F(15), variable=True)]) == 30
    assert film_rate([clip(rate=F(27), variable=True)]) in (25, 30)


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({"width": 161, "height": 121}, (160, 120)),
        ({"width": 1, "height": 1}, (2, 2)),
        ({"rotation": 90}, (720, 1280)),
        ({"width": 720, "height": 576, "sample_aspect": F(64, 45)}, (1024, 576)),
    ],
)
def test_sizes(clip: Any, facts: Any, wanted: tuple[int, int]) -> None:
    assert film_size([clip(**facts)]) == wanted


def test_sizes_of_photos(photo: Any, clip: Any) -> None:
    assert film_size([photo()]) == (1920, 1080)
    assert film_size([photo(width=3000, height=4000)]) == (1080, 1920)
    assert film_size([photo(width=3000, height=4000), clip()]) == (1280, 720)
    assert film_size([]) == (1920, 1080)


def test_size_and_rate_that_were_asked_for(clip: Any) -> None:
    made = film([clip()], Style(), (640, 360), F(24))
    assert (made.timeline.resolution, made.timeline.fps) == ((640, 360), 24)


@pytest.mark.parametrize(
    ("facts", "copied", "wanted"),
    [
        ({"width": 640, "height": 360, "color": Color()}, True, "bt601"),
        ({"color": Color(matrix="bt470bg")}, True, "bt601"),
        ({"color": Color()}, True, "bt709"),
        ({"width": 640, "height": 360, "color": Color()}, False, "bt709"),
    ],
)
def test_a_film_of_copied_packets_has_the_colour_of_its_first_clip(
    clip: Any, photo: Any, facts: Any, copied: bool, wanted: str
) -> None:
    made = film([photo(), clip(**facts), clip()], Style(), copied=copied)
    assert made.timeline.color == wanted
