"""Options that several commands share, and their values."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from kadr_sdk.times import parse_rate, parse_time

if TYPE_CHECKING:
    from kadr_sdk.rendering import RenderRequest

__all__ = ["RATE", "SIZE", "TIME", "json_option", "render_options", "request_of"]

F = TypeVar("F", bound=Callable[..., Any])


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
        if not (
            width.isdigit() and height.isdigit() and 0 < int(width) <= 16384 and 0 < int(height) <= 16384
        ):
            self.fail(f"{value!r} is not a size; write 1920x1080", param, ctx)
        return int(width), int(height)


TIME, RATE, SIZE = _Time(), _Rate(), _Size()

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document a line, for programs.")


def render_options(command: F) -> F:
    """The options of a render."""
    for option in reversed(
        [
            click.option("--preset", help="Export preset; see: kadr presets."),
            click.option("--container", help="Container; otherwise by the extension of the output."),
            click.option("--range", "span", nargs=2, type=TIME, help="From and to, in timeline time."),
            click.option("--size", type=SIZE, help="Size of the output."),
            click.option("--fps", type=RATE, help="Frame rate of the output."),
            click.option("--codec", help="Video codec."),
            click.option("--crf", type=float, help="Constant quality; lower is better."),
            click.option("--bitrate", type=int, help="Video bits per second instead of constant quality."),
            click.option("--pixel-format", help="Pixel format of the output, e.g. yuv420p10le."),
            click.option("--audio-codec", help="Audio codec."),
            click.option(
                "--workers", type=click.IntRange(0), default=0, help="Segments at once; 0: automatic."
            ),
            click.option(
                "--verify", type=click.Choice(["fast", "full", "off"]), help="How to check the result."
            ),
            click.option(
                "--damage",
                type=click.Choice(["error", "hold", "black"]),
                default="error",
                help="Where a source turns out to be damaged: stop, hold the last frame, or black.",
            ),
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

    video = {"codec": values["codec"], "crf": values["crf"], "bitrate": values["bitrate"]}
    video["pixel_format"] = values["pixel_format"]
    span = values["span"]
    return RenderRequest(
        output=output,
        preset=values["preset"],
        container=values["container"],
        range=(_seconds(span[0], fps), _seconds(span[1], fps)) if span else None,
        resolution=values["size"],
        fps=values["fps"],
        video={k: v for k, v in video.items() if v is not None},
        audio={"codec": values["audio_codec"]} if values["audio_codec"] else {},
        workers=values["workers"],
        verify=values["verify"] or "",
        overwrite=values["overwrite"],
        damage=values["damage"],
    )


def _seconds(value: Fraction | str, fps: Fraction) -> Fraction:
    try:
        return parse_time(value, fps)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
