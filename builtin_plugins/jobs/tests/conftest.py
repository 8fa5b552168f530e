"""Queues on a folder, as several processes would have them, and a renderer that does as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kadr_jobs.queue import Queue
from kadr_jobs.runner import Runner
from kadr_kernel.events import Bus
from kadr_kernel.pools import Scheduler as Pools
from kadr_sdk.errors import CancelledError, InvalidPathError
from kadr_sdk.events import JobStateChanged, RenderProgressed, RenderStarted
from kadr_sdk.jobs import Job
from kadr_sdk.rendering import ProjectStore, Renderer, RenderRequest
from kadr_sdk.reports import RenderReport
from kadr_sdk.services import EventBus, Scheduler


class Projects:
    """Opens whatever is there."""

    def open(self, path: Path) -> Any:
        if not path.is_file():
            raise InvalidPathError("there is no such project file", path=path)
        return SimpleNamespace(path=path)


class Control:
    def __init__(self) -> None:
        self.cancelled = threading.Event()

    def cancel(self) -> None:
        self.cancelled.set()


class FakeRenderer:
    """Writes the project's text into the output; ``wait`` in it: until it is cancelled or let go.

    Attributes:
        began: names of outputs, in the order in which their renders began.
        go: lets waiting renders finish.
        most: how many were at work at once.
    """

    def __init__(self, events: Bus) -> None:
        self.events = events
        self.began: list[str] = []
        self.go = threading.Event()
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self.entered = threading.Semaphore(0)

    def control(self) -> Control:
        return Control()

    def render(self, project: Any, base: Path, request: RenderRequest, control: Control) -> RenderReport:
        assert request.output is not None
        with self._lock:
            self.began.append(request.output.name)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            return self._render(project.path.read_text("utf-8"), request.output, control)
        finally:
            with self._lock:
                self._now -= 1

    def _render(self, text: str, output: Path, control: Control) -> RenderReport:
        name = f"render-{output.name}"
        self.events.publish(RenderStarted(name, "p", str(output), 10, 1))
        self.events.publish(RenderProgressed(name, 5, 10, 1.0, 1.0, 1.0))
        self.entered.release()
        if "bad" in text:
            raise InvalidPathError("cannot be", path=output, hint="do otherwise")
        if "defect" in text:
            raise ZeroDivisionError("oh")
        while "wait" in text and not self.go.is_set():
            if control.cancelled.wait(0.01):
                raise CancelledError("the render was cancelled")
        output.write_text(text, "utf-8")
        return RenderReport("j", str(output), 10, 1.0, len(text), 0.1, 1, 2, "d" * 64, "p", reused=1)

    def render_all(
        self, project: Any, base: Path, requests: Sequence[RenderRequest], control: Control
    ) -> tuple[RenderReport, ...]:
        return tuple(self.render(project, base, request, control) for request in requests)


@dataclass
class Office:
    """A folder with projects and a queue.

    Attributes:
        changes: of states, as events told them.
    """

    folder: Path
    bus: Bus
    now: float = 1_700_000_000.0
    changes: list[tuple[int, str, str]] = field(default_factory=list)
    opened: list[Queue] = field(default_factory=list)

    def open(self) -> Queue:
        """The queue, as one more process sees it."""
        folder = self.folder / "queue"
        folder.mkdir(exist_ok=True)
        found = Queue(folder, Projects(), lambda: self.now, self.bus.publish)  # type: ignore[arg-type]  # opens only
        self.opened.append(found)
        return found

    def project(self, text: str = "film", name: str = "film.tlp") -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def submit(self, queue: Queue, output: str, text: str = "film", priority: int = 0) -> Job:
        project = self.project(text, f"{output}.tlp")
        return queue.submit(project, [RenderRequest(self.folder / output)], priority)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    bus = Bus()
    found = Office(tmp_path, bus)
    bus.subscribe(JobStateChanged, lambda e: found.changes.append((e.job, e.before, e.state)))
    yield found
    for queue in found.opened:
        queue.close()
    bus.close()


@pytest.fixture
def renderer(office: Office) -> FakeRenderer:
    return FakeRenderer(office.bus)


@pytest.fixture
def runner(office: Office, renderer: FakeRenderer) -> Iterator[Callable[..., Runner]]:
    pools = Pools(cpu_count=2)
    services: dict[Any, Any] = {
        Renderer: renderer, ProjectStore: Projects(), Scheduler: pools, EventBus: office.bus
    }  # fmt: skip
    container: Any = SimpleNamespace(get=services.__getitem__)
    yield lambda queue, parallel=1: Runner(queue, container, parallel)
    renderer.go.set()
    pools.close()
