"""A grant: what a user allowed one plugin of one publisher, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kadr_sdk.permissions import PermissionSet

from kadr_kernel.permissions.subject import Subject

__all__ = ["Grant", "Term"]


class Term(StrEnum):
    """How long a grant holds."""

    ONCE = "once"
    """Until this process ends; given beforehand, until the first process that uses it ends."""
    VERSION = "version"
    """For this version and these contents, where they are known: signed, or in a plugin folder."""
    PUBLISHER = "publisher"
    """For later versions of this publisher too, while they ask for no more."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A consent.

    Attributes:
        plugin, publisher, version, contents: of the :class:`Subject` it was given to.
        term: how long it holds.
        asked: what the manifest asked for when the user consented; a plugin that asks for
            anything beyond it is not what the user consented to.
        permissions: what was granted, each covered by ``asked``.
        time: seconds since 1970-01-01 UTC.
    """

    plugin: str
    publisher: str
    version: str
    contents: str
    term: Term
    asked: PermissionSet
    permissions: PermissionSet
    time: int

    def of_same_hands(self, subject: Subject) -> bool:
        """True where plugin and publisher are the same, in whatever version."""
        return (self.plugin, self.publisher) == (subject.plugin, subject.publisher)

    def holds_for(self, subject: Subject) -> bool:
        """True where it counts: same plugin, same publisher, within its term, no new requests."""
        if not self.of_same_hands(subject) or len(subject.asked.beyond(self.asked)):
            return False
        same_release = (self.version, self.contents) == (subject.version, subject.contents)
        return self.term is Term.PUBLISHER or same_release

    def replaces(self, other: Grant) -> bool:
        """True where keeping both would say the same thing twice, or leave an outdated one."""
        if (self.plugin, self.publisher, self.term) != (other.plugin, other.publisher, other.term):
            return False
        # What lay in a folder before is not there any more.
        gone = self.publisher.startswith("folder:") and self.version == other.version
        same_release = (self.version, self.contents) == (other.version, other.contents)
        return self.term is Term.PUBLISHER or same_release or gone
