"""A studio: nodes over pictures from memory, compiled and looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_pyav.planes import from_planes, views
from kadr_pyav.resources import Resources, Stage
from kadr_pyav.stages import compile_node
from kadr_sdk.color import BT709, Color
from kadr_sdk.frames import VideoFrame, pixel_format
from kadr_sdk.media import FrameIndex
from kadr_sdk.plan import Decode, FrameTimes, Node, Source

RATE = Fraction(25)


class MemoryReader:
    """Speaks as FrameReader does, over pictures made on demand."""

    def __init__(self, make: Callable[[int], VideoFrame | None], count: int) -> None:
        self._make = make
        self.index = FrameIndex(Fraction(1, 25), tuple(range(count)), (0,), count)
        self.asked: list[int] = []

    def position(self, time: Fraction) -> int:
        return max(0, min(len(self.index.pts) - 1, int(time * 25)))

    def frame(self, position: int) -> Any:
        self.asked.append(position)
        picture = self._make(position)
        return None if picture is None else from_planes(picture)


class MemoryPool:
    def __init__(self) -> None:
        self.readers: dict[str, MemoryReader] = {}
        self.lent = 0

    @contextmanager
    def lease(self, path: Path, stream: int, **policy: object) -> Iterator[MemoryReader]:
        self.lent += 1
        yield self.readers[str(path)]
        self.lent -= 1


@dataclass
class Context:
    effects: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def check(self) -> None: ...

    def advance(self, amount: int) -> None: ...

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        self.warnings.append(message)

    def effect(self, kind: str, name: str) -> Any:
        return self.effects[name]


class Studio:
    def __init__(self) -> None:
        self.pool, self.context = MemoryPool(), Context()
        self.resources = Resources(self.pool, self.context)  # type: ignore[arg-type]  # a pool in memory
        self._open: list[Stage] = []

    def clip(
        self,
        make: Callable[[int], VideoFrame | None],
        frames: int = 10,
        *,
        like: VideoFrame | None = None,
        still: bool = False,
        times: FrameTimes | None = None,
        **options: Any,
    ) -> Decode:
        """A source whose picture number k is ``make(k)``, one a frame."""
        name = f"memory{len(self.pool.readers)}"
        first = like or make(0)
        assert first is not None
        self.pool.readers[name] = MemoryReader(make, options.pop("length", frames))
        source = Source(name, 0, first.width, first.height, first.format, first.color, still)
        return Decode(source, times or FrameTimes(Fraction(0), 1 / RATE), frames, **options)

    def stage(self, node: Node) -> Stage:
        stage = compile_node(node, self.resources)
        self._open.append(stage)
        return stage

    def planes(self, node: Node, frame: int = 0) -> list[Any]:
        stage = self.stage(node)
        return [p.copy() for p in views(stage.frame(frame), stage.shape.color).planes]

    def close(self) -> None:
        for stage in self._open:
            stage.close()


@pytest.fixture
def studio() -> Iterator[Studio]:
    studio = Studio()
    yield studio
    studio.close()
    assert studio.pool.lent == 0


@pytest.fixture
def flat() -> Callable[..., VideoFrame]:
    """A picture of constant planes."""

    def make(
        *codes: int, format: str = "yuv420p", width: int = 64, height: int = 48, color: Color = BT709
    ) -> VideoFrame:
        picture = VideoFrame.empty(format, width, height, color)
        for i, plane in enumerate(picture.planes):
            plane[...] = codes if pixel_format(format).packed else codes[i]
        return picture

    return make


@pytest.fixture
def noise() -> Callable[..., VideoFrame]:
    """A picture of noise, the same for the same seed."""

    def make(
        seed: int, format: str = "yuv420p", width: int = 64, height: int = 48, color: Color = BT709
    ) -> VideoFrame:
        picture = VideoFrame.empty(format, width, height, color)
        random = np.random.default_rng(seed)
        top = (1 << pixel_format(format).depth) - 1
        for plane in picture.planes:
            plane[...] = random.integers(0, top + 1, plane.shape)
        return picture

    return make


@pytest.fixture
def waves() -> Callable[..., VideoFrame]:
    """A smooth picture within the limited range; ``offset`` moves the waves."""

    def make(
        format: str = "yuv444p", width: int = 96, height: int = 64, color: Color = BT709, offset: float = 0.0
    ) -> VideoFrame:
        layout = pixel_format(format)
        picture = VideoFrame.empty(format, width, height, color)
        for i, plane in enumerate(picture.planes):
            rows, columns = plane.shape[:2]
            y, x = np.mgrid[0:rows, 0:columns]
            x, y = (x + 0.5) * width / columns, (y + 0.5) * height / rows
            wave = np.sin((x + offset) / 13 + i) * np.cos(y / 11 + i)
            swing = 70 if i == 0 or layout.rgb else 25
            codes = np.rint((128 + swing * wave) * (1 << (layout.depth - 8)))
            plane[...] = codes if plane.ndim == 2 else codes[..., None]
        return picture

    return make
