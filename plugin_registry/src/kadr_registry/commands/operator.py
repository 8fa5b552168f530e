"""Commands of who runs a registry."""

from __future__ import annotations

import json
from pathlib import Path

import click
from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.plugin import Kernel

from kadr_registry.commands import shared
from kadr_registry.mirror import Wanted
from kadr_registry.opened import fingerprint_of, opened, read_root
from kadr_registry.repository import acceptance, setup
from kadr_registry.repository.folder import Repository
from kadr_registry.repository.keys import read_public

__all__ = ["accept", "add_publisher", "init", "refresh", "revoke", "rotate", "show"]

_public = click.option(
    "--public-key", "public", type=shared.file, multiple=True, help="A publisher's public key (FILE.pub)."
)


@click.command()
@click.argument("folder", type=shared.folder)
@click.option("--name", help="What the registry calls itself; otherwise the folder's name.")
@click.option("--keys", "count", default=3, show_default=True, help="Keys of root, and as many of targets.")
@click.option("--threshold", default=2, show_default=True, help="How many of them must sign.")
@click.option("--days", multiple=True, metavar="ROLE=N", help="Days until a role's signature expires.")
@shared.as_json
def init(
    folder: Path, name: str | None, count: int, threshold: int, days: tuple[str, ...], as_json: bool
) -> None:
    """Make a new, empty registry in FOLDER."""
    made = setup.create(
        folder, name or folder.resolve().name, keys=count, threshold=threshold, days=_days(days)
    )
    root = made.public / "metadata" / "1.root.json"
    digest = fingerprint_of(root.read_bytes())
    data = {"name": made.name, "folder": str(folder), "root": str(root), "keys": str(folder / "keys")}
    shared.show_result(
        as_json,
        data | {"fingerprint": digest},
        f"registry {made.name!r} in {folder}\n"
        f"give users       {root}\n"
        f"or tell them     --fingerprint {digest}\n"
        f"serve            {made.public}\n"
        f"keep elsewhere   {folder / 'keys'}: root-*.pem and targets-*.pem, for adding publishers\n"
        f"next             kadr registry add-publisher {folder} NAMESPACE",
    )


def _days(texts: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for text in texts:
        role, _, number = text.partition("=")
        if not number.isdigit() or not 1 <= int(number) <= 3650:
            raise InvalidParameterError(f"{text!r} is not ROLE=DAYS", path="--days", hint="timestamp=7")
        found[role] = int(number)
    return found


@click.command("add-publisher")
@click.argument("folder", type=shared.folder)
@click.argument("namespace")
@_public
@click.option("--threshold", default=1, show_default=True, help="How many of its keys must sign.")
@shared.keys
@shared.as_json
def add_publisher(
    folder: Path,
    namespace: str,
    public: tuple[Path, ...],
    threshold: int,
    keys: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Bind NAMESPACE to a publisher's keys; without any, one is made and kept in FOLDER."""
    given = [read_public(path) for path in public]
    ids = setup.add_publisher(Repository(folder, keys), namespace, given, threshold)
    text = f"{namespace} belongs to {', '.join(k[:16] for k in ids)}"
    shared.show_result(as_json, {"namespace": namespace, "keys": ids, "threshold": threshold}, text)


@click.command()
@click.argument("folder", type=shared.folder)
@click.argument("submission", type=shared.file)
@shared.allow
@shared.keys
@shared.as_json
@click.pass_obj
def accept(
    kernel: Kernel,
    folder: Path,
    submission: Path,
    allow: tuple[str, ...],
    keys: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Check what a publisher submitted, and take it whole or not at all."""
    terms = shared.terms(kernel, allow)
    shared.show_accepted(as_json, [acceptance.accept(Repository(folder, keys), submission, terms)])


@click.command()
@click.argument("folder", type=shared.folder)
@shared.keys
@shared.as_json
def refresh(folder: Path, keys: tuple[Path, ...], as_json: bool) -> None:
    """Sign anew what expires soon; run it more often than the timestamp's days."""
    repository = Repository(folder, keys)
    setup.refresh(repository)
    expires = repository.expiry("timestamp").isoformat()
    shared.show_result(as_json, {"expires": expires}, f"signed; believed until {expires}")


@click.command()
@click.argument("folder", type=shared.folder)
@click.argument("release", metavar="PLUGIN[==VERSION]")
@click.option("--reason", required=True, help="What is wrong with it; users see this.")
@shared.keys
@shared.as_json
def revoke(folder: Path, release: str, reason: str, keys: tuple[Path, ...], as_json: bool) -> None:
    """Say that a release, or a whole plugin, must not be installed or run any more."""
    wanted = Wanted.parse(release)
    version = wanted.version or "*"
    found = acceptance.revoke(Repository(folder, keys), wanted.plugin, version, reason)
    data = {"id": wanted.plugin, "version": version, "revoked": len(found.rows)}
    shared.show_result(
        as_json, data, f"revoked {wanted.plugin} {version}; {len(found.rows)} rows in the list"
    )


@click.command()
@click.argument("folder", type=shared.folder)
@click.argument("role")
@_public
@shared.keys
@shared.as_json
def rotate(folder: Path, role: str, public: tuple[Path, ...], keys: tuple[Path, ...], as_json: bool) -> None:
    """Give ROLE (or a publisher's namespace) new keys, and take the old ones away."""
    ids = setup.rotate(Repository(folder, keys), role, [read_public(path) for path in public])
    text = f"{role} is signed by {', '.join(k[:16] for k in ids)}"
    if public:
        text += "\nuntil the publisher submits again, nothing of this namespace is believed"
    shared.show_result(as_json, {"role": role, "keys": ids}, text)


@click.command()
@click.argument("place")
@shared.root
@shared.as_json
def show(place: str, root: Path | None, as_json: bool) -> None:
    """Publishers and plugins of the registry at PLACE, verified."""
    trusted = fingerprint_of(read_root(place, root))
    with opened(place, root) as found:
        entries, state = found.registry.plugins(), found.state
        revoked = found.registry.revocations().rows
    if as_json:
        rows = [{"id": e.id, "version": e.version, "tier": e.tier, "title": e.title} for e in entries]
        publishers = {name: list(ids) for name, ids in state.namespaces.items()}
        data = {"expires": state.expires.isoformat(), "root": state.root_version, "publishers": publishers}
        data |= {"snapshot": state.snapshot, "fingerprint": trusted}
        click.echo(json.dumps({**data, "plugins": rows, "revoked": len(revoked)}))
        return
    click.echo(
        f"root {state.root_version}, believed until {state.expires.isoformat()}, {len(revoked)} revoked"
    )
    click.echo(f"fingerprint of the root that is trusted {trusted}")
    click.echo(f"snapshot {state.snapshot}; who sees the same plugins has the same")
    keys = [[name, ", ".join(k[:16] for k in ids)] for name, ids in sorted(state.namespaces.items())]
    shared.table([["namespace", "keys"], *keys])
    if entries:
        shared.table(
            [
                ["plugin", "version", "tier", "title"],
                *([e.id, e.version or "-", e.tier, e.title] for e in entries),
            ]
        )
