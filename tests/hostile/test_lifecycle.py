"""H. Plugins that fail over time, at start, at the end, or by touching what is not theirs."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_sdk.abi import with_sections
from kadr_sdk.errors import KadrError, PluginError, RenderError, ValidationError
from kadr_sdk.events import RenderStarted, SegmentEncoded
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer, RenderRequest
from kadr_sdk.testing.memory import read_output
from wasmtime import wat2wasm

PLUGIN = """manifest = 1
[plugin]
id = "{id}"
version = "1.0"
"""
GUEST = """
[[contributes.effect]]
id = "{id}.fill"
names = ["{name}"]
file = "g.toml"
"""
DESCRIPTOR = """id = "{id}.fill"
version = 1
title = "Fill"
implementations = ["wasm"]
wasm = "g.wasm"
"""
FILL = """(module (memory (export "memory") 2) (global $at (mut i32) (i32.const 0))
  (func (export "kadr_abi") (result i32) (i32.const 1))
  (func (export "kadr_alloc") (param i32) (result i32)
    (global.set $at (i32.add (global.get $at) (i32.const 8192))) (global.get $at))
  (func (export "kadr_process") (param $job i32) (result i32) {body}
    (memory.fill (i32.load offset=64 (i32.load offset=88 (local.get $job))) (i32.const 9) (i32.const 2304))
    (i32.const 0)))"""
SEVENTH = "(if (i64.eqz (i64.rem_u (i64.load offset=8 (local.get $job)) (i64.const 7))) (then (unreachable)))"


def guest(folder: Path, name: str, body: str = "") -> None:
    """A plugin folder with one guest."""
    package = folder / "plugins" / f"org_{name}" / f"org_{name}"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", "utf-8")
    manifest = PLUGIN.format(id=f"org.{name}") + GUEST.format(id=f"org.{name}", name=name)
    (package / "plugin.toml").write_text(manifest, "utf-8")
    (package / "g.toml").write_text(DESCRIPTOR.format(id=f"org.{name}"), "utf-8")
    (package / "g.wasm").write_bytes(with_sections(bytes(wat2wasm(FILL.format(body=body)))))


def python(name: str, toml: str = "", **files: str) -> dict[str, dict[str, str]]:
    """Files of a plugin in Python."""
    manifest = PLUGIN.format(id=f"org.{name}") + textwrap.dedent(toml)
    texts = {f"{file}.py": textwrap.dedent(text) for file, text in files.items()}
    return {f"org_{name}": {"plugin.toml": manifest, **texts}}


def hooks(name: str, code: str) -> dict[str, dict[str, str]]:
    start = "from kadr_sdk.hooks import hookimpl\nfrom kadr_sdk.errors import InputError\nseen = []\n"
    return python(name, f'[hooks]\nentry = "org_{name}.hooks"\n', hooks=start + textwrap.dedent(code))


def settings(folder: Path, text: str) -> None:
    """The user's file, as an earlier version may have left it."""
    path = folder / "home" / "config" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")


House = Callable[..., Any]


@pytest.mark.case("H74")
def test_a_guest_that_fails_on_every_seventh_frame(house: House, tmp_path: Path) -> None:
    """The breaker opens, waits, lets one through again, and waits longer; the film is whole and marked."""
    guest(tmp_path, "seven", SEVENTH)
    film = house()
    film.enable("org.seven")
    film.kernel.config.set("sandbox.on_failure", "skip")
    film.kernel.config.set("sandbox.isolation", "in_process")
    use = [{"effect_type": "seven"}]
    report = film.render(tmp_path / "o.mp4", seconds=16, effects=use, workers=1, cache=False)
    row = report.guests["org.seven.fill"]
    assert report.frames == 400
    assert row["traps"] < 2 * 400 / 7, "it is not tried every time"
    assert row["calls"] + row["replaced"] == 400
    assert row["calls"] > 0
    assert {w.path for w in report.warnings} == {"org.seven.fill"}


