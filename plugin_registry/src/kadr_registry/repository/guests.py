"""Try a guest before its release is taken: compiled within the limits, conformant, and repeatable.

It runs in the sandbox of the kernel at hand, through the contribution ``runtime core``: the same
code, limits and checks as later at the user's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from kadr_sdk.audio_effects import AudioCall
from kadr_sdk.contributions import Runtime
from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.frames import AudioBlock
from kadr_sdk.params import check_params
from kadr_sdk.testing.conformance import check_effect

__all__ = ["try_guest"]

_RATE, _COUNT, _CHANNELS = 48000, 1024, 2
_SOUND = ("audio_filter", "audio_generator")
_PICTURE = ("filter", "transition", "generator", "composite")


def try_guest(runtime: Runtime, code: bytes, declaration: EffectDeclaration, plugin: str) -> None:
    """Load a guest, and let it work on noise.

    Pictures are tried as :func:`~kadr_sdk.testing.conformance.check_effect` does; sound in three
    blocks, twice; analyzers are loaded.

    Raises:
        PluginError: it is not taken; names the reason and the remedy.
        AssertionError: it does not do what it declares.
    """
    bound = runtime.load(code, declaration, plugin).bind("fail")
    try:
        effect: Any = bound.effect(lambda *_: None)
        if declaration.kind in _PICTURE:
            check_effect(declaration, effect)
        elif declaration.kind in _SOUND:
            _check_sound(declaration, effect)
    finally:
        bound.close()


def _check_sound(declaration: EffectDeclaration, effect: Any) -> None:
    values, problems = check_params(declaration.params, {}, declaration.id)
    if problems:
        return  # a parameter without a default: it is compiled, and there is nothing to play
    first, second = (_played(declaration, effect, values) for _ in range(2))
    assert first == second, "the same sound gives another one the second time"


def _played(declaration: EffectDeclaration, effect: Any, values: Any) -> bytes:
    """Three blocks after a reset."""
    effect.reset()
    noise = np.random.default_rng(7)
    made = b""
    for number in range(3):
        samples = noise.uniform(-1, 1, (_CHANNELS, _COUNT)).astype(np.float32)
        block = AudioBlock(samples, _RATE, number * _COUNT)
        inputs = [block] * (declaration.kind == "audio_filter")
        call = AudioCall(
            inputs, values, block.first, _COUNT, _RATE, block.layout, _CHANNELS, 3 * _COUNT, seed=7
        )
        out = effect.process(call)
        assert out.samples.shape == samples.shape, (
            f"it gives {out.samples.shape} samples, not {samples.shape}"
        )
        assert bool(np.isfinite(out.samples).all()), "it gives samples that are no numbers"
        made += out.samples.astype("<f4").tobytes()
    return made
