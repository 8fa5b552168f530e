"""Commands about registries that are set up, and about what plugins may do."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click
from kadr_sdk.plugin import Kernel

from kadr_registry.client.tokens import variable
from kadr_registry.commands import shared, using
from kadr_registry.sources import Source

__all__ = ["grants", "registries"]


@click.group("registries")
def _registries() -> None:
    """The registries that plugins come from."""


@_registries.command("add")
@click.argument("name")
@click.argument("place")
@click.option("--root", type=shared.file, help="The root that you trust (1.root.json of the registry).")
@click.option("--fingerprint", default="", help="sha256 of the root, if you were told that instead.")
@click.option(
    "--namespace",
    "namespaces",
    multiple=True,
    help="Only plugins below this come from it, and from nowhere else; without any, all others.",
)
@click.option(
    "--stale-days", default=0, type=click.IntRange(0, 3650), help="Take signatures so long after expiry."
)
@shared.as_json
@click.pass_obj
def _add(
    kernel: Kernel,
    name: str,
    place: str,
    root: Path | None,
    fingerprint: str,
    namespaces: tuple[str, ...],
    stale_days: int,
    as_json: bool,
) -> None:
    """Take plugins from the registry at PLACE, which is believed by --root and nothing else.

    --fingerprint stands for it: the root is fetched from PLACE, and taken if it is that one.
    """
    with using.registries_of(kernel) as found, using.places(kernel).locked():
        made = found.add(Source(name, place, root or Path(), namespaces or ("*",), stale_days), fingerprint)
    data = {"name": name, "place": made.place, "namespaces": list(made.namespaces)}
    text = f"{name} at {made.place}; a private one gets its token in {variable(name)}"
    shared.show_result(as_json, data, text)


@_registries.command("remove")
@click.argument("name")
@shared.as_json
@click.pass_obj
def _forget(kernel: Kernel, name: str, as_json: bool) -> None:
    """Take nothing from a registry any more; what was installed from it stays."""
    with using.registries_of(kernel) as found, using.places(kernel).locked():
        found.remove(name)
    shared.show_result(as_json, {"name": name}, f"{name} is forgotten")


@_registries.command("list")
@shared.as_json
@click.pass_obj
def _list(kernel: Kernel, as_json: bool) -> None:
    """Every registry, and whose plugins come from it."""
    with using.registries_of(kernel) as found:
        rows = found.sources.all
    if as_json:
        keys = ("name", "place", "namespaces", "stale_days")
        data = [{key: getattr(source, key) for key in keys} for source in rows]
        click.echo(json.dumps({"registries": data}))
    elif rows:
        table = [[s.name, s.place, ", ".join(s.namespaces), s.stale_days or "-"] for s in rows]
        shared.table([["name", "place", "namespaces", "stale days"], *table])
    else:
        click.echo("none; kadr plugin registries add NAME PLACE --root FILE")


@click.group("grants")
def _grants() -> None:
    """What plugins were allowed."""


@_grants.command("list")
@shared.as_json
@click.pass_obj
def _granted(kernel: Kernel, as_json: bool) -> None:
    """Every grant: to which plugin of which publisher, for how long, what."""
    rows = kernel.installations.grants()
    if as_json:
        click.echo(json.dumps({"grants": [dict(row) for row in rows]}))
        return
    if not rows:
        click.echo("nothing was allowed")
        return
    table = [
        [
            row["plugin"],
            row["version"] if row["term"] == "version" else f"{row['term']}",
            str(row["publisher"])[:24],
            ", ".join(row["permissions"]) or "to run",
            time.strftime("%Y-%m-%d", time.gmtime(row["time"])),
        ]
        for row in rows
    ]
    shared.table([["plugin", "for", "publisher", "may", "since"], *table])


@_grants.command("revoke")
@click.argument("plugin")
@click.argument("permission", required=False)
@shared.as_json
@click.pass_obj
def _revoke(kernel: Kernel, plugin: str, permission: str | None, as_json: bool) -> None:
    """Take back what a plugin was allowed: all, or PERMISSION. Counts at once, for running ones too."""
    count = kernel.installations.revoke(plugin, permission or "")
    data = {"id": plugin, "permission": permission or "", "revoked": count}
    shared.show_result(as_json, data, f"{count} grants of {plugin} taken back" if count else "there was none")


grants, registries = using.entry(_grants), using.entry(_registries)