@pytest.mark.case("H75")
def test_a_plugin_that_kills_every_start(tmp_path: Path) -> None:
    """Left out after three times, and at once where the user starts without plugins."""
    files = python(
        "boom",
        '[[contributes.command]]\nid = "boom"\nentry = "org_boom:x"\n',
        __init__="import os; os._exit(134)",
    )
    package = tmp_path / "plugins" / "org_boom" / "org_boom"
    package.mkdir(parents=True)
    for name, text in files["org_boom"].items():
        (package / name).write_text(text, "utf-8")
    setting = {"plugins.folders": [str(tmp_path / "plugins")]}
    environ = {"KADR_HOME": str(tmp_path / "home")}
    code = f"""
from kadr_kernel.boot import boot
kernel = boot(environ={environ!r}, overrides={setting!r})
kernel.plugins.set_enabled("org.boom", True) if __import__("sys").argv[1:] else None
if not __import__("sys").argv[1:]:
    kernel.catalogue.load("command", "boom")
kernel.close()
"""
    subprocess.run([sys.executable, "-c", code, "enable"], check=True, timeout=60)
    for _ in range(3):
        assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 134
    for more in ({}, {"safe_mode": True}, {"plugins": ()}):
        with boot(environ=environ, overrides=setting, **more) as kernel:
            states = {row.id: row.state for row in kernel.plugins.rows()}
            assert states["org.boom"] != "active", more
            if not more:
                row = next(r for r in kernel.plugins.rows() if r.id == "org.boom")
                assert "took kadr down 3 times in a row" in row.error


@pytest.mark.case("H76")
def test_circles_and_plugins_that_do_not_start(house: House, tmp_path: Path) -> None:
    circle = [python("a"), python("b")]
    circle[0]["org_a"]["plugin.toml"] += 'requires = ["org.b"]\n'
    circle[1]["org_b"]["plugin.toml"] += 'requires = ["org.a"]\n'
    broken = python(
        "raises", '[[contributes.command]]\nid = "r"\nentry = "org_raises:x"\n', __init__="raise OSError"
    )
    film = house(**circle[0], **circle[1], **broken)
    for plugin in ("org.a", "org.b"):
        film.kernel.plugins.set_enabled(plugin, True)
    with pytest.raises(PluginError, match=r"org\.a.*org\.b"):
        film.kernel.plugins.activate("org.a")
    film.enable("org.raises")
    with pytest.raises(KadrError, match=r"org\.raises"):
        film.kernel.catalogue.load("command", "r")
    assert film.render(tmp_path / "o.mp4", seconds=1).frames == 25


@pytest.mark.case("H76")
@pytest.mark.parametrize("isolation", ["in_process", "process"])
def test_a_plugin_that_is_stopped_while_it_renders(house: House, tmp_path: Path, isolation: str) -> None:
    """Before its first frame the render is refused; later it is finished with what it has."""
    guest(tmp_path, "gone")
    film = house()
    film.enable("org.gone")
    film.kernel.config.set("sandbox.isolation", isolation)
    film.kernel.config.set("sandbox.level", "full")
    use = [{"effect_type": "gone"}]

    def stop(_event: Any) -> None:
        film.kernel.plugins.stop("org.gone")

    early = film.kernel.events.subscribe(RenderStarted, stop)
    with pytest.raises(KadrError, match=r"plugin 'org\.gone' has it, but it is stopped"):
        film.render(tmp_path / "o.mp4", seconds=2, effects=use, cache=False)
    early.cancel()
    assert not (tmp_path / "o.mp4").exists()
    film.kernel.plugins.activate("org.gone")
    film.kernel.events.subscribe(SegmentEncoded, stop)
    report = film.render(tmp_path / "o.mp4", seconds=16, effects=use, cache=False, workers=1)
    assert report.segments > 1, "the plugin was stopped with segments left to make"
    assert {int(frame.max()) for frame in read_output(tmp_path / "o.mp4").frames} == {9}
    with pytest.raises(ValidationError, match="gone"):
        film.render(tmp_path / "p.mp4", seconds=1, effects=use)


HANGS = """
import threading
never = threading.Event()
class Hangs:
    def __init__(self, context=None):
        pass
    def close(self):
        never.wait()
    stop = close
"""


