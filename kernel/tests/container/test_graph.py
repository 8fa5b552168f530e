"""The graph is checked whole before the first get: every fault at once, with path and hint."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated, Protocol

import pytest
from kadr_kernel.container import Container, ContainerError, Named, Registry

if TYPE_CHECKING:
    from decimal import Decimal


class Cache(Protocol): ...


class Store(Protocol): ...


class Index(Protocol): ...


class Render(Protocol): ...


class Preview(Protocol): ...


def one(kind: object) -> object:
    return object()


def render(cache: Annotated[Cache, Named("dsk")], index: Index) -> object:
    return object()


def index(store: Store) -> object:
    return object()


def store(index: Index) -> object:
    return object()


def preview(cache: Annotated[Cache, Named("disk")]) -> object:
    return object()


def unread(amount: Decimal) -> object:
    return object()


def bare(something) -> object:  # type: ignore[no-untyped-def]  # wrong on purpose
    return object()


def message(registry: Registry, kind: type) -> str:
    with pytest.raises(ContainerError) as caught:
        Container(registry).get(kind)
    return str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    registry = Registry()
    registry.provide(Cache, object, name="disk", scope="job")
    registry.provide(Render, render)
    registry.provide(Index, index)
    registry.provide(Store, store)
    registry.provide(Preview, preview)
    assert message(registry, Preview) == (
        "the services do not fit together\n"
        "  - Render → Cache[dsk]: nothing provides Cache[dsk] (did you mean 'Cache[disk]'?)\n"
        "  - Index → Store → Index: Index needs itself"
        " (let one of them ask the container when it needs the other)\n"
        "  - Preview → Cache[disk]: Preview lives in scope 'kernel' and cannot hold"
        " Cache[disk] of scope 'job'"
        " (move Preview to scope 'job', or Cache[disk] to 'kernel')"
    )


def test_a_path_begins_at_the_service_that_nobody_else_needs() -> None:
    registry = Registry()
    registry.provide(Index, index)
    registry.provide(Render, lambda: object())
    registry.provide(Preview, needs_index)
    assert "Preview → Index → Store: nothing provides Store" in message(registry, Preview)


def needs_index(index: Index) -> object:
    return object()


def test_a_service_may_not_need_itself() -> None:
    registry = Registry()
    registry.provide(Index, needs_index)
    assert "Index → Index: Index needs itself" in message(registry, Index)


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        (unread, "its annotations cannot be read: name 'Decimal' is not defined"),
        (bare, "its parameter 'something' has no annotation"),
    ],
)
def test_an_unreadable_factory_is_a_fault_like_any_other(factory: object, reason: str) -> None:
    registry = Registry()
    registry.provide(Store, factory)  # type: ignore[arg-type]  # wrong on purpose
    registry.provide(Render, render)
    text = message(registry, Store)
    assert f"Store: {reason}" in text or f"Store: Store: {reason}" in text
    assert "nothing provides Index" in text


def test_a_long_chain_is_checked_without_recursion() -> None:
    registry = Registry()
    kinds = [type(f"K{i}", (), {}) for i in range(3000)]

    def needing(kind: type) -> object:
        def make(dependency: object) -> object:
            return dependency

        make.__annotations__["dependency"] = kind
        return make

    from kadr_kernel.container.graph import find_faults
    from kadr_kernel.container.recipe import recipe

    # Types made at run time.
    chain = [recipe(a, needing(b)) for a, b in itertools.pairwise(kinds)]  # type: ignore[arg-type]
    table = {r.key: r for r in chain}
    (fault,) = find_faults(table)
    assert len(fault.path) == 3000
    assert registry.table == {}


def test_kinds_of_one_name_are_told_apart() -> None:
    other = type("Cache", (), {"__module__": "elsewhere"})
    registry = Registry()
    registry.provide(other, object)
    registry.provide(Render, lambda: object())

    def needs_cache(cache: Cache) -> object:
        return object()

    registry.provide(Preview, needs_cache)
    text = message(registry, Preview)
    assert f"(another one of that name is provided: elsewhere.Cache, not {__name__}.Cache)" in text


def test_errors_render_when_read_and_cross_process_borders() -> None:
    import pickle

    registry = Registry()
    registry.provide(Index, index)
    with pytest.raises(ContainerError) as caught:
        registry.check()
    assert [str(k) for k in caught.value.faults[0].path] == ["Index", "Store"]
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.as_dict()["problems"][0]["path"] == "Index → Store"
