"""What an effect is asked for in a trial: calls with inputs by formula, and their answers as a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from typing import Any

from kadr_sdk.audio_effects import SOUND_BLOCK, AudioCall
from kadr_sdk.color import Color
from kadr_sdk.effects import EffectDeclaration, FrameCall
from kadr_sdk.frames import AudioBlock
from kadr_sdk.params import check_params
from kadr_sdk.testing.vectors import digest, picture, waves

__all__ = ["ANY_FORMAT", "SIZES", "Case", "answer", "formats_of", "is_sound", "prepared"]

RATE, DURATION, SEED = Fraction(25), Fraction(40), 7
ANY_FORMAT = ("yuv420p", "yuva420p", "yuv422p10le", "yuv444p16le", "gbrp")
SIZES = ((64, 36), (33, 17))
_LAST = 1000
"""Frames of the clip that the formulas stand for."""
_MEMORY = 4
"""Frames that a sequential effect gets before the one of a case."""


@dataclass(frozen=True, slots=True)
class Case:
    """One call, as vectors write it down.

    Attributes:
        format: of pixels; of sound, the layout of channels.
        width, height: in pixels; of sound, samples a second, and 0.
        frame: number of the frame, or of the block of sound.
        values: parameters as a project gives them; those left out stand at their defaults.
    """

    format: str
    width: int
    height: int
    frame: int = 0
    range: str = "tv"
    progress: float = 0.0
    values: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As a vector has it."""
        return asdict(self) | {"values": dict(self.values)}

    @property
    def where(self) -> str:
        """In words."""
        size = f"{self.width} Hz" if not self.height else f"{self.width}x{self.height}"
        return f"{self.format} {size} frame {self.frame} {dict(self.values) or 'defaults'}"


def is_sound(declaration: EffectDeclaration) -> bool:
    """Whether it works on samples."""
    return declaration.kind in ("audio_filter", "audio_generator")


def formats_of(declaration: EffectDeclaration) -> tuple[str, ...]:
    """Formats to try it in: those that it accepts."""
    if is_sound(declaration):
        return ("mono", "stereo", "5.1")
    return declaration.formats or ANY_FORMAT


def parsed(declaration: EffectDeclaration, values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as an effect gets them.

    Raises:
        ValueError: one is wrong.
    """
    found, problems = check_params(declaration.params, values, "values")
    if problems:
        raise ValueError("; ".join(map(str, problems)))
    return dict(found)


def answer(declaration: EffectDeclaration, effect: Any, case: Case) -> str:
    """sha256 of what the effect makes of a case.

    One that remembers is reset, and gets the frames before, up to four of them.

    Raises:
        ValueError: the case does not fit the declaration.
        Exception: whatever the effect raises.
    """
    if declaration.state == "sequential":
        effect.reset()
        for number in range(max(0, case.frame - _MEMORY), case.frame):
            _once(declaration, effect, replace(case, frame=number))
    return _once(declaration, effect, case)


def _once(declaration: EffectDeclaration, effect: Any, case: Case) -> str:
    values = parsed(declaration, case.values)
    if is_sound(declaration):
        return _heard(declaration, effect, case, values)
    call = _frame_call(declaration, case, values)
    if declaration.kind == "analyzer":
        told = json.dumps(effect.measure(call), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(told.encode()).hexdigest()
    made = effect.frame(call)
    if (made.format, made.width, made.height) != (case.format, case.width, case.height):
        raise ValueError(f"it gives {made.format} {made.width}x{made.height}")
    return digest(made.planes)


def _frame_call(declaration: EffectDeclaration, case: Case, values: dict[str, Any]) -> FrameCall:
    before, after = declaration.window
    numbers = range(case.frame - max(before, 0), case.frame + after + 1)
    inputs = [
        [picture(case.format, case.width, case.height, i, k, case.range) for k in numbers]
        for i, item in enumerate(declaration.inputs)
        if not item.optional
    ]
    for window in inputs:
        for frame in window:
            for plane in frame.planes:
                plane.flags.writeable = False
    if declaration.kind == "transition":
        values["progress"] = case.progress
    moment = case.frame, RATE, case.frame / RATE, DURATION, case.progress, SEED
    color = Color("bt709", "bt709", "bt709", case.range)
    return FrameCall(inputs, values, *moment, case.width, case.height, case.format, color)


def _sound_call(declaration: EffectDeclaration, case: Case, values: dict[str, Any]) -> AudioCall:
    channels = {"mono": 1, "stereo": 2, "5.1": 6, "7.1": 8}[case.format]
    first = case.frame * SOUND_BLOCK
    inputs = [
        AudioBlock(waves(channels, first, SOUND_BLOCK, i), case.width, first, case.format)
        for i, _ in enumerate(declaration.inputs)
    ]
    for block in inputs:
        block.samples.flags.writeable = False
    shape = first, SOUND_BLOCK, case.width, case.format, channels
    return AudioCall(inputs, values, *shape, _LAST * SOUND_BLOCK, SEED)


def _heard(declaration: EffectDeclaration, effect: Any, case: Case, values: dict[str, Any]) -> str:
    call = _sound_call(declaration, case, values)
    made = effect.process(call)
    if made.samples.shape != (call.channels, call.count):
        raise ValueError(f"it gives samples of the shape {made.samples.shape}")
    return digest([made.samples])


def prepared(
    declaration: EffectDeclaration, effect: Any, case: Case
) -> tuple[Callable[[], object], Callable[[], object]]:
    """The call of a case, and a copy of what it works on, both ready to be timed."""
    values = parsed(declaration, case.values)
    if is_sound(declaration):
        sound = _sound_call(declaration, case, values)
        copied = sound.inputs[0].samples if sound.inputs else waves(sound.channels, 0, sound.count)
        return lambda: effect.process(sound), copied.copy
    call = _frame_call(declaration, case, values)
    middle = max(declaration.window[0], 0)
    frame = call.inputs[0][middle] if call.inputs else picture(case.format, case.width, case.height, 0, 0)
    made = effect.measure if declaration.kind == "analyzer" else effect.frame
    return lambda: made(call), frame.copy
