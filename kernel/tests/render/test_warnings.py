"""What a job warns of: told once, and a long series counted."""

from __future__ import annotations

from typing import Any

from kadr_kernel.render.job import JobContext


class Control:
    def check(self) -> None: ...


def context() -> Any:
    stand_in: Any = Control()
    nothing: Any = None
    return JobContext(stand_in, nothing, lambda event: None)


def test_a_series_is_counted_and_nothing_else_is_lost() -> None:
    job = context()
    for number in range(50):
        job.warn(f"frame {number} at {number / 25:.3f} s is damaged; shown is black", "a.mp4")
        job.warn("the same", "a.mp4")
    job.warn("frame 3 at 0.120 s is damaged; shown is black", "b.mp4", "look")
    found = job.warnings
    assert [w.message for w in found if w.path == "b.mp4"] == [
        "frame 3 at 0.120 s is damaged; shown is black"
    ]
    ours = [w.message for w in found if w.path == "a.mp4" and "same" not in w.message]
    assert ours[0].startswith("frame 0 at")
    assert ours[3:] == ["and 47 more like these, 50 in all"]
    assert sum(w.message == "the same" for w in found) == 1


def test_a_short_series_is_told_whole() -> None:
    job = context()
    for number in (5, 1, 9):
        job.warn(f"frame {number} is damaged")
    assert [w.message for w in job.warnings] == [f"frame {n} is damaged" for n in (5, 1, 9)]
