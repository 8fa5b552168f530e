"""What streams a file has, and what they say of themselves, against what was to be delivered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kadr_sdk.reports import Expectation

    from kadr_pyav.check_packets import Track

__all__ = ["unlike"]

_NAMES = {"video": "picture", "audio": "sound"}


def unlike(tracks: Mapping[str, Track], want: Expectation) -> Iterator[tuple[str, str, str]]:
    """Stream, message and kind of each: another codec, more streams, a shape that no delivery has."""
    for kind, track in tracks.items():
        if want.codecs is None:
            continue
        if kind not in want.codecs:
            yield kind, f"there is {_NAMES[kind]}, and none was to be delivered", "stream"
        elif track.codec != want.codecs[kind]:
            yield kind, f"the codec is {track.codec} instead of {want.codecs[kind]}", "format"
    audio, video = tracks.get("audio"), tracks.get("video")
    if audio is not None and want.channels not in (None, audio.channels):
        yield "audio", f"the number of channels is {audio.channels} instead of {want.channels}", "format"
    if video is not None and want.rate:
        yield from (("video", text, "format") for text in _shape(video))


def _shape(track: Track) -> Iterator[str]:
    """Deliveries are progressive, in square pixels, and not turned."""
    aspect = track.sample_aspect or 1
    if aspect != 1:
        yield f"the pixels are {aspect.numerator}:{aspect.denominator} instead of 1:1"
    if track.interlaced:
        yield "the pictures are marked as interlaced"
    if track.rotation:
        yield f"players turn the picture by {track.rotation % 360} degrees"
