from __future__ import annotations

import threading

from kadr_kernel.events import Bus
from kadr_kernel.plugins.outbox import Outbox
from kadr_sdk.events import Event, WarningRaised


def test_events_put_by_a_subscriber_come_after() -> None:
    bus = Bus()
    outbox = Outbox(bus)
    heard: list[str] = []

    def hear(event: WarningRaised) -> None:
        heard.append(event.message)
        if event.message == "one":
            outbox.put([WarningRaised("three")])
            outbox.send()
            assert heard == ["one"]

    bus.subscribe(WarningRaised, hear)
    outbox.put([WarningRaised("one"), WarningRaised("two")])
    outbox.send()
    assert heard == ["one", "two", "three"]


def test_what_comes_while_sending_ends_is_not_left_behind() -> None:
    bus = Bus()
    outbox = Outbox(bus)
    real = outbox._sending
    late = [WarningRaised("late")]

    class Lock:
        def acquire(self, *, blocking: bool) -> bool:
            return real.acquire(blocking=blocking)

        def release(self) -> None:
            if late:
                outbox.put([late.pop()])
                outbox.send()
            real.release()

    outbox._sending = Lock()  # type: ignore[assignment]  # a lock with a trap
    outbox.put([WarningRaised("one")])
    outbox.send()
    # Both are warnings.
    assert [e.event.message for e in bus.journal()] == ["one", "late"]  # type: ignore[attr-defined]


def test_threads_lose_nothing_and_keep_their_order() -> None:
    bus = Bus(journal_size=10)
    outbox = Outbox(bus)
    heard: list[Event] = []
    bus.subscribe(Event, heard.append)
    lock = threading.Lock()
    put: list[str] = []

    def work(name: int) -> None:
        for number in range(200):
            with lock:
                text = f"{name}-{number}"
                put.append(text)
                outbox.put([WarningRaised(text)])
            outbox.send()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.message for e in heard if isinstance(e, WarningRaised)] == put
