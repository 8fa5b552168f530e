"""The user's yes: what is asked, by whom it may be answered, and what an answer covers.

Without a terminal nobody is asked: that is a no. ``--yes`` answers for what ``--grant`` names
and for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from kadr_sdk.errors import InvalidParameterError, PermissionDeniedError
from kadr_sdk.permissions import Permission, PermissionSet
from kadr_sdk.services import Installations, Question
from kadr_sdk.text import printable

from kadr_registry.client.lockfile import Locked
from kadr_registry.record import Record

__all__ = ["Answers", "Consent"]

Ask = Callable[[str, tuple[str, ...]], str]
NATIVE = Permission("native")


@dataclass(frozen=True, slots=True)
class Answers:
    """What the command line says already.

    Attributes:
        yes: nobody is to be asked.
        grants: what is allowed.
        term: how long: ``once``, ``version`` or ``publisher``.
        ask: puts a question with its choices and gives the answer's term, empty for no; None: no terminal.
    """

    yes: bool = False
    grants: PermissionSet = field(default_factory=PermissionSet)
    term: str = "version"
    ask: Ask | None = None

    @classmethod
    def of(cls, yes: bool, grants: Iterable[str], term: str, ask: Ask | None) -> Answers:
        """From options.

        Raises:
            InvalidParameterError: a permission is malformed.
        """
        try:
            return cls(yes, PermissionSet.of(grants), term, ask)
        except ValueError as error:
            raise InvalidParameterError(str(error), path="--grant") from error


@dataclass(slots=True)
class Consent:
    """Asks once for each release, and remembers what was said until it is written down."""

    installations: Installations
    answers: Answers
    _given: dict[str, tuple[PermissionSet, str]] = field(default_factory=dict)
    _denied: dict[str, str] = field(default_factory=dict)

    def refusal(self, record: Record, locked: Locked) -> str:
        """Why a release may not be installed; empty where the user says yes, or need not be asked.

        Raises:
            PermissionDeniedError: the policy forbids it.
        """
        if locked.record in self._given:
            return ""
        if locked.record not in self._denied:
            asked = self.installations.question(record.manifest, locked.publisher, locked.record)
            if asked is None:
                return ""
            self._answer(record, locked, asked)
        return self._denied.get(locked.record, "")

    def write_down(self, records: Iterable[tuple[Record, Locked]]) -> None:
        """Keep what was allowed for the releases that were installed."""
        for record, locked in records:
            if locked.record in self._given:
                permissions, term = self._given[locked.record]
                self.installations.allow(record.manifest, locked.publisher, locked.record, permissions, term)

    def _answer(self, record: Record, locked: Locked, asked: Question) -> None:
        wanted = _wanted(record, asked)
        named = PermissionSet.of(p for p in asked.wanted if self.answers.grants.covers(p))
        missing = wanted.beyond(self.answers.grants)
        if self.answers.yes or self.answers.ask is None or not missing:
            if missing:
                self._denied[locked.record] = _not_named(record, missing, yes=self.answers.yes)
            else:
                self._given[locked.record] = (named, self.answers.term)
            return
        term = self.answers.ask(asked.text, tuple(asked.terms))
        if term in asked.terms:
            self._given[locked.record] = (asked.wanted, term)
        else:
            self._denied[locked.record] = f"you did not allow {record.id} {record.version}"


def _wanted(record: Record, asked: Question) -> PermissionSet:
    """What a yes without a question has to name: native code is a thing to be named too."""
    more = (NATIVE,) if record.tier == "native" else ()
    return PermissionSet.of((*asked.wanted, *more))


def _not_named(record: Record, missing: PermissionSet, *, yes: bool) -> str:
    words = " ".join(f"--grant {printable(p)}" for p in missing)
    sentences = "; ".join(printable(p.sentence()) for p in missing)
    who = f"{record.id} {record.version}"
    if yes:
        return f"--yes answers only for what is named, and {who} asks to {sentences}: add {words}"
    return f"{who} asks to {sentences}, and there is no terminal to ask you: add --yes {words}"


def denied(reason: str) -> PermissionDeniedError:
    """The error for a refusal."""
    return PermissionDeniedError(reason, hint="nothing was changed", key="grant")
