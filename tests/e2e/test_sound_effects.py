"""Effects on sound in real projects: planned, heard, the same in a part as in the whole, refused in time."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.errors import ValidationError
from kadr_sdk.frames import AudioBlock
from kadr_sdk.output import AudioEncoding, Output
from kadr_sdk.project import Project
from kadr_sdk.rendering import RenderRequest

RATE = 48000
EFFECTS = [
    {"effect_type": "highpass", "parameters": {"frequency": 200}},
    {"effect_type": "eq", "parameters": {"gain": 6, "frequency": 2000}},
    {"effect_type": "compressor", "parameters": {"threshold": -30}},
    {"effect_type": "limiter", "parameters": {"ceiling": -12}},
]


@pytest.fixture(scope="module")
def tone(renderer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of noise with a constant offset."""
    path = tmp_path_factory.mktemp("tone") / "tone.wav"
    samples = (np.random.default_rng(1).random((2, 4 * RATE)) * 0.6 - 0.1).astype(np.float32)
    output = Output("wav", "wav", None, AudioEncoding("pcm_s16le", RATE, "stereo"))
    renderer.backend().write(path, renderer.backend().prepare(output), None, [AudioBlock(samples, RATE)])
    return path


def heard(renderer: Any, project: Project, target: Path, **more: Any) -> np.ndarray:
    renderer.render(project, target.parent, RenderRequest(target, cache=False, **more))
    with av.open(str(target)) as container:
        blocks = [f.to_ndarray().reshape(-1, 2).T for f in container.decode(audio=0)]
    return np.concatenate(blocks, axis=1) / 32768


def sound(
    cut: Callable[..., Project], tone: Path, effects: list[Any], on_track: list[Any] | None = None
) -> Project:
    clip = {"id": "a", "source_file": str(tone), "duration": 3, "source_start": "0.5", "effects": effects}
    return cut(tracks=[{"id": "a1", "type": "audio", "clips": [clip], "effects": on_track or []}])


