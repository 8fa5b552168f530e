"""Guests of every kind in real projects: made, heard, seen, the same in a part as in the whole."""

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

RATE = 48000
TONE = {"type": "tone", "parameters": {"frequency": 440, "level": 0.5, "wave": "square"}}


def heard(renderer: Any, project: Project, target: Path, **more: Any) -> Any:
    renderer.render(project, target.parent, RenderRequest(target, cache=False, **more))
    with av.open(str(target)) as container:
        blocks = [f.to_ndarray().reshape(-1, 2).T for f in container.decode(audio=0)]
    return np.concatenate(blocks, axis=1) / 32768


def sounding(cut: Callable[..., Project], effects: list[Any], **more: Any) -> Project:
    clip = {"id": "t", "generator": TONE, "start_time": "0.4", "duration": 2, "effects": effects} | more
    return cut(tracks=[{"id": "a1", "type": "audio", "clips": [clip]}])


def test_a_tone_is_made_and_swings(renderer: Any, cut: Callable[..., Project], tmp_path: Path) -> None:
    plain = heard(renderer, sounding(cut, []), tmp_path / "plain.wav")
    assert plain.shape == (2, RATE * 12 // 5)
    begin = RATE * 2 // 5
    assert not plain[:, :begin].any()
    step = np.arange(2 * RATE) * (440.0 / RATE)
    np.testing.assert_allclose(plain[0, begin:], np.where(step % 1 < 0.5, 0.5, -0.5), atol=1e-4)
    swings = [{"effect_type": "tremolo", "parameters": {"rate": 2, "depth": 1}}]
    swung = heard(renderer, sounding(cut, swings), tmp_path / "swung.wav")
    ratio = swung[0, begin:] / plain[0, begin:]
    assert ratio[0] == pytest.approx(1, abs=1e-3)
    assert ratio[RATE // 4] == pytest.approx(0, abs=1e-3)
    assert ratio[RATE // 2] == pytest.approx(1, abs=1e-3)
    span = (Fraction(6, 5), Fraction(2))
    part = heard(renderer, sounding(cut, swings), tmp_path / "part.wav", range=span)
    np.testing.assert_array_equal(part, swung[:, 6 * RATE // 5 : 2 * RATE])


def test_keyframes_act_block_by_block(renderer: Any, cut: Callable[..., Project], tmp_path: Path) -> None:
    depth = {"keyframes": [{"time": 0, "value": 0}, {"time": 1, "value": 1}]}
    effects = [{"effect_type": "tremolo", "parameters": {"rate": 40, "depth": depth}}]
    found = np.abs(heard(renderer, sounding(cut, effects, start_time=0), tmp_path / "keys.wav")[0])
    lows = [found[n : n + 2400].min() for n in (0, RATE // 2, RATE)]
    assert lows[0] > 0.45
    assert lows[0] > lows[1] > lows[2]
    assert lows[2] < 0.01


def test_what_sound_cannot_do_is_said(renderer: Any, cut: Callable[..., Project], tmp_path: Path) -> None:
    def problem(**more: Any) -> str:
        effects = more.pop("effects", [])
        with pytest.raises(ValidationError) as caught:
            renderer.plan(sounding(cut, effects, **more), tmp_path, RenderRequest(tmp_path / "a.wav"))
        return "; ".join(map(str, caught.value.problems))

    assert "kadr.wasm.tremolo changes sound, and makes none" in problem(generator={"type": "tremolo"})
    assert "kadr.wasm.tone makes sound from nothing" in problem(effects=[{"effect_type": "tone"}])
    assert "a generator has no speed of its own" in problem(speed=2)
    assert "generator.type" in problem(generator={"type": "tones"})
    assert "outside 1..24000" in problem(generator={"type": "tone", "parameters": {"frequency": 0}})


def picture(renderer: Any, project: Project, folder: Path, at: str = "0") -> Any:
    return renderer.frame(project, folder, Fraction(at)).planes[0].astype(int)


def test_plasma_flows(renderer: Any, cut: Callable[..., Project], tmp_path: Path) -> None:
    colours = {"from": "#000000", "to": "#ff0000", "size": 100, "speed": 0.5}
    project = cut({"id": "p", "generator": {"type": "plasma", "parameters": colours}, "duration": 2})
    first, later = picture(renderer, project, tmp_path), picture(renderer, project, tmp_path, "1")
    assert first.shape == (180, 320, 3)
    assert first[..., 0].max() > 230
    assert first[..., 0].min() < 25
    assert first[..., 1:].max() < 30
    assert np.abs(first - later).mean() > 20
    half = renderer.frame(project, tmp_path, Fraction(0), 0.5).planes[0].astype(int)
    assert np.abs(half[::3, ::3] - first[::6, ::6])[..., 0].mean() < 12  # the same waves at half the size


def split(cut: Callable[..., Project], inputs: list[str], **more: Any) -> Project:
    def colour(name: str, value: str, **rest: Any) -> dict[str, Any]:
        made = {"type": "color", "parameters": {"color": value}}
        return {"id": name, "clips": [{"id": f"{name}1", "generator": made, "duration": 2}]} | rest

    use = {"effect_type": "split_screen", "inputs": inputs} | more
    top = colour("top", "#00ff00", effects=[use])
    return cut(timeline={"tracks": [colour("low", "#ff0000"), colour("mid", "#0000ff"), top]})


def colours(found: Any, y: int) -> str:
    return "".join(
        "rgb"[int(found[y, x].argmax())] if found[y, x].max() > 60 else "." for x in (40, 160, 280)
    )


def test_split_screen_takes_tracks(renderer: Any, cut: Callable[..., Project], tmp_path: Path) -> None:
    beside = picture(renderer, split(cut, ["low", "mid"]), tmp_path)
    assert colours(beside, 90) == "grb"
    two = picture(renderer, split(cut, ["mid"]), tmp_path)
    assert colours(two, 90)[0] + colours(two, 90)[2] == "gb"
    rows = picture(renderer, split(cut, ["low"], parameters={"arrangement": "rows", "gap": 20}), tmp_path)
    assert [colours(rows, y) for y in (20, 90, 160)] == ["ggg", "...", "rrr"]
    # Outside its time the tracks stand over each other as ever.
    over = split(cut, ["low"], start_time=1)
    assert colours(picture(renderer, over, tmp_path), 90) == "ggg"
    assert colours(picture(renderer, over, tmp_path, "1.5"), 90)[::2] == "gr"


def test_what_a_composite_cannot_take_is_said(
    renderer: Any, cut: Callable[..., Project], tmp_path: Path
) -> None:
    def problem(project: Project) -> str:
        with pytest.raises(ValidationError) as caught:
            renderer.plan(project, tmp_path, RenderRequest(tmp_path / "a.mp4"))
        return "; ".join(map(str, caught.value.problems))

    assert "there is no enabled video track 'lo' below this one" in problem(split(cut, ["lo"]))
    assert "there is no enabled video track 'top' below" in problem(split(cut, ["top"]))
    assert "takes 1 to 3 tracks beside its own, and 0 are named" in problem(split(cut, []))
    assert "kadr.blur has one input and takes no tracks" in problem(split(cut, ["low"], effect_type="blur"))
    made = {"type": "color", "parameters": {}}
    use = {"effect_type": "split_screen", "inputs": ["a"]}
    lone = cut({"id": "c", "generator": made, "duration": 1, "effects": [use]})
    assert "effects[0].inputs[0]: no sequence 'a'" in problem(lone)


def test_every_frame_is_measured(renderer: Any, movie: Any) -> None:
    path = movie("measured.mkv", 12, codec="ffv1")
    rows = list(renderer.analyze(path, "luma_histogram", {"bins": 4}))
    assert [row["frame"] for row in rows] == list(range(12))
    assert [row["time"] for row in rows] == [round(n / 25, 6) for n in range(12)]
    lumas = []
    with av.open(str(path)) as container:
        lumas = [f.to_ndarray()[: f.height] for f in container.decode(video=0)]
    for row, luma in zip(rows, lumas, strict=True):
        assert row["histogram"] == [int(n) for n in np.bincount(luma.ravel() // 64, minlength=4)]
        assert (row["min"], row["max"], row["depth"]) == (luma.min(), luma.max(), 8)
        assert row["mean"] == (int(luma.sum(dtype=np.int64)) + luma.size // 2) // luma.size


def test_what_cannot_be_measured_is_said(kernel: Any, movie: Any, tmp_path: Path, capfd: Any) -> None:
    host, path = kernel.catalogue.load("host", "cli"), str(movie("measured.mkv", 12, codec="ffv1"))

    def said(*words: str) -> tuple[int, str]:
        code = host.run(kernel, ["analyze", *words])
        out = capfd.readouterr()
        return code, out.out + out.err

    code, text = said(path, "--with", "luma_histogram", "--json")
    assert code == 0
    assert len(text.splitlines()) == 12
    assert said(path, "--with", "luma_histogram", "--set", "bins=2")[1].splitlines()[11].startswith("    11")
    for words, expected in (
        ((path, "--with", "luma_histogra"), "luma_histogram"),
        ((path, "--with", "luma_histogram", "--set", "bins=0"), "outside 1..256"),
        ((path, "--with", "luma_histogram", "--set", "binz=3"), "did you mean 'bins'"),
        ((path, "--with", "luma_histogram", "--set", "bins"), "write NAME=VALUE"),
        ((str(tmp_path / "none.mp4"), "--with", "luma_histogram"), "does not exist"),
    ):
        code, text = said(*words)
        assert code != 0
        assert expected in text


def test_a_composite_says_its_inputs(kernel: Any, capfd: Any) -> None:
    assert kernel.catalogue.load("host", "cli").run(kernel, ["effects", "split_screen"]) == 0
    assert "the first its own: first, second, third (optional), fourth (optional)" in capfd.readouterr().out
