"""The graph of each span: only what is seen, no node that does nothing, the order of work."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_sdk.curves import Samples
from kadr_sdk.errors import ValidationError
from kadr_sdk.plan import Call, Conform, Decode, Node, Place, RenderPlan, Solid, Span, walk
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest

Plan = Callable[..., RenderPlan]
SMALL = {"scale_x": 0.5, "scale_y": 0.5}
TRACK = {"id": "v2"}


def clip(name: str, start: float, duration: float, **more: Any) -> dict[str, Any]:
    return {"id": name, "source_file": f"{name}.mem", "start_time": start, "duration": duration} | more


def grey(start: float = 0, duration: float = 4, **more: Any) -> dict[str, Any]:
    generator = {"type": "plain", "parameters": {"level": 90}}
    return {"id": "grey", "generator": generator, "start_time": start, "duration": duration} | more


def fade(*values: float) -> dict[str, Any]:
    return {"keyframes": [{"time": n, "value": v} for n, v in enumerate(values)]}


@pytest.fixture
def plan(rig: Any, media: Path) -> Plan:
    """The plan of tracks (each a list of clips, or a whole track), bottom first, not sealed."""

    def make(*tracks: Any, request: dict[str, Any] | None = None, **timeline: Any) -> RenderPlan:
        rows = [{"id": f"v{n}"} | (t if isinstance(t, dict) else {"clips": t}) for n, t in enumerate(tracks)]
        data = {"timeline": {"fps": 25, "resolution": [64, 36], "tracks": rows} | timeline}
        plain = RenderRequest(media / "out.mp4", **(request or {}))
        found = rig.planner.plan(parse_project(data), media, plain, seal=False)
        assert isinstance(found, RenderPlan)
        return found

    return make


def spans(plan: RenderPlan) -> list[Span]:
    found = [s for segment in plan.segments for s in segment.spans]
    assert [s.start for s in found] == [sum(x.count for x in found[:n]) for n in range(len(found))]
    assert sum(s.count for s in found) == plan.frames
    return found


def root(plan: RenderPlan) -> Node:
    """Of the only span."""
    (span,) = spans(plan)
    return span.root


def kinds(node: Node) -> list[str]:
    return [type(n).__name__ for n in walk(node)]


def sources(node: Node) -> set[str]:
    return {Path(n.source.path).stem for n in walk(node) if isinstance(n, Decode)}


class TestLayers:
    def test_a_plain_clip_is_decoded_and_conformed(self, plan: Plan) -> None:
        found = root(plan([clip("a", 0, 2)]))
        assert kinds(found) == ["Decode", "Conform"]
        assert (found.width, found.height, found.format, found.frames) == (64, 36, "yuv420p", 50)

    def test_what_covers_the_frame_hides_all_below(self, plan: Plan) -> None:
        assert sources(root(plan([clip("a", 0, 2)], [clip("b", 0, 2)]))) == {"b"}
        assert kinds(root(plan([clip("a", 0, 2)], [clip("b", 0, 2)]))) == ["Decode", "Conform"]

    @pytest.mark.parametrize(
        "change",
        [{"opacity": 0.5}, {"opacity": fade(1, 0.5)}, {"transform": SMALL}, {"transform": {"rotation": 1}},
         {"fit": "none", "crop": {"left": 0.5}}],
    )  # fmt: skip
    def test_what_does_not_cover_lies_over(self, plan: Plan, change: dict[str, Any]) -> None:
        found = root(plan([clip("a", 0, 2)], [clip("b", 0, 2, **change)]))
        assert isinstance(found, Place)
        assert sources(found) == {"a", "b"}
        assert sources(found.base) == {"a"}

    def test_layers_lie_over_the_topmost_that_covers(self, plan: Plan) -> None:
        tracks = [[clip("a", 0, 2)], [clip("b", 0, 2)], [clip("c", 0, 2, transform=SMALL)]]
        found = root(plan(*tracks))
        assert isinstance(found, Place)
        assert (sources(found.base), sources(found.layer)) == ({"b"}, {"c"})

    @pytest.mark.parametrize("change", [{"opacity": 0}, {"opacity": fade(0, 0)}])
    def test_what_cannot_be_seen_is_dropped(self, plan: Plan, change: dict[str, Any]) -> None:
        assert kinds(root(plan([clip("a", 0, 2)], [clip("b", 0, 2, **change)]))) == ["Decode", "Conform"]
        assert kinds(root(plan([clip("a", 0, 2)], {"clips": [clip("b", 0, 2)], "opacity": 0}))) == [
            "Decode",
            "Conform",
        ]
        assert kinds(root(plan([clip("a", 0, 2, **change)]))) == ["Solid"]

    def test_gaps_are_background(self, plan: Plan) -> None:
        first, second = spans(plan([clip("a", 1, 1)], background="#ff0000"))
        assert isinstance(first.root, Solid)
        assert first.root.rgba == (1.0, 0.0, 0.0, 1.0)
        assert kinds(second.root) == ["Decode", "Conform"]

    def test_the_graph_changes_where_clips_come_and_go(self, plan: Plan) -> None:
        found = spans(plan([clip("a", 0, 4)], [clip("b", 1, 1, transform=SMALL)]))
        assert [(s.count, kinds(s.root)[-1]) for s in found] == [
            (25, "Conform"),
            (25, "Place"),
            (50, "Conform"),
        ]

    def test_a_tracks_opacity_is_multiplied_in(self, plan: Plan) -> None:
        found = root(
            plan([clip("a", 0, 1)], {"clips": [clip("b", 0, 1, opacity=0.5)], "opacity": fade(1, 0)})
        )
        assert isinstance(found, Place)
        assert isinstance(found.opacity, Samples)
        assert found.opacity.values[:2] == (0.5, 0.48)

    def test_a_tracks_curve_runs_over_the_timeline(self, plan: Plan) -> None:
        found = spans(plan([grey()], {"clips": [clip("b", 2, 1)], "opacity": fade(1, 1, 0)}))
        assert [kinds(s.root)[-1] for s in found] == ["Call", "Call", "Call"]

    def test_an_inset_stands_on_whole_pixels(self, plan: Plan) -> None:
        found = root(plan([grey(0, 2)], [clip("b", 0, 2, transform=SMALL | {"position_x": 0.25})]))
        assert isinstance(found, Place)
        assert (found.x, found.y, found.layer_width, found.layer_height) == (48.0, 18.0, 32.0, 18.0)
        assert (found.layer.width, found.layer.height) == (32, 18)


class TestEffects:
    @pytest.mark.parametrize(
        "effect",
        [
            {"effect_type": "brighten", "parameters": {"value": 0}},
            {"effect_type": "brighten"},
            {"effect_type": "brighten", "parameters": {"value": 5}, "enabled": False},
        ],
    )
    def test_what_does_nothing_leaves_no_node(self, plan: Plan, effect: dict[str, Any]) -> None:
        assert kinds(root(plan([clip("a", 0, 1, effects=[effect])]))) == ["Decode", "Conform"]
        assert kinds(root(plan({"clips": [clip("a", 0, 1)], "effects": [effect]}))) == ["Decode", "Conform"]

    def test_values_are_sampled(self, plan: Plan) -> None:
        effect = {"effect_type": "brighten", "parameters": {"value": fade(0, 25)}}
        (call,) = [n for n in walk(root(plan([clip("a", 0, 1, effects=[effect])]))) if isinstance(n, Call)]
        assert dict(call.values) == {"value": Samples(tuple(float(k) for k in range(25)))}
        assert (call.first, call.total, call.frames, call.rate) == (0, 25, 25, Fraction(25))

    def test_it_acts_between_its_own_times_only(self, plan: Plan) -> None:
        effect = {"effect_type": "brighten", "parameters": {"value": 5}, "start_time": 1, "end_time": 2}
        found = spans(plan([clip("a", 1, 4, effects=[effect])]))
        assert [(s.count, "Call" in kinds(s.root)) for s in found] == [
            (25, False), (25, False), (25, True), (50, False),
        ]  # fmt: skip

    @pytest.mark.parametrize(("scale", "radius"), [(1, 10.0), (2, 20.0)])
    def test_pixels_are_those_of_the_project(self, plan: Plan, scale: int, radius: float) -> None:
        effect = {"effect_type": "soft", "parameters": {"radius": 10}}
        size = {"resolution": (64 * scale, 36 * scale)}
        zoomed = {"scale_x": 2, "scale_y": 2}
        found = root(plan([grey(0, 1, transform=zoomed, effects=[effect])], request=size))
        (call,) = [n for n in walk(found) if isinstance(n, Call) and n.effect == "test.soft"]
        assert dict(call.values) == {"radius": radius}

    def test_a_small_source_has_small_pixels(self, plan: Plan) -> None:
        """At 64 pixels for a project of 128, a radius of 10 is 5: the picture is enlarged afterwards."""
        effect = {"effect_type": "soft", "parameters": {"radius": 10}}
        found = root(plan([clip("a", 0, 1, effects=[effect])], resolution=[128, 72]))
        (call,) = [n for n in walk(found) if isinstance(n, Call)]
        assert (call.width, dict(call.values)) == (64, {"radius": 5.0})

    def test_a_window_reads_beyond_its_span(self, plan: Plan) -> None:
        soft = {"effect_type": "soft", "parameters": {"radius": 3}, "start_time": 1, "end_time": 3}
        found = spans(plan([clip("a", 0, 4, source_start=2, effects=[soft])]))
        call = next(n for n in walk(found[1].root) if isinstance(n, Call))
        (conform,) = call.inputs
        assert isinstance(conform, Conform)
        assert isinstance(conform.input, Decode)
        assert (call.window, call.lead, call.trail, call.frames, call.first) == ((2, 1), 2, 1, 50, 25)
        assert conform.frames == 53
        assert conform.input.times.at(0) == 3 - Fraction(2, 25)

    def test_a_window_ends_with_the_clip(self, plan: Plan) -> None:
        soft = {"effect_type": "soft", "parameters": {"radius": 3}}
        call = next(n for n in walk(root(plan([clip("a", 0, 1, effects=[soft])]))) if isinstance(n, Call))
        assert (call.lead, call.trail, call.inputs[0].frames) == (0, 0, 25)

    def test_windows_in_a_row_add_up(self, plan: Plan) -> None:
        soft = {"effect_type": "soft", "parameters": {"radius": 3}}
        found = plan([clip("a", 0, 19, effects=[soft, soft])])
        assert len(found.segments) == 3
        second = found.segments[1].spans[0].root
        outer = next(n for n in reversed(list(walk(second))) if isinstance(n, Call))
        inner = outer.inputs[0]
        assert isinstance(inner, Call)
        assert (outer.lead, outer.trail) == (2, 1)
        assert (inner.lead, inner.trail) == (2, 1)
        assert inner.frames == outer.frames + 3
        assert inner.inputs[0].frames == outer.frames + 6

    def test_a_sequential_one_reaches_back_to_the_start_and_is_not_cut(self, plan: Plan) -> None:
        track = [clip("a", 0, 16, effects=[{"effect_type": "trail"}])]
        found = plan(track)
        assert [s.count for s in found.segments] == [400]
        later = plan(track, request={"range": (Fraction(10), Fraction(12))})
        call = next(n for n in walk(root(later)) if isinstance(n, Call))
        assert (call.sequential, call.first, call.lead, call.frames) == (True, 250, 250, 50)
        assert call.inputs[0].frames == 300

    def test_it_gets_a_format_that_it_takes(self, plan: Plan) -> None:
        found = root(plan([clip("a", 0, 1, effects=[{"effect_type": "planar"}])]))
        call = next(n for n in walk(found) if isinstance(n, Call))
        assert call.format == call.inputs[0].format == "gbrp"
        assert found.format == "yuv420p"

    def test_no_implementation_here(self, plan: Plan) -> None:
        with pytest.raises(
            Exception, match=r"test.native cannot run with these values on the backend memory"
        ):
            plan([clip("a", 0, 1, effects=[{"effect_type": "native"}])])

    def test_on_a_track_it_does_not_touch_the_background(self, plan: Plan) -> None:
        effect = {"effect_type": "brighten", "parameters": {"value": 5}}
        found = root(plan({"clips": [clip("a", 0, 1, transform=SMALL)], "effects": [effect]}))
        assert isinstance(found, Place)
        assert isinstance(found.layer, Call)
        assert found.layer.format == "yuva420p"
        assert isinstance(found.base, Solid)
        assert isinstance(found.layer.inputs[0], Place)

    def test_on_a_track_it_sees_one_frame_at_a_time(self, plan: Plan) -> None:
        with pytest.raises(ValidationError) as caught:
            plan({"clips": [clip("a", 0, 1)], "effects": [{"effect_type": "before"}]})
        assert [str(p) for p in caught.value.problems] == [
            "timeline.tracks[0].effects[0]: test.before needs neighbouring frames and cannot stand "
            "on a track (put it on the clips)"
        ]


class TestTransitions:
    JOINT = {"transition_type": "dissolve", "between": ["a", "b"]}  # noqa: RUF012 - never changed

    def track(self, **more: Any) -> dict[str, Any]:
        return {"clips": [clip("a", 0, 3), clip("b", 2, 3)], "transitions": [self.JOINT | more]}

    def test_its_nodes_live_as_long_as_it_does(self, plan: Plan) -> None:
        found = spans(plan(self.track()))
        assert [(s.count, kinds(s.root)) for s in found] == [
            (50, ["Decode", "Conform"]),
            (25, ["Decode", "Decode", "Conform", "Conform", "Call"]),
            (50, ["Decode", "Conform"]),
        ]

    def test_progress_is_i_of_n_eased(self, plan: Plan) -> None:
        call = spans(plan(self.track()))[1].root
        assert isinstance(call, Call)
        assert dict(call.values)["progress"] == Samples(tuple(round(k / 25, 9) for k in range(25)))
        assert (call.first, call.total) == (0, 25)
        eased = spans(plan(self.track(easing="ease-in-quad")))[1].root
        assert isinstance(eased, Call)
        progress = dict(eased.values)["progress"]
        assert progress == Samples(tuple(round((k / 25) ** 2, 9) for k in range(25)))

    def test_over_another_track_it_is_transparent_where_its_clips_are(self, plan: Plan) -> None:
        small = {"clips": [clip("a", 0, 3, transform=SMALL), clip("b", 2, 3, transform=SMALL)],
                 "transitions": [self.JOINT]}  # fmt: skip
        alone = spans(plan(small))[1].root
        assert isinstance(alone, Call)
        assert alone.format == "yuv420p"
        over = spans(plan([clip("c", 0, 5)], small))[1].root
        assert isinstance(over, Place)
        assert over.layer.format == "yuva420p"
        unseen = spans(plan([clip("c", 0, 5, opacity=0)], small))[1].root
        assert unseen == alone

    def test_unknown_ones_and_easings_are_named(self, rig: Any, media: Path) -> None:
        data = {"timeline": {"fps": 25, "tracks": [{"id": "v"} | self.track(transition_type="disolve")]}}
        with pytest.raises(ValidationError) as caught:
            rig.planner.plan(parse_project(data), media, RenderRequest(media / "o.mp4"))
        assert [str(p) for p in caught.value.problems] == [
            "timeline.tracks[0].transitions[0].transition_type: unknown transition 'disolve' "
            "(did you mean 'dissolve'?)"
        ]


class TestOutput:
    def test_the_last_conversion_is_to_what_is_encoded(self, plan: Plan) -> None:
        found = root(plan([clip("a", 0, 1)], request={"video": {"pixel_format": "yuv444p10le"}}))
        assert found.format == "yuv444p10le"

    def test_a_range_cuts_nodes_and_counts_from_its_start(self, plan: Plan) -> None:
        found = spans(plan([clip("a", 0, 4), clip("b", 4, 4)], request={"range": (Fraction(3), Fraction(5))}))
        assert [(s.start, s.count) for s in found] == [(0, 25), (25, 25)]
        first, second = (next(n for n in walk(s.root) if isinstance(n, Decode)) for s in found)
        assert (first.times.start, second.times.start) == (3, 0)

    def test_a_rate_of_its_own_samples_anew(self, plan: Plan) -> None:
        found = root(plan([clip("a", 0, 1)], request={"fps": Fraction(50)}))
        decode = next(n for n in walk(found) if isinstance(n, Decode))
        assert (decode.frames, decode.times.step) == (50, Fraction(1, 50))

    def test_many_equal_clips_do_not_slow_each_other_down(self, plan: Plan) -> None:
        """Each span asks for what is seen in it, not for every clip: 2,000 clips on 20 tracks."""
        tracks = [
            [clip("a", 0.2 * (20 * n + t), 0.2) | {"id": f"{t}-{n}"} for n in range(100)] for t in range(20)
        ]
        found = plan(*tracks)
        assert len(spans(found)) == 2000
