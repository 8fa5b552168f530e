"""Watching a render, with a bus of plain lists."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import click
import pytest
from kadr_cli.watch import clock, pace, watching
from kadr_sdk.events import (
    Envelope,
    Event,
    MediaImported,
    RenderProgressed,
    RenderStarted,
    WarningRaised,
)

STARTED = RenderStarted("j", "film", "/x/out.mp4", 100, 2)


def progress(done: int, left: float = 7.2, stage: str = "video") -> RenderProgressed:
    return RenderProgressed("j", done, 100, 50.0, 2.0, left, stage)


class Bus:
    """Calls subscribers at once."""

    def __init__(self) -> None:
        self.handlers: list[tuple[type[Event] | None, Callable[[Any], object]]] = []

    def subscribe(self, kind: type[Event], handler: Callable[[Any], object], name: str = "") -> Any:
        return self._add(kind, handler)

    def subscribe_envelopes(self, handler: Callable[[Any], object], name: str = "") -> Any:
        return self._add(None, handler)

    def _add(self, kind: Any, handler: Any) -> Any:
        row = (kind, handler)
        self.handlers.append(row)
        handlers = self.handlers

        class Token:
            def cancel(self) -> None:
                handlers.remove(row)

        return Token()

    def publish(self, event: Event) -> None:
        for kind, handler in list(self.handlers):
            if kind is None:
                handler(Envelope(1, 0, "system", "j", event))
            elif isinstance(event, kind):
                handler(event)


def test_lines_at_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    bus = Bus()
    with watching(bus, as_json=False):  # type: ignore[arg-type] - what it needs of a bus
        bus.publish(STARTED)
        for done in (0, 3, 11, 14, 20, 100):
            bus.publish(progress(done))
        bus.publish(WarningRaised("odd", "a.mp4", "look"))
    assert capsys.readouterr().err.splitlines() == [
        "rendering /x/out.mp4",
        " 10 %  50.0 fps  2.00x  0:08 left",
        " 20 %  50.0 fps  2.00x  0:08 left",
        "100 %  50.0 fps  2.00x",
        "warning: a.mp4: odd (look)",
    ]
    assert bus.handlers == []


def test_sound_has_no_frames_a_second() -> None:
    assert pace(progress(1, stage="audio")) == "2.00x"


def test_clocks() -> None:
    assert [clock(s) for s in (-1, 0, 0.2, 59.5, 61, 3723)] == ["", "0:00", "0:01", "1:00", "1:01", "1:02:03"]


def test_programs_get_every_event_of_the_render(capsys: pytest.CaptureFixture[str]) -> None:
    bus = Bus()
    with watching(bus, as_json=True):  # type: ignore[arg-type] - what it needs of a bus
        for event in (MediaImported("a.mp4"), STARTED, progress(1), WarningRaised("odd")):
            bus.publish(event)
    out = capsys.readouterr().out
    assert [json.loads(line)["event"] for line in out.splitlines()] == [
        "RenderStarted",
        "RenderProgressed",
        "WarningRaised",
    ]
    assert bus.handlers == []


def test_subscriptions_end_with_a_failure() -> None:
    bus = Bus()

    def work() -> None:
        with watching(bus, as_json=False):  # type: ignore[arg-type] - what it needs of a bus
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert bus.handlers == []


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    bus = Bus()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with watching(bus, as_json=False):  # type: ignore[arg-type] - what it needs of a bus
        bus.publish(STARTED)
        bus.publish(progress(50))
        bus.publish(WarningRaised("odd [bold]", "a.mp4"))
        bus.publish(progress(100))
    assert "warning: a.mp4: odd [bold]" in capsys.readouterr().err


@pytest.mark.parametrize("as_json", [True, False])
def test_a_reader_that_went_away_is_left_in_peace(as_json: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def gone(*_arguments: object, **_more: object) -> None:
        calls.append(1)
        raise BrokenPipeError

    monkeypatch.setattr(click, "echo", gone)
    bus = Bus()
    with watching(bus, as_json=as_json):  # type: ignore[arg-type] - what it needs of a bus
        bus.publish(STARTED)
        bus.publish(progress(50))
    assert len(calls) == 1
