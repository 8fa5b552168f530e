"""Several outputs of one edit: what they share is decoded and composed once.

Segments with the same spans show the same frames, and only their encoders differ. The first
output that makes such a segment feeds the encoders of the others too; their parts wait here
until it is their turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from threading import Lock

from kadr_sdk.plan import RenderPlan, Segment, content_hash

from kadr_kernel.render.reuse import Part

__all__ = ["Together"]


class Together:
    """What one job makes for others; safe to use from several threads.

    Args:
        plans: sealed, in the order in which they are carried out.
        folder: for the parts of later outputs; it lives as long as all of them.
    """

    def __init__(self, plans: Sequence[RenderPlan], folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._number = count()  # one plan may show the same twice, at the same time
        self._parts: dict[str, Part] = {}
        self._planned: set[str] = set()
        self._uses: Counter[str] = Counter()
        self._alike: dict[str, list[tuple[RenderPlan, Segment]]] = {}
        self._shown: dict[str, str] = {}
        for plan in plans:
            encoded = [segment for segment in plan.segments if segment.copy is None]
            hashes = {segment.hash for segment in encoded}
            self._uses.update(hashes | ({plan.audio.hash} if plan.audio else set()))
            for segment in encoded:
                if segment.hash not in self._shown:
                    shown = content_hash([segment.spans, segment.count])
                    self._shown[segment.hash] = shown
                    self._alike.setdefault(shown, []).append((plan, segment))

    def beside(self, segment: Segment) -> list[tuple[RenderPlan, Segment]]:
        """Segments of other outputs that show the same and are not made yet; now they are planned."""
        with self._lock:
            self._planned.add(segment.hash)
            alike = self._alike.get(self._shown.get(segment.hash, ""), [])
            found = [(p, s) for p, s in alike if s.hash not in self._planned]
            self._planned.update(s.hash for _, s in found)
            return found

    def path(self, key: str) -> Path | None:
        """A new file for a part of that hash; None where only one output wants it."""
        return self._folder / f"{key}-{next(self._number)}.part" if self._uses[key] > 1 else None

    def path_of(self, segment: Segment) -> Path:
        """A new file for a part that is made for another output."""
        return self._folder / f"{segment.hash}-{next(self._number)}.part"

    def put(self, key: str, part: Part) -> None:
        """A part that others may take."""
        with self._lock:
            self._parts[key] = part

    def get(self, key: str) -> Part | None:
        """The part, where it was made already."""
        with self._lock:
            return self._parts.get(key)
