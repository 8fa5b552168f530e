"""What sandboxed effects of a plugin did in earlier renders."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import click
from kadr_sdk.errors import KadrError
from kadr_sdk.plugin import Kernel

from kadr_cli.output import clean, print_table

__all__ = ["guest_records", "print_guests"]

_TROUBLE = ("traps", "crashes", "deadlines", "violations", "refusals", "limited", "replaced")
Records = Mapping[str, Mapping[str, Any]]


def guest_records(kernel: Kernel, plugin: str) -> dict[str, Any]:
    """By effect: ``jobs``, ``last_at``, ``last`` and ``total`` numbers, of every runtime that knows them."""
    from kadr_sdk.contributions import GuestRecords

    found: dict[str, Any] = {}
    for row in kernel.catalogue.all("runtime"):
        with suppress(KadrError):  # a runtime that does not load has a row of its own in the list
            runtime = kernel.catalogue.load("runtime", row.id)
            if isinstance(runtime, GuestRecords):
                found |= runtime.records(plugin)
    return found


def print_guests(records: Records) -> None:
    """A row for each effect; nothing where no render used one."""
    if not records:
        return
    click.echo("  in renders so far:")
    columns = ["effect", "renders", "last", "calls", "ms a call", "peak MiB", "trouble"]
    print_table("guests", columns, [_row(name, row) for name, row in sorted(records.items())])


def _row(name: str, record: Mapping[str, Any]) -> list[str]:
    total = record["total"]
    calls = int(total.get("calls", 0))
    pace = f"{1000 * total.get('seconds', 0) / calls:.2f}" if calls else ""
    last = time.strftime("%Y-%m-%d %H:%M", time.localtime(record["last_at"]))
    trouble = ", ".join(f"{int(total[key])} {key}" for key in _TROUBLE if total.get(key))
    peak = f"{total.get('peak_memory', 0) / 2**20:.1f}"
    return [clean(name), str(record["jobs"]), last, str(calls), pace, peak, trouble or "none"]
