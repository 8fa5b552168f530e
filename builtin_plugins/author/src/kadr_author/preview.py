"""What ``kadr plugin dev`` shows of an effect: a frame before and after, or what it says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from kadr_sdk.audio_effects import SOUND_BLOCK, AudioCall
from kadr_sdk.color import BT709
from kadr_sdk.effects import EffectDeclaration, FrameCall
from kadr_sdk.frames import AudioBlock, VideoFrame

from kadr_author.calls import RATE, SEED, formats_of, is_sound, parsed
from kadr_author.pictures import RGB, beside, card, in_format, wave_picture

__all__ = ["Scene", "shown"]

_BLOCKS, _RATE = 8, 48000
_FRAME, _FRAMES = 12, 50


@dataclass(frozen=True, slots=True)
class Scene:
    """What an effect is shown with.

    Attributes:
        picture: RGB in 0..1; None: a test card. width, height: of the frame.
        values: parameters as a project gives them.
    """

    width: int = 640
    height: int = 360
    picture: RGB | None = None
    values: Mapping[str, Any] | None = None

    def inputs(self, count: int) -> list[RGB]:
        """A picture for each input: the same one mirrored, upside down, …; test cards of other hues."""
        if self.picture is None:
            return [card(self.width, self.height, number / 3) for number in range(count)]
        turned: list[Callable[[RGB], RGB]] = [
            lambda p: p,
            lambda p: p[:, ::-1],
            lambda p: p[::-1],
            lambda p: p[::-1, ::-1],
        ]
        return [turned[number % 4](self.picture) for number in range(count)]


def shown(declaration: EffectDeclaration, effect: Any, scene: Scene) -> tuple[VideoFrame | None, str]:
    """A picture (before, then after), and what is to be said of it.

    Raises:
        ValueError: a value is wrong.
        Exception: whatever the effect raises.
    """
    values = parsed(declaration, scene.values or {})
    if declaration.state == "sequential" or is_sound(declaration):
        effect.reset()
    if is_sound(declaration):
        return _heard(declaration, effect, scene, values), "sound before and after"
    call = _call(declaration, scene, values)
    if declaration.kind == "analyzer":
        return None, json.dumps(effect.measure(call), ensure_ascii=False)
    made = effect.frame(call)
    before = [window[max(declaration.window[0], 0)] for window in call.inputs]
    words = "before and after" if before else "what it makes"
    return beside([*before, made]), words


def _call(declaration: EffectDeclaration, scene: Scene, values: dict[str, Any]) -> FrameCall:
    format = formats_of(declaration)[0]
    pictures = scene.inputs(len(declaration.inputs))
    height, width = pictures[0].shape[:2] if pictures else (scene.height, scene.width)
    before, after = declaration.window
    steps = range(-max(before, 0), after + 1)
    inputs = [[in_format(np.roll(p, 4 * step, axis=1), format) for step in steps] for p in pictures]
    progress = 0.5 if declaration.kind == "transition" else _FRAME / _FRAMES
    if declaration.kind == "transition":
        values["progress"] = progress
    moment = _FRAME, RATE, _FRAME / RATE, Fraction(_FRAMES) / RATE, progress, SEED
    return FrameCall(inputs, values, *moment, width, height, format, BT709)


def _heard(declaration: EffectDeclaration, effect: Any, scene: Scene, values: dict[str, Any]) -> VideoFrame:
    """A swelling tone, or silence; what comes in above what goes out."""
    n = np.arange(_BLOCKS * SOUND_BLOCK)
    tone = (0.6 * np.sin(n * 2 * np.pi * 220 / _RATE) * np.sin(n * np.pi / len(n))).astype(np.float32)
    source = np.repeat(tone[None], 2, axis=0)
    made = []
    for first in range(0, len(n), SOUND_BLOCK):
        block = AudioBlock(source[:, first : first + SOUND_BLOCK], _RATE, first)
        inputs = [block] * len(declaration.inputs)
        shape = first, SOUND_BLOCK, _RATE, "stereo", 2
        made.append(effect.process(AudioCall(inputs, values, *shape, len(n), SEED)).samples)
    heard = np.concatenate(made, axis=1)
    rows = [source, heard] if declaration.inputs else [heard]
    pictures = [wave_picture(row[0], scene.width, scene.height // len(rows)) for row in rows]
    return in_format(np.concatenate(pictures, axis=0), "rgb24")
