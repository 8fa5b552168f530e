"""The demo: its project is valid, its sources move, its sheet is a picture."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from kadr_cli.demo import sources
from kadr_cli.demo.project import STORY, demo_project
from kadr_sdk.project import dump_project, parse_project


def test_the_project_survives_a_file() -> None:
    made = demo_project()
    assert parse_project(dump_project(made)) == made
    kinds = {e.effect_type for e in made.effects}
    assert kinds == {"contrast", "saturation", "blur"}
    assert [t.type for t in made.timeline.tracks] == ["video", "video", "audio"]
    assert len(STORY) == 6


def test_clips_stay_within_their_sources() -> None:
    lengths = {f"{name}.mp4": Fraction(repr(seconds)) for name, _, _, seconds in sources.SCENES}
    lengths["tune.wav"] = Fraction(25, 2)
    for track in demo_project().timeline.tracks:
        for clip in track.clips:
            assert clip.source_file is not None
            assert clip.duration is not None
            assert clip.source_start + clip.duration <= lengths[clip.source_file]


def test_scenes_are_pictures_that_move() -> None:
    for _, scene, _, _ in sources.SCENES:
        first, later = (np.stack([np.broadcast_to(c, (360, 640)) for c in scene(t)]) for t in (0.0, 2.0))
        assert np.isfinite(first).all()
        assert 0.02 < first.mean() < 0.98
        assert first.std() > 0.05
        assert np.abs(first - later).max() > 0.2


def test_sound_is_heard_and_does_not_clip() -> None:
    for blocks in (sources._tune(1.0), sources._wind(98.0, 1.0)):
        found = list(blocks)
        sound = np.concatenate([b.samples for b in found], axis=1)
        assert sound.shape == (2, 48000)
        assert 0.02 < np.abs(sound).max() <= 1.0
        assert [b.first for b in found] == [0, 24000]
