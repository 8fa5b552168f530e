"""The state machine."""

from __future__ import annotations

import pytest
from kadr_jobs.states import ACTIONS, after
from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.jobs import ENDED, STATES


def test_every_state_can_be_reached_and_the_table_names_no_other() -> None:
    reached = {"queued"} | {state for moves in ACTIONS.values() for state in moves.values()}
    left = {state for moves in ACTIONS.values() for state in moves}
    assert reached == set(STATES)
    assert left == set(STATES) - {"done"}


def test_only_resuming_leaves_what_has_ended() -> None:
    assert {a for a, moves in ACTIONS.items() if set(moves) & set(ENDED)} == {"resume"}


def test_what_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="job 7 is done and cannot be paused") as caught:
        after(7, "done", "pause")
    assert caught.value.hint == "only what is queued or running can be paused"
