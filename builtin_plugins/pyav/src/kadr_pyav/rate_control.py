"""Rate control: what was asked for as the encoder's own options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.errors import InvalidParameterError

from kadr_pyav.encoder_choice import ROOT, choices
from kadr_pyav.encoder_table import VideoEncoder

if TYPE_CHECKING:
    from kadr_sdk.output import VideoEncoding

__all__ = ["check_passes", "rate_options", "senseless"]

_BOUNDLESS = 1_000_000_000
_LIKE_CRF = ("cq", "qvbr_quality_level", "global_quality")
"""Scales of encoders in hardware, of the same range and sense as crf."""
_RATES = {"crf", "qp", "b", "global_quality", "lossless"}


def rate_options(encoding: VideoEncoding, encoder: VideoEncoder) -> dict[str, str]:
    """At most one of crf, quality and bitrate, else the encoder's own default; and the limits."""
    check_passes(encoding, encoder)
    return _aim(encoding, encoder) | _limits(encoding, encoder)


def _aim(encoding: VideoEncoding, encoder: VideoEncoder) -> dict[str, str]:
    given = {name: getattr(encoding, name) for name in ("crf", "quality", "bitrate")}
    asked = [name for name, value in given.items() if value is not None]
    if len(asked) > 1:
        raise InvalidParameterError(
            f"{' and '.join(asked)} exclude each other", path=f"{ROOT}.{asked[1]}", hint="give one of them"
        )
    if encoding.bitrate is not None:
        if not encoder.bitrate:
            raise senseless(encoder, "bitrate")
        return {"b": str(encoding.bitrate)}
    scale = encoder.quality
    if scale is None or (not asked and _RATES & dict(encoding.options).keys()):
        if asked:
            raise senseless(encoder, asked[0])
        return {}
    if encoding.crf is not None and scale.option not in ("crf", *_LIKE_CRF):
        raise senseless(encoder, "crf", "use quality (0..100) instead")
    value = scale.default if encoding.crf is None else encoding.crf
    if encoding.quality is not None:
        value = scale.value(encoding.quality)
    return _quality(encoder, scale.option, value)


def _quality(encoder: VideoEncoder, option: str, value: float) -> dict[str, str]:
    assert encoder.quality is not None
    if value > encoder.quality.top or (encoder.quality.whole and value != int(value)):
        kind = "whole numbers " if encoder.quality.whole else "numbers "
        raise InvalidParameterError(
            f"{encoder.name} does not take crf {value:g}",
            path=f"{ROOT}.crf",
            hint=f"{kind}from 0 to {encoder.quality.top:g}",
        )
    if option == "qscale":
        # Not by the flag qscale: encoders then take the quantiser from each frame, where PyAV has no say.
        return {"qmin": str(int(value)), "qmax": str(int(value))}
    more = {"rc": "qvbr"} if encoder.hardware == "amf" else {}
    if encoder.name == "libvpx-vp9" or encoder.hardware == "nvenc":
        more["b"] = "0"
    elif encoder.name == "libvpx":  # VP8 is never better than its bitrate allows, by default 256 kbit/s
        more["b"] = str(_BOUNDLESS)
    return {option: f"{value:g}"} | more


def _limits(encoding: VideoEncoding, encoder: VideoEncoder) -> dict[str, str]:
    """Greatest rate and buffer; the buffer holds two seconds of it where none is asked for."""
    if encoding.maxrate is None and encoding.bufsize is None:
        return {}
    way = "bitrate" if encoding.bitrate is not None else "crf"
    name = "maxrate" if encoding.maxrate is not None else "bufsize"
    if way not in encoder.capped:
        hint = f"it has with {encoder.capped[0]}" if encoder.capped else "leave it out"
        raise InvalidParameterError(
            f"{encoder.name} has no {name} with {way}", path=f"{ROOT}.{name}", hint=hint
        )
    if encoding.maxrate is None:
        hint = "give maxrate as well: a buffer alone limits nothing"
        raise InvalidParameterError("bufsize is given without maxrate", path=f"{ROOT}.bufsize", hint=hint)
    if encoding.bitrate is not None and encoding.maxrate < encoding.bitrate:
        raise InvalidParameterError(
            f"maxrate {encoding.maxrate} is below bitrate {encoding.bitrate}",
            path=f"{ROOT}.maxrate",
            hint="it must be at least as much",
        )
    return {"maxrate": str(encoding.maxrate), "bufsize": str(encoding.bufsize or 2 * encoding.maxrate)}


def check_passes(encoding: VideoEncoding, encoder: VideoEncoder) -> None:
    """Two passes need a bitrate to aim at, and an encoder that keeps what it saw in a file.

    Raises:
        InvalidParameterError: there is none.
    """
    path = f"{ROOT}.two_pass"
    if encoding.two_pass and encoding.bitrate is None:
        raise InvalidParameterError(
            "two passes need a bitrate", path=path, hint="give bitrate, or leave it out"
        )
    if encoding.two_pass and not encoder.passes:
        raise InvalidParameterError(
            f"{encoder.name} has no two_pass", path=path, hint="libx264 and libx265 have"
        )


def senseless(encoder: VideoEncoder, name: str, hint: str = "") -> InvalidParameterError:
    """The refusal of a setting that the encoder does not have."""
    has = [n for n, there in _abilities(encoder).items() if there]
    hint = hint or (f"it has {', '.join(has)}" if has else "leave it out")
    return InvalidParameterError(f"{encoder.name} has no {name}", path=f"{ROOT}.{name}", hint=hint)


def _abilities(encoder: VideoEncoder) -> dict[str, bool]:
    return {
        "crf": encoder.quality is not None and encoder.quality.option in ("crf", *_LIKE_CRF),
        "quality": encoder.quality is not None,
        "bitrate": encoder.bitrate,
        "preset": bool(encoder.preset),
        "profile": bool(encoder.profiles or choices(encoder.name, "profile")),
        "level": bool(encoder.level),
    }
