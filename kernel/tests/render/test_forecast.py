"""Looking ahead: what is there, what it takes by what was measured, and what hashes depend on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.render.costs import Costs
from kadr_kernel.render.forecast import forecast
from kadr_kernel.render.machine import processor_class
from kadr_kernel.render.renderer import KernelRenderer
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest

CLIPS = [
    {"id": "a", "source_file": "a.mem", "start_time": 0, "duration": 3},
    {"id": "b", "source_file": "b.mem", "start_time": 3, "duration": 3},
]
EFFECT = {"id": "e", "effect_type": "brighten", "parameters": {"value": 3}}


def film(*clips: dict[str, Any]) -> Any:
    timeline = {"fps": 25, "resolution": [64, 36], "tracks": [{"id": "v", "clips": list(clips)}]}
    return parse_project({"timeline": timeline})


def nothing(kind: str, key: str) -> int | None:
    return None


class Held:
    """A cache of sizes."""

    def __init__(self, *sizes: tuple[str, str, int]) -> None:
        self._sizes = {(kind, key): size for kind, key, size in sizes}

    def __call__(self, kind: str, key: str) -> int | None:
        return self._sizes.get((kind, key))


def test_nothing_known_is_said(rig: Any, media: Path) -> None:
    request = RenderRequest(media / "out.mp4")
    plan = rig.renderer.plan(film(*CLIPS), media, request)
    ahead = rig.renderer.forecast(plan, request)
    assert (ahead.segments, ahead.audio, ahead.film) == (("rendered", "rendered"), "rendered", "")
    assert (ahead.seconds, ahead.bytes) == (None, None)
    assert ahead.workers == 2
    assert json.dumps(ahead.as_dict())


def test_a_render_teaches_the_next_forecast(rig: Any, media: Path) -> None:
    request = RenderRequest(media / "out.mp4")
    project = film(*CLIPS)
    report = rig.renderer.render(project, media, request)
    plan = rig.renderer.plan(project, media, request)
    ahead = rig.renderer.forecast(plan, request)
    assert ahead.seconds is not None
    assert 0 < ahead.seconds[0] <= ahead.seconds[1] < 60
    assert ahead.bytes is not None
    assert ahead.bytes[0] < report.bytes * 1.5
    assert ahead.bytes[1] > report.bytes * 0.5


def test_what_is_held_costs_no_time(rig: Any, media: Path) -> None:
    plan = rig.renderer.plan(film(*CLIPS), media, RenderRequest(media / "out.mp4"))
    held = Held(("segment", plan.segments[0].hash, 100), ("audio", plan.audio.hash, 7))
    assert forecast(plan, held, Costs(None), 2).seconds is None
    held = Held(*(("segment", s.hash, 100) for s in plan.segments), ("audio", plan.audio.hash, 7))
    ahead = forecast(plan, held, Costs(None), 2)
    assert (ahead.segments, ahead.audio) == (("cached", "cached"), "cached")
    assert (ahead.seconds, ahead.bytes) == ((0.0, 0.0), (207, 207))


def test_a_render_without_the_cache_makes_it_all(rig: Any, media: Path) -> None:
    request = RenderRequest(media / "out.mp4", cache=False)
    plan = rig.renderer.plan(film(*CLIPS), media, request)

    class Full:
        def size(self, kind: str, key: str) -> int:
            return 1

    renderer = KernelRenderer(replace(rig.means, cache=Full()))
    assert renderer.forecast(plan, request).segments == ("rendered", "rendered")
    assert renderer.forecast(plan, replace(request, cache=True)).segments == ("cached", "cached")


class TestCosts:
    def test_a_range_of_what_was_measured(self, tmp_path: Path) -> None:
        costs = Costs(tmp_path / "costs.json")
        for seconds in (2.0, 4.0, 3.0, 5.0):
            costs.note(["fine", "wide"], 10, seconds, 100)
        assert costs.of(["fine"]) == (0.2, 0.5, 10, 10)
        costs.save()
        assert Costs(tmp_path / "costs.json").of(["other", "wide"]) == (0.2, 0.5, 10, 10)

    def test_few_measurements_are_not_believed_closely(self) -> None:
        costs = Costs(None)
        costs.note(["k"], 1, 3.0, 30)
        assert costs.of(["k"]) == (2.0, 4.5, 20.0, 45.0)
        assert costs.of(["none"]) is None

    def test_the_last_ones_count_and_the_file_stays_small(self, tmp_path: Path) -> None:
        costs = Costs(tmp_path / "costs.json")
        for n in range(40):
            costs.note(["k"], 1, n + 1.0, 1)
        for n in range(400):
            costs.note([f"kind {n}"], 1, 1.0, 1)
        costs.save()
        data = json.loads((tmp_path / "costs.json").read_text("utf-8"))
        assert len(data) == 300
        assert "k" not in data
        costs.note(["k"], 1, 9.0, 1)
        costs.save()
        assert Costs(tmp_path / "costs.json").of(["k"]) == (6.0, 13.5, pytest.approx(2 / 3), 1.5)

    @pytest.mark.parametrize("text", ["", "[]", '{"k": 3}', '{"k": [[1]]}', "\x00"])
    def test_a_damaged_file_is_begun_anew(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "costs.json").write_text(text, "utf-8")
        costs = Costs(tmp_path / "costs.json")
        assert costs.of(["k"]) is None
        costs.note(["k"], 1, 1.0, 1)
        costs.save()
        assert Costs(tmp_path / "costs.json").of(["k"]) is not None


class TestWhy:
    def explained(self, rig: Any, media: Path, *clips: dict[str, Any], **request: Any) -> Any:
        plan = rig.renderer.plan(film(*clips), media, RenderRequest(media / "out.mp4", **request))
        found = rig.renderer.explain(plan)
        assert json.loads(json.dumps(found)) == found
        return found

    def test_whatever_changes_a_hash_is_in_the_explanation(self, rig: Any, media: Path) -> None:
        first = self.explained(rig, media, CLIPS[0])
        (segment,) = first["segments"]
        assert list(segment["media"]) == [str(media / "a.mem")]
        for changed in (
            self.explained(rig, media, CLIPS[0], video={"crf": 7}),
            self.explained(rig, media, CLIPS[0] | {"effects": [EFFECT]}),
            self.explained(rig, media, CLIPS[0] | {"source_start": 1}),
            self.explained(rig, media, CLIPS[0] | {"source_file": "b.mem"}),
        ):
            (other,) = changed["segments"]
            assert other["hash"] != segment["hash"]
            assert (other | {"hash": ""}, changed["common"]) != (segment | {"hash": ""}, first["common"])

    def test_code(self, rig: Any, media: Path) -> None:
        (segment,) = self.explained(rig, media, CLIPS[0] | {"effects": [EFFECT]})["segments"]
        assert list(segment["code"]) == ["test.brighten version 1"]
        assert len(segment["code"]["test.brighten version 1"]) == 64
        (plain,) = self.explained(rig, media, CLIPS[0])["segments"]
        assert (plain["code"], plain["processor"]) == ({}, "")

    def test_the_class_of_processor_where_it_matters(self, rig: Any, media: Path) -> None:
        plan = rig.renderer.plan(film(CLIPS[0]), media, RenderRequest(media / "out.mp4"))
        other = rig.planner.seal(replace(plan, segments=(replace(plan.segments[0], portable=False),)))
        assert other.segments[0].hash != plan.segments[0].hash
        assert rig.renderer.explain(other)["segments"][0]["processor"] == processor_class()

    def test_the_place_on_the_timeline_is_no_reason(self, rig: Any, media: Path) -> None:
        late = self.explained(rig, media, CLIPS[0], CLIPS[1])["segments"][1]
        early = self.explained(rig, media, CLIPS[1] | {"start_time": 0})["segments"][0]
        assert late | {"start": 0} == early
