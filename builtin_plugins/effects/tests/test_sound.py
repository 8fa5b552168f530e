"""Effects on sound: against the cookbook's filters and the laws of dynamics."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

RATE = 48000


def heard(lab: Any, name: str, samples: np.ndarray, size: int = 1024, **given: float) -> np.ndarray:
    """Stereo through the effect's nodes, pushed in frames of a size."""
    av = pytest.importorskip("av")
    effect = lab("audio_effect", name)
    specs = effect.effect.sound_filters(effect.values(given), RATE, "stereo")
    graph = av.filter.Graph()
    text = {
        "sample_rate": str(RATE),
        "sample_fmt": "fltp",
        "channel_layout": "stereo",
        "time_base": f"1/{RATE}",
    }
    nodes = [graph.add("abuffer", **text)]
    nodes += [graph.add(spec.name, **dict(spec.options)) for spec in specs]
    nodes += [graph.add("aformat", sample_fmts="fltp"), graph.add("abuffersink")]
    for left, right in pairwise(nodes):
        left.link_to(right)
    graph.configure()
    for at in range(0, samples.shape[1], size):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, at : at + size]), "fltp", "stereo")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), at
        nodes[0].push(frame)
    nodes[0].push(None)
    found = []
    while True:
        try:
            found.append(nodes[-1].pull().to_ndarray())
        except (av.BlockingIOError, av.EOFError):
            return np.concatenate(found, axis=1)


def noise(count: int = 4800, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((2, count)) - 0.5).astype(np.float32)


def cookbook(kind: str, frequency: float, q: float, gain: float = 0.0) -> tuple[list[float], list[float]]:
    """Coefficients b and a of R. Bristow-Johnson's "Audio EQ Cookbook"."""
    w, big = 2 * np.pi * frequency / RATE, 10 ** (gain / 40)
    cos, alpha = np.cos(w), np.sin(w) / (2 * q)
    root = 2 * np.sqrt(big) * alpha
    if kind in ("highpass", "lowpass"):
        edge = 1 + cos if kind == "highpass" else 1 - cos
        side = -edge if kind == "highpass" else edge
        return [edge / 2, side, edge / 2], [1 + alpha, -2 * cos, 1 - alpha]
    if kind == "bell":
        return [1 + alpha * big, -2 * cos, 1 - alpha * big], [1 + alpha / big, -2 * cos, 1 - alpha / big]
    up, down, sign = big + 1, big - 1, 1 if kind == "low" else -1
    b = [big * (up - sign * down * cos + root), sign * 2 * big * (down - sign * up * cos)]
    a = [up + sign * down * cos + root, sign * -2 * (down + sign * up * cos)]
    return [*b, big * (up - sign * down * cos - root)], [*a, up + sign * down * cos - root]


def recursed(samples: np.ndarray, b: list[float], a: list[float]) -> np.ndarray:
    x = samples.astype(float)
    y = np.zeros_like(x)
    for n in range(x.shape[1]):
        for k in range(3):
            if n >= k:
                y[:, n] += b[k] / a[0] * x[:, n - k] - (a[k] / a[0] * y[:, n - k] if k else 0)
    return y


@pytest.mark.parametrize(
    ("name", "given", "stages"),
    [
        ("highpass", {"frequency": 120.0}, [("highpass", 120.0, 0.5**0.5)]),
        ("lowpass", {"frequency": 5000.0}, [("lowpass", 5000.0, 0.5**0.5)]),
        ("lowpass", {"frequency": 20000.0}, [("lowpass", 20000.0, 0.5**0.5)]),
        ("equalizer", {"gain": 6.0, "frequency": 700.0, "q": 2.0}, [("bell", 700.0, 2.0, 6.0)]),
        ("equalizer", {"bass": -9.0}, [("low", 100.0, 0.5**0.5, -9.0)]),
        ("equalizer", {"treble": 4.5}, [("high", 8000.0, 0.5**0.5, 4.5)]),
        (
            "equalizer",
            {"bass": 3.0, "gain": -6.0, "treble": 2.0},
            [("low", 100.0, 0.5**0.5, 3.0), ("bell", 1000.0, 1.0, -6.0), ("high", 8000.0, 0.5**0.5, 2.0)],
        ),
    ],
)
def test_filters_of_the_cookbook(name: str, given: Mapping[str, float], stages: Any, lab: Any) -> None:
    samples = noise()
    wanted = samples.astype(float)
    for kind, *numbers in stages:
        wanted = recursed(wanted, *cookbook(kind, *numbers))
    found = heard(lab, name, samples, **given)
    assert found.shape == samples.shape
    assert np.abs(found - wanted).max() < 3e-7  # single precision between the filters


