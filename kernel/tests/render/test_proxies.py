"""Proxies are swapped in after planning: the same pictures, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.render.proxies import with_proxies
from kadr_sdk.errors import MediaFileError
from kadr_sdk.plan import Conform, Decode, RenderPlan, walk
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.testing.memory import write_source

Make = Callable[..., RenderPlan]
HALF = Fraction(1, 2)


@pytest.fixture
def plan(rig: Any, tmp_path: Path) -> Make:
    """Two seconds of a film of 64x36 in an output of 32x18, over proxies that ``find`` finds."""
    video = {"width": 64, "height": 36, "rate": "25", "frames": 100}
    write_source(tmp_path / "a.mem", video=video, audio={"rate": 48000, "seconds": "4", "level": 0.5})

    def make(find: Callable[..., Path | None], **clip: Any) -> RenderPlan:
        row = {"id": "a", "source_file": "a.mem", "source_start": 1, "duration": 2} | clip
        timeline = {"fps": 25, "resolution": [64, 36], "tracks": [{"id": "v", "clips": [row]}]}
        request = RenderRequest(tmp_path / "out.mp4", resolution=(32, 18))
        found = rig.planner.plan(parse_project({"timeline": timeline}), tmp_path, request, seal=False)
        return with_proxies(found, find, rig.means.library)

    return make


def small(folder: Path, frames: int = 100, rate: str = "10") -> Path:
    return write_source(
        folder / "small.mem", video={"width": 32, "height": 18, "rate": rate, "frames": frames}
    )


def only(plan: RenderPlan, kind: type) -> Any:
    (found,) = {n for s in plan.segments for span in s.spans for n in walk(span.root) if isinstance(n, kind)}
    return found


def test_picture_for_picture(plan: Make, tmp_path: Path) -> None:
    path = small(tmp_path)
    asked: list[tuple[Path, int, Fraction]] = []

    def find(*row: Any) -> Path:
        asked.append(row)
        return path

    found = plan(find, speed=2, duration=1)
    before = plan(lambda *_: None, speed=2, duration=1)
    assert asked == [(tmp_path / "a.mem", 0, HALF)]
    decode = only(found, Decode)
    assert (decode.source.path, decode.width, decode.height) == (str(path), 32, 18)
    numbers = [decode.times.at(k) * 10 for k in range(decode.frames)]
    assert numbers == [int(only(before, Decode).times.at(k) * 25) for k in range(decode.frames)]
    assert found.audio == before.audio
    assert [n.message for n in found.notes if n.path.endswith("a.mem")][-1].startswith("a proxy of 32x18")


def test_crops_in_the_pixels_of_the_proxy(plan: Make, tmp_path: Path) -> None:
    path = small(tmp_path)
    found = plan(lambda *_: path, crop={"left": 0.25, "bottom": 0.5})
    assert only(found, Conform).crop == (8, 0, 0, 9)


@pytest.mark.parametrize("frames", [99, 101])
def test_a_proxy_of_another_length_is_none(plan: Make, tmp_path: Path, frames: int) -> None:
    path = small(tmp_path, frames)
    assert only(plan(lambda *_: path), Decode).width == 64


def test_a_proxy_that_cannot_be_read_is_none(plan: Make, tmp_path: Path) -> None:
    def broken(*_: Any) -> Path:
        raise MediaFileError("gone", path="x")

    assert only(plan(broken), Decode).width == 64
    assert only(plan(lambda *_: tmp_path / "nowhere.mem"), Decode).width == 64
