"""The registry: recipes by key. Holds no instance; lives as long as the kernel."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Protocol

from kadr_sdk.services import Container as ContainerProtocol

from kadr_kernel.container.faults import ContainerError, Fault, Taken
from kadr_kernel.container.graph import dependents, find_faults
from kadr_kernel.container.recipe import SCOPES, Action, Key, Recipe, recipe

__all__ = ["PROVIDED", "Registry"]

PROVIDED = frozenset({Key(ContainerProtocol)})
"""What every scope has without a recipe: its own container."""


class _Holder(Protocol):
    def forget(self, recipes: Collection[Recipe]) -> None: ...
    def evict(self, recipes: Collection[Recipe]) -> None: ...


class Registry:
    """Recipes by Protocol and name.

    Until the first get recipes come in any order and the graph is checked whole; from then
    on every addition is checked before it takes effect, and refused whole. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._recipes: dict[Key, Recipe] = {}
        self._fallbacks: dict[Key, Recipe] = {}
        self._overrides: tuple[Recipe, ...] = ()
        self._holders: weakref.WeakSet[_Holder] = weakref.WeakSet()
        self._checked = False
        self._table: Mapping[Key, Recipe] = MappingProxyType({})

    @property
    def table(self) -> Mapping[Key, Recipe]:
        """The recipes in force, a snapshot that never changes."""
        return self._table

    def provide(self, kind: Any, make: Callable[..., Any], **options: Any) -> None:
        """Add one recipe; the options are those of :func:`~kadr_kernel.container.recipe.recipe`.

        Raises:
            ContainerError: the key is taken, or (after the first get) the graph would break.
        """
        self.add(recipe(kind, make, **options))

    def value(
        self, kind: Any, instance: object, *, name: str = "", close: Action = False, health: Action = False
    ) -> None:
        """Add an object that exists already; it is closed only where ``close`` asks for it."""
        self.add(recipe(kind, lambda: instance, name=name, close=close, health=health))

    def given(self, kind: Any, scope: str, *, name: str = "") -> None:
        """Declare what is handed in when a scope is opened: ``scope("project", {Project: p})``."""
        if scope not in SCOPES[1:]:
            raise ValueError(f"unknown scope {scope!r} to open; one of {', '.join(SCOPES[1:])}")
        self.add(Recipe(Key(kind, name), None, scope))

    def contribute(self, kind: Any, factory: Callable[..., Any], name: str, scope: str, owner: str) -> None:
        """Add the service of a plugin; its start, stop, close and health are used where it has them.

        For several services of one plugin that need each other, give :meth:`contributed`
        recipes to :meth:`add` in one call: all are added or none.

        Raises:
            ContainerError: as :meth:`provide`.
        """
        self.add(self.contributed(kind, factory, name, scope, owner))

    @staticmethod
    def contributed(kind: Any, factory: Callable[..., Any], name: str, scope: str, owner: str) -> Recipe:
        """The recipe of a plugin's service."""
        return recipe(
            kind, factory, name=name, scope=scope, owner=owner, start=True, stop=True, close=True, health=True
        )

    def add(self, *recipes: Recipe) -> None:
        """Add all of them or, where one is refused, none.

        A fallback that is replaced stays open for those who hold it; the next get brings
        the new one.

        Raises:
            ContainerError: a key is taken, or (after the first get) the graph would break.
        """
        with self._lock:
            kept, fallbacks = dict(self._recipes), dict(self._fallbacks)
            faults: list[Fault] = []
            for new in recipes:
                layer = fallbacks if new.fallback else kept
                if new.key in layer:
                    faults.append(Taken((new.key,), new.owner, layer[new.key].owner))
                layer[new.key] = new
            table = self._merge(kept, fallbacks)
            if not faults and self._checked:
                faults = self._new_faults(table)
            if faults:
                raise ContainerError("services cannot be added", faults)
            replaced = [old for key, old in self._table.items() if table[key] is not old]
            self._recipes, self._fallbacks, self._table = kept, fallbacks, table
            holders = list(self._holders)
        for holder in holders:
            holder.forget(replaced)

    def remove_owner(self, owner: str) -> None:
        """Take away everything of a plugin; live instances and what needs them are closed."""
        with self._lock:
            gone = [r for r in (*self._recipes.values(), *self._fallbacks.values()) if r.owner == owner]
            kept = {key: r for key, r in self._recipes.items() if r.owner != owner}
            fallbacks = {key: r for key, r in self._fallbacks.items() if r.owner != owner}
            evicted = self._swap(self._merge(kept, fallbacks), {r.key for r in gone})
            self._recipes, self._fallbacks = kept, fallbacks
        self._evict(evicted)

    @contextmanager
    def override(self, kind: Any, make: Callable[..., Any], *, name: str = "") -> Iterator[None]:
        """Use another factory inside the block (tests); instances that needed the old one are made anew."""
        old = self._table.get(Key(kind, name))
        new = recipe(kind, make, name=name, scope=old.scope if old else "kernel")
        self._set_overrides((*self._overrides, new), new.key)
        try:
            yield
        finally:
            self._set_overrides(tuple(r for r in self._overrides if r is not new), new.key)

    def attach(self, holder: _Holder) -> None:
        """Tell a root container about changes, as long as it lives."""
        with self._lock:
            self._holders.add(holder)

    def check(self) -> None:
        """Check the whole graph, once.

        Raises:
            ContainerError: with every fault.
        """
        if self._checked:
            return
        with self._lock:
            if faults := find_faults(self._table, PROVIDED):
                raise ContainerError("the services do not fit together", faults)
            self._checked = True

    def _new_faults(self, table: Mapping[Key, Recipe]) -> list[Fault]:
        # What broke when a plugin left must not keep the next one out.
        before = {(type(f), f.path) for f in find_faults(self._table, PROVIDED)}
        return [f for f in find_faults(table, PROVIDED) if (type(f), f.path) not in before]

    def _merge(self, kept: Mapping[Key, Recipe], fallbacks: Mapping[Key, Recipe]) -> Mapping[Key, Recipe]:
        return MappingProxyType({**fallbacks, **kept, **{r.key: r for r in self._overrides}})

    def _set_overrides(self, overrides: tuple[Recipe, ...], key: Key) -> None:
        with self._lock:
            self._overrides = overrides
            evicted = self._swap(self._merge(self._recipes, self._fallbacks), {key})
        self._evict(evicted)

    def _swap(self, table: Mapping[Key, Recipe], keys: Collection[Key]) -> list[Recipe]:
        old, self._table = self._table, table
        return [old[key] for key in dependents(old, keys) if key in old]

    def _evict(self, gone: Collection[Recipe]) -> None:
        # Outside the lock: this runs the services' own code.
        with self._lock:
            holders = list(self._holders)
        for holder in holders:
            holder.evict(gone)
