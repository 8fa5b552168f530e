"""Plans: hashes that say everything and nothing more, and every problem at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.render import planner as planner_module
from kadr_sdk.errors import ValidationError
from kadr_sdk.plan import Call, RenderPlan, walk
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.testing.memory import write_source

Plan = Callable[..., RenderPlan]


def clip(name: str, start: float, duration: float, **more: Any) -> dict[str, Any]:
    return {"id": name, "source_file": f"{name}.mem", "start_time": start, "duration": duration} | more


def document(*clips: dict[str, Any], **more: Any) -> dict[str, Any]:
    tracks = [{"id": "v", "clips": list(clips)} | more.pop("track", {})]
    timeline = {"fps": 25, "resolution": [64, 36], "tracks": tracks} | more.pop("timeline", {})
    return {"timeline": timeline} | more


@pytest.fixture
def plan(rig: Any, media: Path) -> Plan:
    def make(data: dict[str, Any], base: Path = media, **request: Any) -> RenderPlan:
        found = rig.planner.plan(parse_project(data), base, RenderRequest(base / "out.mp4", **request))
        assert isinstance(found, RenderPlan)
        return found

    return make


def hashes(plan: RenderPlan) -> list[str]:
    return [s.hash for s in plan.segments]


def sound(plan: RenderPlan) -> str:
    assert plan.audio is not None
    return plan.audio.hash


BRIGHTER = {"id": "e", "effect_type": "brighten", "parameters": {"value": 3}}
CLIP = clip("a", 0, 5, effects=[BRIGHTER])
FILM = document(CLIP)

PROCESS = """
import sys
from pathlib import Path
from kadr_kernel.render.library import MediaLibrary
from kadr_kernel.render.planner import Planner
from kadr_sdk.errors import NotFoundError
from kadr_sdk.manifest import Contribution
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.testing.memory import MemoryBackend
class One:
    def find(self, kind, name): return Contribution(kind, "mp4", "p")
    def all(self, kind): return [self.find(kind, "mp4")] if kind == "exporter" else []
    def describe(self, kind, name):
        return {"id": "mp4", "title": "M", "muxer": "mp4", "extensions": [".mp4"],
                "video_codecs": ["h264"], "audio_codecs": ["aac"], "options": {"b": "1", "a": "2"}}
    def load(self, kind, name): raise NotFoundError(kind, name)
