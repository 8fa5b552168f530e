"""The runner as a process of its own: killed, stopped, and asked by others."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_sdk.jobs import Jobs
from kadr_sdk.rendering import ProjectStore, Renderer, RenderRequest

PROGRAM = [sys.executable, "-c", "import sys; from kadr_kernel.boot import main; sys.exit(main())"]
HANG = 60.0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Six clips, each a segment of a length of its own: equal ones would be made once."""
    clips: list[dict[str, Any]] = []
    start = 0
    for frames in range(75, 81):
        times = {"start_time": f"{start}/25", "duration": f"{frames}/25"}
        clips.append({"id": f"c{frames}", "generator": {"type": "test_card"}, **times})
        start += frames
    timeline = {
        "fps": 25,
        "resolution": [960, 540],
        "tracks": [{"id": "v", "type": "video", "clips": clips}],
    }
    export = {"video": {"codec": "h264", "crf": 30, "preset": "ultrafast"}}
    document = {"metadata": {"id": "film"}, "timeline": timeline, "export": export}
    path = tmp_path / "film.tlp"
    path.write_text(json.dumps(document), "utf-8")
    return path


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Any]:
    """Another process than the runner's: this one."""
    with boot(environ={"KADR_HOME": str(tmp_path / "home")}) as kernel:
        yield kernel


@pytest.fixture
def jobs(home: Any, project: Path, tmp_path: Path) -> Jobs:
    """A queue with one job."""
    found: Jobs = home.container.get(Jobs)
    found.submit(project, [RenderRequest(tmp_path / "film.mp4", workers=1)])
    return found


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        environ = os.environ | {"KADR_HOME": str(tmp_path / "home")}
        process = subprocess.Popen([*PROGRAM, "jobs", "run"], env=environ, stdout=subprocess.DEVNULL)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def segments(home: Path) -> int:
    return len(list((home / "data" / "plugins" / "kadr.cache" / "blobs").glob("*/*")))


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + HANG
    while not true():
        assert time.monotonic() < end, "it hangs"
        time.sleep(0.02)


def test_a_killed_runner_loses_nothing(
    project: Path, home: Any, jobs: Jobs, runner: Any, tmp_path: Path
) -> None:
    output = tmp_path / "film.mp4"
    first = runner()
    until(lambda: segments(tmp_path / "home") >= 2)
    first.kill()
    first.wait()
    job = jobs.get(1)
    assert (job.state, job.crashes, output.exists()) == ("queued", 1, False)
    assert home.catalogue.load("command", "jobs")(home, ["run", "--until-empty"]) == 0
    job = jobs.get(1)
    assert job.state == "done"
    assert job.results[0]["reused"] >= 2
    whole = RenderRequest(tmp_path / "whole.mp4", cache=False)
    document = home.container.get(ProjectStore).open(project)
    report = home.container.get(Renderer).render(document, tmp_path, whole)
    assert report.digest == job.results[0]["digest"] == hashlib.sha256(output.read_bytes()).hexdigest()


def test_asked_from_another_process(jobs: Jobs, runner: Any, tmp_path: Path) -> None:
    process = runner()
    until(lambda: segments(tmp_path / "home") >= 1)
    jobs.pause(1)
    until(lambda: jobs.get(1).state == "paused")
    jobs.resume(1)
    until(lambda: jobs.get(1).state == "running")
    jobs.cancel(1)
    until(lambda: jobs.get(1).state == "cancelled")
    assert process.poll() is None, "the runner waits for more"
    assert not list(tmp_path.glob("*.mp4*"))
    assert not list((tmp_path / "home" / "cache" / "jobs").iterdir())


@pytest.mark.skipif(os.name == "nt", reason="a process is not asked to end there, but ended")
def test_a_runner_that_is_asked_to_end(jobs: Jobs, runner: Any, tmp_path: Path) -> None:
    process = runner()
    until(lambda: segments(tmp_path / "home") >= 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(HANG) == 130
    job = jobs.get(1)
    assert (job.state, job.crashes) == ("queued", 0)
    assert not list(tmp_path.glob("*.mp4*"))
