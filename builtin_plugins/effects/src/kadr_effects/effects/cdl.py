"""Colour decision list: slope, offset, power and saturation from a ``.cdl`` file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_sdk.effects import FrameCall

from kadr_effects.cdl import Correction, read_correction
from kadr_effects.rgb import ThroughRgb, blended, powered

if TYPE_CHECKING:
    from kadr_effects.rgb import Channel, Rgb

__all__ = ["Cdl"]

_WEIGHTS = (0.2126, 0.7152, 0.0722)  # those of Rec. 709, whatever the picture (ASC CDL 1.2)


class Cdl(ThroughRgb):
    """On the colours as they are displayed, cut to 0..1 after each step, as the standard says."""

    def check(self, values: Mapping[str, Any]) -> None:
        """Read the file.

        Raises:
            SerializationError: it is broken, or has no such correction.
        """
        read_correction(Path(values["file"]), str(values["look"]))

    def graded(self, rgb: Rgb, call: FrameCall) -> Rgb:
        """``in + intensity * (decided(in) - in)``."""
        path = Path(call.values["file"])
        correction = _read(path, path.stat().st_mtime_ns, str(call.values["look"]))
        return blended(rgb, _decided(rgb, correction), float(call.values["intensity"]))


@lru_cache(maxsize=32)
def _read(path: Path, version: int, look: str) -> Correction:  # noqa: ARG001 - a changed file is another
    return read_correction(path, look)


def _decided(rgb: Rgb, by: Correction) -> Rgb:
    import numpy as np

    steps = zip(rgb, by.slope, by.offset, by.power, strict=True)
    red, green, blue = (powered(_cut(c * np.float32(s) + np.float32(o)), p) for c, s, o, p in steps)
    weights = [np.float32(weight) for weight in _WEIGHTS]
    luma: Channel = weights[0] * red + weights[1] * green + weights[2] * blue
    share = np.float32(by.saturation)
    red, green, blue = (_cut(luma + share * (c - luma)) for c in (red, green, blue))
    return red, green, blue


def _cut(channel: Channel) -> Channel:
    import numpy as np

    return np.clip(channel, np.float32(0.0), np.float32(1.0))