backend = MemoryBackend()
library = MediaLibrary(lambda: backend, lambda event: None, None)
base = Path(sys.argv[1])
project = parse_project(sys.stdin.read())
found = Planner(One(), lambda: backend, library, list).plan(project, base, RenderRequest(base / "out.mp4"))
print(found.hash, found.audio.hash, *(s.hash for s in found.segments))
"""


class TestHashes:
    def test_planning_again_gives_the_same(self, plan: Plan) -> None:
        assert plan(FILM) == plan(FILM)
        assert len(plan(FILM).hash) == 64
        assert sound(plan(FILM)) == sound(plan(FILM))

    def test_every_process_gives_the_same(self, media: Path) -> None:
        film = json.dumps(document(clip("a", 0, 12, volume=0.3), clip("b", 12, 9), metadata={"name": "x"}))
        found = {
            subprocess.run(
                [sys.executable, "-c", PROCESS, str(media)],
                input=film, capture_output=True, text=True, check=True, timeout=60,
                env=os.environ | {"PYTHONHASHSEED": seed},
            ).stdout
            for seed in ("1", "2")
        }  # fmt: skip
        (line,) = found
        assert len(line.split()) == 2 + 3

    def test_a_clip_inserted_in_front_changes_no_segment_behind(self, plan: Plan) -> None:
        behind = [clip("a", 0, 20), clip("b", 20, 15, source_start=2)]
        moved = [c | {"start_time": c["start_time"] + 7.28} for c in behind]
        before = plan(document(*behind, track={"muted": True}))
        after = plan(document(clip("c", 0, 7.28), *moved, track={"muted": True}))
        assert len(before.segments) >= 4
        assert hashes(after)[-len(before.segments) :] == hashes(before)
        assert after.hash != before.hash

    def test_the_folder_and_the_names_do_not_matter(self, plan: Plan, media: Path, tmp_path: Path) -> None:
        other = tmp_path / "elsewhere"
        other.mkdir()
        (other / "other.mem").write_bytes((media / "a.mem").read_bytes())
        moved = document(CLIP | {"id": "x", "source_file": "other.mem"})
        assert hashes(plan(moved, other)) == hashes(plan(FILM))

    def test_other_content_under_the_same_name_does(self, plan: Plan, media: Path) -> None:
        before = plan(FILM)
        video = {"width": 64, "height": 36, "rate": "25", "frames": 500, "first": 1}
        write_source(media / "a.mem", video=video, audio={"rate": 48000, "seconds": "20", "level": 0.5})
        after = plan(FILM)
        assert hashes(after) != hashes(before)
        assert sound(after) != sound(before)

    @pytest.mark.parametrize(
        "change",
        [
            {"source_start": 0.04},
            {"speed": 1.01},
            {"reversed": True},
            {"opacity": 0.99},
            {"fit": "cover", "crop": {"left": 0.1}},
            {"transform": {"rotation": 0.1}},
            {"deinterlace": "on"},
            {"effects": [{"id": "e", "effect_type": "brighten", "parameters": {"value": 3.5}}]},
            {"effects": [{"id": "other", "effect_type": "brighten", "parameters": {"value": 3}}]},
            {"effects": [{"id": "e", "effect_type": "before"}]},
            {"effects": []},
        ],
    )
    def test_any_change_of_a_clip_does(self, plan: Plan, change: dict[str, Any]) -> None:
        changed = document(CLIP | change)
        assert not set(hashes(plan(changed))) & set(hashes(plan(FILM)))

    @pytest.mark.parametrize(
        "request_",
        [
            {"video": {"crf": 30}},
            {"video": {"gop": 12}},
            {"video": {"options": {"tune": "film"}}},
            {"video": {"pixel_format": "yuv444p"}},
            {"resolution": (32, 18)},
            {"fps": Fraction(50)},
            {"damage": "hold"},
        ],
    )
    def test_any_change_of_the_encoding_does(self, plan: Plan, request_: dict[str, Any]) -> None:
        assert not set(hashes(plan(FILM, **request_))) & set(hashes(plan(FILM)))

    def test_sound_and_pictures_are_hashed_apart(self, plan: Plan) -> None:
        loud = document(CLIP | {"volume": 2})
        assert hashes(plan(loud)) == hashes(plan(FILM))
        assert sound(plan(loud)) != sound(plan(FILM))
        other = plan(FILM, video={"crf": 30})
        assert sound(other) == sound(plan(FILM))
        assert sound(plan(FILM, audio={"bitrate": 64000})) != sound(plan(FILM))

    def test_names_titles_and_notes_change_no_segment(self, plan: Plan) -> None:
        named = FILM | {"metadata": {"id": "other", "name": "Other"}}
        assert hashes(plan(named)) == hashes(plan(FILM))
        assert plan(named).hash != plan(FILM).hash  # the title stands in the file

    def test_the_backends_libraries_do(self, plan: Plan, rig: Any) -> None:
        before = plan(FILM)
        real = rig.backend.capabilities()
        rig.backend.capabilities = lambda: replace(real, versions=(("memory", "2"),))
        assert not set(hashes(plan(FILM))) & set(hashes(before))

    def test_the_meaning_of_plans_does(self, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
        before = plan(FILM)
        monkeypatch.setattr(planner_module, "SEMANTICS", 999)
        assert not set(hashes(plan(FILM))) & set(hashes(before))

    def test_a_bitrate_makes_one_session(self, plan: Plan) -> None:
        found = plan(document(clip("a", 0, 20)), video={"bitrate": 1_000_000})
        assert len(found.segments) == 1
        assert "a bitrate makes the whole film one encoder session" in str(found.notes[-1])

    def test_the_seed_is_of_the_effect_not_of_its_place(self, plan: Plan) -> None:
        def seeds(data: dict[str, Any]) -> set[int]:
            return {
                n.seed
                for s in plan(data).segments
                for p in s.spans
                for n in walk(p.root)
                if isinstance(n, Call)
            }

        assert seeds(FILM) == seeds(document(clip("b", 3, 4, effects=[BRIGHTER])))
        assert seeds(FILM) != seeds(document(clip("a", 0, 5, effects=[BRIGHTER | {"id": "f"}])))


class TestProblems:
    def test_all_at_once(self, rig: Any, media: Path) -> None:
        data = document(
            clip("a", 0, 21),
            clip("no", 30, 1),
            clip("b", 40, 1, effects=[{"effect_type": "brihgten"}], blend="screen"),
            clip("c", 50, 1, effects=[{"effect_type": "brighten", "parameters": {"value": 300, "vlaue": 1}}]),
            {"id": "g", "generator": {"type": "plane"}, "start_time": 60, "duration": 1},
            track={"effects": [{"effect_type": "before"}]},
            export={"video": {"codec": "vp9"}, "range": [70, 60]},
        )
        with pytest.raises(ValidationError) as caught:
            rig.planner.plan(parse_project(data), media, RenderRequest(media / "out.mp4", preset="wbe"))
        head, *rows = str(caught.value).splitlines()
        assert head == "the project 'untitled' cannot be rendered"
        for part in (
            "clips[0].duration: uses 1.000 s more than the media has",
            "clips[1].source_file: ",
            "export: unknown preset 'wbe' (did you mean 'web'?)",
            "export.range: the range ends before it starts",
        ):
            assert sum(part in row for row in rows) == 1, part
        with pytest.raises(ValidationError) as caught:
            rig.planner.plan(parse_project(data), media, RenderRequest(media / "out.mp4"))
        for part in (
            "clips[2].effects[0].effect_type: unknown effect 'brihgten' (did you mean 'test.brighten'?)",
            "clips[2].blend: unknown blend mode 'screen'",
            "clips[3].effects[0].parameters.vlaue: unknown parameter 'vlaue' (did you mean 'value'?)",
            "clips[3].effects[0].parameters.value: 300 is outside -255..255",
            "clips[4].generator.type: unknown generator 'plane' (did you mean 'plain'?)",
            "effects[0]: test.before needs neighbouring frames",
            "export.video.codec: mp4 does not hold video as 'vp9'",
        ):
            assert sum(part in str(p) for p in caught.value.problems) == 1, part

    def test_nothing_to_render(self, plan: Plan) -> None:
        for data in ({}, document(track={"enabled": False, "clips": [clip("a", 0, 1)]})):
            with pytest.raises(ValidationError) as caught:
                plan(data)
            assert str(caught.value.problems[0]) == (
                "timeline.tracks: there is nothing to render (add a clip to an enabled track)"
            )

    @pytest.mark.parametrize(
        ("wanted", "problem"),
        [
            ((2, 1), "the range ends before it starts"),
            ((1, 1), "the range ends before it starts"),
            ((9, 10), "starts after the end of the timeline at 5.000 s"),
            ((0, 6), "ends after the end of the timeline at 5.000 s"),
        ],
    )
    def test_ranges(self, plan: Plan, wanted: tuple[int, int], problem: str) -> None:
        with pytest.raises(ValidationError) as caught:
            plan(FILM, range=(Fraction(wanted[0]), Fraction(wanted[1])))
        assert [p.message for p in caught.value.problems] == [problem]


class TestChapters:
    def test_they_last_to_the_next_within_the_range(self, plan: Plan) -> None:
        markers = [
            {"time": 4, "name": "end", "kind": "chapter"},
            {"time": 0, "name": "start", "kind": "chapter"},
            {"time": 1, "name": "note"},
            {"time": 2, "name": "middle", "kind": "chapter"},
        ]
        film = document(clip("a", 0, 5), timeline={"markers": markers})
        rows = [(c.start, c.end, c.title) for c in plan(film).output.chapters]
        assert rows == [(0, 2, "start"), (2, 4, "middle"), (4, 5, "end")]
        part = plan(film, range=(Fraction(1), Fraction(3))).output.chapters
        assert [(c.start, c.end, c.title) for c in part] == [(0, 1, "start"), (1, 2, "middle")]
        assert plan(film | {"export": {"chapters": False}}).output.chapters == ()


class TestLibrary:
    def test_a_file_is_looked_at_once_a_version(self, plan: Plan, rig: Any, media: Path) -> None:
        film = document(*(clip("a", 2 * n, 2) | {"id": str(n)} for n in range(50)))
        plan(film)
        plan(film)
        assert rig.backend.probed == [str(media / "a.mem")]
        (media / "a.mem").write_bytes((media / "a.mem").read_bytes() + b" ")
        plan(film)
        assert len(rig.backend.probed) == 2

    def test_digests_survive_the_process_and_damage_of_their_file(self, plan: Plan, media: Path) -> None:
        plan(FILM)
        memory = media / "cache" / "digests.json"
        assert len(json.loads(memory.read_text("utf-8"))) == 1
        for damage in ("", "{", "[[1]]", "null", '[["a", 1, 2, 3, null, 5]]'):
            memory.write_text(damage, "utf-8")
            assert plan(FILM).hash


def test_effects_of_a_clip_without_media_are_checked_too(plan: Plan) -> None:
    lost = clip("gone", 0, 2, effects=[{"effect_type": "brightn"}], blend="sceen")
    for request in ({}, {"preset": "wb"}):
        with pytest.raises(ValidationError) as caught:
            plan(document(lost), **request)
        paths = {p.path for p in caught.value.problems}
        assert "timeline.tracks[0].clips[0].source_file" in paths
        assert "timeline.tracks[0].clips[0].effects[0].effect_type" in paths
        assert "timeline.tracks[0].clips[0].blend" in paths
        assert ("export" in paths) == bool(request)
