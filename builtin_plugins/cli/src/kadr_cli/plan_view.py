"""A plan, a part of it and a comparison of two, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from kadr_cli.output import clean, plural, print_table
from kadr_cli.plan_document import SOUND
from kadr_cli.summary import encoded

if TYPE_CHECKING:
    from kadr_sdk.forecast import Forecast
    from kadr_sdk.plan import RenderPlan, Segment

__all__ = ["show_difference", "show_part", "show_plan"]

_LONGEST = 60
_SAME = ("made", "reasons")
_INPUTS = ("input", "inputs", "base", "layer", "parts")
_PLACED = {"rotation": 0.0, "opacity": 1.0, "blend": "normal"}  # what is not worth a word


def show_plan(made: RenderPlan, ahead: Forecast) -> None:
    """Formats, hashes, segments, what is there, and about what the rest takes."""
    video, audio = made.output.video, made.output.audio
    click.secho(f"{plural(made.frames, 'frame')}, {float(made.seconds):.3f} s", bold=True)
    if video is not None:
        size = f"{video.width}x{video.height} at {video.rate} fps"
        color = f"{video.color.matrix} {video.color.range}"
        click.echo(f"  pictures  {video.encoder} {video.pixel_format} {size}, {color}")
    if audio is not None and made.audio is not None:
        sounds = plural(len(made.audio.clips), "clip")
        words = f"{audio.encoder} {audio.rate} Hz {audio.layout}, {sounds} mixed"
        click.echo(f"  sound     {words}, {_sound(ahead)}, hash {made.audio.hash[:12]}")
    if made.film:
        click.echo(f"  film      the last session is {ahead.film}, hash {made.film[:12]}")
    click.echo(f"  hash      {made.hash}")
    where = "the same bytes on every machine" if made.portable else "bytes depend on the class of processor"
    click.echo(f"  {where}")
    if video is not None:
        rows = [_row(s, how, video.rate) for s, how in zip(made.segments, ahead.segments, strict=True)]
        print_table("segments", ["#", "from s", "frames", "spans", "made", "nodes", "hash"], rows)
        _show_copies(made)
    _show_forecast(ahead)
    for note in made.notes:
        click.echo(f"note: {clean(note)}")
    for warning in made.warnings:
        click.echo(f"warning: {clean(warning)}")


def _sound(ahead: Forecast) -> str:
    held, blocks = ahead.blocks
    return f"{ahead.audio} ({held} of {plural(blocks, 'block')} cached)" if held else ahead.audio


def _show_forecast(ahead: Forecast) -> None:
    counts = Counter(ahead.segments)
    if counts:
        words = [f"{counts[how]} {how}" for how in ("rendered", "cached", "copied") if counts[how]]
        click.echo(f"segments: {', '.join(words)}")
    if ahead.seconds is None:
        click.echo("time and size are not known: nothing like it has been rendered on this machine")
        return
    low, high = ahead.seconds
    if not high:
        click.echo("time      that of joining and checking: every part is there")
    else:
        _show_time(low, high, ahead)
    if ahead.bytes is not None:
        click.echo(f"size      about {_range(ahead.bytes[0] / 1e6, ahead.bytes[1] / 1e6, 2, 'MB')}")


def _show_time(low: float, high: float, ahead: Forecast) -> None:
    at_once = f"{plural(ahead.workers, 'segment')} at once"
    click.echo(f"time      about {_range(low, high, 1, 's')} with {at_once}, by what was measured here,")
    click.echo("          and then that of joining and checking")


def _range(low: float, high: float, digits: int, unit: str) -> str:
    a, b = f"{low:.{digits}f}", f"{high:.{digits}f}"
    return f"{a} {unit}" if a == b else f"{a} to {b} {unit}"


def _show_copies(made: RenderPlan) -> None:
    """What is copied and why the rest is not, where copying was asked for."""
    copied = sum(s.count for s in made.segments if s.copy is not None)
    if copied:
        click.echo(f"{plural(copied, 'frame')} of {made.frames} copied from the sources")
    for line in encoded(made.encoded):
        click.echo(f"  {line}")


def _row(segment: Segment, made: str, rate: Fraction) -> list[str]:
    from kadr_sdk.plan import walk

    kinds = Counter(type(n).__name__ for s in segment.spans for n in walk(s.root))
    nodes = " ".join(f"{name}:{count}" for name, count in sorted(kinds.items()))
    if segment.copy is not None:
        nodes = f"copy of {segment.copy.codec} from frame {segment.copy.first}"
    start = f"{float(segment.start / rate):.3f}"
    counts = [str(segment.count), str(len(segment.spans))]
    return [str(segment.index), start, *counts, made, nodes, segment.hash[:12]]


def show_part(part: Mapping[str, Any]) -> None:
    """What the hash of a segment or of the sound depends on, as a tree."""
    name = SOUND if part["part"] == SOUND else f"segment {part['part']}"
    click.secho(f"{name}: {part['hash']} ({part['made']})", bold=True)
    click.echo("depends on")
    for title, rows in (
        ("contents of media", [f"{path}  {digest[:12]}" for path, digest in part["media"].items()]),
        ("code", [f"{effect}  {digest[:12]}" for effect, digest in part["code"].items()]),
        ("settings", list(_settings(part["settings"]))),
        ("libraries", [f"{library} {version}" for library, version in part["libraries"].items()]),
        ("class of processor", [part["processor"] or "any: the same bytes everywhere"]),
        ("meaning of plans", [str(part["semantics"])]),
        ("pictures", list(_spans(part))),
    ):
        if rows:
            click.echo(f"  {title}")
            for row in rows:
                click.echo(f"    {clean(row)}")


def _settings(settings: Mapping[str, Any]) -> Iterator[str]:
    for name, value in settings.items():
        if name == "options":
            yield from (f"{key} = {text}" for key, text in value)
        elif name != "type" and value not in (None, "", False):
            yield f"{name} = {_color(value) if isinstance(value, dict) else value}"


def _color(value: Mapping[str, Any]) -> str:
    return " ".join(str(entry) for key, entry in value.items() if key != "type")


def _spans(part: Mapping[str, Any]) -> Iterator[str]:
    if part.get("copy"):
        yield f"packets of {part['copy']['path']}"
    for span in part.get("spans", ()):
        yield f"{span['count']} frames"
        yield from _tree(span["root"], 1)


def _tree(node: Mapping[str, Any], depth: int) -> Iterator[str]:
    words = [str(node["type"])]
    if node.get("effect"):
        words.append(f"{node['effect']} version {node['version']}")
    if "source" in node:
        words.append(f"{node['source']['path']} from {float(Fraction(node['times']['start'])):.3f} s")
    if {"width", "height", "format"} <= {*node}:
        words.append(f"{node['width']}x{node['height']} {node['format']}")
    pairs = node.get("values", ()), *(spec["options"] for spec in node.get("filters", ()))
    words += [f"{name}={_value(value)}" for name, value in chain(*pairs)]
    words += [
        f"{name}={_value(node[name])}" for name, usual in _PLACED.items() if node.get(name, usual) != usual
    ]
    yield "  " * depth + " ".join(words)
    for name in _INPUTS:
        found = node.get(name, ())
        for below in found if isinstance(found, list) else [found] if found else ():
            yield from _tree(below, depth + 1)


def _value(value: object) -> str:
    """Of a parameter, which may have one for every frame."""
    if isinstance(value, dict) and value.get("samples"):
        return f"{_value(value['samples'][0])}..{_value(value['samples'][-1])}"
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def show_difference(found: Mapping[str, Any], rate: Fraction) -> None:
    """Segments to be made again with their reasons, and everything else that changed."""
    rows: Sequence[Mapping[str, Any]] = found["invalidated"]
    moved = f", {len(found['moved'])} of them elsewhere" if found["moved"] else ""
    click.secho(f"{plural(found['same'], 'segment')} the same{moved}; {len(rows)} invalidated", bold=True)
    for same in _alike(rows):
        click.echo(f"  {_title(same, rate)}")
        for reason in same[0]["reasons"]:
            click.echo(f"    {clean(reason)}")
    for title, reasons in (("sound", found["audio"]), ("file", found["output"])):
        if reasons:
            click.echo(f"  {title}")
        for reason in reasons:
            click.echo(f"    {clean(reason)}")
    if not rows and not found["audio"] and not found["output"]:
        click.echo("the same film" if not found["moved"] else "the same parts, in another order")


def _alike(rows: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Runs of segments that follow each other and are made for the same reasons."""
    run: list[Mapping[str, Any]] = []
    for row in rows:
        last = run[-1] if run else None
        if last and (row["segment"] - last["segment"] > 1 or any(row[k] != last[k] for k in _SAME)):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _title(rows: Sequence[Mapping[str, Any]], rate: Fraction) -> str:
    first, last = rows[0], rows[-1]
    numbers = f"segment {first['segment']}"
    if len(rows) > 1:
        numbers = f"segments {first['segment']} to {last['segment']}"
    frames = plural(sum(row["frames"] for row in rows), "frame")
    return f"{numbers} from {float(first['start'] / rate):.3f} s, {frames}, {first['made']}"
