"""Whole renders on the in-memory backend: the right frame, whatever the workers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_sdk.errors import CancelledError, InvalidPathError, MediaFileError, VerifyError
from kadr_sdk.events import RenderCancelled, RenderCompleted, RenderFailed, RenderProgressed, SegmentEncoded
from kadr_sdk.project import Project, parse_project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.testing.memory import read_output
from kadr_sdk.testing.synthetic import read_barcode


def project(
    *clips: dict[str, Any], transitions: list[dict[str, Any]] | None = None, **timeline: Any
) -> Project:
    track = {"id": "v1", "clips": list(clips), "transitions": transitions or []}
    base = {"fps": 25, "resolution": [64, 36], "tracks": [track]}
    return parse_project({"timeline": base | timeline})


def clip(name: str, start: float, duration: float, **more: Any) -> dict[str, Any]:
    return {"id": name, "source_file": f"{name}.mem", "start_time": start, "duration": duration} | more


def shown(path: Path) -> list[int | None]:
    return [read_barcode(luma) for luma in read_output(path).frames]


def test_cuts_show_the_right_frames(rig: Any, media: Path) -> None:
    edit = project(clip("a", 0, 4, source_start=1), clip("b", 4, 2))
    report = rig.renderer.render(edit, media, RenderRequest(media / "out.mp4"))
    assert shown(media / "out.mp4") == [25 + k for k in range(100)] + [1000 + k for k in range(50)]
    assert report.frames == 150
    assert rig.named(RenderCompleted)[0].frames == 150
    assert rig.named(RenderProgressed)[-1].done == 150
    assert sum(e.frames for e in rig.named(SegmentEncoded)) == 150
    assert rig.hooks == ["before_plan", "before_render", "choose_workers", "after_render"]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_do_not_change_a_byte(rig: Any, media: Path, workers: int) -> None:
    edit = project(*(clip(n, 4 * i, 4) for i, n in enumerate("abc")))
    report = rig.renderer.render(edit, media, RenderRequest(media / "out.mp4", workers=workers))
    again = rig.renderer.render(edit, media, RenderRequest(media / "one.mp4", workers=1))
    assert report.digest == again.digest
    assert report.workers == min(workers, report.segments)


def test_reverse_speed_freeze_and_still(rig: Any, media: Path) -> None:
    edit = project(
        clip("a", 0, 2, reversed=True),
        clip("b", 2, 2, speed=2.0),
        {"id": "f", "source_file": "a.mem", "freeze": 1.0, "start_time": 4, "duration": 1},
        {"id": "s", "source_file": "still.mem", "start_time": 5, "duration": 1},
    )
    rig.renderer.render(edit, media, RenderRequest(media / "out.mp4"))
    expected = [49 - k for k in range(50)] + [1000 + 2 * k for k in range(50)] + [25] * 25 + [0] * 25
    assert shown(media / "out.mp4") == expected


def test_animated_speed_shows_the_integral(rig: Any, media: Path) -> None:
    speed = {"keyframes": [{"time": 0, "value": 1}, {"time": 4, "value": 3}]}
    edit = project(clip("a", 0, 4, speed=speed, muted=True, stream={"audio": "none"}))
    rig.renderer.render(edit, media, RenderRequest(media / "out.mp4"))
    # source(t) = t + t^2 / 4 seconds, exactly: the trapezoid rule is exact for a straight line
    expected = [int((Fraction(k, 25) + Fraction(k, 25) ** 2 / 4) * 25) for k in range(100)]
    assert shown(media / "out.mp4") == expected


def test_dissolve_first_is_outgoing_and_after_last_incoming(rig: Any, media: Path) -> None:
    edit = project(
        clip("a", 0, 3), clip("b", 2, 3), transitions=[{"transition_type": "dissolve", "between": ["a", "b"]}]
    )
    rig.renderer.render(edit, media, RenderRequest(media / "out.mp4"))
    numbers = shown(media / "out.mp4")
    assert numbers[:51] == list(range(51))  # frame 50 is the first of the dissolve
    assert numbers[75:] == [1000 + k for k in range(25, 75)]


def test_butt_cut_takes_handles_on_both_sides(rig: Any, media: Path) -> None:
    joint = {"transition_type": "dissolve", "between": ["a", "b"], "duration": 1}
    edit = project(clip("a", 0, 2), clip("b", 2, 2, source_start=1), transitions=[joint])
    rig.renderer.render(edit, media, RenderRequest(media / "out.mp4"))
    numbers = shown(media / "out.mp4")
    assert numbers[38] == 38  # 12 of 25 frames before the cut
    assert numbers[63:] == [1025 + k for k in range(13, 50)]


def test_window_finds_its_neighbour_across_segments(rig: Any, media: Path) -> None:
    edit = project(clip("a", 0, 16, source_start=1, effects=[{"effect_type": "before"}]))
    report = rig.renderer.render(edit, media, RenderRequest(media / "out.mp4"))
    assert report.segments > 1
    assert shown(media / "out.mp4") == [25] + [25 + k for k in range(399)]


def test_range_and_gap(rig: Any, media: Path) -> None:
    edit = project(clip("a", 1, 2))
    request = RenderRequest(media / "out.mp4", range=(Fraction(0), Fraction(2)))
    rig.renderer.render(edit, media, request)
    assert shown(media / "out.mp4") == [None] * 25 + list(range(25))


def test_picture_in_picture_stands_where_it_should(rig: Any, media: Path) -> None:
    small = {"scale_x": 0.5, "scale_y": 0.5, "position_x": 0.25, "position_y": 0.25}
    tracks = [
        {
            "id": "v1",
            "clips": [
                {"id": "g", "generator": {"type": "plain", "parameters": {"level": 50}}, "duration": 1}
            ],
        },
        {"id": "v2", "clips": [clip("a", 0, 1, transform=small)]},
    ]
    edit = parse_project({"timeline": {"fps": 25, "resolution": [64, 36], "tracks": tracks}})
    rig.renderer.render(edit, media, RenderRequest(media / "out.mp4"))
    luma = read_output(media / "out.mp4").frames[3]
    assert (luma[:18] == 50).all()
    assert (luma[:, :32] == 50).all()
    assert (luma[18:, 32:] != 50).mean() > 0.9


def test_opacity_and_keyframes(rig: Any, media: Path) -> None:
    fade = {"keyframes": [{"time": 0, "value": 0}, {"time": 2, "value": 1}]}
    one = {
        "id": "g",
        "generator": {"type": "plain", "parameters": {"level": 216}},
        "duration": 2,
        "opacity": fade,
    }
    rig.renderer.render(project(one), media, RenderRequest(media / "out.mp4"))
    levels = [int(f[0, 0]) for f in read_output(media / "out.mp4").frames]
    assert levels == [int(16 + 200 * k / 50 + 0.5) for k in range(50)]


def test_sound_is_mixed_to_the_sample(rig: Any, media: Path) -> None:
    tracks = [
        {"id": "v1", "clips": [clip("a", 0, 2)]},
        {"id": "a1", "type": "audio", "volume": 0.5, "clips": [clip("song", 0.5, 1, fade_in=0.5)]},
    ]
    edit = parse_project({"timeline": {"fps": 25, "resolution": [64, 36], "tracks": tracks}})
    rig.renderer.render(edit, media, RenderRequest(media / "out.mp4"))
    sound = read_output(media / "out.mp4").samples
    assert sound.shape == (2, 96000)
    assert sound[0, 23999] == 0.5
    assert abs(sound[0, 24000 + 12000] - (0.5 + 0.5 * 0.5 * 0.5)) < 1e-4
    assert sound[0, 71999] == 0.75
    assert sound[0, 72000] == 0.5


def test_solo_mutes_the_others(rig: Any, media: Path) -> None:
    tracks = [
        {"id": "v1", "clips": [clip("a", 0, 1)]},
        {"id": "a1", "type": "audio", "solo": True, "volume": 0.5, "clips": [clip("song", 0, 1)]},
    ]
    edit = parse_project({"timeline": {"fps": 25, "resolution": [64, 36], "tracks": tracks}})
    rig.renderer.render(edit, media, RenderRequest(media / "out.mp4"))
    assert (read_output(media / "out.mp4").samples == 0.25).all()


def test_failure_leaves_nothing(rig: Any, media: Path) -> None:
    rig.backend.fail_at = 30
    with pytest.raises(MediaFileError):
        rig.renderer.render(project(clip("a", 0, 4)), media, RenderRequest(media / "out.mp4"))
    assert not (media / "out.mp4").exists()
    assert not [p for p in media.iterdir() if p.name.startswith(".out")]
    assert not list((media / "scratch").iterdir())
    assert rig.named(RenderFailed)[0].code == "media_file"


def test_a_wrong_result_takes_no_name(rig: Any, media: Path) -> None:
    rig.backend.lie = True
    (media / "out.mp4").write_text("precious")
    request = RenderRequest(media / "out.mp4", overwrite=True)
    with pytest.raises(VerifyError, match="49 frames instead of 50"):
        rig.renderer.render(project(clip("a", 0, 2)), media, request)
    assert (media / "out.mp4").read_text() == "precious"


def test_cancel_leaves_nothing(rig: Any, media: Path) -> None:
    control = rig.renderer.control()
    control.cancel()
    with pytest.raises(CancelledError):
        rig.renderer.render(project(clip("a", 0, 4)), media, RenderRequest(media / "out.mp4"), control)
    assert not (media / "out.mp4").exists()
    assert rig.named(RenderCancelled)


def test_target_rules(rig: Any, media: Path) -> None:
    edit = project(clip("a", 0, 1))
    (media / "there.mp4").write_text("x")
    with pytest.raises(InvalidPathError, match=r"exists already \(choose another name, or add --overwrite\)"):
        rig.renderer.render(edit, media, RenderRequest(media / "there.mp4"))
    with pytest.raises(InvalidPathError, match="the folder does not exist"):
        rig.renderer.render(edit, media, RenderRequest(media / "no" / "x.mp4"))
    same = project({"id": "a", "source_file": "a.mp4", "duration": 1})
    (media / "a.mem").rename(media / "a.mp4")
    with pytest.raises(InvalidPathError, match="the output is one of the inputs"):
        rig.renderer.render(same, media, RenderRequest(media / "a.mp4", overwrite=True))
    assert (media / "a.mp4").stat().st_size > 50


def test_frame_is_the_rendered_one(rig: Any, media: Path) -> None:
    edit = project(clip("a", 0, 4), clip("b", 4, 2))
    frame = rig.renderer.frame(edit, media, Fraction(5))
    assert frame.format == "rgb24"
    assert read_barcode(frame.planes[0][..., 0]) == 1025
