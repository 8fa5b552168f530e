"""High dynamic range needs ten bits: which pixel formats have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.errors import UnsupportedFormatError

from kadr_pyav.encoder_choice import ROOT, formats_of

if TYPE_CHECKING:
    from kadr_sdk.output import VideoEncoding

__all__ = ["check_depth", "deep_format"]

_LEAST = 10
_NAMES = {"smpte2084": "PQ", "arib-std-b67": "HLG"}


def deep_format(pixel_format: str) -> str:
    """The format of the same chroma with ten bits or more, where it is YUV of eight."""
    planar = pixel_format.startswith(("yuv4", "yuva4"))
    return f"{pixel_format}10le" if planar and _depth(pixel_format) < _LEAST else pixel_format


def check_depth(encoding: VideoEncoding) -> None:
    """Refuse high dynamic range in eight bits, where skies would show steps.

    Raises:
        UnsupportedFormatError: names a format of the codec that will do, or the way to SDR.
    """
    name = _NAMES.get(encoding.color.transfer)
    if name is None:
        return
    known = formats_of(encoding.codec)
    offered = [f for f in known if _depth(f) >= _LEAST]
    sdr = f'"{ROOT}.color": "bt709" delivers SDR'
    if known and not offered:
        raise UnsupportedFormatError(
            f"{encoding.codec} is made here with 8 bits, and {name} needs 10",
            path=f"{ROOT}.codec",
            hint=f"hevc, av1, h264, prores and ffv1 have them; or {sdr}",
        )
    if _depth(encoding.pixel_format) < _LEAST:
        best = deep_format(encoding.pixel_format)
        raise UnsupportedFormatError(
            f"{encoding.pixel_format} has 8 bits, and {name} needs 10",
            path=f"{ROOT}.pixel_format",
            hint=f"{best if best in offered or not offered else offered[0]}; or {sdr}",
        )


def _depth(pixel_format: str) -> int:
    import av

    try:
        return int(av.VideoFormat(pixel_format, 16, 16).components[0].bits)
    except (ValueError, IndexError):
        return 0  # unknown: refused where the encoder is chosen
