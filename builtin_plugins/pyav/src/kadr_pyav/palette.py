"""A palette of 256 colours for the whole film, and the film in it.

FFmpeg's ``palettegen`` counts the colours of every frame (median cut), ``paletteuse`` takes the
nearest and spreads the error (Sierra-2-4A), inside the rectangle that changed, so that what
stands still stays still and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from kadr_sdk.output import VideoEncoding

__all__ = ["paletted"]

_COLORS = {"max_colors": "256", "reserve_transparent": "0", "stats_mode": "full"}
_SPREAD = {"dither": "sierra2_4a", "diff_mode": "rectangle"}


def paletted(frames: Callable[[], Iterator[VideoFrame]], video: VideoEncoding) -> Iterator[VideoFrame]:
    """The frames in a palette that is made of all of them.

    Args:
        frames: gives them anew each time, in ``gbrp``.
    """
    return _spread(frames(), _palette(frames(), video), video)


def _palette(frames: Iterable[VideoFrame], video: VideoEncoding) -> VideoFrame:
    graph = _graph()
    source = _source(graph, video, "gbrp")
    chain = [source, graph.add("format", pix_fmts="bgra"), graph.add("palettegen", None, **_COLORS)]
    sink = graph.add("buffersink")
    for first, second in zip(chain, [*chain[1:], sink], strict=True):
        first.link_to(second)
    graph.configure()
    for number, frame in enumerate(frames):
        source.push(_at(frame, number, video))
    source.push(None)
    found: VideoFrame = sink.pull()
    return found


def _spread(frames: Iterable[VideoFrame], palette: VideoFrame, video: VideoEncoding) -> Iterator[VideoFrame]:
    graph = _graph()
    pictures, colors = _source(graph, video, "gbrp"), _source(graph, video, "bgra", (16, 16))
    converted = graph.add("format", pix_fmts="bgra")
    use, sink = graph.add("paletteuse", None, **_SPREAD), graph.add("buffersink")
    pictures.link_to(converted)
    converted.link_to(use, 0, 0)
    colors.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    palette.pts = 0
    colors.push(palette)
    colors.push(None)
    for number, frame in enumerate(frames):
        pictures.push(_at(frame, number, video))
        yield from _ready(sink)
    pictures.push(None)
    yield from _ready(sink)


def _graph() -> Any:
    from av.filter import Graph

    graph = Graph()
    graph.threads = 1
    return graph


def _source(graph: Any, video: VideoEncoding, form: str, size: tuple[int, int] | None = None) -> Any:
    width, height = size or (video.width, video.height)
    tick = 1 / video.rate
    options = {"video_size": f"{width}x{height}", "pix_fmt": form, "pixel_aspect": "1/1"}
    options |= {"time_base": f"{tick.numerator}/{tick.denominator}", "colorspace": "gbr", "range": "pc"}
    return graph.add("buffer", ":".join(f"{k}={v}" for k, v in options.items()))


def _at(frame: VideoFrame, number: int, video: VideoEncoding) -> VideoFrame:
    from kadr_sdk.color import Color

    from kadr_pyav.avcolor import paint_tags

    frame.pts, frame.time_base = number, Fraction(1) / video.rate
    paint_tags(frame, Color("gbr", video.color.primaries, video.color.transfer, "pc"))
    return frame


def _ready(sink: Any) -> Iterator[Any]:
    import av.error

    while True:
        try:
            yield sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
