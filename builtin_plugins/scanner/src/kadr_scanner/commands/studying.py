"""``frames``, ``analyze``: what is taken out of films, and what is found in them."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from kadr_sdk.files import check_new, write_whole

from kadr_scanner.analyze import Thresholds, analyze, scene_times
from kadr_scanner.commands.options import SIZE, TIME, overwrite_option
from kadr_scanner.commands.session import PATH, Session, clean, json_option, print_json, seconds, table
from kadr_scanner.extract import at_interval, at_keys, at_subtitles, extract
from kadr_scanner.products import source_of

__all__ = ["COMMANDS"]


@click.command("frames")
@click.argument("file", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="Folder for the pictures.")
@click.option("--every", type=TIME, metavar="SECONDS", help="At this interval: 1, 0.5, 1:00.")
@click.option("--scenes", is_flag=True, help="The first picture of every scene.")
@click.option("--keys", is_flag=True, help="Key frames.")
@click.option("--subtitles", is_flag=True, help="The middle of every subtitle of the film.")
@click.option("--subtitle-file", type=PATH, help="The middle of every subtitle of this file (.srt, .vtt …).")
@click.option("--size", "box", type=SIZE, help="At most so large; otherwise as it is.")
@click.option("--kind", type=click.Choice(["jpeg", "png", "webp"]), default="jpeg", show_default=True)
@click.option("--limit", type=click.IntRange(1), default=10_000, show_default=True, help="Refuse more.")
@overwrite_option
@json_option
@click.pass_obj
def frames(session: Session, /, file: Path, output: Path, as_json: bool, **values: Any) -> None:
    """Pictures of FILE as files: at an interval, at cuts, at key frames or at subtitles."""
    wanted = ("every", "scenes", "keys", "subtitles", "subtitle_file")
    given = [name for name in wanted if values[name] is not None and values[name] is not False]
    if len(given) != 1:
        raise click.UsageError("give one of --every, --scenes, --keys, --subtitles and --subtitle-file")
    library = session.library
    with session.watching(as_json=as_json):
        source = source_of(library, file)
        index = library.backend.index(file, source.film.index)
        if values["every"] is not None:
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
@overwrite_option
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
        check_new(output, inputs=(file,), overwrite=overwrite)
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


COMMANDS = (frames, analyze_)
