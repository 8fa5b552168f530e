"""Processes that make segments: crashes, errors, cancelling, pausing."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.render.teams import Processes, Threads
from kadr_sdk.color import BT709
from kadr_sdk.errors import CancelledError, DependencyMissingError, MediaFileError, Problem, RenderError
from kadr_sdk.execution import Crew, PartDone, PartTask
from kadr_sdk.output import Output
from kadr_sdk.plan import Segment

HOUSES = """
import os, time
from dataclasses import dataclass
from pathlib import Path
from kadr_sdk.errors import DependencyMissingError, MediaFileError, Problem
from kadr_sdk.execution import PartDone

@dataclass
class Recipe:
    kind: str
    folder: str
    versions: dict
    def open(self):
        if self.kind == "other versions":
            raise DependencyMissingError("this worker would not make the same bytes: x: 1 here, 2 wanted")
        return House(self)

class House:
    def __init__(self, recipe):
        self.recipe = recipe
    def run(self, task, advance):
        kind, folder = self.recipe.kind, Path(self.recipe.folder)
        print("a library that prints to the standard output does no harm")
        tried = folder / f"tried-{task.segment.index}"
        with tried.open("a") as file:
            file.write("x")
        if kind == "crash" or (kind == "crash once" and tried.stat().st_size < 2):
            os.write(2, b"about to end\\n")
            os._exit(7)
        if kind == "error":
            raise MediaFileError("is damaged", path="a.mp4", hint="repair it")
        for _ in range(3 if kind != "endless" else 10**9):
            advance(1)
            time.sleep(0.01)
        task.paths[0].write_bytes(b"part")
        return PartDone((f"digest {task.segment.index} {os.getpid()}",), (Problem("", "odd"),))
    def close(self):
        (Path(self.recipe.folder) / "closed").touch()
"""


class Context:
    """Counts, remembers warnings, and can be told to stop or to wait."""

    def __init__(self) -> None:
        self.frames, self.warned = 0, list[str]()
        self.stop, self.go = threading.Event(), threading.Event()
        self.go.set()

    def check(self) -> None:
        self.go.wait()
        if self.stop.is_set():
            raise CancelledError("stop")

    def advance(self, amount: int) -> None:
        self.frames += amount

    def effect(self, kind: str, name: str) -> Any:
        raise AssertionError("nothing here has effects")

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        self.warned.append(message)


@pytest.fixture
def crew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "kadr_test_houses.py").write_text(HOUSES)
    monkeypatch.syspath_prepend(str(tmp_path))
    houses = importlib.import_module("kadr_test_houses")

    def make(kind: str, here: Any = None) -> Crew:
        recipe = houses.Recipe(kind, str(tmp_path), {})
        return Crew(2, lambda: recipe, here, lambda _task: nullcontext())

    yield make
    monkeypatch.delitem(__import__("sys").modules, "kadr_test_houses")


def task(tmp_path: Path, index: int = 0) -> PartTask:
    output = Output("mp4", "mp4", None, None)
    return PartTask("job", Segment(index, 0, 3, ()), (output,), (tmp_path / f"{index}.part",))


def test_threads_make_it_here(crew: Any, tmp_path: Path) -> None:
    team = Threads().open(crew("", lambda one, _context: PartDone((f"made {one.segment.index}",))))
    assert (team.slots, team.run(task(tmp_path, 4), Context())) == (2, PartDone(("made 4",)))
    team.close()


def test_a_process_is_kept_for_the_next_task(crew: Any, tmp_path: Path) -> None:
    context = Context()
    with closing(Processes().open(crew("good"))) as team:
        first, second = (team.run(task(tmp_path, n), context) for n in (0, 1))
    assert first.digests[0].split()[2] == second.digests[0].split()[2]
    assert (tmp_path / "1.part").read_bytes() == b"part"
    assert (context.frames, context.warned, first.warnings) == (6, ["odd", "odd"], (Problem("", "odd"),))


def test_a_crash_costs_the_work_of_one_segment(crew: Any, tmp_path: Path) -> None:
    with closing(Processes().open(crew("crash once"))) as team:
        assert team.run(task(tmp_path), Context()).digests[0].startswith("digest 0")
    assert (tmp_path / "tried-0").read_text() == "xx"


def test_what_always_crashes_is_named(crew: Any, tmp_path: Path) -> None:
    with closing(Processes().open(crew("crash"))) as team, pytest.raises(RenderError) as caught:
        team.run(task(tmp_path, 5), Context())
    assert "segment 5 ended 3 processes that worked on it" in str(caught.value)
    assert "ended with code 7: about to end" in str(caught.value)
    assert "--executor threads" in caught.value.hint


def test_errors_come_back_whole(crew: Any, tmp_path: Path) -> None:
    with closing(Processes().open(crew("error"))) as team, pytest.raises(MediaFileError) as caught:
        team.run(task(tmp_path), Context())
    assert (caught.value.path, caught.value.hint) == ("a.mp4", "repair it")
    other = Processes().open(crew("other versions"))
    with closing(other) as team, pytest.raises(DependencyMissingError, match="1 here, 2 wanted"):
        team.run(task(tmp_path), Context())


def test_cancelling_and_pausing_reach_the_process(crew: Any, tmp_path: Path) -> None:
    context, ended = Context(), list[BaseException]()
    team = Processes().open(crew("endless"))

    def work() -> None:
        try:
            team.run(task(tmp_path), context)
        except BaseException as error:  # noqa: BLE001 - looked at below
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    _until(lambda: context.frames > 3)
    context.go.clear()
    _until(lambda: _still(context))
    context.stop.set()
    context.go.set()
    thread.join(20)
    assert [type(error) for error in ended] == [CancelledError]
    team.close()


def _still(context: Context) -> bool:
    before = context.frames
    time.sleep(0.15)
    return context.frames == before


def _until(condition: Any) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_colour_is_picklable_with_the_task(tmp_path: Path) -> None:
    import pickle

    assert pickle.loads(pickle.dumps((task(tmp_path), BT709)))[1] == BT709
