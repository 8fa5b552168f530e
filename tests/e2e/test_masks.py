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


@pytest.fixture
def wedge(movie: Any) -> dict[str, Any]:
    """A sequence whose frames are the barcodes of 25 numbers, as light."""
    film = {"id": "m", "source_file": str(movie("matte.mkv", 25, codec="ffv1")), "duration": 1}
    return {"fps": 25, "resolution": [320, 180], "tracks": [{"id": "v", "clips": [film]}]}


@pytest.mark.parametrize(("channel", "invert"), [("luma", False), ("luma", True), ("alpha", True)])
def test_a_sequence_is_the_matte_of_a_clip(
    shown: Shown,
    cut: Callable[..., Project],
    movie: Any,
    wedge: Any,
    read_luma: Any,
    channel: str,
    invert: bool,
) -> None:
    """White through the light of a film, from half a second on; alone, in a part, in parallel."""
    matte = use("matte", channel=channel, invert=invert) | {"inputs": ["wedge"]}
    clip = plain("a", "#ffffff", start_time="12/25", effects=[matte])
    tracks = [{"id": "v2", "clips": [clip]}]
    project = cut(plain("base", "#000000", duration=2), tracks=tracks, sequences={"wedge": wedge})
    found = shown(project, workers=4)
    assert all(np.array_equal(a, b) for a, b in zip(found, shown(project, workers=1), strict=True))
    part = shown(project, range=(Fraction(20, 25), Fraction(30, 25)))
    assert all(np.array_equal(a, b) for a, b in zip(found[20:30], part, strict=True))
    for luma, light in zip(found[12:37], read_luma(movie("matte.mkv", 25)), strict=True):
        share = np.clip((light.astype(float) - 16) / 219, 0, 1) if channel == "luma" else np.ones(light.shape)
        assert np.abs(luma - (16 + 219 * (1 - share if invert else share))).max() <= 2.5


def test_a_matte_of_a_clip_goes_where_the_clip_goes(shown: Shown, cut: Callable[..., Project]) -> None:
    """A left half, on a clip of half the size in the lower right corner; past its end the matte stays."""
    left = plain("h", "#ffffff", duration=0.1, transform={"scale_x": 0.5, "position_x": -0.25})
    half = {"fps": 10, "resolution": [64, 64], "tracks": [{"id": "v", "clips": [left]}]}
    matte = use("matte", channel="alpha") | {"inputs": ["half"]}
    place = {"scale_x": 0.5, "scale_y": 0.5, "position_x": 0.25, "position_y": 0.25}
    clip = plain("a", "#ffffff", effects=[matte], transform=place)
    project = cut(plain("base", "#000000"), tracks=[{"id": "v2", "clips": [clip]}], sequences={"half": half})
    for luma in shown(project):
        rows, columns = np.nonzero(luma > 128)
        box = (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1)
        assert box == pytest.approx((160, 240, 90, 180), abs=1)


def test_an_effect_of_a_clip_through_a_matte(
    shown: Shown, cut: Callable[..., Project], movie: Any, wedge: Any
) -> None:
    """Denoised and inverted where the matte is light, untouched elsewhere; within a sequence too."""
    film = {"id": "a", "source_file": str(movie("matte.mkv", 25, codec="ffv1")), "duration": 1}
    through = {"mask": {"type": "matte", "inputs": ["wedge"]}}
    clip = film | {"effects": [use("denoise") | through, use("invert") | through]}
    before, after = shown(cut(film)), shown(cut(clip, sequences={"wedge": wedge}), workers=3)
    for a, b in zip(before, after, strict=True):
        dark = a == 16
        assert dark.any()
        assert np.array_equal(a[dark], b[dark])
        light = a == 235
        assert (b[light] <= 20).all()  # what moves is denoised by a code or two
    outer = {"fps": 25, "resolution": [320, 180], "tracks": [{"id": "v", "clips": [clip]}]}
    nested = {"id": "n", "sequence": "outer"}
    found = shown(cut(nested, sequences={"wedge": wedge, "outer": outer}))
    assert all(np.array_equal(a, b) for a, b in zip(after, found, strict=True))


def test_a_matte_cannot_contain_the_clip_it_cuts(
    renderer: Any, cut: Callable[..., Project], tmp_path: Path
) -> None:
    matte = use("matte") | {"inputs": ["outer"]}
    clip = plain("a", "#ffffff", effects=[matte])
    outer = {"fps": 25, "resolution": [320, 180], "tracks": [{"id": "v", "clips": [clip]}]}
    project = cut({"id": "n", "sequence": "outer"}, sequences={"outer": outer})
    with pytest.raises(ValidationError) as caught:
        renderer.plan(project, tmp_path, RenderRequest(tmp_path / "out.mkv"))
    (problem,) = caught.value.problems
    assert problem.path == "sequences.outer.tracks[0].clips[0].effects[0].inputs[0]"
    assert "the sequence contains itself: 'outer' > 'outer'" in problem.message


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
        (use("invert") | {"mask": {"type": "matte", "inputs": ["s"]}}, ".mask.inputs[0]", "no sequence 's'"),
        (use("matte") | {"inputs": ["s"]}, ".inputs[0]", "no sequence 's'"),
        (use("matte"), ".inputs", "takes 1 to 2 sequences beside its own, and 0 are named"),
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
