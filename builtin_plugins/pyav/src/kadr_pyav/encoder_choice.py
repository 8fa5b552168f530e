"""Which encoder makes a codec in a pixel format, and what it can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.errors import InvalidParameterError, UnsupportedFormatError, did_you_mean
from kadr_sdk.frames import FORMATS

from kadr_pyav.encoder_table import VIDEO, VideoEncoder
from kadr_pyav.hardware_table import HARDWARE

if TYPE_CHECKING:
    from kadr_sdk.output import VideoEncoding

__all__ = [
    "ROOT",
    "check_options",
    "check_pinned",
    "check_size",
    "choices",
    "choose_encoder",
    "encoder_exists",
    "formats_of",
    "option_names",
]

_PLANNED = {*FORMATS, "pal8"}  # a palette is made behind the plan
ROOT = "export.video"
"""Where the settings stand in a project."""


def choose_encoder(codec: str, pixel_format: str, wanted: str = "") -> VideoEncoder:
    """The best encoder of a codec that takes a pixel format.

    Args:
        wanted: name of the only encoder that will do; empty: any.

    Raises:
        UnsupportedFormatError: no encoder of the codec, or none takes the format.
    """
    known = (*VIDEO, *(row for row in HARDWARE if row.name == wanted))
    rows = [row for row in known if row.codec == codec and encoder_exists(row.name)]
    rows = [row for row in rows if wanted in ("", row.name)]
    if not rows and wanted:
        names = [row.name for row in (*VIDEO, *HARDWARE) if row.codec == codec]
        raise UnsupportedFormatError(
            f"no encoder {wanted!r} makes {codec}",
            path=f"{ROOT}.encoder",
            hint=did_you_mean(wanted, [*names, "auto", "hardware"]),
        )
    if not rows:
        named = next((row.codec for row in VIDEO if row.name == codec), None)
        hint = f"write the codec {named!r}" if named else did_you_mean(codec, {r.codec for r in VIDEO})
        raise UnsupportedFormatError(f"no encoder makes {codec!r}", path=f"{ROOT}.codec", hint=hint)
    offered: list[str] = []
    for row in rows:
        formats = [*row.fed, *_formats(row.name)]
        if (not formats or pixel_format in formats) and not (row.hidden_alpha and "yuva" in pixel_format):
            return row
        offered += [f for f in formats if not (row.hidden_alpha and "yuva" in f)]
    raise UnsupportedFormatError(
        f"{codec} cannot be encoded in the pixel format {pixel_format!r}",
        path=f"{ROOT}.pixel_format",
        hint=_format_hint(pixel_format, offered),
    )


def _format_hint(wanted: str, known: list[str]) -> str:
    if wanted.startswith("yuva"):
        return "transparency needs prores, ffv1 or png; " + did_you_mean(wanted, known)
    return did_you_mean(wanted, known)


def encoder_exists(encoder: str) -> bool:
    """True where the library has an encoder of that name."""
    import av
    from av.codec.codec import UnknownCodecError

    try:
        return av.Codec(encoder, "w").is_encoder
    except UnknownCodecError:
        return False


def formats_of(codec: str) -> list[str]:
    """Every pixel format that an encoder of the codec on the processor takes."""
    names = [row.name for row in VIDEO if row.codec == codec and encoder_exists(row.name)]
    return list(dict.fromkeys(f for name in names for f in _formats(name)))


def _formats(encoder: str) -> list[str]:
    """The pixel formats that an encoder takes, of those that are planned with."""
    import av

    return [f.name for f in av.Codec(encoder, "w").video_formats or [] if f.name in _PLANNED]


def check_size(encoding: VideoEncoding, encoder: VideoEncoder) -> None:
    """Refuse sizes that the chroma of the pixel format does not divide.

    Raises:
        UnsupportedFormatError: names the nearest size that does, and a format without the rule.
    """
    import av

    form = av.VideoFormat(encoding.pixel_format, 64, 64)
    across, down = 64 // form.chroma_width(), 64 // form.chroma_height()
    width, height = encoding.width, encoding.height
    if width % across == 0 and height % down == 0:
        return
    nearest = f"{-(-width // across) * across}x{-(-height // down) * down}"
    full = {1: "yuv444p"}.get(form.components[0].bits // 8, "yuv444p10le")
    other = f", or the pixel format {full}" if full in _formats(encoder.name) else ""
    raise UnsupportedFormatError(
        f"{encoding.pixel_format} cannot hold {width}x{height}: sizes must be multiples of {across}x{down}",
        path="export.resolution",
        hint=f"the nearest size is {nearest}{other}",
    )


def choices(encoder: str, option: str) -> tuple[str, ...]:
    """The named values of an encoder's own option."""
    import av

    rows = av.Codec(encoder, "w").create("video").supported_options.private
    return next((tuple(c.name for c in row.choices) for row in rows if row.name == option), ())


def option_names(encoder: str) -> set[str]:
    """Every option that the encoder takes, its own and the general ones."""
    import av
    from av.codec.context import OptionFlags

    rows = av.Codec(encoder, "w").create("video").supported_options
    wanted = OptionFlags.ENCODING_PARAM
    return {r.name for r in (*rows.private, *rows.generic) if r.flags & wanted}


def check_options(encoder: VideoEncoder, user: dict[str, str]) -> None:
    """Refuse options that the encoder does not have, and changes of what repeats the bytes.

    Raises:
        InvalidParameterError: with the nearest names.
    """
    if not user:
        return
    known = option_names(encoder.name)
    for name, value in user.items():
        path = f"{ROOT}.options.{name}"
        if name not in known:
            raise InvalidParameterError(
                f"{encoder.name} has no option {name!r}", path=path, hint=did_you_mean(name, known)
            )
        check_pinned(encoder.name, name, value, {"threads": "1", **dict(encoder.pinned)}, path)


def check_pinned(encoder: str, name: str, value: str, pinned: dict[str, str], path: str) -> None:
    """Refuse another value for an option that makes the bytes repeat.

    Raises:
        InvalidParameterError: names the option and its value.
    """
    if pinned.get(name, value) != value:
        raise InvalidParameterError(
            f"{name} of {encoder} is fixed at {pinned[name]}: other values do not repeat byte for byte",
            path=path,
            hint="leave it out",
        )
