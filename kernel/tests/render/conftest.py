"""A renderer on the in-memory backend, with a catalogue of plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.pools import Scheduler
from kadr_kernel.render.costs import Costs
from kadr_kernel.render.library import MediaLibrary
from kadr_kernel.render.means import Means
from kadr_kernel.render.planner import Planner
from kadr_kernel.render.renderer import KernelRenderer
from kadr_kernel.render.teams import Threads
from kadr_sdk.effects import FilterSpec, FrameCall, SourceUse
from kadr_sdk.errors import InvalidParameterError, NotFoundError
from kadr_sdk.events import Event
from kadr_sdk.execution import Recipe
from kadr_sdk.frames import VideoFrame
from kadr_sdk.manifest import Contribution
from kadr_sdk.silent import NoTracer
from kadr_sdk.testing.memory import MemoryBackend, write_source


class Brighten:
    """Adds ``value`` codes to the luma."""

    def frame(self, call: FrameCall) -> VideoFrame:
        result = call.inputs[0][call_window(call)].copy()
        result.planes[0][...] = (result.planes[0].astype(int) + int(call.values["value"])).clip(0, 255)
        return result


class Before:
    """Shows the frame before (a window of one)."""

    def frame(self, call: FrameCall) -> VideoFrame:
        return call.inputs[0][0].copy()


class Mix:
    """Dissolve."""

    def frame(self, call: FrameCall) -> VideoFrame:
        a, b = call.inputs[0][0], call.inputs[1][0]
        result = a.like()
        for plane, x, y in zip(result.planes, a.planes, b.planes, strict=True):
            plane[...] = (x * (1 - call.progress) + y * call.progress + 0.5).astype(plane.dtype)
        return result


class Plain:
    """A generator of one grey level."""

    def frame(self, call: FrameCall) -> VideoFrame:
        result = VideoFrame.empty(call.format, call.width, call.height, call.color)
        for index, plane in enumerate(result.planes):
            plane[...] = int(call.values["level"]) if index == 0 else 128
        return result


class Follow:
    """Says where in its source it is; refuses a source that is shown beyond its second second."""

    asked: list[SourceUse] = []  # noqa: RUF012 - the catalogue makes the object, tests look here

    def check_source(self, values: Mapping[str, Any], source: SourceUse) -> None:
        self.asked.append(source)
        if source.last > 2:
            raise InvalidParameterError("nothing is known beyond 2 s", path="last", hint="end before")

    def frame(self, call: FrameCall) -> VideoFrame:
        result = call.inputs[0][0].copy()
        result.planes[0][...] = int(call.values["source_time"] * 25)
        return result


class Louder:
    """A sound effect of one filter."""

    def sound_filters(self, values: Mapping[str, Any], rate: int, layout: str) -> list[FilterSpec]:
        return [FilterSpec.of("volume", volume=1.0 + float(values["by"]))]


class Late(Louder):
    """The same, and late."""

    def sound_delay(self, values: Mapping[str, Any], rate: int) -> int:
        return rate // 1000


def call_window(call: FrameCall) -> int:
    return len(call.inputs[0]) // 2


def _number(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "float", "default": 0.0, "neutral": 0.0, "min": -255, "max": 255} | more


CONTENT: dict[tuple[str, str], tuple[dict[str, Any], Any]] = {
    ("executor", "threads"): ({}, Threads),
    ("effect", "test.brighten"): (
        {"id": "test.brighten", "version": 1, "title": "B", "params": [_number("value")]},
        Brighten,
    ),
    ("effect", "test.before"): (
        {"id": "test.before", "version": 1, "title": "P", "window": [1, 0], "params": []},
        Before,
    ),
    ("effect", "test.native"): (
        {"id": "test.native", "version": 1, "title": "N", "implementations": ["filter"], "params": []},
        object,
    ),
    ("effect", "test.soft"): (
        {
            "id": "test.soft",
            "version": 1,
            "title": "S",
            "window": [2, 1],
            "spatial": ["radius"],
            "params": [_number("radius")],
        },
        Before,
    ),
    ("effect", "test.trail"): (
        {
            "id": "test.trail",
            "version": 1,
            "title": "T",
            "state": "sequential",
            "window": [-1, 0],
            "params": [],
        },
        Before,
    ),
    ("effect", "test.planar"): (
        {"id": "test.planar", "version": 1, "title": "R", "formats": ["gbrp"], "params": []},
        Before,
    ),
    ("effect", "test.follow"): (
        {"id": "test.follow", "version": 1, "title": "F", "source": True, "params": []},
        Follow,
    ),
    ("audio_effect", "test.louder"): (
        {
            "id": "test.louder",
            "version": 1,
            "title": "L",
            "kind": "audio_filter",
            "implementations": ["filter"],
            "params": [_number("by", animatable=True)],
        },
        Louder,
    ),
    ("audio_effect", "test.late"): (
        {
            "id": "test.late",
            "version": 1,
            "title": "A",
            "kind": "audio_filter",
            "implementations": ["filter"],
            "params": [_number("by")],
        },
        Late,
    ),
    ("transition", "dissolve"): (
        {"id": "dissolve", "version": 1, "title": "D", "kind": "transition", "params": []},
        Mix,
    ),
    ("generator", "plain"): (
        {"id": "plain", "version": 1, "title": "G", "kind": "generator", "params": [_number("level")]},
        Plain,
    ),
    ("exporter", "mp4"): (
        {
            "id": "mp4",
            "title": "MP4",
            "muxer": "mp4",
            "extensions": [".mp4"],
            "video_codecs": ["h264", "raw"],
            "audio_codecs": ["aac"],
        },
        None,
    ),
    ("exporter", "png"): (
        {
            "id": "png",
            "title": "PNG",
            "muxer": "",
            "extensions": [".png"],
            "video_codecs": ["png"],
            "many": True,
        },
        None,
    ),
    ("preset", "web"): ({"id": "web", "title": "Web", "container": "mp4", "video": {"crf": 23}}, None),
}


class PlainCatalogue:
    """A catalogue of the table above."""

    def find(self, kind: str, name: str) -> Contribution:
        known = [i for k, i in CONTENT if k == kind]
        for found in known:
            if name in (found, found.removeprefix("test.")):
                return Contribution(kind, found, "test.plugin", entry="x:y")
        raise NotFoundError(kind, name, known)

    def all(self, kind: str) -> Sequence[Contribution]:
        return [Contribution(k, i, "test.plugin") for k, i in CONTENT if k == kind]

    def describe(self, kind: str, name: str) -> Mapping[str, Any]:
        return CONTENT[kind, self.find(kind, name).id][0]

    def load(self, kind: str, name: str) -> Any:
        return CONTENT[kind, self.find(kind, name).id][1]()


def no_recipe(portable: bool) -> Recipe:
    raise AssertionError("threads need no other kernel")


class NoCache:
    """Keeps nothing."""

    def get(self, kind: str, key: str) -> Path | None:
        return None

    def put(self, kind: str, key: str, source: Path) -> None:
        return None

    def claim(
        self, kind: str, key: str, waiting: Callable[[], object] | None = None
    ) -> AbstractContextManager[Path | None]:
        return nullcontext(None)

    def size(self, kind: str, key: str) -> int | None:
        return None


@dataclass
class Rig:
    """Everything that a render test needs."""

    renderer: KernelRenderer
    means: Means
    backend: MemoryBackend
    planner: Planner
    folder: Path
    events: list[Event] = field(default_factory=list)
    hooks: list[str] = field(default_factory=list)

    def named(self, kind: type[Event]) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind)]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    backend = MemoryBackend()
    events: list[Event] = []
    hooks: list[str] = []
    catalogue = PlainCatalogue()

    def publish(event: Event, **_: object) -> None:
        events.append(event)

    def hook(name: str, **_: object) -> object:
        hooks.append(name)
        return None

    library = MediaLibrary(lambda: backend, publish, tmp_path / "cache" / "digests.json")
    planner = Planner(catalogue, lambda: backend, library, list)
    with Scheduler(cpu_count=4, memory_budget=1 << 30) as scheduler:
        means = Means(
            catalogue=catalogue,
            planner=planner,
            library=library,
            scheduler=scheduler,
            cache=NoCache(),
            publish=publish,
            hook=hook,
            setting={"render.workers": 0, "render.verify": "fast"}.get,
            scratch=tmp_path / "scratch",
            backend=lambda: backend,
            recipe=no_recipe,
            costs=Costs(None),
            tracer=NoTracer(),
        )
        renderer = KernelRenderer(means)
        yield Rig(renderer, means, backend, planner, tmp_path, events, hooks)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A folder with clips of 64x36, 25 fps; frame n of a.mem is number n, of b.mem 1000 + n."""
    sound = {"rate": 48000, "seconds": "20", "level": 0.5}
    for name, first in (("a", 0), ("b", 1000), ("c", 2000)):
        video = {"width": 64, "height": 36, "rate": "25", "frames": 500, "first": first}
        write_source(tmp_path / f"{name}.mem", video=video, audio=sound)
    write_source(tmp_path / "song.mem", audio=sound)
    write_source(tmp_path / "still.mem", video={"width": 64, "height": 36, "frames": 1, "still": True})
    return tmp_path
