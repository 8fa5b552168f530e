"""``thumbnail``, ``storyboard``, ``waveform``, ``proxy``, ``frames``, ``analyze``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from kadr_sdk.errors import InvalidPathError, KadrError
from kadr_sdk.events import ThumbnailReady
from kadr_sdk.times import parse_time

from kadr_scanner.analyze import Thresholds, analyze, scene_times
from kadr_scanner.commands.session import PATH, Session, clean, json_option, print_json, seconds, size, table
from kadr_scanner.extract import at_interval, at_keys, at_subtitles, extract, write_whole
from kadr_scanner.products import source_of
from kadr_scanner.proxies import SCALES, make_proxy
from kadr_scanner.thumbnails import KINDS, MAX_SIDE, storyboard, thumbnail
from kadr_scanner.waveform import draw, waveform
from kadr_scanner.work import in_parallel

__all__ = ["COMMANDS"]


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


_SIZE, _TIME = _Size(), _Time()
_overwrite = click.option("--overwrite", "-y", is_flag=True, help="Replace existing files.")
_output = click.option("-o", "--output", type=PATH, required=True, help="A .jpg, .png or .webp file.")


def _kind_of(path: Path) -> str:
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise InvalidPathError("not the name of a picture", path=path, hint="end it in .jpg, .png or .webp")
    return kind


def _check_new(path: Path, inputs: tuple[Path, ...], *, overwrite: bool) -> None:
    """The name can be taken, and is none of the inputs."""
    if not path.absolute().parent.is_dir():
        raise InvalidPathError("the folder does not exist", path=path.parent, hint="make it first")
    if path.is_dir():
        raise InvalidPathError("is a folder", path=path, hint="give a file name")
    if os.path.lexists(path):
        if any(other.exists() and path.exists() and path.samefile(other) for other in inputs):
            raise InvalidPathError("this is the file itself", path=path, hint="choose another name")
        if not overwrite:
            raise InvalidPathError(
                "exists already", path=path, hint="choose another name, or add --overwrite"
            )


@click.command("thumbnail")
@click.argument("files", nargs=-1, required=True, type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="A picture file; of many, a folder.")
@click.option(
    "--at", type=_TIME, help="Time of the picture: 2.5 or 1:30; otherwise one that shows something."
)
@click.option("--size", "box", type=_SIZE, default="320x180", show_default=True, help="At most so large.")
@click.option(
    "--kind",
    type=click.Choice(["jpeg", "png", "webp"]),
    default="jpeg",
    show_default=True,
    help="Kind of pictures in a folder.",
)
@_overwrite
@json_option
@click.pass_obj
def thumbnail_(
    session: Session,
    files: tuple[Path, ...],
    output: Path,
    at: Fraction | None,
    box: tuple[int, int],
    kind: str,
    overwrite: bool,
    as_json: bool,
) -> int:
    """A small picture of each of FILES, upright."""
    single = len(files) == 1 and not output.is_dir()
    kind = _kind_of(output) if single else kind
    targets = {
        f: output if single else output / f"{f.name}.{'jpg' if kind == 'jpeg' else kind}" for f in files
    }
    if not single and not output.is_dir():
        raise InvalidPathError("is not a folder", path=output, hint="make it first, for many pictures")
    for target in targets.values():
        _check_new(target, files, overwrite=overwrite)
    library = session.library
    job = library.job("thumbnails", "", len(targets))

    def work(file: Path, target: Path) -> tuple[Path, Path, KadrError | None]:
        try:
            write_whole(target, thumbnail(library, source_of(library, file), kind, box, at, job))
        except KadrError as error:
            if single:
                raise
            return file, target, error
        job.advance()
        return file, target, None

    return _each(session, [_bound(work, f, t) for f, t in targets.items()], job, as_json=as_json)


def _bound(work: Callable[..., Any], *values: Any) -> Callable[[], Any]:
    return lambda: work(*values)


def _each(session: Session, tasks: list[Callable[[], Any]], job: Any, *, as_json: bool) -> int:
    """Run all in parallel; the worst exit code of those that failed."""
    code = 0
    with session.watching(as_json=as_json):
        for file, target, error in in_parallel(session.library.scheduler, job, tasks):
            if error is not None:
                code = max(code, error.exit_code)
                print_json({"event": "Error"} | error.as_dict()) if as_json else click.echo(
                    clean(f"error: {error}"), err=True
                )
                continue
            session.library.publish(ThumbnailReady(str(file), str(target)))
            if not as_json:
                click.echo(clean(target))
    return code


@click.command("storyboard")
@click.argument("file", type=PATH)
@_output
@click.option("--columns", type=click.IntRange(1, 100), default=4, show_default=True)
@click.option("--rows", type=click.IntRange(1, 100), default=4, show_default=True)
@click.option("--width", type=click.IntRange(16, 1920), default=240, show_default=True, help="Of a picture.")
@_overwrite
@json_option
@click.pass_obj
def storyboard_(
    session: Session,
    file: Path,
    output: Path,
    columns: int,
    rows: int,
    width: int,
    overwrite: bool,
    as_json: bool,
) -> None:
    """FILE on one sheet: pictures at even distances, in reading order."""
    kind = _kind_of(output)
    _check_new(output, (file,), overwrite=overwrite)
    with session.watching(as_json=as_json):
        source = source_of(session.library, file)
        sheet = storyboard(session.library, source, kind, columns=columns, rows=rows, width=width)
    write_whole(output, sheet.picture)
    if as_json:
        print_json({"event": "Storyboard", "output": str(output)} | sheet.as_dict())
    else:
        click.echo(f"{clean(output)}  {sheet.width}x{sheet.height}, {len(sheet.tiles)} pictures")


@click.command("waveform")
@click.argument("file", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="A .json file of peaks, or a picture.")
@click.option("--per-second", type=click.IntRange(1, 4800), default=100, show_default=True, help="Peaks.")
@click.option("--size", "box", type=_SIZE, default="1200x200", show_default=True, help="Of a picture.")
@_overwrite
@json_option
@click.pass_obj
def waveform_(
    session: Session,
    file: Path,
    output: Path,
    per_second: int,
    box: tuple[int, int],
    overwrite: bool,
    as_json: bool,
) -> None:
    """The peaks of the sound of FILE, as numbers or as a picture."""
    kind = "json" if output.suffix.lower() == ".json" else _kind_of(output)
    _check_new(output, (file,), overwrite=overwrite)
    with session.watching(as_json=as_json):
        wave = waveform(session.library, source_of(session.library, file), per_second)
    if kind == "json":
        write_whole(output, json.dumps(wave.as_dict(), separators=(",", ":")).encode())
    else:
        write_whole(output, session.library.backend.image(draw(wave, *box), kind))
    count = wave.peaks.shape[2]
    if as_json:
        print_json({"event": "Waveform", "output": str(output), "peaks": count, "per_second": per_second})
    else:
        click.echo(f"{clean(output)}  {count} peaks, {count / per_second:.2f} s")


@click.command("proxy")
@click.argument("files", nargs=-1, required=True, type=PATH)
@click.option("--scale", type=click.Choice(list(SCALES)), default="half", show_default=True)
@json_option
@click.pass_obj
def proxy(session: Session, files: tuple[Path, ...], scale: str, as_json: bool) -> int:
    """Make small versions of FILES, which previews use in their place; exports never do."""
    code = 0
    with session.watching(as_json=as_json):
        for file in files:
            try:
                made = make_proxy(session.library, source_of(session.library, file), scale)
            except KadrError as error:
                if len(files) == 1 or error.exit_code == 130:
                    raise
                code = max(code, error.exit_code)
                print_json({"event": "Error"} | error.as_dict()) if as_json else click.echo(
                    clean(f"error: {error}"), err=True
                )
                continue
            if as_json:
                print_json({"event": "Proxy", "path": str(file), "scale": scale, "bytes": made})
            else:
                click.echo(f"{clean(file)}: {scale} size, {size(made)} in the cache")
    return code


@click.command("frames")
@click.argument("file", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="Folder for the pictures.")
@click.option("--every", type=_TIME, metavar="SECONDS", help="At this interval: 1, 0.5, 1:00.")
@click.option("--scenes", is_flag=True, help="The first picture of every scene.")
@click.option("--keys", is_flag=True, help="Key frames.")
@click.option("--subtitles", is_flag=True, help="The middle of every subtitle of the film.")
@click.option("--subtitle-file", type=PATH, help="The middle of every subtitle of this file (.srt, .vtt …).")
@click.option("--size", "box", type=_SIZE, help="At most so large; otherwise as it is.")
@click.option("--kind", type=click.Choice(["jpeg", "png", "webp"]), default="jpeg", show_default=True)
@click.option("--limit", type=click.IntRange(1), default=10_000, show_default=True, help="Refuse more.")
@_overwrite
@json_option
@click.pass_obj
def frames(session: Session, /, file: Path, output: Path, as_json: bool, **values: Any) -> None:
    """Pictures of FILE as files: at an interval, at cuts, at key frames or at subtitles."""
    wanted = ("every", "scenes", "keys", "subtitles", "subtitle_file")
    if sum(bool(values[name]) for name in wanted) != 1:
        raise click.UsageError("give one of --every, --scenes, --keys, --subtitles and --subtitle-file")
    library = session.library
    with session.watching(as_json=as_json):
        source = source_of(library, file)
        index = library.backend.index(file, source.film.index)
        if values["every"]:
            moments = at_interval(index, values["every"])
        elif values["scenes"]:
            moments = scene_times(library, source, Thresholds().scene, library.job("scenes", file))
        elif values["keys"]:
            moments = at_keys(index)
        else:
            moments = at_subtitles(library, source, index, values["subtitle_file"])
        options = {"size": values["box"]} | {n: values[n] for n in ("kind", "limit", "overwrite")}
        found = extract(library, source, moments, output, **options)
    for picture in found if as_json else ():
        print_json({"event": "Picture"} | picture.as_dict())
    if not as_json:
        click.echo(f"{len(found)} pictures in {clean(output)}")


@click.command("analyze")
@click.argument("file", type=PATH)
@click.option("-o", "--output", type=PATH, help="Write the whole result to a .json file.")
@click.option("--scene", type=click.FloatRange(0.001, 1), metavar="NUMBER", help="Change at a cut, 0..1.")
@click.option("--black", type=click.FloatRange(0), metavar="SECONDS", help="Shortest black stretch.")
@click.option("--frozen", type=click.FloatRange(0), metavar="SECONDS", help="Shortest frozen stretch.")
@click.option("--silence", type=click.FloatRange(0), metavar="SECONDS", help="Shortest silence.")
@click.option("--level", type=click.FloatRange(-120, 0), metavar="DB", help="Silence is below this level.")
@_overwrite
@json_option
@click.pass_obj
def analyze_(
    session: Session,
    /,
    file: Path,
    output: Path | None,
    overwrite: bool,
    as_json: bool,
    **values: float | None,
) -> None:
    """Scenes, black, frozen and silent stretches, loudness, motion, sharpness and exposure of FILE."""
    if output is not None:
        _check_new(output, (file,), overwrite=overwrite)
    chosen = {n: values[n] for f in fields(Thresholds) if values[n := f.name] is not None}
    with session.watching(as_json=as_json):
        found = analyze(session.library, source_of(session.library, file), Thresholds(**chosen))  # type: ignore[arg-type]  # None is left out
    if output is not None:
        write_whole(output, json.dumps({"path": str(file)} | found, indent=1).encode())
    if as_json:
        print_json({"event": "Analysis", "path": str(file)} | found)
    else:
        _show(file, found)


def _show(file: Path, found: dict[str, Any]) -> None:
    click.secho(clean(file), bold=True)
    rows = []
    if "scenes" in found:
        cuts = ", ".join(seconds(row["at"]) for row in found["scenes"][:20])
        rows.append(("scenes", f"{len(found['scenes']) + 1}{f', cuts at {cuts}' if cuts else ''}"))
    for name in ("black", "frozen", "silence"):
        told = ", ".join(f"{seconds(s['start'])}-{seconds(s['end'])}" for s in found.get(name, ())[:20])
        rows += [(name, told)] if told else []
    for name in ("loudness", "levels", "scores"):
        rows += [(key.replace("_", " "), str(value)) for key, value in found.get(name, {}).items()]
    table([(f"  {name}", text) for name, text in rows])


COMMANDS = (thumbnail_, storyboard_, waveform_, proxy, frames, analyze_)
