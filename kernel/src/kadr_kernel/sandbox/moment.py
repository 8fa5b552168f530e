"""What of a job changes from call to call."""

from __future__ import annotations

from collections.abc import Mapping

from kadr_sdk.abi import FLAG_EXPORT, FLAG_PREVIEW
from kadr_sdk.audio_effects import SOUND_BLOCK, AudioCall
from kadr_sdk.effects import FrameCall

__all__ = ["moment"]

_FLAGS = {"export": FLAG_EXPORT, "preview": FLAG_PREVIEW}


def moment(call: FrameCall | AudioCall | None) -> Mapping[str, float]:
    """The fields of ``kadr_job`` that say when and where; None: an instance is only being set up."""
    if call is None:
        return {"scale_x": 1.0, "scale_y": 1.0}
    seed = {"seed": call.seed & 0xFFFF_FFFF_FFFF_FFFF}
    if isinstance(call, AudioCall):
        return seed | _of_sound(call)
    return seed | {
        "flags": _FLAGS.get(call.purpose, 0),
        "frame": call.frame,
        "rate_num": call.rate.numerator & 0xFFFF_FFFF,
        "rate_den": call.rate.denominator & 0xFFFF_FFFF,
        "time": float(call.time),
        "duration": float(call.duration),
        "progress": float(call.progress),
        "scale_x": call.scale,
        "scale_y": call.scale,
    }


def _of_sound(call: AudioCall) -> dict[str, float]:
    """``frame`` is the block's number, and the rate that of blocks: ``rate / SOUND_BLOCK``."""
    return {
        "frame": call.first // SOUND_BLOCK,
        "rate_num": call.rate,
        "rate_den": SOUND_BLOCK,
        "time": call.first / call.rate,
        "duration": call.total / call.rate,
        "progress": call.first / call.total if call.total else 0.0,
        "scale_x": 1.0,
        "scale_y": 1.0,
    }
