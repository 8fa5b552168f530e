"""Make a registry; give a namespace to a publisher; let keys follow each other."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from pathlib import Path

from securesystemslib.signer import Key
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    Root,
    Snapshot,
    Targets,
    Timestamp,
)

from kadr_registry import canonical
from kadr_registry.faults import RegistryError
from kadr_registry.files import storage_error, write_whole
from kadr_registry.names import (
    INDEX,
    REVOCATIONS,
    check_namespace,
    look_alikes,
    overlapping,
    owned_paths,
    publisher_role,
)
from kadr_registry.repository.folder import DAYS, INDEX_ROLE, REVOCATIONS_ROLE, Edit, Repository
from kadr_registry.revocations import Revocations
from kadr_registry.search import write_index

__all__ = ["add_publisher", "create", "publishers", "refresh", "rotate"]

_ONLINE = ("snapshot", "timestamp")
_OWN = {INDEX_ROLE: INDEX, REVOCATIONS_ROLE: REVOCATIONS}


def create(
    folder: Path,
    name: str,
    *,
    keys: int = 3,
    threshold: int = 2,
    days: dict[str, int] | None = None,
    now: Callable[[], float] = time.time,
) -> Repository:
    """A new, empty registry.

    Args:
        keys, threshold: how many keys root and targets have, and how many must sign.
        days: see :data:`~kadr_registry.repository.folder.DAYS`.

    Raises:
        RegistryError: the folder is not empty, or the numbers make no sense.
    """
    if folder.exists() and any(folder.iterdir()):
        raise RegistryError("the folder is not empty", path=folder, hint="name a new folder")
    if not 1 <= threshold <= keys <= 20:
        raise RegistryError(f"{threshold} of {keys} keys makes no sense", hint="1 <= threshold <= keys <= 20")
    if unknown := sorted(set(days or {}) - set(DAYS)):
        raise RegistryError(f"{unknown[0]!r} is no role", hint=f"roles: {', '.join(DAYS)}")
    try:
        (folder / "keys").mkdir(parents=True)
        (folder / "keys").chmod(0o700)
        settings = canonical.encode({"name": name, "days": {**DAYS, **(days or {})}, "schema": 1})
        write_whole(folder / "settings.json", settings)
        repository = Repository(folder, now=now)
        _first_state(repository, keys, threshold)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise storage_error(error, folder) from error
        raise
    return repository


def _first_state(repository: Repository, keys: int, threshold: int) -> None:
    ring = repository.ring
    root = Root(consistent_snapshot=True)
    for role in ("root", "targets"):
        for _ in range(keys):
            root.add_key(ring.make(role).public_key, role)
        root.roles[role].threshold = threshold
    for role in _ONLINE:
        root.add_key(ring.make(role).public_key, role)
    top = (Metadata(root), Metadata(Targets()), Metadata(Snapshot()), Metadata(Timestamp()))
    edit = Edit(repository, *top)
    edit.snapshot.signed.version = edit.timestamp.signed.version = 0
    for name, path in _OWN.items():
        delegate(edit.targets.signed, name, [ring.make(name).public_key], 1, [path])
    edit.sign_role("targets", edit.targets, "targets")
    edit.put_target(REVOCATIONS_ROLE, REVOCATIONS, Revocations().to_bytes())
    edit.put_target(INDEX_ROLE, INDEX, write_index([]))
    former = deepcopy(root)
    former.version = 0
    edit.sign_root(former)
    edit.commit()


def delegate(targets: Targets, name: str, keys: Iterable[Key], threshold: int, paths: list[str]) -> None:
    """Let a role sign for paths, and nobody after it."""
    if targets.delegations is None:
        targets.delegations = Delegations({}, roles={})
    assert targets.delegations.roles is not None, "made just above, or by us before"
    targets.delegations.roles[name] = DelegatedRole(name, [], threshold, True, paths=paths)
    for key in keys:
        targets.add_key(key, name)


def publishers(edit: Edit) -> dict[str, DelegatedRole]:
    """Roles by namespace."""
    delegations = edit.targets.signed.delegations
    prefix = publisher_role("")
    roles = (delegations.roles if delegations else None) or {}
    return {n.removeprefix(prefix): role for n, role in roles.items() if n.startswith(prefix)}


def add_publisher(
    repository: Repository, namespace: str, keys: Sequence[Key] = (), threshold: int = 1
) -> list[str]:
    """Bind a namespace to a publisher's keys.

    Args:
        keys: public keys; none: one is made and kept in the registry's folder.
        threshold: how many of them must sign.

    Returns:
        Ids of the keys.

    Raises:
        RegistryError: the name is malformed, overlaps another one or looks like it.
    """
    try:
        check_namespace(namespace)
    except ValueError as error:
        raise RegistryError(str(error)) from error
    with repository.edit() as edit:
        _free(namespace, publishers(edit))
        role = publisher_role(namespace)
        keys = list(keys) or [repository.ring.make(role).public_key]
        if not 1 <= threshold <= len(keys):
            raise RegistryError(f"{threshold} of {len(keys)} keys must sign", hint="name more keys")
        delegate(edit.targets.signed, role, keys, threshold, [owned_paths(namespace)])
        edit.sign_role("targets", edit.targets, "targets")
    return [key.keyid for key in keys]


def _free(namespace: str, known: Iterable[str]) -> None:
    known = list(known)
    if other := overlapping(namespace, known):
        text = f"{namespace!r} is taken, or overlaps {other!r}"
        raise RegistryError(text, hint="a namespace belongs to one publisher, with all below it")
    if like := look_alikes(namespace, known):
        raise RegistryError(f"{namespace!r} looks like {like[0]!r}", hint="choose another name")


def refresh(repository: Repository) -> None:
    """Sign anew what expires soon: the registry's own short-lived roles.

    Raises:
        RegistryError: their keys are not here.
    """
    with repository.edit() as edit:
        for name in _OWN:
            edit.sign_role(name, edit.role(name), name)


def rotate(repository: Repository, role: str, keys: Sequence[Key] = ()) -> list[str]:
    """Give a role new keys, and take the old ones away.

    Args:
        role: ``root``, ``targets``, ``snapshot``, ``timestamp``, ``index``, ``revocations`` or a
            publisher's namespace.
        keys: a publisher's new public keys; none: new ones are made here.

    Returns:
        Ids of the new keys.

    Raises:
        RegistryError: no such role, or keys that must sign are not here.
    """
    with repository.edit() as edit:
        if role in ("root", "targets", *_ONLINE):
            return _rotate_top(edit, role)
        if role in _OWN:
            return _rotate_delegated(edit, role, ())
        known = publishers(edit)
        if role not in known:
            names = ", ".join(["root", "targets", *_ONLINE, *_OWN, *sorted(known)])
            raise RegistryError(f"there is no role or namespace {role!r}", hint=f"known: {names}")
        return _rotate_delegated(edit, publisher_role(role), keys)


def _rotate_top(edit: Edit, role: str) -> list[str]:
    former = deepcopy(edit.root.signed)
    root = edit.root.signed
    old = list(root.roles[role].keyids)
    new = [edit.repository.ring.make(role).public_key for _ in old]
    for keyid in old:
        root.revoke_key(keyid, role)
    for key in new:
        root.add_key(key, role)
    edit.sign_root(former)
    if role == "targets":
        edit.sign_role("targets", edit.targets, "targets")
    return [key.keyid for key in new]


def _rotate_delegated(edit: Edit, role: str, keys: Sequence[Key]) -> list[str]:
    targets = edit.targets.signed
    old = list(targets.get_delegated_role(role).keyids)
    new = list(keys) or [edit.repository.ring.make(role).public_key for _ in old]
    for keyid in old:
        targets.revoke_key(keyid, role)
    for key in new:
        targets.add_key(key, role)
    threshold = targets.get_delegated_role(role).threshold
    if len(new) < threshold:
        raise RegistryError(f"{role} needs {threshold} keys", hint="name more of them")
    edit.sign_role("targets", edit.targets, "targets")
    if not keys and edit.has(role):  # with keys of a stranger, the stranger signs again
        _sign_again(edit, role, new)
    return [key.keyid for key in new]


def _sign_again(edit: Edit, role: str, keys: Sequence[Key]) -> None:
    """What a role signed so far, with its new keys; its bins too."""
    metadata = edit.role(role)
    delegations = metadata.signed.delegations
    bins = delegations.succinct_roles if delegations else None
    if bins is not None:
        for keyid in list(bins.keyids):
            metadata.signed.revoke_key(keyid)
        for key in keys:
            metadata.signed.add_key(key)
    edit.sign_role(role, metadata, "publisher" if role not in _OWN else role)
    for name in bins.get_roles() if bins else ():
        edit.sign_role(name, edit.role(name), "publisher")
