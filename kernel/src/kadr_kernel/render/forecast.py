"""What a plan's render would do: what is there already, and about what the rest takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kadr_sdk.forecast import Forecast
from kadr_sdk.plan import RenderPlan, Segment

from kadr_kernel.render.costs import Costs, Range, audio_kind, film_kind, film_work, segment_kinds
from kadr_kernel.render.needs import cost_of
from kadr_kernel.render.sound_blocks import KIND

__all__ = ["forecast"]

Size = Callable[[str, str], int | None]
"""Bytes of what the cache has for a kind and key, or None."""
Keys = Callable[[RenderPlan], Sequence[str]]


def forecast(plan: RenderPlan, size: Size, costs: Costs, workers: int, keys: Keys = lambda _: ()) -> Forecast:
    """Look ahead; see :class:`~kadr_sdk.forecast.Forecast`.

    Args:
        keys: of the blocks of the mix, called where the cache has not the whole.
    """
    sums = _Sums()
    film = ""
    if plan.film:
        held = size("film", plan.film)
        film = "cached" if held is not None else "rendered"
        sums.add(held, film_work(plan), costs.of([film_kind(plan)]), 1)
    segments = tuple(_segment(plan, s, size, costs, workers, sums, film) for s in plan.segments)
    audio, blocks = "", (0, 0)
    if plan.audio is not None:
        held = size("audio", plan.audio.hash)
        audio = "cached" if held is not None else "rendered"
        if held is None:
            blocks = _blocks(keys(plan), size)
        sums.add(held, plan.audio.count, costs.of([audio_kind(plan, plan.audio)]), workers)
    return Forecast(segments, audio, film, sums.seconds, sums.bytes, workers, blocks)


def _blocks(keys: Sequence[str], size: Size) -> tuple[int, int]:
    """How many blocks of the sound the cache has, and how many there are."""
    return sum(size(KIND, key) is not None for key in keys), len(keys)


def _segment(
    plan: RenderPlan, segment: Segment, size: Size, costs: Costs, workers: int, sums: _Sums, film: str
) -> str:
    if segment.copy is not None:
        sums.add(segment.copy.bytes, 0.0, None, workers)
        return "copied"
    if film == "cached":
        return "cached"
    held = size("segment", segment.hash)
    inside = film == "rendered"  # a master: its bytes are none of the result's
    known = costs.of(segment_kinds(plan, segment)) if held is None else None
    sums.add(held, cost_of(plan, segment), known, workers, counted=not inside)
    return "rendered" if held is None else "cached"


class _Sums:
    """Ranges added up; one that is not known makes the sum unknown."""

    def __init__(self) -> None:
        self._seconds: tuple[float, float] | None = (0.0, 0.0)
        self._bytes: tuple[float, float] | None = (0.0, 0.0)

    def add(
        self, held: int | None, work: float, known: Range | None, workers: int, *, counted: bool = True
    ) -> None:
        """What is held takes no time and its size is known; else by the range, at so many at once."""
        if held is not None:
            known = (0.0, 0.0, held, held)
            work = 1.0
        if known is None:
            self._seconds = self._bytes = None
            return
        if self._seconds is not None:
            low, high = self._seconds
            self._seconds = (low + known[0] * work / workers, high + known[1] * work / workers)
        if self._bytes is not None and counted:
            low, high = self._bytes
            self._bytes = (low + known[2] * work, high + known[3] * work)

    @property
    def seconds(self) -> tuple[float, float] | None:
        """Of wall clock."""
        return None if self._seconds is None else (round(self._seconds[0], 3), round(self._seconds[1], 3))

    @property
    def bytes(self) -> tuple[int, int] | None:
        """Of the parts."""
        return None if self._bytes is None else (int(self._bytes[0]), int(self._bytes[1]))
