"""``kadr system``: machine, installation, health."""

from __future__ import annotations

import platform
from dataclasses import asdict
from typing import Any

import click
from kadr_sdk.errors import KadrError
from kadr_sdk.plugin import Kernel

from kadr_cli.contributed import OpenGroup
from kadr_cli.invoke import as_command
from kadr_cli.options import json_option
from kadr_cli.output import clean, print_json, print_table
from kadr_cli.services import renderer_of

__all__ = ["run"]


@click.group(cls=OpenGroup)
def system() -> None:
    """What this machine and this installation can do, and how they are."""


@system.command()
@json_option
@click.pass_obj
def info(kernel: Kernel, as_json: bool) -> None:
    """Versions, processors, memory budget, backend and encoders."""
    data = _facts(kernel)
    if as_json:
        print_json(data)
        return
    for key, value in data.items():
        if isinstance(value, dict):
            click.secho(key, bold=True)
            for name, entry in value.items():
                text = ", ".join(entry) if isinstance(entry, list | tuple) else str(entry)
                click.echo(f"  {name}: {clean(text)}")
        else:
            click.echo(f"{key}: {clean(str(value))}")


def _facts(kernel: Kernel) -> dict[str, Any]:
    from kadr_sdk.services import Scheduler

    scheduler = kernel.container.get(Scheduler)
    data: dict[str, Any] = {
        "kadr": kernel.version,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": scheduler.cpu_count,
        "memory_budget_mb": scheduler.memory_budget // 1_000_000,
    }
    try:
        found = renderer_of(kernel).backend().capabilities()
    except KadrError as error:
        return data | {"backend": f"none: {error}"}
    data["backend"] = found.name
    data["libraries"] = dict(found.versions)
    data["encoders"] = {codec: list(names) for codec, names in sorted(found.encoders.items()) if names}
    data["blend_modes"] = ", ".join(sorted(found.blends))
    return data


@system.command()
@json_option
@click.pass_obj
def health(kernel: Kernel, as_json: bool) -> int:
    """How the parts are, the worst first. Exit code 1 where one is unhealthy."""
    rows = kernel.health()
    if as_json:
        for row in rows:
            print_json(dict(row))
    else:
        columns = ["name", "status", "message"]
        print_table("health", columns, [[str(row.get(c, "")) for c in columns] for row in rows])
    return 1 if any(row["status"] == "unhealthy" for row in rows) else 0


@system.command()
@json_option
@click.pass_obj
def gpu(kernel: Kernel, as_json: bool) -> None:
    """Encoders in hardware: each is tried, and what fails says why. They are used where a project asks."""
    trials = renderer_of(kernel).backend().hardware()
    if as_json:
        for trial in trials:
            print_json(asdict(trial))
        return
    columns = ["encoder", "codec", "device", "works", "why not"]
    rows = [[t.encoder, t.codec, t.kind, "yes" if t.works else "no", clean(t.reason)] for t in trials]
    print_table("encoders in hardware", columns, rows)
    if not any(trial.works for trial in trials):
        click.echo("none works here: everything is encoded on the processor")


run = as_command(system)
