"""The instances of one scope, in the order of their making; ended in the reverse order."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass

from kadr_kernel.container.recipe import Key, Recipe

__all__ = ["Failure", "Life", "Lives"]

log = logging.getLogger("kadr.container")


@dataclass(slots=True, eq=False)
class Life:
    """One instance with its recipe."""

    recipe: Recipe
    instance: object


@dataclass(frozen=True, slots=True)
class Failure:
    """A cleanup that raised; the others went on."""

    key: Key
    step: str
    error: Exception

    def __str__(self) -> str:
        return f"{self.key}: {self.step} raised {type(self.error).__name__}: {self.error}"


class Lives:
    """What is alive and what is started. Thread-safe; runs services' code outside its lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: list[Life] = []
        self._started: list[Life] = []
        self.instances: dict[Key, object] = {}
        """What get returns; a replaced fallback is alive but no longer here."""

    def add(self, life: Life, *, started: bool, current: Callable[[], bool]) -> bool:
        """Take an instance in, unless ``current`` says that it is out of date already."""
        with self._lock:
            if not current():
                return False
            self._made.append(life)
            if started:
                self._started.append(life)
            self.instances[life.recipe.key] = life.instance
            return True

    def find(self, recipe: Recipe) -> Life | None:
        """The life of a recipe."""
        with self._lock:
            return next((life for life in self._made if life.recipe is recipe), None)

    def lives(self) -> list[Life]:
        """Those that get would return, in the order of their making."""
        with self._lock:
            return [life for life in self._made if self.instances.get(life.recipe.key) is life.instance]

    def is_started(self, life: Life) -> bool:
        """True between its start and its stop."""
        with self._lock:
            return life in self._started

    def mark_started(self, life: Life) -> None:
        """Its start has returned."""
        with self._lock:
            self._started.append(life)

    def forget(self, recipes: Collection[Recipe]) -> None:
        """Do not return them any more, but keep them alive."""
        gone = set(recipes)
        with self._lock:
            for life in self._made:
                if life.recipe in gone and self.instances.get(life.recipe.key) is life.instance:
                    del self.instances[life.recipe.key]

    def stop(self, recipes: Collection[Recipe] | None = None) -> list[Failure]:
        """Stop those that are started (of ``recipes``, or all), the last started first."""
        return self._end(self._started, "stop", recipes)

    def end(self, recipes: Collection[Recipe] | None = None) -> list[Failure]:
        """Stop and then close them (of ``recipes``, or all), the last made first."""
        if recipes is None:
            with self._lock:
                self.instances.clear()
        else:
            self.forget(recipes)
        return self.stop(recipes) + self._end(self._made, "close", recipes)

    def _end(self, stack: list[Life], step: str, recipes: Collection[Recipe] | None) -> list[Failure]:
        wanted = None if recipes is None else set(recipes)
        failures: list[Failure] = []
        while (life := self._pop(stack, wanted)) is not None:
            failures.extend(run_cleanup(life, step))
        return failures

    def _pop(self, stack: list[Life], wanted: set[Recipe] | None) -> Life | None:
        # One at a time, so that two closing threads share the work and no cleanup runs twice.
        with self._lock:
            for index in range(len(stack) - 1, -1, -1):
                if wanted is None or stack[index].recipe in wanted:
                    return stack.pop(index)
        return None


def run_cleanup(life: Life, step: str) -> list[Failure]:
    """Run ``stop`` or ``close``; what it raises is logged and returned, never raised."""
    try:
        if action := life.recipe.action(step, life.instance):
            action()
    except Exception as error:
        failure = Failure(life.recipe.key, step, error)
        log.warning("%s", failure, exc_info=error)
        return [failure]
    return []
