from __future__ import annotations

import logging
import sys

import pytest
from kadr_kernel.events import MAX_FAILURES, Bus
from kadr_sdk.events import Envelope, Event, PluginStopped, SubscriberFailed, SystemStopped, WarningRaised


def _fail(event: object) -> None:
    raise OSError("the disk is full")


def _names(bus: Bus) -> list[str]:
    return [e.event.name for e in bus.journal()]


@pytest.fixture
def bus() -> Bus:
    return Bus()


def test_the_others_are_called_all_the_same(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    calls: list[str] = []
    bus.subscribe(SystemStopped, lambda e: calls.append("before"), priority=1)
    bus.subscribe(SystemStopped, _fail, name="disk")
    bus.subscribe(SystemStopped, lambda e: calls.append("after"), priority=-1)
    bus.publish(SystemStopped(), correlation="job-1")
    assert calls == ["before", "after"]
    report = bus.journal()[-1]
    assert report.event == SubscriberFailed("disk", "SystemStopped", "OSError: the disk is full")
    assert (report.source, report.correlation) == ("system", "job-1")
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "subscriber disk failed on SystemStopped" in caplog.text
    assert "Traceback" in caplog.text


def test_one_report_for_each_failure(bus: Bus) -> None:
    bus.subscribe(SystemStopped, _fail, name="a")
    bus.subscribe(SystemStopped, _fail, name="b")
    reports: list[str] = []
    bus.subscribe(SubscriberFailed, lambda e: reports.append(e.subscriber))
    bus.publish(SystemStopped())
    bus.publish(SystemStopped())
    assert reports == ["a", "b", "a", "b"]


@pytest.mark.parametrize("whole", [False, True])
def test_a_failing_reporter_breeds_no_reports(
    bus: Bus, whole: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if whole:
        bus.subscribe_envelopes(_fail, name="reporter")
    else:
        bus.subscribe(Event, _fail, name="reporter")
    bus.publish(SystemStopped())
    assert _names(bus) == ["SystemStopped", "SubscriberFailed"]
    assert [r.getMessage() for r in caplog.records] == [
        "subscriber reporter failed on SystemStopped",
        "subscriber reporter failed on SubscriberFailed",
    ]


def test_twenty_failures_in_a_row_unsubscribe(bus: Bus) -> None:
    calls = 0

    def fail(event: PluginStopped) -> None:
        nonlocal calls
        calls += 1
        raise ValueError(event.plugin)

    bus.subscribe(PluginStopped, fail, name="tired")
    for _ in range(MAX_FAILURES + 10):
        bus.publish(PluginStopped("kadr.x"))
    assert calls == MAX_FAILURES == 20
    warnings = [e.event for e in bus.journal() if isinstance(e.event, WarningRaised)]
    assert warnings == [WarningRaised("subscriber tired was unsubscribed: 20 failures in a row")]
    assert _names(bus).count("SubscriberFailed") == MAX_FAILURES


def test_one_that_left_by_itself_is_not_unsubscribed_again(bus: Bus) -> None:
    calls = 0

    def fail(event: Event) -> None:
        nonlocal calls
        calls += 1
        if calls == MAX_FAILURES:
            token.cancel()
        raise ValueError

    token = bus.subscribe(SystemStopped, fail)
    for _ in range(MAX_FAILURES):
        bus.publish(SystemStopped())
    assert _names(bus).count("SubscriberFailed") == MAX_FAILURES
    assert "WarningRaised" not in _names(bus)


def test_a_success_begins_the_count_anew(bus: Bus) -> None:
    calls: list[int] = []

    def often(event: Event) -> None:
        calls.append(1)
        if len(calls) % MAX_FAILURES:
            raise ValueError

    bus.subscribe(SystemStopped, often)
    for _ in range(5 * MAX_FAILURES):
        bus.publish(SystemStopped())
    assert len(calls) == 5 * MAX_FAILURES
    assert "WarningRaised" not in _names(bus)


def test_a_subscriber_of_everything_that_always_fails_is_unsubscribed_too(bus: Bus) -> None:
    bus.subscribe(Event, _fail, name="all")
    for _ in range(MAX_FAILURES):
        bus.publish(SystemStopped())
    assert _names(bus).count("WarningRaised") == 1
    before = len(bus.journal())
    bus.publish(SystemStopped())
    assert len(bus.journal()) == before + 1


@pytest.mark.parametrize(
    "error", [SystemExit(3), GeneratorExit(), MemoryError(), RecursionError(), StopIteration()]
)
def test_nothing_a_subscriber_raises_stops_the_others(bus: Bus, error: BaseException) -> None:
    calls: list[int] = []

    def fail(event: Event) -> None:
        raise error

    bus.subscribe(SystemStopped, fail, priority=1)
    bus.subscribe(SystemStopped, lambda e: calls.append(1))
    bus.publish(SystemStopped())
    assert calls == [1]
    assert _names(bus)[-1] == "SubscriberFailed"


def test_sys_exit_in_a_handler_does_not_end_the_program(bus: Bus) -> None:
    bus.subscribe(SystemStopped, lambda e: sys.exit(1))
    bus.publish(SystemStopped())
    assert "SystemExit: 1" in str(bus.journal()[-1].event)


def test_ctrl_c_is_the_users_and_passes(bus: Bus) -> None:
    def interrupted(event: Event) -> None:
        raise KeyboardInterrupt

    token = bus.subscribe(SystemStopped, interrupted)
    for _ in range(60):  # deeper than the limit: an interrupted delivery leaves no count behind
        with pytest.raises(KeyboardInterrupt):
            bus.publish(SystemStopped())
    token.cancel()
    calls: list[Event] = []
    bus.subscribe(SystemStopped, calls.append)
    bus.publish(SystemStopped())
    assert len(calls) == 1


def test_an_error_without_a_text_is_reported_like_any_other(bus: Bus) -> None:
    class SilentError(Exception):
        def __str__(self) -> str:
            raise ValueError("no text")

    def fail(event: Event) -> None:
        raise SilentError

    calls: list[int] = []
    bus.subscribe(SystemStopped, fail, priority=1)
    bus.subscribe(SystemStopped, lambda e: calls.append(1))
    bus.publish(SystemStopped())
    assert calls == [1]
    event = bus.journal()[-1].event
    assert isinstance(event, SubscriberFailed)
    assert event.error == "SilentError: <SilentError without a text>"


def test_the_report_is_safe_to_print(bus: Bus) -> None:
    def fail(event: Event) -> None:
        raise ValueError("\x1b[2J\u202eevil" + "x" * 10_000)

    bus.subscribe(SystemStopped, fail)
    bus.publish(SystemStopped())
    event = bus.journal()[-1].event
    assert isinstance(event, SubscriberFailed)
    assert event.error.startswith(r"ValueError: \x1b[2J\u202eevilxxx")
    assert len(event.error) < 600


def test_names_in_reports(bus: Bus) -> None:
    class Keeper:
        def keep(self, event: Event) -> None:
            raise ValueError

        def __call__(self, envelope: Envelope) -> None:
            raise ValueError

    bus.subscribe(SystemStopped, Keeper().keep)
    bus.subscribe_envelopes(Keeper())
    bus.publish(SystemStopped())
    names = [e.event.subscriber for e in bus.journal() if isinstance(e.event, SubscriberFailed)]
    assert names[0].endswith("Keeper.keep")
    assert names[1].endswith("Keeper")
