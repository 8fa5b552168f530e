"""From what was asked for to an encoder and its own options, everything checked before frame 0.

``prepare`` turns an output into one whose ``encoder`` and ``options`` say all that the bytes
depend on, so that the plan's hash covers them. Preparing twice changes nothing.

Quality 0..100 becomes the encoder's own number evenly between two ends
(:class:`~kadr_pyav.encoder_table.Quality`)::

    libx264    crf = 43 - 0.33 q        libx265    crf = 48 - 0.34 q
    libsvtav1  crf = 60 - 0.48 q        libvpx-vp9 crf = 60 - 0.48 q
    libvpx     crf = 60 - 0.56 q        mpeg2video, mpeg4, mjpeg: quantiser = 31 - 0.29 q
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from kadr_sdk.errors import InvalidParameterError, did_you_mean

from kadr_pyav.encoder_choice import ROOT, check_options, check_pinned, check_size, choices, choose_encoder
from kadr_pyav.encoder_table import VideoEncoder

if TYPE_CHECKING:
    from kadr_sdk.output import VideoEncoding

__all__ = ["prepare_video"]

_QP_TO_LAMBDA = 118  # FF_QP2LAMBDA
_RATES = {"crf", "qp", "b", "global_quality", "lossless"}
_FIELDS = {
    "crf": ("crf", "quality", "bitrate"),
    "qp": ("crf", "quality", "bitrate"),
    "global_quality": ("quality", "bitrate"),
    "b": ("bitrate", "crf", "quality"),
    "g": ("gop",),
    "bf": ("b_frames",),
    "preset": ("preset",),
    "profile": ("profile",),
}
_CHROMA_420 = ("yuv420p", "yuvj420p", "yuva420p", "nv12", "nv21")

_USUAL_FORMATS = {"prores": "yuv422p10le", "png": "rgb24", "mjpeg": "yuv420p"}
"""Pixel format of a codec where none is asked for; of all others yuv420p, which plays everywhere."""


def prepare_video(encoding: VideoEncoding, muxer: str) -> VideoEncoding:
    """An encoding with its encoder chosen and every option written out.

    Args:
        encoding: one that names its encoder gets that one.
        muxer: name of the muxer, empty where an exporter writes the files.

    Raises:
        UnsupportedFormatError: codec, pixel format or size cannot be encoded.
        InvalidParameterError: a setting that the encoder does not have.
    """
    if encoding.encoder and "+global_header" in dict(encoding.options).get("flags", ""):
        return encoding  # prepared before
    if not encoding.pixel_format:
        encoding = replace(encoding, pixel_format=_USUAL_FORMATS.get(encoding.codec, "yuv420p"))
    encoder = choose_encoder(encoding.codec, encoding.pixel_format, encoding.encoder)
    check_size(encoding, encoder)
    user = dict(encoding.options)
    check_options(encoder, user)
    _refuse_twice(encoding, user)
    options = {"threads": "1", "flags": _flags(encoding, encoder)}
    options |= dict(encoder.defaults) | _rate(encoding, encoder) | _structure(encoding, encoder)
    options |= _preset(encoding, encoder) | _profile(encoding, encoder) | _chroma(encoding)
    options |= user | dict(encoder.pinned)
    options["flags"] = options["flags"] if "flags" not in user else _flags(encoding, encoder) + user["flags"]
    if encoder.params:
        options[encoder.params] = _params(encoder, user.get(encoder.params, ""), muxer)
    return replace(encoding, encoder=encoder.name, options=tuple(sorted(options.items())))


def _flags(encoding: VideoEncoding, encoder: VideoEncoder) -> str:
    scaled = encoder.quality is not None and encoder.quality.option == "qscale"
    fixed = "+qscale" if scaled and encoding.bitrate is None else ""
    return "+global_header" + encoder.flags + fixed


def _rate(encoding: VideoEncoding, encoder: VideoEncoder) -> dict[str, str]:
    """Rate control: at most one of crf, quality and bitrate, else the encoder's own default."""
    given = {name: getattr(encoding, name) for name in ("crf", "quality", "bitrate")}
    asked = [name for name, value in given.items() if value is not None]
    if len(asked) > 1:
        raise InvalidParameterError(
            f"{' and '.join(asked)} exclude each other", path=f"{ROOT}.{asked[1]}", hint="give one of them"
        )
    if encoding.bitrate is not None:
        if not encoder.bitrate:
            raise _senseless(encoder, "bitrate")
        return {"b": str(encoding.bitrate)}
    scale = encoder.quality
    if scale is None or (not asked and _RATES & dict(encoding.options).keys()):
        if asked:
            raise _senseless(encoder, asked[0])
        return {}
    if encoding.crf is not None and scale.option != "crf":
        raise _senseless(encoder, "crf", "use quality (0..100) instead")
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
        return {"global_quality": str(int(value) * _QP_TO_LAMBDA)}
    return {option: f"{value:g}"} | ({"b": "0"} if encoder.name.startswith("libvpx") else {})


