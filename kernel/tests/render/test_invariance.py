"""Random films: what a segment's hash is does not depend on what lies outside of it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kadr_sdk.plan import RenderPlan
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest

Film = Callable[..., RenderPlan]
FPS = st.sampled_from([Fraction(24), Fraction(25), Fraction(30), Fraction(30000, 1001)])
DIGITS = st.sampled_from([3, 6, 16])
ANIMATED = {"keyframes": [{"time": 0, "value": 1}, {"time": 3, "value": 0.4}]}
SOFT = {"effect_type": "test.soft", "parameters": {"radius": 2}}
SHOWN: list[dict[str, Any]] = [
    {"source_file": "a.mem", "source_start": 1},
    {"source_file": "b.mem", "source_start": 2, "reversed": True},
    {"source_file": "c.mem", "source_start": 1, "speed": 0.5, "opacity": ANIMATED},
    {"source_file": "a.mem", "source_start": 1, "speed": ANIMATED},
    {"source_file": "b.mem", "source_start": 1, "transform": {"scale_x": ANIMATED}},
    {"generator": {"type": "plain", "parameters": {"level": 7}}},
    {"sequence": "inner", "source_start": 1},
    {"sequence": "inner", "source_start": 1, "speed": 1.5, "effects": [SOFT]},
]
INNER = {
    "fps": 25,
    "tracks": [
        {
            "id": "i",
            "clips": [
                {"id": "x", "source_file": "a.mem", "start_time": 0, "duration": 12},
                {"id": "y", "source_file": "b.mem", "start_time": 12, "duration": 12, "source_start": 3},
            ],
            "transitions": [{"transition_type": "dissolve", "between": ["x", "y"], "duration": 1}],
        }
    ],
}
ROW = st.tuples(st.sampled_from(SHOWN), st.integers(6, 240), st.integers(-10, 10), st.booleans())
ROWS = st.lists(ROW, min_size=1, max_size=6)
LONG = (SHOWN[1], 240, 0, False)
Rows = list[tuple[dict[str, Any], int, int, bool]]
"""Of each clip what it shows, its frames, an effect's value and whether the next dissolves into it."""

tried = settings(
    max_examples=25,
    deadline=None,
    # The planner and the files it reads are the same for every example, and hold nothing of a film.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def film(rig: Any, media: Path) -> Film:
    def make(fps: Fraction, digits: int, **parts: Rows) -> RenderPlan:
        """The plan of clips one after another, with times of so many digits."""
        clips: list[dict[str, Any]] = []
        joints, at = [], 0
        for name, rows in parts.items():
            for number, (shown, frames, value, joined) in enumerate(rows):
                effect = {"effect_type": "test.brighten", "parameters": {"value": value}}
                times = {
                    k: round(float(n / fps), digits) for k, n in (("start_time", at), ("duration", frames))
                }
                looks = {"effects": [*shown.get("effects", ()), effect], "past_end": "hold"}
                clips.append(shown | looks | times | {"id": f"{name}{number}"})
                if joined and number:
                    pair = {"between": [f"{name}{number - 1}", f"{name}{number}"], "alignment": "end"}
                    joints.append({"transition_type": "dissolve", "duration": str(2 / fps)} | pair)
                at += frames
        track = {"id": "v", "clips": clips, "transitions": joints, "muted": True}
        timeline = {"fps": str(fps), "resolution": [64, 36], "tracks": [track]}
        project = parse_project({"timeline": timeline, "sequences": {"inner": INNER}})
        found = rig.planner.plan(project, media, RenderRequest(media / "out.mp4"))
        assert isinstance(found, RenderPlan)
        return found

    return make


def hashes(plan: RenderPlan) -> list[str]:
    return [s.hash for s in plan.segments]


@tried
@given(ROWS, FPS, DIGITS, st.integers(60, 400))
@example([(SHOWN[0], 200, 0, False), (SHOWN[6], 200, 0, False)], Fraction(30), 3, 100)
def test_what_is_inserted_in_front_changes_nothing_behind(
    film: Film, rows: Rows, fps: Fraction, digits: int, frames: int
) -> None:
    """What is inserted is long enough for a segment, and so is the first clip behind it."""
    rows = [LONG, *rows]
    before = film(fps, digits, rows=rows)
    after = film(fps, digits, front=[(SHOWN[5], frames, 0, False)], rows=rows)
    assert hashes(after)[-len(before.segments) :] == hashes(before)


@tried
@given(ROWS, ROWS, ROWS, FPS, DIGITS)
@example([], [], [(SHOWN[0], 6, 0, False)] * 2, Fraction(30000, 1001), 3)
def test_what_is_deleted_changes_nothing_around(
    film: Film, head: Rows, middle: Rows, tail: Rows, fps: Fraction, digits: int
) -> None:
    """Long clips that meet in hard cuts stand before and behind what is deleted."""
    head, middle, tail = [*head, LONG], [LONG, *middle, LONG], [LONG, *tail]
    whole = film(fps, digits, head=head, middle=middle, tail=tail)
    left = film(fps, digits, head=head, tail=tail)
    front = [s.hash for s in left.segments if s.start < sum(row[1] for row in head)]
    assert hashes(whole)[: len(front)] == front
    assert hashes(whole)[len(front) - len(left.segments) :] == hashes(left)[len(front) :]


@tried
@given(ROWS, FPS, st.data())
def test_a_changed_clip_changes_the_segments_that_show_it(
    film: Film, rows: Rows, fps: Fraction, data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(rows) - 1))
    shown, frames, value, joined = rows[number]
    changed = [*rows[:number], (shown, frames, value + 100, joined), *rows[number + 1 :]]
    start = sum(row[1] for row in rows[:number]) - (2 if joined and number else 0)
    end = sum(row[1] for row in rows[: number + 1])
    before, after = film(fps, 16, rows=rows), film(fps, 16, rows=changed)
    for one, other in zip(before.segments, after.segments, strict=True):
        seen = one.start < end and start < one.start + one.count
        assert (one.hash != other.hash) == seen, (one.start, one.count, start, end)


@pytest.mark.parametrize("kind", ["video", "audio"])
@pytest.mark.parametrize("fps", ["30", "30000/1001"])
@pytest.mark.parametrize("cut", ["1", "1.033", "1.0333333", "1.067"])
def test_sound_goes_on_without_a_jump_where_a_clip_is_split(
    rig: Any, media: Path, kind: str, fps: str, cut: str
) -> None:
    """The picture's edge goes to a frame, up to half of one away; the sound is read on all the same."""
    after = {"start_time": cut, "source_start": str(Fraction(cut) + Fraction("1.7123"))}
    clips = [{"start_time": 0, "source_start": "1.7123"}, after]
    rows = [{"id": f"c{n}", "source_file": "a.mem", "duration": cut} | c for n, c in enumerate(clips)]
    timeline = {"fps": fps, "resolution": [64, 36], "tracks": [{"id": "t", "type": kind, "clips": rows}]}
    plan = rig.planner.plan(parse_project({"timeline": timeline}), media, RenderRequest(media / "out.mp4"))
    first, second = plan.audio.clips
    assert second.source_start - first.source_start == Fraction(second.start - first.start, plan.audio.rate)
