"""Every effect and every transition in real timelines: in parallel as alone, from anywhere as in order."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_kernel.kernel import Kernel
from kadr_sdk.errors import ValidationError
from kadr_sdk.manifest import Contribution
from kadr_sdk.project import Project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.services import Catalogue
from kadr_sdk.testing.synthetic import read_barcode

STEP, OVERLAP, RATE = 8, 6, 25
LOSSLESS = {"codec": "ffv1", "pixel_format": "yuv420p"}
CDL = '<ColorCorrection id="cc0001"><SOPNode><Power>0.8 1.2 1</Power></SOPNode></ColorCorrection>'
CUBE = "LUT_3D_SIZE 2\n0 0 0.2\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n0.8 1 1\n"
FILES = {"kadr.lut": ("look.cube", CUBE), "kadr.cdl": ("look.cdl", CDL)}


def seconds(frames: int) -> str:
    return str(Fraction(frames, RATE))


def rendered(renderer: Any, project: Project, target: Path, **more: Any) -> Path:
    renderer.render(project, target.parent, RenderRequest(target, video=LOSSLESS, cache=False, **more))
    return target


def offered(kernel: Kernel, kind: str) -> list[Contribution]:
    rows = kernel.container.get(Catalogue).all(kind)
    return [row for row in rows if row.plugin == "kadr.effects"]


@pytest.fixture(scope="module")
def relay(kernel: Kernel, movie: Any) -> tuple[list[str], list[dict[str, Any]], list[dict[str, Any]]]:
    """All transitions by all their names, one after the other: names, clips, transitions."""
    names = [name for row in offered(kernel, "transition") for name in row.names]
    source = str(movie("relay.mkv", 200, codec="ffv1"))
    clips = [
        {
            "id": f"c{k}",
            "source_file": source,
            "start_time": seconds(k * STEP),
            "duration": seconds(STEP + OVERLAP),
            "source_start": seconds(k * 37 % 150),
        }
        for k in range(len(names) + 1)
    ]
    joints = [
        {"id": f"t{k}", "transition_type": name, "between": [f"c{k}", f"c{k + 1}"], "easing": "ease-in-out"}
        for k, name in enumerate(names)
    ]
    return names, clips, joints


def test_every_transition_name(
    renderer: Any, relay: Any, cut: Callable[..., Project], read_luma: Any, tmp_path: Path
) -> None:
    names, clips, joints = relay
    assert len(names) > 57
    project = cut(*clips, transitions=joints)
    whole = read_luma(rendered(renderer, project, tmp_path / "whole.mkv", workers=4))
    assert len(whole) == len(clips) * STEP + OVERLAP
    for k, name in enumerate(names):
        start = (k + 1) * STEP
        assert read_barcode(whole[start]) == k * 37 % 150 + STEP, (
            f"{name}: its first frame is the outgoing clip"
        )
        after = (k + 1) * 37 % 150 + OVERLAP
        assert read_barcode(whole[start + OVERLAP]) == after, f"{name}: after its last, the incoming clip"
        middle = whole[start + 3].astype(int)
        assert np.abs(middle - whole[start]).max() > 8, f"{name}: the middle is the outgoing clip"
    alone = read_luma(rendered(renderer, project, tmp_path / "alone.mkv", workers=1))
    assert all(np.array_equal(a, b) for a, b in zip(whole, alone, strict=True))


def test_the_middle_of_a_transition_from_anywhere(
    renderer: Any, relay: Any, cut: Callable[..., Project], read_luma: Any, tmp_path: Path
) -> None:
    _, clips, joints = relay
    project = cut(*clips, transitions=joints)
    whole = read_luma(rendered(renderer, project, tmp_path / "whole.mkv"))
    for first in range(STEP + 2, len(whole) - 20, 171):
        span = (Fraction(first, RATE), Fraction(first + 17, RATE))
        part = read_luma(rendered(renderer, project, tmp_path / f"{first}.mkv", range=span))
        assert all(np.array_equal(a, b) for a, b in zip(whole[first : first + 17], part, strict=True))


def effect_clips(kernel: Kernel, source: str) -> list[dict[str, Any]]:
    """Every effect on a clip of its own, with the values of its first example."""
    clips = []
    described = kernel.container.get(Catalogue).describe
    rows = [row for row in offered(kernel, "effect") if described("effect", row.id)["kind"] == "filter"]
    for k, row in enumerate(rows):  # composites stand on tracks: test_masks.py
        examples = described("effect", row.id).get("examples", [{}])
        values = {key: value for key, value in dict(examples[0]).items() if key != "title"}
        if "file" in values:
            values |= {"file": FILES[row.id][0]}
        use = {"id": f"e{k}", "effect_type": row.names[0], "parameters": values}
        place = {"start_time": seconds(k * STEP), "duration": seconds(STEP), "source_start": seconds(k * 4)}
        clips.append({"id": f"c{k}", "source_file": source, "effects": [use]} | place)
    return clips


def test_every_effect(
    renderer: Any, kernel: Kernel, movie: Any, cut: Callable[..., Project], read_luma: Any, tmp_path: Path
) -> None:
    for name, text in FILES.values():
        (tmp_path / name).write_text(text, "utf-8")
    clips = effect_clips(kernel, str(movie("relay.mkv", 200, codec="ffv1")))
    project = cut(*clips)
    whole = read_luma(rendered(renderer, project, tmp_path / "whole.mkv", workers=4))
    alone = read_luma(rendered(renderer, project, tmp_path / "alone.mkv", workers=1))
    assert len(whole) == len(clips) * STEP
    assert all(np.array_equal(a, b) for a, b in zip(whole, alone, strict=True))
    for first in range(3, len(whole) - 13, 61):
        span = (Fraction(first, RATE), Fraction(first + 13, RATE))
        part = read_luma(rendered(renderer, project, tmp_path / f"{first}.mkv", range=span))
        assert all(np.array_equal(a, b) for a, b in zip(whole[first : first + 13], part, strict=True))


def test_a_broken_table_is_refused_before_the_first_frame(
    renderer: Any, movie: Any, cut: Callable[..., Project], tmp_path: Path
) -> None:
    source = str(movie("relay.mkv", 200, codec="ffv1"))
    (tmp_path / "cut.cube").write_text("LUT_3D_SIZE 2\n0 0 0\n", "utf-8")
    uses = [{"effect_type": "lut", "parameters": {"file": name}} for name in ("cut.cube", "none.cube")]
    project = cut({"id": "a", "source_file": source, "duration": 1, "effects": uses})
    with pytest.raises(ValidationError) as caught:
        renderer.render(project, tmp_path, RenderRequest(tmp_path / "out.mkv"))
    broken, missing = caught.value.problems
    assert broken.path == "timeline.tracks[0].clips[0].effects[0].parameters"
    assert "cut.cube: the file ends after 1 of 8 colours" in broken.message
    assert broken.hint == "it is cut off: export it again"
    assert (missing.message, missing.path[-16:]) == ("there is no file 'none.cube'", ".parameters.file")
    assert not (tmp_path / "out.mkv").exists()


def test_a_changed_table_is_another_plan(
    renderer: Any, movie: Any, cut: Callable[..., Project], tmp_path: Path
) -> None:
    source = str(movie("relay.mkv", 200, codec="ffv1"))
    use = {"effect_type": "lut", "parameters": {"file": "look.cube"}}
    project = cut({"id": "a", "source_file": source, "duration": 1, "effects": [use]})
    hashes = []
    for text in (CUBE, CUBE.replace("0.8", "0.7"), CUBE):
        (tmp_path / "look.cube").write_text(text, "utf-8")
        plan = renderer.plan(project, tmp_path, RenderRequest(tmp_path / "out.mkv", video=LOSSLESS))
        hashes.append(plan.segments[0].hash)
    assert hashes[0] == hashes[2] != hashes[1]
