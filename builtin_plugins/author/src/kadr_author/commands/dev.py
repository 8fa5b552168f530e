"""``kadr plugin dev``."""

from __future__ import annotations

import json
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from kadr_sdk.errors import InvalidParameterError, KadrError
from kadr_sdk.plugin import Kernel

from kadr_author import building
from kadr_author.commands.shared import Command, as_json, effect, folder, lines, print_json
from kadr_author.desk import Desk
from kadr_author.preview import Scene, shown
from kadr_author.project import open_project
from kadr_author.speed import speed_of
from kadr_author.trial import on_trial
from kadr_author.watching import changed, seen

__all__ = ["Entry", "dev"]

_ROUNDS = 5


@click.command()
@folder
@effect
@click.option(
    "--input", "source", type=click.Path(path_type=Path), help="A film or picture; otherwise a test card."
)
@click.option("--at", type=float, default=0.0, show_default=True, help="Seconds into the film.")
@click.option(
    "--set", "values", multiple=True, metavar="NAME=VALUE", help="A parameter; VALUE as JSON, or text."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Otherwise preview.png in FOLDER.")
@click.option("--once", is_flag=True, help="One build and one picture, and no watching.")
@as_json
@click.pass_obj
def dev(
    desk: Desk,
    folder: Path,
    effect: str,
    source: Path | None,
    at: float,
    values: tuple[str, ...],
    output: Path | None,
    once: bool,
    as_json: bool,
) -> int:
    """Build the plugin in FOLDER on every save, and show a frame before and after. Ctrl-C ends it."""
    project = open_project(folder)
    picture = _picture(desk.kernel, source, at) if source else None
    scene = Scene(picture=picture, values=dict(map(_value, values)))
    loop = _Loop(desk, folder, project.find(effect).id, scene, output or folder / "preview.png", as_json)
    stamps = seen(project.home)
    good = loop.round(time.time())
    if once:
        return 0 if good else 2
    try:
        while True:
            if not as_json:
                click.echo("watching; Ctrl-C ends it")
            stamps, saved = changed(project.home, stamps)
            loop.round(saved)
    except KeyboardInterrupt:
        return 0


class _Loop:
    """One round after the other; what goes wrong in one is said, and the next save is waited for."""

    def __init__(
        self, desk: Desk, folder: Path, effect: str, scene: Scene, output: Path, as_json: bool
    ) -> None:
        self._desk, self._folder, self._effect = desk, folder, effect
        self._scene, self._output, self._json = scene, output, as_json

    def round(self, saved: float) -> bool:
        """Build, show, measure; False where it did not work.

        Args:
            saved: when the author saved, seconds since 1970.
        """
        try:
            row = self._made(saved)
        except KadrError as error:
            self._said({"error": error.as_dict()}, f"error: {lines(error)}")
            return False
        except Exception as error:  # noqa: BLE001 - the author's own code
            self._said({"error": {"message": repr(error)}}, f"error: {lines(repr(error))}")
            return False
        words = f"{row['words']}: {row['output']}  " if row["output"] else f"{lines(row['words'])}  "
        speed = f"{row['ms']:.2f} ms a {row['of']} ({row['ratio']:.1f}x copying)"
        self._said(row, f"{words}{speed}, {row['seconds']:.2f} s after the save")
        return True

    def _made(self, saved: float) -> dict[str, Any]:
        project = open_project(self._folder)
        work = project.find(self._effect)
        if work.module is not None:
            building.build(project, self._desk.cache, work)
        with tempfile.TemporaryDirectory() as name, on_trial(self._desk.kernel, project, Path(name)) as bench:
            made = bench.effect(work)
            frame, words = shown(work.declaration, made, self._scene)
            if frame is not None:
                building.write_whole(self._output, _backend(self._desk.kernel).image(frame, "png"))
            seconds = time.time() - saved
            speed = speed_of(work, made, _ROUNDS)
        return {
            "effect": work.id, "output": str(self._output) if frame is not None else "", "words": words,
            "seconds": round(seconds, 3), "ms": round(speed.ms, 3), "of": speed.of,
            "ratio": round(speed.ratio, 2),
        }  # fmt: skip

    def _said(self, data: dict[str, Any], text: str) -> None:
        print_json(data) if self._json else click.echo(text)


def _backend(kernel: Kernel) -> Any:
    from kadr_sdk.rendering import Renderer

    return kernel.container.get(Renderer).backend()


def _picture(kernel: Kernel, source: Path, at: float) -> Any:
    """A frame of a film, or a picture, as RGB in 0..1."""
    from kadr_sdk.project import parse_project
    from kadr_sdk.rendering import Renderer

    clip = {"id": "a", "source_file": source.name, "duration": at + 1}
    timeline = {"resolution": [640, 360], "tracks": [{"id": "v", "clips": [clip]}]}
    renderer = kernel.container.get(Renderer)
    frame = renderer.frame(parse_project({"timeline": timeline}), source.absolute().parent, Fraction(str(at)))
    return frame.planes[0] / 255.0


def _value(text: str) -> tuple[str, Any]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise InvalidParameterError(f"{text!r} gives no value", path="--set", hint="--set amount=0.3")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


class Entry(Command):
    """The command."""

    command = dev
