"""Effects on sound in Python: their latency is taken back, their tail rings on, in a part as in the whole."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_kernel.boot import boot
from kadr_sdk.errors import RenderError
from kadr_sdk.project import Project
from kadr_sdk.rendering import Renderer, RenderRequest

RATE = 48000
MANIFEST = """
manifest = 1
[plugin]
id = "org.ring"
version = "1.0"
[[contributes.audio_effect]]
id = "org.ring.echo"
names = ["echo_once"]
file = "echo.toml"
entry = "org_ring.sound:Echo"
[[contributes.audio_effect]]
id = "org.ring.late"
names = ["late"]
file = "late.toml"
entry = "org_ring.sound:Late"
[[contributes.audio_effect]]
id = "org.ring.short"
names = ["short"]
file = "short.toml"
entry = "org_ring.sound:Short"
"""
DECLARED = """
id = "org.ring.{name}"
version = 1
title = "{name}"
kind = "audio_filter"
names = ["{short}"]
implementations = ["audio"]
state = "sequential"
{more}
"""
CODE = """
import numpy as np
from kadr_sdk.frames import AudioBlock


class Late:
    delay, gain = 1500, 0.0

    def reset(self):
        self.held = None

    def process(self, call):
        heard = call.inputs[0].samples
        if self.held is None:
            self.held = np.zeros((call.channels, self.delay), np.float32)
        both = np.concatenate([self.held, heard], axis=1)
        self.held = both[:, -self.delay:].copy()
        return AudioBlock(both[:, :call.count] + self.gain * heard, call.rate, call.first, call.layout)


class Echo(Late):
    delay, gain = 4800, 1.0


class Short(Late):
    def process(self, call):
        return AudioBlock(call.inputs[0].samples[:, :9], call.rate)
"""


@pytest.fixture(scope="module")
def ringing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Renderer]:
    """A renderer in a house with the plugin."""
    folder = tmp_path_factory.mktemp("ring")
    package = folder / "plugins" / "org_ring" / "org_ring"
    package.mkdir(parents=True)
    rows = (("echo", "echo_once", "tail = 4800"), ("late", "late", "latency = 1500"), ("short", "short", ""))
    files = {f"{n}.toml": DECLARED.format(name=n, short=s, more=more) for n, s, more in rows}
    for name, text in (files | {"__init__.py": "", "plugin.toml": MANIFEST, "sound.py": CODE}).items():
        (package / name).write_text(text, "utf-8")
    place = {"KADR_HOME": str(folder / "home")}
    with boot(environ=place, overrides={"plugins.folders": [str(folder / "plugins")]}) as kernel:
        kernel.plugins.set_enabled("org.ring", True)
        kernel.plugins.activate("org.ring")
        yield kernel.container.get(Renderer)
    for name in [n for n in sys.modules if n.startswith("org_ring")]:
        del sys.modules[name]


Heard = Callable[..., Any]


@pytest.fixture
def heard(ringing: Renderer, cut: Callable[..., Project], tmp_path: Path) -> Heard:
    """The sound of a tone of one second at 0.2 s in a film of two, through effects."""

    def render(*effects: str, **more: Any) -> Any:
        tone = {"type": "tone", "parameters": {"frequency": 100, "level": 0.25, "wave": "saw"}}
        uses = [{"effect_type": name} for name in effects]
        clip = {"id": "t", "generator": tone, "start_time": "0.2", "duration": 1, "effects": uses}
        silent = {"type": "tone", "parameters": {"level": 0}}
        rest = {"id": "s", "generator": silent, "duration": 2}
        tracks = [
            {"id": "a", "type": "audio", "clips": [clip]},
            {"id": "b", "type": "audio", "clips": [rest]},
        ]
        target = tmp_path / f"{len(list(tmp_path.iterdir()))}.wav"
        ringing.render(cut(tracks=tracks), tmp_path, RenderRequest(target, cache=False, **more))
        with av.open(str(target)) as container:
            blocks = [f.to_ndarray().reshape(-1, 2).T for f in container.decode(audio=0)]
        return np.concatenate(blocks, axis=1)

    return render


def test_what_is_late_is_in_its_place(heard: Heard) -> None:
    plain, late = heard(), heard("late")
    assert plain.shape == (2, 2 * RATE)
    np.testing.assert_array_equal(late, plain)
    span = (Fraction(13, 25), Fraction(6, 5))
    np.testing.assert_array_equal(heard("late", range=span), plain[:, 13 * RATE // 25 : 6 * RATE // 5])


def test_a_tail_rings_on(heard: Heard) -> None:
    plain, rung = heard().astype(int), heard("echo_once", "late").astype(int)
    shifted = np.concatenate([np.zeros((2, 4800), int), plain[:, :-4800]], axis=1)
    assert plain[:, 6 * RATE // 5 : 6 * RATE // 5 + 4800].any() == 0
    assert rung[:, 6 * RATE // 5 : 6 * RATE // 5 + 4800].any()
    assert np.abs(rung - plain - shifted).max() <= 1
    span = (Fraction(31, 25), Fraction(8, 5))  # begins when the clip is over, and rings
    part = heard("echo_once", "late", range=span)
    np.testing.assert_array_equal(part, rung[:, 31 * RATE // 25 : 8 * RATE // 5])


def test_an_effect_that_gives_too_little_is_named(heard: Heard) -> None:
    with pytest.raises(RenderError, match=r"the effect org\.ring\.short gave samples of shape \(2, 9\)"):
        heard("short")
