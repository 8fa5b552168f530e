"""What a track shows at a frame, found by bisection."""

from __future__ import annotations

from bisect import bisect_right

from kadr_kernel.render.views import ClipView, Joint, TrackView

__all__ = ["Shown"]


class Shown:
    """The clips and transitions of a track without problems, by output frame.

    At most two clips are seen at once, within a transition.
    """

    def __init__(self, track: TrackView) -> None:
        self._clips = sorted(track.clips, key=lambda c: (c.seen_start, c.start))
        self._joints = sorted(track.joints, key=lambda j: j.start)
        self._starts = [c.seen_start for c in self._clips]
        self._joint_starts = [j.start for j in self._joints]

    def clip(self, frame: int) -> ClipView | None:
        """The first clip that is seen at a frame."""
        at = bisect_right(self._starts, frame)
        return next((c for c in self._clips[max(0, at - 2) : at] if frame < c.seen_end), None)

    def joint(self, frame: int) -> Joint | None:
        """The transition at a frame."""
        at = bisect_right(self._joint_starts, frame)
        return self._joints[at - 1] if at and frame < self._joints[at - 1].end else None
