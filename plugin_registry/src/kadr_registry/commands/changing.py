"""Commands that change what is installed."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click
from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.plugin import Kernel

from kadr_registry.client.client import Client
from kadr_registry.client.lockfile import read_lock
from kadr_registry.client.plan import Plan
from kadr_registry.client.planner import Terms
from kadr_registry.client.publishers import Publishers
from kadr_registry.client.wanted import parse_asks
from kadr_registry.commands import shared, using

__all__ = ["install", "purge", "remove", "rollback", "sync", "update"]

_locked = click.option("--locked", is_flag=True, help="Refuse to change what the lock says.")
_dry = click.option("--dry-run", "dry", is_flag=True, help="Say what would be done, and do nothing.")
_pre = click.option("--pre", is_flag=True, help="Pre-releases too.")
_keys = click.option(
    "--accept-new-key", "new_keys", multiple=True, metavar="ID", help="A plugin whose publisher has new keys."
)
_names = click.option(
    "--accept-name", "names", multiple=True, metavar="ID", help="A plugin called almost like another one."
)
_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _options(*own: _Decorator) -> _Decorator:
    """What every command that brings plugins can be told, in the order of its help."""
    own = (using.answers, using.sources, using.stale, *own, _locked, _dry, shared.as_json, click.pass_obj)

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        return reduce(lambda inner, decorator: decorator(inner), reversed(own), command)

    return decorated


@click.command("install")
@click.argument("plugins", metavar="PLUGIN[@VERSION]...", nargs=-1, required=True)
@_options(_pre, _keys, _names)
def _install(kernel: Kernel, /, plugins: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Install plugins and what they require, after asking what they may do.

    \b
    kadr plugin install org.example.glow
    kadr plugin install org.example.glow@1.2 'org.example.grain>=2,<3'
    kadr plugin install org.example.glow --from plugins.bundle
    """
    asks = parse_asks(plugins)
    _change(kernel, as_json, options, lambda client, terms: client.install(asks, terms))


@click.command("update")
@click.argument("plugins", metavar="[PLUGIN]...", nargs=-1)
@_options(_pre, _keys, _names)
def _update(kernel: Kernel, /, plugins: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Bring plugins, or all of them, to the newest releases; one that asks for more waits for your yes."""
    _change(kernel, as_json, options, lambda client, terms: client.update(plugins, terms))


@click.command("remove")
@click.argument("plugins", metavar="PLUGIN...", nargs=-1, required=True)
@_dry
@shared.as_json
@click.pass_obj
def _remove(kernel: Kernel, plugins: tuple[str, ...], dry: bool, as_json: bool) -> None:
    """Remove plugins and what came only with them; what they kept stays until `kadr plugin purge`."""
    with using.client_of(kernel) as client:
        plan = client.remove(plugins, Terms(dry=dry))
    using.show_plan(as_json, plan, dry=dry)


@click.command("sync")
@click.argument("lock", type=shared.file, required=False)
@_options()
def _sync(kernel: Kernel, /, lock: Path | None, as_json: bool, **options: Any) -> None:
    """Install exactly what the file LOCK says; without it, put back what is damaged."""
    wanted = read_lock(lock) if lock else None
    _change(kernel, as_json, options, lambda client, terms: client.sync(wanted, terms))


@click.command("rollback")
@click.argument("generation", type=click.IntRange(0), required=False)
@shared.as_json
@click.pass_obj
def _rollback(kernel: Kernel, generation: int | None, as_json: bool) -> None:
    """Put the set of plugins back that was there before, or that of GENERATION. Needs no network."""
    with using.client_of(kernel) as client:
        old, new = client.rollback(generation)
    data = {"from": old.number, "to": new.number, "plugins": {p.id: p.version for p in new.plugins}}
    count = f"{len(new.plugins)} plugin{'s' * (len(new.plugins) != 1)}"
    text = f"generation {new.number} counts again ({count}), instead of {old.number}"
    shared.show_result(as_json, data, text)


@click.command("purge")
@click.argument("plugin")
@shared.as_json
@click.pass_obj
def _purge(kernel: Kernel, plugin: str, as_json: bool) -> None:
    """Remove everything that was kept for a plugin that is not installed: grants, data, its publisher."""
    with using.client_of(kernel) as client:
        if plugin in client.lock().plugins:
            hint = f"kadr plugin remove {plugin}"
            raise InvalidParameterError(f"{plugin} is still installed", hint=hint)
        with client.places.locked():
            removed = list(kernel.installations.purge(plugin))
            if Publishers(client.places.root).forget(plugin):
                removed.append("who published it")
    text = f"removed: {', '.join(removed)}" if removed else "there was nothing"
    shared.show_result(as_json, {"id": plugin, "removed": removed}, text)


def _change(
    kernel: Kernel, as_json: bool, options: dict[str, Any], change: Callable[[Client, Terms], Plan]
) -> None:
    """Have the client do it on these terms, and show what was changed."""
    terms = Terms(
        options.get("pre", False),
        options["locked"],
        frozenset(options.get("new_keys", ())),
        frozenset(options.get("names", ())),
        options["dry"],
    )
    said = using.answers_of(options["yes"], options["grants"], options["term"], as_json=as_json)
    with using.client_of(kernel, options["sources"], options["stale_days"], said=said) as client:
        plan = change(client, terms)
    using.show_plan(as_json, plan, dry=options["dry"])


install, update, remove = using.entry(_install), using.entry(_update), using.entry(_remove)
sync, rollback, purge = using.entry(_sync), using.entry(_rollback), using.entry(_purge)
