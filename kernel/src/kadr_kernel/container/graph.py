"""The graph of recipes: every fault at once, each with the path that leads to it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from kadr_kernel.container.faults import Circle, Fault, Missing, Unreadable, WrongScope
from kadr_kernel.container.recipe import Key, Need, Recipe

__all__ = ["dependents", "find_faults"]

Table = Mapping[Key, Recipe]


def find_faults(table: Table, provided: Collection[Key] = ()) -> list[Fault]:
    """Everything that is wrong: missing needs, circles, wrong scopes, unreadable factories.

    Args:
        table: the recipes.
        provided: keys that every scope has without a recipe.
    """
    needed = {need.key for made in table.values() for need in made.needs}
    # Roots first, so that a path begins at a service that nobody else needs.
    order = sorted(table, key=lambda key: key in needed)
    walk = _Walk(table, frozenset(provided))
    for key in order:
        walk.visit(key)
    return walk.faults


class _Walk:
    """A depth-first walk without recursion; looks at every edge once."""

    def __init__(self, table: Table, provided: frozenset[Key]) -> None:
        self.faults: list[Fault] = []
        self._table = table
        self._known = tuple(table)
        self._provided = provided
        self._seen: set[Key] = set()

    def visit(self, root: Key) -> None:
        if root in self._seen:
            return
        path: dict[Key, Iterator[Need]] = {root: self._enter(root)}  # insertion order is the path
        while path:
            key = next(reversed(path))
            need = next(path[key], None)
            if need is None:
                del path[key]
            elif self._goes_on(tuple(path), need):
                path[need.key] = self._enter(need.key)

    def _enter(self, key: Key) -> Iterator[Need]:
        self._seen.add(key)
        made = self._table[key]
        if made.defect:
            self.faults.append(Unreadable((key,), made.defect))
        return iter(made.needs)

    def _goes_on(self, path: tuple[Key, ...], need: Need) -> bool:
        user, needed = self._table[path[-1]], self._table.get(need.key)
        if needed is None:
            if not need.optional and need.key not in self._provided:
                self.faults.append(Missing((*path, need.key), self._known))
            return False
        if needed.rank > user.rank:
            self.faults.append(WrongScope((*path, need.key), user.scope, needed.scope))
        if need.key in path:
            self.faults.append(Circle((*path[path.index(need.key) :], need.key)))
        return need.key not in self._seen


def dependents(table: Table, keys: Collection[Key]) -> set[Key]:
    """``keys`` and everything that needs one of them, directly or not."""
    users: dict[Key, list[Key]] = {}
    for made in table.values():
        for need in made.needs:
            users.setdefault(need.key, []).append(made.key)
    found, todo = set(keys), list(keys)
    while todo:
        fresh = [user for user in users.get(todo.pop(), ()) if user not in found]
        found.update(fresh)
        todo.extend(fresh)
    return found
