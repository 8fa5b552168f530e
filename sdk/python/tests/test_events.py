from __future__ import annotations

import dataclasses
import json
import pickle
import re
import typing

import pytest
from kadr_sdk import events
from kadr_sdk.events import ConfigChanged, Envelope, Event, PluginActivated, RenderProgressed

EVENTS = [
    kind
    for name in events.__all__
    if isinstance(kind := getattr(events, name), type) and issubclass(kind, Event) and kind is not Event
]
ENVELOPE_KEYS = {"event", "id", "time", "source", "correlation"}
SAMPLES: dict[object, object] = {str: "text", int: 3, float: 0.5, bool: True, object: {"a": [1, None]}}


def _sample(kind: type[Event]) -> Event:
    hints = typing.get_type_hints(kind)
    return kind(**{f.name: SAMPLES[hints[f.name]] for f in dataclasses.fields(kind)})


def test_all_is_sorted_and_whole() -> None:
    assert events.__all__ == sorted(events.__all__)
    defined = {
        name
        for name, value in vars(events).items()
        if isinstance(value, type) and value.__module__ == events.__name__
    }
    assert set(events.__all__) == defined


def test_the_facts_of_the_engine_are_there() -> None:
    assert {
        "ConfigChanged", "MediaImported", "MemoryPressureRaised", "PluginActivated", "PluginFailed",
        "PluginStopped", "ProjectCreated", "ProjectOpened", "ProjectSaved", "RenderCancelled",
        "RenderCompleted", "RenderFailed", "RenderProgressed", "RenderStarted", "SegmentEncoded",
        "FilesDiscovered", "MetadataReady", "ThumbnailReady",
    } <= {kind.__name__ for kind in EVENTS}  # fmt: skip


@pytest.mark.parametrize("kind", EVENTS)
class TestEveryEvent:
    def test_is_in_the_past_tense(self, kind: type[Event]) -> None:
        assert re.findall(r"[A-Z][a-z]+", kind.__name__)[-1].endswith(("ed", "Ready"))

    def test_says_what_it_is(self, kind: type[Event]) -> None:
        assert kind.__doc__
        assert not kind.__doc__.startswith(kind.__name__), "a sentence, not the generated signature"

    def test_is_json_ready(self, kind: type[Event]) -> None:
        event = _sample(kind)
        data = event.as_dict()
        assert data["event"] == event.name == kind.__name__
        assert set(data) == {"event"} | {f.name for f in dataclasses.fields(kind)}
        assert json.loads(json.dumps(data, allow_nan=False)) == data

    def test_has_no_field_that_the_envelope_needs(self, kind: type[Event]) -> None:
        assert not ENVELOPE_KEYS & {f.name for f in dataclasses.fields(kind)}

    def test_is_small_and_crosses_processes(self, kind: type[Event]) -> None:
        event = _sample(kind)
        assert not hasattr(event, "__dict__"), "slots"
        assert pickle.loads(pickle.dumps(event)) == event
        assert event != object()


def test_an_envelope_adds_its_circumstances() -> None:
    envelope = Envelope(4, 123, "plugin:kadr.cli", "job-1", PluginActivated("kadr.x", "1.0"))
    assert envelope.as_dict() == {
        "event": "PluginActivated",
        "plugin": "kadr.x",
        "version": "1.0",
        "id": 4,
        "time": 123,
        "source": "plugin:kadr.cli",
        "correlation": "job-1",
    }


def test_an_event_of_a_plugin_needs_no_more_than_a_dataclass() -> None:
    @dataclasses.dataclass(slots=True)
    class FacesFound(Event):
        count: int
        where: str = ""

    assert FacesFound(2).as_dict() == {"event": "FacesFound", "count": 2, "where": ""}


def test_defaults() -> None:
    assert RenderProgressed("j", 1, 2, 3.0, 4.0, -1.0).stage == "video"
    assert ConfigChanged("a", 1) != ConfigChanged("a", 2)
