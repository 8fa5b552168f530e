"""Commands that look at registries and at what is installed, and change nothing."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from kadr_sdk.errors import KadrError, NotFoundError
from kadr_sdk.plugin import Kernel
from kadr_sdk.text import printable

from kadr_registry.client.audit import audit as find
from kadr_registry.client.audit import outdated as newer
from kadr_registry.client.lockfile import Lock
from kadr_registry.client.registries import none_set_up
from kadr_registry.client.wanted import Ask
from kadr_registry.commands import shared, using
from kadr_registry.files import write_whole
from kadr_registry.search import Entry

__all__ = ["audit", "lock", "outdated", "search", "show", "why"]

_MOST_RELEASES = 20


@click.command("search")
@click.argument("words", nargs=-1)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@using.sources
@using.stale
@shared.as_json
@click.pass_obj
def _search(
    kernel: Kernel,
    words: tuple[str, ...],
    limit: int,
    sources: tuple[str, ...],
    stale_days: int | None,
    as_json: bool,
) -> None:
    """Plugins of all registries whose name, title, summary or contributions hold every word."""
    rows: list[tuple[str, Entry]] = []
    silent: list[KadrError] = []
    with using.registries_of(kernel, sources, stale_days) as registries:
        if not registries.sources.all:
            raise none_set_up()
        for source in registries.sources.all:
            try:
                hits = registries.named(source.name).search(" ".join(words), limit)
            except KadrError as error:
                silent.append(error)
                continue
            rows += [(source.name, e) for e in hits if registries.sources.of(e.id).name == source.name]
    if len(silent) == len(registries.sources.all):
        raise silent[0]
    if as_json:
        click.echo(json.dumps({"plugins": [{"registry": n, **asdict(e)} for n, e in rows[:limit]],
                               "silent": [e.as_dict() for e in silent]}))  # fmt: skip
        return
    for one in silent:
        click.echo(f"left out: {printable(one, 2000)}", err=True)
    if not rows:
        click.echo("nothing found; fewer words find more")
        return
    table = [[e.id, e.version, e.tier, n, printable(e.summary or e.title, 60)] for n, e in rows[:limit]]
    shared.table([["plugin", "version", "tier", "registry", "summary"], *table])


@click.command("show")
@click.argument("plugin", metavar="PLUGIN[@VERSION]")
@using.sources
@using.stale
@shared.as_json
@click.pass_obj
def _show(
    kernel: Kernel, plugin: str, sources: tuple[str, ...], stale_days: int | None, as_json: bool
) -> None:
    """What a registry says of a plugin: its releases, what it asks for, who signs it."""
    ask = Ask.parse(plugin)
    with using.registries_of(kernel, sources, stale_days) as registries:
        registry = registries.of(ask.plugin)
        releases = registry.releases(ask.plugin)
        usable = [r for r in releases if not r.yanked] or list(releases)
        version = ask.range.removeprefix("==") or usable[0].version
        record, keys = registry.record(ask.plugin, version), registry.publisher_keys(ask.plugin)
    manifest = record.manifest
    if as_json:
        facts = {
            "id": record.id,
            "version": record.version,
            "registry": registry.name,
            "tier": record.tier,
            "publisher": record.publisher,
            "keys": list(keys),
            "bytes": record.size,
            "permissions": list(manifest.permissions),
            "releases": [asdict(r) for r in releases],
        }
        click.echo(json.dumps(facts | {"title": manifest.title, "summary": manifest.summary}))
        return
    click.echo(
        f"{printable(manifest.title)}  ({record.id} {record.version}, {shared.size_text(record.size)})"
    )
    click.echo(f"  {printable(manifest.summary)}  licence {printable(manifest.license)}")
    click.echo(f"  of {record.publisher}, signed by {', '.join(k[:16] for k in keys)}, from {registry.name}")
    code = (
        "native code: it has the rights of your account" if record.tier == "native" else "held by the sandbox"
    )
    click.echo(f"  {record.tier}: {code}")
    for permission in manifest.permission_set:
        click.echo(f"  asks to {printable(permission.sentence())}")
    rows = [
        [r.version, r.published, r.api or "any", f"yanked: {r.yanked}" if r.yanked else ""] for r in releases
    ]
    shared.table([["version", "published", "contracts", ""], *rows[:_MOST_RELEASES]])


@click.command("outdated")
@click.option("--pre", is_flag=True, help="Pre-releases too.")
@using.sources
@using.stale
@shared.as_json
@click.pass_obj
def _outdated(
    kernel: Kernel, pre: bool, sources: tuple[str, ...], stale_days: int | None, as_json: bool
) -> None:
    """Installed plugins that have a newer release."""
    with using.client_of(kernel, sources, stale_days) as client:
        rows = newer(client, pre=pre)
    if as_json:
        data = [{"id": o.id, "installed": o.version, "newest": v, "refused": why} for o, v, why in rows]
        click.echo(json.dumps({"outdated": data}))
    elif rows:
        table = [[o.id, o.version, v, f"revoked: {why}" if why else ""] for o, v, why in rows]
        shared.table([["plugin", "installed", "newest", ""], *table])
    else:
        click.echo("everything is up to date")


@click.command("lock")
@click.option("-o", "--output", type=shared.file, help="Write it there; otherwise it is shown.")
@shared.as_json
@click.pass_obj
def _lock(kernel: Kernel, output: Path | None, as_json: bool) -> None:
    """The lock of what is installed: for `kadr plugin sync` on another machine."""
    with using.client_of(kernel) as client:
        found = client.lock()
    if output is not None:
        write_whole(output, found.to_bytes())
        data = {"lock": str(output), "plugins": len(found.plugins)}
        shared.show_result(as_json, data, f"{len(found.plugins)} plugins in {output}")
    elif as_json:
        click.echo(
            json.dumps({"asked": dict(found.asked), "plugins": [asdict(p) for p in found.plugins.values()]})
        )
    else:
        click.echo(found.to_bytes().decode(), nl=False)


@click.command("audit")
@click.option("--offline", is_flag=True, help="Ask no registry: by the lists that were seen last.")
@using.sources
@using.stale
@shared.as_json
@click.pass_obj
def _audit(
    kernel: Kernel, offline: bool, sources: tuple[str, ...], stale_days: int | None, as_json: bool
) -> int:
    """What is wrong with what is installed: revoked, yanked, changed. Exit code 1 where something must go."""
    with using.client_of(kernel, sources, stale_days) as client:
        findings = find(client, offline=offline)
    if as_json:
        click.echo(json.dumps({"findings": [asdict(f) for f in findings]}))
    elif findings:
        rows = [[f.id, f.version, f.severity, f.message, f.hint] for f in findings]
        shared.table([["plugin", "version", "severity", "message", "remedy"], *rows])
    else:
        click.echo("nothing is wrong")
    return 1 if any(f.severity == "error" for f in findings) else 0


@click.command("why")
@click.argument("plugin")
@shared.as_json
@click.pass_obj
def _why(kernel: Kernel, plugin: str, as_json: bool) -> None:
    """Why a plugin is installed: every chain from what you asked for."""
    with using.client_of(kernel) as client:
        found = client.lock()
    if plugin not in found.plugins:
        raise NotFoundError("plugin installed from a registry", plugin, found.plugins)
    chains = chains_to(found, plugin)
    if as_json:
        click.echo(json.dumps({"id": plugin, "asked": plugin in found.asked, "chains": chains}))
        return
    for chain in chains:
        wanted = found.asked.get(chain[0], "")
        words = [f"you asked for {chain[0]}{wanted}", *(f"requires {name}" for name in chain[1:])]
        click.echo(", which ".join(words))


def chains_to(lock: Lock, plugin: str, most: int = 20) -> list[list[str]]:
    """Chains of ids from what was asked for to a plugin, at most so many."""
    found: list[list[str]] = []
    todo = [[plugin]]
    while todo and len(found) < most:
        chain = todo.pop()
        if chain[0] in lock.asked:
            found.append(chain)
        todo += [[user, *chain] for user in lock.needed_by(chain[0]) if user not in chain]
    return sorted(found, key=lambda chain: (len(chain), chain))


search, show, outdated = using.entry(_search), using.entry(_show), using.entry(_outdated)
lock, audit, why = using.entry(_lock), using.entry(_audit), using.entry(_why)
