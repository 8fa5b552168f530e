"""Encoders in hardware: which of them work here, found out by trying, and remembered."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from kadr_sdk.backend import EncoderTrial
from kadr_sdk.errors import InvalidParameterError, UnsupportedFormatError

from kadr_pyav.encoder_choice import ROOT
from kadr_pyav.hardware_table import HARDWARE, KINDS
from kadr_pyav.trial import run_trial
from kadr_pyav.video_options import prepare_video

if TYPE_CHECKING:
    from kadr_sdk.output import VideoEncoding

    from kadr_pyav.encoder_table import VideoEncoder

__all__ = ["HardwareTrials", "prepare_hardware"]

_AT_ONCE = 4


class HardwareTrials:
    """Each encoder is tried once for a pixel format; safe to use from several threads.

    Args:
        trial: says why an encoder does not take a pixel format here, empty where it does.
    """

    def __init__(self, trial: Callable[[str, str], str] = run_trial) -> None:
        self._trial = trial
        self._lock = Lock()
        self._known: dict[tuple[str, str], EncoderTrial] = {}

    def of(self, encoder: VideoEncoder, pixel_format: str = "yuv420p") -> EncoderTrial:
        """The trial of an encoder."""
        form = encoder.fed.get(pixel_format, pixel_format)
        with self._lock:
            known = self._known.get((encoder.name, form))
        if known is None:
            began = time.monotonic()
            reason = self._trial(encoder.name, form)
            seconds = round(time.monotonic() - began, 2)
            known = EncoderTrial(
                encoder.name, encoder.codec, KINDS[encoder.hardware], not reason, reason, seconds
            )
            with self._lock:
                self._known[encoder.name, form] = known
        return known

    def all(self) -> tuple[EncoderTrial, ...]:
        """Trials of every encoder that is known, a few at a time."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return tuple(pool.map(self.of, HARDWARE))


def prepare_hardware(
    encoding: VideoEncoding, muxer: str, trials: HardwareTrials, opened: Callable[[VideoEncoding], None]
) -> tuple[VideoEncoding, tuple[str, ...]]:
    """An encoding that asks for ``auto``, ``hardware`` or an encoder in hardware, prepared; and notes.

    Args:
        opened: opens an encoder that passed its trial as it will be used.

    Raises:
        UnsupportedFormatError: none works, and it must be one in hardware; says why not.
        InvalidParameterError: a setting that the encoder does not have.
    """
    wanted = encoding.encoder
    rows = [row for row in HARDWARE if row.codec == encoding.codec]
    rows = [row for row in rows if wanted in ("auto", "hardware", row.name)]
    reasons = []
    for row in rows:
        found, reason = _tried(replace(encoding, encoder=row.name), row, muxer, trials, opened)
        if found is not None:
            return found, (f"encoded by {row.name}: its bytes may differ from those of another machine",)
        reasons.append(f"{row.name}: {reason}")
    if wanted == "auto":
        note = "; ".join(reasons) or f"there is none for {encoding.codec}"
        plain = prepare_video(replace(encoding, encoder=""), muxer)
        return plain, (f"no encoder in hardware could be used ({note}); {plain.encoder} does it",)
    raise UnsupportedFormatError(
        f"no encoder in hardware makes {encoding.codec} here: {'; '.join(reasons) or 'none is known'}",
        path=f"{ROOT}.encoder",
        hint='write "auto" to fall back to the processor; kadr system gpu says more',
    )


def _tried(
    encoding: VideoEncoding,
    row: VideoEncoder,
    muxer: str,
    trials: HardwareTrials,
    opened: Callable[[VideoEncoding], None],
) -> tuple[VideoEncoding | None, str]:
    trial = trials.of(row, encoding.pixel_format or "yuv420p")
    if not trial.works:
        return None, trial.reason
    try:
        found = prepare_video(encoding, muxer)
        opened(found)
    except (InvalidParameterError, UnsupportedFormatError) as error:
        return None, error.message
    return found, ""
