"""How long an effect works, against copying what it works on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from kadr_author.calls import Case, formats_of, is_sound, prepared
from kadr_author.project import Work
from kadr_author.vectors import cases_for

__all__ = ["Speed", "speed_of"]

_BLOCKS = 47  # of 1024 samples: a second at 48 kHz


@dataclass(frozen=True, slots=True)
class Speed:
    """Medians of calls taken in turns.

    Attributes:
        of: what was made: ``1080p frame`` or ``second of sound``. format: of pixels, or the layout.
        ms: milliseconds for one. copy_ms: for copying its input (of a generator: its output).
        least_ms: the quickest.
    """

    of: str
    format: str
    ms: float
    copy_ms: float
    least_ms: float

    @property
    def ratio(self) -> float:
        """How many copies it costs."""
        return self.ms / self.copy_ms if self.copy_ms else 0.0


def speed_of(work: Work, effect: Any, rounds: int) -> Speed:
    """The speed of an effect at 1080p, or of an effect on sound at 48 kHz stereo.

    Args:
        rounds: how often each is done.
    """
    declared = work.declaration
    formats = formats_of(declared)
    sound = is_sound(declared)
    name = "stereo" if sound else "yuv420p" if "yuv420p" in formats else formats[0]
    size = (48000, 0) if sound else (1920, 1080)
    case = Case(name, *size, 4, progress=0.5, values=cases_for(declared)[0].values)
    call, copied = prepared(declared, effect, case)
    times = _BLOCKS if sound else 1
    if declared.state == "sequential":
        effect.reset()
    call()
    copied()
    pairs = [(_ms(call, times), _ms(copied, times)) for _ in range(rounds)]
    ms, copy_ms = (median(column) for column in zip(*pairs, strict=True))
    of = "second of sound" if sound else "1080p frame"
    return Speed(of, name, ms, copy_ms, min(row[0] for row in pairs))


def _ms(work: Callable[[], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) * 1000
