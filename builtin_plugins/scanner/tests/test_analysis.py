"""Analysis against films and sounds whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_scanner.analyze import Thresholds, analyze
from kadr_scanner.hearing import Levels, Peaks
from kadr_scanner.library import Library
from kadr_scanner.measures import Measures, laplacian_variance
from kadr_scanner.products import source_of
from kadr_scanner.stretches import Stretch, between, runs, stretches
from kadr_scanner.watching import scene_changes
from kadr_scanner.waveform import draw, waveform
from kadr_sdk.errors import InvalidParameterError, MediaFileError
from kadr_sdk.frames import AudioBlock, VideoFrame

WIDTH, HEIGHT = 160, 96


def picture(luma: Any, u: int = 128, v: int = 128) -> VideoFrame:
    frame = VideoFrame.empty("yuv420p", WIDTH, HEIGHT)
    for plane, value in zip(frame.planes, (luma, u, v), strict=True):
        plane[:] = value
    return frame


def scene(seed: int, count: int, speed: int = 1) -> list[VideoFrame]:
    """Smooth hills that move sideways."""
    rng = np.random.default_rng(seed)
    x, y = np.arange(WIDTH * 3), np.arange(HEIGHT)[:, None]
    phase = rng.uniform(0, 6, 3)
    hills = sum(np.sin(x / f + y / g + p) for f, g, p in zip((9, 17, 31), (23, 11, 40), phase, strict=True))
    luma = np.clip(125 + 30 * np.asarray(hills), 16, 235).astype(np.uint8)
    u, v = (int(c) for c in rng.integers(70, 190, 2))
    return [picture(luma[:, n * speed % WIDTH : n * speed % WIDTH + WIDTH], u, v) for n in range(count)]


BLACK = [picture(16)] * 40


@pytest.fixture(scope="session")
def film(write_film: Callable[..., Path]) -> Path:
    """Three scenes of 40, 30 and 50 frames; 40 black; 50 of one picture; 20 moving. 25 a second."""
    held = scene(5, 1)
    pictures = [*scene(1, 40), *scene(2, 30, 2), *scene(3, 50), *BLACK, *held * 50, *scene(6, 20)]
    seconds = np.arange(48000 * 92 // 10) / 48000
    tone = 0.25 * np.sin(2 * np.pi * 440 * seconds)
    tone[48000 * 2 : 48000 * 35 // 10] = 0
    return write_film("truth.mkv", pictures, np.stack([tone, tone * 0.5]).astype(np.float32))


def test_the_truth_of_a_film(library: Library, film: Path) -> None:
    found = analyze(library, source_of(library, film))
    assert [row["frame"] for row in found["scenes"]] == [40, 70, 120, 160, 210]
    assert [row["at"] for row in found["scenes"]] == [1.6, 2.8, 4.8, 6.4, 8.4]
    assert found["black"] == [{"start": 4.8, "end": 6.4}]
    assert found["frozen"] == [{"start": 4.8, "end": 6.4}, {"start": 6.4, "end": 8.4}]
    assert found["silence"] == [{"start": 2.0, "end": 3.5}]
    assert found["frames"] == 230
    assert found["levels"]["sample_peak"] == pytest.approx(-12.04, abs=0.02)
    # Left at -15.05 dB, right at -21.07 dB of power for 7.7 of 9.2 s, the gaps gated out.
    assert found["loudness"]["integrated"] == pytest.approx(-15.4, abs=0.6)
    assert found["loudness"]["true_peak"] == pytest.approx(-12.04, abs=0.1)
    assert found["scores"]["exposure"] == "good"


def test_thresholds_count(library: Library, film: Path) -> None:
    chosen = Thresholds(scene=1.0, black=2.0, frozen=1.9, silence=0.5, level=-10.0)
    found = analyze(library, source_of(library, film), chosen)
    assert (found["scenes"], found["black"]) == ([], [])
    assert found["frozen"] == [{"start": 6.4, "end": 8.4}]
    assert found["silence"] == [{"start": 0.0, "end": 9.2}]


def test_a_reference_tone(library: Library, write_sound: Callable[..., Path]) -> None:
    """EBU Tech 3341, case 1: a stereo sine of 1000 Hz at -23 dBFS is -23 LUFS."""
    seconds = np.arange(48000 * 10) / 48000
    tone = 10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * seconds)
    path = write_sound("tone.flac", np.stack([tone, tone]).astype(np.float32))
    found = analyze(library, source_of(library, path))
    assert found["loudness"]["integrated"] == pytest.approx(-23.0, abs=0.1)
    assert found["loudness"]["true_peak"] == pytest.approx(-23.0, abs=0.1)
    assert found["levels"] == {"sample_peak": -23.0, "rms": -26.01}
    assert found["silence"] == []
    assert "scenes" not in found


def test_a_fast_pan_is_no_cut() -> None:
    change = np.array([0, 0.01, 0.2, 0.21, 0.2, 0.19, 0.2, 0.01, 0.3, 0.01, 0.01])
    assert scene_changes(change) == [8]


def test_pieces_make_the_whole(library: Library, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = analyze(library, source_of(library, film), Thresholds(scene=0.05))
    monkeypatch.setattr("kadr_scanner.analyze._PIECE", 20)
    pieces = analyze(library, source_of(library, film), Thresholds(scene=0.050001))
    assert pieces == whole


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    board = np.indices((8, 8)).sum(0) % 2 * 1.0
    assert laplacian_variance(board.astype(np.float32)) == 16.0  # 4 and -4, half of each
    assert laplacian_variance(np.ones((2, 9), np.float32)) == 0.0
    ramp = np.arange(64, dtype=np.float32).reshape(8, 8)
    assert laplacian_variance(ramp) == 0.0


def test_measures_of_one_change() -> None:
    measures = Measures()
    measures.add(picture(16))
    patch = np.full((HEIGHT, WIDTH), 16, np.uint8)
    patch[8:16, 80:88] = 235
    measures.add(picture(patch))
    assert measures.motion == [0.0, pytest.approx(64 / (WIDTH * HEIGHT))]
    assert measures.local == [0.0, 1.0]
    assert measures.dark == [1.0, pytest.approx(1 - 64 / (WIDTH * HEIGHT))]
    assert measures.luma[0] == 0.0
    assert measures.without_first().local == [1.0]


@pytest.mark.parametrize(
    ("holds", "expected"), [("", []), ("0000", []), ("1111", [(0, 4)]), ("0110100", [(1, 3), (4, 5)])]
)
def test_runs(holds: str, expected: list[tuple[int, int]]) -> None:
    assert runs(np.array([c == "1" for c in holds], bool)) == expected


def test_stretches_last_long_enough() -> None:
    holds = np.array([c == "1" for c in "011101"], bool)
    assert stretches(holds, 0.1, 0.3) == [Stretch(0.1, pytest.approx(0.4))]
    times = np.array([0, 1, 3, 4, 5, 6, 9.5])
    assert between(holds, times, 3.5) == [Stretch(1.0, 5.0), Stretch(6.0, 9.5)]
    assert between(holds, times, 3.6) == [Stretch(1.0, 5.0)]


def test_peaks_do_not_depend_on_blocks() -> None:
    samples = np.random.default_rng(3).uniform(-1, 1, (2, 4805)).astype(np.float32)
    results = []
    for size in (4805, 7, 480):
        peaks = Peaks(48000, 100)
        for _ in peaks.seen(AudioBlock(samples[:, n : n + size], 48000) for n in range(0, 4805, size)):
            pass
        results.append(peaks.result())
    first = results[0]
    assert first.shape == (3, 2, 11)
    assert first[0, 1, 3] == samples[1, 1440:1920].min()
    assert first[1, 0, 10] == samples[0, 4800:].max()
    for other in results[1:]:
        assert np.array_equal(first, other)


def test_silence_needs_all_channels() -> None:
    levels = Levels(48000)
    samples = np.zeros((2, 48000), np.float32)
    samples[1, 12000:24000] = 0.5
    for _ in levels.seen([AudioBlock(samples, 48000)]):
        pass
    assert levels.silence(-50, 0.1) == [Stretch(0.0, 0.25), Stretch(0.5, 1.0)]


def test_a_waveform(library: Library, write_sound: Callable[..., Path]) -> None:
    samples = np.zeros((2, 48000), np.float32)
    samples[0, 4800:9600] = np.tile([0.5, -0.25], 2400)
    wave = waveform(library, source_of(library, write_sound("wave.flac", samples)), 10)
    assert wave.peaks.shape == (3, 2, 10)
    low, high, power = wave.peaks[:, 0, 1]
    assert (high, low, power) == (16384, -8192, pytest.approx(32767 * np.sqrt((0.25 + 0.0625) / 2), abs=2))
    assert not wave.peaks[:, 1].any()
    frame = draw(wave, 50, 40)
    column = frame.planes[0][:20, 7].sum(axis=1)
    assert frame.planes[0].shape == (40, 50, 3)
    assert (column > 300).sum() == pytest.approx(8, abs=2)  # half up, a quarter down, of a lane of 20
    with pytest.raises(InvalidParameterError, match="7 windows a second"):
        waveform(library, source_of(library, write_sound("wave.flac", samples)), 7)


def test_what_has_no_sound(library: Library, barcodes: Path) -> None:
    with pytest.raises(MediaFileError, match="no sound in this file"):
        waveform(library, source_of(library, barcodes))
    assert "silence" not in analyze(library, source_of(library, barcodes))
