"""Recipes: how a service is made, what it needs, how it starts and ends.

What a factory needs is read from the annotations of its parameters::

    def make_renderer(bus: EventBus, cache: Annotated[Cache, Named("disk")]) -> Renderer: ...

A parameter with a default is optional: where nothing provides it, the default stays.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["SCOPES", "Action", "Key", "Named", "Need", "Recipe", "recipe"]

SCOPES = ("kernel", "project", "job")
"""From the longest life to the shortest; a recipe may need its own scope and wider ones."""

Action = Callable[[Any], object] | bool
"""What to call with the instance; True: its method of that name, where it has one."""


class Key(NamedTuple):
    """What a service is asked for by: a Protocol (or any type) and a name."""

    kind: Any
    name: str = ""

    def __str__(self) -> str:
        label = getattr(self.kind, "__qualname__", None) or str(self.kind)
        return f"{label}[{self.name}]" if self.name else label

    @property
    def full(self) -> str:
        """With the module, for two kinds of the same name."""
        return f"{getattr(self.kind, '__module__', '')}.{self}"


@dataclass(frozen=True, slots=True)
class Named:
    """Asks for a named service: ``Annotated[Cache, Named("disk")]``."""

    name: str


@dataclass(frozen=True, slots=True)
class Need:
    """One parameter of a factory."""

    parameter: str
    key: Key
    optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """How a service is made; two recipes are never equal.

    Attributes:
        make: the factory; None for what is given when a scope is opened.
        owner: id of the plugin it comes from, empty for the kernel.
        fallback: steps aside where another recipe has the same key.
        defect: why the needs cannot be read, empty where they can.
    """

    key: Key
    make: Callable[..., Any] | None
    scope: str = "kernel"
    owner: str = ""
    needs: tuple[Need, ...] = ()
    start: Action = False
    stop: Action = False
    close: Action = False
    health: Action = False
    fallback: bool = False
    defect: str = ""

    @property
    def rank(self) -> int:
        """0 for the widest scope."""
        return SCOPES.index(self.scope)

    def action(self, name: str, instance: object) -> Callable[[], object] | None:
        """``start``, ``stop``, ``close`` or ``health`` ready to call, or None."""
        wanted: Action = getattr(self, name)
        if isinstance(wanted, bool):
            method = getattr(instance, name, None) if wanted else None
            return method if callable(method) else None
        return lambda: wanted(instance)


def recipe(
    kind: Any,
    make: Callable[..., Any],
    *,
    name: str = "",
    scope: str = "kernel",
    owner: str = "",
    start: Action = False,
    stop: Action = False,
    close: Action = False,
    health: Action = False,
    fallback: bool = False,
) -> Recipe:
    """A recipe from a class or function whose annotations say what it needs.

    Raises:
        ValueError: unknown scope.
    """
    if scope not in SCOPES:
        raise ValueError(f"unknown scope {scope!r}; one of {', '.join(SCOPES)}")
    needs, defect = _read_needs(make)
    return Recipe(Key(kind, name), make, scope, owner, needs, start, stop, close, health, fallback, defect)


def _read_needs(make: Callable[..., Any]) -> tuple[tuple[Need, ...], str]:
    try:
        parameters = inspect.signature(make, eval_str=True).parameters.values()
    except ValueError:
        return (), ""  # a class written in C that does not tell its parameters: called without any
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        return (), f"its annotations cannot be read: {error}"
    needs: list[Need] = []
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        optional = parameter.default is not parameter.empty
        if parameter.annotation is parameter.empty or parameter.kind is parameter.POSITIONAL_ONLY:
            if optional:
                continue
            return (), f"its parameter {parameter.name!r} has no annotation or no name to pass it by"
        needs.append(Need(parameter.name, _key_of(parameter.annotation), optional))
    return tuple(needs), ""


def _key_of(annotation: Any) -> Key:
    name = ""
    if typing.get_origin(annotation) is typing.Annotated:
        annotation, *extras = typing.get_args(annotation)
        name = next((extra.name for extra in extras if isinstance(extra, Named)), "")
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [member for member in typing.get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            inner = _key_of(members[0])
            return Key(inner.kind, inner.name or name)
    return Key(annotation, name)
