"""The container: the instances of one scope.

Kernel > project > job: a container hands out what lives in its scope and in the wider ones
around it. Instances are made on first use, once, and end in reverse order.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from kadr_sdk.errors import InternalError, KadrError, ServiceNotFoundError

from kadr_kernel.container.faults import Circle, ContainerError, missing_hint, not_made
from kadr_kernel.container.health import HealthRow, Pinger
from kadr_kernel.container.lives import Failure, Life, Lives, run_cleanup
from kadr_kernel.container.makers import CircularWait, Makers
from kadr_kernel.container.recipe import SCOPES, Key, Recipe
from kadr_kernel.container.registry import PROVIDED, Registry
from kadr_kernel.container.startup import begin_all, run_start, start_error, start_order

__all__ = ["Container"]

T = TypeVar("T")
_ABSENT = object()


class Container:
    """Instances by Protocol and name; satisfies :class:`kadr_sdk.services.Container`.

    The registry outlives it. After :meth:`close` it can be used again: everything is made anew.
    """

    def __init__(self, registry: Registry) -> None:
        self._setup(registry, None, "kernel", Makers(), {})
        registry.attach(self)

    def _setup(
        self,
        registry: Registry,
        parent: Container | None,
        scope: str,
        makers: Makers,
        given: Mapping[Key, object],
    ) -> None:
        self._registry, self._parent, self.scope_name, self._makers = registry, parent, scope, makers
        self._given = dict(given)
        self._lives = Lives()
        self._instances = self._lives.instances
        self._children: dict[Container, None] = {}  # ordered; each removes itself when closed
        self._lock = threading.Lock()
        self._starts = False
        self._pinger = Pinger()

    def get(self, kind: type[T], name: str = "") -> T:
        """The instance for this scope, made on first use.

        Raises:
            ServiceNotFoundError: nothing provides it, or only a narrower scope does.
            ContainerError: before the first instance, with every fault of the whole graph;
                or the service's own code raised.
        """
        key = (kind, name)  # building a Key would take longer than the look-up
        # A plain tuple equals a Key.
        found: Any = self._instances.get(key, _ABSENT)  # type: ignore[call-overload]
        # The key's kind is T.
        return self._look_outwards(key) if found is _ABSENT else found  # type: ignore[no-any-return]

    @contextmanager
    def scope(self, name: str, given: Mapping[Any, object] | None = None) -> Iterator[Container]:
        """A narrower container that is closed at the end of the block.

        Inside a started container what it makes is started too.

        Args:
            name: ``project`` or ``job``.
            given: instances for what the registry declares as given, by kind or by Key.

        Raises:
            ServiceNotFoundError: something given is lacking.
        """
        keys = {k if isinstance(k, Key) else Key(k): value for k, value in (given or {}).items()}
        child = self._child(name, keys)
        try:
            yield child
        finally:
            child.close()

    def _child(self, name: str, given: Mapping[Key, object]) -> Container:
        if name not in SCOPES or SCOPES.index(name) <= SCOPES.index(self.scope_name):
            raise InternalError(f"scope {name!r} cannot be opened inside {self.scope_name!r}")
        expected = {r.key for r in self._registry.table.values() if r.scope == name and r.make is None}
        if odd := expected ^ set(given):
            key = min(odd, key=str)
            what = "needs to be given" if key in expected else "is not declared as given"
            raise ServiceNotFoundError(f"{key} {what} when scope {name!r} is opened")
        child = Container.__new__(Container)
        child._setup(self._registry, self, name, self._makers, given)
        child._starts = self._starts
        child._attach()
        return child

    def _attach(self) -> None:
        """Let the wider scopes know this one, so that they close it where nobody else does."""
        if self._parent is not None:
            with self._parent._lock:
                self._parent._children[self] = None
            self._parent._attach()

    def start(self) -> None:
        """Make and start every service of this scope that has a start, in dependency order.

        Independent ones start at the same time. What is made later is started when made.

        Raises:
            ContainerError: one failed; those that were started are stopped again.
            KadrError: the one error, where one failed with an error of its own.
        """
        self._registry.check()
        self._starts = True
        try:
            failures = begin_all(start_order(self._registry.table, self.scope_name), self._begin)
            if failures:
                raise start_error(failures)
        except BaseException:
            self._starts = False
            self.stop()
            raise

    def stop(self) -> list[Failure]:
        """Stop what is started, the last started first; the instances stay."""
        self._starts = False
        return self._lives.stop()

    def close(self) -> list[Failure]:
        """Close the narrower scopes, stop, then close every instance, the last made first.

        Returns:
            The cleanups that raised; they are logged and keep no other from running.
        """
        failures: list[Failure] = []
        self._starts = False
        for child in reversed(list(self._children)):
            failures += child.close()
        failures += self._lives.end()
        if self._parent is not None:
            with self._parent._lock:
                self._parent._children.pop(self, None)
        return failures

    def health(self, limit: float = 1.0) -> list[HealthRow]:
        """How the live services of this scope and of the open narrower ones are, the worst first.

        Services that nobody has asked for are not made for it. ``limit`` is in seconds.
        """
        asks = {}
        for number, container in enumerate(self._tree()):
            suffix = f" ({container.scope_name} {number})" if number else ""
            for life in container._lives.lives():
                if ask := life.recipe.action("health", life.instance):
                    asks[f"{life.recipe.key}{suffix}"] = ask
        return self._pinger.ask(asks, limit)

    @contextmanager
    def override(self, kind: Any, instance: object, *, name: str = "") -> Iterator[None]:
        """Hand out ``instance`` inside the block (tests); what needed the real one is made anew."""
        with self._registry.override(kind, lambda: instance, name=name):
            yield

    def forget(self, recipes: Collection[Recipe]) -> None:
        """Replaced recipes: their instances stay alive but are not handed out any more."""
        for container in self._tree():
            container._lives.forget(recipes)

    def evict(self, recipes: Collection[Recipe]) -> None:
        """Removed recipes: their instances end now, in the narrower scopes first."""
        for container in reversed(self._tree()):
            container._lives.end(recipes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _tree(self) -> list[Container]:
        with self._lock:
            children = list(self._children)
        return [self, *(inner for child in children for inner in child._tree())]

    def _look_outwards(self, key: tuple[Any, str]) -> Any:
        found = self._peek(key)
        if found is _ABSENT:
            self._registry.check()
            found = self._resolve(Key(*key))
        return found

    def _resolve(self, key: Key) -> Any:
        if key in PROVIDED:
            return self
        recipe = self._registry.table.get(key)
        if recipe is None:
            raise ServiceNotFoundError(
                f"nothing provides {key}", hint=missing_hint(key, self._registry.table), service=str(key)
            )
        home: Container | None = self
        while home is not None and home.scope_name != recipe.scope:
            home = home._parent
        if home is None:
            hint = f"ask inside container.scope({recipe.scope!r})"
            raise ServiceNotFoundError(
                f"{key} lives in scope {recipe.scope!r}, which is not open here", hint=hint, service=str(key)
            )
        return home._obtain(recipe)

    def _obtain(self, recipe: Recipe) -> Any:
        """The instance of a recipe of this very scope."""
        while True:
            try:
                with self._makers.claim((id(self), recipe.key)) as claimed:
                    found = self._instances.get(recipe.key, _ABSENT)
                    if found is not _ABSENT:
                        return found
                    if claimed and (life := self._make(recipe)) is not None:
                        return life.instance
            except CircularWait:
                raise ContainerError("services wait for each other", [Circle((recipe.key,))]) from None
            current = self._registry.table.get(recipe.key)
            if current is not recipe:  # removed or replaced while it was made
                return self._resolve(recipe.key)

    def _make(self, recipe: Recipe) -> Life | None:
        """A new instance, or None where the recipes changed meanwhile."""
        table = self._registry.table
        needs = {
            need.parameter: need.key
            for need in recipe.needs
            if not need.optional or need.key in table or need.key in PROVIDED
        }
        arguments = {parameter: self._resolve(key) for parameter, key in needs.items()}
        life = Life(recipe, self._call(recipe, arguments))
        started = self._starts
        if started:
            try:
                run_start(life)
            except BaseException:
                run_cleanup(life, "close")
                raise
        self._attach()  # again: a closed scope may be used anew
        present = {key: arguments[parameter] for parameter, key in needs.items() if key not in PROVIDED}
        if self._lives.add(life, started=started, current=lambda: self._is_current(recipe, present)):
            return life
        if started:
            run_cleanup(life, "stop")
        run_cleanup(life, "close")
        return None

    def _call(self, recipe: Recipe, arguments: Mapping[str, object]) -> object:
        if recipe.make is None:
            return self._given[recipe.key]
        try:
            return recipe.make(**arguments)
        except KadrError:
            raise
        except Exception as error:
            raise ContainerError("a service failed", [not_made(recipe, "made", error)]) from error

    def _is_current(self, recipe: Recipe, present: Mapping[Key, object]) -> bool:
        if self._registry.table.get(recipe.key) is not recipe:
            return False
        return all(self._peek(key) is instance for key, instance in present.items())

    def _peek(self, key: tuple[Any, str]) -> object:
        home: Container | None = self
        while home is not None:
            # A plain tuple equals a Key.
            if (found := home._instances.get(key, _ABSENT)) is not _ABSENT:  # type: ignore[call-overload]
                return found
            home = home._parent
        return _ABSENT

    def _begin(self, key: Key) -> None:
        """Make a service and start it, where it is not started."""
        recipe = self._registry.table[key]
        self._resolve(key)
        with self._makers.claim((id(self), key)) as claimed:
            life = self._lives.find(recipe)
            if not claimed or life is None or self._lives.is_started(life):
                return
            try:
                run_start(life)
            except BaseException:
                self._lives.end([recipe])
                raise
            self._lives.mark_started(life)
