"""A worker that is far behind the others: its task is tried elsewhere too."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from kadr_dask.team import DaskTeam


class Team(DaskTeam):
    """Three tasks took a second for each unit of work; four threads are there."""

    slots = 4  # type: ignore[assignment]  # of a scheduler, elsewhere

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paces = [0.9, 1.0, 1.1]
        self._running = 1
        self.where: list[Any] = []
        workers = {"tcp://a": {}, "tcp://b": {}, "tcp://c": {}}
        self._client: Any = SimpleNamespace(
            processing=lambda: {"tcp://a": (), "tcp://b": ("first",)},
            scheduler_info=lambda n_workers: {"workers": workers},
        )

    def _submit(self, task: Any, key: str, **where: Any) -> Any:
        self.where.append(where)
        return key


TASK: Any = SimpleNamespace(cost=10.0)


@pytest.mark.parametrize(("seconds", "slow"), [(15.0, False), (39.0, False), (41.0, True)])
def test_four_times_what_others_took(seconds: float, slow: bool) -> None:
    assert Team()._is_slow(TASK, seconds) is slow


def test_not_where_nobody_is_free_or_nothing_is_known() -> None:
    team = Team()
    team._running = 4
    assert not team._is_slow(TASK, 1000.0)
    team._running, team._paces = 1, [1.0]
    assert not team._is_slow(TASK, 1000.0)


def test_it_goes_to_the_workers_that_do_not_have_it() -> None:
    team = Team()
    assert team._elsewhere(TASK, "key", SimpleNamespace(key="first")) == ["key"]
    assert team.where == [{"workers": ["tcp://a", "tcp://c"]}]
