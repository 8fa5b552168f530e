"""Real renders on the workers of a scheduler."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kadr_dask import line, team
from kadr_kernel.worker import versions_of
from kadr_sdk.errors import (
    CancelledError,
    ConfigError,
    DependencyMissingError,
    RenderError,
    TimeoutExceededError,
)
from kadr_sdk.events import RenderProgressed
from kadr_sdk.execution import relocated
from kadr_sdk.plan import segment_paths
from kadr_sdk.project import Project, parse_project
from kadr_sdk.rendering import Renderer, RenderRequest

pytestmark = pytest.mark.filterwarnings("default")  # those of the library are its own
distributed = pytest.importorskip("distributed")


def cluster_of(workers: int) -> Any:
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address=None,
        host="127.0.0.1",
        silence_logs=50,
        memory_limit=0,
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with cluster_of(2) as running:
        yield running


@pytest.fixture
def film(movie: Callable[..., Path]) -> Callable[..., Project]:
    """Clips of 3 s, each a segment, with an effect in Python."""
    source = movie("executors.mp4", 250)

    def make(count: int, size: Any = (320, 180), effects: Any = ({"effect_type": "pixelate"},)) -> Project:
        clips = [
            {
                "id": f"c{n}",
                "source_file": str(source),
                "start_time": 3 * n,
                "source_start": n % 6,
                "duration": 3,
                "effects": list(effects),
            }
            for n in range(count)
        ]
        export = {"video": {"codec": "h264", "crf": 30, "preset": "ultrafast"}}
        timeline = {"fps": 25, "resolution": list(size), "tracks": [{"id": "v", "clips": clips}]}
        return parse_project({"timeline": timeline, "export": export})

    return make


@pytest.fixture
def render(kernel: Any, tmp_path: Path) -> Callable[..., Any]:
    def run(project: Project, control: Any = None, **request: Any) -> Any:
        given = {"output": tmp_path / "out.mp4", "overwrite": True, "cache": False} | request
        return kernel.container.get(Renderer).render(project, tmp_path, RenderRequest(**given), control)

    return run


def once(kernel: Any, act: Callable[[], object]) -> Any:
    """Do it when the render has made its first frames."""
    done = threading.Event()

    def see(event: RenderProgressed) -> None:
        if event.done > 0 and not done.is_set():
            done.set()
            act()

    return kernel.events.subscribe(RenderProgressed, see)


def test_the_same_bytes_and_every_frame_is_told_of(cluster: Any, render: Any, film: Any, kernel: Any) -> None:
    told: list[int] = []
    token = kernel.events.subscribe(RenderProgressed, lambda event: told.append(event.done))
    there = render(film(3), executor="dask", address=cluster.scheduler_address)
    token.cancel()
    assert there.digest == render(film(3)).digest
    assert (max(told), there.segments) == (225, 3)


def test_cheap_segments_go_in_chunks_and_make_the_same_bytes(
    cluster: Any, render: Any, film: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    class Noted(team.DaskTeam):
        def _submit(self, chunk: Any, **where: Any) -> None:
            sizes.append(len(chunk.pieces))
            super()._submit(chunk, **where)

    monkeypatch.setattr(team, "DaskTeam", Noted)
    monkeypatch.setattr(line, "_CHUNK", 1e9)  # seconds: however slow this machine is now
    cheap = film(20, size=(64, 36), effects=[])
    there = render(cheap, executor="dask", address=cluster.scheduler_address)
    assert there.digest == render(cheap).digest
    assert sum(sizes) == there.segments == 20
    assert max(sizes) > 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_worker_costs_its_segments(cluster: Any, render: Any, film: Any, kernel: Any) -> None:
    pids = cluster.scheduler.workers
    with distributed.Client(cluster, set_as_default=False) as client:
        pids = list(client.run(os.getpid).values())
    token = once(kernel, lambda: os.kill(pids[0], signal.SIGKILL))
    there = render(film(6), executor="dask", address=cluster.scheduler_address)
    token.cancel()
    assert there.digest == render(film(6)).digest


def test_cancelling_ends_the_work(cluster: Any, render: Any, film: Any, kernel: Any) -> None:
    control = kernel.container.get(Renderer).control()
    token = once(kernel, control.cancel)
    with pytest.raises(CancelledError):
        render(film(30), control, executor="dask", address=cluster.scheduler_address)
    token.cancel()
    end = time.monotonic() + 30
    with distributed.Client(cluster, set_as_default=False) as client:
        while any(client.processing().values()):
            assert time.monotonic() < end
            time.sleep(0.05)


def test_a_worker_with_other_versions_is_named(
    cluster: Any, render: Any, film: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(running: Any, *, portable: bool) -> dict[str, str]:
        return versions_of(running, portable=portable) | {"library libx264": "1"}

    monkeypatch.setattr("kadr_kernel.worker.versions_of", other)
    with pytest.raises(DependencyMissingError, match=r"tcp://127.*library libx264: \S+ here, 1 wanted"):
        render(film(1), executor="dask", address=cluster.scheduler_address)


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and a worker as programs: the address, and both."""
    file = tmp_path / "scheduler.json"
    begin = [sys.executable, "-m"]
    where = ["--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard"]
    commands = [
        [*begin, "distributed.cli.dask_scheduler", *where, "--port", "0"],
        [*begin, "distributed.cli.dask_worker", *where, "--nthreads", "1", "--no-nanny"],
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    running = [subprocess.Popen(command, **quiet) for command in commands]  # type: ignore[call-overload]  # of one table
    try:
        end = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=60)
        yield address, running
    finally:
        for program in running:
            program.kill()
            program.wait()


