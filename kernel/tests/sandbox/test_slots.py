"""Places of frames: each is copied in once, and the pointers tell the order."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from kadr_kernel.sandbox.slots import Slots
from kadr_sdk.frames import VideoFrame


class Frame(VideoFrame):
    """A frame that can be watched."""

    __slots__ = ("__weakref__",)


def frames(count: int) -> list[VideoFrame]:
    return [Frame([], "gray", 1, 1) for _ in range(count)]


def test_a_window_that_moves_copies_one_frame() -> None:
    slots, film = Slots([3]), frames(8)
    assert slots.place([film[0:3]]) == ((0, 1, 2), list(enumerate(film[0:3])))
    assert slots.place([film[1:4]]) == ((1, 2, 0), [(0, film[3])])
    assert slots.place([film[2:5]]) == ((2, 0, 1), [(1, film[4])])
    assert slots.place([film[2:5]]) == ((2, 0, 1), [])
    assert slots.place([film[5:8]])[1] == [(0, film[5]), (1, film[6]), (2, film[7])]


def test_an_edge_frame_that_is_repeated_has_one_place() -> None:
    slots, (a, b, c) = Slots([3]), frames(3)
    assert slots.place([[a, a, b]]) == ((0, 0, 1), [(0, a), (1, b)])
    assert slots.place([[a, b, c]]) == ((0, 1, 2), [(2, c)])


def test_inputs_have_their_own_places() -> None:
    slots, (a, b, c) = Slots([2, 2]), frames(3)
    assert slots.place([[a, b], [a, c]]) == ((0, 1, 2, 3), [(0, a), (1, b), (2, a), (3, c)])


def test_nothing_is_kept_longer_than_needed() -> None:
    slots, single, film = Slots([2]), Slots([1]), frames(4)
    watched = [weakref.ref(f) for f in film]
    slots.place([film[0:2]])
    slots.place([film[1:3]])
    single.place([film[3:4]])
    assert single.place([film[3:4]]) == ((0,), [(0, film[3])])
    film.clear()
    gc.collect()
    assert [w() is None for w in watched] == [True, False, False, True]


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 2, 3, 3, 0, 5, 4]])
def test_a_guest_sees_its_window_in_order(lab: Any, kit: Any, order: list[int]) -> None:
    """The first image of the window is the frame before, whatever was there before."""
    effect = lab.use(kit.COPY, window=[1, 1])
    film = [kit.picture(n) for n in range(6)]
    for number in order:
        window = [film[min(5, max(0, number + o))] for o in (-1, 0, 1)]
        made = effect.frame(kit.call(number, window))
        for plane, wanted in zip(made.planes, window[0].planes, strict=True):
            assert np.array_equal(plane, wanted)
