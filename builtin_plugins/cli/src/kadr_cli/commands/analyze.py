"""``kadr analyze``: what an analyzer says of a media file, frame by frame."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from kadr_sdk.plugin import Kernel

from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, json_option
from kadr_cli.output import clean, print_json
from kadr_cli.services import renderer_of

__all__ = ["run"]


class _Setting(click.ParamType[tuple[str, Any]]):
    name = "NAME=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Any]:
        """A parameter; the value is JSON, or else a text."""
        name, sign, text = str(value).partition("=")
        if not sign or not name:
            self.fail(f"{value!r} is not a parameter; write NAME=VALUE", param, ctx)
        try:
            return name, json.loads(text)
        except ValueError:
            return name, text


@click.command()
@click.argument("file", type=PATH)
@click.option("--with", "analyzer", required=True, metavar="ID", help="See: kadr analyzers.")
@click.option(
    "--set",
    "settings",
    type=_Setting(),
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the analyzer; may be repeated.",
)
@json_option
@click.pass_obj
def analyze(
    kernel: Kernel, file: Path, analyzer: str, settings: tuple[tuple[str, Any], ...], as_json: bool
) -> None:
    """Measure every frame of FILE with an analyzer."""
    for row in renderer_of(kernel).analyze(file, analyzer, dict(settings)):
        if as_json:
            print_json(row)
        else:
            click.echo(_line(dict(row)))


def _line(row: dict[str, Any]) -> str:
    """Frame and time, then what was said."""
    number, time = row.pop("frame", ""), row.pop("time", "")
    place = f"{number:>6}  {time:>10.3f}" if isinstance(time, float) else f"{number:>6}  {time:>10}"
    said = "  ".join(f"{k} {json.dumps(v, separators=(',', ':'), default=str)}" for k, v in row.items())
    return f"{place}  {clean(said)}"


run = as_command(analyze)
