"""What a render tells of guests that failed: in its report, its exit code, and afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.sandbox.remote import RemoteMachine
from kadr_sdk import abi
from kadr_sdk.services import Metrics
from wasmtime import wat2wasm

MANIFEST = """
manifest = 1
[plugin]
id = "org.frail"
version = "1.0"
[limits]
{limits}
[[contributes.effect]]
id = "org.frail.trap"
names = ["frail"]
file = "trap.toml"
"""
DESCRIPTOR = """
id = "org.frail.trap"
version = 1
title = "Frail"
implementations = ["wasm"]
wasm = "trap.wasm"
"""
# Traps from frame 60 to 69; else a picture of the number 9.
TRAP = """(module (memory (export "memory") 2) (global $at (mut i32) (i32.const 0))
  (func (export "kadr_abi") (result i32) (i32.const 1))
  (func (export "kadr_alloc") (param i32) (result i32)
    (global.set $at (i32.add (global.get $at) (i32.const 8192))) (global.get $at))
  (func (export "kadr_process") (param $job i32) (result i32) (local $n i32)
    (local.set $n (i32.wrap_i64 (i64.load offset=8 (local.get $job))))
    (if (i32.eq (i32.div_u (local.get $n) (i32.const 10)) (i32.const 6)) (then (unreachable)))
    (memory.fill (i32.load offset=64 (i32.load offset=88 (local.get $job))) (i32.const 9) (i32.const 2304))
    (i32.const 0)))"""


def frail(folder: Path, limits: str = "") -> None:
    package = folder / "plugins" / "org_frail" / "org_frail"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", "utf-8")
    (package / "plugin.toml").write_text(MANIFEST.format(limits=limits), "utf-8")
    (package / "trap.toml").write_text(DESCRIPTOR, "utf-8")
    (package / "trap.wasm").write_bytes(abi.with_sections(bytes(wat2wasm(TRAP))))


def run(kernel: Any, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = kernel.catalogue.load("host", "cli").run(kernel, list(words))
    return code, capsys.readouterr().out


@pytest.mark.parametrize("isolation", ["in_process", "process"])
def test_a_report_says_how_many_frames_are_not_the_guests(
    house: Callable[..., Any], tmp_path: Path, isolation: str
) -> None:
    frail(tmp_path)
    film = house()
    film.enable("org.frail")
    film.kernel.config.set("sandbox.on_failure", "skip")
    film.kernel.config.set("sandbox.isolation", isolation)
    counted: list[tuple[str, float, dict[str, str]]] = []

    class Counting:
        def count(self, name: str, amount: float = 1, **labels: str) -> None:
            counted.append((name, amount, labels))

        gauge = count

    with pytest.MonkeyPatch.context() as patch:
        get = film.kernel.container.get
        patch.setattr(
            film.kernel.container, "get", lambda kind, *a: Counting() if kind is Metrics else get(kind, *a)
        )
        report = film.render(tmp_path / "o.mp4", effects=[{"effect_type": "frail"}], workers=1, cache=False)
    ((name, row),) = report.guests.items()
    assert name == "org.frail.trap"
    assert report.replaced == row["replaced"] == 17, (
        "the one that failed, and sixteen while the breaker is open"
    )
    assert (row["traps"], row["calls"]) == (2, 83)
    assert report.as_dict()["replaced"] == 17
    assert ("guest.calls", 83, {"plugin": "org.frail", "effect": "org.frail.trap"}) in counted
    assert film.kernel.runtime.records("org.frail")["org.frail.trap"]["last"] == row


def test_exit_code_summary_and_plugin_info(
    house: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frail(tmp_path)
    film = house()
    film.enable("org.frail")
    film.kernel.config.set("sandbox.on_failure", "hold")
    clip = {"id": "a", "source_file": "a.mem", "duration": 4, "effects": [{"effect_type": "frail"}]}
    timeline = {"fps": 25, "resolution": [64, 36], "tracks": [{"id": "v", "clips": [clip]}]}
    project = tmp_path / "p.tlp"
    project.write_text(json.dumps({"timeline": timeline}), "utf-8")
    render = ["render", str(project), "-o", str(tmp_path / "o.mp4"), "--overwrite"]
    code, out = run(film.kernel, capsys, *render)
    assert code == 8
    assert "marked: 17 frames without an effect that failed: org.frail.trap" in out
    code, out = run(film.kernel, capsys, *render, "--json")
    last = json.loads(out.splitlines()[-1])
    assert (code, last["event"], last["replaced"]) == (8, "Report", 17)
    assert last["guests"]["org.frail.trap"]["traps"] == 2
    code, out = run(film.kernel, capsys, "plugin", "info", "org.frail", "--json")
    record = json.loads(out)["guests"]["org.frail.trap"]
    assert (code, record["jobs"], record["total"]["traps"], record["last"]["calls"]) == (0, 2, 4, 83)
    code, out = run(film.kernel, capsys, "plugin", "info", "org.frail")
    assert "4 traps, 34 replaced" in out
    assert "in renders so far" not in run(film.kernel, capsys, "plugin", "info", "kadr.cli")[1]
    good = {**timeline, "tracks": [{"id": "v", "clips": [{**clip, "effects": []}]}]}
    project.write_text(json.dumps({"timeline": good}), "utf-8")
    assert run(film.kernel, capsys, *render)[0] == 0


def test_what_was_replaced_is_never_cached(house: Callable[..., Any], tmp_path: Path) -> None:
    frail(tmp_path)
    film = house()
    film.enable("org.frail")
    film.kernel.config.set("sandbox.on_failure", "skip")
    for effect, reused in (("wasm_invert", [0, 1]), ("frail", [0, 0])):
        use = [{"effect_type": effect}]
        reports = [film.render(tmp_path / f"{effect}{n}.mp4", effects=use) for n in range(2)]
        assert [report.reused for report in reports] == reused, effect
        assert [report.replaced > 0 for report in reports] == [effect == "frail"] * 2


def test_a_process_that_is_killed_in_a_render_costs_a_try(
    house: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same film as without: the frame is made by the process that takes its place."""
    frail(tmp_path)
    film = house()
    film.enable("org.frail")
    use = [{"effect_type": "frail"}]
    film.render(tmp_path / "quiet.mp4", seconds=2, effects=use, cache=False)
    original, calls = RemoteMachine.call, [0]

    def call(machine: RemoteMachine, name: str, *arguments: int, seconds: float) -> int:
        calls[0] += name == "kadr_process"
        if calls[0] == 20 and name == "kadr_process":
            machine.process.kill()
            machine.process.wait()
        return original(machine, name, *arguments, seconds=seconds)

    monkeypatch.setattr(RemoteMachine, "call", call)
    report = film.render(tmp_path / "killed.mp4", seconds=2, effects=use, cache=False)
    assert (tmp_path / "killed.mp4").read_bytes() == (tmp_path / "quiet.mp4").read_bytes()
    row = report.guests["org.frail.trap"]
    assert (row["crashes"], row["replaced"], row["calls"]) == (1, 0, 50)


