"""A library in a folder of its own, on the in-memory backend or the real one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
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
from kadr_sdk.frames import AudioBlock, VideoFrame
from kadr_sdk.output import AudioEncoding, Output, VideoEncoding
from kadr_sdk.rendering import Renderer
from kadr_sdk.services import Scheduler
from kadr_sdk.testing.memory import MemoryBackend, write_source
from kadr_sdk.testing.synthetic import barcode_frame


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
def own(tmp_path: Path) -> Iterator[Kernel]:
    """A kernel that nobody else has used."""
    with boot(environ={"KADR_HOME": str(tmp_path / "own-home")}) as running:
        yield running


@pytest.fixture
def run(own: Kernel, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Calls ``kadr media``; what it printed."""

    def call(*argv: object, code: int = 0) -> str:
        command = own.catalogue.load("command", "media")
        assert command(own, [str(word) for word in argv]) == code
        return capsys.readouterr().out

    return call


@pytest.fixture(scope="session")
def write_film(kernel: Kernel, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a film of given pictures (yuv420p) and sound (float32, shape (2, n), 48000 Hz)."""
    folder = tmp_path_factory.mktemp("films")
    backend = kernel.container.get(Renderer).backend()

    def write(name: str, pictures: list[VideoFrame], sound: Any = None, rate: int = 25) -> Path:
        path = folder / name
        if path.exists():
            return path
        first = pictures[0]
        video = VideoEncoding("h264", "yuv420p", first.width, first.height, Fraction(rate), crf=12, gop=50)
        audio = AudioEncoding("flac", 48000, "stereo") if sound is not None else None
        blocks = None if sound is None else [AudioBlock(sound, 48000)]
        backend.write(path, Output("test", "matroska", video, audio), pictures, blocks)
        return path

    return write


@pytest.fixture(scope="session")
def write_sound(kernel: Kernel, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes float32 samples of shape (2, n) at 48000 Hz as FLAC."""
    folder = tmp_path_factory.mktemp("sounds")
    backend = kernel.container.get(Renderer).backend()

    def write(name: str, samples: Any) -> Path:
        path = folder / name
        audio = AudioEncoding("flac", 48000, "stereo")
        backend.write(path, Output("test", "flac", None, audio), None, [AudioBlock(samples, 48000)])
        return path

    return write


@pytest.fixture(scope="session")
def barcodes(write_film: Callable[..., Path]) -> Path:
    """320x180, 25 frames a second, 60 frames, frame ``n`` with the barcode ``n``."""
    return write_film("barcodes.mkv", [barcode_frame(n) for n in range(60)])
