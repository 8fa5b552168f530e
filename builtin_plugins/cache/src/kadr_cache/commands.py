"""``kadr cache``: what it holds and how often it helped; clear, clean and check it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from kadr_sdk.clicks import click_entry
from kadr_sdk.errors import CacheError, NotFoundError, did_you_mean
from kadr_sdk.plugin import Kernel
from kadr_sdk.services import Cache

from kadr_cache.cache import DiskCache

__all__ = ["run"]

_json = click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")


@click.group()
def cache() -> None:
    """What the cache holds and how often it helped; clear, clean and check it."""


@cache.command()
@_json
@click.pass_obj
def stats(kernel: Kernel, as_json: bool) -> None:
    """Entries, bytes and hits of every kind."""
    with _using(kernel) as used:
        found = used.stats()
    if as_json:
        click.echo(json.dumps(found))
        return
    limit = _size(found["max_bytes"]) if found["max_bytes"] else "no limit"
    click.echo(f"{found['folder']}\n{_size(found['bytes'])} of {limit}")
    if not found["enabled"]:
        click.echo("switched off")
    columns = ["kind", "entries", "bytes", "hits", "misses", "hit_ratio", "stored", "evictions", "corrupt"]
    rows = [[kind, *(_cell(row, c) for c in columns[1:])] for kind, row in found["kinds"].items()]
    _table([columns, *rows])


def _cell(row: dict[str, Any], column: str) -> str:
    value = row[column]
    if column == "bytes":
        return _size(value)
    if column == "hit_ratio":
        return "-" if value is None else f"{value:.0%}"
    return str(value)


@cache.command(short_help="Remove everything, or all of a kind.")
@click.option("--kind", help="Only entries of this kind; see: kadr cache stats.")
@_json
@click.pass_obj
def clear(kernel: Kernel, kind: str | None, as_json: bool) -> None:
    """Remove everything. Running renders keep what they were given."""
    with _using(kernel) as used:
        if kind is not None:
            _require_known(kind, used)
        count, size = used.clear(kind)
    if as_json:
        click.echo(json.dumps({"entries": count, "bytes": size}))
    else:
        click.echo(f"removed {count} {'entry' if count == 1 else 'entries'}, {_size(size)}")


def _require_known(kind: str, used: DiskCache) -> None:
    """A slip of the pen is refused. Any other kind may be a plugin's of which nothing is here."""
    known = used.stats()["kinds"]
    hint = did_you_mean(kind, known)
    if kind not in known and hint.startswith("did you mean"):
        raise NotFoundError("kind", kind, hint=hint)


@cache.command(short_help="Keep the limits now, and remove what crashes left.")
@_json
@click.pass_obj
def gc(kernel: Kernel, as_json: bool) -> None:
    """Keep the limits of age and size now, and remove what crashes have left."""
    with _using(kernel) as used:
        found = used.clean().as_dict()
    if as_json:
        click.echo(json.dumps(found))
        return
    words = ", ".join(f"{value} {name}" for name, value in found.items() if name != "bytes")
    click.echo(f"{words}; {_size(found['bytes'])} removed")


@cache.command(short_help="Read every file, and remove what is damaged.")
@_json
@click.pass_obj
def verify(kernel: Kernel, as_json: bool) -> int:
    """Read every file. Damaged entries are removed, and the exit code is 5."""
    with _using(kernel) as used:
        bad = used.verify()
    if as_json:
        click.echo(json.dumps({"damaged": [{"kind": e.kind, "key": e.key, "digest": e.digest} for e in bad]}))
    else:
        for entry in bad:
            click.echo(f"damaged: {entry.kind} {entry.key}")
        many = f"{len(bad)} damaged {'entry' if len(bad) == 1 else 'entries'} removed"
        click.echo(many if bad else "every entry is whole")
    return 5 if bad else 0


@contextmanager
def _using(kernel: Kernel) -> Iterator[DiskCache]:
    """The cache; what goes wrong with its files is said with their folder."""
    found = kernel.container.get(Cache)
    if not isinstance(found, DiskCache):
        raise CacheError("another plugin provides the cache", hint="use the commands of that plugin")
    try:
        yield found
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "check the rights of the folder and the disk, or remove it: everything in it can be made again"
        raise CacheError(f"cannot be read: {reason}", path=found.settings.folder, hint=hint) from error


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 10**9 else f"{count / 1e6:.2f} MB"


def _table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


run = click_entry(cache, "kadr cache")
