"""What was decoded, against what was noted of it while it was encoded, in words."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from kadr_pyav.check_pictures import Oddity, compare, discolored
from kadr_pyav.sound_levels import SoundOddity, compare_channels, compare_levels

if TYPE_CHECKING:
    from kadr_sdk.reports import Expectation

    from kadr_pyav.check_decode import Decoded

__all__ = ["Row", "heard", "seen"]

Row = tuple[str, str, str, float | None, float | None]
"""Stream, message, kind, and from when to when."""

_MOST = 20  # told; the rest is of one cause
_LOUDNESS = 1.0  # LU: more than an encoder changes
_NOTED = 4.0  # LU, where nobody asked for a loudness: Opus at 12 kbit/s takes 2.8
_PEAK = 1.5  # dB: lossy codecs raise peaks by about one


def seen(found: Decoded, want: Expectation, rate: Fraction | None) -> Iterator[Row]:
    """Pictures that are not those that were encoded."""
    if not want.pictures or found.pixel_format != want.pixel_format:
        return  # decoders of a few codecs give another format, whose codes are others
    rate = rate or Fraction(25)
    for odd in compare(found.pictures, want.pictures, want.quantizer)[:_MOST]:
        yield "video", _words(odd, rate), odd.kind, float(odd.first / rate), float(odd.end / rate)
    if hue := discolored(found.pictures, want.hues):
        yield "video", _words(hue, rate), "other", float(hue.first / rate), float(hue.end / rate)


def _words(odd: Oddity, rate: Fraction) -> str:
    first, end = float(odd.first / rate), float(odd.end / rate)
    if odd.end - odd.first == 1:
        where = f"frame {odd.first} at {first:.3f} s"
        return where + {
            "repeated": " repeats the one before",
            "black": " is black, and was not when it was encoded",
            "other": " is not the picture that was encoded",
        }.get(odd.kind, f" shows the frame {odd.shift} {_SIDE.get(odd.kind, '')}")
    where = f"from {first:.3f} to {end:.3f} s "
    frames = "1 frame" if odd.shift == 1 else f"{odd.shift} frames"
    return where + {
        "frozen": "the picture stands still, and did not when it was encoded",
        "black": "the picture is black, and was not when it was encoded",
        "other": "the pictures are not those that were encoded",
        "hue": "the colours are not those that were encoded",
    }.get(odd.kind, f"the pictures come {frames} too {odd.kind}")


_SIDE = {"early": "behind it", "late": "before it"}


def heard(found: Decoded, want: Expectation) -> Iterator[Row]:
    """Sound that is not what was encoded, or not as loud as was asked for."""
    if want.levels and found.levels:
        odd = compare_levels(found.levels, want.levels)
        if want.channels and not odd:
            odd = compare_channels(found.channel_levels, want.channel_levels, want.channels)
        yield from map(_told, odd[:_MOST])
    if found.loudness is None:
        return
    if want.loudness is not None:
        yield from _loud(found.loudness, *want.loudness)
        return
    is_at, was = found.loudness["integrated"], want.noted_loudness
    if is_at is not None and was is not None and abs(is_at - was) > _NOTED:
        text = f"the loudness is {is_at:.1f} LUFS, and was {was:.1f} when it was encoded"
        yield "audio", text, "loudness", None, None


def _told(odd: SoundOddity) -> Row:
    span = f"from {odd.at:.1f} to {odd.until:.1f} s "
    if odd.late is not None:
        side = "late" if odd.late > 0 else "early"
        return "audio", f"{span}the sound comes {abs(odd.late):.2f} s too {side}", "sync", odd.at, odd.until
    text = f"{odd.missing} is missing" if odd.missing else "the sound is not what was encoded"
    return "audio", span + text, "sound", odd.at, odd.until


def _loud(loudness: dict[str, float | None], target: float, most: float) -> Iterator[Row]:
    is_at, peak = loudness["integrated"], loudness["true_peak"]
    if is_at is not None and abs(is_at - target) > _LOUDNESS:
        yield "audio", f"the loudness is {is_at:.1f} LUFS instead of {target:g}", "loudness", None, None
    if peak is not None and peak > most + _PEAK:
        yield "audio", f"the true peak is {peak:.1f} dBTP, above {most:g}", "loudness", None, None