def test_the_chain_is_heard_in_a_part_as_in_the_whole(
    renderer: Any, cut: Callable[..., Project], tone: Path, tmp_path: Path
) -> None:
    plain = heard(renderer, sound(cut, tone, []), tmp_path / "plain.wav")
    whole = heard(renderer, sound(cut, tone, EFFECTS), tmp_path / "whole.wav")
    assert whole.shape == plain.shape == (2, 3 * RATE)
    assert plain.mean() == pytest.approx(0.2, abs=0.01)
    assert whole[:, RATE:].mean() == pytest.approx(0, abs=0.001)  # the offset went with the rumble
    assert np.abs(whole).max() <= 10 ** (-12 / 20) + 1e-4
    span = (Fraction(7, 5), Fraction(2))
    part = heard(renderer, sound(cut, tone, EFFECTS), tmp_path / "part.wav", range=span)
    np.testing.assert_array_equal(part, whole[:, 7 * RATE // 5 : 2 * RATE])


def test_the_sound_of_a_picture_has_effects_beside_those_of_the_picture(
    renderer: Any, cut: Callable[..., Project], movie: Any, tmp_path: Path
) -> None:
    samples = np.full((2, 2 * RATE), 0.25, np.float32)
    source = str(movie("offset.mkv", 50, codec="ffv1", sound=samples))
    effects = [{"effect_type": "brightness", "parameters": {"value": 0.1}}, EFFECTS[0]]
    project = cut({"id": "a", "source_file": source, "duration": 2, "effects": effects})
    output = tmp_path / "out.mkv"
    renderer.render(
        project, tmp_path, RenderRequest(output, audio={"codec": "flac"}, video={"codec": "ffv1"})
    )
    with av.open(str(output)) as container:
        frames = [f.to_ndarray() for f in container.decode(audio=0)]
    late = np.concatenate([f.ravel() for f in frames])[RATE:].astype(float)
    assert np.abs(late).max() <= 2  # in codes of 16 bit: nothing is left of it


def test_what_cannot_be_done_is_said(
    renderer: Any, cut: Callable[..., Project], tone: Path, tmp_path: Path
) -> None:
    keyed = {"attack": {"keyframes": [{"time": 0, "value": 100}, {"time": 1, "value": 200}]}}
    wrong = [
        {"effect_type": "compressor", "parameters": keyed},
        {"effect_type": "highpass", "start_time": 1, "end_time": 1},
        {"effect_type": "blur"},
        {"effect_type": "limiter", "parameters": {"ceiling": 3}},
    ]
    project = sound(cut, tone, wrong, [{"effect_type": "blur"}])
    with pytest.raises(ValidationError) as caught:
        renderer.plan(project, tmp_path, RenderRequest(tmp_path / "out.wav"))
    found = {p.path.removeprefix("timeline.tracks[1]."): p for p in caught.value.problems}
    assert "blur" in found["effects[0].effect_type"].message
    assert "takes no keyframes" in found["clips[0].effects[0].parameters.attack"].message
    assert found["clips[0].effects[1].end_time"].message == "ends before it starts"
    assert "blur" in found["clips[0].effects[2].effect_type"].message
    assert found["clips[0].effects[3].parameters.ceiling"].hint == "allowed: -24..0"


def louder(start: Any = None, end: Any = None) -> dict[str, Any]:
    parameters = {"level": 6}
    return {"effect_type": "gain", "parameters": parameters, "start_time": start, "end_time": end}


@pytest.mark.parametrize(
    ("start", "end"),
    [("1", "2"), (None, "3/2"), ("1.01", None), ("1", "1.004"), ("-", "-")],
)
@pytest.mark.parametrize("place", ["clip", "track", "whole"])
def test_an_effect_is_heard_from_a_time_to_another(
    renderer: Any, cut: Any, tone: Path, tmp_path: Path, place: str, start: Any, end: Any
) -> None:
    """Bit for bit the sound as it was outside; inside twice as loud, after 10 ms on the way there."""
    if start == "-":  # acts behind the end
        start, end = "3.5", "4"
    use = [louder(start, end)]
    clip = {"id": "a", "source_file": str(tone), "duration": 3, "effects": use if place == "clip" else []}
    track = {"id": "a1", "type": "audio", "clips": [clip], "effects": use if place == "track" else []}
    project = cut(tracks=[track], timeline={"effects": use if place == "whole" else []})
    bare = cut(tracks=[track | {"effects": [], "clips": [clip | {"effects": []}]}])
    float_sound = {"audio": {"codec": "pcm_f32le"}}
    plain = raw(renderer, bare, tmp_path / "plain.wav", **float_sound)
    found = raw(renderer, project, tmp_path / "found.wav", **float_sound)
    at = np.arange(plain.shape[1])
    first = 0 if start is None else round(Fraction(start) * RATE)
    last = 3 * RATE if end is None else round(Fraction(end) * RATE)
    fade = min(RATE // 100, (last - first) // 2)
    rise = np.clip((at - first) / fade, 0, 1) if start is not None else np.ones(at.size)
    fall = np.clip((last - at) / fade, 0, 1) if end is not None else np.ones(at.size)
    share = np.minimum(rise, fall)
    np.testing.assert_array_equal(found[:, share == 0], plain[:, share == 0])
    gain = 1 + share * (10 ** (6 / 20) - 1)
    np.testing.assert_allclose(found, plain * gain, rtol=0, atol=2e-7)
    span = (Fraction(28, 25), Fraction(40, 25))
    part = raw(renderer, project, tmp_path / "part.wav", range=span, **float_sound)
    np.testing.assert_array_equal(part, found[:, 28 * 1920 : 40 * 1920])


def raw(renderer: Any, project: Project, target: Path, **more: Any) -> np.ndarray:
    renderer.render(project, target.parent, RenderRequest(target, cache=False, overwrite=True, **more))
    with av.open(str(target)) as container:
        return np.concatenate([f.to_ndarray().reshape(-1, 2).T for f in container.decode(audio=0)], axis=1)


def test_an_effect_has_heard_what_was_before_it_acts(
    renderer: Any, cut: Any, tone: Path, tmp_path: Path
) -> None:
    """A filter that comes in later is as settled as one that was there from the beginning."""
    use = {"effect_type": "lowpass", "parameters": {"frequency": 300}}
    whole = heard(renderer, sound(cut, tone, [use]), tmp_path / "whole.wav")
    later = heard(renderer, sound(cut, tone, [use | {"start_time": 1}]), tmp_path / "later.wav")
    np.testing.assert_array_equal(later[:, RATE + RATE // 100 :], whole[:, RATE + RATE // 100 :])
