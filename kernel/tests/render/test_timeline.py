"""The resolved timeline: snapping, neighbours, transitions, and what media cannot give."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_kernel.render.library import MediaLibrary
from kadr_kernel.render.nesting import Nesting
from kadr_kernel.render.timeline import resolve_timeline
from kadr_kernel.render.views import TimelineView
from kadr_sdk.errors import Problem
from kadr_sdk.project import parse_project
from kadr_sdk.testing.memory import MemoryBackend, write_source

NTSC = Fraction(30000, 1001)
Resolve = Callable[..., tuple[TimelineView, list[str]]]


def clip(name: str, start: Any, duration: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "source_file": f"{name}.mem", "start_time": start, "duration": duration} | more


def joint(**more: Any) -> dict[str, Any]:
    return {"transition_type": "dissolve", "between": ["a", "b"]} | more


def library() -> MediaLibrary:
    backend = MemoryBackend()
    return MediaLibrary(lambda: backend, lambda event: None, None)


def resolved(base: Path, tracks: list[dict[str, Any]], fps: Fraction) -> tuple[TimelineView, list[str]]:
    project = parse_project({"timeline": {"fps": str(fps), "tracks": tracks}})
    problems: list[Problem] = []
    view = resolve_timeline(project.timeline, fps, base, library(), problems)
    return view, [str(p) for p in problems]


@pytest.fixture
def resolve(media: Path) -> Resolve:
    """One video track of clips at 25 frames a second; the view and the problems."""

    def run(*clips: dict[str, Any], transitions: Any = (), fps: Fraction = Fraction(25), **track: Any) -> Any:
        row = {"id": "v", "clips": list(clips), "transitions": list(transitions)} | track
        return resolved(media, [row], fps)

    return run


PATH = "timeline.tracks[0]"


class TestSnapping:
    @pytest.mark.parametrize(
        ("start", "frame"), [(0, 0), (0.019, 0), (0.02, 1), (0.0599, 1), (0.06, 2), ("1/50", 1)]
    )
    def test_half_up(self, resolve: Resolve, start: Any, frame: int) -> None:
        view, problems = resolve(clip("a", start, 1))
        assert problems == []
        assert view.tracks[0].clips[0].start == frame

    def test_a_snap_is_noted(self, resolve: Resolve) -> None:
        view, _ = resolve(clip("a", 0.03, 1))
        assert [str(n) for n in view.notes] == [
            f"{PATH}.clips[0].start_time: snapped by +0.010000 s to frame 1 (00:00:00:01)",
            f"{PATH}.clips[0].duration: snapped by +0.010000 s to frame 26 (00:00:01:01)",
        ]
        assert resolve(clip("a", 0.04, 1))[0].notes == []

    def test_sound_alone_does_not_snap(self, resolve: Resolve) -> None:
        assert resolve(clip("song", 0.03, 1), type="audio")[0].notes == []

    def test_shorter_than_half_a_frame(self, resolve: Resolve) -> None:
        _, problems = resolve(clip("a", 0.04, 0.015))
        assert problems == [
            f"{PATH}.clips[0].duration: shorter than half a frame at 25 fps "
            "(make it longer, or raise the frame rate)"
        ]

    def test_drop_frame_positions(self, resolve: Resolve) -> None:
        view, problems = resolve(clip("a", "00:01:00;02", "00:00:05;00"), fps=NTSC)
        assert problems == []
        assert (view.tracks[0].clips[0].start, view.tracks[0].clips[0].end) == (1800, 1950)
        assert view.notes == []

    @given(
        st.lists(st.fractions(Fraction(1, 10), 3, max_denominator=1000), min_size=2, max_size=6),
        st.sampled_from([Fraction(24), NTSC, Fraction(60000, 1001)]),
    )
    def test_neighbours_stay_neighbours(
        self, tmp_path_factory: pytest.TempPathFactory, lengths: list[Fraction], fps: Fraction
    ) -> None:
        base = tmp_path_factory.mktemp("media")
        write_source(base / "still.mem", video={"width": 64, "height": 36, "frames": 1, "still": True})
        rows, at = [], Fraction(0)
        for number, length in enumerate(lengths):
            row = {"id": str(number), "source_file": "still.mem"}
            rows.append(row | {"start_time": str(at), "duration": str(length)})
            at += length
        view, problems = resolved(base, [{"id": "v", "clips": rows}], fps)
        assert problems == []
        clips = view.tracks[0].clips
        assert all(a.end == b.start for a, b in pairwise(clips))


class TestTransitions:
    def test_an_overlap_is_the_transition(self, resolve: Resolve) -> None:
        view, problems = resolve(clip("a", 0, 3), clip("b", 2, 3), transitions=[joint()])
        assert problems == []
        (found,) = view.tracks[0].joints
        assert (found.start, found.end) == (50, 75)
        a, b = view.tracks[0].clips
        assert (a.seen_start, a.seen_end, b.seen_start, b.seen_end) == (0, 75, 50, 125)
        assert a.joint_out is b.joint_in is found

    @pytest.mark.parametrize(
        ("alignment", "start", "end"), [("center", 38, 63), ("start", 50, 75), ("end", 25, 50)]
    )
    def test_a_butt_cut_takes_handles(self, resolve: Resolve, alignment: str, start: int, end: int) -> None:
        view, problems = resolve(
            clip("a", 0, 2), clip("b", 2, 2, source_start=1),
            transitions=[joint(duration=1, alignment=alignment)],
        )  # fmt: skip
        assert problems == []
        (found,) = view.tracks[0].joints
        assert (found.start, found.end) == (start, end)
        a, b = view.tracks[0].clips
        assert (a.seen_end, b.seen_start) == (end, start)
        assert (a.end, b.start) == (50, 50)

    @pytest.mark.parametrize(
        ("clips", "transition", "problem"),
        [
            (
                [clip("a", 0, 3), clip("b", 2, 3)],
                joint(duration=0.5),
                ".transitions[0].duration: the clips overlap by 25 frames, the transition says 13 "
                "(leave the duration out, or move a clip)",
            ),
            (
                [clip("a", 0, 2), clip("b", 3, 2)],
                joint(duration=1),
                ".transitions[0]: the clips neither overlap nor touch "
                "(move the second clip to the end of the first, or over it)",
            ),
            (
                [clip("a", 2, 2), clip("b", 0, 1)],
                joint(duration=1),
                ".transitions[0]: the clips stand the other way "
                "(move the second clip to the end of the first, or over it)",
            ),
            (
                [clip("a", 0, 2), clip("b", 2, 2)],
                joint(),
                ".transitions[0].duration: between clips that touch a duration is needed",
            ),
            (
                [clip("a", 0, 5), clip("b", 1, 2)],
                joint(),
                ".transitions[0]: the incoming clip ends within the outgoing one",
            ),
            (
                [clip("a", 0, 2), clip("b", 2, 2)],
                joint(duration=1),
                ".transitions[0]: needs 0.480 s before the first moment of 'b' "
                "(start the clip later in its source, or shorten the transition)",
            ),
            (
                [clip("a", 0, 2, source_start=18), clip("b", 2, 2, source_start=5)],
                joint(duration=1, alignment="start"),
                ".transitions[0]: 'a' has no handle: 1.000 s are missing after its end "
                "(shorten the clip or the transition, or align it to the end)",
            ),
            (
                [clip("a", 1, 0.4, source_start=1), clip("b", 1.4, 2, source_start=5)],
                joint(duration=1, alignment="end"),
                ".transitions[0].duration: longer than the clip 'a', which has 10 frames "
                "(shorten the transition, or lengthen the clip)",
            ),
            (
                [clip("a", 1, 4, source_start=1), clip("b", 5, 0.4, source_start=5)],
                joint(duration=1, alignment="start"),
                ".transitions[0].duration: longer than the clip 'b', which has 10 frames "
                "(shorten the transition, or lengthen the clip)",
            ),
        ],
    )
    def test_what_cannot_be(
        self, resolve: Resolve, clips: list[dict[str, Any]], transition: Any, problem: str
    ) -> None:
        _, problems = resolve(*clips, transitions=[transition])
        assert PATH + problem in problems
        assert len([p for p in problems if ".transitions[0]" in p]) == 1

    def test_one_a_cut(self, resolve: Resolve) -> None:
        _, problems = resolve(clip("a", 0, 3), clip("b", 2, 3), transitions=[joint(), joint()])
        assert problems == [f"{PATH}.transitions[1]: there is a transition between these clips already"]

    def test_two_at_one_clip_must_not_meet(self, resolve: Resolve) -> None:
        _, problems = resolve(
            clip("a", 0, 3), clip("b", 2, 1.6), clip("c", 2.9, 3),
            transitions=[joint(), joint(between=["b", "c"])],
        )  # fmt: skip
        assert f"{PATH}.clips[1]: its two transitions overlap each other " in problems[0]

    def test_an_overlap_without_one(self, resolve: Resolve) -> None:
        _, problems = resolve(clip("a", 0, 3), clip("b", 2, 3))
        assert problems == [
            f"{PATH}.clips[1]: overlaps 'a' by 25 frames "
            "(add a transition between them, move one, or use another track)"
        ]

    def test_sounds_may_overlap(self, resolve: Resolve) -> None:
        song = clip("song", 0, 3)
        assert resolve(song, song | {"id": "again", "start_time": 1}, type="audio")[1] == []

    def test_a_clip_that_is_wrong_itself_is_one_problem(self, resolve: Resolve) -> None:
        _, problems = resolve(clip("a", 0, 3), clip("b", 2, 3, source_file="no.mem"), transitions=[joint()])
        assert len(problems) == 1
        assert "no.mem: the media file does not exist (check the path)" in problems[0]


class TestMedia:
    def test_longer_than_its_media(self, resolve: Resolve) -> None:
        _, problems = resolve(clip("a", 0, 21))
        assert problems == [
            f"{PATH}.clips[0].duration: uses 1.000 s more than the media has (20.000 s) "
            '(shorten the clip, or set past_end to "hold")'
        ]

    @pytest.mark.parametrize(
        "more", [{"source_start": 15.04}, {"speed": 4.1}, {"source_start": 15.04, "reversed": True}]
    )
    def test_by_a_moment_too_long(self, resolve: Resolve, more: dict[str, Any]) -> None:
        assert "more than the media has" in resolve(clip("a", 0, 5, **more))[1][0]

    @pytest.mark.parametrize(
        "more",
        [
            {"source_start": 15},
            {"speed": 4},
            {"source_start": 15, "reversed": True},
            {"source_start": 15.04, "past_end": "hold"},
            {"freeze": 19.96},
        ],
    )
    def test_to_the_last_frame(self, resolve: Resolve, more: dict[str, Any]) -> None:
        assert resolve(clip("a", 0, 5, **more))[1] == []

    def test_sound_longer_than_its_media(self, resolve: Resolve) -> None:
        _, problems = resolve(clip("song", 0, 21), type="audio")
        assert problems == [
            f"{PATH}.clips[0].duration: uses 1.000 s more than the media has (20.000 s) "
            '(shorten the clip, or set past_end to "hold")'
        ]
        assert resolve(clip("song", 0, 20), type="audio")[1] == []

    def test_without_a_duration_to_the_end(self, resolve: Resolve) -> None:
        view, problems = resolve({"id": "a", "source_file": "a.mem", "source_start": 4, "speed": 2})
        assert problems == []
        assert view.frames == 200

    @pytest.mark.parametrize(
        "more",
        [
            {"source_file": "still.mem"},
            {"freeze": 1},
            {"speed": {"keyframes": [{"time": 0, "value": 1}]}},
            {"source_file": None, "generator": {"type": "plain"}},
        ],
    )
    def test_where_there_is_no_end(self, resolve: Resolve, more: dict[str, Any]) -> None:
        _, problems = resolve({"id": "a", "source_file": "a.mem"} | more)
        assert problems == [f"{PATH}.clips[0].duration: a duration is needed here (give it in seconds)"]

    def test_after_the_end(self, resolve: Resolve) -> None:
        _, problems = resolve({"id": "a", "source_file": "a.mem", "source_start": 20})
        assert problems == [f"{PATH}.clips[0].source_start: lies after the end of the media at 20.000 s"]

    @pytest.mark.parametrize(
        ("row", "kind", "problem"),
        [
            (clip("song", 0, 1), "video", "song.mem: no pictures in this file (put it on an audio track)"),
            (clip("still", 0, 1), "audio", "still.mem: no sound in this file"),
        ],
    )
    def test_the_wrong_kind_of_track(self, resolve: Resolve, row: Any, kind: str, problem: str) -> None:
        _, problems = resolve(row, type=kind)
        assert len(problems) == 1
        assert problems[0].endswith(problem)

    @pytest.mark.parametrize("name", ["", "  ", "a\0b"])
    def test_what_is_no_path(self, resolve: Resolve, name: str) -> None:
        assert resolve(clip("a", 0, 1, source_file=name))[1] == [
            f"{PATH}.clips[0].source_file: the path is empty or not a path"
        ]

    def test_streams_by_number(self, resolve: Resolve) -> None:
        _, problems = resolve(clip("a", 0, 1, stream={"video": 7, "audio": 0}))
        assert problems[0] == f"{PATH}.clips[0].stream.video: no video stream 7 (there are: 0)"
        assert problems[1] == f"{PATH}.clips[0].stream.audio: no audio stream 0 (there are: 1)"
        view, problems = resolve(clip("a", 0, 1, stream={"audio": "none"}))
        assert problems == []
        assert view.tracks[0].clips[0].audio is None


class TestTracks:
    def test_a_disabled_one_is_not_even_looked_at(self, resolve: Resolve) -> None:
        view, problems = resolve(clip("no", 0, 1), enabled=False)
        assert (view.tracks, view.frames, problems) == ([], 0, [])

    def test_subtitles_are_said_to_be_missing(self, resolve: Resolve) -> None:
        _, problems = resolve(clip("a", 0, 1), type="subtitle")
        assert problems == [
            f"{PATH}: subtitle tracks are not rendered by this version "
            "(disable the track, or burn the text in before)"
        ]
        assert resolve(type="subtitle")[1] == []

    def test_a_sequence_without_clips_is_refused(self, media: Path) -> None:
        row = {"id": "s", "sequence": "inner", "duration": 1}
        project = parse_project(
            {"timeline": {"tracks": [{"id": "v", "clips": [row]}]}, "sequences": {"inner": {}}}
        )
        problems: list[Problem] = []
        nesting = Nesting(project.sequences, Fraction(30), Fraction(25))
        resolve_timeline(project.timeline, Fraction(25), media, library(), problems, nesting)
        assert [str(p) for p in problems] == [
            f"{PATH}.clips[0].sequence: the sequence 'inner' shows nothing (add a clip to it)"
        ]

    def test_too_long(self, resolve: Resolve) -> None:
        _, problems = resolve(
            {"id": "s", "source_file": "still.mem", "start_time": 600000, "duration": 1}, fps=Fraction(1000)
        )
        assert problems == ["timeline: 600001000 frames are more than 50000000"]


class TestSourceTime:
    def test_forwards_backwards_held(self, resolve: Resolve) -> None:
        view, _ = resolve(
            clip("a", 1, 2, source_start=3, speed=2),
            clip("b", 3, 2, source_start=3, reversed=True),
            clip("c", 5, 2, freeze=4),
        )
        a, b, c = view.tracks[0].clips
        assert [a.source_time(f) for f in (25, 26, 74)] == [3, 3 + Fraction(2, 25), 3 + Fraction(98, 25)]
        assert [b.source_time(f) for f in (75, 124)] == [3 + Fraction(49, 25), 3]
        assert {c.source_time(f) for f in range(125, 175)} == {4}

    def test_a_late_edge_keeps_its_fraction(self, resolve: Resolve) -> None:
        """An edge off the grid moves the picture, not the time: frame k still stands for k / fps."""
        view, _ = resolve(clip("a", 0.03, 1, source_start=1))
        found = view.tracks[0].clips[0]
        assert found.start == 1
        assert found.source_time(1) == 1 + Fraction(1, 25) - Fraction(3, 100)

    @pytest.mark.parametrize(("start", "frame"), [(3.333, 100), (6.667, 200), (6.6666667, 200), (10, 300)])
    @pytest.mark.parametrize("more", [{}, {"speed": 1.5}, {"reversed": True}])
    def test_a_rounded_start_is_the_frame_that_it_means(
        self, resolve: Resolve, start: float, frame: int, more: dict[str, Any]
    ) -> None:
        """At 6.667 s, frame 200 of 30 a second would show what lies 0.3 ms before the clip's first moment."""
        view, _ = resolve(clip("a", start, 2, source_start=3, **more), fps=Fraction(30))
        found = view.tracks[0].clips[0]
        assert found.start == frame
        first = found.end - 1 if found.clip.reversed else frame
        assert found.source_time(first) == 3

    @pytest.mark.parametrize("cut", [1.033, 1.0333333, 1.067])
    def test_a_clip_split_at_a_rounded_time_goes_on_where_it_was(self, resolve: Resolve, cut: float) -> None:
        view, _ = resolve(
            clip("a", 0, cut, source_start=2),
            clip("b", cut, 1, source_start=round(2 + cut, 7)),
            fps=Fraction(30),
        )
        a, b = view.tracks[0].clips
        late = b.source_time(b.start) - a.source_time(b.start)
        assert 0 <= late < Fraction(1, 2000)  # less would be the frame before

    @given(st.floats(0.1, 4), st.floats(0.1, 4), st.integers(1, 80))
    def test_an_animated_speed_is_integrated_exactly(
        self, tmp_path_factory: pytest.TempPathFactory, first: float, last: float, frames: int
    ) -> None:
        base = tmp_path_factory.mktemp("media")
        write_source(base / "a.mem", video={"width": 64, "height": 36, "rate": "25", "frames": 10_000})
        speed = {"keyframes": [{"time": 0, "value": first}, {"time": 4, "value": last}]}
        view, problems = resolved(base, [{"id": "v", "clips": [clip("a", 0, 4, speed=speed)]}], Fraction(25))
        assert problems == []
        t = frames / 25
        exact = first * t + (last - first) * t * t / 8
        assert float(view.tracks[0].clips[0].source_time(frames)) == pytest.approx(exact, abs=1e-6)
