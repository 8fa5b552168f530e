"""The collector is slower for a while, and never off."""

from __future__ import annotations

import gc

import pytest
from kadr_kernel.render.garbage import collected_rarely


@pytest.mark.parametrize(
    ("before", "wanted"), [((700, 10, 10), 50_000), ((90_000, 5, 5), 90_000), ((0, 10, 10), 0)]
)
def test_the_setting_is_put_back(before: tuple[int, int, int], wanted: int) -> None:
    found = gc.get_threshold()
    gc.set_threshold(*before)
    try:
        with collected_rarely(), collected_rarely():
            inside = gc.get_threshold()
        assert gc.get_threshold() == before
        assert inside == (wanted, *before[1:])
    finally:
        gc.set_threshold(*found)


def test_garbage_goes_within_the_work() -> None:
    class Circle:
        left = 0

        def __init__(self) -> None:
            self.me = self
            Circle.left += 1

        def __del__(self) -> None:
            Circle.left -= 1

    with collected_rarely():
        most = 0
        for _ in range(200_000):
            Circle()
            most = max(most, Circle.left)
    gc.collect()
    assert Circle.left == 0
    assert most < 100_000
