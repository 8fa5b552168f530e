"""Every name of FFmpeg's xfade: resolvable, exact at both ends, and the picture that xfade makes."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import kadr_effects
import numpy as np
import pytest
from kadr_sdk.frames import VideoFrame
from kadr_sdk.manifest import read_manifest

FOLDER = Path(kadr_effects.__file__).parent
ROWS = [r for r in read_manifest(FOLDER / "plugin.toml").contributions if r.kind == "transition"]
SIDES = ("left", "right", "up", "down")
CORNERS = ("tl", "tr", "bl", "br")
BY_CHANCE = ("hlwind", "hrwind", "vuwind", "vdwind")
XFADE = (
    *(f"{kind}{side}" for kind in ("wipe", "slide", "smooth", "cover", "reveal") for side in SIDES),
    *(f"{kind}{corner}" for kind in ("wipe", "diag") for corner in CORNERS),
    *(
        "fade",
        "fadeblack",
        "fadewhite",
        "fadegrays",
        "fadefast",
        "fadeslow",
        "distance",
        "radial",
        "pixelize",
    ),
    *(
        "circlecrop",
        "rectcrop",
        "circleopen",
        "circleclose",
        "vertopen",
        "vertclose",
        "horzopen",
        "horzclose",
    ),
    *("hlslice", "hrslice", "vuslice", "vdslice", "hblur", "squeezeh", "squeezev", "zoomin", *BY_CHANCE),
)
STEPS = 8


def made(name: str, lab: Callable[..., Any], a: VideoFrame, b: VideoFrame, progress: float) -> VideoFrame:
    """A frame of the transition that a project calls by this name."""
    (row,) = [r for r in ROWS if name in r.names]
    aliases = tomllib.loads((FOLDER / row.file).read_text("utf-8")).get("aliases", {})
    found: VideoFrame = lab("transition", row.id.removeprefix("kadr.")).frame(
        a, b, progress=progress, **aliases.get(name, {})
    )
    return found


def xfade(name: str, a: VideoFrame, b: VideoFrame) -> list[list[np.ndarray]]:
    """The frames of libavfilter's xfade over two still pictures."""
    av = pytest.importorskip("av")
    graph = av.filter.Graph()
    graph.threads = 1
    text = f"video_size={a.width}x{a.height}:pix_fmt={a.format}:time_base=1/25:frame_rate=25/1"
    sources = [graph.add("buffer", f"{text}:pixel_aspect=1/1:colorspace=bt709:range=tv") for _ in "ab"]
    fader = graph.add("xfade", transition=name, duration=str(STEPS / 25), offset="0")
    sink = graph.add("buffersink")
    for pad, source in enumerate(sources):
        source.link_to(fader, 0, pad)
    fader.link_to(sink)
    graph.configure()
    found = []
    for number in range(STEPS):
        for source, picture in zip(sources, (a, b), strict=True):
            frame = av.VideoFrame(a.width, a.height, a.format)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            for target, plane in zip(frame.planes, picture.planes, strict=True):
                rows = np.zeros((target.height, target.line_size), np.uint8)
                rows[:, : a.width] = plane
                target.update(rows.tobytes())
            source.push(frame)
        planes = sink.pull().planes
        found.append(
            [np.frombuffer(p, np.uint8).reshape(-1, p.line_size)[:, : a.width].copy() for p in planes]
        )
    return found


def test_no_name_is_missing() -> None:
    names = {name for row in ROWS for name in row.names}
    assert set(XFADE) <= names
    assert len(XFADE) == 57  # all of FFmpeg 8 but `custom` (an expression) and `dissolve`
    assert "random_dissolve" in names  # what xfade calls dissolve; `dissolve` is the soft one here


@pytest.mark.parametrize("format", ["yuv420p", "yuv444p10le", "yuva422p"])
@pytest.mark.parametrize("name", [*XFADE, "random_dissolve"])
def test_ends_are_the_clips_and_the_middle_is_neither(name: str, format: str, lab: Any, noise: Any) -> None:
    a, b = noise(format, 1, (65, 33)), noise(format, 2, (65, 33))
    for progress, wanted in ((0.0, a), (1.0, b), (-0.2, a), (1.3, b)):
        out = made(name, lab, a, b, progress)
        assert all(np.array_equal(x, y) for x, y in zip(out.planes, wanted.planes, strict=True))
    middle = made(name, lab, a, b, 0.45)
    again = made(name, lab, a, b, 0.45)
    for number, plane in enumerate(middle.planes):
        np.testing.assert_array_equal(plane, again.planes[number])
        assert not np.array_equal(plane, a.planes[number])
        assert not np.array_equal(plane, b.planes[number])


# How many samples of noise may be more than a code away: an edge that stands a pixel beside
# xfade's, or a half that is rounded the other way. All others are exact but for rounding.
EDGES = {"wipe": 0.03, "squeeze": 0.05, "pixelize": 0.03}
# By how many codes: xfade takes 0, 127, 127 for black and 255 for white whatever the range.
WRONG_COLOR = {"fadeblack": 16, "fadewhite": 20, "circlecrop": 16, "rectcrop": 16}


@pytest.mark.parametrize("name", [n for n in XFADE if n not in BY_CHANCE])
def test_the_picture_of_xfade(name: str, lab: Any, noise: Any) -> None:
    a, b = noise("yuv444p", 1, (128, 96), legal=True), noise("yuv444p", 2, (128, 96), legal=True)
    bound = next((share for key, share in EDGES.items() if name.startswith(key)), 0.0)
    for number, wanted in enumerate(xfade(name, a, b)[1:], 1):
        out = made(name, lab, a, b, number / STEPS)
        apart = np.stack([np.abs(x.astype(int) - y) for x, y in zip(out.planes, wanted, strict=True)])
        assert (apart > WRONG_COLOR.get(name, 1)).mean() <= bound, f"frame {number}"


@pytest.mark.parametrize("name", BY_CHANCE)
def test_the_wind_blows_as_in_xfade(name: str, lab: Any, flat: Any) -> None:
    a, b = flat((16, 128, 128), size=(64, 48)), flat((235, 128, 128), size=(64, 48))
    axis = 0 if name[0] == "h" else 1
    for number, wanted in enumerate(xfade(name, a, b)[1:], 1):
        ours = made(name, lab, a, b, number / STEPS).planes[0].mean(axis=axis)
        assert np.abs(ours - wanted[0].mean(axis=axis)).max() <= 0.3 * 219, f"frame {number}"


def test_chance_comes_from_the_instance(lab: Any, flat: Any) -> None:
    a, b = flat((16, 128, 128)), flat((235, 128, 128))
    for progress in (0.1, 0.5, 0.9):
        luma = made("random_dissolve", lab, a, b, progress).planes[0]
        assert np.isin(luma, (16, 235)).all()
        assert abs((luma == 235).mean() - progress) < 0.03
    later = made("random_dissolve", lab, a, b, 0.9).planes[0]
    assert (later[made("random_dissolve", lab, a, b, 0.5).planes[0] == 235] == 235).all()  # none goes back
