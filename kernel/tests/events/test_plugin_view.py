from __future__ import annotations

import threading

import pytest
from kadr_kernel.events import Bus, correlation
from kadr_sdk.errors import PluginError, PluginNotActiveError
from kadr_sdk.events import Envelope, Event, PluginStopped, SubscriberFailed, SystemStopped
from kadr_sdk.services import EventBus


@pytest.fixture
def bus() -> Bus:
    return Bus()


def test_stamps_the_plugin_as_source(bus: Bus) -> None:
    view: EventBus = bus.for_plugin("org.example.glow")
    with correlation("job-1"):
        envelope = view.publish(SystemStopped())
    assert (envelope.source, envelope.correlation) == ("plugin:org.example.glow", "job-1")
    assert view.publish(SystemStopped(), source="plugin:org.example.glow", correlation="x").correlation == "x"
    assert view.journal() == bus.journal()


@pytest.mark.parametrize("source", ["system", "user", "plugin:org.example.other"])
def test_cannot_speak_as_another(bus: Bus, source: str) -> None:
    view = bus.for_plugin("org.example.glow")
    with pytest.raises(PluginError) as caught:
        view.publish(SystemStopped(), source=source)
    assert str(caught.value) == (
        f"plugin:org.example.glow cannot publish as {source!r} (leave the source out)"
    )
    assert bus.journal() == ()


def test_refuses_what_is_not_a_plugin_id(bus: Bus) -> None:
    with pytest.raises(ValueError, match="is not a plugin id"):
        bus.for_plugin("Glow")


def test_close_cancels_all_that_it_made_and_nothing_else(bus: Bus) -> None:
    calls: list[str] = []
    mine, other = bus.for_plugin("org.example.a"), bus.for_plugin("org.example.b")
    mine.subscribe(SystemStopped, lambda e: calls.append("mine"))
    mine.subscribe_envelopes(lambda e: calls.append("mine too"))
    mine.subscribe(Event, lambda e: calls.append("cancelled before")).cancel()
    stream = mine.stream(SystemStopped)
    other.subscribe(SystemStopped, lambda e: calls.append("other"))
    bus.subscribe(SystemStopped, lambda e: calls.append("kernel"))
    assert mine.close() == 3
    assert mine.close() == 0
    bus.publish(SystemStopped())
    assert calls == ["other", "kernel"]
    assert stream.get() is None


def test_close_ends_a_waiting_reader(bus: Bus) -> None:
    view = bus.for_plugin("org.example.a")
    stream = view.stream()
    ids: list[int] = []
    reader = threading.Thread(target=lambda: ids.extend(e.id for e in stream))
    reader.start()
    bus.publish(SystemStopped())
    view.close()
    reader.join(timeout=5)
    assert not reader.is_alive()
    assert ids == [1]


def test_a_stopped_plugin_may_speak_but_not_listen(bus: Bus) -> None:
    view = bus.for_plugin("org.example.a")
    view.close()
    assert view.publish(PluginStopped("org.example.a")).source == "plugin:org.example.a"
    for listen in (
        lambda: view.subscribe(SystemStopped, lambda e: None),
        lambda: view.subscribe_envelopes(lambda e: None),
        view.stream,
    ):
        with pytest.raises(PluginNotActiveError, match="a is stopped and cannot subscribe"):
            listen()


def test_a_new_view_of_the_same_plugin_begins_anew(bus: Bus) -> None:
    bus.for_plugin("org.example.a").close()
    heard: list[Envelope] = []
    bus.for_plugin("org.example.a").subscribe_envelopes(heard.append)
    bus.publish(SystemStopped())
    assert len(heard) == 1


def test_failures_name_the_plugin(bus: Bus) -> None:
    view = bus.for_plugin("org.example.a")

    def broken(event: SystemStopped) -> None:
        raise ValueError("x")

    view.subscribe(SystemStopped, broken)
    view.subscribe(SystemStopped, broken, name="named")
    bus.publish(SystemStopped())
    names = [e.event.subscriber for e in bus.journal() if isinstance(e.event, SubscriberFailed)]
    assert names[0].startswith("plugin:org.example.a ")
    assert names[0].endswith("broken")
    assert names[1] == "plugin:org.example.a named"


def test_priorities_hold_across_views(bus: Bus) -> None:
    calls: list[str] = []
    bus.for_plugin("org.example.a").subscribe(SystemStopped, lambda e: calls.append("a"), priority=1)
    bus.for_plugin("org.example.b").subscribe_envelopes(lambda e: calls.append("b"), priority=2)
    bus.subscribe(SystemStopped, lambda e: calls.append("kernel"), priority=3)
    bus.publish(SystemStopped())
    assert calls == ["kernel", "b", "a"]
