"""``kadr plugin``: the installed plugins."""

from __future__ import annotations

from typing import Any

import click
from kadr_sdk.errors import PluginNotFoundError, did_you_mean
from kadr_sdk.plugin import Kernel

from kadr_cli.contributed import OpenGroup
from kadr_cli.guests import guest_records, print_guests
from kadr_cli.invoke import as_command
from kadr_cli.options import json_option
from kadr_cli.output import clean, print_json, print_table

__all__ = ["run"]


@click.group(cls=OpenGroup)
def plugin() -> None:
    """List, inspect, enable and disable plugins."""


@plugin.command("list")
@json_option
@click.pass_obj
def list_plugins(kernel: Kernel, as_json: bool) -> None:
    """Every plugin found, broken ones too. Imports none of them."""
    rows = kernel.plugins.rows()
    if as_json:
        for row in rows:
            print_json(_data(row))
        return
    table = [
        [r.id, _version(r), r.state, _title(r), r.error.splitlines()[0] if r.error else ""] for r in rows
    ]
    print_table("plugins", ["id", "version", "state", "title", "problem"], table)


@plugin.command()
@click.argument("name")
@json_option
@click.pass_obj
def info(kernel: Kernel, name: str, as_json: bool) -> None:
    """What plugin NAME is, asks for and contributes."""
    row = _find(kernel, name)
    records = guest_records(kernel, row.id)
    if as_json:
        print_json(_data(row) | {"guests": records})
        return
    click.secho(f"{_title(row)}  ({row.id} {_version(row)})", bold=True)
    click.echo(f"  state {row.state}, {'enabled' if row.enabled else 'disabled'}, from {clean(row.origin)}")
    if row.error:
        click.secho("  problem: ", fg="red", nl=False)
        click.echo(clean(row.error))
    if row.manifest is None:
        return
    click.echo(f"  {clean(row.manifest.summary)}  licence {clean(row.manifest.license) or 'not stated'}")
    for permission in row.manifest.permission_set:
        click.echo(f"  asks to {clean(permission.sentence())}")
    if row.manifest.permissions and row.manifest.runtime == "python":
        click.echo("  (Python code runs with the rights of your account; this is a declaration, not a fence)")
    for item in row.manifest.contributions:
        click.echo(f"  {item.kind:12} {item.id:24} {clean(item.summary or item.title)}")
    print_guests(records)


@plugin.command()
@click.argument("name")
@click.option(
    "--grant", multiple=True, help="Allow this and no more, e.g. read:/media; else all that it asks."
)
@json_option
@click.pass_obj
def enable(kernel: Kernel, name: str, grant: tuple[str, ...], as_json: bool) -> None:
    """Activate plugin NAME at every start: your yes to it."""
    _set(kernel, name, True, grant, as_json=as_json)


@plugin.command()
@click.argument("name")
@json_option
@click.pass_obj
def disable(kernel: Kernel, name: str, as_json: bool) -> None:
    """Leave plugin NAME out from the next start on, and take back what you allowed it."""
    _set(kernel, name, False, (), as_json=as_json)


@plugin.command()
@json_option
@click.pass_obj
def doctor(kernel: Kernel, as_json: bool) -> int:
    """What is wrong with the installed plugins, and what to do. Exit code 1 where something is."""
    rows = kernel.plugins.doctor()
    if as_json:
        for row in rows:
            print_json(dict(row))
    elif not rows:
        click.echo("all plugins are well")
    else:
        columns = ["plugin", "severity", "message", "hint"]
        print_table("doctor", columns, [[str(row.get(c, "")) for c in columns] for row in rows])
    return 1 if any(row.get("severity") == "error" for row in rows) else 0


def _set(kernel: Kernel, name: str, enabled: bool, grant: tuple[str, ...], *, as_json: bool) -> None:
    identity = _find(kernel, name).id
    kernel.plugins.set_enabled(identity, enabled, grant or None)
    if as_json:
        print_json({"id": identity, "enabled": enabled})
    else:
        click.echo(f"{identity} is enabled" if enabled else f"{identity} is disabled from the next start on")


def _find(kernel: Kernel, name: str) -> Any:
    rows = {row.id: row for row in kernel.plugins.rows()}
    found = rows.get(name) or rows.get(f"kadr.{name}")
    if found is None:
        raise PluginNotFoundError(f"no plugin {name!r} is installed", hint=did_you_mean(name, rows))
    return found


def _version(row: Any) -> str:
    return row.manifest.version if row.manifest else ""


def _title(row: Any) -> str:
    return clean(row.manifest.title) if row.manifest else ""


def _data(row: Any) -> dict[str, Any]:
    manifest = row.manifest.as_dict() if row.manifest else None
    keys = ("id", "state", "enabled", "origin", "error")
    return {key: getattr(row, key) for key in keys} | {"manifest": manifest}


run = as_command(plugin)
