"""Following things, scored on scenes whose truth is generated.

``pytest -s`` prints the figures of the README. Measures: MOTA (CLEAR MOT, Bernardin and
Stiefelhagen 2008), IDF1 (Ristani et al. 2016), HOTA (Luiten et al. 2021), each written from
its definition and checked on cases that can be counted by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from kadr_recognition.boxes import iou
from kadr_recognition.detection import Detection
from kadr_recognition.document import Results, Row
from kadr_recognition.tracking.kalman import Motion
from kadr_recognition.tracking.tracker import Following, follow
from kadr_sdk.errors import DependencyMissingError
from scipy.optimize import linear_sum_assignment

Boxes = dict[int, tuple[float, float, float, float]]
Scene = list[Boxes]
"""By frame: the box x, y, width, height of every id that is seen."""
RATE = 25


# -- measures ----------------------------------------------------------------------------------


def overlaps(a: Boxes, b: Boxes) -> Any:
    corners = [np.array([(x, y, x + w, y + h) for x, y, w, h in s.values()]).reshape(-1, 4) for s in (a, b)]
    return iou(*corners)


def pairs(likeness: Any) -> list[tuple[int, int]]:
    return [(int(r), int(c)) for r, c in zip(*linear_sum_assignment(likeness, maximize=True), strict=True)]


def mota(truth: Scene, found: Scene) -> float:
    wrong, total = 0, 0
    known: dict[int, int] = {}
    for real, seen in zip(truth, found, strict=True):
        ids, others = list(real), list(seen)
        likeness = overlaps(real, seen)
        kept = np.array([[known.get(i) == o for o in others] for i in ids]).reshape(likeness.shape)
        usable = np.where(likeness >= 0.5, likeness + 1000 * kept, -1e6)
        matched = {ids[r]: others[c] for r, c in pairs(usable) if likeness[r, c] >= 0.5}
        wrong += len(ids) + len(others) - 2 * len(matched)
        wrong += sum(1 for i, o in matched.items() if known.get(i, o) != o)
        known |= matched
        total += len(ids)
    return 1 - wrong / total


def idf1(truth: Scene, found: Scene) -> float:
    ids, others = (sorted({i for frame in s for i in frame}) for s in (truth, found))
    together = np.zeros((len(ids), len(others)))
    for real, seen in zip(truth, found, strict=True):
        for (r, c), value in np.ndenumerate(overlaps(real, seen)):
            if value >= 0.5:
                together[ids.index(list(real)[r]), others.index(list(seen)[c])] += 1
    hits = sum(together[r, c] for r, c in pairs(together))
    return float(2 * hits / (sum(map(len, truth)) + sum(map(len, found))))


def hota(truth: Scene, found: Scene) -> float:
    ids, others = (sorted({i for frame in s for i in frame}) for s in (truth, found))
    counts = [
        np.array([sum(i in frame for frame in s) for i in names])
        for s, names in ((truth, ids), (found, others))
    ]
    frames = [
        (
            np.array([ids.index(i) for i in real], int),
            np.array([others.index(o) for o in seen], int),
            overlaps(real, seen),
        )
        for real, seen in zip(truth, found, strict=True)
    ]
    potential = np.zeros((len(ids), len(others)))
    for r, c, like in frames:
        total = like.sum(0)[None] + like.sum(1)[:, None] - like
        potential[np.ix_(r, c)] += np.divide(like, total, out=np.zeros_like(like), where=total > 0)
    alignment = potential / (counts[0][:, None] + counts[1][None] - potential)
    alphas = np.arange(0.05, 0.99, 0.05)
    matches = np.zeros((len(alphas), len(ids), len(others)))
    for r, c, like in frames:
        for row, column in pairs(alignment[np.ix_(r, c)] * like):
            matches[:, r[row], c[column]] += like[row, column] >= alphas - 1e-9
    scores = []
    for found_pairs in matches:
        hits = found_pairs.sum()
        together = found_pairs / np.maximum(counts[0][:, None] + counts[1][None] - found_pairs, 1)
        association = (found_pairs * together).sum() / max(hits, 1)
        detection = hits / (counts[0].sum() + counts[1].sum() - hits)
        scores.append(np.sqrt(detection * association))
    return float(np.mean(scores))


def changes(truth: Scene, found: Scene) -> int:
    """How often a thing goes on under another id."""
    known: dict[int, int] = {}
    count = 0
    for real, seen in zip(truth, found, strict=True):
        likeness = overlaps(real, seen)
        for r, c in pairs(likeness):
            if likeness[r, c] >= 0.5:
                i, o = list(real)[r], list(seen)[c]
                count += known.get(i, o) != o
                known[i] = o
    return count


def test_measures_on_cases_counted_by_hand() -> None:
    truth: Scene = [{1: (k, 0, 10, 10), 2: (k, 100, 10, 10)} for k in range(10)]
    assert [m(truth, truth) for m in (mota, idf1, hota)] == [1, 1, 1]
    # Both change their id in the middle.
    half: Scene = [{i if k < 5 else i + 10: b for i, b in f.items()} for k, f in enumerate(truth)]
    assert mota(truth, half) == pytest.approx(1 - 2 / 20)
    assert changes(truth, half) == 2
    assert idf1(truth, half) == pytest.approx(0.5)
    assert hota(truth, half) == pytest.approx(np.sqrt(0.5))
    # One is never seen, and something is seen that is not there.
    missed: Scene = [{1: f[1], 9: (500, 500, 5, 5)} for f in truth]
    assert mota(truth, missed) == 0
    assert idf1(truth, missed) == pytest.approx(0.5)
    assert hota(truth, missed) == pytest.approx(np.sqrt(1 / 3))


# -- scenes ------------------------------------------------------------------------------------


def crossing(_chance: Any) -> Scene:
    """Two walk towards each other and past each other, one in front of the other."""
    scene: Scene = []
    for k in range(150):
        left, right = (40 + 4.0 * k, 200, 40, 100), (640 - 4.0 * k, 206, 44, 104)
        hidden = abs(left[0] - right[0]) < 20
        scene.append({1: left} if hidden else {1: left, 2: right})
    return scene


def occlusion(_chance: Any) -> Scene:
    """Three walk behind a pillar, for 24 frames each, and one stands behind it for a second."""
    scene: Scene = []
    for k in range(200):
        frame = {n: (20 + 3.0 * k - 60 * n, 100 + 130 * n, 36, 90) for n in range(3)}
        frame[3] = (900, 300, 50, 110)
        inside = {n: b for n, b in frame.items() if not 200 < b[0] + 18 < 272}
        if 90 <= k < 115:
            del inside[3]
        scene.append(inside)
    return scene


def entries(chance: Any) -> Scene:
    """Twelve come and go at their own times, at their own pace."""
    ways = [
        (chance.integers(0, 150), chance.uniform(-3, 3), chance.uniform(-1.5, 1.5), chance.uniform(40, 90), n)
        for n in range(12)
    ]
    scene: Scene = [{} for _ in range(250)]
    for start, vx, vy, size, n in ways:
        x, y = 150.0 + 90 * n, 100.0 + 60 * (n % 8)
        for k in range(int(start), min(250, int(start) + 100)):
            scene[k][n] = (x + vx * (k - start), y + vy * (k - start), size * 0.5, size)
    return scene


def camera(chance: Any) -> Scene:
    """The crowd of the entries under a camera that sways by 40 pixels."""
    sway = [40 * np.sin(k / 18) for k in range(250)]
    return [
        {n: (x + sway[k], y + sway[k] / 3, w, h) for n, (x, y, w, h) in frame.items()}
        for k, frame in enumerate(entries(chance))
    ]


SCENES: dict[str, Callable[[Any], Scene]] = {f.__name__: f for f in (crossing, occlusion, entries, camera)}


def watched(scene: Scene, chance: Any, *, missed: float = 0.05, false: float = 0.05) -> Results:
    """What a detector might see: boxes off by 3 %, some missed, some doubtful, some of nothing."""
    rows = []
    for k, frame in enumerate(scene):
        things = []
        for x, y, w, h in frame.values():
            if chance.random() < missed:
                continue
            jitter = chance.normal(0, 0.03, 4) * (w, h, w, h)
            box = tuple(round(float(v), 2) for v in np.array([x, y, w, h]) + jitter)
            score = 0.35 if chance.random() < 0.1 else 0.6 + 0.35 * chance.random()
            things.append(Detection("person", round(score, 3), box))  # type: ignore[arg-type]  # four of them
        if chance.random() < false:
            box = (*chance.uniform(0, 700, 2), *chance.uniform(30, 90, 2))
            things.append(Detection("person", 0.55, box))
        things.sort(key=lambda d: -d.score)
        rows += [Row(k, Fraction(k, RATE), d) for d in things]
    frames = tuple((k, Fraction(k, RATE)) for k in range(len(scene)))
    return Results({"width": 1280, "height": 720}, {}, {}, frames, tuple(rows))


def tracks(found: Results) -> Scene:
    return [{d.track: d.box for d in what if d.track is not None} for _, _, what in found.by_frame()]


FLOORS = {
    "crossing": (0.945, 0.965, 0.84),
    "occlusion": (0.925, 0.955, 0.825),
    "entries": (0.925, 0.955, 0.825),
    "camera": (0.925, 0.955, 0.825),
}
"""Least MOTA, IDF1 and HOTA."""


@pytest.mark.parametrize("name", SCENES)
def test_scenes(name: str) -> None:
    truth = SCENES[name](np.random.default_rng(1))
    figures = []
    for seed in (2, 3, 4):
        found = tracks(follow(watched(truth, np.random.default_rng(seed))))
        figures.append([m(truth, found) for m in (mota, idf1, hota)])
        assert changes(truth, found) == 0
    means = np.mean(figures, axis=0)
    print(f"\n| {name} | " + " | ".join(f"{v:.3f}" for v in means) + " |")
    assert (means >= FLOORS[name]).all()


# -- rules -------------------------------------------------------------------------------------


Thing = tuple[str, float, tuple[float, float, float, float]]


def results(*frames: list[Thing], rate: int = RATE) -> Results:
    rows = [
        Row(k, Fraction(k, rate), Detection(name, score, box))
        for k, frame in enumerate(frames)
        for name, score, box in frame
    ]
    looked = tuple((k, Fraction(k, rate)) for k in range(len(frames)))
    return Results({"width": 640, "height": 360}, {}, {}, looked, tuple(rows))


def ids(found: Results) -> list[int | None]:
    return [r.what.track for r in found.rows]


def at(
    x: float, name: str = "dog", score: float = 0.9
) -> tuple[str, float, tuple[float, float, float, float]]:
    return name, score, (x, 100.0, 50.0, 80.0)


def test_one_that_walks_keeps_its_id_behind_a_pillar() -> None:
    frames = [[] if 10 <= k < 30 else [at(6.0 * k)] for k in range(40)]
    assert ids(follow(results(*frames))) == [1] * 20
    assert ids(follow(results(*frames), Following(patience=0.4))) == [1] * 10 + [2] * 10


def test_classes_are_followed_apart() -> None:
    frames = [[at(100), at(100, "cat")] for _ in range(5)]
    assert ids(follow(results(*frames))) == [1, 2] * 5


def test_the_doubtful_continue_and_never_begin() -> None:
    frames = [[at(100, score=0.4)], [at(100)], [at(100, score=0.4)], [at(100)]]
    assert ids(follow(results(*frames))) == [None, 1, 1, 1]


def test_too_short_for_an_id() -> None:
    frames = [[at(0)], [at(0), at(400)], [at(0), at(400)], [at(0)]]
    assert ids(follow(results(*frames))) == [1, 1, None, 1, None, 1]
    assert ids(follow(results([at(0)]))) == [1], "of a still there is no more to see"
    assert ids(follow(results())) == []


def test_the_step_of_the_sampling_does_not_matter() -> None:
    frames = [[at(6.0 * k)] for k in range(20)]
    for rate in (1, 25, 1000):
        assert set(ids(follow(results(*frames, rate=rate)))) == {1}


def test_the_same_every_time() -> None:
    found = watched(camera(np.random.default_rng(1)), np.random.default_rng(5))
    assert follow(found) == follow(found)


def test_a_filter_learns_a_constant_speed() -> None:
    motion = Motion.at(np.array([0.0, 0, 40, 80]))
    for k in range(1, 40):
        motion.go(1)
        motion.see(np.array([3.0 * k, -2.0 * k, 40, 80]))
    np.testing.assert_allclose(motion.speed, [3, -2, 0, 0], atol=0.05)
    motion.go(10)
    np.testing.assert_allclose(motion.place, [3.0 * 49, -2.0 * 49, 40, 80], atol=1)


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(DependencyMissingError, match="needs SciPy") as caught:
        follow(results([at(0)], [at(0)]))
    assert "kadr[recognition]" in caught.value.hint
