"""Bringing a mix to its loudness: measured whole, then one gain, and a limiter where peaks need it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from kadr_sdk.plan import AudioPlan, LoudnessTarget

from kadr_pyav.loudness import SILENT, Loudness, Meter
from kadr_pyav.peak_limiter import limited
from kadr_pyav.sound import Samples

__all__ = ["normalized"]

_CLOSE = 0.05  # LU: near enough
_TRIES = 4  # passes through the limiter, which takes a little loudness each time
_FLAT = 0.25  # LU a decibel: what is limited more than that gets no steeper
_SEEN = 0.1  # LU: from here on a difference is told

Warn = Callable[[str, str, str], None]


def normalized(plan: AudioPlan, run: Callable[[], Iterator[Samples]], warn: Warn) -> Iterator[Samples]:
    """The mix at its loudness.

    The first pass measures. Where a gain alone keeps the true peak, the second one is that
    gain and nothing else. Where not, passes through the limiter are measured until one comes
    within 0.05 LU.

    Args:
        run: begins the mix anew; every run gives the same samples.
    """
    target = plan.loudness
    assert target is not None
    found = _measured(plan, run())
    if found.integrated <= SILENT:
        warn("the sound is too quiet or too short for its loudness to be measured", "", "leave loudness out")
        return run()
    gain = target.integrated - found.integrated
    if found.true_peak + gain <= target.true_peak:
        return _scaled(run(), gain)
    driven = _factor(_driven(plan, run, gain, target, warn))
    return limited(run(), driven, target.true_peak, plan.rate, plan.layout)


def _driven(
    plan: AudioPlan, run: Callable[[], Iterator[Samples]], gain: float, target: LoudnessTarget, warn: Warn
) -> float:
    """The gain in front of the limiter with which the loudness comes out."""
    best, error = gain, float("inf")
    slope, before = 1.0, (0.0, 0.0)  # LU that a decibel brings; the gain and the loudness measured last
    for number in range(_TRIES):
        through = limited(run(), _factor(gain), target.true_peak, plan.rate, plan.layout)
        reached = _measured(plan, through).integrated
        missing = target.integrated - reached
        if abs(missing) < abs(error):
            best, error = gain, missing
        if abs(missing) <= _CLOSE:
            break
        if number:
            slope = min(1.0, max(_FLAT, (reached - before[1]) / (gain - before[0])))
        before = gain, reached
        gain += missing / slope
    if abs(error) > _SEEN:
        text = f"the sound comes out at {target.integrated - error:.1f} LUFS instead of {target.integrated:g}"
        hint = f"peaks leave no room below {target.true_peak:g} dBTP: compress it, or ask for less"
        warn(text, "export.audio.loudness", hint)
    return best


def _measured(plan: AudioPlan, pieces: Iterable[Samples]) -> Loudness:
    meter = Meter(plan.rate, plan.layout)
    for piece in pieces:
        meter.add(piece)
    return meter.result()


def _factor(decibels: float) -> float:
    return float(10.0 ** (decibels / 20.0))


def _scaled(pieces: Iterator[Samples], gain: float) -> Iterator[Samples]:
    """Times one factor; 0 dB changes nothing."""
    factor = _factor(gain)
    for piece in pieces:
        yield (piece * factor).astype(np.float32) if gain else piece
