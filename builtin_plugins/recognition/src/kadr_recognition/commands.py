"""``kadr recognize``: what is seen in a film or a picture, and where."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from kadr_sdk.clicks import click_entry
from kadr_sdk.files import check_new, write_whole
from kadr_sdk.plugin import Kernel
from kadr_sdk.text import printable

if TYPE_CHECKING:
    from kadr_recognition.document import Results

__all__ = ["bar", "run"]

_PATH = click.Path(path_type=Path)
_FORMATS = (
    "json",
    "csv",
    "coco",
    "mot",
    "srt",
    "markers",
)  # those of kadr_recognition.formats, without its import


@click.command()
@click.argument("file", type=_PATH)
@click.option("--model", default="yolox-nano", show_default=True, help="See: kadr models list.")
@click.option("--classes", default="", metavar="NAMES", help="Only these, by commas: person,dog.")
@click.option(
    "--every", default="1", metavar="1s|N", help="One picture a second, or every Nth; default: all."
)
@click.option(
    "--threshold", type=click.FloatRange(0, 1), metavar="SCORE", help="Least score; else the model's own."
)
@click.option("--track", is_flag=True, help="Follow things: the same id for the same thing.")
@click.option("--provider", default="", metavar="NAME", help="cpu, cuda …; else the best that is there.")
@click.option("-o", "--output", type=_PATH, help="File for the results: .json, .csv, .txt (MOT), .srt.")
@click.option("--format", "kind", type=click.Choice(_FORMATS), help="Otherwise by the ending of the file.")
@click.option(
    "--cut-list", type=_PATH, metavar="PROJECT", help="Project of the stretches where they are seen."
)
@click.option("--no-cache", is_flag=True, help="Look anew, and keep nothing of it.")
@click.option("--overwrite", "-y", is_flag=True, help="Replace an existing file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
@click.pass_obj
def recognize(
    kernel: Kernel,
    /,
    file: Path,
    model: str,
    classes: str,
    every: str,
    threshold: float | None,
    track: bool,
    provider: str,
    output: Path | None,
    kind: str | None,
    cut_list: Path | None,
    no_cache: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Say what is seen in FILE, a film or a picture: class, score and box in each picture."""
    from kadr_sdk.models import ModelStore

    from kadr_recognition.formats import FORMATS, format_of
    from kadr_recognition.names import require_classes
    from kadr_recognition.pictures import Every
    from kadr_recognition.recognize import Recognizer, Request

    wanted = require_classes(classes, kernel.container.get(ModelStore).card(model))
    request = Request(model, Every.parse(every), threshold, provider, cache=not no_cache)
    writer = FORMATS[format_of(kind, output.suffix if output else "")]
    for target in filter(None, (output, cut_list)):
        check_new(target, inputs=(file,), overwrite=overwrite)
    with bar(file, quiet=as_json) as progress:
        found = Recognizer(kernel.container).recognize(file, request, progress).only(wanted)
    if track:
        from kadr_recognition.tracking.tracker import follow

        found = follow(found)
    if cut_list is not None:
        _cut(kernel, file, found, cut_list)
    data = writer(found) if output is not None or as_json or kind else b""
    if output is not None:
        write_whole(output, data)
    _say(found, output, cut_list, data, as_json=as_json)


def _cut(kernel: Kernel, file: Path, found: Results, target: Path) -> None:
    """Save the project of the stretches in which something is seen."""
    from kadr_sdk.rendering import ProjectStore, Renderer

    from kadr_recognition.cutting import cut_project, relative
    from kadr_recognition.presence import present

    info = kernel.container.get(Renderer).probe(file)
    project = cut_project(info, relative(file, target), present(found))
    kernel.container.get(ProjectStore).save(project, target)


def _say(found: Results, output: Path | None, cut_list: Path | None, data: bytes, *, as_json: bool) -> None:
    """The results themselves, or where they are and what they come to."""
    if output is None and data:
        click.echo(data, nl=False)
    elif as_json:
        facts: dict[str, object] = {"frames": len(found.frames), "detections": len(found.rows)}
        cut = {} if cut_list is None else {"cut_list": str(cut_list)}
        click.echo(json.dumps({"event": "Recognized", "output": str(output), **facts, **cut}))
    else:
        _show(found)
        for path in filter(None, (output, cut_list)):
            click.echo(printable(path, 4000))


def _show(found: Results) -> None:
    """A line a class: how often, from when to when, how sure at best."""
    click.echo(f"{len(found.frames)} pictures, {len(found.rows)} detections by {found.model['id']}")
    rows = [["class", "detections", "pictures", "at most", "followed", "from", "to", "best score"]]
    for name in sorted({r.what.name for r in found.rows}):
        own = [r for r in found.rows if r.what.name == name]
        counts = [sum(1 for r in own if r.frame == frame) for frame in {r.frame for r in own}]
        times = [f"{float(own[at].time):.2f} s" for at in (0, -1)]
        best = max(r.what.score for r in own)
        ids = len({r.what.track for r in own} - {None})
        numbers = [str(n) for n in (len(own), len(counts), max(counts), ids or "-")]
        rows.append([name, *numbers, *times, f"{best:.2f}"])
    if len(rows) == 1:
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(printable(c).ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())


@contextmanager
def bar(file: Path, *, quiet: bool) -> Iterator[Callable[[int, int], object] | None]:
    """A bar on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=0, label=printable(file.name, 40), file=sys.stderr, show_pos=True) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield progress


run = click_entry(recognize, "kadr recognize")
