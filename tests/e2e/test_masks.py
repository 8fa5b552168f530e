"""Masks in projects: shapes that move, mattes of other tracks, effects within and outside a shape."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_sdk.errors import ValidationError
from kadr_sdk.project import Project
from kadr_sdk.rendering import RenderRequest

LOSSLESS = {"codec": "ffv1", "pixel_format": "yuv420p"}


def plain(name: str, color: str, **more: Any) -> dict[str, Any]:
    generator = {"type": "color", "parameters": {"color": color}}
    return {"id": name, "generator": generator, "duration": 1} | more


def use(kind: str, **parameters: Any) -> dict[str, Any]:
    return {"effect_type": kind, "parameters": parameters}


Shown = Callable[..., list[Any]]


@pytest.fixture
def shown(renderer: Any, read_luma: Any, tmp_path: Path) -> Shown:
    def make(project: Project, **more: Any) -> list[Any]:
        target = tmp_path / "out.mkv"
        request = RenderRequest(target, video=LOSSLESS, cache=False, overwrite=True, **more)
        renderer.render(project, tmp_path, request)
        return list(read_luma(target))

    return make


def test_a_moving_shape_on_a_clip(shown: Shown, cut: Callable[..., Project]) -> None:
    """A white clip, a quarter of it left, whose window runs from left to right over black."""
    way = {"keyframes": [{"time": 0, "value": [0.125, 0.5]}, {"time": 1, "value": [0.875, 0.5]}]}
    clip = plain("a", "#ffffff", effects=[use("mask", size=[0.25, 1.0], position=way)])
    project = cut(plain("base", "#000000"), tracks=[{"id": "v2", "clips": [clip]}])
    whole = shown(project, workers=4)
    for k, luma in enumerate(whole):
        middle = 320 * (0.125 + 0.75 * k / 25)
        wanted = np.clip(40.5 - np.abs(np.arange(320) + 0.5 - middle), 0, 1) * 219 + 16
        assert np.abs(luma[90] - wanted).max() <= 1.5, k
    alone = shown(project, workers=1)
    assert all(np.array_equal(a, b) for a, b in zip(whole, alone, strict=True))
    part = shown(project, range=(Fraction(1, 5), Fraction(4, 5)))
    assert all(np.array_equal(a, b) for a, b in zip(whole[5:20], part, strict=True))


def test_a_mask_moves_with_its_clip(shown: Shown, cut: Callable[..., Project]) -> None:
    clip = plain("a", "#ffffff", effects=[use("mask", size=[0.5, 0.5])])
    small = clip | {"transform": {"scale_x": 0.5, "scale_y": 0.5, "position_x": 0.25}}
    luma = shown(cut(plain("base", "#000000"), tracks=[{"id": "v2", "clips": [small]}]))[0]
    rows, columns = np.nonzero(luma > 128)
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == pytest.approx(
        (200, 280, 67, 113), abs=1
    )


@pytest.mark.parametrize(("channel", "invert"), [("luma", False), ("luma", True), ("alpha", False)])
def test_a_moving_matte(
    shown: Shown, cut: Callable[..., Project], movie: Any, read_luma: Any, channel: str, invert: bool
) -> None:
    """White through the light of a film, or through a small clip's alpha."""
    source = movie("matte.mkv", 25, codec="ffv1")
    film = {"id": "m", "source_file": str(source), "duration": 1}
    if channel == "alpha":
        film |= {"transform": {"scale_x": 0.5, "scale_y": 0.5}}
    matte = use("matte", channel=channel, invert=invert) | {"inputs": ["mattes"]}
    tracks = [
        {"id": "mattes", "clips": [film]},
        {"id": "v3", "clips": [plain("a", "#ffffff")], "effects": [matte]},
    ]
    project = cut(plain("base", "#000000"), tracks=tracks)
    found = shown(project, workers=4)
    assert all(np.array_equal(a, b) for a, b in zip(found, shown(project, workers=1), strict=True))
    for luma, light in zip(found, read_luma(source), strict=True):
        share = np.clip((light.astype(float) - 16) / 219, 0, 1)
        if channel == "alpha":
            share = np.zeros_like(share)
            share[45:135, 80:240] = 1
        share = 1 - share if invert else share
        assert np.abs(luma - (16 + 219 * share)).max() <= 2.5


