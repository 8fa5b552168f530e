"""Mixes in blocks: where they are cut, what changes them, and that their sum is the mix."""

from __future__ import annotations

import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_kernel.render.renderer import KernelRenderer
from kadr_kernel.render.sound_blocks import SoundBlock, assembled, sound_blocks
from kadr_sdk.errors import StorageError
from kadr_sdk.plan import AudioBus, AudioClip, AudioFilters, AudioPlan, Ramp, content_hash
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.testing.memory import read_output, write_source

RATE = 1000


def clip(start: float, length: float, source: float = 0, **more: Any) -> AudioClip:
    """By seconds of the mix."""
    row = {"path": "a.mem", "stream": 0, "source_start": Fraction(source)} | more
    return AudioClip(start=round(start * RATE), count=round(length * RATE), **row)


def plan(*clips: AudioClip, **more: Any) -> AudioPlan:
    return AudioPlan(RATE, "stereo", 2, max(c.start + c.count for c in clips), clips, **more)


def starts(*clips: AudioClip, **more: Any) -> list[float]:
    return [block.start / RATE for block in sound_blocks(plan(*clips, **more))]


def hashes(blocks: tuple[SoundBlock, ...]) -> list[str]:
    return [content_hash(block.plan) for block in blocks]


def test_cut_where_clips_begin_and_long_ones_on_a_grid() -> None:
    assert starts(clip(0, 15), clip(15, 30), clip(45, 12)) == [0, 15, 45]
    assert starts(clip(0, 130)) == [0, 60]
    assert starts(clip(5, 150)) == [5, 65, 125]


def test_one_piece_has_no_blocks() -> None:
    assert sound_blocks(plan(clip(0, 30))) == ()
    assert starts(clip(0, 4), clip(4, 5)) == []


def test_never_inside_what_has_to_be_made_from_its_beginning() -> None:
    echo = (AudioFilters(()),)
    assert starts(clip(0, 200, stages=echo), clip(30, 20), clip(200, 30)) == [0, 200]
    assert starts(clip(0, 200, speed=Fraction(2)), clip(200, 30)) == [0, 200]


def test_none_where_nothing_sounds() -> None:
    blocks = sound_blocks(plan(clip(10, 20), clip(600, 20)))
    assert [(b.start / RATE, b.plan.count / RATE) for b in blocks] == [(10, 20), (600, 20)]


def test_every_bus_has_its_own() -> None:
    blocks = sound_blocks(plan(clip(0, 20), clip(10, 20, bus=0), buses=(AudioBus(),)))
    assert [(b.start / RATE, b.bus) for b in blocks] == [(0, None), (10, 0)]
    assert all(c.bus is None for b in blocks for c in b.plan.clips)


def test_every_sample_of_every_clip_is_in_one_block() -> None:
    rng = np.random.default_rng(5)
    clips = [clip(float(s), float(d)) for s, d in rng.uniform(1, 90, (60, 2)).round(2)]
    heard = np.zeros(200 * RATE, int)
    for block in sound_blocks(plan(*clips)):
        for part in block.plan.clips:
            at = block.start + part.start
            assert 0 <= part.start <= part.start + part.count <= block.plan.count
            heard[at : at + part.count] += 1
    wanted = np.zeros_like(heard)
    for one in clips:
        wanted[one.start : one.start + one.count] += 1
    assert np.array_equal(heard, wanted)


def test_what_is_put_in_front_changes_no_block_behind() -> None:
    rest = [clip(20 * n, 20, n) for n in range(6)]
    moved = [replace(c, start=c.start + 7_123) for c in rest]
    before = hashes(sound_blocks(plan(*rest)))
    after = hashes(sound_blocks(plan(clip(0, 7.123, 99), *moved)))
    assert after[-5:] == before[-5:]


def test_a_changed_clip_changes_the_blocks_that_it_is_heard_in() -> None:
    bed = clip(0, 120, 3)
    rows = [clip(20 * n, 20, n) for n in range(6)]
    louder = replace(rows[2], gains=((Ramp(0, 1, 0.5, 0.5),),))
    before = hashes(sound_blocks(plan(bed, *rows)))
    after = hashes(sound_blocks(plan(bed, *rows[:2], louder, *rows[3:])))
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, False, True, True, True]


def test_a_fade_at_the_end_is_nothing_to_the_beginning() -> None:
    faded = clip(0, 150, gains=((Ramp(149_000, 150_000, 1.0, 0.0),),))
    first, second, last = sound_blocks(plan(faded))
    plain = hashes(sound_blocks(plan(clip(0, 150))))
    assert hashes((first, second)) == plain[:2]
    assert last.plan.clips[0].gains == ((Ramp(0, 29_000, 1.0, 1.0), Ramp(29_000, 30_000, 1.0, 0.0)),)


