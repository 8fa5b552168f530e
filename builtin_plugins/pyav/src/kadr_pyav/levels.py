"""Levels of H.264 and HEVC: how much picture each may hold.

H.264: ITU-T H.264 table A-1 (macroblocks of 16x16 a frame and a second, kbit/s of the profiles
Baseline and Main; High has 1.25 times as much). HEVC: ITU-T H.265 tables A.8 and A.9 (luma
samples a picture and a second, kbit/s of the High tier, of Main below level 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kadr_sdk.errors import InvalidParameterError, did_you_mean

if TYPE_CHECKING:
    from kadr_sdk.output import VideoEncoding

__all__ = ["Level", "least_level", "settled_level"]

_PATH = "export.video.level"


@dataclass(frozen=True, slots=True)
class Level:
    """Greatest values: of a frame and a second in the codec's units, and of the rate in kbit/s."""

    name: str
    frame: int
    second: int
    rate: int


_H264 = tuple(
    Level(*row)
    for row in (
        ("1", 99, 1485, 64),
        ("1.1", 396, 3000, 192),
        ("1.2", 396, 6000, 384),
        ("1.3", 396, 11880, 768),
        ("2", 396, 11880, 2000),
        ("2.1", 792, 19800, 4000),
        ("2.2", 1620, 20250, 4000),
        ("3", 1620, 40500, 10000),
        ("3.1", 3600, 108000, 14000),
        ("3.2", 5120, 216000, 20000),
        ("4", 8192, 245760, 20000),
        ("4.1", 8192, 245760, 50000),
        ("4.2", 8704, 522240, 50000),
        ("5", 22080, 589824, 135000),
        ("5.1", 36864, 983040, 240000),
        ("5.2", 36864, 2073600, 240000),
        ("6", 139264, 4177920, 240000),
        ("6.1", 139264, 8355840, 480000),
        ("6.2", 139264, 16711680, 800000),
    )
)
_HEVC = tuple(
    Level(*row)
    for row in (
        ("1", 36864, 552960, 128),
        ("2", 122880, 3686400, 1500),
        ("2.1", 245760, 7372800, 3000),
        ("3", 552960, 16588800, 6000),
        ("3.1", 983040, 33177600, 10000),
        ("4", 2228224, 66846720, 30000),
        ("4.1", 2228224, 133693440, 50000),
        ("5", 8912896, 267386880, 100000),
        ("5.1", 8912896, 534773760, 160000),
        ("5.2", 8912896, 1069547520, 240000),
        ("6", 35651584, 1069547520, 240000),
        ("6.1", 35651584, 2139095040, 480000),
        ("6.2", 35651584, 4278190080, 800000),
    )
)
_TABLES = {"h264": _H264, "hevc": _HEVC}


def settled_level(encoding: VideoEncoding) -> str:
    """The level that is written: the one asked for, or with ``+`` the least above it that holds.

    Raises:
        InvalidParameterError: no such level, or it does not hold size, rate or bitrate.
    """
    assert encoding.level is not None
    wanted, more = encoding.level.removesuffix("+"), encoding.level.endswith("+")
    wanted = wanted.removesuffix(".0")
    names = [row.name for row in _TABLES[encoding.codec]]
    if wanted not in names:
        raise InvalidParameterError(
            f"{encoding.codec} has no level {wanted!r}", path=_PATH, hint=did_you_mean(wanted, names)
        )
    least = least_level(encoding)
    if least is not None and names.index(least) <= names.index(wanted):
        return wanted
    if more and least is not None:
        return least
    size = f"{encoding.width}x{encoding.height} at {float(encoding.rate):g} fps"
    hint = f"level {least} does" if least else "choose a smaller size, rate or bitrate"
    raise InvalidParameterError(
        f"level {wanted} does not hold {_asked(encoding, size)}", path=_PATH, hint=hint
    )


def _asked(encoding: VideoEncoding, size: str) -> str:
    rate = encoding.maxrate or encoding.bitrate
    return f"{size}, {rate / 1e6:g} Mbit/s" if rate else size


def least_level(encoding: VideoEncoding) -> str | None:
    """The least level that holds size, rate and bitrate; None: there is none."""
    width, height = encoding.width, encoding.height
    side = 16 if encoding.codec == "h264" else 1  # macroblocks, or samples
    frame = -(-width // side) * -(-height // side)
    rate = max(encoding.maxrate or 0, encoding.bitrate or 0)
    share = 1250 if encoding.codec == "h264" and (encoding.profile or "high").startswith("high") else 1000
    for row in _TABLES[encoding.codec]:
        if frame <= row.frame and frame * encoding.rate <= row.second and rate <= row.rate * share:
            return row.name
    return None
