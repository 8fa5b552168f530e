from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
from kadr_kernel.events import MAX_DEPTH, Bus, FeedbackError, correlation
from kadr_sdk.errors import InternalError
from kadr_sdk.events import (
    Envelope,
    Event,
    PluginFailed,
    PluginStopped,
    SubscriberFailed,
    SystemStarted,
    SystemStopped,
    WarningRaised,
)
from kadr_sdk.services import EventBus, Subscription


@dataclass(slots=True)
class Tick(Event):
    n: int


@dataclass(slots=True)
class SpecialTick(Tick):
    pass


@pytest.fixture
def bus() -> Bus:
    return Bus()


def test_is_the_contract(bus: Bus) -> None:
    as_contract: EventBus = bus
    token = as_contract.subscribe(Tick, lambda event: None)
    assert isinstance(token, Subscription)


def test_delivers_by_class_and_subclass(bus: Bus) -> None:
    ticks: list[int] = []
    special: list[int] = []
    everything: list[str] = []
    bus.subscribe(Tick, lambda e: ticks.append(e.n))
    bus.subscribe(SpecialTick, lambda e: special.append(e.n))
    bus.subscribe(Event, lambda e: everything.append(e.name))
    bus.publish(Tick(1))
    bus.publish(SpecialTick(2))
    bus.publish(SystemStopped())
    assert (ticks, special) == ([1, 2], [2])
    assert everything == ["Tick", "SpecialTick", "SystemStopped"]


def test_higher_priority_first_equals_in_order_of_subscription(bus: Bus) -> None:
    calls: list[str] = []
    bus.subscribe(Tick, lambda e: calls.append("first"))
    bus.subscribe(Tick, lambda e: calls.append("low"), priority=-1)
    bus.subscribe(Event, lambda e: calls.append("high"), priority=10)
    bus.subscribe_envelopes(lambda e: calls.append("envelope"), priority=5)
    bus.subscribe(Tick, lambda e: calls.append("second"))
    bus.publish(Tick(1))
    assert calls == ["high", "envelope", "first", "second", "low"]


def test_envelope_says_when_who_and_for_which_job() -> None:
    times = iter([100, 250])
    bus = Bus(clock=lambda: next(times))
    got: list[Envelope] = []
    bus.subscribe_envelopes(got.append)
    event = Tick(1)
    first = bus.publish(event)
    second = bus.publish(Tick(2), source="user", correlation="job-7")
    assert got == [first, second]
    assert first.event is event
    assert (first.id, first.time, first.source, first.correlation) == (1, 100, "system", "")
    assert (second.id, second.time, second.source, second.correlation) == (2, 250, "user", "job-7")


def test_correlation_block_nests_and_an_explicit_one_wins(bus: Bus) -> None:
    with correlation("outer"):
        assert bus.publish(Tick(1)).correlation == "outer"
        with correlation("inner"):
            assert bus.publish(Tick(2)).correlation == "inner"
            assert bus.publish(Tick(3), correlation="given").correlation == "given"
        assert bus.publish(Tick(4)).correlation == "outer"
    assert bus.publish(Tick(5)).correlation == ""


def test_correlation_ends_where_the_block_raises(bus: Bus) -> None:
    def work() -> None:
        with correlation("job-1"):
            raise OSError("x")

    with pytest.raises(OSError, match="x"):
        work()
    assert bus.publish(Tick(1)).correlation == ""


def test_correlation_belongs_to_its_thread(bus: Bus) -> None:
    with correlation("here"):
        thread = threading.Thread(target=lambda: bus.publish(Tick(1)))
        thread.start()
        thread.join()
    assert bus.journal()[0].correlation == ""


@pytest.mark.parametrize("source", ["", "System", "plugin:", "plugin:UPPER", "plugin:a b", "user\n", "root"])
def test_refuses_an_unknown_source(bus: Bus, source: str) -> None:
    with pytest.raises(ValueError, match="unknown source"):
        bus.publish(Tick(1), source=source)
    assert bus.journal() == ()


