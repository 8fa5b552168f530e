"""Mastering display and content light levels, in the words of each encoder.

x264 and x265 take chromaticities in steps of 0.00002 and luminance in steps of 0.0001 cd/m2
(the units of their SEI messages), SVT-AV1 takes both as plain numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.errors import UnsupportedFormatError

from kadr_pyav.carrier import STATED_BY

if TYPE_CHECKING:
    from kadr_sdk.output import LightLevels, VideoEncoding

__all__ = ["mastering_params"]

_NAMES = {
    "libx264": ("mastering-display", "cll"),
    "libx265": ("master-display", "max-cll"),
    "libsvtav1": ("mastering-display", "content-light"),
}


def mastering_params(encoding: VideoEncoding, encoder: str, muxer: str) -> dict[str, str]:
    """Parameters inside the encoder's parameter option; none where only the container says it.

    Raises:
        UnsupportedFormatError: neither encoder nor container has a place for them.
    """
    light = encoding.light
    if light is None:
        return {}
    if encoder not in _NAMES and muxer in STATED_BY:
        return {}
    if encoder not in _NAMES:
        field = "mastering_display" if light.primaries else "content_light"
        raise UnsupportedFormatError(
            f"{encoding.codec} by {encoder} has no place for light levels",
            path=f"export.video.{field}",
            hint="h264, hevc and av1 have, and mp4, mov, mkv and webm; or leave it out",
        )
    display, content = _NAMES[encoder]
    found: dict[str, str] = {}
    if light.primaries:
        found[display] = _display(light, plain=encoder == "libsvtav1")
    if light.content is not None:
        found[content] = f"{light.content[0]},{light.content[1]}"
    return found


def _display(light: LightLevels, *, plain: bool) -> str:
    red, green, blue, white = light.primaries
    low, high = light.luminance

    def pair(values: tuple[float, float], step: float) -> str:
        if plain:
            return ",".join(f"{v:.5f}" for v in values)
        return ",".join(str(round(v / step)) for v in values)

    points = "".join(f"{n}({pair(v, 0.00002)})" for n, v in zip("GBR", (green, blue, red), strict=True))
    return f"{points}WP({pair(white, 0.00002)})L({pair((high, low), 0.0001)})"
