"""The end of a cluster."""

from __future__ import annotations

import threading
from typing import Any

import pytest

ending = pytest.importorskip("kadr_dask.ending")


class Slow:
    """A cluster that takes its time to close."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.may, self.ended, self.fault = threading.Event(), threading.Event(), fault

    def close(self, timeout: float | None = None) -> None:
        assert timeout is None
        self.may.wait(30)
        self.ended.set()
        if self.fault:
            raise self.fault


def test_a_slow_cluster_ends_beside_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_MOMENT", 0.01)
    cluster = Slow()
    ending.let_go(cluster)
    assert not cluster.ended.is_set()
    cluster.may.set()
    assert cluster.ended.wait(30)


@pytest.mark.parametrize("fault", [None, OSError("gone")])
def test_a_quick_one_has_ended_whatever_it_says(fault: Any) -> None:
    cluster = Slow(fault)
    cluster.may.set()
    ending.let_go(cluster)
    assert cluster.ended.is_set()
