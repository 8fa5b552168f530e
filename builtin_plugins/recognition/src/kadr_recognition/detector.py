"""A detector: a model, how pictures go in and how its outputs are read."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from kadr_sdk.errors import InvalidParameterError, ModelError
from kadr_sdk.models import ModelCard, ModelSession

from kadr_recognition.boxes import Array, suppress
from kadr_recognition.detection import Detection
from kadr_recognition.families.candidates import Candidates
from kadr_recognition.families.layout import Layout, layout_of
from kadr_recognition.fit import Fit, fit_of, tensor_of
from kadr_recognition.masks import mask_of

__all__ = ["Detector", "Limits"]

_TASKS = ("detection", "segmentation", "pose", "face")
_USUAL = 640
"""Side of the canvas where a model takes any."""
_CANDIDATES = 30_000
"""Looked at in one picture, the best; a model that finds more finds noise."""
_BATCH = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """What is dropped.

    Attributes:
        threshold: of the score.
        iou: overlap within a class beyond which the lesser of two is dropped.
        most: things kept of a picture.
    """

    threshold: float = 0.25
    iou: float = 0.45
    most: int = 300

    @classmethod
    def of(cls, card: ModelCard, threshold: float | None = None) -> Limits:
        """Those of the card; ``threshold`` instead of its own where given."""
        found = {k: card.settings[k] for k in ("threshold", "iou", "most") if k in card.settings}
        if threshold is not None:
            found["threshold"] = threshold
        limits = cls(**found)
        for name in ("threshold", "iou"):
            value: Any = getattr(limits, name)
            if not (isinstance(value, int | float) and 0 <= value <= 1):
                raise InvalidParameterError(f"{name} lies between 0 and 1, not at {value!r}", path=name)
        most: Any = limits.most
        if not (isinstance(most, int) and 0 < most <= 100_000):
            raise InvalidParameterError("most is a number above 0", path="most")
        return limits


class Detector:
    """Finds things in pictures; used from several threads at once.

    Attributes:
        canvas: width and height of the model's input.
        batch: pictures that one call takes best.
    """

    def __init__(self, card: ModelCard, session: ModelSession, limits: Limits) -> None:
        if card.task not in _TASKS:
            raise ModelError(f"the model {card.id!r} is for {card.task}; it detects nothing")
        if len(session.inputs) != 1:
            raise ModelError(
                f"the model {card.id!r} takes {len(session.inputs)} inputs, a detector takes one"
            )
        self.card, self.session, self.limits = card, session, limits
        self._input = session.inputs[0]
        shape = self._input.shape
        if len(shape) != 4 or shape[1] not in (0, 3) or not self._input.dtype.startswith(("float", "uint8")):
            raise ModelError(
                f"the input of {card.id!r} is {self._input.dtype} {list(shape)}, "
                "a detector takes pictures [n, 3, height, width]"
            )
        self.canvas = (
            card.preparation.width or shape[3] or _USUAL,
            card.preparation.height or shape[2] or _USUAL,
        )
        self._fixed = shape[0]
        self.batch = self._fixed or (1 if session.provider == "cpu" else _BATCH)
        self._lock = threading.Lock()
        self._layout: Layout | None = None

    def fit(self, picture: tuple[int, int]) -> Fit:
        """How a picture of that size is laid on the canvas."""
        return fit_of(self.card.preparation.fit, self.canvas, picture)

    def detect(self, pictures: Sequence[Array], fit: Fit) -> list[list[Detection]]:
        """What is in each of at most :attr:`batch` pictures, the surest first.

        Args:
            pictures: RGB, uint8, shape (height, width, 3), already of the fit's inner size.
        """
        whole = list(pictures)
        if self._fixed > len(whole):  # a model of a fixed batch gets the last picture again
            whole += [whole[-1]] * (self._fixed - len(whole))
        tensor = tensor_of(whole, fit, self.card.preparation, self._input.dtype)
        outputs = [np.asarray(o) for o in self.session.run({self._input.name: tensor})]
        layout = self._known(outputs)
        read = outputs[:1] if layout.prototypes < 0 else [outputs[0], outputs[layout.prototypes]]
        for output in read:
            if len(output) != len(whole):
                raise ModelError(f"{len(whole)} pictures went in, results of {len(output)} came out")
        return [self._read(layout, [o[n] for o in read], fit) for n in range(len(pictures))]

    def _known(self, outputs: list[Array]) -> Layout:
        with self._lock:
            if self._layout is None:
                self._layout = layout_of(self.card, [o.shape for o in outputs], self.canvas)
            return self._layout

    def _read(self, layout: Layout, outputs: list[Array], fit: Fit) -> list[Detection]:
        found = _sound(layout.decode(outputs, self.limits.threshold))
        if len(found.scores) > _CANDIDATES:
            found = found.take(np.argsort(-found.scores, kind="stable")[:_CANDIDATES])
        # A model that has dropped doubles gets no second opinion.
        limit = 1.0 if found.finished else self.limits.iou
        kept = found.take(suppress(found.boxes, found.scores, found.classes, limit, self.limits.most))
        boxes = fit.boxes_back(kept.boxes)
        points = None if kept.points is None else _points_back(kept.points, fit)
        prototypes = outputs[1] if len(outputs) > 1 else None
        rows = []
        for n in range(len(kept.scores)):
            mask = None
            if prototypes is not None and kept.coefficients is not None:
                mask = tuple(mask_of(kept.coefficients[n], prototypes, boxes[n], fit))
            rows.append(
                Detection(
                    self._name(int(kept.classes[n])),
                    round(float(kept.scores[n]), 4),
                    _box(boxes[n]),
                    mask,
                    () if points is None else points[n],
                )
            )
        return [row for row in rows if row.box[2] > 0 and row.box[3] > 0]

    def _name(self, number: int) -> str:
        names = self.card.classes
        if number < len(names):
            return names[number]
        return "face" if self.card.task == "face" and not names else f"class {number}"


def _sound(found: Candidates) -> Candidates:
    """Without what is no number; scores of a careless model end at 1."""
    good = np.isfinite(found.boxes).all(axis=1) & np.isfinite(found.scores)
    for extra in (found.coefficients, found.points):
        if extra is not None:
            good &= np.isfinite(extra.reshape(len(extra), -1)).all(axis=1)
    kept = found.take(np.flatnonzero(good))
    np.clip(kept.scores, 0, 1, out=kept.scores)
    return kept


def _points_back(points: Array, fit: Fit) -> list[tuple[tuple[float, float, float], ...]]:
    places = fit.back(points[..., :2])
    seen = np.clip(points[..., 2], 0, 1)
    return [
        tuple(
            (round(float(x), 2), round(float(y), 2), round(float(v), 2))
            for (x, y), v in zip(a, b, strict=True)
        )
        for a, b in zip(places, seen, strict=True)
    ]


def _box(corners: Array) -> tuple[float, float, float, float]:
    """Corner and size to a hundredth of a pixel, rounded so that neighbours still meet."""
    x1, y1, x2, y2 = (math.floor(float(v) * 100 + 0.5) / 100 for v in corners)
    return x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)
