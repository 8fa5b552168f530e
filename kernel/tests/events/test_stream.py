from __future__ import annotations

import threading
import time

import pytest
from kadr_kernel.events import BoundedStream, Bus
from kadr_sdk.events import Event, PluginStopped, SystemStopped, WarningRaised
from kadr_sdk.services import EventStream


def _numbers(stream: BoundedStream) -> list[str]:
    stream.close()
    return [e.event.plugin for e in stream if isinstance(e.event, PluginStopped)]


def _publish(bus: Bus, count: int) -> None:
    for n in range(count):
        bus.publish(PluginStopped(str(n)))


@pytest.fixture
def bus() -> Bus:
    return Bus()


def test_is_the_contract(bus: Bus) -> None:
    stream: EventStream = bus.stream()
    assert stream.get(timeout=0) is None


@pytest.mark.parametrize(("drop", "left"), [("oldest", ["7", "8", "9"]), ("newest", ["0", "1", "2"])])
def test_a_full_queue_drops_by_its_policy_and_counts(bus: Bus, drop: str, left: list[str]) -> None:
    stream = bus.stream(PluginStopped, size=3, drop=drop)
    _publish(bus, 10)
    assert len(stream) == 3
    assert stream.dropped == 7
    assert _numbers(stream) == left


def test_nothing_is_dropped_until_it_is_full(bus: Bus) -> None:
    stream = bus.stream(PluginStopped, size=3)
    _publish(bus, 3)
    assert stream.dropped == 0
    assert _numbers(stream) == ["0", "1", "2"]


def test_kinds_are_a_union_and_none_means_all(bus: Bus) -> None:
    some, all_of_them, doubled = (
        bus.stream(PluginStopped, SystemStopped),
        bus.stream(),
        bus.stream(Event, SystemStopped),
    )
    bus.publish(PluginStopped("a"))
    bus.publish(WarningRaised("b"))
    bus.publish(SystemStopped())
    bus.close()
    assert [e.id for e in some] == [1, 3]
    assert [e.id for e in all_of_them] == [1, 2, 3]
    assert [e.id for e in doubled] == [1, 2, 3], "an event of two kinds comes once"


def test_get_waits_for_an_event(bus: Bus) -> None:
    stream = bus.stream(SystemStopped)
    timer = threading.Timer(0.02, lambda: bus.publish(SystemStopped()))
    timer.start()
    envelope = stream.get(timeout=5)
    timer.join()
    assert envelope is not None
    assert envelope.event == SystemStopped()


def test_get_gives_up_after_its_timeout(bus: Bus) -> None:
    stream = bus.stream()
    begin = time.monotonic()
    assert stream.get(timeout=0.05) is None
    assert 0.04 < time.monotonic() - begin < 20


def test_close_wakes_every_waiting_reader(bus: Bus) -> None:
    stream = bus.stream(PluginStopped)
    got: list[int] = []

    def read() -> None:
        for envelope in stream:
            got.append(envelope.id)

    readers = [threading.Thread(target=read, daemon=True) for _ in range(3)]
    for reader in readers:
        reader.start()
    _publish(bus, 20)
    while len(got) < 20:
        time.sleep(0.001)
    time.sleep(0.02)  # now all of them wait
    stream.close()
    stream.close()
    for reader in readers:
        reader.join(timeout=5)
    assert not any(reader.is_alive() for reader in readers)
    assert sorted(got) == list(range(1, 21))
    _publish(bus, 1)
    assert stream.get(timeout=0) is None


def test_a_slow_reader_never_blocks_the_publisher(bus: Bus) -> None:
    stream = bus.stream(PluginStopped, size=10)
    taken = 0
    finished = threading.Event()

    def read() -> None:
        nonlocal taken
        for _ in stream:
            taken += 1
            finished.wait(0.002)

    reader = threading.Thread(target=read)
    reader.start()
    _publish(bus, 2000)
    finished.set()
    stream.close()
    reader.join(timeout=5)
    assert taken + stream.dropped == 2000
    assert stream.dropped > 0


@pytest.mark.parametrize(
    ("size", "drop", "text"), [(0, "oldest", "at least one"), (1, "all", "'oldest' or 'newest'")]
)
def test_refuses_bad_options(bus: Bus, size: int, drop: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        bus.stream(size=size, drop=drop)
    assert bus.cancel_owned(None) == 0