def test_an_effect_within_a_shape_and_outside(shown: Shown, cut: Callable[..., Project], movie: Any) -> None:
    """Inverted within an oval alone; the rest of the film stays bit for bit."""
    source = str(movie("matte.mkv", 25, codec="ffv1"))
    film = {"id": "a", "source_file": source, "duration": 1}
    before = shown(cut(film))
    for invert in (False, True):
        oval = {"type": "mask", "parameters": {"shape": "ellipse", "size": [0.5, 0.5], "invert": invert}}
        effect = use("invert") | {"mask": oval}
        after = shown(cut(film | {"effects": [effect]}), workers=2)
        x, y = np.arange(320) + 0.5 - 160, np.arange(180)[:, None] + 0.5 - 90
        away = (x / 80) ** 2 + (y / 45) ** 2
        inside, outside = (away > 1.1, away < 0.9) if invert else (away < 0.9, away > 1.1)
        for a, b in zip(before, after, strict=True):
            assert np.array_equal(a[outside], b[outside])
            assert np.abs(251 - a[inside].astype(int) - b[inside]).max() <= 1


def test_an_effect_with_a_memory_within_a_shape(
    shown: Shown, cut: Callable[..., Project], movie: Any
) -> None:
    """Denoising looks at neighbouring frames; outside its mask stands the frame of its own time."""
    film = {"id": "a", "source_file": str(movie("matte.mkv", 25, codec="ffv1")), "duration": 1}
    effect = use("denoise") | {"mask": {"type": "mask", "parameters": {"size": [0.5, 0.5]}}}
    before, after = shown(cut(film)), shown(cut(film | {"effects": [effect]}), workers=3)
    part = shown(cut(film | {"effects": [effect]}), range=(Fraction(10, 25), Fraction(20, 25)))
    assert all(np.array_equal(a, b) for a, b in zip(after[10:20], part, strict=True))
    for a, b in zip(before, after, strict=True):
        assert np.array_equal(a[:40], b[:40])


def test_an_effect_of_a_track_through_a_matte(shown: Shown, cut: Callable[..., Project]) -> None:
    half = plain("m", "#ffffff", transform={"scale_x": 0.5})
    effect = use("invert") | {"mask": {"type": "matte", "parameters": {"channel": "alpha"}, "inputs": ["m"]}}
    tracks = [
        {"id": "m", "clips": [half]},
        {"id": "v3", "clips": [plain("a", "#ffffff")], "effects": [effect]},
    ]
    luma = shown(cut(plain("base", "#808080"), tracks=tracks))[0]
    assert (int(luma[90, 20]), int(luma[90, 160])) == (235, 16)


@pytest.mark.parametrize(
    ("effect", "path", "said"),
    [
        (use("mask", shape="path"), ".parameters", "the path encloses nothing"),
        (use("mask", path="M 0 0"), ".parameters", "a path is given, and the shape is another"),
        (use("invert") | {"mask": {"type": "blur"}}, ".mask.type", "kadr.blur is no mask"),
        (use("invert") | {"mask": {"type": "maks"}}, ".mask.type", "unknown effect 'maks'"),
        (
            use("invert") | {"mask": {"type": "mask", "parameters": {"feather": -1}}},
            ".mask.parameters.feather",
            "-1 is outside 0..2000",
        ),
        (use("invert") | {"mask": {"type": "matte", "inputs": ["v1"]}}, ".mask", "cannot stand on a clip"),
        (use("matte") | {"inputs": ["v1"]}, "", "cannot stand on a clip"),
    ],
)
def test_wrong_masks_are_refused(
    renderer: Any, cut: Callable[..., Project], tmp_path: Path, effect: Any, path: str, said: str
) -> None:
    project = cut(plain("a", "#ffffff", effects=[effect]))
    with pytest.raises(ValidationError) as caught:
        renderer.render(project, tmp_path, RenderRequest(tmp_path / "out.mkv"))
    (problem,) = caught.value.problems
    assert problem.path == f"timeline.tracks[0].clips[0].effects[0]{path}"
    assert said in problem.message
