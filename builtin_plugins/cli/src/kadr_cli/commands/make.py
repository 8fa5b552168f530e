"""``kadr make``: clips, photos and music become a film without a project file."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from kadr_sdk.errors import InputError, InvalidParameterError
from kadr_sdk.media import MediaInfo
from kadr_sdk.plugin import Kernel
from kadr_sdk.project import Project, dump_project, parse_project
from kadr_sdk.rendering import Renderer
from kadr_sdk.times import format_seconds

from kadr_cli.commands.render import render_project
from kadr_cli.files import write_new
from kadr_cli.invoke import as_command
from kadr_cli.options import render_options, request_of
from kadr_cli.summary import print_report

__all__ = ["film", "run"]


@click.command()
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option("--transition", help="Between the pictures, e.g. dissolve; see: kadr transitions.")
@click.option("--transition-seconds", type=click.FloatRange(0.04, 60), default=1.0, show_default=True)
@click.option("--photo-seconds", type=click.FloatRange(0.1, 3600), default=4.0, show_default=True)
@click.option("--music-volume", type=click.FloatRange(0, 4), default=0.6, show_default=True)
@click.option("--fit", type=click.Choice(["contain", "cover", "stretch"]), default="contain")
@click.option("--save-project", type=click.Path(path_type=Path), help="Keep the project (.tlp) as well.")
@render_options
@click.pass_obj
def make(
    kernel: Kernel,
    /,
    inputs: tuple[Path, ...],
    output: Path,
    save_project: Path | None,
    as_json: bool,
    transition: str | None,
    transition_seconds: float,
    photo_seconds: float,
    music_volume: float,
    fit: str,
    **values: Any,
) -> None:
    """Join INPUTS (clips, photos, sound) in their order into a film.

    Clips and photos follow each other; files with sound alone play below them as music.
    Size and frame rate are those of the first clip unless given.
    """
    renderer = kernel.container.get(Renderer)
    found = [(path, renderer.probe(path)) for path in inputs]
    style = Style(
        transition, Fraction(repr(transition_seconds)), Fraction(repr(photo_seconds)), music_volume, fit
    )
    project = film(found, style, values["size"], values["fps"])
    request = request_of(output, project.timeline.fps, values)
    if save_project is not None:
        write_new(save_project, dump_project(project).encode(), overwrite=values["overwrite"])
    report = render_project(kernel, project, Path.cwd(), request, as_json=as_json)
    if not as_json:
        print_report(report)


@dataclass(frozen=True, slots=True)
class Style:
    """How the pieces are put together; times in seconds."""

    transition: str | None
    overlap: Fraction
    photo: Fraction
    music: float
    fit: str


def film(
    found: list[tuple[Path, MediaInfo]],
    style: Style,
    size: tuple[int, int] | None,
    fps: Fraction | None,
) -> Project:
    """The project of ``kadr make``: pictures one after the other, music below.

    Raises:
        InputError: nothing to show or hear.
        InvalidParameterError: the transition is longer than a piece.
    """
    pictures = [(p, i) for p, i in found if i.main_video is not None]
    music = [(p, i) for p, i in found if i.main_video is None and i.main_audio is not None]
    if not pictures and not music:
        raise InputError("none of the inputs has pictures or sound", hint="see: kadr probe FILE")
    rate = fps or _rate(pictures)
    clips, end = _clips(pictures, style, rate)
    tracks: list[dict[str, Any]] = []
    if clips:
        tracks.append({"id": "pictures", "clips": clips, "transitions": _joints(clips, style)})
    if music:
        tracks.append(_music(music, style, end))
    timeline = {
        "fps": f"{rate.numerator}/{rate.denominator}",
        "resolution": size or _size(pictures),
        "tracks": tracks,
    }
    return parse_project({"metadata": {"id": "make"}, "timeline": timeline})


def _clips(
    pictures: list[tuple[Path, MediaInfo]], style: Style, rate: Fraction
) -> tuple[list[dict[str, Any]], Fraction]:
    overlap = style.overlap if style.transition and len(pictures) > 1 else Fraction(0)
    clips: list[dict[str, Any]] = []
    at = Fraction(0)
    for number, (path, info) in enumerate(pictures):
        length = _length(info, style, rate)
        if overlap and length < 2 * overlap:
            raise InvalidParameterError(
                f"{float(length):.2f} s are too short for transitions of {float(overlap):g} s",
                path=path,
                hint="shorten --transition-seconds",
            )
        clips.append(
            {
                "id": f"{number + 1:03d}-{path.stem}"[:200],
                "source_file": str(path.absolute()),
                "start_time": format_seconds(at),
                "duration": format_seconds(length),
                "fit": style.fit,
            }
        )
        at += length - overlap
    return clips, at + overlap


def _length(info: MediaInfo, style: Style, rate: Fraction) -> Fraction:
    """Whole frames of the film, so that every piece begins and ends on one."""
    video = info.main_video
    assert video is not None
    seconds = style.photo if video.still else video.duration or info.duration or Fraction(0)
    frames = int(seconds * rate)
    return max(frames, 1) / rate


def _joints(clips: list[dict[str, Any]], style: Style) -> list[dict[str, Any]]:
    if not style.transition:
        return []
    pairs = itertools.pairwise(clips)
    return [{"transition_type": style.transition, "between": [a["id"], b["id"]]} for a, b in pairs]


def _music(music: list[tuple[Path, MediaInfo]], style: Style, end: Fraction) -> dict[str, Any]:
    clips = []
    at = Fraction(0)
    for number, (path, info) in enumerate(music):
        audio = info.main_audio
        assert audio is not None
        length = audio.duration or info.duration or Fraction(0)
        if end:
            length = min(length, end - at)
        if length <= 0:
            break
        fade = min(Fraction(1), length / 4)
        clips.append(
            {
                "id": f"music-{number + 1}",
                "source_file": str(path.absolute()),
                "start_time": format_seconds(at),
                "duration": format_seconds(length),
                "fade_in": format_seconds(fade / 4),
                "fade_out": format_seconds(fade),
            }
        )
        at += length
    volume = style.music if end else 1.0
    return {"id": "music", "type": "audio", "volume": volume, "clips": clips}


def _rate(pictures: list[tuple[Path, MediaInfo]]) -> Fraction:
    for _, info in pictures:
        video = info.main_video
        if video is not None and not video.still and video.rate is not None and 1 <= video.rate <= 240:
            return _usual(video.rate)
    return Fraction(30)


def _usual(rate: Fraction) -> Fraction:
    """A rate within half a percent of a usual one is that one; others as they are."""
    usual = [Fraction(n) for n in (24, 25, 30, 48, 50, 60, 120)]
    usual += [Fraction(n * 1000, 1001) for n in (24, 30, 60)]
    best = min(usual, key=lambda u: abs(u - rate))
    return best if abs(best - rate) / rate < Fraction(1, 200) else rate.limit_denominator(1001)


def _size(pictures: list[tuple[Path, MediaInfo]]) -> tuple[int, int]:
    for _, info in pictures:
        video = info.main_video
        if video is not None and not video.still:
            width, height = video.display_size
            return max(2, width - width % 2), max(2, height - height % 2)
    return 1920, 1080


run = as_command(make)
