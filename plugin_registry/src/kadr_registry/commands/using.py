"""What the commands of ``kadr plugin`` share: the client with its options, the question, the results."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import click
from kadr_sdk.clicks import click_entry
from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.plugin import Kernel
from kadr_sdk.text import printable

from kadr_registry.client.client import Client
from kadr_registry.client.consent import Answers, Consent
from kadr_registry.client.places import Places
from kadr_registry.client.plan import Plan
from kadr_registry.client.planner import Planner
from kadr_registry.client.registries import Registries
from kadr_registry.commands import shared

__all__ = [
    "answers",
    "answers_of",
    "client_of",
    "entry",
    "places",
    "registries_of",
    "show_plan",
    "sources",
    "stale",
]

_ANSWER_SECONDS = 0.3


def entry(command: click.Command) -> Callable[[Kernel, Sequence[str]], int]:
    """The entry of one of ``kadr plugin``'s commands."""
    return click_entry(command, f"kadr plugin {command.name}")


sources = click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="[NAME=]PLACE",
    help="Take files from this bundle or mirror instead of the registry (NAME, where there are several).",
)
stale = click.option(
    "--stale-days",
    type=click.IntRange(0, 3650),
    help="Take signatures that expired so many days ago; else what was set up for the registry.",
)


def answers(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that answer the question about permissions beforehand."""
    grant = click.option(
        "--grant", "grants", multiple=True, help="A permission that you allow, e.g. net:example.org, native."
    )
    yes = click.option("--yes", is_flag=True, help="Do not ask: what --grant does not name is not allowed.")
    term = click.option(
        "--for",
        "term",
        type=click.Choice(["once", "version", "publisher"]),
        default="version",
        show_default=True,
        help="With --grant: for the next run that uses it, for this version, or for later ones of this "
        "publisher too.",
    )
    return grant(yes(term(command)))


def places(kernel: Kernel) -> Places:
    """The store's."""
    return Places(kernel.installations.folder)


@contextmanager
def registries_of(
    kernel: Kernel, given: Sequence[str] = (), stale_days: int | None = None
) -> Iterator[Registries]:
    """The user's registries, closed afterwards."""
    found = Registries(places(kernel), stale_days=stale_days)
    if given:
        found = Registries(places(kernel), instead=_instead(found, given), stale_days=stale_days)
    try:
        yield found
    finally:
        found.close()


def _instead(registries: Registries, given: Sequence[str]) -> dict[str, str]:
    names = [source.name for source in registries.sources.all]
    found = {}
    for text in given:
        name, equals, place = text.partition("=")
        if not (equals and name in names):
            if len(names) != 1:
                hint = f"write NAME=PLACE; set up are: {', '.join(names) or 'none'}"
                raise InvalidParameterError(
                    "whose files these are is not clear", path=f"--from {text}", hint=hint
                )
            name, place = names[0], text
        found[name] = place
    return found


@contextmanager
def client_of(
    kernel: Kernel,
    given: Sequence[str] = (),
    stale_days: int | None = None,
    *,
    said: Answers | None = None,
) -> Iterator[Client]:
    """A client on the kernel's store; the plugins of the host are all others."""
    with registries_of(kernel, given, stale_days) as registries:
        host = [
            row.manifest
            for row in kernel.plugins.rows()
            if row.manifest is not None and not row.origin.startswith("registry ")
        ]
        where = places(kernel)
        consent = Consent(kernel.installations, said or Answers())
        yield Client(where, Planner(where, registries, host), consent, _report)


def _report(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"{printable(text)} …", err=True)


def answers_of(yes: bool, grants: Sequence[str], term: str, *, as_json: bool) -> Answers:
    """What the command line says, and whom to ask beyond it."""
    terminal = sys.stdin.isatty() and sys.stderr.isatty() and not as_json
    return Answers.of(yes, grants, term, _ask if terminal and not yes else None)


def _ask(text: str, terms: tuple[str, ...]) -> str:
    """Ask on the terminal; what was typed before the question was seen is thrown away."""
    click.echo(text, err=True)
    time.sleep(_ANSWER_SECONDS)
    _forget_typed()
    words = " / ".join(["[no]", *terms])
    try:
        click.echo(f"Allow it? {words}: ", nl=False, err=True)
        word = sys.stdin.readline(64).strip().lower()
    except KeyboardInterrupt:
        raise click.Abort from None
    return "version" if word in ("y", "yes") else (word if word in terms else "")


def _forget_typed() -> None:
    if sys.platform == "win32":
        import msvcrt

        while msvcrt.kbhit():
            msvcrt.getch()
    else:
        import termios

        with suppress(termios.error, OSError, ValueError):
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def show_plan(as_json: bool, plan: Plan, *, dry: bool = False) -> None:
    """What was changed, or would be."""
    changes = plan.changes
    data: Mapping[str, Any] = {
        "changes": [c.as_dict() for c in changes],
        "waiting": dict(plan.held),
        "dry_run": dry,
    }
    if as_json:
        shared.show_result(True, data, "")
        return
    if changes:
        rows = [[c.id, c.old or "-", c.new or "-", c.tier] for c in changes]
        shared.table([["plugin", "from", "to", "tier"], *rows])
        click.echo("nothing was changed: --dry-run" if dry else "done; kadr plugin rollback takes it back")
    else:
        click.echo("nothing to do")
    for name, reason in plan.held.items():
        click.echo(f"{name} stays as it is: {printable(reason, 2000)}")
