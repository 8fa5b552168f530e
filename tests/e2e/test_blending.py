"""Blend modes in projects: on clips and on whole tracks, with opacity, within a transition."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_sdk.project import Project
from kadr_sdk.rendering import RenderRequest

LOSSLESS = {"codec": "ffv1", "pixel_format": "yuv420p"}
LUMA = (0.2126, 0.7152, 0.0722)


def plain(name: str, color: str, **more: Any) -> dict[str, Any]:
    generator = {"type": "color", "parameters": {"color": color}}
    return {"id": name, "generator": generator, "duration": 1} | more


def luma(rgb: Any) -> float:
    return 16 + 219 * float(np.dot(LUMA, rgb))


@pytest.fixture
def shown(renderer: Any, read_luma: Any, cut: Callable[..., Project], tmp_path: Path) -> Any:
    def make(*above: dict[str, Any]) -> list[Any]:
        project = cut(plain("base", "#cc8844"), tracks=list(above))
        target = tmp_path / "out.mkv"
        renderer.render(project, tmp_path, RenderRequest(target, video=LOSSLESS, cache=False, overwrite=True))
        return list(read_luma(target))

    return make


BASE, LAYER = np.array([0xCC, 0x88, 0x44]) / 255, np.array([0x33, 0x99, 0xFF]) / 255


@pytest.mark.parametrize("opacity", [1.0, 0.5])
def test_a_track_blends_as_its_clips_would(shown: Any, opacity: float) -> None:
    clip = plain("a", "#3399ff")
    by_clip = shown({"id": "v2", "clips": [clip | {"blend": "linear-light", "opacity": opacity}]})
    by_track = shown({"id": "v2", "clips": [clip], "blend": "linear-light", "opacity": opacity})
    mixed = np.clip(BASE + 2 * LAYER - 1, 0, 1)
    wanted = luma(BASE + (mixed - BASE) * opacity)
    for frames in (by_clip, by_track):
        assert all(np.abs(frame - wanted).max() <= 2 for frame in frames)


def test_a_clips_own_mode_wins(shown: Any) -> None:
    track = {"id": "v2", "clips": [plain("a", "#3399ff", blend="multiply")], "blend": "screen"}
    assert abs(shown(track)[3][9, 9] - luma(BASE * LAYER)) <= 2


def test_a_tracks_mode_holds_within_its_transitions(shown: Any) -> None:
    clips = [plain("a", "#3399ff"), plain("b", "#3399ff", start_time=0.5)]
    joint = {"transition_type": "dissolve", "between": ["a", "b"]}
    track = {"id": "v2", "clips": clips, "transitions": [joint], "blend": "multiply"}
    assert all(abs(float(f[9, 9]) - luma(BASE * LAYER)) <= 2 for f in shown(track)[:25])


def test_at_the_bottom_a_mode_meets_the_background(
    renderer: Any, read_luma: Any, cut: Callable[..., Project], tmp_path: Path
) -> None:
    project = cut(plain("a", "#ffffff", blend="multiply"), timeline={"background": "#cc8844"})
    renderer.render(project, tmp_path, RenderRequest(tmp_path / "out.mkv", video=LOSSLESS, cache=False))
    assert abs(read_luma(tmp_path / "out.mkv")[0][9, 9] - luma(BASE)) <= 2


def test_a_small_clip_of_a_generator_is_small(shown: Any) -> None:
    small = plain("a", "#ffffff", transform={"scale_x": 0.5, "scale_y": 0.5})
    luma = shown({"id": "v2", "clips": [small]})[0]
    rows, columns = np.nonzero(luma > 230)
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == (80, 240, 45, 135)
