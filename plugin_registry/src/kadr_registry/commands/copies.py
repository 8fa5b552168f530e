"""Commands that copy, check and serve registries."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path

import click
from kadr_sdk.text import printable

from kadr_registry.commands import shared
from kadr_registry.mirror import Copied, Wanted
from kadr_registry.opened import opened
from kadr_registry.repository.folder import Repository
from kadr_registry.serve import server
from kadr_registry.transport import Sink, open_sink
from kadr_registry.transport.bundle import BundleSink

__all__ = ["bundle", "mirror", "serve", "verify"]

_stale = click.option(
    "--stale-days",
    default=0,
    type=click.IntRange(0, 3650),
    help="Take signatures that expired so many days ago; this gives up the defence against held back files.",
)


@click.command()
@click.argument("place")
@click.argument("target")
@shared.root
@_stale
@shared.as_json
def mirror(place: str, target: str, root: Path | None, stale_days: int, as_json: bool) -> None:
    """Copy the registry at PLACE to TARGET, a folder or oci://host/repository; nobody trusts a mirror."""
    _show(
        as_json, _copied(place, root, open_sink(target, os.environ), (), stale_days), f"mirrored to {target}"
    )


@click.command()
@click.argument("place")
@click.argument("target", metavar="FILE", type=shared.file)
@click.argument("plugins", metavar="[PLUGIN[==VERSION]]...", nargs=-1)
@shared.root
@_stale
@shared.as_json
def bundle(
    place: str, target: Path, plugins: tuple[str, ...], root: Path | None, stale_days: int, as_json: bool
) -> None:
    """Write the registry at PLACE, or some plugins of it, into one file for machines without a network."""
    wanted = tuple(map(Wanted.parse, plugins))
    _show(as_json, _copied(place, root, BundleSink(target), wanted, stale_days), f"bundled in {target}")


@click.command()
@click.argument("place")
@shared.root
@_stale
@shared.as_json
def verify(place: str, root: Path | None, stale_days: int, as_json: bool) -> None:
    """Check every signature, listing, record and file of the registry at PLACE."""
    _show(as_json, _copied(place, root, None, (), stale_days), "everything is what was signed")


def _copied(
    place: str, root: Path | None, sink: Sink | None, wanted: tuple[Wanted, ...], stale_days: int
) -> Copied:
    def report(plugin: str) -> None:
        if sys.stderr.isatty():
            click.echo(printable(plugin), err=True)

    with opened(place, root, environ=os.environ, stale_days=stale_days) as found:
        return found.copier().copy(sink, wanted, report)


def _show(as_json: bool, found: Copied, text: str) -> None:
    counts = (
        f"{found.plugins} plugins, {found.releases} releases, {found.blobs} files, {found.bytes / 1e6:.2f} MB"
    )
    left = f"\nleft out, revoked: {', '.join(found.skipped)}" if found.skipped else ""
    shared.show_result(as_json, asdict(found), f"{text}: {counts}{left}")


@click.command()
@click.argument("folder", type=shared.folder)
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="0: any free one.")
@shared.as_json
def serve(folder: Path, port: int, as_json: bool) -> None:
    """Serve the registry in FOLDER on this machine, for trials, until Ctrl-C."""
    repository = Repository(folder)
    with server(repository.public, port) as running:
        address = f"http://127.0.0.1:{running.server_address[1]}"
        root = repository.public / "metadata" / "1.root.json"
        data = {"address": address, "root": str(root)}
        shared.show_result(as_json, data, f"{repository.name} at {address}\nroot {root}")
        sys.stdout.flush()
        running.serve_forever()