def test_gain_is_a_factor(lab: Any) -> None:
    samples = noise()
    for level in (-120.0, -6.0, 3.0, 60.0):
        wanted = samples * 10 ** (level / 20)
        assert np.abs(heard(lab, "gain", samples, level=level) / wanted - 1).max() < 2e-7


@pytest.mark.parametrize("above", [0.0, 6.0, 12.0])
@pytest.mark.parametrize("ratio", [2.0, 4.0])
def test_of_each_decibel_above_the_threshold_a_part_is_left(above: float, ratio: float, lab: Any) -> None:
    level = -20.0 + above
    samples = np.full((2, RATE), 10 ** (level / 20), np.float32)
    samples[:, 1::2] *= -1
    found = heard(lab, "compressor", samples, threshold=-20.0, ratio=ratio, attack=1.0, makeup=2.0)
    assert 20 * np.log10(np.abs(found[:, -1000:])).mean() == pytest.approx(-18 + above / ratio, abs=0.02)


def test_what_is_quiet_is_left_alone(lab: Any) -> None:
    samples = noise() * np.float32(0.1)
    for name, given in (("compressor", {"threshold": -20.0}), ("limiter", {"ceiling": -20.0})):
        np.testing.assert_array_equal(heard(lab, name, samples, **given), samples, err_msg=name)


def test_the_limiter_keeps_its_ceiling_and_its_place(lab: Any) -> None:
    samples = noise(RATE) * np.float32(0.1)
    samples[:, 20000:21000] *= 30
    found = heard(lab, "limiter", samples, ceiling=-6.0)
    assert found.shape == samples.shape
    assert np.abs(found).max() <= 10 ** (-6 / 20) + 1e-6
    np.testing.assert_array_equal(found[:, :19000], samples[:, :19000])
    loud = slice(20100, 20900)
    alike = np.corrcoef(found[0, loud], samples[0, loud])[0, 1]
    assert alike > 0.95  # turned down, not cut, and not late


@pytest.mark.parametrize("name", ["highpass", "equalizer", "compressor", "limiter"])
def test_frames_of_any_size_sound_the_same(name: str, lab: Any) -> None:
    given = {"gain": 5.0} if name == "equalizer" else {}
    samples = noise(10000)
    wanted = heard(lab, name, samples, size=10000, **given)
    np.testing.assert_array_equal(heard(lab, name, samples, size=77, **given), wanted)


def test_flat_controls_drop_the_effect(lab: Any) -> None:
    for name, given in (("gain", {}), ("equalizer", {}), ("compressor", {"ratio": 1.0})):
        effect = lab("audio_effect", name)
        assert effect.declaration.neutral(effect.values(given))
    assert not lab("audio_effect", "limiter").declaration.neutral(lab("audio_effect", "limiter").values({}))


def test_flat_bands_of_the_equalizer_let_every_bit_through(lab: Any) -> None:
    samples = noise()
    np.testing.assert_array_equal(heard(lab, "equalizer", samples), samples)
    one = lab("audio_effect", "equalizer")
    specs = [one.effect.sound_filters(one.values({"gain": g}), RATE, "stereo") for g in (0.0, 6.0)]
    assert [s.name for s in specs[0]] == [s.name for s in specs[1]]  # so that gains can move
