"""Detection over many pictures: decoded in one thread while others infer, results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

from kadr_sdk.services import Scheduler, Task

from kadr_recognition.detection import Detection
from kadr_recognition.detector import Detector
from kadr_recognition.fit import Fit
from kadr_recognition.pictures import Picture

__all__ = ["detections"]

T = TypeVar("T")
_Row = tuple[Picture, list[Detection]]


def detections(
    found: Iterable[Picture], detector: Detector, fit: Fit, scheduler: Scheduler
) -> Generator[tuple[Picture, list[Detection]], None, None]:
    """Each picture with what is in it, in order.

    The caller's thread decodes; the scheduler's infer. At most two batches for each call that
    the session can carry out at once are in memory.
    """
    waiting: deque[Task[list[_Row]]] = deque()
    try:
        for batch in _batches(found, detector.batch):
            waiting.append(scheduler.submit(_work(detector, batch, fit), name="detect"))
            if len(waiting) >= 2 * detector.session.parallel:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        for task in waiting:
            task.cancel()


def _work(detector: Detector, batch: list[Picture], fit: Fit) -> Callable[[], list[_Row]]:
    def work() -> list[_Row]:
        return list(zip(batch, detector.detect([p.rgb for p in batch], fit), strict=True))

    return work


def _batches(found: Iterable[T], size: int) -> Iterator[list[T]]:
    batch: list[T] = []
    for one in found:
        batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
