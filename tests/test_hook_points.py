"""Every hook where the kernel calls it: what it is given, and what its answer does."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_sdk.errors import KadrError, ValidationError
from kadr_sdk.events import RenderStarted, WarningRaised
from kadr_sdk.plan import RenderPlan
from kadr_sdk.project import Project
from kadr_sdk.rendering import Renderer, RenderRequest
from kadr_sdk.reports import RenderReport

MANIFEST = """
manifest = 1
[plugin]
id = "test.hooks"
version = "1.0"
[hooks]
entry = "test_hooks.hooks"
[[contributes.command]]
id = "greet"
entry = "test_hooks.hooks:greet"
"""
START = """
from kadr_sdk.errors import InputError
from kadr_sdk.hooks import hookimpl

calls = []

def greet(kernel, argv):
    calls.append(("greet", list(argv)))
    return 3
"""


@pytest.fixture
def hooked(house: Callable[..., Any]) -> Callable[[str], Any]:
    """A house with a plugin whose hook module holds the code."""

    def start(code: str) -> Any:
        files = {"plugin.toml": MANIFEST, "hooks.py": START + textwrap.dedent(code)}
        found = house(test_hooks=files)
        found.enable("test.hooks")
        return found

    return start


def calls() -> list[Any]:
    return list(sys.modules["test_hooks.hooks"].calls)


def refusing(hook: str, arguments: str) -> str:
    return f"""
        @hookimpl
        def {hook}({arguments}):
            calls.append(({arguments}))
            raise InputError("not on a Sunday", hint="come back on Monday")
    """


def test_hook_before_plan_sees_the_project_and_may_refuse(
    hooked: Callable[[str], Any], tmp_path: Path
) -> None:
    film = hooked(refusing("before_plan", "project"))
    with pytest.raises(KadrError, match=r"not on a Sunday \(come back on Monday\)"):
        film.render(tmp_path / "out.mp4")
    (project,) = calls()
    assert isinstance(project, Project)
    assert project.timeline.tracks[0].clips[0].source_file == "a.mem"
    assert not (tmp_path / "out.mp4").exists()


def test_hook_before_render_sees_plan_and_target_and_may_refuse(
    hooked: Callable[[str], Any], tmp_path: Path
) -> None:
    film = hooked(refusing("before_render", "plan, output"))
    with pytest.raises(KadrError, match="not on a Sunday"):
        film.render(tmp_path / "out.mp4")
    ((plan, output),) = calls()
    assert isinstance(plan, RenderPlan)
    assert (plan.frames, output) == (100, tmp_path / "out.mp4")
    assert [p.name for p in tmp_path.glob("*out*")] == []
    assert not [e for e in film.kernel.events.journal() if isinstance(e.event, RenderStarted)]


def test_hook_choose_encoder_decides(hooked: Callable[[str], Any]) -> None:
    film = hooked("""
        @hookimpl
        def choose_encoder(codec, available):
            calls.append((codec, available))
            return available[-1] if codec == "h264" else None
    """)
    plan = planned(film)
    assert calls() == [("h264", ("raw",)), ("aac", ("raw",))]
    assert plan.output.video is not None
    assert plan.output.video.encoder == "raw"


def test_hook_choose_encoder_with_an_encoder_that_is_not_there(hooked: Callable[[str], Any]) -> None:
    film = hooked("""
        @hookimpl
        def choose_encoder(codec):
            return "rav" if codec == "h264" else None
    """)
    with pytest.raises(ValidationError) as caught:
        planned(film)
    (problem,) = caught.value.problems
    assert problem.path == "export.video.codec"
    assert problem.message == "a plugin chose 'rav' to make h264, which the backend does not have"
    assert problem.hint == "did you mean 'raw'?"


@pytest.mark.parametrize(("answer", "workers"), [("2", 2), ("None", 1), ("0", 1), ("'many'", 1)])
def test_hook_choose_workers_decides_or_leaves_it(
    hooked: Callable[[str], Any], tmp_path: Path, answer: str, workers: int
) -> None:
    film = hooked(f"""
        @hookimpl
        def choose_workers(plan, suggested):
            calls.append((len(plan.segments), suggested))
            return {answer}
    """)
    report = film.render(tmp_path / "out.mp4", seconds=16, workers=1)
    ((segments, suggested),) = calls()
    assert segments >= 2
    assert suggested == 1
    assert report.workers == workers


def test_hook_after_render_sees_the_report_of_a_finished_file(
    hooked: Callable[[str], Any], tmp_path: Path
) -> None:
    film = hooked("""
        from pathlib import Path
        @hookimpl
        def after_render(plan, report):
            calls.append((plan, report, Path(report.output).is_file()))
    """)
    returned = film.render(tmp_path / "out.mp4")
    ((plan, report, exists),) = calls()
    assert exists
    assert isinstance(report, RenderReport)
    assert report == returned
    assert report.plan == plan.hash


def test_hook_after_render_that_fails_spoils_nothing(hooked: Callable[[str], Any], tmp_path: Path) -> None:
    film = hooked("""
        @hookimpl
        def after_render(report):
            raise ZeroDivisionError("oops")
    """)
    film.render(tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").is_file()
    warnings = [e.event.message for e in film.kernel.events.journal() if isinstance(e.event, WarningRaised)]
    assert any("test.hooks" in text and "after_render" in text for text in warnings)


def test_hook_before_command_sees_the_arguments_and_may_refuse(hooked: Callable[[str], Any]) -> None:
    film = hooked("""
        @hookimpl
        def before_command(plugin, command, args):
            calls.append((plugin, command, args))
            if args.get("name") == "nobody":
                raise InputError("there is nobody to greet")
    """)
    execute = film.kernel.plugins.execute_command
    assert execute("test.hooks", "greet", {"name": "Ann"}) == 3
    assert calls() == [("test.hooks", "greet", {"name": "Ann"}), ("greet", ["--name=Ann"])]
    with pytest.raises(KadrError, match="nobody to greet"):
        execute("test.hooks", "greet", {"name": "nobody"})
    assert len(calls()) == 3


def planned(film: Any) -> RenderPlan:
    from kadr_sdk.project import parse_project

    clip = {"id": "a", "source_file": "a.mem", "duration": 4}
    timeline = {"fps": 25, "resolution": [64, 36], "tracks": [{"id": "v", "clips": [clip]}]}
    renderer: Renderer = film.kernel.container.get(Renderer)
    request = RenderRequest(output=film.folder / "out.mp4")
    return renderer.plan(parse_project({"timeline": timeline}), film.folder, request)
