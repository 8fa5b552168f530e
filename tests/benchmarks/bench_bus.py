"""Event bus: events published a second, each a fresh event with envelope, journal and isolation."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Sequence

from _bench import Row, measure, report
from kadr_kernel.events import Bus, correlation
from kadr_sdk.events import Event, MemoryPressureRaised


def _ignore(_event: Event) -> None:
    pass


def _publisher(bus: Bus) -> Callable[[int], None]:
    def work(count: int) -> None:
        for number in range(count):
            bus.publish(MemoryPressureRaised(number, count))

    return work


def _with_subscribers(count: int) -> Callable[[int], None]:
    bus = Bus()
    for _ in range(count):
        bus.subscribe(MemoryPressureRaised, _ignore)
    return _publisher(bus)


def _in_a_job() -> Callable[[int], None]:
    publish = _with_subscribers(1)

    def work(count: int) -> None:
        with correlation("job-1"):
            publish(count)

    return work


def _by_a_plugin() -> Callable[[int], None]:
    bus = Bus()
    view = bus.for_plugin("org.example.bench")
    view.subscribe(MemoryPressureRaised, _ignore)

    def work(count: int) -> None:
        for number in range(count):
            view.publish(MemoryPressureRaised(number, count))

    return work


def _to_a_full_stream() -> Callable[[int], None]:
    bus = Bus()
    bus.stream(size=100)
    return _publisher(bus)


def _from_threads(threads: int) -> Callable[[int], None]:
    publish = _with_subscribers(1)

    def work(count: int) -> None:
        workers = [threading.Thread(target=publish, args=(count // threads,)) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    return work


def _beside_a_failing_one() -> Callable[[int], None]:
    """Every second call of one of two subscribers raises; its reports are events too."""
    logging.getLogger("kadr_kernel.events.bus").disabled = True
    bus = Bus()
    bus.subscribe(MemoryPressureRaised, _ignore)

    def fail(event: MemoryPressureRaised) -> None:
        if event.used % 2:
            raise OSError("the disk is full")

    bus.subscribe(MemoryPressureRaised, fail)
    return _publisher(bus)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report."""
    rows: list[Row] = [
        measure("no subscriber", _publisher(Bus()), count=100_000),
        measure("one subscriber", _with_subscribers(1), count=100_000),
        measure("one subscriber, in a job", _in_a_job(), count=100_000),
        measure("one subscriber, by a plugin", _by_a_plugin(), count=100_000),
        measure("one subscriber, from 4 threads", _from_threads(4), count=100_000),
        measure("ten subscribers", _with_subscribers(10), count=50_000),
        measure("a full stream", _to_a_full_stream(), count=50_000),
        measure("two subscribers, one failing half", _beside_a_failing_one(), count=10_000),
    ]
    return report("event bus, events a second", rows, argv)


if __name__ == "__main__":
    sys.exit(main())
