"""A guest with a memory: each use sees its own clip from the start, in a part as in the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_sdk import abi
from kadr_sdk.project import Project
from kadr_sdk.rendering import Renderer, RenderRequest
from wasmtime import wat2wasm

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
formats = ["yuv420p"]
"""
# Luma is 30 and the number of frames seen since the last reset; colours are none.
COUNT = """(module (memory (export "memory") 40) (global $at (mut i32) (i32.const 64))
  (global $seen (mut i32) (i32.const 0))
  (func (export "kadr_abi") (result i32) (i32.const 1))
  (func (export "kadr_alloc") (param $size i32) (result i32) (local $block i32)
    (local.set $block (global.get $at))
    (global.set $at (i32.and (i32.const -64)
      (i32.add (i32.add (local.get $block) (local.get $size)) (i32.const 63))))
    (local.get $block))
  (func (export "kadr_reset") (global.set $seen (i32.const 0)))
  (func $fill (param $plane i32) (param $value i32)
    (memory.fill (i32.load (local.get $plane)) (local.get $value)
      (i32.mul (i32.load offset=4 (local.get $plane)) (i32.load offset=12 (local.get $plane)))))
  (func (export "kadr_process") (param $job i32) (result i32) (local $plane i32)
    (local.set $plane (i32.add (i32.load offset=88 (local.get $job)) (i32.const 64)))
    (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
    (call $fill (local.get $plane) (i32.add (i32.const 30) (global.get $seen)))
    (call $fill (i32.add (local.get $plane) (i32.const 16)) (i32.const 128))
    (call $fill (i32.add (local.get $plane) (i32.const 32)) (i32.const 128))
    (i32.const 0)))"""
USE = {"effects": [{"effect_type": "count_up"}], "generator": {"type": "solid"}}


@pytest.fixture
def renderer(tmp_path: Path) -> Iterator[Renderer]:
    package = tmp_path / "plugins" / "org_count" / "org_count"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", "utf-8")
    (package / "plugin.toml").write_text(MANIFEST, "utf-8")
    (package / "up.toml").write_text(DESCRIPTOR, "utf-8")
    (package / "up.wasm").write_bytes(abi.with_sections(bytes(wat2wasm(COUNT))))
    folders = {"plugins.folders": [str(tmp_path / "plugins")], "sandbox.isolation": "in_process"}
    with boot(environ={"KADR_HOME": str(tmp_path / "home")}, overrides=folders) as kernel:
        kernel.plugins.set_enabled("org.count", True)
        kernel.plugins.activate("org.count")
        yield kernel.container.get(Renderer)


@pytest.fixture
def film(
    renderer: Renderer, cut: Callable[..., Project], read_luma: Callable[[Path], list[Any]], tmp_path: Path
) -> Callable[..., list[int]]:
    """Two clips of two seconds, one laid into the other for 0.4 s; the luma of every frame."""

    def make(name: str, **more: Any) -> list[int]:
        clips = [{"id": "a", "duration": 2} | USE, {"id": "b", "duration": 2, "start_time": 2} | USE]
        joint = {"transition_type": "crossfade", "between": ["a", "b"], "duration": 0.4}
        video = {"codec": "ffv1", "pixel_format": "yuv420p"}
        request = RenderRequest(tmp_path / name, video=video, cache=False, **more)
        renderer.render(cut(*clips, transitions=[joint]), tmp_path, request)
        return [int(frame[0, 0]) for frame in read_luma(tmp_path / name)]

    return make


def test_two_at_once_and_a_part(film: Callable[..., list[int]]) -> None:
    whole = film("whole.mkv", workers=1)
    assert whole[:45] == [31 + n for n in range(45)]
    assert whole[55:] == [31 + n for n in range(10, 55)], (
        "the joint begins the second clip five frames sooner"
    )
    assert film("more.mkv", workers=3) == whole
    part = film("part.mkv", range=(Fraction(1), Fraction(3)))
    assert part == whole[25:75]
