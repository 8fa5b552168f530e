"""Whether a player can go to a place in a file: it must find a packet there to begin with."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import av.error

if TYPE_CHECKING:
    from av.container import InputContainer

    from kadr_pyav.check_packets import Track

__all__ = ["check_seek"]

_SEARCHED = ("mpegts", "mpeg", "flv", "ogg", "asf")
"""Without an index: the place is searched for in the bytes, and may be missed by a little."""


def check_seek(container: InputContainer, track: Track) -> str:
    """Go to a place inside; what is wrong, or nothing.

    The packet found must be one that decoding can begin with, at or before the place, and the
    picture decoded there the one of its time. How it is to be turned is noted in the track.
    """
    if len(track.pts) < 3 or set(container.format.name.split(",")) & set(_SEARCHED):
        return ""
    times = track.times
    wanted = times[len(times) * 2 // 5]  # not the middle, where there may be a seam
    stream = container.streams.video[0]
    said = f"{float(wanted * track.time_base):.3f} s"
    try:
        container.seek(wanted, stream=stream)
        packet = next((p for p in container.demux(stream) if p.size), None)
    except av.error.FFmpegError as error:
        return f"one cannot go to {said}: {error.strerror}"
    if packet is None or packet.pts is None:
        return f"nothing is found at {said}"
    # Some demuxers look for the time of decoding, which open groups have before their pictures.
    if min(packet.pts, packet.pts if packet.dts is None else packet.dts) > wanted:
        return f"going to {said} ends at {float(packet.pts * track.time_base):.3f} s"
    if not packet.is_keyframe:
        return f"going to {said} ends at a packet that decoding cannot begin with"
    return _picture(container, track, packet, times, wanted)


def _picture(container: InputContainer, track: Track, first: Any, times: Sequence[int], wanted: int) -> str:
    """A whole picture must come, and stand where one stands.

    Pictures shown before an access point that is open need what was before it: not being able
    to decode them is no fault.
    """
    said = f"{float(wanted * first.time_base):.3f} s"
    for packet in (first, *_few(container, first.stream)):
        for frame in _frames(packet):
            track.rotation = frame.rotation
            place = bisect_left(times, frame.pts) if frame.pts is not None else len(times)
            if place == len(times) or times[place] != frame.pts:
                return f"going to {said} shows a picture at a time that has none"
            if frame.pts > max(wanted, first.pts):
                return f"going to {said} shows no picture before {float(frame.pts * first.time_base):.3f} s"
            return ""
    return f"nothing can be decoded at {said}"


def _frames(packet: Any) -> list[Any]:
    try:
        return [frame for frame in packet.decode() if not frame.is_corrupt]
    except av.error.FFmpegError:
        return []


def _few(container: InputContainer, stream: Any) -> Any:
    """The packets after the first, as many as a decoder may want before it gives a picture."""
    for count, packet in enumerate(container.demux(stream)):
        if count == 64:
            return
        yield packet
