"""Tracks, the whole mix, ducking, speed that varies and loudness in real projects."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.project import Project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.reports import Expectation

RATE = 48000


@pytest.fixture
def render(renderer: Any, cut: Callable[..., Project], tmp_path: Path) -> Callable[..., Any]:
    """Renders tracks of sound, returns the samples and the report."""

    def run(
        tracks: list[Any], request: Any = None, name: str = "out", **timeline: Any
    ) -> tuple[np.ndarray, Any]:
        rows = [{"id": f"t{n}", "type": "audio"} | t for n, t in enumerate(tracks)]
        target = tmp_path / "out.wav"
        audio = {"codec": "pcm_f32le"} | (request or {}).pop("audio", {})
        wanted = RenderRequest(target, cache=False, overwrite=True, audio=audio, **(request or {}))
        report = renderer.render(cut(tracks=rows, timeline=timeline), tmp_path, wanted)
        with av.open(str(target)) as container:
            blocks = [f.to_ndarray().reshape(-1, 2).T for f in container.decode(audio=0)]
        return np.concatenate(blocks, axis=1), report

    return run


def noise(seconds: float, seed: int, level: float = 0.2) -> np.ndarray:
    return (np.random.default_rng(seed).random((2, round(seconds * RATE))) - 0.5) * 2 * level


def clip(path: str, duration: Any = 2, **more: Any) -> dict[str, Any]:
    return {"id": "c", "source_file": path, "duration": duration} | more


def keys(*points: tuple[float, float]) -> dict[str, Any]:
    return {"keyframes": [{"time": t, "value": v} for t, v in points]}


def test_a_track_is_worked_on_as_a_whole(save: Any, render: Any) -> None:
    a, b = save("a", noise(2, 1)), save("b", noise(2, 2))
    low = {"effect_type": "lowpass", "parameters": {"frequency": 1000}}
    one_each = [{"clips": [clip(a, effects=[low])]}, {"clips": [clip(b, effects=[low])]}]
    both = [{"clips": [clip(a), clip(b, id="d")], "effects": [low], "volume": 0.5}]
    apart, _ = render(one_each)
    together, _ = render(both)
    np.testing.assert_allclose(together, apart * 0.5, atol=1e-6)
    through_master, _ = render([{"clips": [clip(a)]}, {"clips": [clip(b)]}], effects=[low])
    np.testing.assert_allclose(through_master, apart, atol=1e-6)


def test_a_part_with_everything_sounds_as_in_the_whole(save: Any, render: Any) -> None:
    voice = noise(4, 3)
    voice[:, : 2 * RATE] = 0
    tracks = [
        {
            "clips": [clip(save("m", noise(4, 4)), 4)],
            "duck": {"under": ["t1"]},
            "effects": [{"effect_type": "compressor", "parameters": {"threshold": keys((0, -40), (3, -10))}}],
        },
        {"clips": [clip(save("v", voice), 4)], "volume": keys((0, 0), (4, 1))},
    ]
    limiter = [{"effect_type": "limiter", "parameters": {"ceiling": -20}}]
    whole, _ = render(tracks, effects=limiter)
    part, _ = render(tracks, {"range": (Fraction(8, 5), Fraction(13, 5))}, effects=limiter)
    assert np.abs(whole).max() <= 10 ** (-20 / 20) + 1e-6
    assert np.array_equal(part, whole[:, 8 * RATE // 5 : 13 * RATE // 5])


def test_neutral_changes_no_bit(save: Any, render: Any) -> None:
    a, b = save("n1", noise(1, 5)), save("n2", noise(1, 6))
    plain, first = render([{"clips": [clip(a, 1)]}, {"clips": [clip(b, 1)]}])
    flat = [{"effect_type": "eq"}, {"effect_type": "gain", "parameters": {"level": 0}}]
    tracks = [
        {"clips": [clip(a, 1, effects=flat)], "effects": flat, "duck": {"under": ["t1"], "amount": 0}},
        {"clips": [clip(b, 1)], "effects": flat},
    ]
    dressed, second = render(tracks, effects=flat, pan_law=0)
    assert np.array_equal(plain, dressed)
    assert first.plan == second.plan


def test_the_pan_law_in_a_project(save: Any, render: Any) -> None:
    sound = noise(1, 7)
    tracks = [{"pan": 0.25, "clips": [clip(save("p", sound), 1, pan=0.25)]}]
    found, _ = render(tracks, pan_law=-3)
    sides = np.cos(np.pi / 2 * 0.75), np.sin(np.pi / 2 * 0.75)
    np.testing.assert_allclose(found, sound * np.array(sides)[:, None], atol=1e-6)


def test_loudness_of_a_project_and_in_its_report(save: Any, render: Any, renderer: Any) -> None:
    t = np.arange(6 * RATE) / RATE
    tone = 0.05 * np.sin(2 * np.pi * 1000 * t)
    tracks = [{"clips": [clip(save("tone", np.stack([tone, tone])), 6)]}]
    wanted = {"audio": {"loudness": {"integrated": -18, "true_peak": -2}}}
    found, report = render(tracks, wanted)
    gain = 10 ** (-18 / 20) / 0.05  # a sine of 1 kHz on both sides has its peak's decibels as LUFS
    np.testing.assert_allclose(found, np.stack([tone, tone]) * gain, rtol=0, atol=0.006)
    assert report.loudness["integrated"] == pytest.approx(-18, abs=0.1)
    assert report.loudness["true_peak"] == pytest.approx(-18, abs=0.1)
    check = renderer.backend().check(Path(report.output), Expectation(), "full")
    assert check.facts["loudness"] == report.loudness
    again, _ = render(tracks, {"audio": {"loudness": {"integrated": -18, "true_peak": -2}}})
    assert np.array_equal(again, found)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("keep_pitch", [False, True])
def test_sound_and_picture_keep_together_at_a_varying_speed(
    renderer: Any, cut: Any, movie: Any, tmp_path: Path, backwards: bool, keep_pitch: bool
) -> None:
    """In frames 20, 60 and 90 of the source a click begins; the picture shows the frame's number."""
    clicks = np.zeros((2, 4 * RATE), np.float32)
    for frame in (20, 60, 90):
        clicks[:, frame * 1920 + 928 : frame * 1920 + 993] = np.hanning(65)
    source = str(movie("clicks.mkv", 100, codec="ffv1", sound=clicks))
    curve = keys((0, 1), (1, 2), (2, 1), (2.5, 1))
    clip = {"id": "a", "source_file": source, "duration": 2.8, "speed": curve, "keep_pitch": keep_pitch}
    project = cut(clip | {"reversed": backwards, "past_end": "hold"})
    digests = []
    for workers in (1, 3):
        output = tmp_path / f"out{workers}.mkv"
        request = RenderRequest(
            output, audio={"codec": "flac"}, video={"codec": "ffv1"}, workers=workers, cache=False
        )
        digests.append(renderer.render(project, tmp_path, request).digest)
    assert digests[0] == digests[1]
    with av.open(str(output)) as container:
        sound = np.concatenate([f.to_ndarray().ravel() for f in container.decode(audio=0)])[::2].astype(float)
    plan = renderer.plan(project, tmp_path, RenderRequest(output))
    shown = [float(t) for s in plan.segments for span in s.spans for t in times_of(span.root)]
    assert len(shown) == 70
    loud = np.abs(sound) > 0.4 * np.abs(sound).max()
    heard = {round(n / 1920) for n in np.flatnonzero(loud)}
    seen = {k for k, t in enumerate(shown) for f in (20, 60, 90) if abs(t * 25 - f - 0.5) < 1}
    assert all(min(abs(h - s) for s in seen) <= 1 for h in heard)
    assert len(heard) >= 3


def times_of(node: Any) -> list[Fraction]:
    while not hasattr(node, "times"):
        node = node.input if hasattr(node, "input") else node.inputs[0]
    return list(node.times.listed)
