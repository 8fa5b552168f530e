"""What a guest is used for in a film goes by what it declares: kind, state, identity, formats."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from kadr_sdk import abi
from kadr_sdk.plan import Call, Node, RenderPlan, Span
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer, RenderRequest
from kadr_sdk.testing.memory import read_output
from wasmtime import wat2wasm

KINDS = {
    "filter", "transition", "generator", "composite", "analyzer", "audio_filter", "audio_generator"
}  # fmt: skip
MANIFEST = """
manifest = 1
[plugin]
id = "org.count"
version = "1.0"
[[contributes.effect]]
id = "org.count.up"
names = ["count_up"]
file = "up.toml"
"""
DESCRIPTOR = """
id = "org.count.up"
version = 1
title = "Count up"
implementations = ["wasm"]
wasm = "up.wasm"
state = "sequential"
"""
# Luma is the number of frames seen since the last reset, of 200.
COUNT = """(module (memory (export "memory") 2) (global $at (mut i32) (i32.const 0))
  (global $seen (mut i32) (i32.const 0))
  (func (export "kadr_abi") (result i32) (i32.const 1))
  (func (export "kadr_alloc") (param i32) (result i32)
    (global.set $at (i32.add (global.get $at) (i32.const 8192))) (global.get $at))
  (func (export "kadr_reset") (global.set $seen (i32.const 0)))
  (func (export "kadr_process") (param $job i32) (result i32)
    (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
    (memory.fill (i32.load offset=64 (i32.load offset=88 (local.get $job)))
      (i32.rem_u (global.get $seen) (i32.const 200)) (i32.const 2304))
    (i32.const 0)))"""


def counting(folder: Path) -> None:
    package = folder / "plugins" / "org_count" / "org_count"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", "utf-8")
    (package / "plugin.toml").write_text(MANIFEST, "utf-8")
    (package / "up.toml").write_text(DESCRIPTOR, "utf-8")
    (package / "up.wasm").write_bytes(abi.with_sections(bytes(wat2wasm(COUNT))))


def clip(name: str, start: float, seconds: float, *effects: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": name, "source_file": "a.mem", "start_time": start, "duration": seconds, "effects": list(effects)
    }  # fmt: skip


def project(*clips: dict[str, Any], **track: Any) -> Any:
    tracks = [{"id": "v", "clips": list(clips), **track}]
    return parse_project({"timeline": {"fps": 25, "resolution": [64, 36], "tracks": tracks}})


def seen(path: Path) -> list[int]:
    """The first pixel of every frame."""
    return [int(frame[0, 0]) for frame in read_output(path).frames]


def calls(plan: RenderPlan) -> Iterator[tuple[Span, Call]]:
    """Calls of effects, with their spans."""

    def walk(node: Node) -> Iterator[Node]:
        yield node
        inner = list(getattr(node, "inputs", ()))
        inner += [n for n in (getattr(node, name, None) for name in ("input", "layer", "base")) if n]
        for one in inner:
            yield from walk(one)

    for segment in plan.segments:
        for span in segment.spans:
            yield from ((span, node) for node in walk(span.root) if isinstance(node, Call))


@pytest.fixture
def film(house: Callable[..., Any], tmp_path: Path) -> Any:
    counting(tmp_path)
    made = house()
    made.enable("org.count")
    return made


@pytest.fixture
def renderer(film: Any) -> Any:
    return film.kernel.container.get(Renderer)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_sequential_guest_sees_its_clip_from_the_start(renderer: Any, tmp_path: Path, workers: int) -> None:
    """However many work, and each clip anew."""
    count = {"effect_type": "count_up"}
    two = project(clip("a", 0, 5, count), clip("b", 5, 5, count))
    renderer.render(two, tmp_path, RenderRequest(output=tmp_path / "o.mp4", workers=workers, cache=False))
    assert seen(tmp_path / "o.mp4") == [n + 1 for n in range(125)] * 2


def test_a_sequential_guest_in_a_part_of_its_clip(renderer: Any, tmp_path: Path) -> None:
    """A range begins where the guest would have been by then."""
    part = RenderRequest(output=tmp_path / "o.mp4", range=(Fraction(3), Fraction(4)), cache=False)
    renderer.render(project(clip("a", 0, 5, {"effect_type": "count_up"})), tmp_path, part)
    assert seen(tmp_path / "o.mp4") == [n + 1 for n in range(75, 100)]


def test_identity_is_left_out(film: Any, renderer: Any, tmp_path: Path) -> None:
    """With all parameters neutral the guest is neither called nor in the hash."""
    use = {"effect_type": "wasm_invert", "parameters": {"amount": 0.0}}
    request = RenderRequest(output=tmp_path / "o.mp4")
    plans = [renderer.plan(project(clip("a", 0, 1, *e)), tmp_path, request) for e in ((use,), ())]
    assert list(calls(plans[0])) == []
    assert [s.hash for s in plans[0].segments] == [s.hash for s in plans[1].segments]
    film.render(tmp_path / "o.mp4", seconds=1, effects=[use])
    assert not any(row["calls"] for row in film.kernel.runtime.counters().values())


def test_on_a_track_a_clip_and_for_a_while(film: Any, renderer: Any, tmp_path: Path) -> None:
    """The same guest with keyframes on a clip, and on its whole track: twice the opposite is nothing."""
    once = {"effect_type": "wasm_invert", "start_time": 0, "end_time": 1}
    ramp = {"keyframes": [{"time": 0, "value": 1}, {"time": 4, "value": 1}]}
    both = project(
        clip("a", 0, 2, once | {"parameters": {"amount": ramp}}),
        effects=[{"effect_type": "wasm_invert", "parameters": {"amount": 1.0}}],
    )
    request = RenderRequest(output=tmp_path / "o.mp4", cache=False)
    renderer.render(both, tmp_path, request)
    made = [frame.astype(int) for frame in read_output(tmp_path / "o.mp4").frames]
    film.render(tmp_path / "plain.mp4", seconds=2, cache=False)
    plain = [frame.astype(int) for frame in read_output(tmp_path / "plain.mp4").frames]
    assert (made[10] == plain[10]).all()
    assert (made[40] == 251 - plain[40]).all()


def test_formats_are_planned_by_span(renderer: Any, tmp_path: Path) -> None:
    """Only where the guest is at work is its format asked for: plasma takes planar RGB alone."""
    generated = {"id": "p", "generator": {"type": "plasma"}, "start_time": 1, "duration": 1}
    plan = renderer.plan(
        project(clip("a", 0, 1), generated), tmp_path, RenderRequest(output=tmp_path / "o.mp4")
    )
    spans = [span for segment in plan.segments for span in segment.spans]
    made = [(span, call.format) for span, call in calls(plan)]
    assert [(span.start, format) for span, format in made] == [(25, "gbrp")]
    assert len(spans) == 2
    assert {span.root.format for span in spans} == {"yuv420p"}


def test_every_kind_ships_as_a_guest_with_its_source() -> None:
    """Of a few KB, without a line of Python."""
    package = Path(str(files("kadr_wasm_effects")))
    guests = package / "guests"
    kinds = set()
    for path in guests.glob("*.toml"):
        data = tomllib.loads(path.read_text("utf-8"))
        assert path.with_suffix(".c").is_file()
        assert 0 < path.with_suffix(".wasm").stat().st_size < 10_000
        assert data["implementations"] == ["wasm"]
        kinds.add(data.get("kind", "filter"))
    assert kinds == KINDS
    assert [p.name for p in package.rglob("*.py")] == ["__init__.py"]
