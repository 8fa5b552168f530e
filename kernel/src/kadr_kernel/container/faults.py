"""What can be wrong with services, as data; the sentences are made when somebody reads them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kadr_sdk.errors import ManyProblems, PluginError, Problem, did_you_mean

from kadr_kernel.container.recipe import Key, Recipe

__all__ = ["Circle", "ContainerError", "Fault", "Missing", "NotMade", "Taken", "Unreadable", "WrongScope"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; ``path`` leads from who needs to what is needed."""

    path: tuple[Key, ...]

    @property
    def where(self) -> str:
        """The path in words."""
        return " → ".join(map(str, self.path))

    def problem(self) -> Problem:
        """The fault as a sentence with a remedy."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Missing(Fault):
    """Nothing provides the last of the path."""

    known: tuple[Key, ...]

    def problem(self) -> Problem:
        """Says what is missing and what is close to it."""
        return Problem(
            self.where, f"nothing provides {self.path[-1]}", missing_hint(self.path[-1], self.known)
        )


@dataclass(frozen=True, slots=True)
class Circle(Fault):
    """The path ends where it began."""

    def problem(self) -> Problem:
        """Says where the circle closes."""
        hint = "let one of them ask the container when it needs the other"
        return Problem(self.where, f"{self.path[-1]} needs itself", hint)


@dataclass(frozen=True, slots=True)
class WrongScope(Fault):
    """The last of the path lives shorter than the one before."""

    scope: str
    needed_scope: str

    def problem(self) -> Problem:
        """Says which scope is too wide."""
        user, needed = self.path[-2:]
        message = (
            f"{user} lives in scope {self.scope!r} and cannot hold {needed} of scope {self.needed_scope!r}"
        )
        hint = f"move {user} to scope {self.needed_scope!r}, or {needed} to {self.scope!r}"
        return Problem(self.where, message, hint)


@dataclass(frozen=True, slots=True)
class Unreadable(Fault):
    """The needs of a factory cannot be read."""

    reason: str

    def problem(self) -> Problem:
        """Says why."""
        hint = "annotate every parameter, with names that the module imports at run time"
        return Problem(self.where, f"{self.path[-1]}: {self.reason}", hint)


@dataclass(frozen=True, slots=True)
class Taken(Fault):
    """The key is provided already."""

    owner: str
    present_owner: str

    def problem(self) -> Problem:
        """Says who was first."""
        message = f"{_who(self.owner)} provides {self.path[-1]}, which {_who(self.present_owner)} provides"
        return Problem(self.where, message, "give it a name of its own, or disable one of the two")


@dataclass(frozen=True, slots=True)
class NotMade(Fault):
    """Its own code raised while the service was made or started."""

    step: str
    error: BaseException
    owner: str

    def problem(self) -> Problem:
        """Says what it raised."""
        text = f"{type(self.error).__name__}: {self.error}"
        owner = f" (of plugin {self.owner})" if self.owner else ""
        return Problem(self.where, f"{self.path[-1]}{owner} could not be {self.step}: {text}")


class ContainerError(ManyProblems, PluginError):
    """Services that cannot be put together; every fault is in ``data['faults']``."""

    code = "container"

    def __init__(self, message: str, faults: Iterable[Fault]) -> None:
        PluginError.__init__(self, message, faults=tuple(faults))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults as data."""
        found = self.data["faults"]
        return tuple(f for f in found if isinstance(f, Fault)) if isinstance(found, tuple) else ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The faults as sentences."""
        return tuple(fault.problem() for fault in self.faults)


def missing_hint(key: Key, known: Iterable[Key]) -> str:
    """Names close to ``key``; with modules where two kinds share one name."""
    keys = tuple(known)
    if namesakes := [k.full for k in keys if str(k) == str(key)]:
        return f"another one of that name is provided: {', '.join(namesakes)}, not {key.full}"
    return did_you_mean(str(key), map(str, keys))


def not_made(made: Recipe, step: str, error: BaseException) -> NotMade:
    """The fault of a recipe whose code raised."""
    return NotMade((made.key,), step, error, made.owner)


def _who(owner: str) -> str:
    return f"plugin {owner}" if owner else "the kernel"
