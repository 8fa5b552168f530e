"""What is seen on the video tracks while time goes on: one sweep over all clips."""

from __future__ import annotations

import heapq
import zlib
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from kadr_kernel.render.segments import Stretch
from kadr_kernel.render.views import ClipView, Joint, TrackView

__all__ = ["Seen", "sweep"]


class Seen:
    """The clips that are seen now.

    Args:
        sequential: true for a clip in which no cut is possible.

    Attributes:
        tracks: numbers of the tracks that show something, the bottom one first.
    """

    def __init__(self, sequential: Callable[[ClipView], bool]) -> None:
        self.tracks: list[int] = []
        self._sequential = sequential
        self._clips: dict[int, list[ClipView]] = {}
        self._ends: list[tuple[int, int, int, ClipView, int]] = []
        self._came = 0
        self._count = 0
        self._new = 0
        self._joined = False
        self._identity = 0
        self._whole = 0

    def clip(self, track: int) -> ClipView:
        """The clip of one of :attr:`tracks`, the outgoing one within a transition."""
        return self._clips[track][0]

    def joint(self, track: int, frame: int) -> Joint | None:
        """The transition of a track now."""
        joints = (view.joint_out for view in self._clips[track])
        return next((j for j in joints if j is not None and j.start <= frame < j.end), None)

    def stretch(self, start: int, end: int) -> Stretch:
        """Now as a stretch; its edge is hard where every clip of it has just come."""
        origin = self.clip(self.tracks[0]).seen_start if self.tracks else start
        hard = self._new == self._count
        return Stretch(start, end, origin, self._identity, self._whole > 0, hard, self._joined)

    def _enter(self, view: ClipView, track: int) -> None:
        if track not in self._clips:
            insort(self.tracks, track)
        self._clips.setdefault(track, []).append(view)
        text = f"{view.clip.id} {view.clip.source_file} {view.clip.source_start}"
        identity = zlib.crc32(text.encode("utf-8", "surrogatepass"))
        self._came += 1  # decides between clips that end together, before they would be compared
        heapq.heappush(self._ends, (view.seen_end, self._came, track, view, identity))
        self._new += 1
        self._joined = self._joined or view.joint_in is not None
        self._add(view, identity, 1)

    def _leave(self, frame: int) -> None:
        self._new = 0
        self._joined = False
        while self._ends and self._ends[0][0] <= frame:
            _, _, track, view, identity = heapq.heappop(self._ends)
            clips = self._clips[track]
            clips.remove(view)
            if not clips:
                del self._clips[track]
                self.tracks.remove(track)
            self._add(view, identity, -1)

    def _add(self, view: ClipView, identity: int, sign: int) -> None:
        self._count += sign
        self._identity += sign * identity
        self._whole += sign * self._sequential(view)


def sweep(
    tracks: Sequence[TrackView], points: Sequence[int], sequential: Callable[[ClipView], bool]
) -> Iterator[tuple[int, int, Seen]]:
    """What is seen between each point and the next; the same object every time, changed.

    Args:
        points: ascending frames, among them every one at which a clip comes or goes.
    """
    clips = [(view, number) for number, track in enumerate(tracks) for view in track.clips]
    clips.sort(key=lambda row: (row[0].seen_start, row[0].start))
    seen = Seen(sequential)
    at = 0
    for start, end in pairwise(points):
        seen._leave(start)
        while at < len(clips) and clips[at][0].seen_start <= start:
            if clips[at][0].seen_end > start:
                seen._enter(*clips[at])
            at += 1
        yield start, end, seen
