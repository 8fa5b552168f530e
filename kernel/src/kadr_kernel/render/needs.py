"""Numbers of a plan: what the finished file must be, and what making it may need."""

from __future__ import annotations

from dataclasses import replace

from kadr_sdk.output import VideoEncoding
from kadr_sdk.plan import RenderPlan, Segment, walk
from kadr_sdk.reports import Expectation

__all__ = ["cost_of", "disk_needed", "expectation", "memory_needed"]

_COARSEST = 51.0  # where a rate is kept, an encoder may go that far


def expectation(plan: RenderPlan) -> Expectation:
    """What the finished file must be."""
    found = Expectation()
    video, audio = plan.output.video, plan.audio
    if video is not None:
        color = video.color
        found = Expectation(
            plan.frames,
            str(video.rate),
            video.width,
            video.height,
            video.pixel_format,
            (color.matrix, color.primaries, color.transfer, color.range),
            late=bool(plan.output.chunk),
            quantizer=_quantizer(video),
        )
    if audio is not None:
        found = replace(found, samples=audio.count, sample_rate=audio.rate, channels=audio.channels)
    encodings = {"video": video, "audio": plan.output.audio if audio is not None else None}
    return replace(found, codecs={kind: e.codec for kind, e in encodings.items() if e is not None})


def _quantizer(video: VideoEncoding) -> float:
    """The coarsest that was asked for: scales of other codecs go further and mean no more."""
    if video.crf is not None:
        return video.crf
    if video.quality is not None:
        return (100 - video.quality) / 2
    return _COARSEST if video.bitrate is not None else 0.0


def memory_needed(plan: RenderPlan, segment: Segment) -> int:
    """Bytes that one segment may need: encoder look-ahead, and decoders and graph by layer.

    An estimate on the safe side: it says 0.65 GB for a 1080p segment of three layers, and a
    whole process was measured at 0.9 GB with one of them and 1.4 GB with two (libx264 medium).
    """
    video = plan.output.video
    assert video is not None
    frame = video.width * video.height * 3
    layers = max((sum(1 for _ in walk(s.root)) for s in segment.spans), default=1)
    return 48_000_000 + frame * (40 + 8 * layers)


def cost_of(plan: RenderPlan, segment: Segment) -> float:
    """An estimate of the work: pixels of all layers, and three times those that are encoded.

    In no unit; a 1080p second of one layer at 25 frames is about 2e8.
    """
    video = plan.output.video
    assert video is not None
    layers = sum(span.count * sum(1 for _ in walk(span.root)) for span in segment.spans)
    return float(video.width * video.height * (3 * segment.count + layers))


def disk_needed(plan: RenderPlan) -> int:
    """Bytes that the result will at least need; a floor, since content decides the rest."""
    video = plan.output.video
    if video is None:
        return 1_000_000
    if video.bitrate:
        return int(video.bitrate / 8 * float(plan.seconds))
    copies = [segment for segment in plan.segments if segment.copy is not None]
    encoded = plan.frames - sum(segment.count for segment in copies)
    known = sum(segment.copy.bytes for segment in copies if segment.copy is not None)
    return int(video.width * video.height * encoded * 0.002) + known + 1_000_000
