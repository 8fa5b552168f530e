"""Start in dependency order, independent ones at once, roll back on failure, stop in reverse."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

import pytest
from kadr_kernel.container import Container, ContainerError, Registry
from kadr_sdk.errors import StorageError


class Store(Protocol): ...


class Bus(Protocol): ...


class Api(Protocol): ...


class Late(Protocol): ...


def api(store: Store, bus: Bus) -> object:
    return object()


def late(api: Api) -> object:
    return object()


class Log:
    """Writes down what happens, from any thread."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> Callable[[object], object]:
        return lambda _: self.lines.append(line)


def provide(registry: Registry, kind: type, make: Callable[..., object], log: Log, name: str) -> None:
    registry.provide(
        kind, make, start=log(f"+{name}"), stop=log(f"-{name}"), close=log(f"x{name}"), owner="o.o"
    )


def three(log: Log) -> Registry:
    registry = Registry()
    provide(registry, Api, api, log, "api")
    provide(registry, Store, object, log, "store")
    provide(registry, Bus, object, log, "bus")
    return registry


def test_needs_start_first_and_stop_last() -> None:
    log = Log()
    container = Container(three(log))
    container.start()
    assert sorted(log.lines[:2]) == ["+bus", "+store"]
    assert log.lines[2:] == ["+api"]
    started = [line[1:] for line in log.lines]
    container.close()
    assert [line for line in log.lines if line[0] == "-"] == [f"-{name}" for name in reversed(started)]
    assert [line[0] for line in log.lines] == list("+++---xxx")
    container.close()
    assert len(log.lines) == 9


def test_independent_services_start_at_the_same_time() -> None:
    barrier = threading.Barrier(2, timeout=5)
    registry = Registry()
    registry.provide(Store, object, start=lambda _: barrier.wait())
    registry.provide(Bus, object, start=lambda _: barrier.wait())
    Container(registry).start()
    assert not barrier.broken


def test_a_failing_start_rolls_back_what_was_started() -> None:
    log = Log()
    registry = three(log)

    def refuse(_: object) -> None:
        raise RuntimeError("port taken")

    registry.provide(Late, late, start=refuse, stop=log("-late"), close=log("xlate"), owner="org.late")
    container = Container(registry)
    with pytest.raises(ContainerError) as caught:
        container.start()
    assert str(caught.value) == (
        "a service failed\n  - Late: Late (of plugin org.late) could not be started: RuntimeError: port taken"
    )
    started = [line[1:] for line in log.lines if line[0] == "+"]
    assert log.lines[3:] == ["xlate", *(f"-{name}" for name in reversed(started))]
    container.close()
    assert log.lines.count("xlate") == 1
    assert log.lines.count("-api") == 1


def test_what_needs_the_failing_one_is_never_started() -> None:
    log = Log()
    registry = three(log)
    registry.remove_owner("o.o")
    provide(registry, Api, api, log, "api")
    provide(registry, Bus, object, log, "bus")

    def full(_: object) -> None:
        raise StorageError("the disk is full")

    registry.provide(Store, object, start=full)
    with pytest.raises(StorageError, match="the disk is full"):
        Container(registry).start()
    assert "+api" not in log.lines
    assert log.lines in ([], ["+bus", "-bus"])


def test_two_failures_at_the_same_time_are_both_told() -> None:
    barrier = threading.Barrier(2, timeout=5)

    def fail(_: object) -> None:
        barrier.wait()
        raise OSError("no")

    registry = Registry()
    registry.provide(Store, object, start=fail)
    registry.provide(Bus, object, start=fail)
    with pytest.raises(ContainerError) as caught:
        Container(registry).start()
    assert sorted(p.path for p in caught.value.problems) == ["Bus", "Store"]


def test_a_failed_start_can_be_tried_again() -> None:
    log, attempts = Log(), []

    def flaky(_: object) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise StorageError("not yet")

    registry = three(log)
    registry.provide(Late, late, start=flaky)
    container = Container(registry)
    with pytest.raises(StorageError):
        container.start()
    container.start()
    assert len(attempts) == 2
    assert log.lines.count("+api") == 2, "it was stopped by the roll back"


def test_start_reaches_what_was_made_before_and_what_is_made_later() -> None:
    log = Log()
    registry = three(log)
    container = Container(registry)
    container.get(Store)
    assert log.lines == []
    container.start()
    assert log.lines.count("+store") == 1
    provide(registry, Late, late, log, "late")
    container.get(Late)
    assert log.lines[-1] == "+late"
    container.start()
    assert log.lines.count("+late") == 1
    container.stop()
    assert log.lines[4] == "-late"


def test_a_late_start_that_fails_hands_nothing_out() -> None:
    log = Log()
    registry = three(log)
    container = Container(registry)
    container.start()
    registry.provide(Late, late, start=lambda _: 1 / 0, close=log("xlate"))
    for _ in range(2):
        with pytest.raises(ContainerError, match="ZeroDivisionError"):
            container.get(Late)
    assert log.lines.count("xlate") == 2


def test_services_without_a_start_stay_lazy() -> None:
    made: list[int] = []
    registry = three(Log())
    registry.provide(Late, lambda: made.append(1))
    Container(registry).start()
    assert made == []


def test_a_scope_opened_inside_a_started_one_starts_what_it_makes() -> None:
    log = Log()
    registry = three(log)
    registry.provide(Late, late, scope="job", start=log("+late"), stop=log("-late"))
    container = Container(registry)
    with container.scope("job") as job:
        job.get(Late)
    assert log.lines == []
    container.start()
    with container.scope("job") as job:
        job.get(Late)
        assert log.lines[3:] == ["+late"]
    assert log.lines[3:] == ["+late", "-late"]
