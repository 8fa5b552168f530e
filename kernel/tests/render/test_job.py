"""A job in flight: pause, resume and cancel from other threads; progress that does not flood."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.render.job import JobContext, JobControl, Progress
from kadr_sdk.errors import CancelledError, Problem
from kadr_sdk.events import Event, RenderProgressed, WarningRaised
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest


class Worker(threading.Thread):
    """Counts while it may."""

    def __init__(self, control: JobControl) -> None:
        super().__init__(daemon=True)
        self.control = control
        self.count = 0
        self.stopped = False

    def run(self) -> None:
        try:
            while True:
                self.control.check()
                self.count += 1
                time.sleep(0.0005)
        except CancelledError:
            self.stopped = True


def eventually(condition: Callable[[], bool]) -> bool:
    """True as soon as it is: a busy machine makes this slow, never wrong."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.002)
    return False


def holds(count: Callable[[], int]) -> bool:
    """True once it has stopped growing: a step that was in flight may still end."""

    def still() -> bool:
        before = count()
        time.sleep(0.05)
        return count() == before

    return eventually(still)


def goes_on(count: Callable[[], int]) -> bool:
    before = count()
    return eventually(lambda: count() > before)


class TestControl:
    def test_pause_holds_and_resume_goes_on(self) -> None:
        control = JobControl()
        workers = [Worker(control) for _ in range(4)]
        for worker in workers:
            worker.start()
        assert all(goes_on(lambda w=w: w.count) for w in workers)  # type: ignore[misc] # bound now
        control.pause()
        assert all(holds(lambda w=w: w.count) for w in workers)  # type: ignore[misc] # bound now
        control.resume()
        assert all(goes_on(lambda w=w: w.count) for w in workers)  # type: ignore[misc] # bound now
        control.cancel()
        for worker in workers:
            worker.join(10)
        assert all(w.stopped for w in workers)

    def test_cancel_wakes_those_who_wait(self) -> None:
        control = JobControl()
        control.pause()
        worker = Worker(control)
        worker.start()
        assert holds(lambda: worker.count)
        control.cancel()
        worker.join(10)
        assert worker.stopped
        assert control.cancelled

    def test_a_cancelled_job_cannot_be_paused(self) -> None:
        control = JobControl()
        control.cancel()
        control.pause()
        with pytest.raises(CancelledError, match="the render was cancelled"):
            control.check()

    def test_pausing_and_cancelling_at_once_never_hangs(self) -> None:
        for _ in range(60):
            control = JobControl()
            barrier = threading.Barrier(3)
            done: list[str] = []

            def work(what: Any, barrier: threading.Barrier = barrier, done: list[str] = done) -> None:
                barrier.wait()
                try:
                    what()
                except CancelledError:
                    done.append("cancelled")

            def wait(control: JobControl = control) -> None:
                while True:
                    control.check()

            threads = [threading.Thread(target=work, args=(w,), daemon=True)
                       for w in (control.pause, control.cancel, wait)]  # fmt: skip
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(10)
            assert done == ["cancelled"]


class TestProgress:
    def test_at_most_ten_a_second_from_many_threads(self) -> None:
        events: list[RenderProgressed] = []
        progress = Progress("j", 10**9, 25.0, events.append)  # type: ignore[arg-type] # all are of that kind
        began = time.monotonic()

        def work() -> None:
            while time.monotonic() - began < 0.45:
                progress.advance(1)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed = time.monotonic() - began
        assert 1 <= len(events) <= elapsed * 10 + 1

    def test_nothing_is_lost_and_the_last_is_told(self) -> None:
        events: list[Event] = []
        progress = Progress("j", 8000, 25.0, events.append)
        threads = [
            threading.Thread(target=lambda: [progress.advance(1) for _ in range(1000)]) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        last = events[-1]
        assert isinstance(last, RenderProgressed)
        assert (last.done, last.total, last.left) == (8000, 8000, 0.0)

    def test_speed_and_time_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = [100.0]
        monkeypatch.setattr("kadr_kernel.render.job.time.monotonic", lambda: now[0])
        events: list[Event] = []
        progress = Progress("j", 1000, 25.0, events.append, "audio")
        now[0] = 102.0
        progress.advance(100)
        (event,) = events
        assert event == RenderProgressed("j", 100, 1000, 50.0, 2.0, 18.0, "audio")

    def test_a_subscriber_may_ask_for_more(self) -> None:
        """Events are published outside the lock."""
        seen: list[int] = []

        def publish(event: Event) -> None:
            assert isinstance(event, RenderProgressed)
            seen.append(event.done)
            if event.done < 3:
                progress.advance(1)

        progress = Progress("j", 1, 25.0, publish)
        progress.advance(1)
        assert seen == [1, 2, 3]


class TestContext:
    def context(self, events: list[Event]) -> JobContext:
        class NoCatalogue:
            pass

        return JobContext(JobControl(), NoCatalogue(), events.append)  # type: ignore[arg-type] # not asked

    def test_a_warning_is_told_once(self) -> None:
        events: list[Event] = []
        context = self.context(events)
        for _ in range(3):
            context.warn("held a frame", "a.mp4", "check the file")
        context.warn("held a frame", "b.mp4")
        assert events == [
            WarningRaised("held a frame", "a.mp4", "check the file"),
            WarningRaised("held a frame", "b.mp4"),
        ]
        assert context.warnings == (
            Problem("a.mp4", "held a frame", "check the file"),
            Problem("b.mp4", "held a frame"),
        )

    def test_without_progress_counting_is_nothing(self) -> None:
        self.context([]).advance(5)


def test_a_render_is_paused_resumed_and_cancelled_within_a_frame(rig: Any, media: Path) -> None:
    """Through the whole renderer: progress stands still while paused, and nothing is left behind."""
    clip = {"id": "a", "source_file": "a.mem", "duration": 20}
    edit = parse_project(
        {"timeline": {"fps": 25, "resolution": [64, 36], "tracks": [{"id": "v", "clips": [clip]}]}}
    )
    control = rig.renderer.control()
    started = threading.Event()
    steps: list[int] = []
    original = rig.backend.encode

    class Slow:
        """The context with a look at each frame."""

        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def check(self) -> None:
            self.inner.check()
            steps.append(1)
            started.set()
            time.sleep(0.001)

    rig.backend.encode = lambda segment, output, sink, context: original(segment, output, sink, Slow(context))
    failure: list[BaseException] = []

    def run() -> None:
        try:
            rig.renderer.render(edit, media, RenderRequest(media / "out.mp4", workers=2), control)
        except CancelledError as error:
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(10)
    control.pause()
    assert holds(lambda: len(steps))
    control.resume()
    assert goes_on(lambda: len(steps))
    control.cancel()
    after = len(steps)
    thread.join(10)
    assert len(failure) == 1
    assert len(steps) - after <= 2
    assert not [p.name for p in media.iterdir() if "out" in p.name]
