"""What a worker keeps from task to task."""

from __future__ import annotations

from pathlib import Path

from kadr_dask import worker


def test_a_store_is_connected_to_once(tmp_path: Path) -> None:
    place = worker._Place()
    first = worker._store(place, f"file://{tmp_path}/a")
    assert worker._store(place, f"file://{tmp_path}/a") is first
    other = worker._store(place, f"file://{tmp_path}/b")
    assert other is not first
    assert worker._store(place, f"file://{tmp_path}/b") is other
