"""Options that several commands share, and the check of what they write."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from kadr_sdk.errors import InvalidPathError
from kadr_sdk.times import parse_time

from kadr_scanner.commands.session import PATH
from kadr_scanner.thumbnails import KINDS, MAX_SIDE

__all__ = ["SIZE", "TIME", "kind_of", "output_option", "overwrite_option"]


class _Time(click.ParamType[Fraction]):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """Seconds, or a clock."""
        try:
            return parse_time(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Size(click.ParamType[tuple[int, int]]):
    name = "WxH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Width and height."""
        if isinstance(value, tuple):
            return value
        sides = [
            int(s) if s.isascii() and s.isdigit() and len(s) < 6 else 0 for s in value.lower().split("x")
        ]
        if len(sides) != 2 or not all(0 < side <= MAX_SIDE for side in sides):
            self.fail(f"{value!r} is not a size up to {MAX_SIDE}; write 320x180", param, ctx)
        return sides[0], sides[1]


SIZE, TIME = _Size(), _Time()
overwrite_option = click.option("--overwrite", "-y", is_flag=True, help="Replace existing files.")
output_option = click.option("-o", "--output", type=PATH, required=True, help="A .jpg, .png or .webp file.")


def kind_of(path: Path) -> str:
    """The kind of picture that a name's ending asks for.

    Raises:
        InvalidPathError: none that can be written.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise InvalidPathError("not the name of a picture", path=path, hint="end it in .jpg, .png or .webp")
    return kind
