"""Sequences within the timeline: the right frames, at any speed, with their alpha and their sound."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.errors import ValidationError
from kadr_sdk.project import Project
from kadr_sdk.rendering import RenderRequest

LOSSLESS = {"codec": "ffv1", "pixel_format": "yuv420p"}


def plain(name: str, color: str, **more: Any) -> dict[str, Any]:
    generator = {"type": "color", "parameters": {"color": color}}
    return {"id": name, "generator": generator, "duration": 1} | more


def timeline(*clips: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"fps": 25, "resolution": [320, 180], "tracks": [{"id": "v", "clips": list(clips)}]} | more


def shows(name: str, **more: Any) -> dict[str, Any]:
    return {"id": f"c-{name}", "sequence": name} | more


@pytest.fixture
def inner(movie: Any) -> dict[str, Any]:
    """50 frames: 100..119 and 310..339."""
    source = str(movie("nested.mkv", 400, codec="ffv1"))
    one = {"id": "a", "source_file": source, "duration": "20/25", "source_start": 4}
    two = {"id": "b", "source_file": source, "start_time": "20/25", "duration": "30/25"}
    return timeline(one, two | {"source_start": "310/25"})


NUMBERS = [*range(100, 120), *range(310, 340)]

Made = Callable[..., Path]


@pytest.fixture
def made(renderer: Any, tmp_path: Path) -> Made:
    def make(project: Project, **more: Any) -> Path:
        target = tmp_path / "out.mkv"
        request = {"video": LOSSLESS, "cache": False, "overwrite": True} | more
        renderer.render(project, tmp_path, RenderRequest(target, **request))
        return target

    return make


@pytest.mark.parametrize(
    ("clip", "wanted"),
    [
        ({}, NUMBERS),
        ({"source_start": "10/25", "duration": "20/25"}, NUMBERS[10:30]),
        ({"start_time": 1}, [None] * 25 + NUMBERS),
        ({"speed": 2}, NUMBERS[::2]),
        ({"speed": 0.5, "duration": "60/25"}, [NUMBERS[k // 2] for k in range(60)]),
        ({"reversed": True}, NUMBERS[::-1]),
        ({"freeze": "25/25", "duration": "5/25"}, [NUMBERS[25]] * 5),
        ({"duration": "60/25", "past_end": "hold"}, NUMBERS + [NUMBERS[-1]] * 10),
    ],
)
def test_the_right_frames(
    made: Made, cut: Any, read_numbers: Any, inner: dict[str, Any], clip: dict[str, Any], wanted: list[Any]
) -> None:
    project = cut(shows("in", **clip), sequences={"in": inner})
    assert read_numbers(made(project, workers=2)) == wanted


def test_a_part_and_several_workers_show_what_the_whole_shows(
    made: Made, cut: Any, read_luma: Any, inner: dict[str, Any]
) -> None:
    shrunk = shows("in", speed=0.7, duration=2, transform={"scale_x": 0.5, "scale_y": 0.5})
    effects = [{"effect_type": "denoise"}]  # reads neighbouring frames across the cut within
    above = {"id": "v2", "clips": [shrunk | {"effects": effects}]}
    project = cut(plain("bg", "#204060", duration=2), tracks=[above], sequences={"in": inner})
    whole = read_luma(made(project, workers=4))
    assert all(np.array_equal(a, b) for a, b in zip(whole, read_luma(made(project, workers=1)), strict=True))
    part = read_luma(made(project, range=(Fraction(15, 25), Fraction(35, 25))))
    assert all(np.array_equal(a, b) for a, b in zip(whole[15:35], part, strict=True))


def test_it_is_the_same_as_its_clips(made: Made, cut: Any, read_luma: Any, inner: dict[str, Any]) -> None:
    flat = cut(*inner["tracks"][0]["clips"])
    nested = cut(shows("in"), sequences={"in": inner})
    deeper = cut(shows("mid"), sequences={"in": inner, "mid": timeline(shows("in"))})
    first = read_luma(made(flat))
    for project in (nested, deeper):
        assert all(np.array_equal(a, b) for a, b in zip(first, read_luma(made(project)), strict=True))


def test_its_gaps_show_what_lies_below(made: Made, cut: Any, read_luma: Any) -> None:
    """A small white square on nothing, half visible, over grey; blending within stays within."""
    small = plain("s", "#ffffff", opacity=0.5, transform={"scale_x": 0.5, "scale_y": 0.5})
    sequence = timeline(small, background="#ff0000")
    project = cut(
        plain("bg", "#808080"), tracks=[{"id": "v2", "clips": [shows("in")]}], sequences={"in": sequence}
    )
    luma = read_luma(made(project))[0]
    grey = 16 + 219 * 0x80 / 255
    assert abs(int(luma[10, 10]) - grey) <= 1
    assert abs(int(luma[90, 160]) - (grey + 235) / 2) <= 1.5


def test_its_own_size_and_rate(made: Made, cut: Any, read_numbers: Any, read_luma: Any, movie: Any) -> None:
    """A tall sequence of 10 frames a second: each is on screen until the next one's time."""
    source = str(movie("nested.mkv", 400, codec="ffv1"))
    clip = {"id": "a", "source_file": source, "duration": 1, "fit": "cover"}
    tall = {"fps": 10, "resolution": [180, 320], "tracks": [{"id": "v", "clips": [clip]}]}
    out = made(cut(shows("in", fit="cover"), sequences={"in": tall}))
    assert len(read_luma(out)) == 25
    wide = tall | {"resolution": [320, 180]}
    out = made(cut(shows("in"), sequences={"in": wide}))
    # frame k of the output shows the sequence at k/25 s: its frame floor(k/2.5), source frame 2.5 n
    assert read_numbers(out) == [int(k * 10 // 25 * 2.5) for k in range(25)]


def test_handles_of_a_transition_come_from_the_sequence(
    made: Made, cut: Any, read_numbers: Any, inner: dict[str, Any]
) -> None:
    first = shows("in", duration="20/25")
    second = shows("in", start_time="20/25", source_start="25/25", duration="20/25") | {"id": "again"}
    joint = {"transition_type": "wipe", "between": ["c-in", "again"], "duration": "10/25"}
    found = read_numbers(made(cut(first, second, transitions=[joint], sequences={"in": inner})))
    assert found[:16] == NUMBERS[:16]
    assert found[25:] == NUMBERS[30:45]


@pytest.mark.parametrize(
    ("sequences", "path", "said"),
    [
        ({"a": timeline(shows("a"))}, "sequences.a.tracks[0].clips[0].sequence", "'a' > 'a'"),
        (
            {"a": timeline(shows("b")), "b": timeline(shows("c")), "c": timeline(shows("a"))},
            "sequences.c.tracks[0].clips[0].sequence",
            "contains itself: 'a' > 'b' > 'c' > 'a'",
        ),
        ({"a": timeline()}, "timeline.tracks[0].clips[0].sequence", "shows nothing"),
        (
            {"a": timeline(plain("x", "#fff", effects=[{"effect_type": "blurr"}]))},
            "sequences.a.tracks[0].clips[0].effects[0].effect_type",
            "unknown effect 'blurr'",
        ),
        (
            {"a": timeline(plain("x", "#fff", duration="5/25"))},
            "timeline.tracks[0].clips[0].duration",
            "uses 0.800 s more than the sequence has (0.200 s)",
        ),
        (
            {"a": timeline(shows("n0"))}
            | {f"n{k}": timeline(shows(f"n{k + 1}")) for k in range(9)}
            | {"n9": timeline(plain("x", "#fff"))},
            "sequences.n6.tracks[0].clips[0].sequence",
            "more than 8 deep",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    renderer: Any, cut: Any, tmp_path: Path, sequences: dict[str, Any], path: str, said: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        renderer.render(
            cut(shows("a", duration=1), sequences=sequences), tmp_path, RenderRequest(tmp_path / "o.mkv")
        )
    found = {p.path: p.message for p in caught.value.problems}
    assert said in found[path]


def test_a_short_document_does_not_make_a_huge_plan(renderer: Any, cut: Any, tmp_path: Path) -> None:
    rows = {
        f"n{k}": timeline(*(shows(f"n{k + 1}", start_time=i) | {"id": str(i)} for i in range(10)))
        for k in range(6)
    }
    rows["n6"] = timeline(plain("x", "#fff", duration=1))
    with pytest.raises(ValidationError, match="comes to more than 100000 clips"):
        renderer.plan(cut(shows("n0"), sequences=rows), tmp_path, RenderRequest(tmp_path / "o.mkv"))


def tone(clips: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"id": "snd", "type": "audio", "clips": clips} | more


def heard(path: Path) -> Any:
    """Samples of the left channel."""
    with av.open(str(path)) as container:
        return np.concatenate([f.to_ndarray().reshape(-1, 2)[:, 0] for f in container.decode(audio=0)])


@pytest.fixture
def sounding(movie: Any) -> list[dict[str, Any]]:
    noise = np.random.default_rng(5).uniform(-0.2, 0.2, (2, 48000 * 3)).astype(np.float32)
    source = str(movie("nested_sound.mkv", 75, codec="ffv1", sound=noise))
    clip = {"source_file": source, "fade_out": 0.1, "volume": 0.5}
    return [
        clip | {"id": "a", "duration": "20/25", "source_start": 1},
        clip | {"id": "b", "start_time": "20/25", "duration": 1, "pan": 0.5},
    ]


def test_its_sound_is_that_of_its_clips(made: Made, cut: Any, sounding: Any) -> None:
    wav = {"container": "wav", "video": None, "audio": {"codec": "pcm_s16le"}}
    flat = cut(plain("p", "#000", duration=2), tracks=[{"id": "x", "clips": sounding}])
    nested = cut(plain("p", "#000", duration=2), tracks=[{"id": "x", "clips": [shows("in")]}],
                 sequences={"in": timeline(*sounding)})  # fmt: skip
    first = heard(made(flat, **wav))
    assert np.abs(first.astype(int)).max() > 1000
    assert np.array_equal(first, heard(made(nested, **wav)))
    loud = shows("in", start_time="5/25", source_start="10/25", duration="20/25", volume=0.5)
    moved = cut(plain("p", "#000", duration=2), tracks=[{"id": "x", "clips": [loud]}],
                sequences={"in": timeline(*sounding)})  # fmt: skip
    found = heard(made(moved, **wav)).astype(int)
    assert not found[: 5 * 1920].any()
    assert not found[25 * 1920 :].any()
    assert np.abs(found[5 * 1920 : 25 * 1920] - first[10 * 1920 : 30 * 1920] / 2).max() <= 1.01
    part = made(moved, **wav, range=(Fraction(10, 25), Fraction(20, 25)))
    assert np.array_equal(heard(part), found[10 * 1920 : 20 * 1920])
