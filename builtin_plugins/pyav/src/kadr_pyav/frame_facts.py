"""What a decoded frame carries beside its pixels: chroma location and levels of light.

PyAV 18.1 has no attribute for the one and frees memory that it does not own when asked for the
other, so both are taken from what libavfilter's ``showinfo`` writes about the frame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

import av
import av.logging
from av.filter import Graph
from av.video.frame import VideoFrame
from kadr_sdk.output import LightLevels

from kadr_pyav.words import heard

__all__ = ["FrameFacts", "facts_in", "facts_of"]

_LOCATIONS = ("left", "center", "topleft", "top", "bottomleft", "bottom")
_NUMBER = r"\s*(-?[\d.]+)"
_PAIR = rf"\({_NUMBER}[,\s]{_NUMBER}\)"
_PRIMARIES = re.compile(rf"r{_PAIR} g{_PAIR} b{_PAIR} wp{_PAIR}")
_LUMINANCE = re.compile(rf"min_luminance={_NUMBER},? max_luminance={_NUMBER}")
_CONTENT = re.compile(r"MaxCLL=(\d+), MaxFALL=(\d+)")
_ACROSS = {"topleft": "left", "bottomleft": "left", "top": "center", "bottom": "center"}
"""The location where chroma has as many lines as luma, as in 4:2:2: only across it can differ."""
_LOCATION = re.compile(r" cl:(\w+)")


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """Beside the pixels.

    Attributes:
        chroma: its location, ``unknown`` where the decoder does not say.
        light: mastering display and content light levels; None: none.
        dolby_vision: the frame has metadata of Dolby Vision.
    """

    chroma: str = "unknown"
    light: LightLevels | None = None
    dolby_vision: bool = False


def facts_of(frame: VideoFrame) -> FrameFacts:
    """The facts of a frame, which stays as it is; nothing where libav refuses its format."""
    try:
        with heard(av.logging.INFO) as lines:
            _show(frame)
    except av.error.FFmpegError:
        return FrameFacts()
    found = facts_in("".join(text for _, name, text in lines if name == "showinfo"))
    whole = frame.format.chroma_height(frame.height) == frame.height
    return replace(found, chroma=_ACROSS.get(found.chroma, found.chroma)) if whole else found


def _show(frame: VideoFrame) -> None:
    graph = Graph()
    shape = f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000"
    tags = f"colorspace={int(frame.colorspace)}:range={int(frame.color_range)}"
    chain = [
        graph.add("buffer", f"{shape}:{tags}"),
        graph.add("sidedata", "mode=delete:type=SEI_UNREGISTERED"),  # may be long, and says nothing
        graph.add("showinfo", "checksum=0"),
        graph.add("buffersink"),
    ]
    for source, target in pairwise(chain):
        source.link_to(target)
    graph.configure()
    chain[0].push(frame)
    chain[-1].pull()


def facts_in(text: str) -> FrameFacts:
    """The facts in the words of ``showinfo``."""
    location = _LOCATION.search(text)
    chroma = location[1] if location and location[1] in _LOCATIONS else "unknown"
    return FrameFacts(chroma, _light(text), "Dolby Vision" in text)


def _light(text: str) -> LightLevels | None:
    shown, range, content = _PRIMARIES.search(text), _LUMINANCE.search(text), _CONTENT.search(text)
    points: tuple[tuple[float, float], ...] = ()
    if shown is not None and "has_primaries:1" in text:
        values = [float(v) for v in shown.groups()]
        points = tuple((values[i], values[i + 1]) for i in (0, 2, 4, 6))
    span = (0.0, 0.0)
    if range is not None and "has_luminance:1" in text:
        span = float(range[1]), float(range[2])
    levels = (int(content[1]), int(content[2])) if content and int(content[1]) else None
    if not points and not span[1] and levels is None:
        return None
    return LightLevels(points, span, levels)
