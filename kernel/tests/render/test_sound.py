"""The mix in samples: edges, envelopes, solo and mute, transitions, what cannot sound."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from kadr_sdk.errors import ValidationError
from kadr_sdk.plan import AudioClip, AudioPlan, Duck, Ramp
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest

Mix = Callable[..., AudioPlan | None]
RATE = 48000


def clip(name: str, start: Any, duration: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "source_file": f"{name}.mem", "start_time": start, "duration": duration} | more


def video(*clips: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "video", "clips": list(clips)} | more


def audio(*clips: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "audio", "clips": list(clips)} | more


@pytest.fixture
def mix(rig: Any, media: Path) -> Mix:
    def make(
        *tracks: dict[str, Any], fps: Any = 25, request: Any = None, **timeline: Any
    ) -> AudioPlan | None:
        rows = [{"id": f"t{n}"} | t for n, t in enumerate(tracks)]
        data = {"timeline": {"fps": fps, "resolution": [64, 36], "tracks": rows} | timeline}
        plain = RenderRequest(media / "out.mp4", **(request or {}))
        found = rig.planner.plan(parse_project(data), media, plain, seal=False).audio
        assert found is None or isinstance(found, AudioPlan)
        return found

    return make


def only(plan: AudioPlan | None) -> AudioClip:
    assert plan is not None
    (found,) = plan.clips
    return found


class TestEdges:
    def test_a_clip_of_the_whole(self, mix: Mix) -> None:
        plan = mix(video(clip("a", 0, 2, source_start=1.5)))
        assert plan is not None
        assert (plan.rate, plan.layout, plan.channels, plan.count) == (RATE, "stereo", 2, 96000)
        found = only(plan)
        assert (found.start, found.count, found.source_start, found.speed) == (0, 96000, Fraction(3, 2), 1)
        assert (found.gains, found.pan, found.track, found.clip) == ((), (), "t0", "a")

    def test_sound_of_a_video_track_follows_the_rounded_picture_edge(self, mix: Mix) -> None:
        found = only(mix(video(clip("a", 0.03, 1, source_start=1))))
        assert (found.start, found.count) == (RATE // 25, RATE)
        assert found.source_start == 1 + Fraction(1, 25) - Fraction(3, 100)

    def test_sound_of_its_own_track_to_the_nearest_sample(self, mix: Mix) -> None:
        plan = mix(video(clip("still", 0, 4)), audio(clip("song", 0.03, "1/7")))
        found = only(plan)
        assert (found.start, found.start + found.count) == (1440, round((0.03 + 1 / 7) * RATE))

    @pytest.mark.parametrize("fps", [25, 24, "30000/1001", "60000/1001"])
    def test_neighbours_leave_no_gap_and_no_overlap(self, mix: Mix, fps: Any) -> None:
        names = "abc"
        plan = mix(
            video(*(clip(names[k % 3], k * 1001 / 3000, "1001/3000", id=str(k)) for k in range(9))), fps=fps
        )
        assert plan is not None
        edges = [(c.start, c.start + c.count) for c in plan.clips]
        assert all(a[1] == b[0] for a, b in pairwise(edges))
        assert edges[-1][1] == plan.count

    @pytest.mark.parametrize("seconds", ["1.013", "1.021"], ids=["before the frame", "after it"])
    def test_where_nothing_is_shown_it_ends_with_its_sound(self, mix: Mix, seconds: str) -> None:
        song, end = audio(clip("song", 0.5, seconds)), round((0.5 + float(seconds)) * RATE)
        for more in ({}, {"effects": [LOUDER]}):
            plan = mix(song, **more)
            assert plan is not None
            assert plan.count == end
        part = mix(song, request={"range": (Fraction(1), Fraction(7, 5))})
        shown = mix(video(clip("still", 0, 1, muted=True)), song)
        assert part is not None
        assert shown is not None
        assert part.count == RATE * 2 // 5
        assert shown.count == round(1.5 * 25 + (float(seconds) - 1) * 25) * RATE // 25

    def test_a_range_cuts_it(self, mix: Mix) -> None:
        found = mix(
            video(clip("a", 0, 4), clip("b", 4, 4, fade_in=2)), request={"range": (Fraction(3), Fraction(5))}
        )
        assert found is not None
        a, b = found.clips
        assert (a.start, a.count, a.source_start) == (0, RATE, 3)
        assert (b.start, b.count, b.source_start) == (RATE, RATE, 0)
        inside = only(mix(video(clip("b", 0, 4, fade_in=2)), request={"range": (Fraction(1), Fraction(2))}))
        assert inside.gains == ((Ramp(-RATE, RATE, 0.0, 1.0),),)

    def test_speed_and_direction(self, mix: Mix) -> None:
        found = only(mix(video(clip("a", 1, 2, source_start=3, speed=2, keep_pitch=False))))
        assert (found.speed, found.keep_pitch, found.source_start) == (2, False, 3)
        back = only(mix(video(clip("a", 1, 2, source_start=3, speed=2, reversed=True))))
        assert (back.reversed, back.source_start) == (True, 7)
        later = mix(
            video(clip("a", 0, 2, source_start=3, reversed=True)),
            request={"range": (Fraction(1), Fraction(2))},
        )
        assert only(later).source_start == 4


class TestWhatSounds:
    @pytest.mark.parametrize(
        ("tracks", "names"),
        [
            ([video(clip("a", 0, 1)), audio(clip("song", 0, 1))], {"a", "song"}),
            ([video(clip("a", 0, 1, muted=True)), audio(clip("song", 0, 1))], {"song"}),
            ([video(clip("a", 0, 1), muted=True), audio(clip("song", 0, 1))], {"song"}),
            ([video(clip("a", 0, 1, stream={"audio": "none"})), audio(clip("song", 0, 1))], {"song"}),
            ([video(clip("a", 0, 1)), audio(clip("song", 0, 1), solo=True)], {"song"}),
            ([video(clip("a", 0, 1), solo=True), audio(clip("song", 0, 1), solo=True)], {"a", "song"}),
            ([video(clip("a", 0, 1)), audio(clip("song", 0, 1), solo=True, muted=True)], set()),
            ([video(clip("a", 0, 1)), audio(clip("song", 0, 1), enabled=False)], {"a"}),
            ([video(clip("a", 0, 1, freeze=1))], set()),
        ],
    )
    def test_solo_mute_and_streams(self, mix: Mix, tracks: list[dict[str, Any]], names: set[str]) -> None:
        plan = mix(*tracks)
        assert plan is not None, "silence is sound too: the output keeps its stream"
        assert {c.clip for c in plan.clips} == names
        assert plan.count == RATE

    def test_no_sound_anywhere_is_no_stream(self, mix: Mix) -> None:
        assert mix(video(clip("still", 0, 1))) is None


SPEEDING = {"keyframes": [{"time": 0, "value": 1}, {"time": 1, "value": 2}]}
LOUDER = {"effect_type": "louder", "parameters": {"by": 1}}


class TestVaryingSpeed:
    def test_it_goes_with_the_clip_from_frame_to_frame(self, mix: Mix) -> None:
        found = only(mix(video(clip("a", 2, 2, speed=SPEEDING, source_start=0.5))))
        assert found.warp is not None
        assert (found.warp.rate, found.warp.at, found.lead) == (25, 0, 0)
        assert found.warp.speeds == tuple(min(2, 1 + Fraction(k, 25)) for k in range(51))
        assert (found.start, found.count, found.source_start) == (2 * RATE, 2 * RATE, Fraction(1, 2))

    def test_backwards_it_begins_at_its_end(self, mix: Mix) -> None:
        found = only(mix(video(clip("a", 0, 2, speed=SPEEDING, reversed=True))))
        assert found.warp is not None
        assert found.warp.at == 2

    def test_beyond_the_media_is_an_error_before_the_render(self, mix: Mix) -> None:
        late = clip("song", 0, 2, speed=SPEEDING, source_start="17.5")  # 3.5 of 2.5 seconds
        with pytest.raises(
            ValidationError, match=r"duration: uses 1\.000 s more than the media has \(20\.000 s\)"
        ):
            mix(audio(late))
        assert mix(audio(late | {"past_end": "hold"})) is not None
        assert mix(audio(late | {"source_start": "16.5"})) is not None

    def test_a_part_leads_in(self, mix: Mix) -> None:
        part = {"range": (Fraction(3), Fraction(4))}
        found = only(mix(video(clip("a", 2, 3, speed=SPEEDING)), request=part))
        assert (found.start, found.count, found.lead) == (0, RATE, RATE)


class TestDesk:
    def test_a_track_with_effects_is_a_bus_with_its_volume(self, mix: Mix) -> None:
        plan = mix(audio(clip("song", 1, 1), volume=0.5, effects=[LOUDER]), audio(clip("a", 0, 1)))
        assert plan is not None
        assert [c.bus for c in plan.clips] == [0, None]
        assert [c.gains for c in plan.clips] == [(), ()]
        (bus,) = plan.buses
        assert bus.gains == ((Ramp(0, 2 * RATE, 0.5, 0.5),),)
        assert [s.name for s in bus.stages[0].filters] == ["volume"]

    def test_neutral_effects_and_silent_ducks_leave_the_plan_as_it_is(self, mix: Mix) -> None:
        plain = [audio(clip("song", 0, 1)), audio(clip("a", 0, 1))]
        flat = {"effect_type": "louder", "parameters": {"by": 0}}
        dressed = [
            t | {"effects": [flat], "duck": {"under": [f"t{1 - n}"], "amount": 0}}
            for n, t in enumerate(plain)
        ]
        dressed[1].pop("duck")
        assert mix(*dressed, effects=[flat]) == mix(*plain)

    def test_a_bus_comes_after_those_that_it_makes_way_for(self, mix: Mix) -> None:
        duck = {
            "under": ["t1", "t2"],
            "attack": 0.1,
            "hold": 0,
            "release": 0.304,
            "amount": -9,
            "threshold": -35,
        }
        plan = mix(audio(clip("song", 0, 1), duck=duck), audio(clip("a", 0, 1)), audio(clip("b", 0, 1)))
        assert plan is not None
        assert [b.track for b in plan.buses] == ["t1", "t2", "t0"]
        assert [c.bus for c in plan.clips] == [2, 0, 1]
        assert plan.buses[2].duck == Duck((0, 1), -35, -9, 10, 0, 30)

    def test_nobody_makes_way_for_what_is_not_heard(self, mix: Mix) -> None:
        song = audio(clip("song", 0, 1), duck={"under": ["t1"]})
        plan = mix(song, audio(clip("a", 0, 1), muted=True))
        assert plan is not None
        assert plan.buses == ()

    def test_what_remembers_hears_the_timeline_from_its_beginning(self, mix: Mix) -> None:
        part = {"range": (Fraction(2), Fraction(3))}
        plan = mix(audio(clip("song", 1, 5)), request=part, effects=[LOUDER])
        assert plan is not None
        assert (plan.lead, plan.count, plan.trail) == (2 * RATE, RATE, RATE)
        assert (only(plan).start, only(plan).count, only(plan).lead) == (RATE, 3 * RATE, 0)
        assert len(plan.stages) == 1

    def test_what_looks_far_ahead_hears_as_far(self, mix: Mix) -> None:
        part = {"range": (Fraction(2), Fraction(3))}
        duck = {"under": ["t1"], "attack": 2.5}
        plan = mix(audio(clip("song", 0, 9), duck=duck), audio(clip("a", 0, 9)), request=part)
        assert plan is not None
        assert (plan.lead, plan.count, plan.trail) == (2 * RATE, RATE, RATE * 5 // 2)

    @pytest.mark.parametrize(
        ("under", "problem"),
        [
            (["t9"], "no track 't9' (known: t0, t1)"),
            (["t0"], "'t0' makes way for itself (break the circle)"),
            (["t1"], "'t0' makes way for itself (break the circle)"),
        ],
    )
    def test_whom_to_make_way_for(self, mix: Mix, under: list[str], problem: str) -> None:
        other = audio(clip("a", 0, 1), duck={"under": ["t0"]})
        with pytest.raises(ValidationError) as caught:
            mix(audio(clip("song", 0, 1), duck={"under": under}), other)
        assert f"timeline.tracks[0].duck.under: {problem}" in [str(p) for p in caught.value.problems]

    def test_pictures_have_no_place_on_the_whole_mix(self, mix: Mix) -> None:
        with pytest.raises(ValidationError) as caught:
            mix(audio(clip("song", 0, 1)), effects=[{"effect_type": "blur"}])
        assert caught.value.problems[0].path == "timeline.effects[0].effect_type"


class TestStages:
    def test_options_are_told_while_they_move(self, mix: Mix) -> None:
        keys = {"keyframes": [{"time": 1, "value": 10}, {"time": 2, "value": 5}]}
        louder = {"effect_type": "louder", "parameters": {"by": keys}}
        found = only(mix(audio(clip("song", 3, 4, effects=[louder]))))
        (stage,) = found.stages
        told = [(at, float(dict(specs[0].options)["volume"])) for at, specs in stage.changes]
        assert dict(stage.filters[0].options)["volume"] == "11.0"
        assert [at for at, _ in told] == [RATE + 480 * k for k in range(1, 101)]
        assert [v for _, v in told] == pytest.approx([11.0 - k / 20 for k in range(1, 101)])

    def test_what_moves_long_moves_in_longer_steps(self, mix: Mix) -> None:
        keys = {"keyframes": [{"time": 0, "value": 0}, {"time": 6000, "value": 5}]}
        louder = {"effect_type": "louder", "parameters": {"by": keys}}
        picture = {"id": "g", "generator": {"type": "plain"}, "duration": 6001}
        plan = mix(audio(clip("song", 0, 1)), video(picture), effects=[louder])
        assert plan is not None
        (stage,) = plan.stages
        assert 19_990 <= len(stage.changes) <= 20_001

    def test_what_is_late_says_by_how_much(self, mix: Mix) -> None:
        late = {"effect_type": "late", "parameters": {"by": 1}}
        assert only(mix(audio(clip("song", 0, 1, effects=[late])))).stages[0].delay == 48


class TestGains:
    @pytest.mark.parametrize(
        ("more", "gains"),
        [
            ({"volume": 0.5}, ((Ramp(0, 48000, 0.5, 0.5),),)),
            ({"fade_in": 0.25}, ((Ramp(0, 12000, 0.0, 1.0),),)),
            ({"fade_out": 0.25}, ((Ramp(36000, 48000, 1.0, 0.0),),)),
            ({"fade_in": 1, "fade_out": 1}, ((Ramp(0, 48000, 0.0, 1.0),), (Ramp(0, 48000, 1.0, 0.0),))),
        ],
    )
    def test_of_a_clip(self, mix: Mix, more: dict[str, Any], gains: Any) -> None:
        assert only(mix(video(clip("a", 1, 1, **more)))).gains == gains

    def test_of_clip_and_track_together(self, mix: Mix) -> None:
        found = only(mix(video(clip("a", 0, 1, volume=0.5), volume=0.25)))
        assert found.gains == ((Ramp(0, 48000, 0.5, 0.5),), (Ramp(0, 48000, 0.25, 0.25),))

    def test_a_clips_curve_counts_from_the_clip_a_tracks_from_the_timeline(self, mix: Mix) -> None:
        keys = {"keyframes": [{"time": 0, "value": 0}, {"time": 1, "value": 0}, {"time": 2, "value": 1}]}
        of_clip = only(mix(video(clip("a", 1, 3, volume=keys)))).gains[0]
        of_track = only(mix(video(clip("a", 1, 3), volume=keys))).gains[0]
        assert of_clip[0] == Ramp(0, 48000, 0.0, 0.0)
        assert of_track[0] == Ramp(0, 1920, 0.0, 0.04)
        assert [r.start for r in of_clip[1:]] == [48000 + 1920 * k for k in range(26)]
        assert (of_clip[25].stop, of_clip[25].b) == (96000, 1.0)
        assert (of_track[24].stop, of_track[24].b) == (48000, 1.0)

    def test_a_clips_curve_counts_from_its_picture(self, mix: Mix) -> None:
        keys = {"keyframes": [{"time": 0, "value": 0}, {"time": 1, "value": 1}]}
        found = only(mix(video(clip("a", "0.51", 2, volume=keys)))).gains[0]
        assert (found[0].start, found[0].a) == (0, 0.0)  # frame 13, 0.52 s
        assert (found[24].stop, found[24].b) == (RATE, 1.0)

    @pytest.mark.parametrize(("fps", "start"), [("30000/1001", "1001/3000"), (24, "10/24"), (60, "1/3")])
    def test_an_envelope_has_no_holes(self, mix: Mix, fps: Any, start: str) -> None:
        keys = {"keyframes": [{"time": 0, "value": 0}, {"time": 3, "value": 1}]}
        ramps = only(mix(video(clip("a", start, 2, volume=keys)), fps=fps)).gains[0]
        assert ramps[0].start <= 0
        assert ramps[-1].stop >= 2 * RATE
        for before, after in pairwise(ramps):
            assert before.stop == after.start
            assert before.b == after.a
        middle = next(r for r in ramps if r.start <= RATE < r.stop)
        at = middle.a + (middle.b - middle.a) * (RATE - middle.start) / (middle.stop - middle.start)
        assert at == pytest.approx(1 / 3, abs=1e-4)


class TestPan:
    def test_in_the_middle_it_is_left_out(self, mix: Mix) -> None:
        assert only(mix(video(clip("a", 0, 1)))).pan == ()
        assert only(mix(video(clip("a", 0, 1, pan=-0.5)))).pan == (Ramp(0, 48000, -0.5, -0.5),)

    def test_of_clip_and_track_are_added_and_clipped(self, mix: Mix) -> None:
        keys = {"keyframes": [{"time": 0, "value": -1}, {"time": 1, "value": 1}]}
        found = only(mix(video(clip("a", 0, 1, pan=keys), pan=0.5))).pan
        assert (found[0].a, found[-1].b) == (-0.5, 1.0)
        assert all(-1 <= v <= 1 for r in found for v in (r.a, r.b))
        assert found[0].start == 0
        assert found[-1].stop == 48000
        assert all(a.stop == b.start and a.b == b.a for a, b in pairwise(found))


class TestTransitions:
    JOINT = {"transition_type": "dissolve", "between": ["a", "b"]}  # noqa: RUF012 - never changed

    def test_sounds_cross_with_equal_power(self, mix: Mix) -> None:
        plan = mix(video(clip("a", 0, 3), clip("b", 2, 3), transitions=[self.JOINT]))
        assert plan is not None
        a, b = plan.clips
        assert (a.start, a.count, b.start, b.count) == (0, 3 * RATE, 2 * RATE, 3 * RATE)
        assert a.gains == ((Ramp(2 * RATE, 3 * RATE, 1.0, 0.0, "sine"),),)
        assert b.gains == ((Ramp(0, RATE, 0.0, 1.0, "sine"),),)

    def test_handles_sound_too(self, mix: Mix) -> None:
        joint = self.JOINT | {"duration": 1}
        plan = mix(video(clip("a", 0, 2), clip("b", 2, 2, source_start=1), transitions=[joint]))
        assert plan is not None
        a, b = plan.clips
        edge = 38 * RATE // 25
        assert (a.start + a.count, b.start) == (63 * RATE // 25, edge)
        assert b.source_start == 1 - Fraction(12, 25)

    def test_a_hard_cut_lies_in_the_middle(self, mix: Mix) -> None:
        plan = mix(video(clip("a", 0, 3), clip("b", 2, 3), transitions=[self.JOINT | {"audio": "cut"}]))
        assert plan is not None
        a, b = plan.clips
        assert a.start + a.count == b.start == 62 * RATE // 25
        assert (a.gains, b.gains) == ((), ())
        assert b.source_start == Fraction(12, 25)


@pytest.mark.parametrize("keep_pitch", [True, False])
def test_a_part_at_another_speed_is_fed_from_the_clips_beginning(mix: Mix, keep_pitch: bool) -> None:
    part = {"range": (Fraction(3), Fraction(4))}
    found = only(mix(video(clip("a", 2, 3, speed=1.5, keep_pitch=keep_pitch, source_start=1)), request=part))
    assert (found.start, found.count, found.lead, found.source_start) == (0, RATE, RATE, 1)
