"""A tiny libavfilter harness and frames of noise; the package itself never imports av."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import kadr_effects
import numpy as np
import pytest
from kadr_sdk.color import BT709, Color
from kadr_sdk.curves import Samples
from kadr_sdk.effects import EffectDeclaration, FilterContext, FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format
from kadr_sdk.manifest import Contribution, read_manifest

FOLDER = Path(kadr_effects.__file__).parent
RATE = Fraction(25)


class Lab:
    """One contribution of the plugin, and both ways to run it."""

    def __init__(self, kind: str, name: str) -> None:
        rows = read_manifest(FOLDER / "plugin.toml").contributions
        self.row: Contribution = next(r for r in rows if r.kind == kind and r.id == f"kadr.{name}")
        data = tomllib.loads((FOLDER / self.row.file).read_text("utf-8"))
        self.declaration = EffectDeclaration.from_dict(data)
        module, attribute = self.row.entry.split(":")
        self.effect: Any = getattr(import_module(module), attribute)()

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Given values over the defaults, parsed."""
        parsed = {
            p.name: p.parse(given.get(p.name, p.default))
            for p in self.declaration.params
            if not isinstance(given.get(p.name), Samples) and (p.name in given or p.default is not None)
        }
        left_open = {p.name: None for p in self.declaration.params if not p.required}
        return left_open | dict(given) | parsed

    def frame(
        self,
        *inputs: VideoFrame,
        number: int = 0,
        progress: float = 0.0,
        canvas: Any = None,
        format: str = "yuv420p",
        space: Color = BT709,
        **given: Any,
    ) -> VideoFrame:
        """The Python implementation."""
        first = inputs[0] if inputs else None
        width, height = canvas or (first.width, first.height)
        call = FrameCall(
            [[frame] for frame in inputs],
            self.values(given),
            number,
            RATE,
            number / RATE,
            Fraction(10),
            progress,
            7,
            width,
            height,
            first.format if first else format,
            first.color if first else space,
        )
        before = [frame.copy() for frame in inputs]
        out = self.effect.frame(call)
        for frame, kept in zip(inputs, before, strict=True):
            assert same(frame, kept), "an input was written to"
        layout = pixel_format(call.format)
        assert (out.format, out.width, out.height) == (call.format, width, height)
        shapes = [layout.plane_size(p, width, height)[::-1] for p in range(layout.planes)]
        assert [p.shape for p in out.planes] == shapes
        return out

    def specs(
        self,
        format: str,
        frames: int = 1,
        canvas: tuple[int, int] = (66, 34),
        space: Color = BT709,
        **given: Any,
    ) -> Any:
        """The native implementation's nodes, None where it passes."""
        context = FilterContext(*canvas, format, space, frames)
        return self.effect.filters(self.values(given), context)

    def native(self, *inputs: Sequence[VideoFrame], **given: Any) -> list[VideoFrame]:
        """The native implementation over sequences of frames, through libavfilter."""
        first = inputs[0][0]
        specs = self.specs(first.format, len(inputs[0]), (first.width, first.height), first.color, **given)
        assert specs is not None
        return run_chain(specs, inputs)


def same(a: VideoFrame, b: VideoFrame) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a.planes, b.planes, strict=True))


def run_chain(specs: Any, inputs: Sequence[Sequence[VideoFrame]]) -> list[VideoFrame]:
    """Frames through libavfilter nodes; commands go out before the frame that they are for."""
    av = pytest.importorskip("av")
    first = inputs[0][0]
    graph = av.filter.Graph()
    side = "pc" if first.color.range == "pc" else "tv"
    text = f"video_size={first.width}x{first.height}:pix_fmt={first.format}:time_base=1/25:frame_rate=25/1"
    sources = [graph.add("buffer", f"{text}:pixel_aspect=1/1:colorspace=bt709:range={side}") for _ in inputs]
    nodes = [graph.add(spec.name, **dict(spec.options)) for spec in specs]
    for number, source in enumerate(sources):
        source.link_to(nodes[0], 0, number)
    for left, right in pairwise(nodes):
        left.link_to(right)
    sink = graph.add("buffersink")
    nodes[-1].link_to(sink)
    graph.configure()
    out = []
    for k in range(len(inputs[0])):
        for node, spec in zip(nodes, specs, strict=True):
            for name, values in spec.commands:
                node.process_command(name, values[k])
        for source, frames in zip(sources, inputs, strict=True):
            source.push(_to_av(av, frames[k], k))
        out.append(_from_av(sink.pull(), first.format))
    return out


def _to_av(av: Any, frame: VideoFrame, pts: int) -> Any:
    made = av.VideoFrame(frame.width, frame.height, frame.format)
    made.pts, made.time_base = pts, Fraction(1, 25)
    for target, plane in zip(made.planes, frame.planes, strict=True):
        wide = np.zeros((target.height, target.line_size // plane.itemsize), plane.dtype)
        wide[:, : plane.shape[1]] = plane
        target.update(wide.tobytes())
    return made


def _from_av(frame: Any, wanted: str) -> VideoFrame:
    assert frame.format.name == wanted, f"the chain left {wanted} for {frame.format.name}"
    word = np.uint8 if pixel_format(wanted).depth == 8 else np.uint16
    planes = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        planes.append(rows.view(word)[:, : plane.width].copy())
    return VideoFrame(planes, wanted, frame.width, frame.height, BT709)


@pytest.fixture
def lab() -> Callable[[str, str], Lab]:
    """A lab by kind and short id: ``lab("effect", "blur")``."""
    return Lab


@pytest.fixture
def noise() -> Callable[..., VideoFrame]:
    """Frames of repeatable noise over all codes of a format, or over the legal ones."""

    def make(
        format: str = "yuv420p",
        seed: int = 0,
        size: tuple[int, int] = (66, 34),
        *,
        legal: bool = False,
        color: Color = BT709,
    ) -> VideoFrame:
        generator = np.random.default_rng(seed)
        layout, frame = pixel_format(format), VideoFrame.empty(format, *size, color)
        one = 1 << (layout.depth - 8)
        for number, plane in enumerate(frame.planes):
            low, high = 0, 1 << layout.depth
            if legal and number < 3:
                low, high = 16 * one, (235 if number == 0 else 240) * one + 1
            plane[...] = generator.integers(low, high, plane.shape)
        return frame

    return make


@pytest.fixture
def flat() -> Callable[..., VideoFrame]:
    """Frames of one code a plane."""

    def make(codes: Sequence[int], format: str = "yuv444p", size: tuple[int, int] = (66, 34)) -> VideoFrame:
        frame = VideoFrame.empty(format, *size, BT709)
        for plane, code in zip(frame.planes, codes, strict=True):
            plane[...] = code
        return frame

    return make


@pytest.fixture
def shared_luts() -> Path:
    """Tables of other programs."""
    default = Path(__file__).parents[3] / ".." / "shared" / "media"
    folder = Path(os.environ.get("KADR_TEST_MEDIA", default)) / "lut"
    if not folder.is_dir():
        pytest.skip("no folder of test media; set KADR_TEST_MEDIA")
    return folder
