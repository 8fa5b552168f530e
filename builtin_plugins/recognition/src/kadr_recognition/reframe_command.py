"""``kadr reframe``: a film, or a project, in another shape that follows what is seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kadr_sdk.clicks import click_entry
from kadr_sdk.files import check_new
from kadr_sdk.plugin import Kernel
from kadr_sdk.text import printable

from kadr_recognition.commands import bar

if TYPE_CHECKING:
    from kadr_sdk.project import Project

    from kadr_recognition.document import Results
    from kadr_recognition.recognize import Request

__all__ = ["run"]

_PATH = click.Path(path_type=Path)
_PROJECTS = (".tlp", ".json")


@click.command()
@click.argument("file", type=_PATH)
@click.option("-o", "--output", type=_PATH, required=True, help="The project that is written.")
@click.option("--aspect", default="9:16", show_default=True, metavar="W:H", help="Shape: 9:16, 1:1, 4:5.")
@click.option(
    "--height", type=click.IntRange(2, 16384), help="Of the frame in pixels; else as the film's own."
)
@click.option("--classes", default="", metavar="NAMES", help="Follow only these, by commas: person,dog.")
@click.option("--model", default="yolox-nano", show_default=True, help="See: kadr models list.")
@click.option("--every", default="0.2s", show_default=True, metavar="1s|N", help="How often to look.")
@click.option("--overwrite", "-y", is_flag=True, help="Replace an existing file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
@click.pass_obj
def reframe(
    kernel: Kernel,
    /,
    file: Path,
    output: Path,
    aspect: str,
    height: int | None,
    classes: str,
    model: str,
    every: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write a project that shows FILE, a film or a project, in another shape.

    \b
    kadr reframe film.mp4 --aspect 9:16 --classes person -o tall.tlp
    kadr render tall.tlp -o tall.mp4

    Every clip covers the frame and is moved after what is seen, by keyframes like any others.
    """
    from kadr_sdk.models import ModelStore
    from kadr_sdk.rendering import ProjectStore

    from kadr_recognition.names import require_classes
    from kadr_recognition.pictures import Every
    from kadr_recognition.recognize import Request
    from kadr_recognition.reframing import parse_shape, reframed, shape_of

    names = require_classes(classes, kernel.container.get(ModelStore).card(model))
    request, shape = Request(model, Every.parse(every)), parse_shape(aspect)
    check_new(output, inputs=(file,), overwrite=overwrite)
    project = _opened(kernel, file, output)
    size = shape_of(project.timeline.resolution, shape)
    if height is not None:
        size = max(2, height * shape[0] // shape[1] // 2 * 2), height
    found = reframed(project, output.absolute().parent, size, _looking(kernel, request, quiet=as_json), names)
    kernel.container.get(ProjectStore).save(found, output)
    _say(found, output, as_json=as_json)


def _opened(kernel: Kernel, file: Path, output: Path) -> Project:
    """The project of a file: itself, or one that shows the whole film; paths as from the output's folder."""
    from kadr_sdk.rendering import ProjectStore, Renderer

    from kadr_recognition.cutting import relative, whole_project

    if file.suffix.lower() not in _PROJECTS:
        info = kernel.container.get(Renderer).probe(file)
        return whole_project(info, relative(file, output))
    project = kernel.container.get(ProjectStore).open(file)
    tracks = []
    for track in project.timeline.tracks:
        clips = []
        for clip in track.clips:
            source = clip.source_file
            if source is not None:
                source = relative(file.absolute().parent / source, output)
            clips.append(clip.model_copy(update={"source_file": source}))
        tracks.append(track.model_copy(update={"clips": tuple(clips)}))
    timeline = project.timeline.model_copy(update={"tracks": tuple(tracks)})
    return project.model_copy(update={"timeline": timeline})


def _looking(kernel: Kernel, request: Request, *, quiet: bool) -> Callable[[Path], Results]:
    """What is seen in a file; each is looked at once."""
    from kadr_recognition.recognize import Recognizer

    known: dict[Path, Results] = {}

    def look(path: Path) -> Results:
        if path not in known:
            with bar(path, quiet=quiet) as progress:
                known[path] = Recognizer(kernel.container).recognize(path, request, progress)
        return known[path]

    return look


def _say(project: Project, output: Path, *, as_json: bool) -> None:
    width, height = project.timeline.resolution
    clips = [c for t in project.timeline.tracks for c in t.clips]
    keys = sum(len(getattr(v, "keyframes", ())) for c in clips for v in _places(c))
    if as_json:
        facts = {"width": width, "height": height, "clips": len(clips), "keyframes": keys}
        click.echo(json.dumps({"event": "Reframed", "output": str(output), **facts}))
    else:
        click.echo(f"{printable(output, 4000)}  {width}x{height}, {len(clips)} clips, {keys} keyframes")


def _places(clip: Any) -> tuple[Any, Any]:
    return clip.transform.position_x, clip.transform.position_y


run = click_entry(reframe, "kadr reframe")