def test_a_reversed_clip_goes_on_where_the_block_before_ended() -> None:
    first, second = sound_blocks(plan(clip(0, 100, 150, reversed=True)))
    assert first.plan.clips[0].source_start == 150
    assert second.plan.clips[0].source_start == 150 - Fraction(second.start, RATE)


# -- rendered ------------------------------------------------------------------------------------


class Kept:
    """A cache that copies; a key in ``full`` cannot be stored."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder

    def claim(self, kind: str, key: str, waiting: Any = None) -> Any:
        from contextlib import nullcontext

        path = self.folder / f"{kind}-{key}"
        return nullcontext(path if path.exists() else None)

    def put(self, kind: str, key: str, source: Path) -> None:
        shutil.copyfile(source, self.folder / f"{kind}-{key}")

    def size(self, kind: str, key: str) -> int | None:
        path = self.folder / f"{kind}-{key}"
        return path.stat().st_size if path.exists() else None

    def forget(self, kind: str) -> None:
        for path in self.folder.glob(f"{kind}-*"):
            path.unlink()


def edit(volume: float = 1.0, fades: bool = False) -> Any:
    rows = [
        {"id": f"a{n}", "source_file": "a.mem", "start_time": 12 * n, "duration": 12, "volume": 0.1 * (n + 1)}
        | ({"fade_out": 5} if fades else {})
        for n in range(4)
    ]
    rows[2]["volume"] = volume
    bed = {"id": "b", "source_file": "b.mem", "duration": 48, "fade_in": 30, "volume": 0.3}
    tracks = [{"id": "t", "type": "audio", "clips": rows}, {"id": "u", "type": "audio", "clips": [bed]}]
    return parse_project({"timeline": {"fps": 25, "resolution": [64, 36], "tracks": tracks}})


@pytest.fixture
def media(tmp_path: Path) -> Path:
    for name in "ab":
        audio = {"rate": 48000, "seconds": "60", "level": 0.5}
        write_source(tmp_path / f"{name}.mem", audio=audio)
    return tmp_path


@pytest.fixture
def kept(rig: Any, media: Path) -> Kept:
    cache = Kept(media / "kept")
    rig.renderer = KernelRenderer(replace(rig.means, cache=cache))
    return cache


def test_the_sum_of_the_blocks_is_the_mix(rig: Any, media: Path) -> None:
    audio = rig.planner.plan(edit(fades=True), media, RenderRequest(media / "o.mp4"), seal=False).audio
    blocks = sound_blocks(audio)
    assert len(blocks) == 4

    def mixed(plan: AudioPlan) -> Any:
        return np.concatenate([block.samples for block in rig.backend.mix(plan, _Context())], axis=1)

    assert np.array_equal(mixed(assembled(audio, blocks, [""] * 4)), mixed(audio))


class _Context:
    def check(self) -> None:
        pass


def test_only_blocks_that_changed_are_mixed_again(rig: Any, media: Path, kept: Kept) -> None:
    request = RenderRequest(media / "out.mp4", overwrite=True)
    rig.renderer.render(edit(), media, request)
    assert rig.backend.mixed == 4
    ahead = rig.renderer.forecast(rig.renderer.plan(edit(0.9), media, request), request)
    assert (ahead.audio, ahead.blocks) == ("rendered", (3, 4))
    changed = rig.renderer.render(edit(0.9), media, request)
    assert rig.backend.mixed == 5
    fresh = rig.renderer.render(edit(0.9), media, replace(request, cache=False))
    assert rig.backend.mixed == 5  # mixed while it was encoded
    assert changed.digest == fresh.digest
    samples = read_output(media / "out.mp4").samples
    assert samples is not None
    assert samples.shape[1] == 48 * 48_000


def test_killed_before_the_end_of_the_sound(rig: Any, media: Path, kept: Kept) -> None:
    request = RenderRequest(media / "out.mp4", overwrite=True)
    whole = rig.renderer.render(edit(), media, request).digest
    kept.forget("audio")
    next(iter(kept.folder.glob("pcm-*"))).unlink()
    assert rig.renderer.render(edit(), media, request).digest == whole
    assert rig.backend.mixed == 5


def test_no_room_for_blocks_is_told_and_costs_nothing_else(
    rig: Any, media: Path, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = RenderRequest(media / "out.mp4", overwrite=True)
    whole = rig.renderer.render(edit(), media, replace(request, cache=False)).digest

    def full(*_: object) -> str:
        raise StorageError("cannot use the file: No space left on device", hint="free some space")

    monkeypatch.setattr(rig.backend, "mix_part", full)
    report = rig.renderer.render(edit(), media, request)
    assert report.digest == whole
    (warning,) = report.warnings
    assert "mixed without being kept" in warning.message
