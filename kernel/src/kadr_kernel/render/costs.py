"""What parts have cost on this machine: seconds and bytes for a unit of work, by what was made.

Work of one kind (an encoder with its settings, and the effects that the pictures go through)
is measured in the units of :func:`kadr_kernel.render.needs.cost_of`; of the last measurements
the least and the most are a range. Where nothing with those effects was made, everything
with that encoder stands in, which is a wider range. Nothing known gives no answer.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path

from kadr_sdk.errors import StorageError
from kadr_sdk.plan import AudioPlan, Call, Conform, Native, RenderPlan, Segment, content_hash, walk

from kadr_kernel.disk import write_whole
from kadr_kernel.render.needs import cost_of

__all__ = ["Costs", "Range", "audio_kind", "film_kind", "film_work", "segment_kinds"]

Range = tuple[float, float, float, float]
"""Seconds for a unit, least and most; bytes for a unit, least and most."""

_ENOUGH, _UNSURE = 4, 1.5  # with fewer measurements the range is so much wider, either way
_SAMPLES, _KINDS = 24, 300  # of the last of each kind; kinds


class Costs:
    """Thread-safe. Two processes that save at once may lose measurements, never the file.

    Args:
        memory: the file; None: nothing is remembered.
    """

    def __init__(self, memory: Path | None) -> None:
        self._memory = memory
        self._lock = threading.Lock()
        self._new: list[tuple[str, float, float]] = []
        self._known: dict[str, list[tuple[float, float]]] | None = None

    def note(self, kinds: Iterable[str], work: float, seconds: float, size: int) -> None:
        """Some work was done."""
        if work > 0 and seconds > 0:
            with self._lock:
                self._new += [(kind, seconds / work, size / work) for kind in kinds]

    def of(self, kinds: Iterable[str]) -> Range | None:
        """The range of the first kind that was measured."""
        with self._lock:
            if self._known is None:
                self._known = self._load()
            for kind in kinds:
                rows = [*self._known.get(kind, ()), *((s, b) for k, s, b in self._new if k == kind)]
                if rows:
                    seconds, sizes = [row[0] for row in rows], [row[1] for row in rows]
                    wider = _UNSURE if len(rows) < _ENOUGH else 1.0
                    return (
                        min(seconds) / wider,
                        max(seconds) * wider,
                        min(sizes) / wider,
                        max(sizes) * wider,
                    )
        return None

    def save(self) -> None:
        """Remember for other processes and runs; failing to is no error."""
        with self._lock:
            if not self._new or self._memory is None:
                return
            new, self._new = self._new, []
            known = self._known = self._load()
            for kind, seconds, size in new:
                rows = known.pop(kind, [])  # to the end: what is used stays
                known[kind] = [*rows, (seconds, size)][-_SAMPLES:]
            kept = dict(list(known.items())[-_KINDS:])
        try:
            write_whole(self._memory, json.dumps(kept).encode())
        except StorageError:
            return

    def _load(self) -> dict[str, list[tuple[float, float]]]:
        if self._memory is None:
            return {}
        try:
            data = json.loads(self._memory.read_text("utf-8"))
            return {str(k): [(float(s), float(b)) for s, b in rows] for k, rows in data.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def segment_kinds(plan: RenderPlan, segment: Segment) -> tuple[str, str]:
    """The kind of a segment's work, and the wider one of its encoder alone."""
    encoder = content_hash(["segment", plan.output.master or plan.output.video])[:16]
    looks: set[str] = set()
    for span in segment.spans:
        for node in walk(span.root):
            if isinstance(node, Native | Call):
                looks.add(node.effect)
            elif isinstance(node, Conform):
                looks.add(type(node).__name__)
    return f"{encoder}/{content_hash(sorted(looks))[:16]}", encoder


def audio_kind(plan: RenderPlan, audio: AudioPlan) -> str:
    """The kind of the sound's work, whose unit is a sample of a clip or of the mix."""
    effects = sorted({type(part).__name__ for part in audio.parts})
    return content_hash(["audio", plan.output.audio, effects, audio.loudness is not None])[:16]


def film_kind(plan: RenderPlan) -> str:
    """The kind of a film's last session."""
    return content_hash(["film", plan.output.video])[:16]


def film_work(plan: RenderPlan) -> float:
    """Units of the film's last session."""
    return sum(cost_of(plan, segment) for segment in plan.segments)