def test_refuses_what_is_not_an_event(bus: Bus) -> None:
    with pytest.raises(TypeError, match="str is not an event"):
        bus.publish("hello")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match="not an event class"):
        bus.subscribe(int, print)  # type: ignore[type-var]  # wrong on purpose
    with pytest.raises(TypeError, match="not an event class"):
        bus.stream(Tick(1))  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match="cannot be called"):
        bus.subscribe(Tick, None)  # type: ignore[arg-type]  # wrong on purpose
    assert bus.journal() == ()


def test_refuses_a_coroutine_function(bus: Bus) -> None:
    async def later(event: Tick) -> None:
        pass

    with pytest.raises(TypeError, match="nobody would await it"):
        bus.subscribe(Tick, later)  # type: ignore[arg-type]  # wrong on purpose


def test_cancel_ends_delivery_and_twice_does_nothing(bus: Bus) -> None:
    got: list[int] = []
    token = bus.subscribe(Tick, lambda e: got.append(e.n))
    other = bus.subscribe(Tick, lambda e: got.append(-e.n))
    bus.publish(Tick(1))
    token.cancel()
    token.cancel()
    bus.publish(Tick(2))
    other.cancel()
    bus.publish(Tick(3))
    assert got == [1, -1, -2]


def test_the_same_handler_twice_is_two_subscriptions(bus: Bus) -> None:
    got: list[Tick] = []
    first = bus.subscribe(Tick, got.append)
    bus.subscribe(Tick, got.append)
    first.cancel()
    bus.publish(Tick(1))
    assert len(got) == 1


def test_one_cancelled_by_an_earlier_subscriber_is_not_called(bus: Bus) -> None:
    got: list[int] = []
    later = bus.subscribe(Tick, lambda e: got.append(e.n))
    bus.subscribe(Tick, lambda e: later.cancel(), priority=1)
    bus.publish(Tick(1))
    assert got == []


def test_one_added_during_delivery_hears_the_next_event(bus: Bus) -> None:
    got: list[int] = []
    added: list[Subscription] = []

    def add(event: Tick) -> None:
        if not added:
            added.append(bus.subscribe(Tick, lambda e: got.append(e.n)))

    bus.subscribe(Tick, add)
    bus.publish(Tick(1))
    bus.publish(Tick(2))
    assert got == [2]


def test_a_class_known_to_the_table_gets_new_subscribers(bus: Bus) -> None:
    bus.publish(Tick(1))
    got: list[int] = []
    bus.subscribe(Event, lambda e: got.append(1))
    bus.publish(Tick(2))
    assert got == [1]


def test_publish_from_a_handler_is_delivered_at_once(bus: Bus) -> None:
    order: list[str] = []

    def answer(event: SystemStarted) -> None:
        order.append("started")
        bus.publish(PluginStopped("kadr.x"))
        order.append("after")

    bus.subscribe(SystemStarted, answer)
    bus.subscribe(PluginStopped, lambda e: order.append("stopped"))
    bus.publish(SystemStarted("1"))
    assert order == ["started", "stopped", "after"]
    assert [e.event.name for e in bus.journal()] == ["SystemStarted", "PluginStopped"]


def test_events_that_feed_themselves_end(bus: Bus) -> None:
    innocent: list[int] = []
    bus.subscribe(Tick, lambda e: innocent.append(e.n), priority=1)
    # Its value is ignored.
    bus.subscribe(Tick, lambda e: bus.publish(Tick(e.n + 1)), name="echo")  # type: ignore[arg-type, return-value]
    # Its value is ignored.
    bus.subscribe(Tick, lambda e: bus.publish(Tick(e.n + 1)), name="second echo")  # type: ignore[arg-type, return-value]
    bus.publish(Tick(0))
    names = [e.event.name for e in bus.journal()]
    assert names.count("WarningRaised") == 2
    assert innocent == list(range(MAX_DEPTH))
    bus.publish(Tick(-5))
    assert innocent[-1] == -5
    assert bus.journal()[-1].event == Tick(-5)


