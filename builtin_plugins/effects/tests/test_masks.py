"""Masks against shapes counted a second time: many points in every pixel, each inside or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kadr_effects.coverage import covered
from kadr_effects.paths import parse_path
from kadr_sdk.errors import InvalidParameterError

SIZE = (96, 64)
FINE = 16


def points() -> tuple[Any, Any]:
    """Places of 16 by 16 points in every pixel."""
    width, height = SIZE
    x = (np.arange(width * FINE) + 0.5) / FINE
    y = (np.arange(height * FINE) + 0.5) / FINE
    return x[None, :], y[:, None]


def counted(inside: Any) -> Any:
    width, height = SIZE
    full = np.broadcast_to(inside, (height * FINE, width * FINE))
    return full.reshape(height, FINE, width, FINE).mean(axis=(1, 3))


def alpha(lab: Any, flat: Any, **given: Any) -> Any:
    out = lab("effect", "mask").frame(flat((90, 60, 200, 255), "yuva444p", SIZE), **given)
    assert [int(p[1, 1]) for p in out.planes[:3]] == [90, 60, 200]
    return out.planes[3] / 255


def turned(x: Any, y: Any, degrees: float) -> tuple[Any, Any]:
    """Places seen from a shape turned about 48, 32."""
    angle = np.radians(degrees)
    dx, dy = x - 48, y - 32
    return dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)


SHAPES: dict[str, tuple[dict[str, Any], Any]] = {
    "rectangle": ({"size": [0.5, 0.25]}, lambda x, y: (abs(x - 48) < 24) & (abs(y - 32) < 8)),
    "moved": (
        {"size": [0.25, 0.25], "position": [0.25, 0.75]},
        lambda x, y: (abs(x - 24) < 12) & (abs(y - 48) < 8),
    ),
    "turned": (
        {"size": [0.5, 0.25], "rotation": 30},
        lambda x, y: np.logical_and(*(abs(p) < s for p, s in zip(turned(x, y, 30), (24, 8), strict=True))),
    ),
    "ellipse": (
        {"shape": "ellipse", "size": [0.7, 0.6]},
        lambda x, y: ((x - 48) / 33.6) ** 2 + ((y - 32) / 19.2) ** 2 < 1,
    ),
    "rounded": (
        {"size": [0.5, 0.5], "corner": 10},
        lambda x, y: np.hypot(np.maximum(abs(x - 48) - 14, 0), np.maximum(abs(y - 32) - 6, 0)) < 10,
    ),
    "path": (
        {"shape": "path", "path": "M 0.5 0 L 1 1 H 0 Z"},
        lambda x, y: abs(x - 48) < y * 0.75,
    ),
    "a ring, even-odd": (
        {"shape": "path", "path": "M0 0H1V1H0Z M.25 .25H.75V.75H.25Z"},
        lambda x, y: (abs(x - 48) > 24) | (abs(y - 32) > 16),
    ),
    "a curve": (
        {"shape": "path", "path": "M 0 0.5 Q 0.5 1.5 1 0.5 Z"},
        lambda x, y: (y > 32) & (y / 64 < 0.5 + 2 * (x / 96) * (1 - x / 96)),
    ),
    "expanded": (
        {"size": [0.25, 0.25], "expand": 6},
        lambda x, y: np.hypot(np.maximum(abs(x - 48) - 12, 0), np.maximum(abs(y - 32) - 8, 0)) < 6,
    ),
    "shrunk": ({"size": [0.5, 0.5], "expand": -6}, lambda x, y: (abs(x - 48) < 18) & (abs(y - 32) < 10)),
    "outside": ({"size": [0.5, 0.5], "invert": True}, lambda x, y: (abs(x - 48) > 24) | (abs(y - 32) > 16)),
    "nothing": ({"size": [0.0, 0.5]}, lambda x, y: x < -1),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str, lab: Any, flat: Any) -> None:
    given, inside = SHAPES[name]
    found, wanted = alpha(lab, flat, **given), counted(inside(*points()))
    off = np.abs(found - wanted)
    assert off.max() <= 0.3, "a corner within a pixel is rounded by the distance"
    assert off.mean() <= 0.002
    whole = (wanted == 0) | (wanted == 1)
    assert np.mean(off[whole] > 0.01) < 0.01, "pixels without an edge are in or out"


def test_a_straight_edge_is_exact(lab: Any, flat: Any) -> None:
    found = alpha(lab, flat, size=[(24 + 0.6) / 96, 1.0])  # from 35.7 to 60.3
    assert found[20, 34:38].round(2).tolist() == [0, 0.3, 1, 1]
    assert found[20, 58:62].round(2).tolist() == [1, 1, 0.3, 0]


def test_a_feather_falls_over_its_width_and_is_half_at_the_edge(lab: Any, flat: Any) -> None:
    row = alpha(lab, flat, size=[0.5, 4.0], feather=16)[32]
    t = np.clip((np.arange(96) + 0.5 - 24) / 16 + 0.5, 0, 1)
    assert np.abs(row[:48] - (t * t * (3 - 2 * t))[:48]).max() <= 1 / 255
    assert np.abs(row[23:25].mean() - 0.5) < 0.01


def test_it_grows_without_a_jump(lab: Any, flat: Any) -> None:
    last = 0.0
    for step in range(40):
        total = alpha(lab, flat, shape="ellipse", size=[0.3 + step / 1000, 0.3], feather=step / 10).sum()
        assert abs(total - last) < 4 or step == 0
        last = total


@pytest.mark.parametrize("format", ["yuv420p", "yuva420p", "yuv444p10le"])
def test_under_it_shows_where_the_mask_is_not(format: str, lab: Any, noise: Any) -> None:
    made, before = noise(format, 1, SIZE, legal=True), noise(format, 2, SIZE, legal=True)
    if len(made.planes) == 4:
        made.planes[3][...] = before.planes[3]  # an effect that leaves the alpha alone
    out = lab("effect", "mask").frame(made, before, size=[0.5, 0.5])
    for number, (plane, a, b) in enumerate(zip(out.planes, before.planes, made.planes, strict=True)):
        down = 2 if number in (1, 2) and "420" in format else 1
        rows, columns = np.arange(64 // down)[:, None], np.arange(96 // down)[None, :]
        inside = (abs(columns + 0.5 - 48 / down) < 24 / down) & (abs(rows + 0.5 - 32 / down) < 16 / down)
        assert np.array_equal(plane, np.where(inside, b, a))


@pytest.mark.parametrize("channel", ["luma", "alpha"])
@pytest.mark.parametrize("invert", [False, True])
def test_a_matte(channel: str, invert: bool, lab: Any, noise: Any) -> None:
    source, matte = (noise("yuva444p", seed, SIZE, legal=True) for seed in (1, 2))
    out = lab("effect", "matte").frame(source, matte, channel=channel, invert=invert)
    share = matte.planes[3] / 255
    if channel == "luma":
        share = share * np.clip((matte.planes[0] - 16.0) / 219, 0, 1)
    share = 1 - share if invert else share
    assert np.abs(out.planes[3] - source.planes[3] * share).max() <= 0.51
    for number in range(3):
        assert np.array_equal(out.planes[number], source.planes[number])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "encloses nothing"),
        ("M 0 0 L 1 1 Z", "encloses nothing"),
        ("L 0 0 1 1 0 1", "begins without M"),
        ("0 0 1 1", "begins with a number"),
        ("M 0 0 A 1 1 0 0 0 1 1", "cannot be read at 'A 1 1"),
        ("M 0 0 L 1", "L of the path has 1 numbers"),
        ("M 0 0 L 1e9 0 0 1", "far out of the picture"),
        ("M 0 0 L " + "1 0 0 1 " * 3000, "more than 4096 points"),
    ],
)
def test_a_wrong_path_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidParameterError, match=said):
        parse_path(text)


def test_relative_commands_and_smooth_curves() -> None:
    (ring,) = parse_path("m.25.25h.5v.5h-.5z")
    assert ring == ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
    (smooth,) = parse_path("M0 0C0 1 .5 1 .5 .5S1 0 1 1Z")
    (spelled,) = parse_path("M0 0C0 1 .5 1 .5 .5C.5 0 1 0 1 1Z")
    assert smooth == spelled


def test_a_large_outline_takes_little_time() -> None:
    rings = (tuple((500 + 400 * np.cos(a), 300 + 250 * np.sin(a)) for a in np.linspace(0, 6.28, 2000)),)
    share = covered(rings, 1000, 600, feather=20)
    assert share[300, 500] == 1
    assert share[0, 0] == 0
