"""``scan``, ``relink``, ``forget``: how the library learns and forgets."""

from __future__ import annotations

from pathlib import Path

import click
from kadr_sdk.errors import InvalidPathError
from kadr_sdk.events import ScanCompleted
from kadr_sdk.rendering import ProjectStore

from kadr_scanner.commands.session import PATH, Session, clean, json_option, print_json
from kadr_scanner.relink import relinked_project
from kadr_scanner.scan import DEPTHS
from kadr_scanner.waking import waking

__all__ = ["COMMANDS"]


@click.command()
@click.argument("folder", type=PATH)
@click.option(
    "--depth",
    type=click.Choice(DEPTHS),
    default="packets",
    show_default=True,
    help="Stop after the metadata, after the digests, or count all packets too.",
)
@click.option("--retry", is_flag=True, help="Look again at files that could not be used.")
@click.option(
    "--watch", is_flag=True, help="Go on: look again whenever something changes, until stopped with Ctrl-C."
)
@click.option(
    "--every",
    type=click.FloatRange(0.2, 86_400),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="Between two looks of --watch; without kadr[watch] it looks that often.",
)
@json_option
@click.pass_obj
def scan(
    session: Session, folder: Path, depth: str, retry: bool, watch: bool, every: float, as_json: bool
) -> None:
    """Look at all media in FOLDER and below; only what is new or changed costs time."""
    with session.watching(as_json=as_json):
        done = session.library.scan(folder, depth, retry=retry)
        if not as_json:
            _show(done)
        if watch:
            _watch(session, folder, depth, every, done.missing, as_json=as_json)


def _watch(session: Session, folder: Path, depth: str, every: float, missing: int, *, as_json: bool) -> None:
    """Look again and again; what changes while nobody waits is not missed."""
    with waking(folder, every) as wait:
        while True:
            done = session.library.scan(folder, depth)
            if not as_json and (done.new + done.changed + done.relinked or done.missing != missing):
                _show(done)
            missing = done.missing
            wait()


def _show(done: ScanCompleted) -> None:
    counts = [("new", done.new), ("changed", done.changed), ("moved", done.relinked)]
    counts += [("missing", done.missing), ("unreadable", done.failed)]
    told = ", ".join(f"{count} {name}" for name, count in counts if count) or "nothing new"
    click.echo(f"{clean(done.folder)}: {done.files} files of media, {told} ({done.seconds:.2f} s)")


@click.command()
@click.argument("project", type=PATH)
@click.option("--search", "folders", type=PATH, multiple=True, help="A folder to look into; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Say what would be changed, and change nothing.")
@json_option
@click.pass_obj
def relink(session: Session, project: Path, folders: tuple[Path, ...], dry_run: bool, as_json: bool) -> int:
    """Find the missing media of PROJECT by their content, and write the new paths into it.

    The library must have seen the files where they were: then name and folder do not matter.
    """
    for folder in folders:
        if not folder.is_dir():
            raise InvalidPathError("is not a folder", path=folder, hint="name a folder to look into")
    store = session.kernel.container.get(ProjectStore)
    document = store.open(project)
    with session.watching(as_json=as_json):
        for folder in folders:
            session.library.scan(folder, "digests")
    changed, report = relinked_project(session.library.index, document, project.parent.absolute())
    if changed is not document and not dry_run:
        store.save(changed, project)
    if as_json:
        print_json({"event": "Relinked", "project": str(project), "saved": not dry_run} | report.as_dict())
    else:
        for old, new in report.found:
            click.echo(clean(f"{old} -> {new}"))
        for old in report.lost:
            click.echo(clean(f"not found: {old}"))
        if not report.found and not report.lost:
            click.echo("nothing is missing")
    return 3 if report.lost else 0


@click.command()
@click.argument("folder", type=PATH, required=False)
@click.option("--missing", is_flag=True, help="Only files that are gone.")
@json_option
@click.pass_obj
def forget(session: Session, folder: Path | None, missing: bool, as_json: bool) -> None:
    """Remove files from the library (not from the disk): those in FOLDER, or those that are gone."""
    if folder is None and not missing:
        raise click.UsageError("name a folder, or give --missing")
    count = session.library.forget(folder, missing=missing)
    if as_json:
        print_json({"event": "Forgotten", "files": count})
    else:
        click.echo(f"{count} files forgotten")


COMMANDS = (scan, relink, forget)