def test_reports_from_the_deepest_point_reach_their_readers(bus: Bus) -> None:
    reports: list[Event] = []
    bus.subscribe(SubscriberFailed, reports.append)
    bus.subscribe(WarningRaised, reports.append)
    # Its value is ignored.
    bus.subscribe(Tick, lambda e: bus.publish(Tick(e.n + 1)), name="echo")  # type: ignore[arg-type, return-value]
    bus.publish(Tick(0))
    why = f"events feed themselves: {MAX_DEPTH} deep at Tick"
    assert reports == [
        SubscriberFailed("echo", "Tick", f"FeedbackError: {why}"),
        WarningRaised(f"subscriber echo was unsubscribed: {why}"),
    ]


def test_ping_pong_between_two_subscribers_ends(bus: Bus) -> None:
    # Its value is ignored.
    bus.subscribe(SystemStopped, lambda e: bus.publish(SystemStarted("1")), name="a")  # type: ignore[arg-type, return-value]
    # Its value is ignored.
    bus.subscribe(SystemStarted, lambda e: bus.publish(SystemStopped()), name="b")  # type: ignore[arg-type, return-value]
    bus.publish(SystemStopped())
    assert len(bus.journal()) < 2 * MAX_DEPTH
    count = len(bus.journal())
    bus.publish(SystemStopped())
    assert len(bus.journal()) <= count + 2


def test_refusal_of_feedback_reaches_the_one_who_published(bus: Bus) -> None:
    caught: list[FeedbackError] = []

    def echo(event: Tick) -> None:
        try:
            bus.publish(Tick(event.n + 1))
        except FeedbackError as error:
            caught.append(error)
            raise

    bus.subscribe(Tick, echo)
    bus.publish(Tick(0))
    assert [str(e) for e in caught] == [f"events feed themselves: {MAX_DEPTH} deep at Tick"]


def test_ids_times_and_journal_agree_across_threads() -> None:
    bus = Bus(journal_size=10_000)
    heard: list[int] = []
    bus.subscribe(Tick, lambda e: heard.append(e.n))
    start = threading.Barrier(8)

    def work(base: int) -> None:
        start.wait()
        for n in range(500):
            bus.publish(Tick(base + n))

    threads = [threading.Thread(target=work, args=(i * 1000,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal = bus.journal()
    assert [e.id for e in journal] == list(range(1, 4001))
    assert [e.time for e in journal] == sorted(e.time for e in journal)
    assert sorted(heard) == sorted(i * 1000 + n for i in range(8) for n in range(500))


def test_subscribing_and_cancelling_while_others_publish(bus: Bus) -> None:
    steady: list[int] = []
    bus.subscribe(Tick, lambda e: steady.append(e.n))
    done = threading.Event()

    def churn() -> None:
        while not done.is_set():
            bus.subscribe(Event, lambda e: None, priority=3).cancel()
            with_stream = bus.stream(Tick, size=1)
            with_stream.close()

    churners = [threading.Thread(target=churn) for _ in range(3)]
    for thread in churners:
        thread.start()
    for n in range(2000):
        bus.publish(Tick(n))
    done.set()
    for thread in churners:
        thread.join()
    assert steady == list(range(2000))
    bus.publish(PluginFailed("kadr.x", "y"))
    assert bus.cancel_owned(None) == 1, "only the steady subscriber is left"


def test_close_ends_everything_but_the_journal(bus: Bus) -> None:
    got: list[int] = []
    bus.subscribe(Tick, lambda e: got.append(e.n))
    stream = bus.stream(Tick)
    bus.publish(Tick(1))
    bus.close()
    bus.publish(Tick(2))
    assert got == [1]
    assert [e.event for e in stream] == [Tick(1)]
    assert [e.event for e in bus.journal()] == [Tick(1), Tick(2)]
    with pytest.raises(InternalError, match="the event bus is closed"):
        bus.subscribe(Tick, lambda e: None)
