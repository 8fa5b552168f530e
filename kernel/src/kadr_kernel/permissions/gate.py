"""The gate: manifest AND grant AND policy, and a refusal that names the missing key.

========= ==================================== ====================================
key       what is missing                      who can remedy it
========= ==================================== ====================================
manifest  the plugin did not ask for it        its author
policy    the host or organisation forbids it  whoever keeps the policy
grant     the user has not allowed it          the user, by ``kadr plugin enable``
========= ==================================== ====================================

They are looked at in this order: nobody is told to grant what would be refused all the same.
Built-in plugins pass the same three; the default policy stands in for the user's grant only.

For Python plugins the gate is a declaration and a consent: kadr asks it before it does
something *for* such a plugin, but the plugin's own code has the rights of the account and
need not ask. Guests and worker processes have no other way than through the gate.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from kadr_sdk.errors import KadrError, PermissionDeniedError, SerializationError, StorageError
from kadr_sdk.events import Event, WarningRaised
from kadr_sdk.permissions import Permission, PermissionSet
from kadr_sdk.text import printable

from kadr_kernel.permissions.confinement import Confinement, confine
from kadr_kernel.permissions.grants import Grants
from kadr_kernel.permissions.policy import Policy
from kadr_kernel.permissions.prompt import Decision, Standing, because, decide
from kadr_kernel.permissions.remedy import enable_command
from kadr_kernel.permissions.subject import Subject

__all__ = ["KEYS", "PermissionGate"]

KEYS = ("manifest", "policy", "grant")
"""What a refusal's ``data['key']`` can be."""


class PermissionGate:
    """Implements ``kadr_sdk.services.Gate``. Thread-safe.

    Args:
        grants: what the user allowed.
        policy: what the host allows.
        publish: called with a ``WarningRaised`` for every refusal; None: refusals only count.
    """

    def __init__(
        self, grants: Grants, policy: Policy, *, publish: Callable[[Event], object] | None = None
    ) -> None:
        self._grants = grants
        self._policy = policy
        self._publish = publish
        self._lock = threading.Lock()
        self._subjects: dict[str, Subject] = {}
        self._refusals: Counter[tuple[str, str]] = Counter()

    def admit(self, subject: Subject) -> None:
        """Make a plugin known, or known in another version; this allows it nothing."""
        with self._lock:
            self._subjects[subject.plugin] = subject

    def forget(self, plugin: str) -> None:
        """A plugin is gone; what it is called no longer may anything."""
        with self._lock:
            self._subjects.pop(plugin, None)

    def require(self, plugin: str, permission: Permission) -> None:
        """Return where the plugin may.

        Raises:
            PermissionDeniedError: says which of manifest, policy and grant refused, in words
                and as ``data['key']``.
        """
        refusal = self._refusal(plugin, permission)
        if refusal is None:
            return
        known = plugin if plugin in self._subjects else ""
        with self._lock:
            self._refusals[known, str(refusal.data["key"])] += 1
        if self._publish is not None:
            self._publish(WarningRaised(refusal.message, refusal.path, refusal.hint))
        raise refusal

    def allowed(self, plugin: str, permission: Permission) -> bool:
        """True where :meth:`require` would return; asking is not counted as a refusal."""
        return self._refusal(plugin, permission) is None

    def refusal(self, plugin: str, name: str) -> PermissionDeniedError | None:
        """Why the plugin has nothing at all of a permission, whatever the scope; None where it has some."""
        subject = self._subjects.get(plugin)
        if subject is None:
            return _unknown(plugin)
        asked = [p for p in subject.asked if p.name == name]
        if any(p.name == name for p in self.granted(plugin)) or any(self._in_part(subject, p) for p in asked):
            return None
        return self._refusal(plugin, asked[0] if asked else Permission(name))

    def confinement(
        self, plugin: str, digest: str, setting: Callable[[str], object], trusted: Collection[str]
    ) -> Confinement:
        """What a guest of a plugin is held to (:func:`~.confinement.confine`); it runs now."""
        self._grants.use(plugin)
        return confine(self._subjects.get(plugin), self._policy, digest, setting, trusted)

    def granted(self, plugin: str) -> PermissionSet:
        """What the plugin asked for and has, without exception; for its context.

        Of a broad permission that a rule denies in part, nothing is listed, though
        :meth:`require` lets the rest of it pass.
        """
        subject = self._subjects.get(plugin)
        if subject is None:
            return PermissionSet()
        held = self._held(subject)
        candidates = [*subject.asked, *(p for p in held if subject.asked.covers(p))]
        return PermissionSet.of(p for p in candidates if self.allowed(plugin, p))

    def decide(self, plugin: str, *, interactive: bool) -> Decision:
        """Whether the plugin may run, may not, or the user is to be asked.

        Raises:
            PermissionDeniedError: the plugin is not known.
            SerializationError: the grants are damaged.
            StorageError: the grants cannot be read.
        """
        subject = self._subjects.get(plugin)
        if subject is None:
            raise _unknown(plugin)
        if self._policy.trusts(subject):
            return decide(subject, self._policy, Standing(), interactive=interactive)
        grants = self._grants
        standing = Standing(
            grants.held(subject), grants.consented(subject), grants.earlier(subject), grants.changed(subject)
        )
        return decide(subject, self._policy, standing, interactive=interactive)

    def refusals(self) -> Mapping[str, Mapping[str, int]]:
        """How often each plugin was refused, by the missing key; unknown plugins under ``""``."""
        found: dict[str, dict[str, int]] = {}
        with self._lock:
            for (plugin, key), count in self._refusals.items():
                found.setdefault(plugin, dict.fromkeys(KEYS, 0))[key] = count
        return found

    def _refusal(self, plugin: str, wanted: Permission) -> PermissionDeniedError | None:
        subject = self._subjects.get(plugin)
        if subject is None:
            return _unknown(plugin)
        if not subject.asked.covers(wanted):
            return _not_asked(subject, wanted)
        verdict = self._policy.verdict(subject, wanted)
        if verdict.effect == "deny":
            text = f"the policy forbids {_to_do(subject, wanted)}"
            return _denied("policy", subject, wanted, text, because(verdict, self._policy))
        return None if verdict.effect == "trust" else self._not_granted(subject, wanted)

    def _in_part(self, subject: Subject, wanted: Permission) -> bool:
        """True where a rule denies only a part of what was granted."""
        held = self._policy.trusts(subject) or self._held(subject).covers(wanted)
        return held and not self._policy.forbids(subject, wanted)

    def _not_granted(self, subject: Subject, wanted: Permission) -> PermissionDeniedError | None:
        try:
            if self._grants.held(subject).covers(wanted):
                return None
            earlier = self._grants.earlier(subject)
        except (SerializationError, StorageError) as error:
            return _unreadable(subject, wanted, error)
        more = subject.asked.beyond(earlier) if earlier is not None else PermissionSet()
        if more:
            return _outgrown(subject, wanted, more)
        text = f"you have not allowed {_to_do(subject, wanted)}"
        return _denied("grant", subject, wanted, text, enable_command(subject.plugin, [wanted]))

    def _held(self, subject: Subject) -> PermissionSet:
        try:
            return self._grants.held(subject)
        except (SerializationError, StorageError):
            return PermissionSet()


