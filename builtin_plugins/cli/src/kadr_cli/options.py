"""Options that several commands share, and their values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from kadr_sdk.times import parse_rate, parse_time

if TYPE_CHECKING:
    from kadr_sdk.rendering import RenderRequest

__all__ = [
    "BITS",
    "PATH",
    "RATE",
    "SIZE",
    "TIME",
    "Number",
    "export_option",
    "json_option",
    "render_options",
    "request_of",
    "seconds_of",
]

F = TypeVar("F", bound=Callable[..., Any])


class Number(click.FloatRange):
    """A finite number within limits; comparing does not keep NaN out."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return found


class _Time(click.ParamType[Any]):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Seconds, a clock, or a timecode (kept as text until the rate is known)."""
        if isinstance(value, Fraction):
            return value
        try:
            return parse_time(value)
        except ValueError as error:
            if str(value).count(":") == 3 or ";" in str(value):
                return str(value)
            self.fail(str(error), param, ctx)


class _Rate(click.ParamType[Any]):
    name = "fps"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Frames per second, exactly."""
        try:
            return parse_rate(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Size(click.ParamType[Any]):
    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Width and height."""
        if isinstance(value, tuple):
            return value
        width, _, height = str(value).lower().partition("x")
        sides = [int(side) if re.fullmatch("[0-9]{1,6}", side) else 0 for side in (width, height)]
        if not all(0 < side <= 16384 for side in sides):
            self.fail(f"{value!r} is not a size; write 1920x1080", param, ctx)
        return sides[0], sides[1]


class _Bits(click.ParamType[Any]):
    name = "bits"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Bits per second: 5000000, 5000k or 5M."""
        found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,6})?)([kKmM]?)", str(value))
        factor = {"": 1, "k": 1000, "m": 1_000_000}[found[2].lower()] if found else 0
        bits = int(Fraction(found[1]) * factor) if found else 0
        if bits <= 0:
            self.fail(f"{value!r} is not a bitrate; write 5M, 800k or 5000000", param, ctx)
        return bits


TIME, RATE, SIZE, BITS = _Time(), _Rate(), _Size(), _Bits()
PATH = click.Path(path_type=Path)

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document a line, for programs.")


export_option = click.option(
    "--export", metavar="ID", help="One of the project's exports, in place of its export."
)


def render_options(command: F) -> F:
    """The options of a render."""
    for option in reversed(
        [
            click.option("--preset", metavar="NAME", help="Export preset; see: kadr presets."),
            click.option("--container", metavar="NAME", help="Instead of by the ending; see: kadr formats."),
            click.option("--range", "span", nargs=2, type=TIME, metavar="FROM TO", help="A part: 2.5 10."),
            click.option("--size", type=SIZE, metavar="WxH", help="Size of the output, e.g. 1280x720."),
            click.option("--fps", type=RATE, metavar="FPS", help="Frame rate: 25, 29.97 or 30000/1001."),
            click.option("--codec", metavar="NAME", help="Video codec; see: kadr formats mp4."),
            click.option(
                "--crf", type=Number(0), metavar="NUMBER", help="Constant quality; lower is better."
            ),
            click.option("--bitrate", type=BITS, metavar="BITS", help="Instead of --crf: 5M, 800k."),
            click.option("--pixel-format", metavar="NAME", help="Of the output, e.g. yuv420p10le."),
            click.option("--audio-codec", metavar="NAME", help="Audio codec; see: kadr formats mp4."),
            click.option(
                "--workers",
                type=click.IntRange(0, 1024),
                metavar="COUNT",
                default=0,
                help="Segments at once; 0: as the machine allows.",
            ),
            click.option(
                "--executor",
                metavar="NAME",
                default="",
                help="Where segments are made: threads (default), processes, or a plugin's such as dask.",
            ),
            click.option(
                "--address",
                metavar="URL",
                default="",
                help="Of the executor's scheduler, e.g. tcp://host:8786.",
            ),
            click.option(
                "--verify",
                type=click.Choice(["fast", "full", "off"]),
                help="Check of the result: by facts recorded, by decoding it all, or none.",
            ),
            click.option(
                "--damage",
                type=click.Choice(["error", "hold", "black"]),
                default="error",
                help="Where a source turns out to be damaged: stop, hold the last frame, or black.",
            ),
            click.option(
                "--smart-copy",
                type=click.Choice(["off", "auto", "require"]),
                help="Packets of what nothing touches: encode all, copy them, or refuse what cannot be.",
            ),
            click.option("--no-cache", is_flag=True, help="Make everything anew, and keep nothing of it."),
            click.option("--overwrite", "-y", is_flag=True, help="Replace an existing output."),
            json_option,
        ]
    ):
        command = option(command)
    return command


def request_of(output: Path | None, fps: Fraction, values: dict[str, Any]) -> RenderRequest:
    """The request of a command's options.

    Args:
        fps: of the timeline, for timecodes in ``--range``.
        values: the options by name.
    """
    from kadr_sdk.rendering import RenderRequest  # late: it needs pydantic and numpy

    if values["crf"] is not None and values["bitrate"] is not None:
        raise click.UsageError("give --crf or --bitrate, not both")
    video = {"codec": values["codec"], "crf": values["crf"], "bitrate": values["bitrate"]}
    video["pixel_format"] = values["pixel_format"]
    span = values["span"]
    return RenderRequest(
        output=output,
        preset=values["preset"],
        container=values["container"],
        range=(seconds_of(span[0], fps, "--range"), seconds_of(span[1], fps, "--range")) if span else None,
        resolution=values["size"],
        fps=values["fps"],
        video={k: v for k, v in video.items() if v is not None},
        audio={"codec": values["audio_codec"]} if values["audio_codec"] else {},
        workers=values["workers"],
        executor=values["executor"],
        address=values["address"],
        verify=values["verify"] or "",
        overwrite=values["overwrite"],
        damage=values["damage"],
        cache=not values["no_cache"],
        smart_copy=values["smart_copy"] or "",
        export=values.get("export") or "",
    )


def seconds_of(value: Fraction | str, fps: Fraction, option: str) -> Fraction:
    """Seconds of the timeline; a timecode counts its frames.

    Raises:
        click.BadParameter: a timecode that this rate does not have.
    """
    try:
        return parse_time(value, fps)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error
