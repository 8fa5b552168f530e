"""Policy: what the host or its organisation allows, whatever the user would say.

A rule names publisher and plugin by pattern (``*`` and ``?``), and a permission. Effects:

- ``deny``: never. It beats every other rule and every grant. A request is denied as soon as
  it touches what is denied: where ``read:/etc`` is denied, ``read:*`` is too.
- ``trust``: allowed without asking the user; the rule stands in for the grant, and only for
  that: the manifest must ask all the same, built-in plugins included.
- ``allow``: the user may grant it.

Where no rule speaks the default holds: ``allow`` (the user decides) or ``deny``.

For Python plugins a policy decides whether kadr starts them and what they are told they may
do. It cannot hold running code inside the kernel's process back; only guests and worker
processes can be held to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kadr_sdk.permissions import Permission

from kadr_kernel.permissions.confinement import SandboxRule
from kadr_kernel.permissions.subject import Subject

__all__ = ["EFFECTS", "Policy", "Rule", "Verdict"]

EFFECTS = ("deny", "trust", "allow")
"""By weight: the first that matches decides."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a policy.

    Attributes:
        effect: ``deny``, ``trust`` or ``allow``.
        publisher, plugin: patterns.
        permission: a permission's text, or ``*`` for all.
        reason: for the one who is refused.

    Raises:
        ValueError: unknown effect or permission.
    """

    effect: str
    publisher: str = "*"
    plugin: str = "*"
    permission: str = "*"
    reason: str = ""

    def __post_init__(self) -> None:
        if self.effect not in EFFECTS:
            raise ValueError(f"unknown effect {self.effect!r}; write {', '.join(EFFECTS)}")
        if self.permission != "*":
            Permission.parse(self.permission)

    def __str__(self) -> str:
        publisher = "" if self.publisher == "*" else f" by {self.publisher}"
        return f"{self.effect} {self.permission} for {self.plugin}{publisher}"

    def concerns(self, subject: Subject) -> bool:
        """True where the rule speaks of the plugin."""
        return fnmatchcase(subject.plugin, self.plugin) and fnmatchcase(subject.publisher, self.publisher)

    def covers(self, wanted: Permission) -> bool:
        """True where the rule speaks of all of ``wanted``."""
        return self.permission == "*" or Permission.parse(self.permission).covers(wanted)

    def touches(self, wanted: Permission) -> bool:
        """True where the rule speaks of any part of ``wanted``."""
        return self.covers(wanted) or wanted.covers(Permission.parse(self.permission))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says, and the rule it says it by (None: its default)."""

    effect: str
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules and a default; :attr:`origin` is the file they came from, for messages.

    :attr:`sandbox` has the rules for guests, those of each file for themselves.
    """

    rules: tuple[Rule, ...] = ()
    default: str = "allow"
    origin: str = ""
    sandbox: tuple[tuple[SandboxRule, ...], ...] = ()

    def __post_init__(self) -> None:
        if self.default not in ("allow", "deny"):
            raise ValueError(f"unknown default {self.default!r}; write allow or deny")

    def verdict(self, subject: Subject, wanted: Permission) -> Verdict:
        """The weightiest rule that matches; deny beats trust beats allow beats the default."""
        rules = list(self._concerning(subject))
        for effect in EFFECTS:
            for rule in rules:
                matches = rule.touches(wanted) if effect == "deny" else rule.covers(wanted)
                if rule.effect == effect and matches:
                    return Verdict(effect, rule)
        return Verdict(self.default)

    def forbids(self, subject: Subject, wanted: Permission) -> bool:
        """True where no part of ``wanted`` can be had; a user need not be asked for it."""
        verdict = self.verdict(subject, wanted)
        if verdict.effect != "deny" or verdict.rule is None:
            return verdict.effect == "deny"
        return any(r.effect == "deny" and r.covers(wanted) for r in self._concerning(subject))

    def exclusion(self, subject: Subject) -> Verdict | None:
        """Why the plugin may not run at all, or None where it may."""
        rules = list(self._concerning(subject))
        for rule in rules:
            if rule.effect == "deny" and rule.permission == "*":
                return Verdict("deny", rule)
        if self.default == "deny" and all(rule.effect == "deny" for rule in rules):
            return Verdict("deny")
        return None

    def trusts(self, subject: Subject) -> bool:
        """True where the plugin may run without a question to the user."""
        trusted = any(r.effect == "trust" and r.permission == "*" for r in self._concerning(subject))
        return trusted and self.exclusion(subject) is None

    def merged(self, other: Policy) -> Policy:
        """Both together: every rule of both, and the stricter default."""
        default = "deny" if "deny" in (self.default, other.default) else "allow"
        origin, sandbox = other.origin or self.origin, self.sandbox + other.sandbox
        return Policy(self.rules + other.rules, default, origin, sandbox)

    def _concerning(self, subject: Subject) -> Iterator[Rule]:
        return (rule for rule in self.rules if rule.concerns(subject))
