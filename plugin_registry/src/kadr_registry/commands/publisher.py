"""Commands of who publishes plugins."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click
from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.plugin import Kernel

from kadr_registry.commands import shared
from kadr_registry.faults import RegistryError
from kadr_registry.mirror import Wanted
from kadr_registry.names import namespace_of
from kadr_registry.opened import opened
from kadr_registry.pack import pack, plugin_id
from kadr_registry.repository import publish as publishing
from kadr_registry.repository.folder import Repository
from kadr_registry.repository.keys import KeyRing, new_key
from kadr_registry.repository.submission import Publisher
from kadr_registry.transport.bundle import BundleSink

__all__ = ["keygen", "publish", "submit", "yank"]

_bins = click.option(
    "--bins", default=1, show_default=True, help="At the first release: signed files for many plugins."
)


@click.command()
@click.argument("path", metavar="FILE", type=shared.file)
@shared.as_json
def keygen(path: Path, as_json: bool) -> None:
    """Make a publisher's key pair: FILE (keep it) and FILE.pub (give it to the operator)."""
    signer = new_key(path)
    data = {"private": str(path), "public": f"{path}.pub", "key": signer.public_key.keyid}
    shared.show_result(
        as_json, data, f"keep     {path}\ngive     {path}.pub\nkey id   {signer.public_key.keyid}"
    )


@click.command()
@click.argument("place")
@click.argument("plugin", type=shared.folder)
@click.option("-o", "--output", type=shared.file, required=True, help="The submission's file.")
@click.option(
    "--key", "keys", type=shared.file, multiple=True, required=True, help="The publisher's private key."
)
@shared.root
@shared.wheels
@_bins
@shared.as_json
def submit(
    place: str,
    plugin: Path,
    output: Path,
    keys: tuple[Path, ...],
    root: Path | None,
    wheels: tuple[Path, ...],
    bins: int,
    as_json: bool,
) -> None:
    """Pack the folder PLUGIN for the registry at PLACE, sign it, and write one file for its operator."""
    signers = list(KeyRing(others=keys).all())
    with opened(place, root, environ=os.environ) as found:
        name = plugin_id(plugin)
        namespace = namespace_of(name, found.state.namespaces)
        if not namespace:
            hint = "its operator adds it: kadr registry add-publisher FOLDER NAMESPACE --public-key FILE.pub"
            raise RegistryError(f"the registry has no namespace for {name}", path=place, hint=hint)
        package = pack(plugin, namespace, wheels)
        sink = BundleSink(output)
        Publisher(namespace, found.trust, found.folder, signers, time.time, bins).release(package, sink)
        sink.close()
    record = package.record
    data = {"id": record.id, "version": record.version, "submission": str(output), "record": record.digest()}
    text = f"{record.id} {record.version} in {output}\nnext: kadr registry accept FOLDER {output}"
    shared.show_result(as_json, data, text)


@click.command()
@click.argument("folder", type=shared.folder)
@click.argument("plugins", metavar="PLUGIN...", nargs=-1, required=True, type=shared.folder)
@shared.wheels
@shared.allow
@_bins
@shared.keys
@shared.as_json
@click.pass_obj
def publish(
    kernel: Kernel,
    folder: Path,
    plugins: tuple[Path, ...],
    wheels: tuple[Path, ...],
    allow: tuple[str, ...],
    bins: int,
    keys: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Publish the folders PLUGIN in a registry of one's own: submit and accept in one step."""
    repository, terms = Repository(folder, keys), shared.terms(kernel, allow)
    if wheels and len(plugins) > 1:
        raise InvalidParameterError("--wheel goes with one plugin", hint="publish them one by one")
    taken = [publishing.publish(repository, plugin, terms, wheels, bins) for plugin in plugins]
    shared.show_accepted(as_json, taken)


@click.command()
@click.argument("folder", type=shared.folder)
@click.argument("release", metavar="PLUGIN==VERSION")
@click.option("--reason", default="", help="Why nobody should begin to use it; users see this.")
@click.option("--undo", is_flag=True, help="Offer it again.")
@shared.keys
@shared.as_json
def yank(folder: Path, release: str, reason: str, undo: bool, keys: tuple[Path, ...], as_json: bool) -> None:
    """Take a release out of new installs; who has it locked still gets it."""
    wanted = Wanted.parse(release)
    if not wanted.version:
        raise InvalidParameterError(f"{release!r} names no version", hint=f"{wanted.plugin}==1.0.0")
    if undo == bool(reason.strip()):
        raise InvalidParameterError("a reason is needed to yank, and none to undo it", path="--reason")
    found = publishing.yank(Repository(folder, keys), wanted.plugin, wanted.version, reason.strip())
    done = "offered again" if undo else "yanked"
    data = {
        "id": wanted.plugin,
        "version": wanted.version,
        "yanked": not undo,
        "listings": len(found.listings),
    }
    shared.show_result(as_json, data, f"{wanted.plugin} {wanted.version} is {done}")
