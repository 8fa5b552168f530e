"""Faults from outside while a film is made: nothing is lost, and nothing wrong takes its name.

Signals are in ``test_signals.py``, kills in ``test_cache.py``, faults of the cache's own steps with
the cache.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_sdk import parts
from kadr_sdk.errors import MediaFileError, StorageError
from kadr_sdk.events import SegmentEncoded, WarningRaised
from kadr_sdk.project import Project, parse_project
from kadr_sdk.rendering import Renderer, RenderRequest

FULL = OSError(errno.ENOSPC, "No space left on device")


@dataclass
class Studio:
    """A folder with a film of three segments, and a kernel with an empty cache."""

    folder: Path
    kernel: Any
    project: Project

    @property
    def output(self) -> Path:
        return self.folder / "film.mp4"

    def render(self, **more: Any) -> Any:
        request = RenderRequest(self.output, workers=1, **more)
        return self.kernel.container.get(Renderer).render(self.project, self.folder, request)

    def when(self, segment: int, act: Callable[[], object]) -> None:
        """Do something once a segment is made."""

        def react(event: SegmentEncoded) -> None:
            if event.segment == segment:
                act()

        self.kernel.events.subscribe(SegmentEncoded, react)

    def warnings(self) -> list[str]:
        """Filled as they are raised."""
        found: list[str] = []
        self.kernel.events.subscribe(WarningRaised, lambda event: found.append(event.message))
        return found

    @property
    def left(self) -> list[str]:
        """What lies beside the project."""
        names = [p.name for p in self.folder.iterdir() if p.name not in ("home", "source.mkv")]
        jobs = self.folder / "home" / "cache" / "jobs"
        return sorted(names + [p.name for p in jobs.glob("job-*")])


def booted(folder: Path, home: Path, project: Project) -> Studio:
    return Studio(folder, boot(environ={"KADR_HOME": str(home)}), project)


@pytest.fixture
def studio(movie: Any, tmp_path: Path) -> Iterator[Studio]:
    shutil.copy(movie("faults.mkv", 300, size=(96, 54)), tmp_path / "source.mkv")
    clip = {"source_file": "source.mkv", "duration": 3}
    clips = [clip | {"id": f"c{n}", "start_time": 3 * n, "source_start": 4 * n} for n in range(3)]
    timeline = {"fps": 25, "resolution": [96, 54], "tracks": [{"id": "v", "clips": clips}]}
    export = {"video": {"codec": "h264", "crf": 30, "preset": "ultrafast"}}
    project = parse_project({"timeline": timeline, "export": export})
    found = booted(tmp_path, tmp_path / "home", project)
    yield found
    found.kernel.close()


@pytest.fixture
def wanted(studio: Studio) -> str:
    """The digest of an undisturbed render without a cache."""
    digest: str = studio.render(cache=False).digest
    studio.output.unlink()
    return digest


def test_the_disk_is_full_in_the_middle_of_a_part(
    studio: Studio, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third of the way: the part's writer is told that there is no room any more."""
    written = 0
    whole = parts.PartWriter._write

    def write(self: parts.PartWriter, data: bytes) -> None:
        nonlocal written
        written += len(data)
        if written > 30_000:
            raise FULL
        whole(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(parts.PartWriter, "_write", write)
        with pytest.raises(StorageError, match="No space left on device") as caught:
            studio.render()
    assert "free some space" in caught.value.hint
    assert studio.left == []
    report = studio.render()
    assert report.digest == wanted
    assert report.reused >= 1  # what was made before is not made again


@pytest.mark.parametrize("place", ["fsync", "link"])
@pytest.mark.parametrize("standing", [False, True])
def test_the_disk_is_full_when_the_film_takes_its_name(
    studio: Studio, wanted: str, monkeypatch: pytest.MonkeyPatch, place: str, standing: bool
) -> None:
    if standing:
        studio.output.write_bytes(b"the film of yesterday")

    def fail(*_: object, **__: object) -> None:
        raise FULL

    with monkeypatch.context() as patch:
        if place == "fsync":
            patch.setattr("kadr_kernel.render.target.os.fsync", fail)
        else:
            patch.setattr("kadr_kernel.render.target.os.link", fail)
            patch.setattr(Path, "rename", fail)
            patch.setattr(Path, "replace", fail)
        with pytest.raises(StorageError, match="No space left on device"):
            studio.render(overwrite=standing)
    assert studio.left == (["film.mp4"] if standing else [])
    if standing:
        assert studio.output.read_bytes() == b"the film of yesterday"
    assert studio.render(overwrite=standing).digest == wanted


def test_too_little_room_is_said_before_any_work(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(studio.folder)
    monkeypatch.setattr("kadr_kernel.render.target.shutil.disk_usage", lambda _: usage._replace(free=1000))
    began: list[object] = []
    studio.when(0, lambda: began.append(1))
    with pytest.raises(StorageError, match=r"MB are needed and 0 MB are free"):
        studio.render()
    assert (began, studio.left) == ([], [])


def test_a_cache_that_takes_nothing_costs_a_warning(
    studio: Studio, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only file system, by what it says: tests that run as root may write anywhere."""
    warnings = studio.warnings()
    read_only = OSError(errno.EROFS, "Read-only file system")

    def fail(*_: object, **__: object) -> None:
        raise read_only

    monkeypatch.setattr("kadr_cache.blobs.link_or_copy", fail)
    report = studio.render()
    assert (report.digest, report.reused) == (wanted, 0)
    assert len([text for text in warnings if "Read-only file system" in text]) == 1
    assert studio.left == ["film.mp4"]


def test_the_cache_is_deleted_in_the_middle(studio: Studio, wanted: str) -> None:
    entries = studio.folder / "home" / "cache"

    def delete() -> None:
        for path in entries.iterdir():
            if path.is_file():
                path.unlink(missing_ok=True)
            elif path.name != "jobs":  # the running job's own folder is its scratch, not the cache
                shutil.rmtree(path, ignore_errors=True)

    studio.when(1, delete)
    assert studio.render().digest == wanted
    assert studio.render(overwrite=True).digest == wanted


def test_two_kernels_share_a_cache_while_one_clears_it(studio: Studio, wanted: str) -> None:
    from kadr_sdk.services import Cache

    other = booted(studio.folder, studio.folder / "home", studio.project)
    cache: Any = other.kernel.container.get(Cache)
    stop = threading.Event()

    def clear() -> None:
        while not stop.wait(0.05):
            cache.clear()

    thread = threading.Thread(target=clear)
    thread.start()
    try:
        digests = [studio.render(overwrite=True).digest for _ in range(3)]
    finally:
        stop.set()
        thread.join()
        other.kernel.close()
    assert set(digests) == {wanted}


def rewritten(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def replaced(path: Path) -> None:
    copy = path.with_name("other.mkv")
    shutil.copy(path, copy)
    copy.replace(path)


def removed(path: Path) -> None:
    path.rename(path.with_name("film-of-another-name.mkv"))


@pytest.mark.parametrize(
    ("change", "executor"),
    [(rewritten, "threads"), (replaced, "threads"), (removed, "threads"), (replaced, "processes")],
)
def test_a_source_that_changes_stops_the_render_with_its_name(
    studio: Studio, change: Callable[[Path], None], executor: str
) -> None:
    source = studio.folder / "source.mkv"
    studio.when(1, lambda: change(source) if source.exists() else None)
    with pytest.raises(MediaFileError) as caught:
        studio.render(executor=executor)
    assert "source.mkv" in str(caught.value)
    assert not studio.output.exists()
    assert [name for name in studio.left if "part" in name or name.startswith("job-")] == []


@pytest.mark.parametrize("jump", [-86_400 * 400, 86_400 * 400])
def test_the_clock_jumps(studio: Studio, wanted: str, monkeypatch: pytest.MonkeyPatch, jump: int) -> None:
    """A year back or ahead in the middle: durations, ages and locks go by another clock or do not care."""
    real, shift = time.time, 0.0
    monkeypatch.setattr(time, "time", lambda: real() + shift)

    def leap() -> None:
        nonlocal shift
        shift = float(jump)

    studio.when(0, leap)
    first = studio.render()
    assert first.digest == wanted
    assert 0 <= first.seconds < 600
    again = studio.render(overwrite=True)
    assert again.digest == wanted
    json.dumps(again.as_dict())
