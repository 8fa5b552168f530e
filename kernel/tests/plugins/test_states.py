from __future__ import annotations

import itertools

import pytest
from kadr_kernel.plugins import states
from kadr_sdk.errors import InternalError


def test_every_step_is_as_the_table_in_the_docstring_says() -> None:
    rows = [line.split("  ") for line in (states.__doc__ or "").splitlines()]
    written = {}
    for row in rows:
        cells = [cell.strip() for cell in row if cell.strip()]
        head = cells[0].split()[0] if cells else ""
        if head in states.STATES:
            words = " ".join(cells).split()
            following = itertools.takewhile(lambda w: w.rstrip(",") in states.STATES, words[1:])
            written[head] = {word.rstrip(",") for word in following}
    assert written == {state: set(after) for state, after in states.LEGAL.items()}


@pytest.mark.parametrize(("old", "new"), list(itertools.product(states.STATES, repeat=2)))
def test_illegal_steps_are_refused(old: str, new: str) -> None:
    if new in states.LEGAL[old]:
        assert states.step("a.b", old, new) == new
    else:
        with pytest.raises(InternalError, match=f"plugin 'a.b' cannot go from '{old}' to '{new}'"):
            states.step("a.b", old, new)


def test_unknown_state_is_refused() -> None:
    with pytest.raises(InternalError):
        states.step("a.b", "dreaming", "active")


def test_every_state_can_be_reached_and_left() -> None:
    reached, todo = set(), ["found"]
    while todo:
        if (state := todo.pop()) not in reached:
            reached.add(state)
            todo.extend(states.LEGAL[state])
    assert reached == set(states.STATES)
    assert all(states.LEGAL.values())


def test_events_of_a_life() -> None:
    names = [e.name for e in states.events_of("a.b", "activating", "active", version="1.0")]
    assert names == ["PluginStateChanged", "PluginActivated"]
    assert [e.name for e in states.events_of("a.b", "suspended", "active")] == ["PluginStateChanged"]
    assert [e.name for e in states.events_of("a.b", "stopping", "stopped")][1] == "PluginStopped"
    failed = states.events_of("a.b", "found", "failed", reason="broken")
    assert failed[1].as_dict() == {"event": "PluginFailed", "plugin": "a.b", "reason": "broken"}