def _to_do(subject: Subject, wanted: Permission) -> str:
    return f"plugin {subject.plugin!r} to {printable(wanted.sentence())}"


def _denied(
    key: str, subject: Subject, wanted: Permission, message: str, hint: str, path: str = ""
) -> PermissionDeniedError:
    data = {"key": key, "plugin": subject.plugin, "permission": str(wanted)}
    return PermissionDeniedError(message, path=path, hint=hint, **data)


def _unknown(plugin: str) -> PermissionDeniedError:
    name = printable(plugin)
    text = f"plugin {name!r} is not known, so it may do nothing"
    return PermissionDeniedError(text, hint="kadr plugin list", key="manifest", plugin=name)


def _not_asked(subject: Subject, wanted: Permission) -> PermissionDeniedError:
    text = f"the manifest of plugin {subject.plugin!r} does not ask to {printable(wanted.sentence())}"
    hint = f"its author must ask for it; what it asks for: kadr plugin info {subject.plugin}"
    return _denied("manifest", subject, wanted, text, hint)


def _outgrown(subject: Subject, wanted: Permission, more: PermissionSet) -> PermissionDeniedError:
    asks = "; ".join(printable(p.sentence()) for p in more)
    name = f"plugin {subject.plugin!r} {printable(subject.version, 40)}"
    text = f"{name} asks for more than you allowed ({asks}) and waits for your yes"
    return _denied("grant", subject, wanted, text, enable_command(subject.plugin, more))


def _unreadable(subject: Subject, wanted: Permission, error: KadrError) -> PermissionDeniedError:
    text = f"nothing counts as allowed for {_to_do(subject, wanted)}, because {error.message}"
    refusal = _denied("grant", subject, wanted, text, error.hint, error.path)
    refusal.__cause__ = error
    return refusal
