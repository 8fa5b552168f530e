"""Whether a mix has the same samples on every processor.

Most sound is counted in floats by code that is chosen by the processor: lossy decoders and
encoders, resampling, filters, stretching, sines. Only the plainest mixes are exact: lossless
in and out, at one rate and layout, cut, reversed and faded in straight lines.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kadr_sdk.media import MediaInfo
from kadr_sdk.output import AudioEncoding
from kadr_sdk.plan import AudioClip, AudioPlan, Ramp

__all__ = ["is_exact"]

_LOSSLESS = ("flac", "alac", "wavpack", "tta")


def is_exact(audio: AudioPlan, encoding: AudioEncoding, probe: Callable[[Path], MediaInfo]) -> bool:
    """True where the mix and its encoding are exact."""
    if audio.stages or audio.loudness is not None or not _lossless(encoding.codec):
        return False
    if any(bus.stages or bus.duck or not _straight(bus.gains) for bus in audio.buses):
        return False
    return all(_plain(clip) and _as_is(clip, audio, probe) for clip in audio.clips)


def _plain(clip: AudioClip) -> bool:
    worked_on = clip.stages or clip.generator or clip.mix or clip.warp or clip.pan or clip.speed != 1
    return not worked_on and _straight(clip.gains)


def _straight(gains: tuple[tuple[Ramp, ...], ...]) -> bool:
    return all(ramp.shape == "linear" for envelope in gains for ramp in envelope)


def _as_is(clip: AudioClip, audio: AudioPlan, probe: Callable[[Path], MediaInfo]) -> bool:
    """Whether the source is lossless and has the mix's own rate and layout."""
    for stream in probe(Path(clip.path)).audio:
        if stream.index == clip.stream:
            same = (stream.rate, stream.layout) == (audio.rate, audio.layout)
            return same and _lossless(stream.codec)
    return False


def _lossless(codec: str) -> bool:
    return codec.startswith("pcm_") or codec in _LOSSLESS
