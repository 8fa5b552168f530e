"""``list``, ``search``, ``info``: what the library knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kadr_scanner.commands.session import PATH, Session, clean, json_option, print_json, seconds, size, table
from kadr_scanner.index import below
from kadr_scanner.query import parse_query
from kadr_scanner.rows import FileRow
from kadr_scanner.searching import search as find

__all__ = ["COMMANDS", "mastering"]

_LIMIT = click.IntRange(1, 1_000_000)


@click.command("list")
@click.argument("folder", type=PATH, required=False)
@click.option("--state", type=click.Choice(["ready", "failed", "missing"]), help="Only these.")
@click.option("--limit", type=_LIMIT, default=1000, show_default=True, help="At most so many.")
@json_option
@click.pass_obj
def list_(session: Session, folder: Path | None, state: str | None, limit: int, as_json: bool) -> None:
    """List the files that the library knows, all or those in FOLDER and below."""
    condition, values = below(str(folder.absolute())) if folder else ("1", ())
    if state:
        condition += f" AND ({parse_query(f'state:{state}').condition})"
    files = session.library.index.files(condition, values, order="folder, name", limit=limit)
    _show(files, as_json=as_json)


@click.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", type=_LIMIT, default=100, show_default=True, help="At most so many.")
@json_option
@click.pass_obj
def search(session: Session, query: tuple[str, ...], limit: int, as_json: bool) -> int:
    """Find files by words and conditions.

    \b
    kadr media search beach sunset
    kadr media search kind:video duration>10 width>=1920 has:hdr
    kadr media search iphone created:2023-05 state:ready
    kadr media search "dog > 0.6" seen:person

    Words are found from their beginning, in names, folders, tags, cameras and codecs. What is
    seen in files is known where kadr recognize has looked.
    """
    _show(find(session.library.index, parse_query(" ".join(query)), limit), as_json=as_json)
    return 0


def _show(files: list[FileRow], *, as_json: bool) -> None:
    if as_json:
        for row in files:
            print_json(row.as_dict())
        return
    table([_cells(row) for row in files])


def _cells(row: FileRow) -> list[str]:
    if row.state == "failed":
        return ["failed", "-", "-", "-", f"{row.path}: {row.reason}"]
    shown = f"{row.width}x{row.height}" if row.width else "-"
    return [row.kind or "-", seconds(row.duration), shown, row.codec or "-", _name(row)]


def _name(row: FileRow) -> str:
    return f"{row.path} (missing)" if row.missing else str(row.path)


@click.command()
@click.argument("file", type=PATH)
@json_option
@click.pass_obj
def info(session: Session, file: Path, as_json: bool) -> None:
    """Everything that the library knows of FILE."""
    row = session.library.known(file)
    same = [r for r in session.library.index.of_content(row.digest) if r.id != row.id] if row.digest else []
    seen = session.library.index.seen(row.digest) if row.digest else {}
    if as_json:
        more = {"facts": row.facts, "same_content": [str(r.path) for r in same], "seen": seen}
        print_json(row.as_dict() | more)
        return
    click.secho(clean(row.path), bold=True)
    pairs = [("state", f"{row.state}{f': {row.reason}' if row.reason else ''}"), ("kind", row.kind)]
    pairs += [("size", size(row.version.size)), ("length", seconds(row.duration))]
    pairs += [("picture", f"{row.width}x{row.height}" if row.width else ""), ("codec", row.codec)]
    pairs += [("rate", f"{row.fps:.6g} fps" if row.fps else ""), ("properties", row.flags)]
    pairs += [*mastering(row.facts), ("recorded", row.created), *_origin(row), ("digest", row.digest)]
    pairs += [("seen", ", ".join(f"{name} {best:.2f}" for name, best in seen.items()))]
    pairs += [("same content", str(r.path)) for r in same[:20]]
    pairs += [("warning", w["message"]) for w in row.facts.get("warnings", ())]
    table([(f"  {name}", text) for name, text in pairs if text and text != "-"])


def mastering(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """How bright the picture is meant to be shown."""
    film: dict[str, Any] = next((v for v in facts.get("video", ()) if not v["attached"]), {})
    told, dolby = film.get("light") or {}, film.get("dolby_vision") or {}
    low, high = told.get("luminance") or (0, 0)
    content = told.get("content")
    parts = [f"{low:g} to {high:g} cd/m2"] if high else []
    parts += [f"at most {content[0]}, a frame {content[1]} cd/m2"] if content else []
    profile = f"profile {dolby['profile']}" if dolby.get("profile") else "yes" if dolby else ""
    layer = f".{dolby['compatibility']}" if dolby.get("profile") and dolby.get("compatibility") else ""
    return [("mastered for", ", ".join(parts)), ("Dolby Vision", profile + layer)]


def _origin(row: FileRow) -> list[tuple[str, str]]:
    origin = row.facts.get("origin", {})
    camera = " ".join(filter(None, (origin.get("make"), origin.get("model"))))
    place = ""
    if origin.get("latitude") is not None:
        place = f"{origin['latitude']:.5f}, {origin['longitude']:.5f}"
    chapters = ", ".join(c["title"] for c in row.facts.get("chapters", ()))
    return [
        ("camera", camera),
        ("place", place),
        ("timecode", row.facts.get("timecode", "")),
        ("chapters", chapters),
    ]


COMMANDS = (list_, search, info)
