from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from kadr_kernel.events import Bus
from kadr_sdk.errors import StorageError
from kadr_sdk.events import ConfigChanged, Event, PluginStopped, SystemStopped, WarningRaised


def _dumped(event: Event, folder: Path) -> dict[str, object]:
    bus = Bus()
    bus.publish(event)
    path = folder / "journal.jsonl"
    assert bus.dump(path) == 1
    text = path.read_text("utf-8")
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    data = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert isinstance(data, dict)
    return data


def test_keeps_the_last_ones_oldest_first() -> None:
    bus = Bus(journal_size=3)
    for n in range(5):
        bus.publish(PluginStopped(str(n)))
    assert [e.id for e in bus.journal()] == [3, 4, 5]


def test_keeps_a_thousand_by_default() -> None:
    bus = Bus()
    for _ in range(1005):
        bus.publish(SystemStopped())
    assert len(bus.journal()) == 1000


def test_a_copy_is_handed_out() -> None:
    bus = Bus()
    before = bus.journal()
    bus.publish(SystemStopped())
    assert len(before) == 0


def test_one_object_a_line_oldest_first(tmp_path: Path) -> None:
    bus = Bus(clock=lambda: 5)
    bus.publish(PluginStopped("kadr.x"), source="user", correlation="job-1")
    bus.publish(SystemStopped())
    path = tmp_path / "j.jsonl"
    assert bus.dump(path) == 2
    first, second = (json.loads(row) for row in path.read_text("utf-8").splitlines())
    assert first == {
        "event": "PluginStopped",
        "plugin": "kadr.x",
        "id": 1,
        "time": 5,
        "source": "user",
        "correlation": "job-1",
    }
    assert second["event"] == "SystemStopped"


def test_text_is_escaped_and_cut(tmp_path: Path) -> None:
    data = _dumped(WarningRaised("\x1b[31m\r\nred\u202e\x85\ud800" + "я" * 9999), tmp_path)
    message = data["message"]
    assert isinstance(message, str)
    assert message.startswith(r"\x1b[31m\r\nred\u202e\x85\ud800" + "яяя")
    assert message.endswith("characters)")
    assert message.isprintable()
    assert len(message) < 600


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (2**62, 2**62),
        (True, True),
        (None, None),
        (Path("a"), "a"),
        (b"\x1b", "b'\\x1b'"),
        ({"k\n": [1, (2, 3)]}, {"k\\n": [1, [2, 3]]}),
        (list(range(52)), [*range(50), "… (+2)"]),
    ],
)
def test_values_become_strict_json(value: object, written: object, tmp_path: Path) -> None:
    assert _dumped(ConfigChanged("k", value), tmp_path)["value"] == written


def test_endless_values_are_bounded(tmp_path: Path) -> None:
    loop: list[object] = []
    loop.append(loop)
    assert _dumped(ConfigChanged("k", loop), tmp_path)["value"] == [[[["…"]]]]
    huge = _dumped(ConfigChanged("k", 10**6000), tmp_path)["value"]
    assert isinstance(huge, str)
    assert huge.startswith("0x")
    assert len(huge) < 600
    many = _dumped(ConfigChanged("k", {str(n): n for n in range(99)}), tmp_path)["value"]
    assert isinstance(many, dict)
    assert len(many) == 51
    assert many["…"] == "+49"


def test_a_value_that_cannot_be_written_does_not_spoil_the_report(tmp_path: Path) -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert _dumped(ConfigChanged("k", Odd()), tmp_path)["value"] == "<Odd without a text>"


def test_an_event_that_cannot_describe_itself_is_named(tmp_path: Path) -> None:
    @dataclass(slots=True)
    class Broken(Event):
        def as_dict(self) -> dict[str, object]:
            raise RuntimeError("boom")

    data = _dumped(Broken(), tmp_path)
    assert data == {"event": "Broken", "id": 1, "unreadable": "RuntimeError('boom')"}


def test_a_path_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    bus = Bus()
    target = tmp_path / "missing" / "j.jsonl"
    with pytest.raises(StorageError) as caught:
        bus.dump(target)
    assert str(caught.value).startswith(f"{target}: the event journal cannot be written (")
