"""Where segments begin: lengths within the rule, and the same cuts wherever the content stands."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_kernel.render.segments import CutRule, Stretch, cut_points

FPS = Fraction(25)
RULE = CutRule()
SHORTEST, SOFT, GRID, TAIL, LONGEST = (
    int(length * FPS) for length in (RULE.shortest, RULE.soft, RULE.grid, RULE.tail, RULE.longest)
)
clips = st.tuples(st.integers(1, 600), st.integers(0, 2**32), st.booleans(), st.booleans())
films = st.lists(clips, min_size=1, max_size=30)


def film(rows: list[tuple[int, int, bool, bool]], at: int = 0) -> list[Stretch]:
    """Stretches one after another: length, identity, whole, hard."""
    found = []
    for length, identity, whole, hard in rows:
        found.append(Stretch(at, at + length, at, identity, whole, hard))
        at += length
    return found


def lengths(cuts: list[int], end: int) -> list[int]:
    return [b - a for a, b in pairwise([*cuts, end])]


def test_nothing_has_no_segments() -> None:
    assert cut_points([], FPS) == []


def test_a_short_film_is_one_segment() -> None:
    assert cut_points(film([(30, 1, False, True)]), FPS) == [0]
    assert cut_points(film([(30, 1, False, True), (19, 2, False, True)]), FPS) == [0]


def test_a_long_clip_is_cut_on_its_own_grid() -> None:
    cuts = cut_points(film([(10, 1, False, True), (1000, 2, False, True)]), FPS)
    assert cuts == [0, *(10 + GRID * k for k in range(1, 5))]
    assert 1010 - cuts[-1] >= TAIL


def test_the_grid_is_that_of_the_lowest_clip_however_late_the_stretch_begins() -> None:
    stretch = Stretch(130, 1000, 30, 1)
    assert cut_points([stretch], FPS)[1:] == [
        30 + GRID * k for k in range(1, 5) if 30 + GRID * k - 130 >= SHORTEST
    ]


def test_a_sequential_effect_is_never_cut() -> None:
    assert cut_points(film([(5000, 1, True, True)]), FPS) == [0]


def test_long_neighbours_are_cut_at_their_edge() -> None:
    assert cut_points(film([(60, 1, False, True), (60, 2, False, True)]), FPS) == [0, 60]


def test_a_soft_edge_waits_longer_for_a_cut() -> None:
    soft = film([(60, 1, False, True), (60, 2, False, False)])
    assert cut_points(soft, FPS) == [0]
    assert cut_points(film([(SOFT, 1, False, True), (60, 2, False, False)]), FPS) == [0, SOFT]


@given(films)
def test_lengths_are_within_the_rule(rows: list[tuple[int, int, bool, bool]]) -> None:
    stretches = film(rows)
    end = stretches[-1].end
    cuts = cut_points(stretches, FPS)
    assert cuts[0] == 0
    assert cuts == sorted(set(cuts))
    assert all(length >= SHORTEST for length in lengths(cuts, end)[:-1])
    if len(cuts) > 1:
        assert end - cuts[-1] >= SHORTEST
    longest_stretch = (
        max(s.end - s.start for s in stretches if s.whole) if any(s.whole for s in stretches) else 0
    )
    # A run of short clips ends at the first edge from LONGEST on, a long clip at its grid.
    bound = max(
        LONGEST + max(s.end - s.start for s in stretches), GRID + SHORTEST + TAIL, longest_stretch + LONGEST
    )
    assert max(lengths(cuts, end)) <= bound + SHORTEST


@given(
    st.lists(st.tuples(st.integers(1, 100), st.integers(0, 2**32), st.just(False), st.booleans()), min_size=1)
)
def test_runs_of_short_clips_do_not_grow_long(rows: list[tuple[int, int, bool, bool]]) -> None:
    stretches = film(rows)
    found = lengths(cut_points(stretches, FPS), stretches[-1].end)
    assert all(length < LONGEST + 100 for length in found[:-1])
    assert found[-1] < LONGEST + 100 + SHORTEST


@given(films, st.integers(0, 100_000))
def test_the_same_film_later_has_the_same_cuts(rows: list[tuple[int, int, bool, bool]], shift: int) -> None:
    moved = cut_points(film(rows, shift), FPS)
    assert [c - shift for c in moved] == cut_points(film(rows), FPS)


long_clips = st.tuples(st.integers(SOFT, 600), st.integers(0, 2**32), st.just(False), st.just(True))


@given(films, long_clips, films)
def test_what_is_inserted_in_front_moves_no_cut_behind_a_long_clip(
    front: list[tuple[int, int, bool, bool]],
    anchor: tuple[int, int, bool, bool],
    rows: list[tuple[int, int, bool, bool]],
) -> None:
    """From the end of the first long clip on every cut stands where it stood, seen from there."""
    tail = [anchor, (SOFT, 1, False, True), *rows]
    plain, longer = film(tail), film([*front, *tail])
    shift = longer[-1].end - plain[-1].end
    settled = anchor[0]  # the edge between two long clips is always cut
    before = [c for c in cut_points(plain, FPS) if c >= settled]
    after = [c - shift for c in cut_points(longer, FPS) if c - shift >= settled]
    assert settled in before
    assert after == before


def test_runs_of_short_clips_fall_into_step_again() -> None:
    """The edge that is cut is chosen by the content, so a change in front does not go on for ever."""
    rows = [(40, (n * 2654435761) % 2**32, False, True) for n in range(60)]
    plain = set(cut_points(film(rows), FPS))
    steps = []
    for extra in range(1, 30):
        shifted = {c - extra * 7 for c in cut_points(film([(extra * 7, 5, False, True), *rows]), FPS)}
        common = sorted(plain & shifted)
        steps.append(
            next(c for c in common if {x for x in plain if x >= c} == {x for x in shifted if x >= c})
        )
    assert max(steps) <= 15 * 40


@pytest.mark.parametrize("fps", [Fraction(1, 2), Fraction(30000, 1001), Fraction(1000)])
def test_every_rate_has_segments_of_a_frame_at_least(fps: Fraction) -> None:
    cuts = cut_points(film([(500, 1, False, True), (500, 2, False, True)]), fps)
    assert 1 <= len(cuts) <= 1000
    assert all(b > a for a, b in pairwise(cuts))
