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
Field = NDArray[np.float32]
Scene = Callable[[float], tuple[Field, Field, Field]]


def write_all(backend: Backend, folder: Path) -> None:
    """``dunes.mp4``, ``lagoon.mp4``, ``lanterns.mp4`` and ``tune.wav`` in a folder."""
    for name, scene, pitch in (
        ("dunes", _dunes, 98.0),
        ("lagoon", _lagoon, 147.0),
        ("lanterns", _lanterns, 220.0),
    ):
        output = _movie_output(backend)
        seconds = 5.0
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
        red, green, blue = scene(number / RATE)
        frame = VideoFrame.empty("yuv420p", WIDTH, HEIGHT, BT709)
        luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        frame.planes[0][...] = _code(16 + 219 * luma).repeat(2, 0).repeat(2, 1)
        frame.planes[1][...] = _code(128 + 224 * (blue - luma) / 1.8556)
        frame.planes[2][...] = _code(128 + 224 * (red - luma) / 1.5748)
        frame.time = Fraction(number, RATE)
        yield frame


def _code(values: Field) -> NDArray[np.uint8]:
    return (values + 0.5).clip(16, 240).astype(np.uint8)


def _grid() -> tuple[Field, Field]:
    """x from -1.78 to 1.78 and y from -1 (top) to 1, at half size."""
    y, x = np.mgrid[0 : HEIGHT // 2, 0 : WIDTH // 2].astype(np.float32)
    scale = HEIGHT / 4
    return (x - WIDTH / 4 + 0.5) / scale, (y - HEIGHT / 4 + 0.5) / scale


_X, _Y = _grid()


def _mix(a: Any, b: Any, share: Any) -> Any:
    return a + (b - a) * share


def _smooth(edge: Any, width: float) -> Any:
    """0 below the edge, 1 above, soft over ``width``."""
    t = np.clip(edge / width + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def _dunes(time: float) -> tuple[Field, Field, Field]:
    """Evening: a low sun over ridges that drift at their own speeds."""
    height = (1 - _Y) / 2
    red, green, blue = (_mix(a, b, height) for a, b in ((0.98, 0.25), (0.62, 0.28), (0.42, 0.52)))
    sun = np.exp(-(((_X - 0.5) ** 2 + (_Y + 0.05 - 0.03 * time) ** 2) / 0.05))
    disc = _smooth(0.19 - np.hypot(_X - 0.5, _Y + 0.05 - 0.03 * time), 0.015)
    red, green, blue = red + 0.5 * sun, green + 0.33 * sun, blue + 0.1 * sun
    red, green, blue = (_mix(c, v, disc) for c, v in ((red, 1.0), (green, 0.9), (blue, 0.66)))
    for layer in range(4):
        drift = _X * (1.1 + 0.35 * layer) + time * (0.1 + 0.12 * layer) + 2.1 * layer
        ridge = 0.05 + 0.24 * layer + 0.13 * np.sin(drift) + 0.05 * np.sin(2.7 * drift + layer)
        mask = _smooth(_Y - ridge, 0.012)
        shade = 1 - 0.45 * np.clip((_Y - ridge) * 1.6, 0, 1)
        depth = layer / 3
        for_red, for_green, for_blue = (
            _mix(0.72, 0.30, depth),
            _mix(0.42, 0.13, depth),
            _mix(0.36, 0.16, depth),
        )
        red, green, blue = (
            _mix(c, v * shade, mask) for c, v in ((red, for_red), (green, for_green), (blue, for_blue))
        )
    return red.clip(0, 1), green.clip(0, 1), blue.clip(0, 1)


def _lagoon(time: float) -> tuple[Field, Field, Field]:
    """Light on shallow water: two wave fields and their caustics."""
    a = np.sin(3.1 * _X + 1.3 * time + 1.2 * np.sin(2.2 * _Y + 0.7 * time))
    b = np.sin(2.3 * _Y - 0.9 * time + 1.4 * np.sin(1.7 * _X - 0.5 * time))
    c = np.sin(4.2 * (_X + _Y) + 1.1 * time)
    light = np.exp(-3.0 * np.abs(a + b)) + 0.5 * np.exp(-4.0 * np.abs(b + c))
    deep = 0.5 + 0.25 * (_Y + 0.4 * np.sin(0.5 * _X + 0.3 * time))
    red = 0.04 + 0.10 * (1 - deep) + 0.42 * light
    green = 0.30 + 0.34 * (1 - deep) + 0.40 * light
    blue = 0.42 + 0.22 * (1 - deep) + 0.26 * light
    return red.clip(0, 1), green.clip(0, 1), blue.clip(0, 1)


def _lanterns(time: float) -> tuple[Field, Field, Field]:
    """Night: warm lights that rise, each at its own pace and colour."""
    height = (1 - _Y) / 2
    red, green, blue = 0.03 + 0.05 * (1 - height), 0.04 + 0.03 * (1 - height), 0.13 + 0.10 * (1 - height)
    for n in range(18):
        speed, phase = 0.10 + 0.02 * (n * 7 % 5), (n * 0.377) % 1.0
        y = 1.3 - 2.6 * ((phase + speed * time) % 1.0)
        x = -1.7 + 3.4 * ((n * 0.618) % 1.0) + 0.08 * np.sin(1.3 * time + n)
        size = 0.05 + 0.03 * (n % 4)
        away = (_X - x) ** 2 + ((_Y - y) * 0.85) ** 2
        core, glow = np.exp(-away / (size * size * 0.5)), np.exp(-away / (size * size * 9))
        warm = 0.55 + 0.45 * ((n * 0.31) % 1.0)
        red = red + 1.0 * core + 0.22 * glow
        green = green + (0.75 * warm) * core + 0.11 * glow * warm
        blue = blue + 0.30 * (1 - warm) * core + 0.05 * glow
    return red.clip(0, 1), green.clip(0, 1), blue.clip(0, 1)


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
