"""Which place in memory holds which frame of a window, so that a frame is copied in once."""

from __future__ import annotations

from collections.abc import Sequence

from kadr_sdk.frames import VideoFrame

__all__ = ["Slots"]


class Slots:
    """Places for the frames of windows.

    From one call to the next a window moves by one frame: the others stay where they are, and
    only the pointers change. A frame is known by being the same object, which is kept alive for
    as long as its place is taken; frames are never written to. An input without a window is
    copied every time, and nothing of it is kept.

    Args:
        windows: how many frames each input has.
    """

    def __init__(self, windows: Sequence[int]) -> None:
        self._held: list[list[VideoFrame | None]] = [[None] * size for size in windows]

    def place(
        self, windows: Sequence[Sequence[VideoFrame]]
    ) -> tuple[tuple[int, ...], list[tuple[int, VideoFrame]]]:
        """A place for every frame in order, and which places are to be filled with what."""
        places: list[int] = []
        fills: list[tuple[int, VideoFrame]] = []
        first = 0
        for held, window in zip(self._held, windows, strict=True):
            for number, frame in enumerate(held):
                if not any(frame is wanted for wanted in window):
                    held[number] = None
            for frame in window:
                place = next((n for n, known in enumerate(held) if known is frame), None)
                if place is None:
                    place = held.index(None)
                    held[place] = frame
                    fills.append((first + place, frame))
                places.append(first + place)
            if len(held) == 1:
                held[0] = None
            first += len(held)
        return tuple(places), fills
