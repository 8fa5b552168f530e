"""``thumbnail``, ``storyboard``, ``waveform``, ``proxy``: what is made of files."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from kadr_sdk.errors import InvalidPathError, KadrError
from kadr_sdk.events import ThumbnailReady
from kadr_sdk.files import check_new, write_whole

from kadr_scanner.commands.options import SIZE, TIME, kind_of, output_option, overwrite_option
from kadr_scanner.commands.session import PATH, Session, clean, json_option, print_json, size
from kadr_scanner.products import source_of
from kadr_scanner.proxies import SCALES, make_proxy
from kadr_scanner.thumbnails import storyboard, thumbnail
from kadr_scanner.waveform import draw, waveform
from kadr_scanner.work import in_parallel

__all__ = ["COMMANDS"]


@click.command("thumbnail")
@click.argument("files", nargs=-1, required=True, type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="A picture file; of many, a folder.")
@click.option("--at", type=TIME, help="Time of the picture: 2.5 or 1:30; otherwise one that shows something.")
@click.option("--size", "box", type=SIZE, default="320x180", show_default=True, help="At most so large.")
@click.option(
    "--kind",
    type=click.Choice(["jpeg", "png", "webp"]),
    default="jpeg",
    show_default=True,
    help="Kind of pictures in a folder.",
)
@overwrite_option
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
    kind = kind_of(output) if single else kind
    targets = {
        f: output if single else output / f"{f.name}.{'jpg' if kind == 'jpeg' else kind}" for f in files
    }
    if not single and not output.is_dir():
        raise InvalidPathError("is not a folder", path=output, hint="make it first, for many pictures")
    for target in targets.values():
        check_new(target, inputs=files, overwrite=overwrite)
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
@output_option
@click.option("--columns", type=click.IntRange(1, 100), default=4, show_default=True)
@click.option("--rows", type=click.IntRange(1, 100), default=4, show_default=True)
@click.option("--width", type=click.IntRange(16, 1920), default=240, show_default=True, help="Of a picture.")
@overwrite_option
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
    kind = kind_of(output)
    check_new(output, inputs=(file,), overwrite=overwrite)
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
@click.option("--size", "box", type=SIZE, default="1200x200", show_default=True, help="Of a picture.")
@overwrite_option
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
    kind = "json" if output.suffix.lower() == ".json" else kind_of(output)
    check_new(output, inputs=(file,), overwrite=overwrite)
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


COMMANDS = (thumbnail_, storyboard_, waveform_, proxy)
