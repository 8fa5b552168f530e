"""Three moving clips and a tune, made of numbers; nothing is downloaded or shipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from kadr_sdk.backend import Backend
from kadr_sdk.color import BT709
from kadr_sdk.frames import AudioBlock, VideoFrame
from kadr_sdk.output import AudioEncoding, Output, VideoEncoding
from numpy.typing import NDArray

__all__ = ["write_all"]

WIDTH, HEIGHT, RATE, SOUND = 1280, 720, 25, 48000
Field = NDArray[np.floating[Any]]
Scene = Callable[[float], tuple[Field, Field, Field]]


def write_all(backend: Backend, folder: Path) -> None:
    """``dunes.mp4``, ``lagoon.mp4``, ``lanterns.mp4`` and ``tune.wav`` in a folder."""
    for name, scene, pitch, seconds in SCENES:
        output = _movie_output(backend)
        backend.write(folder / f"{name}.mp4", output, _frames(scene, seconds), _wind(pitch, seconds))
    audio = AudioEncoding("pcm_s16le", SOUND, "stereo")
    tune = backend.prepare(Output("wav", "wav", None, audio, extension=".wav"))
    backend.write(folder / "tune.wav", tune, None, _tune(12.5))


def _movie_output(backend: Backend) -> Output:
    video = VideoEncoding(
        "h264", "yuv420p", WIDTH, HEIGHT, Fraction(RATE), BT709, crf=16, preset="veryfast", gop=25
    )
    return backend.prepare(
        Output("mp4", "mp4", video, AudioEncoding("aac", SOUND, "stereo"), extension=".mp4")
    )


def _frames(scene: Scene, seconds: float) -> Iterator[VideoFrame]:
    """Red, green and blue fields at half size, as 4:2:0 BT.709 at full size."""
    for number in range(round(seconds * RATE)):
        red, green, blue = (np.clip(c, 0, 1, dtype=np.float32) for c in scene(number / RATE))
        frame = VideoFrame.empty("yuv420p", WIDTH, HEIGHT, BT709)
        luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        frame.planes[0][...] = _code(16 + 219 * luma).repeat(2, 0).repeat(2, 1)
        frame.planes[1][...] = _code(128 + 224 * (blue - luma) / 1.8556)
        frame.planes[2][...] = _code(128 + 224 * (red - luma) / 1.5748)
        frame.time = Fraction(number, RATE)
        yield frame


def _code(values: Field) -> NDArray[np.uint8]:
    return np.asarray((values + 0.5).clip(16, 240), np.uint8)


def _axes() -> tuple[Field, Field]:
    """x from -1.78 to 1.78 as a row and y from -1 (top) to 1 as a column, at half size."""
    scale = HEIGHT / 4
    x = (np.arange(WIDTH // 2, dtype=np.float32) - WIDTH / 4 + 0.5) / scale
    y = (np.arange(HEIGHT // 2, dtype=np.float32) - HEIGHT / 4 + 0.5) / scale
    return x[None, :].astype(np.float32), y[:, None].astype(np.float32)


_X, _Y = _axes()


def _mix(a: Any, b: Any, share: Any) -> Any:
    return a + (b - a) * share


def _smooth(edge: Any, width: float) -> Any:
    """0 below the edge, 1 above, soft over ``width``."""
    t = np.clip(edge / width + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def _spot(x: float, y: float, size: float) -> Field:
    """A Gaussian spot; separable, so that a row and a column make it."""
    spot: Field = np.exp(-(((_Y - y) / size) ** 2)) * np.exp(-(((_X - x) / size) ** 2))
    return spot


def _dunes(time: float) -> tuple[Field, Field, Field]:
    """Evening: a low sun over ridges that drift at their own speeds."""
    height = (1 - _Y) / 2
    sun_y = 0.03 * time - 0.05
    sun = _spot(0.5, sun_y, 0.22)
    disc = _smooth(0.19 - np.hypot(_X - 0.5, _Y - sun_y), 0.015)
    sky = ((0.98, 0.25, 0.5, 1.0), (0.62, 0.28, 0.33, 0.9), (0.42, 0.52, 0.1, 0.66))
    colors = [_mix(_mix(low, high, height) + glow * sun, face, disc) for low, high, glow, face in sky]
    for layer in range(4):
        drift = _X * (1.1 + 0.35 * layer) + time * (0.1 + 0.12 * layer) + 2.1 * layer
        ridge = 0.05 + 0.24 * layer + 0.13 * np.sin(drift) + 0.05 * np.sin(2.7 * drift + layer)
        below = _Y - ridge
        mask = _smooth(below, 0.012)
        shade = (1 - 0.45 * np.clip(below * 1.6, 0, 1)) * mask
        sand = [_mix(near, far, layer / 3) for near, far in ((0.72, 0.30), (0.42, 0.13), (0.36, 0.16))]
        colors = [c * (1 - mask) + tint * shade for c, tint in zip(colors, sand, strict=True)]
    return colors[0], colors[1], colors[2]


def _lagoon(time: float) -> tuple[Field, Field, Field]:
    """Light on shallow water: wave fields and their caustics."""
    a = np.sin(3.1 * _X + np.float32(1.3 * time) + 1.2 * np.sin(2.2 * _Y + 0.7 * time))
    b = np.sin(2.3 * _Y - np.float32(0.9 * time) + 1.4 * np.sin(1.7 * _X - 0.5 * time))
    c = np.sin(4.2 * (_X + _Y) + np.float32(1.1 * time))
    light = np.exp(-3.0 * np.abs(a + b)) + 0.5 * np.exp(-4.0 * np.abs(b + c))
    shallow = 0.5 - 0.25 * (_Y + 0.4 * np.sin(0.5 * _X + 0.3 * time))
    red = 0.04 + 0.10 * shallow + 0.42 * light
    green = 0.30 + 0.34 * shallow + 0.40 * light
    blue = 0.42 + 0.22 * shallow + 0.26 * light
    return red, green, blue


def _lanterns(time: float) -> tuple[Field, Field, Field]:
    """Night: warm lights that rise, each at its own pace and colour."""
    depth = (1 + _Y) / 2 + 0 * _X
    fields: list[Field] = [low + more * depth for low, more in ((0.03, 0.05), (0.04, 0.03), (0.13, 0.10))]
    for n in range(22):
        speed, phase = 0.07 + 0.015 * (n * 7 % 5), (n * 0.7549) % 1.0
        y = 1.3 - 2.6 * ((phase + speed * time) % 1.0)
        x = -1.7 + 3.4 * ((n * 0.5698) % 1.0) + 0.08 * float(np.sin(1.3 * time + n))
        size = 0.035 + 0.022 * (n % 4)
        warm = 0.55 + 0.45 * ((n * 0.31) % 1.0)
        _light(fields, x, y, size, (1.0, 0.75 * warm, 0.30 * (1 - warm)))
        _light(fields, x, y, size * 4, (0.22, 0.11 * warm, 0.05))
    return fields[0], fields[1], fields[2]


def _light(fields: list[Field], x: float, y: float, size: float, tint: tuple[float, float, float]) -> None:
    """Add a spot where it can be seen, within three times its size."""
    rows = slice(*np.searchsorted(_Y[:, 0], (y - 3 * size, y + 3 * size)))
    columns = slice(*np.searchsorted(_X[0], (x - 3 * size, x + 3 * size)))
    across = np.exp(-(((_X[:, columns] - np.float32(x)) / size) ** 2))
    spot = np.exp(-(((_Y[rows] - np.float32(y)) / size) ** 2)) * across
    for field, share in zip(fields, tint, strict=True):
        field[rows, columns] += share * spot


def _wind(pitch: float, seconds: float) -> Iterator[AudioBlock]:
    """A soft drone that swells; the sound of a clip."""
    at = np.arange(round(seconds * SOUND)) / SOUND
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * 0.2 * at)
    wave = sum(np.sin(2 * np.pi * pitch * n * at) / n**2 for n in (1, 2, 3)) * 0.06 * swell
    yield from _blocks(np.stack([wave, np.roll(wave, 240)]))


def _tune(seconds: float) -> Iterator[AudioBlock]:
    """A plucked arpeggio over four chords."""
    sound = np.zeros((2, round(seconds * SOUND)))
    chords = ((57, 60, 64, 69), (53, 57, 60, 65), (48, 55, 60, 64), (55, 59, 62, 67))
    for step in range(int(seconds / 0.25)):
        note = chords[step // 8 % 4][step % 4] + 12 * (step // 4 % 2)
        start = round(step * 0.25 * SOUND)
        at = np.arange(min(SOUND, sound.shape[1] - start)) / SOUND
        frequency = 440.0 * 2 ** ((note - 69) / 12)
        tone = (np.sin(2 * np.pi * frequency * at) + 0.3 * np.sin(4 * np.pi * frequency * at)) * np.exp(
            -3.5 * at
        )
        tone[:96] *= np.linspace(0, 1, 96)[: len(tone)]
        right = 0.5 + 0.3 * np.sin(step)
        sound[:, start : start + len(at)] += 0.16 * tone * np.array([[1 - right], [right]])
    yield from _blocks(sound)


def _blocks(sound: NDArray[np.float64]) -> Iterator[AudioBlock]:
    samples = sound.astype(np.float32)
    for first in range(0, samples.shape[1], SOUND // 2):
        yield AudioBlock(samples[:, first : first + SOUND // 2], SOUND, first)


SCENES: tuple[tuple[str, Scene, float, float], ...] = (
    ("dunes", _dunes, 98.0, 4.6),
    ("lagoon", _lagoon, 147.0, 4.6),
    ("lanterns", _lanterns, 220.0, 4.2),
)
"""File name, pictures, pitch of the sound in Hz, seconds."""
