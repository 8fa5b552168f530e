"""How closely a guest is held: its level, the ceiling of what it may ask for, where it runs.

Decided by trust, the user's settings and the policy, in this order; never by being built in.

=========== ============== ========= ========= ============
trust       whose          level     ceiling   isolation
=========== ============== ========= ========= ============
trusted     a policy rule  standard  full      in_process
known       a publisher    standard  extended  in_process
unknown     nobody vouches minimal   standard  process
=========== ============== ========= ========= ============

Of several policies (the machine's and the user's) each has its say, and the strictest counts;
within one file the first rule that matches speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from kadr_kernel.permissions.subject import Subject

if TYPE_CHECKING:
    from kadr_kernel.permissions.policy import Policy

__all__ = ["ENGINES", "ISOLATIONS", "LEVELS", "Confinement", "SandboxRule", "confine", "trust_of"]

LEVELS = ("minimal", "standard", "extended", "full")
"""From the one that grants least to the one that grants most."""
ISOLATIONS = ("in_process", "process")
ENGINES = ("guarded", "trusted")
"""With a deadline in every loop, or without: faster, and nothing stops it."""
_ALLOWED = {"level": LEVELS, "ceiling": LEVELS, "isolation": ISOLATIONS, "engine": ENGINES}


@dataclass(frozen=True, slots=True)
class SandboxRule:
    """One table ``[[sandbox]]`` of a policy; an empty field says nothing.

    Attributes:
        publisher, plugin, digest: patterns; the digest is the sha256 of the guest's module.

    Raises:
        ValueError: an unknown word.
    """

    publisher: str = "*"
    plugin: str = "*"
    digest: str = "*"
    level: str = ""
    ceiling: str = ""
    isolation: str = ""
    engine: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        for name, known in _ALLOWED.items():
            if getattr(self, name) not in ("", *known):
                raise ValueError(f"unknown {name} {getattr(self, name)!r}; write {', '.join(known)}")

    def concerns(self, subject: Subject, digest: str) -> bool:
        """True where the rule speaks of the guest."""
        pairs = (
            (subject.plugin, self.plugin),
            (subject.publisher, self.publisher),
            (digest.lower(), self.digest.lower()),
        )
        return all(fnmatchcase(value, pattern) for value, pattern in pairs)


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a guest is held to.

    Attributes:
        level: what it has without asking. ceiling: what its manifest may ask for.
        isolation: one of :data:`ISOLATIONS`. engine: one of :data:`ENGINES`.
    """

    level: str = "standard"
    ceiling: str = "standard"
    isolation: str = "in_process"
    engine: str = "guarded"


_BY_TRUST = {
    "trusted": Confinement("standard", "full"),
    "known": Confinement("standard", "extended"),
    "unknown": Confinement("minimal", "standard", "process"),
}


def trust_of(subject: Subject | None, policy: Policy) -> str:
    """``trusted``, ``known`` or ``unknown``."""
    if subject is None or not subject.has_publisher:
        return "unknown" if subject is None or not policy.trusts(subject) else "trusted"
    return "trusted" if policy.trusts(subject) else "known"


def confine(
    subject: Subject | None,
    policy: Policy,
    digest: str,
    setting: Callable[[str], object] = lambda _key: "",
    trusted: Collection[str] = (),
) -> Confinement:
    """What a guest is held to.

    Args:
        digest: sha256 of its module.
        setting: the user's ``sandbox.level`` and ``sandbox.isolation``; ``auto`` says nothing.
        trusted: digests that the user lets run without a deadline.
    """
    found = _by_user(_BY_TRUST[trust_of(subject, policy)], setting)
    rules = [] if subject is None else list(_rules(subject, policy, digest))
    ceiling = _weakest([r.ceiling for r in rules]) or found.ceiling
    level = _weakest([r.level for r in rules]) or found.level
    if not any(r.ceiling for r in rules):
        ceiling = _strongest(ceiling, level)
    engines = {r.engine for r in rules}
    free = "guarded" not in engines and ("trusted" in engines or digest.lower() in trusted)
    isolations = {r.isolation for r in rules} - {""}
    isolation = found.isolation if not isolations else "process" if "process" in isolations else "in_process"
    return Confinement(_weakest([level, ceiling]), ceiling, isolation, "trusted" if free else "guarded")


def _by_user(base: Confinement, setting: Callable[[str], object]) -> Confinement:
    level, isolation = str(setting("sandbox.level")), str(setting("sandbox.isolation"))
    if level in LEVELS:
        base = replace(base, level=level, ceiling=_strongest(level, base.ceiling))
    return replace(base, isolation=isolation) if isolation in ISOLATIONS else base


def _rules(subject: Subject, policy: Policy, digest: str) -> Iterator[SandboxRule]:
    for rules in policy.sandbox:
        for rule in rules:
            if rule.concerns(subject, digest):
                yield rule
                break


def _weakest(levels: Collection[str]) -> str:
    given = [LEVELS.index(level) for level in levels if level]
    return LEVELS[min(given)] if given else ""


def _strongest(one: str, other: str) -> str:
    return max(one, other, key=LEVELS.index)
