"""Clicks in the sound stay at their time, after ten minutes too."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.testing.synthetic import clicks


def write_wav(path: Path, samples: Any, rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[0])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples.T * 32767).round().astype("<i2").tobytes())
    return path


def heard(path: Path) -> list[float]:
    """Times of the clicks of a file in seconds."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        start = None
        blocks = []
        for frame in container.decode(stream):
            if start is None:
                start = float(frame.pts * frame.time_base)
            blocks.append(frame.to_ndarray()[0] if frame.format.is_planar else frame.to_ndarray()[0][::2])
        sound = np.abs(np.concatenate(blocks).astype(np.float64))
        rate = stream.rate
    sound /= max(sound.max(), 1e-9)
    found: list[float] = []
    for index in np.flatnonzero(sound > 0.4):
        time = (start or 0.0) + index / rate
        if not found or time - found[-1] > 0.5:
            found.append(time)
    return found


def test_ten_minutes_without_drift(renderer: Any, tmp_path: Path) -> None:
    times = [Fraction(1), Fraction(300), Fraction(599)]
    source = write_wav(tmp_path / "clicks.wav", clicks(times, Fraction(600), 44100, 1), 44100)
    tracks = [
        {"id": "a", "type": "audio", "clips": [{"id": "c", "source_file": str(source), "duration": 600}]}
    ]
    project = parse_project({"timeline": {"fps": "30000/1001", "tracks": tracks}})
    renderer.render(project, tmp_path, RenderRequest(tmp_path / "out.m4a"))
    assert np.allclose(heard(tmp_path / "out.m4a"), [1, 300, 599], atol=1e-3)


def test_clicks_of_clips_stay_with_their_pictures(
    renderer: Any, movie: Any, tmp_path: Path, cut: Any
) -> None:
    sound = clicks([Fraction(n) + Fraction(1, 2) for n in range(8)], Fraction(8))
    source = movie("sound.mkv", 200, sound=sound)
    project = cut(
        {"id": "a", "source_file": str(source), "start_time": 0, "duration": 2, "source_start": 1},
        {"id": "b", "source_file": str(source), "start_time": 2, "duration": 2, "source_start": 5.2},
        fps="30000/1001",
    )
    for name in ("out.mp4", "out.mkv"):
        renderer.render(project, tmp_path, RenderRequest(tmp_path / name))
        # sound follows the rounded picture edge; within half a frame
        assert np.allclose(heard(tmp_path / name), [0.5, 1.5, 2.3, 3.3], atol=0.5 * 1001 / 30000), name


def test_two_tracks_are_mixed(renderer: Any, tmp_path: Path) -> None:
    one = write_wav(tmp_path / "one.wav", clicks([Fraction(1)], Fraction(4), 48000, 2), 48000)
    two = write_wav(tmp_path / "two.wav", clicks([Fraction(2)], Fraction(4), 48000, 2), 48000)
    tracks = [
        {"id": "a", "type": "audio", "clips": [{"id": "1", "source_file": str(one), "duration": 4}]},
        {
            "id": "b",
            "type": "audio",
            "clips": [{"id": "2", "source_file": str(two), "duration": 3, "start_time": 1}],
        },
    ]
    project = parse_project({"timeline": {"tracks": tracks}})
    renderer.render(project, tmp_path, RenderRequest(tmp_path / "out.wav"))
    assert np.allclose(heard(tmp_path / "out.wav"), [1, 3], atol=1e-6)