def test_limits_of_a_manifest_beyond_the_ceiling(house: Callable[..., Any], tmp_path: Path) -> None:
    from kadr_sdk.errors import ValidationError

    frail(tmp_path, "seconds = 60")
    film = house()
    film.enable("org.frail")
    with pytest.raises(ValidationError, match=r"asks for seconds = 60, and may have 10 \(level standard\)"):
        film.render(tmp_path / "o.mp4", effects=[{"effect_type": "frail"}])
    film.kernel.config.set("sandbox.level", "extended")
    with pytest.raises(ValidationError, match=r"and may have 30 \(level extended\)"):
        film.render(tmp_path / "o.mp4", effects=[{"effect_type": "frail"}])
    film.kernel.config.set("sandbox.level", "full")
    film.kernel.config.set("sandbox.on_failure", "skip")
    assert film.render(tmp_path / "o.mp4", effects=[{"effect_type": "frail"}]).frames == 100


def test_a_policy_file_decides_where_guests_run(house: Callable[..., Any], tmp_path: Path) -> None:
    frail(tmp_path)
    config = tmp_path / "home" / "config"
    config.mkdir(parents=True)
    rule = '[[sandbox]]\nplugin = "org.*"\nlevel = "extended"\nisolation = "in_process"\nengine = "trusted"\n'
    (config / "policy.toml").write_text(f"policy = 1\n{rule}", "utf-8")
    film = house()
    film.enable("org.frail")
    held = film.kernel.gate.confinement("org.frail", "d", film.kernel.config.get, ())
    assert (held.level, held.isolation, held.engine) == ("extended", "in_process", "trusted")
    held = film.kernel.gate.confinement("test.memory", "d", film.kernel.config.get, ())
    assert (held.level, held.isolation, held.engine) == ("minimal", "process", "guarded")
