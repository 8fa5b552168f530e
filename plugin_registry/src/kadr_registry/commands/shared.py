"""Options that several commands have, and how results are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.permissions import Permission, PermissionSet
from kadr_sdk.plugin import Kernel
from kadr_sdk.text import printable

from kadr_registry.record import Record
from kadr_registry.repository.acceptance import Accepted, Terms
from kadr_registry.repository.checks import GuestCheck

__all__ = [
    "allow",
    "as_json",
    "file",
    "folder",
    "keys",
    "root",
    "show_accepted",
    "show_result",
    "size_text",
    "table",
    "terms",
    "wheels",
]

file = click.Path(path_type=Path, dir_okay=False)
folder = click.Path(path_type=Path, file_okay=False)

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
keys = click.option(
    "--key", "keys", type=file, multiple=True, help="A private key that is not kept in the folder."
)
root = click.option("--root", type=file, help="The root that you trust (1.root.json of the registry).")
wheels = click.option(
    "--wheel", "wheels", type=file, multiple=True, help="A built wheel; otherwise those in dist/."
)
allow = click.option(
    "--allow-permission", "allow", multiple=True, help="A permission that the release may ask for anew."
)


def terms(kernel: Kernel, allow: Sequence[str]) -> Terms:
    """On what terms releases are accepted: guests are compiled and tried by this kernel.

    Raises:
        InvalidParameterError: a permission is malformed.
    """
    try:
        return Terms(_guest_check(kernel), PermissionSet.of(map(Permission.parse, allow)))
    except ValueError as error:
        raise InvalidParameterError(str(error), path="--allow-permission") from error


def _guest_check(kernel: Kernel) -> GuestCheck:
    def check(code: bytes, declaration: EffectDeclaration, plugin: str) -> None:
        from kadr_registry.repository.guests import try_guest

        try_guest(kernel.catalogue.load("runtime", "core"), code, declaration, plugin)

    return check


def show_result(as_json: bool, data: Mapping[str, Any], text: str) -> None:
    """One JSON document, or a text."""
    click.echo(json.dumps(data) if as_json else text)


def show_accepted(as_json: bool, taken: Sequence[Accepted]) -> None:
    """What was taken into a registry."""
    if as_json:
        rows = [_row(record) for found in taken for record in found.records]
        listings = [listing.id for found in taken for listing in found.listings]
        click.echo(json.dumps({"releases": rows, "listings": listings}))
        return
    for found in taken:
        _show(found)


def _row(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "version": record.version,
        "record": record.digest(),
        "tier": record.tier,
        "bytes": record.size,
        "permissions": list(record.manifest.permissions),
        "files": [{"path": b.path, "role": b.role, "size": b.size} for b in record.blobs],
    }


def _show(found: Accepted) -> None:
    for record in found.records:
        click.echo(f"published {record.id} {record.version} ({record.tier}, {size_text(record.size)})")
        table([["file", "what", "size"], *([b.path, b.role, size_text(b.size)] for b in record.blobs)])
        for permission in record.manifest.permission_set:
            click.echo(f"it may, when granted: {printable(permission.sentence())}")
    if not found.records:
        click.echo(f"changed: {', '.join(listing.id for listing in found.listings)}")


def size_text(count: int) -> str:
    """Bytes in words."""
    return f"{count / 1e6:.2f} MB" if count >= 10**6 else f"{count / 1e3:.1f} kB"


def table(rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as they need; texts of strangers made safe to show."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
