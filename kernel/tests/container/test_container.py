"""Instances: lazy, one per scope, made once by any number of threads, ended in reverse."""

from __future__ import annotations

import dataclasses
import gc
import logging
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, Protocol

import pytest
from kadr_kernel.container import Container, ContainerError, Key, Named, Registry
from kadr_sdk.errors import InternalError, ServiceNotFoundError, StorageError
from kadr_sdk.services import Container as ContainerProtocol


class Bus(Protocol): ...


class Project(Protocol): ...


class Timeline:
    def __init__(self, bus: Bus, project: Project) -> None:
        self.bus, self.project = bus, project


@dataclasses.dataclass
class Job:
    timeline: Timeline
    disk: Annotated[Bus, Named("disk")]
    container: ContainerProtocol


def scoped() -> Registry:
    registry = Registry()
    registry.provide(Bus, object)
    registry.provide(Bus, object, name="disk")
    registry.given(Project, "project")
    registry.provide(Timeline, Timeline, scope="project")
    registry.provide(Job, Job, scope="job")
    return registry


def test_instances_are_one_per_scope() -> None:
    container = Container(scoped())
    with container.scope("project", {Project: "p1"}) as project:
        with project.scope("job") as first, project.scope("job") as second:
            assert first.get(Job) is first.get(Job)
            assert first.get(Job) is not second.get(Job)
            assert first.get(Job).timeline is second.get(Job).timeline is project.get(Timeline)
            assert first.get(Job).disk is container.get(Bus, "disk") is not container.get(Bus)
            assert first.get(Job).container is first
            assert project.get(Timeline).project == "p1"
        with container.scope("project", {Project: "p2"}) as other:
            assert other.get(Timeline) is not project.get(Timeline)
            assert other.get(Timeline).bus is project.get(Timeline).bus
    assert container.get(ContainerProtocol) is container


def test_a_narrow_service_is_refused_in_a_wide_scope() -> None:
    container = Container(scoped())
    with pytest.raises(ServiceNotFoundError) as caught:
        container.get(Job)
    assert str(caught.value) == (
        "Job lives in scope 'job', which is not open here (ask inside container.scope('job'))"
    )
    with container.scope("job") as job, pytest.raises(ServiceNotFoundError, match="scope 'project'"):
        job.get(Job)


def test_scopes_open_inwards_with_what_they_are_given() -> None:
    container = Container(scoped())
    with pytest.raises(ServiceNotFoundError, match="Project needs to be given"), container.scope("project"):
        pass
    with (
        pytest.raises(ServiceNotFoundError, match="Bus is not declared as given"),
        container.scope("job", {Bus: 1}),
    ):
        pass
    with (
        container.scope("job") as job,
        pytest.raises(InternalError, match="cannot be opened inside 'job'"),
        job.scope("project", {Key(Project): 1}),
    ):
        pass


def test_an_unknown_service_has_a_hint() -> None:
    with pytest.raises(ServiceNotFoundError) as caught:
        Container(scoped()).get(Bus, "dsk")
    assert str(caught.value) == "nothing provides Bus[dsk] (did you mean 'Bus[disk]'?)"


def test_nothing_is_made_before_it_is_asked_for() -> None:
    made: list[str] = []
    registry = Registry()
    registry.provide(Bus, lambda: made.append("bus") or object())
    registry.provide(Project, lambda: made.append("project") or object())
    container = Container(registry)
    assert made == []
    container.get(Bus)
    assert made == ["bus"]


