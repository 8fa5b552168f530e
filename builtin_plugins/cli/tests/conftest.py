"""A kernel of plain data, and media descriptions without files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_cli.film import Piece
from kadr_sdk.color import BT709
from kadr_sdk.errors import NotFoundError
from kadr_sdk.manifest import Contribution
from kadr_sdk.media import AudioStream, MediaInfo, VideoStream

VIDEO = {
    "index": 0,
    "codec": "h264",
    "width": 1280,
    "height": 720,
    "pixel_format": "yuv420p",
    "color": BT709,
    "rate": Fraction(25),
    "duration": Fraction(5),
}
SOUND = AudioStream(1, "aac", 48000, 2, "stereo", duration=Fraction(5))


@dataclass
class FakeConfig:
    """Settings of a dictionary."""

    values: dict[str, Any] = field(default_factory=lambda: {"ui.color": "never"})

    def get(self, key: str) -> Any:
        return self.values[key]


@dataclass
class FakeCatalogue:
    """Commands of a dictionary; counts what is loaded."""

    commands: dict[str, Callable[[Any, Sequence[str]], Any]]
    loaded: list[str] = field(default_factory=list)

    def all(self, kind: str) -> list[Contribution]:
        return [
            Contribution("command", name, "test.plugin", "x:y", summary=f"what {name} does")
            for name in self.commands
        ]

    def find(self, kind: str, name: str) -> Contribution:
        for found in self.all(kind):
            if found.id == name:
                return found
        raise NotFoundError(kind, name, self.commands)

    def load(self, kind: str, name: str) -> Any:
        self.loaded.append(name)
        return self.commands[name]


@dataclass
class FakeKernel:
    """What a host needs of a kernel."""

    catalogue: FakeCatalogue
    config: FakeConfig = field(default_factory=FakeConfig)
    version: str = "1.2.3"


@pytest.fixture
def kernel() -> Callable[..., FakeKernel]:
    """Makes a kernel with these commands."""
    return lambda **commands: FakeKernel(FakeCatalogue(commands))


@pytest.fixture
def clip() -> Callable[..., Piece]:
    """Makes a moving piece of 25 frames a second with sound."""

    def make(name: str = "a.mp4", seconds: float = 5, **facts: Any) -> Piece:
        info = MediaInfo(name, "mov,mp4", Fraction(5), 1000, (VideoStream(**VIDEO | facts),), (SOUND,))
        return Piece(Path(name), info, Fraction(repr(seconds)))

    return make


@pytest.fixture
def photo(clip: Callable[..., Piece]) -> Callable[..., Piece]:
    """Makes a still."""
    return lambda name="p.jpg", **facts: replace(clip(name, still=True, **facts), seconds=None)


@pytest.fixture
def song(clip: Callable[..., Piece]) -> Callable[..., Piece]:
    """Makes a piece of sound alone."""

    def make(name: str = "s.mp3", seconds: float = 60) -> Piece:
        audio = replace(SOUND, duration=Fraction(repr(seconds)))
        return Piece(Path(name), MediaInfo(name, "mp3", Fraction(repr(seconds)), 1000, (), (audio,)))

    return make
