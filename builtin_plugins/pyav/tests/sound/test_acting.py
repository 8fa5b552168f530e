"""An effect that is heard for a while: bit for bit outside, faded within, and gone when it is over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from kadr_pyav.acting import acting
from kadr_pyav.sound import Samples, Stream

RATE = 8000  # fades of 80 samples
NOISE = np.random.default_rng(1).uniform(-1, 1, (2, 30_000)).astype(np.float32)


def pieces(closed: list[str], size: int = 700) -> Iterator[Samples]:
    try:
        for first in range(0, NOISE.shape[1], size):
            yield NOISE[:, first : first + size]
    finally:
        closed.append("source")


def negative(closed: list[str], reached: list[int]) -> object:
    """The sound turned over, in pieces of another size than those that come."""

    def effect(heard: Iterator[Samples]) -> Iterator[Samples]:
        stream = Stream(heard, 2)
        try:
            while True:
                reached.append(1000)
                yield -stream.read(1000)
        finally:
            closed.append("effect")

    return effect


@pytest.mark.parametrize(
    "acts",
    [(0, 9000), (5000, None), (5000, 9000), (4096, 8192), (100, 160), (7, 8), (29_000, None), (0, 1)],
)
def test_heard_from_one_sample_to_another(acts: tuple[int, int | None]) -> None:
    closed: list[str] = []
    reached: list[int] = []
    stream = Stream(acting(pieces(closed), acts, RATE, 2, negative(closed, reached)), 2)
    found = stream.read(32_000)
    wide = np.pad(NOISE, ((0, 0), (0, 2000)))
    start, end = acts[0], 32_000 if acts[1] is None else acts[1]
    np.testing.assert_array_equal(found[:, :start], wide[:, :start])
    np.testing.assert_array_equal(found[:, end:], wide[:, end:])
    fade = 80 if acts[1] is None else min(80, (end - start) // 2)
    whole = slice(start + fade if start else 0, end if acts[1] is None else end - fade)
    np.testing.assert_array_equal(found[:, whole], -wide[:, whole])
    if start and fade:
        share = np.arange(fade) / fade
        rising = wide[:, start : start + fade] * (1 - 2 * share)
        np.testing.assert_allclose(found[:, start : start + fade], rising, atol=1e-6)
    if acts[1] is not None:
        assert "effect" in closed, "nobody hears it any more"
        assert sum(reached) <= end + 4096 + 1000
    stream.close()
    assert sorted(closed) == ["effect", "source"]


def test_leaving_early_closes_everything() -> None:
    closed: list[str] = []
    stream = Stream(acting(pieces(closed), (5000, 9000), RATE, 2, negative(closed, [])), 2)
    stream.read(100)
    stream.close()
    assert sorted(closed) == ["effect", "source"]
