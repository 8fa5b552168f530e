"""The store of grants: given, listed, revoked, and seen by every process at once.

Changes are read, made and written back under a lock that the operating system holds (see
:mod:`kadr_kernel.disk`), so that two processes never lose each other's grant or
revocation. Readers take no lock: the file is replaced as a whole, and looked at again
whenever it has changed, so that a revocation counts from the next check on.

For Python plugins a grant is the record of a consent, not a fence.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from kadr_sdk.errors import InvalidParameterError, SerializationError, StorageError
from kadr_sdk.permissions import Permission, PermissionSet

from kadr_kernel.disk import locked
from kadr_kernel.permissions.grant import Grant, Term
from kadr_kernel.permissions.grant_file import parse_grants, read_bytes, write_grants
from kadr_kernel.permissions.subject import Subject

__all__ = ["FILE_NAME", "Grants"]

FILE_NAME = "grants.json"
_SETTLED = 2_000_000_000  # nanoseconds, the coarsest file times in use (FAT)


class Grants:
    """Grants below a data folder; safe for threads and processes.

    Every method that reads raises SerializationError where the file is damaged and
    StorageError where it cannot be read; neither is ever taken for a grant.

    Args:
        folder: the data folder, made when the first grant is written.
        helper: of a process that works for another one, whose end is not the end of the run.
        now: seconds since 1970-01-01 UTC, replaceable in tests.
    """

    def __init__(self, folder: Path, *, helper: bool = False, now: Callable[[], float] = time.time) -> None:
        self.path = folder / FILE_NAME
        self._lock_path = folder / f"{FILE_NAME}.lock"
        self._helper = helper
        self._now = now
        self._guard = threading.RLock()
        self._once: tuple[Grant, ...] = ()
        self._used: set[str] = set()
        self._seen: tuple[object, tuple[Grant, ...]] | None = None

    def held(self, subject: Subject) -> PermissionSet:
        """What is granted to the subject now."""
        return _union(grant.permissions for grant in self._all() if grant.holds_for(subject))

    def consented(self, subject: Subject) -> bool:
        """True where a user has said yes to the subject as it is, if only to a part."""
        return any(grant.holds_for(subject) for grant in self._all())

    def earlier(self, subject: Subject) -> PermissionSet | None:
        """What the user consented to see asked, in any version; None where never asked."""
        past = [grant for grant in self._all() if grant.of_same_hands(subject)]
        return _union(grant.asked for grant in past) if past else None

    def changed(self, subject: Subject) -> bool:
        """True where the user said yes to this version with other contents."""
        return any(
            grant.of_same_hands(subject)
            and grant.version == subject.version
            and grant.contents != subject.contents
            for grant in self._all()
        )

    def list(self) -> Sequence[Grant]:
        """Every grant, those for once too, in order of plugin and publisher."""
        return sorted(self._all(), key=lambda g: (g.plugin, g.publisher, g.version, g.term))

    def grant(
        self, subject: Subject, permissions: Iterable[Permission], term: Term, *, ahead: bool = False
    ) -> Grant:
        """Allow the subject something that its manifest asks for.

        Relative paths become absolute: a grant means the same wherever kadr is started. What
        the publisher was allowed for all versions is carried over to a version that asks for
        more, now that the user has said yes to it.

        Args:
            ahead: what is granted for once is for a process that comes, not for this one.

        Raises:
            InvalidParameterError: the manifest does not ask for it, or the term needs a
                publisher and there is none.
            SerializationError: the file is damaged; it is left alone.
            StorageError: it cannot be read, locked or written.
        """
        new = PermissionSet.of(_absolute(p) for p in permissions)
        _check(subject, new, term)

        def add(grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
            grant = self._made(subject, new, term, grants)
            return (*(old for old in grants if not grant.replaces(old)), grant)

        if term is Term.ONCE and not ahead:
            with self._guard:
                self._once = add((*self._stored(), *self._once))
                self._once = tuple(g for g in self._once if g.term is Term.ONCE)
                return self._once[-1]
        return self._change(add)[-1]

    def revoke(self, plugin: str, permission: Permission | None = None) -> int:
        """Take grants back, of every publisher and version; how many were touched.

        Args:
            plugin: its id.
            permission: one permission, None for all. A broader one that contains it goes
                too: a hole in a grant cannot be written down.

        Raises:
            SerializationError: the file is damaged; it is left alone.
            StorageError: it cannot be read, locked or written.
        """
        touched = 0

        def take(grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
            nonlocal touched
            kept = tuple(_without(grant, plugin, permission) for grant in grants)
            touched += sum(new is not old for new, old in zip(kept, grants, strict=True))
            return tuple(grant for grant in kept if grant is not None)

        with self._guard:
            self._once = take(self._once)
        if any(grant.plugin == plugin for grant in self._stored()):
            self._change(take)
        return touched

    def use(self, plugin: str) -> None:
        """Code of a plugin runs now: what it was granted for once ends with this process."""
        # Of damaged grants nothing is taken over, and whoever asks for one is told.
        with self._guard, suppress(SerializationError, StorageError):
            if plugin not in self._used:
                self._used.add(plugin)
                lent = (g for g in self._stored() if g.plugin == plugin and g.term is Term.ONCE)
                self._once = (*self._once, *lent)

    def close(self) -> None:
        """Take back what was granted for once, beforehand, and was used."""
        if self._helper:
            return
        if any(grant.term is Term.ONCE and grant.plugin in self._used for grant in self._stored()):
            used = self._used
            self._change(
                lambda grants: tuple(g for g in grants if g.term is not Term.ONCE or g.plugin not in used)
            )

    def _made(self, subject: Subject, new: PermissionSet, term: Term, grants: Iterable[Grant]) -> Grant:
        carried = [
            permission
            for old in grants
            if old.of_same_hands(subject)
            and (old.term is Term.PUBLISHER or (old.term is term and old.holds_for(subject)))
            for permission in old.permissions
            if subject.asked.covers(permission)
        ]
        permissions = PermissionSet.of([*carried, *new])
        when = int(self._now())
        asked, contents = subject.asked, subject.contents
        return Grant(
            subject.plugin, subject.publisher, subject.version, contents, term, asked, permissions, when
        )

    def _all(self) -> tuple[Grant, ...]:
        return (*self._stored(), *self._once)

    def _stored(self) -> tuple[Grant, ...]:
        """The grants on disk; parsed again only where the file is another one than before."""
        stamp = self._stamp()
        with self._guard:
            if self._seen is not None and self._seen[0] == stamp:
                return self._seen[1]
            grants = parse_grants(read_bytes(self.path), self.path)
            # Times on disk are coarse: a file that has just changed may change again unseen.
            settled = stamp is not None and time.time_ns() - stamp[0] > _SETTLED
            self._seen = (stamp, grants) if settled else None
            return grants

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"the grants cannot be read: {error.strerror}", path=self.path) from error
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _change(self, change: Callable[[tuple[Grant, ...]], tuple[Grant, ...]]) -> tuple[Grant, ...]:
        # The file's lock also keeps other threads out; the guard is never held around it.
        with locked(self._lock_path):
            grants = change(parse_grants(read_bytes(self.path), self.path))
            write_grants(self.path, grants)
        return grants


def _check(subject: Subject, new: PermissionSet, term: Term) -> None:
    if beyond := new.beyond(subject.asked):
        raise InvalidParameterError(
            f"plugin {subject.plugin!r} does not ask for {', '.join(map(str, beyond))}",
            hint="it asks for: " + (", ".join(map(str, subject.asked)) or "nothing"),
        )
    if term is Term.PUBLISHER and not subject.has_publisher:
        raise InvalidParameterError(
            f"plugin {subject.plugin!r} lies in a folder and has no publisher to trust",
            hint="allow it once or for this version",
        )


def _without(grant: Grant, plugin: str, permission: Permission | None) -> Grant | None:
    if grant.plugin != plugin:
        return grant
    if permission is None:
        return None
    kept = [p for p in grant.permissions if not (p.covers(permission) or permission.covers(p))]
    if len(kept) == len(grant.permissions):
        return grant
    return replace(grant, permissions=PermissionSet.of(kept)) if kept else None


def _absolute(permission: Permission) -> Permission:
    if permission.name not in ("read", "write") or permission.scope == "*":
        return permission
    return Permission(permission.name, os.path.abspath(permission.scope))  # noqa: PTH100 - links stay


def _union(sets: Iterable[PermissionSet]) -> PermissionSet:
    return PermissionSet.of(permission for found in sets for permission in found)
