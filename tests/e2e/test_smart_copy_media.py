"""Smart copy of real clips: every copied frame is the source's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import av
import pytest
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest

MEDIA = Path(os.environ.get("KADR_TEST_MEDIA") or Path(__file__).parents[3] / "shared" / "media") / "video"
pytestmark = pytest.mark.skipif(not MEDIA.is_dir(), reason="the corpus of media is not here")


def pictures(path: Path, end: int) -> list[Any]:
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            found.append(frame.to_ndarray())
            if len(found) == end:
                break
    return found


@pytest.mark.parametrize(
    ("name", "first", "color", "seconds", "least"),
    [
        ("ax_edit_list_positive_shift.mp4", 9, "bt709", 2, 20),
        ("intel_one-by-one-person.mp4", 2, "bt601", 6, 20),
    ],
)
def test_a_real_clip(
    renderer: Any, tmp_path: Path, name: str, first: int, color: str, seconds: float, least: int
) -> None:
    source = MEDIA / name
    video = renderer.probe(source).main_video
    size = video.display_size
    clip = {
        "id": "a",
        "source_file": str(source),
        "duration": seconds,
        "source_start": float(first / video.rate),
    }
    tracks = [{"id": "v", "clips": [clip]}]
    rate = f"{video.rate.numerator}/{video.rate.denominator}"
    project = parse_project(
        {"timeline": {"fps": rate, "resolution": list(size), "color": color, "tracks": tracks}}
    )
    out = tmp_path / "out.mp4"
    request = RenderRequest(
        out, video={"codec": video.codec, "preset": "ultrafast"}, smart_copy="auto", cache=False
    )
    plan = renderer.plan(project, tmp_path, request)
    report = renderer.render(project, tmp_path, request)
    assert report.copied >= least, [s.reason for s in plan.segments]
    assert not [w for w in report.warnings if "not copied" in w.message]
    copies = [s for s in plan.segments if s.copy is not None]
    end = max(s.copy.first + s.count for s in copies)
    ours, theirs = pictures(out, plan.frames), pictures(source, end)
    assert len(ours) == plan.frames
    for segment in copies:
        for k in range(segment.count):
            assert (ours[segment.start + k] == theirs[segment.copy.first + k]).all()
