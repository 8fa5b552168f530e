"""From what was asked for of the sound to an encoder and its options."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kadr_sdk.errors import InvalidParameterError, UnsupportedFormatError, did_you_mean

from kadr_pyav.encoder_choice import encoder_exists
from kadr_pyav.encoder_table import AUDIO, AudioEncoder

if TYPE_CHECKING:
    from kadr_sdk.output import AudioEncoding

__all__ = ["prepare_audio"]

_ROOT = "export.audio"


def prepare_audio(encoding: AudioEncoding) -> AudioEncoding:
    """An encoding with its encoder chosen (the one that it names) and every option written out.

    Raises:
        UnsupportedFormatError: codec or sample rate cannot be encoded.
        InvalidParameterError: a setting that the encoder does not have.
    """
    if encoding.encoder and "+global_header" in dict(encoding.options).get("flags", ""):
        return encoding  # prepared before
    encoder = _choose(encoding.codec, encoding.encoder)
    _check_rate(encoder, encoding.rate)
    if encoding.bitrate is not None and not encoder.bitrate:
        raise InvalidParameterError(
            f"{encoding.codec} is lossless and has no bitrate", path=f"{_ROOT}.bitrate", hint="leave it out"
        )
    user = dict(encoding.options)
    _check_options(encoder, user)
    options = {"threads": "1", "flags": "+global_header+bitexact"} | user
    return replace(encoding, encoder=encoder.name, options=tuple(sorted(options.items())))


def _choose(codec: str, wanted: str) -> AudioEncoder:
    rows = [row for row in AUDIO if row.codec == codec and encoder_exists(row.name)]
    rows = [row for row in rows if wanted in ("", row.name)]
    if rows:
        return rows[0]
    named = next((row.codec for row in AUDIO if row.name == codec), None)
    hint = f"write the codec {named!r}" if named else did_you_mean(codec, {row.codec for row in AUDIO})
    raise UnsupportedFormatError(f"no encoder makes {codec!r}", path=f"{_ROOT}.codec", hint=hint)


def _check_rate(encoder: AudioEncoder, rate: int) -> None:
    import av

    rates = av.Codec(encoder.name, "w").audio_rates
    if rates and rate not in rates:
        nearest = min(rates, key=lambda r: (abs(r - rate), -r))
        raise UnsupportedFormatError(
            f"{encoder.codec} cannot hold {rate} samples per second",
            path=f"{_ROOT}.sample_rate",
            hint=f"the nearest rate is {nearest}",
        )


def _check_options(encoder: AudioEncoder, user: dict[str, str]) -> None:
    import av

    rows = av.Codec(encoder.name, "w").create("audio").supported_options
    known = {row.name for row in (*rows.private, *rows.generic)}
    for name in user:
        if name not in known:
            raise InvalidParameterError(
                f"{encoder.name} has no option {name!r}",
                path=f"{_ROOT}.options.{name}",
                hint=did_you_mean(name, known),
            )
