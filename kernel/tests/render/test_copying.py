"""Smart copy in the plan and in a render, on the in-memory backend."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.render.copying import Copier
from kadr_sdk.errors import ValidationError, VerifyError
from kadr_sdk.events import SegmentEncoded, WarningRaised
from kadr_sdk.parts import PartReader
from kadr_sdk.plan import RenderPlan
from kadr_sdk.project import Project, parse_project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.testing.memory import read_output, write_source
from kadr_sdk.testing.synthetic import read_barcode

BRIGHT = [{"effect_type": "test.brighten", "parameters": {"value": 9}}]


def clip(name: str, start: float, seconds: float, first: float = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{name}{start}",
        "source_file": f"{name}.mem",
        "start_time": start,
        "duration": seconds,
        "source_start": first,
    } | more


def film(*clips: dict[str, Any], **more: Any) -> Project:
    tracks = [{"id": "v", "clips": list(clips), "transitions": more.pop("transitions", [])}]
    tracks += more.pop("tracks", [])
    return parse_project({"timeline": {"fps": 25, "resolution": [64, 36], "tracks": tracks} | more})


def wanted(output: Path | None = None, mode: str = "auto", **more: Any) -> RenderRequest:
    return RenderRequest(output, video={"codec": "raw"}, smart_copy=mode, **more)


def keyed(media: Path, name: str, every: int) -> None:
    """The clip again, with so many frames between its random access points."""
    path = media / f"{name}.mem"
    data = json.loads(path.read_text("utf-8"))
    write_source(path, **data | {"video": data["video"] | {"key": every}})


def shape(plan: RenderPlan) -> list[tuple[int, int, int | None]]:
    """First frame, number of frames, and first source frame of what is copied."""
    return [(s.start, s.count, s.copy.first if s.copy else None) for s in plan.segments]


def numbers(path: Path) -> list[int | None]:
    return [read_barcode(luma) for luma in read_output(path).frames]


def test_one_clip_is_one_copy_however_long(rig: Any, media: Path) -> None:
    plan = rig.renderer.plan(film(clip("a", 0, 20)), media, wanted())
    assert shape(plan) == [(0, 500, 0)]
    assert len(rig.renderer.plan(film(clip("a", 0, 20)), media, wanted(mode="off")).segments) > 1


def test_the_head_of_a_clip_is_encoded_up_to_a_random_access_point(rig: Any, media: Path) -> None:
    keyed(media, "a", 50)
    plan = rig.renderer.plan(film(clip("a", 0, 10, 1)), media, wanted())
    assert shape(plan) == [(0, 25, None), (25, 225, 50)]
    assert plan.segments[0].reason.startswith("frames between the cut")
    assert plan.segments[1].reason == ""


def test_a_copy_hides_cuts_inside_and_beside_it(rig: Any, media: Path) -> None:
    """Nobody wants a segment of two frames in front of a copy."""
    keyed(media, "a", 210)
    plan = rig.renderer.plan(film(clip("a", 0, 18)), media, wanted())
    assert shape(plan) == [(0, 450, 0)]
    plan = rig.renderer.plan(film(clip("a", 0, 18, 0.4)), media, wanted())
    # Frames 10 .. 209 are encoded; the cut of a full render at frame 200 would leave none behind it.
    assert shape(plan) == [(0, 200, None), (200, 250, 210)]


def test_pieces_of_one_source_in_a_row_are_one_copy(rig: Any, media: Path) -> None:
    plan = rig.renderer.plan(film(clip("a", 0, 2, 1), clip("a", 2, 2, 3), clip("b", 4, 2)), media, wanted())
    assert shape(plan) == [(0, 100, 25), (100, 50, 0)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"effects": BRIGHT}, "test.brighten is at work"),
        ({"opacity": 0.5}, "it is placed over something else"),
        ({"transform": {"scale_x": 0.5, "scale_y": 0.5}}, "it is placed over something else"),
        ({"crop": {"left": 0.5, "right": 0.0, "top": 0, "bottom": 0}}, "it is placed over something else"),
        ({"speed": 2}, "the speed or rate is another"),
        ({"reversed": True}, "the speed or rate is another"),
        ({"freeze": 1}, "the speed or rate is another"),
        ({"generator": {"type": "plain"}, "source_file": None}, "is at work"),
    ],
)
def test_whatever_touches_a_picture_is_a_reason(
    rig: Any, media: Path, change: dict[str, Any], reason: str
) -> None:
    touched = {k: v for k, v in (clip("a", 0, 4) | change).items() if v is not None}
    if "generator" in touched:
        del touched["source_start"]
    plan = rig.renderer.plan(film(touched, clip("b", 4, 4)), media, wanted())
    assert [s.copy for s in plan.segments if s.start < 100] == [None] * sum(
        s.start < 100 for s in plan.segments
    )
    assert reason in plan.segments[0].reason
    assert shape(plan)[-1] == (100, 100, 0)


def test_gaps_stills_other_sizes_and_hidden_clips(rig: Any, media: Path) -> None:
    small = {"width": 32, "height": 18, "rate": "25", "frames": 100}
    write_source(media / "small.mem", video=small)
    project = film(
        clip("a", 0, 2),
        clip("still", 2, 2),
        clip("small", 5, 2),
        clip("b", 8, 4),
        tracks=[{"id": "top", "clips": [clip("c", 8, 2)]}],
    )
    plan = rig.renderer.plan(project, media, wanted())
    assert [row for row in shape(plan) if row[2] is not None] == [(0, 50, 0), (200, 50, 0), (250, 50, 50)]
    assert plan.segments[-2].copy.path.endswith("c.mem")  # the clip on top hides the one below
    told = "; ".join(s.reason for s in plan.segments)
    assert "a still picture has no packets to copy" in told
    assert "only the background is seen" in told
    assert "it is scaled from 32x18 to 64x36" in told


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (RenderRequest(smart_copy="auto"), "packets of h264 are not copied"),
        (
            RenderRequest(smart_copy="auto", video={"codec": "raw", "bitrate": 100_000}),
            "a bitrate makes the whole film one encoder session",
        ),
        (RenderRequest(smart_copy="auto", container="png"), "packets of png are not copied"),
    ],
)
def test_an_output_that_takes_no_packets(rig: Any, media: Path, request_: RenderRequest, reason: str) -> None:
    plan = rig.renderer.plan(film(clip("a", 0, 4)), media, request_)
    assert [s.copy for s in plan.segments] == [None]
    assert plan.segments[0].reason == reason


def test_pieces_of_one_length_are_encoded(rig: Any, media: Path) -> None:
    plan = rig.renderer.plan(film(clip("a", 0, 4)), media, wanted())
    spans = [span for segment in plan.segments for span in segment.spans]
    output = replace(plan.output, chunk=50)
    choice = Copier(rig.means.library, rig.backend, output).choose(spans)
    assert not choice.copies
    assert [why.text for why in choice.reasons] == ["mp4 cuts the film into pieces of one length"]


def test_encoded_segments_keep_their_hashes(rig: Any, media: Path) -> None:
    project = film(clip("a", 0, 6, effects=BRIGHT), clip("b", 6, 6))
    auto, off = (rig.renderer.plan(project, media, wanted(mode=mode)) for mode in ("auto", "off"))
    assert auto.segments[0].hash == off.segments[0].hash
    assert auto.segments[1].hash not in {s.hash for s in off.segments}
    assert auto.hash != off.hash
    assert off.segments[0].reason == ""


def test_a_copy_is_the_film(rig: Any, media: Path, tmp_path: Path) -> None:
    keyed(media, "a", 20)
    mixed = {"transitions": [{"transition_type": "dissolve", "between": ["a0", "b3"]}]}
    project = film(clip("a", 0, 4, 0.28), clip("b", 3, 3), **mixed)
    out = tmp_path / "out.mp4"
    report = rig.renderer.render(project, media, wanted(out))
    plain = rig.renderer.render(project, media, wanted(tmp_path / "plain.mp4", "off"))
    assert (report.copied, plain.copied) == (112, 0)
    assert out.read_bytes() == (tmp_path / "plain.mp4").read_bytes()
    origins = {e.segment: (e.origin, e.frames) for e in rig.named(SegmentEncoded) if e.job == report.job}
    assert origins == {
        0: ("rendered", 13),
        1: ("copied", 62),
        2: ("rendered", 25),
        3: ("copied", 50),
    }


def test_a_wrong_seam_is_encoded_and_told(rig: Any, media: Path, tmp_path: Path) -> None:
    rig.backend.faults = {0}
    project = film(clip("a", 0, 3), clip("b", 3, 3, 1), clip("c", 6, 2, effects=BRIGHT))
    out = tmp_path / "out.mp4"
    report = rig.renderer.render(project, media, wanted(out))
    assert numbers(out)[:150] == list(range(75)) + list(range(1025, 1100))
    assert (report.frames, report.copied) == (200, 75)
    assert rig.hooks.count("before_plan") == 1  # a hook that changes the project does so once
    told = [w for w in report.warnings if "encoded and not copied" in w.message]
    assert [w.path for w in told] == [str(media / "a.mem")]
    assert [e.path for e in rig.named(WarningRaised)] == [str(media / "a.mem")]
    rendered = [e for e in rig.named(SegmentEncoded) if e.origin == "rendered"]
    assert sorted(e.frames for e in rendered) == [50, 75]  # what was made already is not made again


def test_every_copy_may_fail(rig: Any, media: Path, tmp_path: Path) -> None:
    rig.backend.faults = {0, 25}
    project = film(clip("a", 0, 3), clip("b", 3, 3, 1))
    report = rig.renderer.render(project, media, wanted(tmp_path / "out.mp4"))
    assert (report.copied, len(report.warnings)) == (0, 2)
    assert numbers(tmp_path / "out.mp4") == list(range(75)) + list(range(1025, 1100))


def test_a_check_that_fails_with_copies_is_tried_without(
    rig: Any, media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined: list[bool] = []
    join = rig.backend.join

    def note(parts: Any, *rest: Any) -> None:
        joined.append(all(isinstance(part, PartReader) for part in parts))
        rig.backend.lie = not joined[-1]
        join(parts, *rest)

    monkeypatch.setattr(rig.backend, "join", note)
    report = rig.renderer.render(film(clip("a", 0, 3)), media, wanted(tmp_path / "out.mp4"))
    assert joined == [False, True]
    assert report.copied == 0
    assert "frames instead of" in report.warnings[0].message


def test_require_names_every_stretch_before_the_start(rig: Any, media: Path, tmp_path: Path) -> None:
    keyed(media, "b", 500)
    project = film(clip("a", 0, 2, effects=BRIGHT), clip("b", 2, 2, 1), clip("a", 6, 2))
    with pytest.raises(ValidationError) as refused:
        rig.renderer.render(project, media, wanted(tmp_path / "out.mp4", "require"))
    rows = [(p.path, p.message) for p in refused.value.problems]
    assert rows == [
        ("0.000 to 2.000 s", "cannot be copied: test.brighten is at work"),
        ("2.000 to 4.000 s", "cannot be copied: no frame of it is a random access point"),
        ("4.000 to 6.000 s", "cannot be copied: only the background is seen"),
    ]
    assert not rig.named(SegmentEncoded)


def test_require_lets_the_ends_of_clips_be_encoded(rig: Any, media: Path, tmp_path: Path) -> None:
    keyed(media, "a", 50)
    out = tmp_path / "out.mp4"
    report = rig.renderer.render(film(clip("a", 0, 8, 0.2)), media, wanted(out, "require"))
    assert report.copied == 155
    assert numbers(out) == list(range(5, 205))
    rig.backend.faults = {50}
    with pytest.raises(VerifyError, match="a copy does not fit"):
        rig.renderer.render(film(clip("a", 0, 8, 0.2)), media, wanted(tmp_path / "b.mp4", "require"))
    assert not (tmp_path / "b.mp4").exists()


def test_a_short_copy_is_not_worth_two_seams(rig: Any, media: Path) -> None:
    keyed(media, "a", 40)
    plan = rig.renderer.plan(film(clip("a", 0, 2, 0)), media, wanted())
    assert shape(plan) == [(0, 50, 0)]
    plan = rig.renderer.plan(film(clip("a", 0, Fraction(6, 5), 0.8)), media, wanted())
    assert shape(plan) == [(0, 30, None)]
    assert plan.segments[0].reason == "too few frames follow a random access point"