def test_close_is_last_in_first_out_over_scopes_and_survives_failures(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended: list[str] = []

    def fail(_: Any) -> None:
        ended.append("timeline")
        raise OSError("disk gone")

    registry = Registry()
    registry.provide(Bus, object, close=lambda _: ended.append("bus"))
    registry.given(Project, "project")
    registry.provide(Timeline, Timeline, scope="project", close=fail)
    registry.provide(Job, needs_timeline, scope="job", close=lambda _: ended.append("job"))
    container = Container(registry)
    with caplog.at_level(logging.WARNING, "kadr.container"):
        project = container._child("project", {Key(Project): "p"})
        project._child("job", {}).get(Job)
        (failure,) = container.close()
    assert ended == ["job", "timeline", "bus"]
    assert str(failure) == "Timeline: close raised OSError: disk gone"
    assert "disk gone" in caplog.text
    assert container.close() == []


def needs_timeline(timeline: Timeline) -> object:
    return object()


def test_a_failing_cleanup_does_not_mask_the_error_of_the_block() -> None:
    registry = Registry()
    registry.provide(Bus, object, close=lambda _: 1 / 0)
    container = Container(registry)
    container.get(Bus)
    with pytest.raises(KeyError, match="mine"), container:
        raise KeyError("mine")
    assert container.get(Bus)


def test_a_closed_container_can_be_used_again() -> None:
    container = Container(scoped())
    first = container.get(Bus)
    with container.scope("project", {Project: "p"}) as project:
        timeline = project.get(Timeline)
        container.close()
        assert project.get(Timeline) is not timeline
        assert container._tree() == [container, project]
    assert container.get(Bus) is not first
    assert container._tree() == [container]


def test_close_asked_for_uses_the_method_where_there_is_one() -> None:
    class File:
        closed = False

        def close(self) -> None:
            self.closed = True

    file, untouched = File(), File()
    registry = Registry()
    registry.value(Bus, file, close=True)
    registry.value(Bus, untouched, name="lent")
    registry.value(Bus, 3, name="plain", close=True)
    container = Container(registry)
    for name in ("", "lent", "plain"):
        container.get(Bus, name)
    assert container.close() == []
    assert (file.closed, untouched.closed) == (True, False)


def test_a_factory_that_raises_is_named_and_tried_again() -> None:
    attempts: list[int] = []

    def flaky() -> object:
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError("no")
        return object()

    registry = Registry()
    registry.contribute(Bus, flaky, "", "kernel", "org.flaky")
    container = Container(registry)
    with pytest.raises(ContainerError) as caught:
        container.get(Bus)
    assert str(caught.value) == (
        "a service failed\n  - Bus: Bus (of plugin org.flaky) could not be made: ValueError: no"
    )
    assert isinstance(caught.value.__cause__, ValueError)
    assert container.get(Bus)


def test_an_error_of_ours_keeps_its_kind() -> None:
    def full() -> object:
        raise StorageError("the disk is full")

    registry = Registry()
    registry.provide(Bus, full)
    with pytest.raises(StorageError, match="the disk is full"):
        Container(registry).get(Bus)


def test_a_hundred_threads_get_one_instance() -> None:
    made: list[object] = []

    def slow() -> object:
        time.sleep(0.02)
        made.append(object())
        return made[-1]

    registry = Registry()
    registry.provide(Bus, slow)
    container = Container(registry)
    barrier = threading.Barrier(100)

    def ask() -> object:
        barrier.wait()
        return container.get(Bus)

    with ThreadPoolExecutor(100) as threads:
        found = {id(f.result()) for f in [threads.submit(ask) for _ in range(100)]}
    assert len(made) == len(found) == 1


def test_independent_services_are_made_at_the_same_time() -> None:
    barrier = threading.Barrier(2, timeout=5)
    registry = Registry()
    registry.provide(Bus, barrier.wait)
    registry.provide(Bus, lambda: barrier.wait(), name="disk")
    container = Container(registry)
    with ThreadPoolExecutor(2) as threads:
        assert len(list(threads.map(lambda name: container.get(Bus, name), ("", "disk")))) == 2


def test_a_circle_made_at_run_time_is_an_error_in_one_thread() -> None:
    registry = Registry()
    container = Container(registry)
    registry.provide(Bus, lambda: container.get(Bus, "disk"))
    registry.provide(Bus, lambda: container.get(Bus), name="disk")
    with pytest.raises(ContainerError, match="Bus needs itself"):
        container.get(Bus)


def test_a_circle_over_threads_is_an_error_and_no_deadlock() -> None:
    registry = Registry()
    container = Container(registry)
    barrier = threading.Barrier(2)
    names = ("", "disk")

    def crossed(name: str) -> Any:
        def make() -> object:
            if not barrier.broken:
                barrier.wait(5)
            return container.get(Bus, name)

        return make

    registry.provide(Bus, crossed("disk"))
    registry.provide(Bus, crossed(""), name="disk")
    errors: list[BaseException] = []

    def ask(name: str) -> None:
        try:
            container.get(Bus, name)
        except ContainerError as error:
            errors.append(error)
        finally:
            barrier.abort()

    threads = [threading.Thread(target=ask, args=(name,), daemon=True) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)
    assert len(errors) == 2
    assert all("needs itself" in str(error) for error in errors)


def test_a_recipe_removed_while_it_is_made_leaves_nothing_behind() -> None:
    begun, go_on, closed = threading.Event(), threading.Event(), []

    def slow() -> object:
        begun.set()
        go_on.wait(5)
        return object()

    registry = Registry()
    registry.provide(Bus, slow, owner="a.b", close=lambda _: closed.append(1))
    container = Container(registry)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(container.get, Bus)
        begun.wait(5)
        registry.remove_owner("a.b")
        go_on.set()
        with pytest.raises(ServiceNotFoundError):
            asked.result(5)
    assert closed == [1]


def test_a_dropped_container_is_not_kept_by_the_registry() -> None:
    registry = Registry()
    container = Container(registry)
    reference = weakref.ref(container)
    del container
    gc.collect()
    assert reference() is None
    registry.provide(Bus, object)
