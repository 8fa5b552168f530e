"""The kernel's side of installing: where sets of plugins lie, and the user's yes to one of them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from kadr_sdk.errors import InvalidParameterError, PermissionDeniedError, SerializationError, StorageError
from kadr_sdk.ids import check_plugin_id
from kadr_sdk.manifest import Manifest
from kadr_sdk.permissions import Permission, PermissionSet

from kadr_kernel.permissions.grant import Term
from kadr_kernel.permissions.grants import Grants
from kadr_kernel.permissions.policy import Policy
from kadr_kernel.permissions.prompt import Question, Standing, Status, decide
from kadr_kernel.permissions.subject import Subject
from kadr_kernel.plugins.crashes import CrashGuard
from kadr_kernel.plugins.store import leave_path

__all__ = ["Installations"]


class Installations:
    """Implements :class:`kadr_sdk.services.Installations`.

    Args:
        folder: of the store.
        grants, policy, crashes: of the kernel.
        storage: folders that hold one folder for each plugin.
    """

    def __init__(
        self, folder: Path, grants: Grants, policy: Policy, crashes: CrashGuard, storage: Sequence[Path]
    ) -> None:
        self.folder = folder
        self._grants, self._policy, self._crashes = grants, policy, crashes
        self._storage = storage

    def close(self) -> None:
        """Nothing of the store is importable any more; what was allowed for once, and used, is over."""
        leave_path(self.folder)
        with suppress(SerializationError, StorageError):  # damaged grants are told where they are asked for
            self._grants.close()

    def question(self, manifest: Manifest, publisher: str, contents: str) -> Question | None:
        """What the user is to be asked before it runs; None where it may run already.

        Raises:
            PermissionDeniedError: the policy forbids it.
            SerializationError, StorageError: the grants are damaged or cannot be read.
        """
        subject = Subject.of(manifest, publisher, contents=contents)
        grants = self._grants
        standing = Standing(
            grants.held(subject), grants.consented(subject), grants.earlier(subject), grants.changed(subject)
        )
        decision = decide(subject, self._policy, standing, interactive=True)
        if decision.status is Status.REFUSED:
            raise PermissionDeniedError(
                decision.reason, hint=decision.remedy, key="policy", plugin=manifest.id
            )
        return decision.question

    def allow(
        self, manifest: Manifest, publisher: str, contents: str, permissions: PermissionSet, term: str
    ) -> None:
        """Write down the user's yes.

        Raises:
            InvalidParameterError: the plugin does not ask for it, or the term is none.
            SerializationError, StorageError: the grants are damaged or cannot be written.
        """
        if term not in list(Term):
            hint = f"one of: {', '.join(Term)}"
            raise InvalidParameterError(f"{term!r} is not how long a permission holds", hint=hint)
        subject = Subject.of(manifest, publisher, contents=contents)
        self._grants.grant(subject, permissions, Term(term), ahead=True)

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Rows {plugin, publisher, version, term, permissions, time}, in order of plugin."""
        return [
            {
                "plugin": grant.plugin,
                "publisher": grant.publisher,
                "version": grant.version,
                "term": grant.term.value,
                "permissions": [str(p) for p in grant.permissions],
                "time": grant.time,
            }
            for grant in self._grants.list()
        ]

    def revoke(self, plugin: str, permission: str = "") -> int:
        """Take grants back, all or those that contain a permission; how many were touched.

        Raises:
            InvalidParameterError: the permission is malformed.
            SerializationError, StorageError: the grants are damaged or cannot be written.
        """
        try:
            wanted = Permission.parse(permission) if permission else None
        except ValueError as error:
            raise InvalidParameterError(str(error)) from error
        return self._grants.revoke(plugin, wanted)

    def purge(self, plugin: str) -> Sequence[str]:
        """Remove all that was kept for a plugin: grants, storage, crashes; what was removed, in words.

        Raises:
            InvalidParameterError: this is no plugin's id, which alone names a folder.
            StorageError: something cannot be removed.
        """
        try:
            check_plugin_id(plugin)
        except ValueError as error:
            raise InvalidParameterError(str(error)) from error
        removed = []
        if count := self._grants.revoke(plugin):
            removed.append(f"{count} grant{'s' * (count > 1)}")
        for folder in self._storage:
            if (folder / plugin).is_dir() and not (folder / plugin).is_symlink():
                try:
                    shutil.rmtree(folder / plugin)
                except OSError as error:
                    text = f"what {plugin} kept cannot be removed: {error}"
                    raise StorageError(text, path=folder / plugin) from error
                removed.append(f"its storage {folder / plugin}")
        self._crashes.clear(plugin)
        return removed
