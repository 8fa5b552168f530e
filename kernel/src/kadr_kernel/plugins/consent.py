"""May this plugin run at all? The policy's trust or the user's yes, asked of the gate.

A Python plugin runs with the rights of the account, so being installed is not enough: it
may have come as somebody's dependency. What the metapackage pins is trusted by the default
policy; everything else waits until the user says yes by ``kadr plugin enable``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kadr_sdk.errors import InvalidParameterError, KadrError, Problem
from kadr_sdk.permissions import Permission, PermissionSet

from kadr_kernel.permissions.gate import PermissionGate
from kadr_kernel.permissions.grant import Term
from kadr_kernel.permissions.grants import Grants
from kadr_kernel.permissions.prompt import Status
from kadr_kernel.permissions.subject import Subject, folder_publisher
from kadr_kernel.plugins.contents import digest_of
from kadr_kernel.plugins.discovery import Found

__all__ = ["Consent"]


class Consent:
    """The gate and the grants, as the plugin lifecycle needs them."""

    def __init__(self, gate: PermissionGate, grants: Grants) -> None:
        self._gate = gate
        self._grants = grants

    def missing(self, found: Found) -> Problem | None:
        """Why the plugin may not run, with the remedy; None where it may."""
        if found.manifest is None:
            return None
        try:
            self._gate.admit(_subject(found))
            decision = self._gate.decide(found.id, interactive=False)
        except KadrError as error:  # damaged grants, unreadable files: nothing counts as allowed
            return Problem("", error.message, error.hint)
        if decision.status is Status.GRANTED:
            return None
        return Problem("", decision.reason, decision.remedy)

    def give(self, found: Found, permissions: Iterable[str] | None = None) -> None:
        """Write down the user's yes to this version.

        Args:
            found: the plugin.
            permissions: what is granted; None: all that it asks for.

        Raises:
            InvalidParameterError: it does not ask for one of them.
            KadrError: the grants are damaged or cannot be written.
        """
        if found.manifest is None or (permissions is None and self.missing(found) is None):
            return
        subject = _subject(found)
        wanted = subject.asked if permissions is None else _parsed(permissions)
        self._grants.grant(subject, wanted, Term.VERSION)

    def take_back(self, plugin: str) -> None:
        """The user's no: whatever was granted, in any version, is granted no longer.

        Raises:
            KadrError: the grants are damaged or cannot be written.
        """
        self._grants.revoke(plugin)

    def granted(self, plugin: str) -> PermissionSet:
        """What an admitted plugin has."""
        return self._gate.granted(plugin)


def _subject(found: Found) -> Subject:
    assert found.manifest is not None
    # The name is normalised already.
    named = f"dist:{found.distribution}" if found.distribution else folder_publisher(found.location)
    contents = found.contents
    if found.location and not contents:  # nobody vouches for a folder: the yes is to its files
        contents = digest_of(Path(found.location))
    return Subject.of(found.manifest, found.publisher or named, contents=contents)


def _parsed(permissions: Iterable[str]) -> PermissionSet:
    try:
        return PermissionSet.of(Permission.parse(text) for text in permissions)
    except ValueError as error:
        raise InvalidParameterError(str(error)) from error