def _structure(encoding: VideoEncoding, encoder: VideoEncoder) -> dict[str, str]:
    found: dict[str, str] = {}
    if encoding.gop is not None and not (encoder.intra and encoding.gop == 1):
        if encoder.intra:
            raise _senseless(encoder, "gop", "every frame is a key frame already")
        found["g"] = str(encoding.gop)
    if encoding.b_frames is not None and not (encoding.b_frames == 0 and not encoder.b_frames):
        if not encoder.b_frames:
            raise _senseless(encoder, "b_frames")
        found["bf"] = str(encoding.b_frames)
    return found


def _preset(encoding: VideoEncoding, encoder: VideoEncoder) -> dict[str, str]:
    if encoding.preset is None:
        return {}
    if not encoder.preset:
        raise _senseless(encoder, "preset")
    if encoding.preset not in encoder.presets:
        raise InvalidParameterError(
            f"{encoder.name} has no preset {encoding.preset!r}",
            path=f"{ROOT}.preset",
            hint=did_you_mean(encoding.preset, encoder.presets),
        )
    return {encoder.preset: encoder.presets[encoding.preset]}


def _profile(encoding: VideoEncoding, encoder: VideoEncoder) -> dict[str, str]:
    if encoding.profile is None:
        return {}
    known = encoder.profiles or choices(encoder.name, "profile")
    if not known:
        raise _senseless(encoder, "profile")
    if encoding.profile not in known:
        raise InvalidParameterError(
            f"{encoder.name} has no profile {encoding.profile!r}",
            path=f"{ROOT}.profile",
            hint=did_you_mean(encoding.profile, known),
        )
    return {"profile": encoding.profile}


def _chroma(encoding: VideoEncoding) -> dict[str, str]:
    if not encoding.pixel_format.startswith(_CHROMA_420) or encoding.color.chroma == "unknown":
        return {}
    return {"chroma_sample_location": encoding.color.chroma}


def _refuse_twice(encoding: VideoEncoding, user: dict[str, str]) -> None:
    """The same setting as a field and as an option would leave one of them without effect."""
    for option, names in _FIELDS.items():
        name = next((n for n in names if getattr(encoding, n) is not None), None)
        if option in user and name is not None:
            raise InvalidParameterError(
                f"{name} is given and decided again by the option {option}",
                path=f"{ROOT}.options.{option}",
                hint="leave one of them out",
            )


def _params(encoder: VideoEncoder, text: str, muxer: str) -> str:
    """The user's ``a=1:b=2`` with the pinned ones; a stream without a header repeats its own."""
    path = f"{ROOT}.options.{encoder.params}"
    given = dict(_pairs(text))
    pinned = dict(encoder.params_pinned)
    for name, value in given.items():
        check_pinned(encoder.name, name, value, pinned, path)
    if muxer in ("mpegts", "h264", "hevc") and encoder.codec in ("h264", "hevc"):
        given["repeat-headers"] = "1"
    return ":".join(f"{name}={value}" for name, value in (given | pinned).items())


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    for item in filter(None, text.split(":")):
        name, _, value = item.partition("=")
        yield name, value or "1"


def _senseless(encoder: VideoEncoder, name: str, hint: str = "") -> InvalidParameterError:
    has = [n for n, there in _abilities(encoder).items() if there]
    hint = hint or (f"it has {', '.join(has)}" if has else "leave it out")
    return InvalidParameterError(f"{encoder.name} has no {name}", path=f"{ROOT}.{name}", hint=hint)


def _abilities(encoder: VideoEncoder) -> dict[str, bool]:
    return {
        "crf": encoder.quality is not None and encoder.quality.option == "crf",
        "quality": encoder.quality is not None,
        "bitrate": encoder.bitrate,
        "preset": bool(encoder.preset),
        "profile": bool(encoder.profiles or choices(encoder.name, "profile")),
    }
