"""Recipes come and go: fallbacks, overrides, plugins' services added and removed whole."""

from __future__ import annotations

import threading
from typing import Annotated, Protocol

import pytest
from kadr_kernel.container import Container, ContainerError, Named, Registry
from kadr_sdk.errors import ServiceNotFoundError


class Tracer(Protocol): ...


class Cache(Protocol): ...


class Pipeline:
    def __init__(self, tracer: Tracer, cache: Cache | None = None) -> None:
        self.tracer, self.cache, self.closed = tracer, cache, False

    def close(self) -> None:
        self.closed = True


class Closing:
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class Missing(Protocol): ...


def needs_missing(missing: Missing) -> object:
    return missing


def needs_other(other: Annotated[Cache, Named("two")]) -> object:
    return other


def test_a_plugin_takes_the_place_of_a_fallback_and_gives_it_back() -> None:
    registry = Registry()
    registry.provide(Tracer, Closing, fallback=True, close=True)
    registry.provide(Pipeline, Pipeline, close=True)
    container = Container(registry)
    silent, pipeline = container.get(Tracer), container.get(Pipeline)
    registry.contribute(Tracer, Closing, "", "kernel", "org.trace")
    real = container.get(Tracer)
    assert real is not silent
    assert (silent.closed, pipeline.closed) == (0, False), "those who hold the fallback keep it"
    assert container.get(Pipeline) is pipeline
    registry.remove_owner("org.trace")
    assert real.closed == 1
    assert container.get(Tracer) is not real
    container.close()
    assert silent.closed == 1


def test_removal_ends_what_needed_the_removed_in_reverse_order() -> None:
    ended: list[str] = []
    registry = Registry()
    registry.provide(Pipeline, Pipeline, scope="job", close=lambda _: ended.append("pipeline"))
    registry.provide(Tracer, Closing, owner="a.b", close=lambda _: ended.append("tracer"))
    registry.provide(Cache, Closing, close=lambda _: ended.append("cache"))
    container = Container(registry)
    with container.scope("job") as job:
        job.get(Pipeline)
        registry.remove_owner("a.b")
        assert ended == ["pipeline", "tracer"]
        with pytest.raises(ServiceNotFoundError, match="nothing provides Tracer"):
            job.get(Pipeline)
        assert job.get(Cache) is container.get(Cache)
    assert ended == ["pipeline", "tracer"]


def test_services_of_a_plugin_are_added_together_or_not_at_all() -> None:
    registry = Registry()
    registry.provide(Tracer, Closing)
    container = Container(registry)
    container.get(Tracer)
    before = registry.table
    with pytest.raises(ContainerError, match="nothing provides Missing"):
        registry.add(
            registry.contributed(Cache, Closing, "one", "kernel", "a.b"),
            registry.contributed(Cache, needs_missing, "two", "kernel", "a.b"),
        )
    assert registry.table is before
    registry.add(
        registry.contributed(Cache, needs_other, "one", "kernel", "a.b"),
        registry.contributed(Cache, Closing, "two", "kernel", "a.b"),
    )
    assert container.get(Cache, "one") is container.get(Cache, "two")


def test_a_taken_key_is_refused_by_name() -> None:
    registry = Registry()
    registry.contribute(Cache, Closing, "", "kernel", "org.first")
    with pytest.raises(ContainerError) as caught:
        registry.contribute(Cache, Closing, "", "kernel", "org.second")
    assert str(caught.value) == (
        "services cannot be added\n"
        "  - Cache: plugin org.second provides Cache, which plugin org.first provides"
        " (give it a name of its own, or disable one of the two)"
    )


def test_what_a_leaving_plugin_broke_keeps_nobody_else_out() -> None:
    registry = Registry()
    registry.provide(Pipeline, Pipeline)
    registry.provide(Tracer, Closing, owner="a.b")
    container = Container(registry)
    container.get(Pipeline)
    registry.remove_owner("a.b")
    registry.contribute(Cache, Closing, "", "kernel", "c.d")
    assert container.get(Cache)


def test_an_override_reaches_those_who_need_it_and_ends() -> None:
    registry = Registry()
    registry.provide(Tracer, Closing)
    registry.provide(Pipeline, Pipeline)
    container = Container(registry)
    real = container.get(Pipeline)
    fake, inner = object(), object()
    with container.override(Tracer, fake):
        assert container.get(Pipeline).tracer is fake
        with container.override(Tracer, inner):
            assert container.get(Pipeline).tracer is inner
        assert container.get(Tracer) is fake
    assert container.get(Pipeline) is not real
    assert container.get(Pipeline).tracer not in (fake, inner)


def test_an_override_ends_when_the_block_raises() -> None:
    registry = Registry()
    container = Container(registry)
    with pytest.raises(ZeroDivisionError), container.override(Tracer, 1):
        assert 1 / (container.get(Tracer) - 1)
    with pytest.raises(ServiceNotFoundError):
        container.get(Tracer)


def test_an_optional_need_is_filled_where_it_can_be() -> None:
    registry = Registry()
    registry.provide(Tracer, Closing)
    registry.provide(Pipeline, Pipeline)
    assert Container(registry).get(Pipeline).cache is None
    registry.provide(Cache, Closing)
    assert isinstance(Container(registry).get(Pipeline).cache, Closing)


@pytest.mark.parametrize("scope", ["session", ""])
def test_unknown_scopes_are_refused(scope: str) -> None:
    with pytest.raises(ValueError, match="unknown scope"):
        Registry().provide(Cache, Closing, scope=scope)
    with pytest.raises(ValueError, match="unknown scope"):
        Registry().given(Cache, scope)


def test_a_plugin_that_comes_and_goes_under_many_readers_leaves_no_closed_service_in_use() -> None:
    registry = Registry()
    registry.provide(Tracer, Closing, fallback=True)
    registry.provide(Pipeline, Pipeline, close=True)
    container = Container(registry)
    stop, odd = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            tracer, pipeline = container.get(Tracer), container.get(Pipeline)
            if not isinstance(tracer, Closing) or not isinstance(pipeline, Pipeline):
                odd.append((tracer, pipeline))

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    made: list[Closing] = []

    def real() -> Closing:
        made.append(Closing())
        return made[-1]

    try:
        for _ in range(60):
            registry.contribute(Tracer, real, "", "kernel", "a.b")
            container.get(Tracer)
            registry.remove_owner("a.b")
    finally:
        stop.set()
        for reader in readers:
            reader.join(10)
    assert odd == []
    assert not any(reader.is_alive() for reader in readers)
    assert made
    assert [service.closed for service in made] == [1] * len(made)
    assert container.get(Pipeline).tracer is container.get(Tracer)
    assert not container.get(Pipeline).closed
