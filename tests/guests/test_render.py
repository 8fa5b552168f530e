"""Guests in a render are effects like any other."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_sdk import abi
from kadr_sdk.errors import RenderError, ValidationError
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer, RenderRequest
from kadr_sdk.testing.memory import read_output
from kadr_sdk.testing.synthetic import barcode_frame
from wasmtime import wat2wasm

MANIFEST = """
manifest = 1
[plugin]
id = "org.evil"
version = "1.0"
[[contributes.effect]]
id = "org.evil.trap"
names = ["evil"]
file = "trap.toml"
"""
DESCRIPTOR = """
id = "org.evil.trap"
version = 1
title = "Evil"
implementations = ["wasm"]
wasm = "{wasm}"
"""
# Traps at frame 60; else a picture of the number 9.
TRAP = """(module (memory (export "memory") 2) (global $at (mut i32) (i32.const 0))
  (func (export "kadr_abi") (result i32) (i32.const 1))
  (func (export "kadr_alloc") (param i32) (result i32)
    (global.set $at (i32.add (global.get $at) (i32.const 8192))) (global.get $at))
  (func (export "kadr_process") (param $job i32) (result i32)
    (if (i64.eq (i64.load offset=8 (local.get $job)) (i64.const 60)) (then (unreachable)))
    (memory.fill (i32.load offset=64 (i32.load offset=88 (local.get $job))) (i32.const 9) (i32.const 2304))
    (i32.const 0)))"""


def evil(folder: Path, wasm: str = "trap.wasm") -> None:
    package = folder / "plugins" / "org_evil" / "org_evil"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", "utf-8")
    (package / "plugin.toml").write_text(MANIFEST, "utf-8")
    (package / "trap.toml").write_text(DESCRIPTOR.format(wasm=wasm), "utf-8")
    (package / "trap.wasm").write_bytes(abi.with_sections(bytes(wat2wasm(TRAP))))


def luma(number: int) -> Any:
    return barcode_frame(number, 64, 36).planes[0].astype(int)


def frames(path: Path) -> list[Any]:
    return [f.astype(int) for f in read_output(path).frames]


def test_every_kind_in_one_film_serial_and_parallel(house: Callable[..., Any], tmp_path: Path) -> None:
    film = house()
    uses = [
        {"effect_type": "wasm_invert", "parameters": {"amount": 1.0}},
        {"effect_type": "temporal_blur"},
    ]
    reports = [film.render(tmp_path / f"{n}.mp4", seconds=16, effects=uses, workers=n) for n in (1, 3)]
    assert reports[0].segments > 1
    assert (tmp_path / "1.mp4").read_bytes() == (tmp_path / "3.mp4").read_bytes()
    made = frames(tmp_path / "1.mp4")
    inverted = [np.maximum(251 - luma(n), 0) for n in range(400)]
    for number in (0, 1, 2, 120, 125, 126, 250, 398, 399):  # the edges of clip and segments among them
        near = [inverted[min(399, max(0, number + o))] for o in (-2, -1, 1, 2)]
        assert (made[number] == (inverted[number] * 52 + sum(near) * 51 + 128) >> 8).all(), number


def test_a_range_and_a_single_frame_are_the_same_pictures(house: Callable[..., Any], tmp_path: Path) -> None:
    film = house()
    clip = {
        "id": "a", "source_file": "a.mem", "duration": 8,
        "effects": [{"effect_type": "temporal_blur", "parameters": {"strength": {"keyframes": [
            {"time": 0, "value": 0}, {"time": 8, "value": 1}]}}}],
    }  # fmt: skip
    project = parse_project(
        {"timeline": {"fps": 25, "resolution": [64, 36], "tracks": [{"id": "v", "clips": [clip]}]}}
    )
    renderer = film.kernel.container.get(Renderer)
    renderer.render(project, tmp_path, RenderRequest(output=tmp_path / "all.mp4"))
    part = RenderRequest(output=tmp_path / "part.mp4", range=(Fraction(3), Fraction(4)))
    renderer.render(project, tmp_path, part)
    whole, some = frames(tmp_path / "all.mp4"), frames(tmp_path / "part.mp4")
    assert len(some) == 25
    assert all((a == b).all() for a, b in zip(whole[75:100], some, strict=True))


def test_a_transition(house: Callable[..., Any], tmp_path: Path) -> None:
    film = house()
    clips = [
        {"id": "a", "source_file": "a.mem", "duration": 4},
        {"id": "b", "source_file": "a.mem", "duration": 4, "source_start": 8, "start_time": 4},
    ]
    joint = {
        "transition_type": "wipe_soft", "between": ["a", "b"], "duration": 1,
        "parameters": {"direction": "left", "softness": 0.0},
    }  # fmt: skip
    tracks = [{"id": "v", "clips": clips, "transitions": [joint]}]
    project = parse_project({"timeline": {"fps": 25, "resolution": [64, 36], "tracks": tracks}})
    film.kernel.container.get(Renderer).render(project, tmp_path, RenderRequest(output=tmp_path / "o.mp4"))
    made = frames(tmp_path / "o.mp4")
    assert (made[80] == luma(80)).all()
    assert (made[120] == luma(220)).all()
    edges = []
    for number in range(88, 112):
        fresh = (made[number] == luma(number + 100)).all(axis=0)
        stale = (made[number] == luma(number)).all(axis=0)
        assert (fresh | stale).all()
        edges.append(int(fresh.sum()))
    assert edges[0] < 16
    assert edges[-1] > 48


def test_the_guests_digest_is_in_the_hash(house: Callable[..., Any], tmp_path: Path) -> None:
    evil(tmp_path)
    film = house()
    film.enable("org.evil")
    one = film.render(tmp_path / "a.mp4", seconds=2, effects=[{"effect_type": "evil"}])
    assert {int(f.max()) for f in frames(tmp_path / "a.mp4")} == {9}
    path = tmp_path / "plugins" / "org_evil" / "org_evil" / "trap.wasm"
    path.write_bytes(path.read_bytes() + abi.custom_section("note", b"another file"))
    two = film.render(tmp_path / "b.mp4", seconds=2, effects=[{"effect_type": "evil"}])
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert one.plan != two.plan


@pytest.mark.parametrize("policy", ["fail", "skip", "hold"])
def test_a_guest_that_fails(house: Callable[..., Any], tmp_path: Path, policy: str) -> None:
    evil(tmp_path)
    film = house()
    film.enable("org.evil")
    film.kernel.config.set("sandbox.on_failure", policy)
    use = [{"effect_type": "evil"}]
    if policy == "fail":
        with pytest.raises(RenderError, match=r"org\.evil\.trap of plugin org\.evil failed at frame 60"):
            film.render(tmp_path / "o.mp4", effects=use)
        assert not (tmp_path / "o.mp4").exists()
    else:
        report = film.render(tmp_path / "o.mp4", effects=use)
        assert [w.path for w in report.warnings] == ["org.evil.trap"]
        made = frames(tmp_path / "o.mp4")
        assert (made[59] == 9).all()
        assert (made[60] == (9 if policy == "hold" else luma(60))).all()
    film.render(tmp_path / "good.mp4", effects=[{"effect_type": "wasm_invert"}])
    assert film.kernel.runtime.counters()["org.evil/org.evil.trap"]["traps"] == 2


def test_a_guest_outside_its_package_is_refused(house: Callable[..., Any], tmp_path: Path) -> None:
    evil(tmp_path, "../../../secret.wasm")
    film = house()
    film.enable("org.evil")
    with pytest.raises(ValidationError, match="is no file inside the plugin's folder"):
        film.render(tmp_path / "o.mp4", effects=[{"effect_type": "evil"}])


def test_a_guest_that_is_missing_or_broken_stops_before_the_first_frame(
    house: Callable[..., Any], tmp_path: Path
) -> None:
    evil(tmp_path)
    film = house()
    film.enable("org.evil")
    path = tmp_path / "plugins" / "org_evil" / "org_evil" / "trap.wasm"
    path.write_bytes(b"\0asm\1\0\0\0")
    with pytest.raises(ValidationError, match=r"org\.evil is not taken: no sections kadr\.abi"):
        film.render(tmp_path / "o.mp4", effects=[{"effect_type": "evil"}])
    path.unlink()
    with pytest.raises(ValidationError, match=r"the guest of org\.evil\.trap cannot be read"):
        film.render(tmp_path / "o.mp4", effects=[{"effect_type": "evil"}])


def test_the_runtime_is_a_contribution_of_the_kernel(house: Callable[..., Any]) -> None:
    film = house()
    found = film.kernel.catalogue.find("runtime", "core")
    assert found.plugin == "kadr.kernel"
    assert film.kernel.catalogue.load("runtime", "core") is film.kernel.runtime