def test_a_lost_scheduler_is_one_clear_error(
    programs: Any,
    render: Any,
    film: Any,
    kernel: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    address, running = programs
    token = once(kernel, running[0].kill)
    with pytest.raises(RenderError, match="the scheduler or its workers are gone") as caught:
        render(film(30), executor="dask", address=address)
    token.cancel()
    assert "finished segments are in the cache" in caught.value.hint
    assert not list(tmp_path.glob("out*"))
    assert "distributed.client" not in {record.name for record in caplog.records}


def test_no_scheduler_no_library(render: Any, film: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kadr_dask.executor._PATIENCE", 0.5)
    with pytest.raises(TimeoutExceededError, match=r"no scheduler answers at tcp:..127\.0\.0\.1:9") as caught:
        render(film(1), executor="dask", address="tcp://127.0.0.1:9")
    assert "dask scheduler" in caught.value.hint
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DependencyMissingError, match="which is not installed") as missing:
        render(film(1), executor="dask")
    assert 'pip install "kadr[dask]"' in missing.value.hint


def test_what_is_cached_needs_no_scheduler(render: Any, film: Any) -> None:
    first = render(film(2), cache=True)
    again = render(film(2), cache=True, executor="dask", address="tcp://127.0.0.1:9")
    assert (again.reused, again.digest) == (2, first.digest)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("foo://x:1", r"unknown address scheme 'foo'"),
        ("tcp://", "missing port number"),
        ("tls://127.0.0.1:9", "TLS expects"),
    ],
)
def test_what_is_no_address_is_said_at_once(render: Any, film: Any, address: str, words: str) -> None:
    with pytest.raises(TimeoutExceededError, match=rf"no scheduler answers at {address}: .*{words}"):
        render(film(1), executor="dask", address=address)


def test_the_address_of_a_worker_is_none_of_a_scheduler(cluster: Any, render: Any, film: Any) -> None:
    worker = next(iter(cluster.scheduler.workers))
    with pytest.raises(ConfigError, match=f"what answers at {worker} is no scheduler: Worker"):
        render(film(1), executor="dask", address=worker)


def test_media_can_lie_elsewhere_on_a_worker(kernel: Any, film: Any, tmp_path: Path) -> None:
    plan = kernel.container.get(Renderer).plan(film(1), tmp_path, RenderRequest(output=tmp_path / "o.mp4"))
    (segment,) = plan.segments
    (path,) = segment_paths(segment)
    moved = relocated(segment, {path: "/elsewhere.mp4"})
    assert segment_paths(moved) == {"/elsewhere.mp4"}
    assert relocated(moved, {"/elsewhere.mp4": path}) == segment
