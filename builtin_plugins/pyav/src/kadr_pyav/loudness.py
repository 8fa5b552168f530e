"""Loudness by EBU R128, as libavfilter's ``ebur128`` measures it (ITU-R BS.1770-4, EBU Tech 3341, 3342)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import av
import numpy as np
from av.filter import Graph
from kadr_sdk.frames import AudioBlock

from kadr_pyav.sound import Samples, channels_of, to_frame

__all__ = ["SILENT", "Loudness", "Meter", "measured"]

SILENT = -70.0
"""LUFS of the absolute gate: what stays below has no loudness."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """What was measured.

    Attributes:
        integrated: LUFS, :data:`SILENT` where nothing passes the gate. range: LU.
        true_peak: dBTP, -inf for digital silence.
    """

    integrated: float
    range: float
    true_peak: float

    def facts(self) -> dict[str, float | None]:
        """JSON-ready; None where there is no value."""
        heard = self.integrated > SILENT
        return {
            "integrated": round(self.integrated, 2) if heard else None,
            "range": round(self.range, 2) if heard else None,
            "true_peak": round(self.true_peak, 2) if math.isfinite(self.true_peak) else None,
        }


class Meter:
    """Measures sound as it passes; sound shorter than 0.4 s has no loudness by the standard."""

    def __init__(self, rate: int, layout: str) -> None:
        self._rate, self._layout, self._pushed = rate, layout, 0
        self._graph = Graph()
        ends = {"sample_fmt": "flt", "channel_layout": layout, "time_base": f"1/{rate}"}
        nodes = [
            self._graph.add("abuffer", sample_rate=str(rate), **ends),
            self._graph.add("ebur128", metadata="1", peak="true"),
            self._graph.add("abuffersink"),
        ]
        self._graph.link_nodes(*nodes).configure()
        self._said: dict[str, str] = {}
        self._peak = 0.0

    def seen(self, pieces: Iterable[Samples]) -> Iterator[Samples]:
        """The same pieces, measured as they pass."""
        for piece in pieces:
            self.add(piece)
            yield piece

    def add(self, samples: Samples) -> None:
        """Measure what comes next, shape (channels, n)."""
        self._peak = max(self._peak, float(np.max(np.abs(samples), initial=0.0)))
        if samples.shape[1]:
            self._graph.push(to_frame(samples, self._rate, self._layout, self._pushed))
            self._pushed += samples.shape[1]
            self._pull()

    def result(self) -> Loudness:
        """Of all that was added; a rest of less than 0.1 s at the end is filled with silence."""
        step = self._rate // 10
        self.add(np.zeros((channels_of(self._layout), -self._pushed % step), np.float32))
        # The filter tells peaks in thousandths; a sample that is louder is known exactly.
        peak = max(self._peak, float(self._said.get("true_peak", 0.0)))
        integrated = float(self._said.get("I", SILENT))
        return Loudness(
            integrated if math.isfinite(integrated) else SILENT,
            float(self._said.get("LRA", 0.0)),
            20 * math.log10(peak) if peak > 0 else -math.inf,
        )

    def _pull(self) -> None:
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            for key, value in frame.metadata.items():
                self._said[key.removeprefix("lavfi.r128.")] = value


def measured(sound: Iterable[AudioBlock]) -> Loudness:
    """The loudness of blocks of one rate and layout, taken in order."""
    meter: Meter | None = None
    for block in sound:
        meter = meter or Meter(block.rate, block.layout)
        meter.add(block.samples)
    return meter.result() if meter is not None else Loudness(SILENT, 0.0, -math.inf)
