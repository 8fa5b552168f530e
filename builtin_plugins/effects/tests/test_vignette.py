from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest


@pytest.mark.parametrize(("format", "one"), [("yuv420p", 1), ("yuv444p10le", 4)])
def test_formula(format: str, one: int, lab: Any, noise: Any) -> None:
    frame = noise(format, 1, (64, 48))
    out = lab("effect", "vignette").frame(frame, amount=0.8, radius=0.3)
    y, x = np.mgrid[0:48, 0:64]
    distance = np.hypot(x - 31.5, y - 23.5) / np.hypot(32, 24)
    t = np.clip((distance - 0.3) / 0.7, 0, 1)
    mask = 1 - 0.8 * t * t * (3 - 2 * t)
    assert np.abs(out.planes[0] - (16 * one + (frame.planes[0] - 16.0 * one) * mask)).max() <= 1
    small = mask if "444" in format else mask[::2, ::2]
    assert np.abs(out.planes[1] - (128 * one + (frame.planes[1] - 128.0 * one) * small)).max() <= 1


def test_black_corners_and_an_untouched_centre(lab: Any, flat: Any) -> None:
    out = lab("effect", "vignette").frame(flat((235, 90, 200), size=(101, 101)), amount=1.0, radius=0.5)
    assert [int(p[50, 50]) for p in out.planes] == [235, 90, 200]
    assert int(out.planes[0][0, 0]) == 16
    assert abs(int(out.planes[1][0, 0]) - 128) <= 1


def test_one_instance_serves_threads_of_different_sizes(lab: Any, noise: Any) -> None:
    vignette = lab("effect", "vignette")
    frames = [noise("yuv420p", seed, size) for seed, size in enumerate([(64, 48), (32, 20), (66, 34)])]
    alone = [lab("effect", "vignette").frame(f) for f in frames]
    failures: list[int] = []

    def work(number: int) -> None:
        for _ in range(30):
            out = vignette.frame(frames[number])
            if not all(np.array_equal(a, b) for a, b in zip(out.planes, alone[number].planes, strict=True)):
                failures.append(number)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
