"""A library in a folder of its own, on the in-memory backend or the real one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from kadr_scanner.index import Index
from kadr_scanner.library import Library
from kadr_scanner.rows import FileRow
from kadr_scanner.scan import Scan
from kadr_sdk.events import Event, ScanCompleted
from kadr_sdk.services import Scheduler
from kadr_sdk.testing.memory import MemoryBackend, write_source


@dataclass
class Shelf:
    """A folder of media in the form of the in-memory backend, an index, and what was published.

    Attributes:
        backend: remembers what it probed.
    """

    folder: Path
    index: Index
    scheduler: Scheduler
    backend: MemoryBackend = field(default_factory=MemoryBackend)
    events: list[Event] = field(default_factory=list)

    def film(self, name: str, frames: int = 50, **video: Any) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_source(path, video={"width": 64, "height": 36, "rate": "25", "frames": frames} | video)

    def scan(self, depth: str = "packets", folder: Path | None = None, **more: Any) -> ScanCompleted:
        self.events.clear()
        self.backend.probed.clear()
        scan = Scan(self.index, self.backend, self.scheduler, self.events.append)
        return scan.run(folder or self.folder, depth, **more)

    def row(self, name: str) -> FileRow:
        found = self.index.find(self.folder / name)
        assert found is not None
        return found


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    home = tmp_path_factory.mktemp("home")
    with boot(environ={"KADR_HOME": str(home)}) as running:
        yield running


@pytest.fixture
def shelf(tmp_path: Path, kernel: Kernel) -> Iterator[Shelf]:
    folder = tmp_path / "media"
    folder.mkdir()
    found = Shelf(folder, Index(tmp_path / "library.sqlite3"), kernel.container.get(Scheduler))
    yield found
    found.index.close()


@pytest.fixture
def library(tmp_path: Path, kernel: Kernel) -> Iterator[Library]:
    found = Library(tmp_path / "library", kernel.container, kernel.events.publish)
    yield found
    found.close()


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real media files."""
    default = Path(__file__).parents[3] / ".." / "shared" / "media"
    folder = Path(os.environ.get("KADR_TEST_MEDIA", default))
    if not folder.is_dir():
        pytest.skip("no folder of test media; set KADR_TEST_MEDIA")
    return folder


@pytest.fixture
def run(kernel: Kernel, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Calls ``kadr media``; what it printed."""

    def call(*argv: object, code: int = 0) -> str:
        command = kernel.catalogue.load("command", "media")
        assert command(kernel, [str(word) for word in argv]) == code
        return capsys.readouterr().out

    return call
