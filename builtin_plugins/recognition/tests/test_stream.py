"""Order, bounds and ends of the work over many pictures; sampling of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from kadr_recognition.detector import Detector, Limits
from kadr_recognition.names import require_classes
from kadr_recognition.pictures import Every, Picture, sampling
from kadr_recognition.stream import detections
from kadr_sdk.errors import InvalidParameterError, MediaFileError, ModelError
from kadr_sdk.media import AudioStream, FrameIndex, MediaInfo, VideoStream
from kadr_sdk.models import Preparation

Sessions = Callable[..., Any]


def detector(session: Any, card: Any) -> Detector:
    return Detector(card, session, Limits())


def source(count: int, size: tuple[int, int], taken: list[int]) -> Iterator[Picture]:
    for n in range(count):
        taken.append(n)
        yield Picture(n, n, Fraction(n, 25), np.full((size[1], size[0], 3), n, np.uint8))


def seen_by(session: Any) -> list[int]:
    """Which picture stood in each place of each batch."""
    return [round(float(row[0, 32, 32] * 255)) for batch in session.fed for row in batch]


def test_in_order_and_never_far_ahead(session: Sessions, card: Any, scheduler: Any) -> None:
    model = session(np.zeros((1, 84, 7)))
    found = detector(model, card(preparation=Preparation(fit="stretch")))
    taken: list[int] = []
    fit = found.fit((64, 64))
    for number, (picture, things) in enumerate(
        detections(source(20, (64, 64), taken), found, fit, scheduler)
    ):
        assert picture.number == number
        assert things == []
        assert len(taken) <= number + 2 * model.parallel
    assert seen_by(model) == list(range(20))


def test_batches_of_a_fixed_size_are_filled(session: Sessions, card: Any, scheduler: Any) -> None:
    model = session(np.zeros((4, 84, 7)), shape=(4, 3, 64, 64))
    found = detector(model, card(preparation=Preparation(fit="stretch")))
    fit = found.fit((64, 64))
    rows = list(detections(source(6, (64, 64), []), found, fit, scheduler))
    assert [p.number for p, _ in rows] == list(range(6))
    assert seen_by(model) == [0, 1, 2, 3, 4, 5, 5, 5]


def test_results_of_another_number_of_pictures(session: Sessions, card: Any) -> None:
    found = detector(session(np.zeros((2, 84, 7))), card())
    fit = found.fit((64, 64))
    with pytest.raises(ModelError, match="1 pictures went in, results of 2 came out"):
        found.detect([np.zeros((64, 64, 3), np.uint8)], fit)


def test_the_size_of_a_model_that_takes_any(session: Sessions, card: Any) -> None:
    model = session(np.zeros((1, 84, 7)), shape=("n", 3, "h", "w"))
    assert detector(model, card()).canvas == (640, 640)
    small = card(preparation=Preparation(width=96, height=64))
    assert detector(model, small).canvas == (96, 64)


def test_whoever_stops_withdraws_what_waits(session: Sessions, card: Any, scheduler: Any) -> None:
    found = detector(session(np.zeros((1, 84, 7))), card())
    fit = found.fit((64, 64))
    with closing(detections(source(20, (64, 64), []), found, fit, scheduler)) as rows:
        next(rows)
    assert [t.cancelled for t in scheduler.tasks] == [False, True, True, True]


# -- which frames ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "every"),
    [
        *(("1", Every(1)), ("25", Every(25)), ("1s", Every(1, Fraction(1)))),
        *(("500ms", Every(1, Fraction(1, 2))), ("0.04s", Every(1, Fraction(1, 25)))),
        ("1/3s", Every(1, Fraction(1, 3))),
    ],
)
def test_every(text: str, every: Every) -> None:
    assert Every.parse(text) == every
    assert Every.parse(str(every)) == every


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "0s", "-1s", "s", "1x", "nan s", "1e99s", "ms"])
def test_neither_frames_nor_time(text: str) -> None:
    with pytest.raises(InvalidParameterError, match="neither a number of frames nor a time"):
        Every.parse(text)


class Index:
    """A backend that knows timestamps."""

    def __init__(self, *pts: int, end: int) -> None:
        self.found = FrameIndex(Fraction(1, 10), pts, (0,), end)

    def index(self, _path: Any, _stream: int) -> FrameIndex:
        return self.found


def info(**facts: Any) -> MediaInfo:
    video = VideoStream(0, "h264", 64, 36, "yuv420p", rate=Fraction(10), **facts)
    return MediaInfo("a.mp4", "mov", None, 1, (video,))


def test_times_count_from_the_start_of_the_file() -> None:
    backend: Any = Index(5, 6, 7, 9, 20, end=25)
    found = sampling(backend, info(start=Fraction(1, 2)), Every())
    assert found.frames == (0, 1, 2, 3, 4)
    assert found.times == tuple(Fraction(n, 10) for n in (0, 1, 2, 4, 15))
    assert found.stamps[4] == 2
    assert found.end == 2
    assert sampling(backend, info(start=Fraction(1, 2)), Every(2)).frames == (0, 2, 4)
    # The frame on screen: at 0.5, 1.0 and 1.5 s after the first (no second look at the same one).
    assert sampling(backend, info(start=Fraction(1, 2)), Every(1, Fraction(1, 2))).frames == (0, 3, 4)


def test_sound_may_begin_first() -> None:
    sound = AudioStream(1, "aac", 48000, 2, "stereo", start=Fraction(1, 10))
    media = MediaInfo("a.mp4", "mov", None, 1, info(start=Fraction(1, 2)).video, (sound,))
    found = sampling(Index(5, 6, end=7), media, Every())  # type: ignore[arg-type]  # a fake
    assert found.times == (Fraction(4, 10), Fraction(5, 10))


def test_stills_and_sound_alone() -> None:
    backend: Any = Index(0, end=1)
    still = sampling(backend, info(still=True, rotation=90), Every(7))
    assert (still.frames, still.size) == ((0,), (36, 64))
    with pytest.raises(MediaFileError, match="no pictures"):
        sampling(backend, MediaInfo("a.mp3", "mp3", None, 1), Every())


def test_names(card: Any) -> None:
    assert require_classes(" Dog,cat , dog", card()) == ("dog", "cat")
    assert require_classes("", card()) == ()
    assert require_classes("anything", card(classes=())) == ("anything",)
    with pytest.raises(InvalidParameterError, match="knows no class 'dgo'") as caught:
        require_classes("dgo", card())
    assert "'dog'" in caught.value.hint