@pytest.mark.case("H76")
def test_plugins_that_do_not_end(house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Left behind after a while, each named; what comes after them in the order ends all the same."""
    toml = '[[contributes.command]]\nid = "{0}"\nentry = "org_{0}:Hangs"\n'
    toml += '[[contributes.service]]\nid = "{0}.s"\nprovides = "org_{0}:Hangs"\nentry = "org_{0}:Hangs"\n'
    names = ("first", "second")
    ends = '[[contributes.command]]\nid = "ends"\nentry = "org_ends:Ends"\n'
    code = "closed = []\nclass Ends:\n    def close(self):\n        closed.append(1)\n"
    plugins = {k: v for n in names for k, v in python(n, toml.format(n), __init__=HANGS).items()}
    film = house(**plugins, **python("ends", ends, __init__=code))
    film.kernel.plugins._parts.endings._patience = 0.2
    for name in ("ends", *names):
        film.enable(f"org.{name}")
    for name in names:
        film.kernel.catalogue.load("command", name)
    for name in names:
        film.kernel.container.get(sys.modules[f"org_{name}"].Hangs)
    film.kernel.catalogue.load("command", "ends")
    modules = [sys.modules[f"org_{name}"] for name in (*names, "ends")]
    film.kernel.plugins.stop("org.first")
    film.kernel.close()
    assert modules[-1].closed == [1]
    for name in names:
        for what in ("Hangs", f"{name}.s"):
            assert f"plugin 'org.{name}': closing {what} did not end" in caplog.text
    assert {row.state for row in film.kernel.plugins.rows() if row.id.startswith("org.")} == {"stopped"}
    for module in modules[:-1]:
        module.never.set()


@pytest.mark.case("H76")
def test_kadr_ends_though_a_plugin_does_not(tmp_path: Path) -> None:
    """The process too, with the words of who was left behind."""
    package = tmp_path / "plugins" / "org_hang" / "org_hang"
    package.mkdir(parents=True)
    toml = '[[contributes.command]]\nid = "hang"\nentry = "org_hang:Hangs"\n'
    for name, text in python("hang", toml, __init__=HANGS)["org_hang"].items():
        (package / name).write_text(text, "utf-8")
    code = f"""
from kadr_kernel.boot import boot
kernel = boot(environ={{"KADR_HOME": {str(tmp_path / "home")!r}}},
              overrides={{"plugins.folders": [{str(tmp_path / "plugins")!r}]}})
kernel.plugins._parts.endings._patience = 0.2
kernel.plugins.set_enabled("org.hang", True)
kernel.plugins.activate("org.hang")
kernel.catalogue.load("command", "hang")
kernel.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, timeout=60, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "plugin 'org.hang': closing Hangs did not end in 0.2 s and is left behind" in done.stderr


@pytest.mark.case("H77")
def test_settings_that_no_longer_fit(house: House, tmp_path: Path) -> None:
    """Whoever reads them is told all that is wrong; nobody else notices."""
    toml = '[config.size]\ntype = "int"\ndefault = 1\nmax = 9\n'
    settings(tmp_path, '[plugin."org.set"]\nsize = "huge"\nold = 3\n')
    film = house(**python("set", toml))
    film.enable("org.set")
    with pytest.raises(KadrError, match=r"settings of plugin 'org\.set' are wrong") as caught:
        _ = film.kernel.plugins._parts.contexts.of("org.set").config
    assert "size" in caught.value.hint
    assert "old" in caught.value.hint
    assert film.render(tmp_path / "o.mp4", seconds=1).frames == 25


@pytest.mark.case("H77")
def test_settings_are_not_written_anywhere(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A token among a plugin's settings: not in plan, report, journal, log, or any file but the settings."""
    guest(tmp_path, "quiet")
    settings(tmp_path, '[plugin."org.quiet"]\ntoken = "hunter2-hunter2"\n')
    film = house()
    film.enable("org.quiet")
    with caplog.at_level(0):
        report = film.render(tmp_path / "o.mp4", seconds=1, effects=[{"effect_type": "quiet"}])
    told = json.dumps(report.as_dict(), default=str) + caplog.text
    told += "".join(str(entry) for entry in film.kernel.events.journal() if "Config" not in entry.event.name)
    assert "hunter2" not in told
    holding = [
        path.relative_to(tmp_path).parts[:2]
        for path in tmp_path.rglob("*")
        if path.is_file() and b"hunter2" in path.read_bytes()
    ]
    assert set(holding) <= {("home", "config")}


TOUCHING = """
@hookimpl
def before_plan(project):
    seen.append("before_plan")
    for thing, name in ((project, "timeline"), (project.timeline, "fps"), (project.timeline, "tracks")):
        try:
            setattr(thing, name, None)
            seen.append("changed " + name)
        except Exception:
            pass

@hookimpl
def before_render(plan, output):
    for name in ("segments", "frames", "output"):
        try:
            setattr(plan, name, None)
            seen.append("changed " + name)
        except Exception:
            pass
    raise SystemExit(5)

@hookimpl
def after_render(plan, report):
    import atexit, threading
    atexit.register(seen.append, "late")
    raise RuntimeError("no")
"""


@pytest.mark.case("H78")
def test_a_hook_that_changes_what_is_not_its_own(house: House, tmp_path: Path) -> None:
    """What it is given is frozen; ``sys.exit`` and exceptions end its own call, and it is named."""
    film = house(**hooks("rude", TOUCHING))
    film.enable("org.rude")
    report = film.render(tmp_path / "o.mp4", seconds=1)
    seen = sys.modules["org_rude.hooks"].seen
    assert seen == ["before_plan"]
    assert report.frames == 25
    findings = [row for row in film.kernel.plugins.doctor() if row["plugin"] == "org.rude"]
    assert any("sys.exit(5)" in row["message"] for row in findings)
    assert not any(row["plugin"] != "org.rude" for row in findings)
    import atexit

    atexit.unregister(seen.append)


@pytest.mark.case("H79")
def test_a_hook_that_raises_takes_no_sibling_with_it(house: House, tmp_path: Path) -> None:
    good = "@hookimpl\ndef after_render(plan, report):\n    seen.append(report.frames)\n"
    bad = "@hookimpl\ndef after_render(plan, report):\n    raise LookupError('mine')\n"
    film = house(**hooks("first", good), **hooks("middle", bad), **hooks("third", good))
    for name in ("first", "middle", "third"):
        film.enable(f"org.{name}")
    film.render(tmp_path / "o.mp4", seconds=1)
    assert [sys.modules[f"org_{name}.hooks"].seen for name in ("first", "third")] == [[25], [25]]
    (finding,) = [row for row in film.kernel.plugins.doctor() if "hook after_render" in row["message"]]
    assert finding["plugin"] == "org.middle"


@pytest.mark.case("H80")
@pytest.mark.parametrize(("isolation", "count"), [("in_process", 30), ("process", 4)])
def test_activate_render_stop_leaves_nothing_behind(
    script: Callable[[str], ModuleType], tmp_path: Path, isolation: str, count: int
) -> None:
    """The first of the 10,000 cycles of ``cycles.py``."""
    module = script("cycles")
    cycles = module.cycling(tmp_path, isolation)
    for _ in range(count // 2):
        next(cycles)
    before = module.standing()
    for _ in range(count // 2):
        next(cycles)
    after = module.standing()
    cycles.close()
    assert after[0] <= before[0], "threads"
    assert after[1] <= before[1], "descriptors"
    assert after[2] - before[2] < 16 << 10, "KiB"


# -- and everything after ------------------------------------------------------------------------


@pytest.mark.case("H80")
@pytest.mark.parametrize("isolation", ["in_process", "process"])
def test_after_any_guest_the_next_plugin_is_not_blamed(house: House, tmp_path: Path, isolation: str) -> None:
    """Guests that trap, loop, overflow and lie, one render each; each time a good one after it."""
    bodies = {
        "trap": "(unreachable)",
        "loop": "(loop $l (br $l))",
        "divide": "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
        "outside": "(drop (i32.load (i32.const -4)))",
        "status": "(return (i32.const 5))",
        "greedy": "(drop (memory.grow (i32.const 65000)))",
    }
    for name, body in bodies.items():
        guest(tmp_path, name, body)
    guest(tmp_path, "good")
    film = house()
    film.kernel.config.set("sandbox.isolation", isolation)
    film.kernel.config.set("sandbox.level", "minimal")
    film.enable("org.good")
    one = isolation == "process"
    for name in list(bodies)[:3] if one else bodies:
        film.enable(f"org.{name}")
        if name in ("loop",) and one:
            continue
        output = tmp_path / f"{name}.mp4"
        if name != "greedy":
            with pytest.raises(RenderError) as caught:
                film.render(output, seconds=1, effects=[{"effect_type": name}], workers=1)
            assert caught.value.data["plugin"] == f"org.{name}"
            assert not output.exists()
        film.render(
            output, seconds=1, effects=[{"effect_type": "good"}], workers=1, cache=False, overwrite=True
        )
        row = film.kernel.runtime.counters()["org.good/org.good.fill"]
        assert not any(row[key] for key in ("traps", "crashes", "deadlines", "violations", "replaced"))
        assert {int(frame.max()) for frame in read_output(output).frames} == {9}


def test_a_project_with_a_plugin_that_is_not_taken_says_which(house: House, tmp_path: Path) -> None:
    guest(tmp_path, "bad")
    film = house()
    film.enable("org.bad")
    path = tmp_path / "plugins" / "org_bad" / "org_bad" / "g.wasm"
    path.write_bytes(path.read_bytes()[:-3])
    clip = {"id": "a", "source_file": "a.mem", "duration": 1, "effects": [{"effect_type": "bad"}]}
    timeline = {"fps": 25, "resolution": [64, 36], "tracks": [{"id": "v", "clips": [clip]}]}
    with pytest.raises((ValidationError, PluginError), match=r"org\.bad is not taken"):
        film.kernel.container.get(Renderer).render(
            parse_project({"timeline": timeline}), tmp_path, RenderRequest(output=tmp_path / "o.mp4")
        )
