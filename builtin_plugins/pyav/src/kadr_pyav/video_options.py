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

from kadr_sdk.color import Color
from kadr_sdk.errors import InvalidParameterError, UnsupportedFormatError, did_you_mean

from kadr_pyav.encoder_choice import ROOT, check_options, check_pinned, check_size, choices, choose_encoder
from kadr_pyav.encoder_table import VideoEncoder
from kadr_pyav.high_range import check_depth, deep_format
from kadr_pyav.levels import settled_level
from kadr_pyav.mastering import mastering_params
from kadr_pyav.rate_control import rate_options, senseless

if TYPE_CHECKING:
    from kadr_sdk.output import VideoEncoding

__all__ = ["prepare_video"]

_FIELDS = {
    "crf": ("crf", "quality", "bitrate"),
    "qp": ("crf", "quality", "bitrate"),
    "global_quality": ("quality", "bitrate"),
    "qmin": ("quality",),
    "qmax": ("quality",),
    "b": ("bitrate", "crf", "quality"),
    "maxrate": ("maxrate",),
    "bufsize": ("bufsize",),
    "level": ("level",),
    "g": ("gop",),
    "bf": ("b_frames",),
    "preset": ("preset",),
    "profile": ("profile",),
}
_CHROMA_420 = ("yuv420p", "yuvj420p", "yuva420p", "nv12", "nv21")

_USUAL_FORMATS = {"prores": "yuv422p10le", "png": "rgb24", "mjpeg": "yuv420p", "gif": "pal8", "tiff": "rgb24"}
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
        usual = _USUAL_FORMATS.get(encoding.codec, "yuv420p")
        usual = deep_format(usual) if encoding.color.high_range else usual
        encoding = replace(encoding, pixel_format=usual)
    check_depth(encoding)
    encoding = replace(encoding, color=_color(encoding, muxer))
    _check_clock(encoding)
    encoder = choose_encoder(encoding.codec, encoding.pixel_format, encoding.encoder)
    check_size(encoding, encoder)
    user = dict(encoding.options)
    check_options(encoder, user)
    _refuse_twice(encoding, user)
    options = {"threads": "1", "flags": _flags(encoder)}
    options |= dict(encoder.defaults) | rate_options(encoding, encoder) | _structure(encoding, encoder)
    options |= _preset(encoding, encoder) | _profile(encoding, encoder) | _chroma(encoding)
    level, within = _level(encoding, encoder, muxer)
    options |= level
    options |= user | dict(encoder.pinned)
    options["flags"] = options["flags"] if "flags" not in user else _flags(encoder) + user["flags"]
    if encoder.params:
        options[encoder.params] = _params(encoder, user.get(encoder.params, ""), muxer, within)
    return replace(encoding, encoder=encoder.name, options=tuple(sorted(options.items())))


def _color(encoding: VideoEncoding, muxer: str) -> Color:
    """Of files without tags the colour that every reader takes them for, else what was asked for.

    JPEG (ITU-T T.871, JFIF) is BT.601 in full range, WebP (RFC 9649) BT.601 in limited range.
    """
    kept = encoding.color
    if encoding.codec == "webp":
        return Color("bt470bg", kept.primaries, kept.transfer, "tv")
    if encoding.codec == "mjpeg" and not muxer:
        return Color("bt470bg", kept.primaries, kept.transfer, "pc")
    return kept


def _check_clock(encoding: VideoEncoding) -> None:
    """GIF counts in hundredths of a second, and browsers slow down what is shorter than two."""
    if encoding.codec == "gif" and encoding.rate > 50:
        raise UnsupportedFormatError(
            f"gif cannot hold {float(encoding.rate):g} frames per second",
            path="export.fps",
            hint="50 is the most; 25 is usual",
        )


def _flags(encoder: VideoEncoder) -> str:
    return "+global_header" + encoder.flags


def _structure(encoding: VideoEncoding, encoder: VideoEncoder) -> dict[str, str]:
    found: dict[str, str] = {}
    if encoding.gop is not None and not (encoder.intra and encoding.gop == 1):
        if encoder.intra:
            raise senseless(encoder, "gop", "every frame is a key frame already")
        found["g"] = str(encoding.gop)
    if encoding.b_frames is not None and not (encoding.b_frames == 0 and not encoder.b_frames):
        if not encoder.b_frames:
            raise senseless(encoder, "b_frames")
        found["bf"] = str(encoding.b_frames)
    return found


def _preset(encoding: VideoEncoding, encoder: VideoEncoder) -> dict[str, str]:
    if encoding.preset is None:
        return {}
    if not encoder.preset:
        raise senseless(encoder, "preset")
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
        raise senseless(encoder, "profile")
    if encoding.profile not in known:
        raise InvalidParameterError(
            f"{encoder.name} has no profile {encoding.profile!r}",
            path=f"{ROOT}.profile",
            hint=did_you_mean(encoding.profile, known),
        )
    return {"profile": encoding.profile}


def _level(
    encoding: VideoEncoding, encoder: VideoEncoder, muxer: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Options, and parameters inside the encoder's parameter option, of level and light."""
    within = mastering_params(encoding, encoder.name, muxer)
    if encoding.level is None:
        return {}, within
    if not encoder.level:
        raise senseless(encoder, "level")
    name = settled_level(encoding)
    if encoder.level == "level":
        return {"level": name}, within
    return {}, within | {encoder.level: name}


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


def _params(encoder: VideoEncoder, text: str, muxer: str, fields: dict[str, str]) -> str:
    """The user's ``a=1:b=2`` with the pinned ones; a stream without a header repeats its own."""
    path = f"{ROOT}.options.{encoder.params}"
    given = dict(_pairs(text))
    for name in fields.keys() & given.keys():
        raise InvalidParameterError(
            f"{name} is given as a field of its own too", path=path, hint="leave one out"
        )
    given |= fields
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
