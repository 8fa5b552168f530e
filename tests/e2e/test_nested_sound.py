"""The sound of sequences: whatever is done to it, it sounds as its own film would.

The golden is the sequence rendered by itself to a file of floats, played in the place of the sequence.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.rendering import RenderRequest

RATE = 48000
FLOATS = {"container": "wav", "video": None, "audio": {"codec": "pcm_f32le"}}


def noise(seconds: float, seed: int) -> np.ndarray:
    samples = np.random.default_rng(seed).uniform(-0.2, 0.2, (2, round(seconds * RATE)))
    samples[:, ::4800] = 0.9
    return samples


@pytest.fixture
def rows(save: Any) -> list[dict[str, Any]]:
    """Two tracks of sound, three seconds; the second begins late and falls silent."""
    voice = noise(3, 2)
    voice[:, RATE : 2 * RATE] = 0
    first = {"id": "a", "source_file": save("music", noise(3, 1)), "duration": 3, "fade_in": 0.5}
    second = {"id": "b", "source_file": save("voice", voice), "duration": "5/2", "start_time": 0.5}
    return [
        {"id": "m", "type": "audio", "clips": [first]},
        {"id": "v", "type": "audio", "clips": [second | {"pan": 0.5}], "volume": 0.8},
    ]


def ducking(rows: list[dict[str, Any]]) -> dict[str, Any]:
    first, second = rows
    return {"tracks": [first | {"duck": {"under": ["v"]}}, second]}


INNER: dict[str, Callable[[list[dict[str, Any]]], dict[str, Any]]] = {
    "plain": lambda rows: {"tracks": rows},
    "ducking": ducking,
    "limited": lambda rows: {
        "tracks": rows,
        "effects": [{"effect_type": "limiter", "parameters": {"ceiling": -12}}],
    },
    "panned": lambda rows: {"tracks": rows, "pan_law": -3},
    "filtered": lambda rows: {
        "tracks": [rows[0] | {"effects": [{"effect_type": "lowpass"}]}, rows[1]],
    },
}
FASTER = {"keyframes": [{"time": 0, "value": 0.8}, {"time": 1, "value": 1.6}]}
LOW = {"effect_type": "lowpass", "parameters": {"frequency": 900}}


@pytest.mark.parametrize(
    ("inner", "clip"),
    [
        ("plain", {"speed": 2, "keep_pitch": False}),
        ("plain", {"speed": 0.75, "duration": 2, "source_start": 0.5}),
        ("plain", {"reversed": True, "duration": 2, "source_start": 0.5}),
        ("plain", {"speed": FASTER, "duration": 1.5}),
        ("plain", {"speed": FASTER, "duration": 1.5, "keep_pitch": False, "reversed": True}),
        ("plain", {"effects": [LOW]}),
        ("plain", {"effects": [LOW | {"start_time": 1, "end_time": 2}]}),
        ("ducking", {"source_start": 0.8, "duration": 1.4}),
        ("ducking", {"reversed": True, "speed": 1.25}),
        ("limited", {"fade_out": 0.5, "volume": 0.5, "pan": -0.5, "source_start": 1}),
        ("panned", {"source_start": 0.25}),
        ("filtered", {"source_start": 0.25, "effects": [LOW], "speed": 1.5}),
    ],
)
def test_it_sounds_as_its_own_film(
    renderer: Any, cut: Any, tmp_path: Path, rows: Any, inner: str, clip: dict[str, Any]
) -> None:
    sequence = {"fps": 25, "resolution": [320, 180]} | INNER[inner](rows)
    film = made(renderer, cut(timeline=sequence, tracks=sequence["tracks"]), tmp_path / "film.wav")
    nested = heard(made(renderer, around(cut, {"sequence": "in"} | clip, sequence), tmp_path / "n.wav"))
    golden = heard(made(renderer, around(cut, {"source_file": str(film)} | clip, {}), tmp_path / "g.wav"))
    assert np.abs(golden).max() > 0.1
    assert nested.shape == golden.shape
    np.testing.assert_allclose(nested, golden, rtol=0, atol=2e-7)


def around(cut: Any, clip: dict[str, Any], sequence: dict[str, Any]) -> Any:
    """The clip half a second into a film, beside another one."""
    track = {"id": "x", "type": "audio", "clips": [{"id": "c", "start_time": 0.5} | clip]}
    return cut(tracks=[track], sequences={"in": sequence} if sequence else {})


def made(renderer: Any, project: Any, target: Path, **more: Any) -> Path:
    request = FLOATS | {"cache": False, "overwrite": True} | more
    renderer.render(project, target.parent, RenderRequest(target, **request))
    return target


def heard(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([f.to_ndarray().reshape(-1, 2).T for f in container.decode(audio=0)], axis=1)


def test_a_part_sounds_as_in_the_whole(renderer: Any, cut: Any, tmp_path: Path, rows: Any) -> None:
    sequence = {"fps": 25, "resolution": [320, 180]} | ducking(rows)
    outer = {"fps": 25, "resolution": [320, 180], "tracks": [
        {"id": "x", "type": "audio", "clips": [{"id": "i", "sequence": "in", "effects": [LOW]}]}
    ]}  # fmt: skip
    clip = {"id": "c", "sequence": "out", "speed": FASTER, "duration": 2}
    project = cut(
        tracks=[{"id": "x", "type": "audio", "clips": [clip]}], sequences={"in": sequence, "out": outer}
    )
    whole = heard(made(renderer, project, tmp_path / "whole.wav"))
    part = heard(made(renderer, project, tmp_path / "part.wav", range=(Fraction(15, 25), Fraction(35, 25))))
    assert np.abs(part).max() > 0.05
    assert np.array_equal(part, whole[:, 15 * 1920 : 35 * 1920])


def test_it_fades_over_with_its_handles(renderer: Any, cut: Any, tmp_path: Path, rows: Any) -> None:
    """A crossfade of two cuts of one sequence at another speed, each with its handle."""
    sequence = {"fps": 25, "resolution": [320, 180]} | INNER["limited"](rows)
    film = made(renderer, cut(timeline=sequence, tracks=sequence["tracks"]), tmp_path / "film.wav")
    found = []
    for source in ({"sequence": "in"}, {"source_file": str(film)}):
        first = {"id": "a", "duration": 1, "speed": 1.25, "keep_pitch": False} | source
        second = first | {"id": "b", "start_time": 1, "source_start": 1}
        joint = {"transition_type": "dissolve", "between": ["a", "b"], "duration": 0.4}
        track = {"id": "x", "type": "audio", "clips": [first, second], "transitions": [joint]}
        project = cut(tracks=[track], sequences={"in": sequence} if "sequence" in source else {})
        found.append(heard(made(renderer, project, tmp_path / "out.wav")))
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=2e-7)


def test_what_is_wrong_within_is_told_by_its_place(
    renderer: Any, cut: Any, tmp_path: Path, rows: Any
) -> None:
    from kadr_sdk.errors import ValidationError

    sequence = {"fps": 25, "resolution": [320, 180], "tracks": rows, "effects": [{"effect_type": "limitr"}]}
    with pytest.raises(ValidationError) as caught:
        made(renderer, around(cut, {"sequence": "in", "speed": 2}, sequence), tmp_path / "n.wav")
    (problem,) = caught.value.problems
    assert problem.path == "sequences.in.effects[0].effect_type"
    assert "limitr" in problem.message
    assert "limiter" in problem.hint
