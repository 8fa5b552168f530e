"""Every family on a model whose outputs were written for boxes that are known.

The outputs are encoded here by the formulas of each family, backwards; the picture lies on
the canvas by letterboxes written anew here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kadr_recognition.detection import Detection
from kadr_recognition.detector import Detector, Limits
from kadr_recognition.masks import area_of, pixels_of
from kadr_sdk.errors import ModelError
from kadr_sdk.models import Preparation

CELLS = 8 * 8 + 4 * 4 + 2 * 2
PLACES = [(x, y, s) for s in (8, 16, 32) for y in range(64 // s) for x in range(64 // s)]
PICTURE = (200, 100)
TRUE = {"cat": (20.0, 10.0, 60.0, 40.0), "dog": (100.0, 30.0, 90.0, 60.0)}
SCORES = {"cat": 0.9, "dog": 0.6}
LIMITS = Limits(0.25, 0.45)

Sessions = Callable[..., Any]
Cards = Callable[..., Any]


def on_canvas(box: tuple[float, float, float, float], fit: str = "center") -> tuple[float, ...]:
    """Centre and size on the canvas of 64x64, of a picture of 200x100."""
    x, y, w, h = box
    if fit == "stretch":
        return (x + w / 2) * 0.32, (y + h / 2) * 0.64, w * 0.32, h * 0.64
    down = 16 if fit == "center" else 0  # 200x100 becomes 64x32
    return (x + w / 2) * 0.32, (y + h / 2) * 0.32 + down, w * 0.32, h * 0.32


def detect(session: Any, card: Any, limits: Limits = LIMITS) -> list[Detection]:
    detector = Detector(card, session, limits)
    fit = detector.fit(PICTURE)
    picture = np.zeros((fit.inner[1], fit.inner[0], 3), np.uint8)
    (found,) = detector.detect([picture], fit)
    return found


def check(found: list[Detection]) -> None:
    assert [d.name for d in found] == ["cat", "dog"]
    for one in found:
        assert one.score == pytest.approx(SCORES[one.name], abs=1e-4)
        assert one.box == pytest.approx(TRUE[one.name], abs=0.02)


def scored(columns: int, first: int, at: int = 0) -> dict[str, Any]:
    """A row for each thing, with its class score in place."""
    rows = {}
    for number, (name, score) in enumerate(SCORES.items()):
        row = np.zeros(columns)
        row[first + number + at] = score
        rows[name] = row
    return rows


def yolox(objectness: float = 1.0) -> Any:
    output = np.zeros((1, CELLS, 7))
    for number, (name, row) in enumerate(scored(7, 5).items()):
        cell = (37, 70)[number]
        gx, gy, stride = PLACES[cell]
        cx, cy, w, h = on_canvas(TRUE[name], "topleft")
        row[:5] = cx / stride - gx, cy / stride - gy, math.log(w / stride), math.log(h / stride), objectness
        row[5:] /= objectness
        output[0, cell] = row
    return output


def test_yolox(session: Sessions, card: Cards) -> None:
    prepared = card(preparation=Preparation(fit="topleft", order="bgr", scale=1.0))
    check(detect(session(yolox()), prepared))
    check(detect(session(yolox(0.95)), prepared))


def yolov5(extra: int = 0, classes: int = 2) -> Any:
    output = np.zeros((1, 3 * CELLS, 5 + classes + extra))
    for number, (name, row) in enumerate(scored(5 + classes + extra, 5).items()):
        row[:5] = *on_canvas(TRUE[name]), 1.0
        output[0, 100 + number] = row
    return output


def test_yolov5(session: Sessions, card: Cards) -> None:
    output = yolov5()
    output[..., 4] *= 0.5
    output[..., 5:] = np.clip(2 * output[..., 5:], 0, None)  # the score is the product
    check(detect(session(output), card()))


def yolov8(extra: int = 0) -> Any:
    output = np.zeros((1, 6 + extra, CELLS))
    for number, (name, row) in enumerate(scored(6 + extra, 4).items()):
        row[:4] = on_canvas(TRUE[name])
        output[0, :, 20 + number] = row
    return output


def test_yolov8(session: Sessions, card: Cards) -> None:
    check(detect(session(yolov8()), card()))


def test_yolov8_without_names(session: Sessions, card: Cards) -> None:
    found = detect(session(yolov8()), card(classes=()))
    assert [d.name for d in found] == ["class 0", "class 1"]


def test_fastestdet(session: Sessions, card: Cards) -> None:
    output = np.zeros((1, 7, 4, 4))
    output[0, 3:5] = -20  # nothing anywhere else
    for number, (name, score) in enumerate(SCORES.items()):
        cx, cy, w, h = (v / 64 for v in on_canvas(TRUE[name], "stretch"))
        x, y = int(cx * 4), int(cy * 4)
        offsets = [
            math.atanh(cx * 4 - x),
            math.atanh(cy * 4 - y),
            math.log(w / (1 - w)),
            math.log(h / (1 - h)),
        ]
        output[0, :5, y, x] = [0.8, *offsets]
        output[0, 5 + number, y, x] = (score / 0.8**0.6) ** 2.5
    check(detect(session(output), card(preparation=Preparation(fit="stretch"))))


def test_nanodet(session: Sessions, card: Cards) -> None:
    output = np.zeros((1, CELLS, 2 + 32))
    for number, (name, score) in enumerate(SCORES.items()):
        cx, cy, w, h = on_canvas(TRUE[name])
        cell = (3 * 8 + 1, 4 * 8 + 5)[number]
        gx, gy, stride = PLACES[cell]
        sides = [gx * stride - cx + w / 2, gy * stride - cy + h / 2]
        sides += [cx + w / 2 - gx * stride, cy + h / 2 - gy * stride]
        output[0, cell, number] = score
        for side, distance in enumerate(sides):
            # All weight on two neighbouring bins whose mean is the distance, which may lie before 0.
            whole, part = divmod(distance / stride, 1)
            bins = np.full(8, -60.0)
            assert 0 <= whole < 7
            bins[int(whole)], bins[int(whole) + 1] = math.log(1 - part + 1e-12), math.log(part + 1e-12)
            output[0, cell, 2 + 8 * side : 10 + 8 * side] = bins
    found = detect(session(output), card())
    check(found)


def test_finished(session: Sessions, card: Cards) -> None:
    rows = np.zeros((1, 300, 6))
    for number, (name, score) in enumerate(SCORES.items()):
        cx, cy, w, h = on_canvas(TRUE[name])
        rows[0, number] = cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, score, number
    check(detect(session(rows), card()))


# -- masks, key points, faces -------------------------------------------------------------------


@pytest.mark.parametrize("family", [yolov5, yolov8])
def test_masks(family: Callable[[int], Any], session: Sessions, card: Cards) -> None:
    output = family(2)
    rows = output[0] if family is yolov5 else output[0].T  # a view
    at = (100, 101) if family is yolov5 else (20, 21)
    rows[at[0], -2:], rows[at[1], -2:] = (1, 0), (0, 1)
    prototypes = np.full((1, 2, 16, 16), -1.0)
    prototypes[0, 0, :, :3] = 1  # left of column 3 of 16: 37.5 of 200 pixels
    prototypes[0, 1] = 1
    found = detect(session(output, prototypes), card(task="segmentation"))
    check(found)
    cat, dog = (pixels_of(list(d.mask or ()), *PICTURE) for d in found)
    # Between the centres of columns 2 and 3 (12.5 pixels each) the sign changes: x = 37.5.
    expected = np.zeros((100, 200), bool)
    expected[10:50, 20:37] = True  # the centre of pixel 37 lies on the edge
    np.testing.assert_array_equal(cat[:, :37], expected[:, :37])
    assert not cat[:, 38:].any()
    whole = np.zeros((100, 200), bool)
    whole[30:90, 100:190] = True
    np.testing.assert_array_equal(dog, whole)
    assert area_of(list(found[1].mask or ())) == 90 * 60


def test_pose(session: Sessions, card: Cards) -> None:
    output = np.zeros((1, 4 + 1 + 51, CELLS))
    cx, cy, w, h = on_canvas(TRUE["cat"])
    output[0, :5, 7] = cx, cy, w, h, 0.9
    output[0, 5:, 7] = np.stack([np.arange(17) * 3.2, np.full(17, 16 + 3.2), np.full(17, 0.75)], 1).ravel()
    (found,) = detect(session(output), card(task="pose", classes=("person",)))
    assert found.points == tuple((pytest.approx(10 * k, abs=0.01), 10, 0.75) for k in range(17))


def test_pose_with_objectness(session: Sessions, card: Cards) -> None:
    output = np.zeros((1, 3 * CELLS, 5 + 1 + 51))
    output[0, 7, :6] = *on_canvas(TRUE["cat"]), 0.9, 1
    output[0, 7, 6:] = np.stack([np.arange(17) * 3.2, np.full(17, 16 + 3.2), np.full(17, 0.75)], 1).ravel()
    (found,) = detect(session(output), card(task="pose", classes=("person",)))
    assert found.box == pytest.approx(TRUE["cat"], abs=0.02)
    assert found.points[16] == (pytest.approx(160, abs=0.01), 10, 0.75)


def test_faces(session: Sessions, card: Cards) -> None:
    marks = [(30.0 + k, 20.0 + k) for k in range(5)]
    there = np.array([(x * 0.32, y * 0.32 + 16) for x, y in marks])
    old = np.zeros((1, 3 * CELLS, 16))
    old[0, 7, :5] = *on_canvas(TRUE["cat"]), 0.9
    old[0, 7, 5:15], old[0, 7, 15] = there.ravel(), 1
    new = np.zeros((1, 20, CELLS))
    new[0, :5, 7] = *on_canvas(TRUE["cat"]), 0.9
    new[0, 5:, 7] = np.concatenate([there, np.ones((5, 1))], 1).ravel()
    bare = new[:, :5]
    for output in (old, new):
        (found,) = detect(session(output), card(task="face", classes=()))
        assert found.name == "face"
        assert found.box == pytest.approx(TRUE["cat"], abs=0.02)
        assert found.points == tuple(
            (pytest.approx(x, abs=0.01), pytest.approx(y, abs=0.01), 1) for x, y in marks
        )
    (found,) = detect(session(bare), card(task="face", classes=()))
    assert found.points == ()


# -- what is refused, what is dropped -----------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "facts", "words"),
    [
        (np.zeros((1, 10)), {}, r"\[1, 10\].* no known detector"),
        (np.zeros((1, CELLS + 2, 7)), {}, "no known detector"),
        (np.zeros((1, CELLS, 7)), {"family": "yolov9"}, "unknown family 'yolov9'"),
        (np.zeros((1, 7, CELLS + 4)), {"family": "yolox"}, "no yolox detector"),
        (np.zeros((1, 9, CELLS)), {"classes": tuple("abcdefgh")}, "5 numbers a box, which are not 8 classes"),
        (np.zeros((1, 8, CELLS)), {}, "4 numbers a box, which are not 2 classes"),
    ],
)
def test_outputs_of_no_detector(
    output: Any, facts: dict[str, Any], words: str, session: Sessions, card: Cards
) -> None:
    with pytest.raises(ModelError, match=words):
        detect(session(output), card(**facts))


def test_prototypes_of_another_number_of_pictures(session: Sessions, card: Cards) -> None:
    model = session(yolov8(2), np.zeros((2, 2, 16, 16)))
    with pytest.raises(ModelError, match="1 pictures went in, results of 2 came out"):
        detect(model, card(task="segmentation"))


def test_outputs_that_nobody_reads_do_not_matter(session: Sessions, card: Cards) -> None:
    check(detect(session(yolov8(), np.zeros(()), np.zeros((7, 1))), card()))


def test_inputs_of_no_detector(session: Sessions, card: Cards) -> None:
    for shape in ((1, 4, 64, 64), (1, 3, 64)):
        with pytest.raises(ModelError, match="a detector takes pictures"):
            Detector(card(), session(yolox(), shape=shape), LIMITS)
    with pytest.raises(ModelError, match="is for embedding"):
        Detector(card(task="embedding"), session(yolox()), LIMITS)


def test_what_is_no_number_is_dropped(session: Sessions, card: Cards) -> None:
    output = yolov8()
    output[0, 0, 20] = np.nan
    output[0, 5, 30] = np.inf
    (found,) = detect(session(output), card())
    assert found.name == "dog"


def test_suppression_is_by_class(session: Sessions, card: Cards) -> None:
    output = yolov8()
    output[0, :, 40:44] = output[0, :, [20, 20, 21, 20]].T
    output[0, 4, 40] = 0.5  # a lesser cat in the same place
    output[0, 4:, 41] = 0, 0.4  # a dog there
    output[0, 0, 43] += 25  # a cat elsewhere
    found = detect(session(output), card())
    assert [(d.name, d.score) for d in found] == [("cat", 0.9), ("cat", 0.9), ("dog", 0.6), ("dog", 0.4)]
    assert len(detect(session(output), card(), Limits(0.25, 0.45, most=2))) == 2
    assert len(detect(session(output), card(), Limits(0.65))) == 2
