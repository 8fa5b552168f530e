"""A booted kernel with the real backend, and generated media with known truth."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from kadr_sdk.frames import AudioBlock
from kadr_sdk.output import AudioEncoding, Output, VideoEncoding
from kadr_sdk.project import Project, parse_project
from kadr_sdk.rendering import Renderer
from kadr_sdk.testing.synthetic import barcode_frame, read_barcode


@pytest.fixture(scope="session")
def packages() -> ModuleType:
    """``packages.py`` beside this file."""
    spec = importlib.util.spec_from_file_location("e2e_packages", Path(__file__).with_name("packages.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    home = tmp_path_factory.mktemp("home")
    with boot(environ={"KADR_HOME": str(home)}) as running:
        yield running


@pytest.fixture(scope="session")
def renderer(kernel: Kernel) -> Renderer:
    return kernel.container.get(Renderer)


Movie = Callable[..., Path]


@pytest.fixture(scope="session")
def movie(renderer: Renderer, tmp_path_factory: pytest.TempPathFactory) -> Movie:
    """Makes clips whose frame ``n`` carries the barcode ``first + n``."""
    folder = tmp_path_factory.mktemp("media")

    def make(
        name: str,
        frames: int,
        *,
        first: int = 0,
        rate: str = "25",
        size: tuple[int, int] = (320, 180),
        codec: str = "h264",
        format: str = "yuv420p",
        sound: Any = None,
        **settings: Any,
    ) -> Path:
        path = folder / name
        if path.exists():
            return path
        video = VideoEncoding(codec, format, *size, Fraction(rate), **settings)
        muxer = {".mp4": "mp4", ".mkv": "matroska", ".mov": "mov"}[path.suffix]
        audio = (
            None
            if sound is None
            else AudioEncoding("flac" if muxer == "matroska" else "aac", 48000, "stereo")
        )
        backend = renderer.backend()
        output = backend.prepare(Output("test", muxer, video, audio))
        pictures = (barcode_frame(first + n, *size, format=format) for n in range(frames))
        blocks = None if sound is None else [AudioBlock(sound, 48000)]
        backend.write(path, output, pictures, blocks)
        return path

    return make


@pytest.fixture(scope="module")
def save(renderer: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, np.ndarray], str]:
    """Writes stereo samples of 48 kHz as a WAV of floats; its path."""
    folder = tmp_path_factory.mktemp("sounds")

    def write(name: str, samples: np.ndarray) -> str:
        path = folder / f"{name}.wav"
        output = Output("wav", "wav", None, AudioEncoding("pcm_f32le", 48000, "stereo"))
        blocks = [AudioBlock(samples.astype(np.float32), 48000)]
        renderer.backend().write(path, renderer.backend().prepare(output), None, blocks)
        return str(path)

    return write


@pytest.fixture(scope="session")
def variable(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Fraction]]:
    """A clip of variable rate with B-frames: frame ``n`` carries the barcode ``n``; its times."""
    path = tmp_path_factory.mktemp("vfr") / "variable.mp4"
    rng = np.random.default_rng(7)
    ticks = np.concatenate([[0], np.cumsum(rng.integers(900, 9000, 199))])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "12", "bf": "3", "g": "40"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 90000)
        for number, tick in enumerate(ticks):
            planes = barcode_frame(number).planes
            frame = av.VideoFrame.from_ndarray(
                np.concatenate([p.reshape(-1, 320) for p in planes]), "yuv420p"
            )
            frame.pts, frame.time_base = int(tick), Fraction(1, 90000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path, [Fraction(int(t), 90000) for t in ticks]


def edit(*clips: dict[str, Any], fps: object = 25, **more: Any) -> Project:
    """A project of one video track, 320x180."""
    joints = more.pop("transitions", [])
    tracks = [{"id": "v1", "clips": list(clips), "transitions": joints}, *more.pop("tracks", [])]
    timeline = {"fps": fps, "resolution": [320, 180], "tracks": tracks} | more.pop("timeline", {})
    return parse_project({"timeline": timeline} | more)


def decoded(path: Path) -> list[Any]:
    """Luma planes of a file, in order of presentation, by a decoder of its own."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray()[: frame.height] for frame in container.decode(video=0)]


def numbers(path: Path) -> list[int | None]:
    """Barcodes of a file's frames."""
    return [read_barcode(luma) for luma in decoded(path)]


@pytest.fixture
def cut() -> Callable[..., Project]:
    return edit


@pytest.fixture
def read_numbers() -> Callable[[Path], list[int | None]]:
    return numbers


@pytest.fixture
def read_luma() -> Callable[[Path], list[Any]]:
    return decoded
