"""The frame on screen at any time of a stream, the same by sequential and random access.

Decoding always begins at the packet of a random access point (or at the very start) and
frames before that point are dropped, so leading pictures of an open group are never shown
broken: they belong to the group before.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from kadr_sdk.errors import MediaFileError

from kadr_pyav.flow import Flow, Step
from kadr_pyav.index import Scan, scan_stream
from kadr_pyav.opening import DecoderOptions, frame_bytes

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from kadr_sdk.media import FrameIndex

    from kadr_pyav.confined import ConfinedFlow

__all__ = ["FrameReader"]

CACHE_BYTES = 256 << 20
_RECENT = 4  # frames kept behind a forward playhead
_AHEAD = 4  # decode up to so many frames forward rather than seek


class FrameReader:
    """Frames of one stream; for one thread at a time.

    Frames are shared with the reader's cache: their pictures must not be written to; their
    ``pts`` and ``time_base`` may be.

    Attributes:
        policy: what to do with a frame that cannot be decoded: ``error``, ``hold`` (the
            last good one before it) or ``black`` (None).
        report: called with a sentence for every damaged frame met, once each.
        backwards: frames will be asked for in falling order, so that those before the first one
            are kept from the start; else the direction shows with the second.

    Args:
        flow: opens the file; None: in this process.
    """

    def __init__(
        self,
        path: Path,
        stream: int,
        scan: Scan | None = None,
        options: DecoderOptions | None = None,
        *,
        policy: str = "error",
        report: Callable[[str], None] | None = None,
        cache_bytes: int = CACHE_BYTES,
        flow: Callable[[], Flow | ConfinedFlow] | None = None,
    ) -> None:
        self.path, self.stream = path, stream
        self.policy, self.report, self.backwards = policy, report, False
        self._options = options or DecoderOptions()
        self._scan = scan or scan_stream(path, stream, self._options)
        self._cache = _FrameCache(cache_bytes)
        self._damaged: set[int] = set()
        self._reported: set[int] = set()
        self._unsafe: set[int] = set()
        self._flow: Flow | ConfinedFlow | None = None
        self._begin_flow = flow or (lambda: Flow(path, stream, self._scan, self._options))
        self._began = 0  # position where the present run of decoding began
        self._last = -1  # position that it reached
        self._asked = -1
        self._held: tuple[int, VideoFrame] | None = None

    @property
    def index(self) -> FrameIndex:
        """Timestamps and random access points."""
        return self._scan.frames

    @property
    def cached_bytes(self) -> int:
        """Bytes of decoded frames held."""
        return self._cache.size

    def close(self) -> None:
        """Close the file and let all frames go; the next frame opens it again."""
        self._stop()
        self.forget()

    def frame_at(self, time: Fraction) -> VideoFrame | None:
        """The frame on screen at a time in seconds.

        Returns:
            The frame; None only by the policy ``black``, or ``hold`` with nothing to hold.

        Raises:
            MediaFileError: the frame is damaged and the policy is ``error``.
        """
        return self.frame(self.position(time))

    def position(self, time: Fraction) -> int:
        """Number of the frame on screen at a time in seconds."""
        ticks = time / self.index.time_base + Fraction(1, 2)
        return max(0, bisect_right(self.index.pts, ticks.__floor__()) - 1)

    def frame(self, position: int) -> VideoFrame | None:
        """The frame of that number, by the same rules as :meth:`frame_at`."""
        backward = self.backwards or position < self._asked
        self._asked = position
        found = self._good(position, backward)
        if found is not None:
            return found
        self._tell(position)
        return self._before(position) if self.policy == "hold" else None

    def _before(self, position: int) -> VideoFrame | None:
        """The last good frame before a damaged one."""
        for earlier in range(position - 1, -1, -1):
            if self._held and self._held[0] == earlier:
                return self._held[1]
            found = self._good(earlier, backward=True)
            if found is not None:
                self._held = (earlier, found)
                return found
        return None

    def _good(self, position: int, backward: bool) -> VideoFrame | None:
        """The frame, or None where it is damaged."""
        found = self._cache.get(position)
        if found is not None or position in self._damaged:
            return found
        if backward:
            self._cache.clear()
        while position not in self._damaged:
            self._approach(position)
            found = self._run_to(position, backward)
            if found is not None:
                return found
        return None

    def _approach(self, position: int) -> None:
        """Stand before a frame: go on where that is near, else seek."""
        key = self._key_of(position)
        near = self._last < position <= self._last + _AHEAD or key <= self._last + 1
        if self._flow is not None and self._last < position and near:
            return
        if self._flow is None:
            self._flow = self._begin_flow()
        self._flow.start(self._keys.index(key))
        self._began, self._last = key, key - 1

    @property
    def _keys(self) -> tuple[int, ...]:
        return self.index.keys

    def _key_of(self, position: int) -> int:
        """The last random access point at or before a frame from which decoding is clean."""
        number = bisect_right(self._keys, position) - 1
        while number > 0 and self._keys[number] in self._unsafe:
            number -= 1
        return self._keys[number]

    def _run_to(self, position: int, backward: bool) -> VideoFrame | None:
        """Decode up to a frame; None where it is damaged or the run must begin earlier."""
        assert self._flow is not None
        while self._last < position:
            step = self._flow.pull()
            reached = len(self.index.pts) if step is None else self._number(step.pts)
            if reached is None or reached <= self._last:
                continue
            bad = list(range(self._last + 1, reached))  # frames that never came out
            if step is not None and self._is_bad(reached, step):
                bad.append(reached)
            bad = [n for n in bad if n not in self._damaged]
            if bad and not self._settle(bad, step):
                return None
            self._last = reached
            if step is not None and reached not in self._damaged:
                self._cache.put(reached, step.frame, keep_all=backward)
        return self._cache.get(position)

    def _number(self, pts: int | None) -> int | None:
        """Position of a timestamp, or None for a frame that the index leaves out."""
        if pts is None:
            return None
        found = bisect_left(self.index.pts, pts)
        return found if found < len(self.index.pts) and self.index.pts[found] == pts else None

    def _is_bad(self, position: int, step: Step) -> bool:
        return step.corrupt or self.index.pts[position] in self._scan.damaged

    def _settle(self, bad: list[int], step: Step | None) -> bool:
        """Note damage; False where the random access point is to blame and the run is over.

        A point may not be clean: an open group, a gradual refresh. So damage met after a seek
        counts only when a run from an earlier point meets it too.
        """
        point = self._keys[bisect_right(self._keys, bad[0]) - 1]
        if point > 0 and point == self._began:
            self._unsafe.add(point)
            self._stop()
            return False
        if point not in bad:
            self._unsafe.discard(point)
        self._damaged.update(bad)
        if step is None or not step.corrupt or not step.bidirectional:
            after = bisect_right(self._keys, bad[-1])  # up to there all is predicted from it
            end = self._keys[after] if after < len(self._keys) else len(self.index.pts)
            self._damaged.update(range(bad[0], end))
        return True

    def _stop(self) -> None:
        """Close the file; the frames in memory stay."""
        if self._flow is not None:
            self._flow.close()
        self._flow, self._last = None, -1

    def serve(self, policy: str, report: Callable[[str], None] | None, *, backwards: bool = False) -> None:
        """Work for another user, who has to hear of every damaged frame anew."""
        self.policy, self.report, self.backwards = policy, report, backwards
        self._reported.clear()

    def forget(self) -> None:
        """Let go of the frames in memory but keep the file open."""
        self._cache.clear()
        self._held = None

    def _tell(self, position: int) -> None:
        seconds = f"{float(self.index.pts[position] * self.index.time_base):.3f}".rstrip("0").rstrip(".")
        message = f"frame {position} at {seconds} s is damaged"
        if self.policy == "error":
            raise MediaFileError(
                message, path=self.path, hint="cut around it, or choose 'hold' or 'black' for damaged frames"
            )
        if self.report is not None and position not in self._reported:
            self._reported.add(position)
            self.report(f"{message}; shown is {_SHOWN[self.policy]}")


_SHOWN = {"hold": "the last good frame", "black": "black"}


class _FrameCache:
    """Decoded frames by position within a number of bytes, the oldest dropped first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._frames: OrderedDict[int, VideoFrame] = OrderedDict()
        self.size = 0

    def get(self, position: int) -> VideoFrame | None:
        return self._frames.get(position)

    def put(self, position: int, frame: VideoFrame, *, keep_all: bool) -> None:
        self._frames[position] = frame
        self.size += frame_bytes(frame)
        while len(self._frames) > 1 and (self.size > self._limit or (not keep_all and self._many())):
            self._drop()

    def _many(self) -> bool:
        return len(self._frames) > _RECENT or (len(self._frames) > 2 and self.size > self._limit // 4)

    def _drop(self) -> None:
        self.size -= frame_bytes(self._frames.popitem(last=False)[1])

    def clear(self) -> None:
        self._frames.clear()
        self.size = 0
