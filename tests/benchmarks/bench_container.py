"""Container and scheduler: gets a second, a graph of a hundred services, tasks a second."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from _bench import Row, measure, report
from kadr_kernel.container import Container, Registry
from kadr_kernel.pools import Scheduler

SERVICES = 100


def _services() -> list[type]:
    """Classes that each need the one before, by annotation."""
    made: list[type] = []
    for number in range(SERVICES):
        body: dict[str, Any] = {}
        if made:

            def init(self: Any, before: Any) -> None:
                self.before = before

            init.__annotations__ = {"before": made[-1], "return": None}
            body["__init__"] = init
        made.append(type(f"Service{number}", (), body))
    return made


def _graph(classes: Sequence[type]) -> Container:
    registry = Registry()
    for kind in classes:
        registry.provide(kind, kind)
    return Container(registry)


def _gets() -> Callable[[int], None]:
    classes = _services()
    container = _graph(classes)
    container.get(classes[-1])

    def work(count: int) -> None:
        for _ in range(count):
            container.get(classes[-1])

    return work


def _graphs() -> Callable[[int], None]:
    classes = _services()

    def work(count: int) -> None:
        for _ in range(count):
            with _graph(classes) as container:
                container.get(classes[-1])

    return work


def _tasks(scheduler: Scheduler) -> Callable[[int], None]:
    def work(count: int) -> None:
        for _ in range(count):
            scheduler.submit(int).result()

    return work


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    rows: list[Row] = [
        measure("get of an existing instance", _gets(), count=200_000),
        measure(f"{SERVICES} services: read, check, make", _graphs(), count=20),
    ]
    with Scheduler() as scheduler:
        rows.append(measure("submit and wait", _tasks(scheduler), count=5_000))
    return report("container and scheduler", rows, argv)


if __name__ == "__main__":
    sys.exit(main())
