"""Which family a model is of, told by the shapes of its outputs and never by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kadr_sdk.errors import ModelError, did_you_mean
from kadr_sdk.models import ModelCard

from kadr_recognition.boxes import Array
from kadr_recognition.families import fastestdet, finished, nanodet, yolov5, yolov8, yolox
from kadr_recognition.families.candidates import Candidates, cells
from kadr_recognition.families.family import Head

__all__ = ["FAMILIES", "Layout", "layout_of"]

Shape = tuple[int, ...]
_STRIDES = (8, 16, 32)

FAMILIES: dict[str, Callable[[list[Array], Head, float], Candidates]] = {
    "yolox": yolox.decode,
    "yolov5": yolov5.decode,
    "yolov8": yolov8.decode,
    "fastestdet": fastestdet.decode,
    "nanodet": nanodet.decode,
    "finished": finished.decode,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read the outputs of a model.

    Attributes:
        family: a key of :data:`FAMILIES`.
        prototypes: number of the output that holds prototypes of masks, -1: none.
    """

    family: str
    head: Head
    prototypes: int = -1

    def decode(self, outputs: list[Array], threshold: float) -> Candidates:
        """The candidates of one picture; ``outputs`` without the batch."""
        return FAMILIES[self.family](outputs, self.head, threshold)


def layout_of(card: ModelCard, shapes: Sequence[Shape], canvas: tuple[int, int]) -> Layout:
    """The layout of outputs of those shapes, each with its batch.

    Raises:
        ModelError: no family looks like that; names the shapes.
    """
    masks, prototypes = _prototypes(shapes)
    shape = shapes[0] if shapes else ()
    family = card.family or _told(shape, canvas, len(card.classes))
    if family and family not in FAMILIES:
        hint = did_you_mean(family, FAMILIES)
        raise ModelError(f"the card of {card.id!r} names the unknown family {family!r}", hint=hint)
    columns = _columns(family, shape, canvas)
    if columns <= 0:
        raise ModelError(
            f"the outputs {', '.join(str(list(s)) for s in shapes)} of {card.id!r} are those of no "
            f"{card.family or 'known'} detector for pictures of {canvas[0]}x{canvas[1]}",
            hint=f"known families: {', '.join(FAMILIES)}; the card may name one",
        )
    head = _head(card, family, columns, masks, canvas)
    return Layout(family, head, prototypes)


def _prototypes(shapes: Sequence[Shape]) -> tuple[int, int]:
    """Number of masks and of the output that holds them: (1, masks, height, width) after the first."""
    for number, shape in enumerate(shapes[1:], 1):
        if len(shape) == 4 and len(shapes[0]) == 3:
            return shape[1], number
    return 0, -1


def _told(shape: Shape, canvas: tuple[int, int], classes: int) -> str:
    if len(shape) == 4:
        return "fastestdet"
    if len(shape) != 3:
        return ""
    _, a, b = shape
    if b == cells(canvas, _STRIDES) and a < b:
        return "yolov8"
    if a == 3 * cells(canvas, _STRIDES):
        return "yolov5"
    if yolox.strides_of(a, canvas):
        return "nanodet" if classes and b == classes + 4 * nanodet.BINS else "yolox"
    return "finished" if b == 6 and a <= 1000 else ""


def _columns(family: str, shape: Shape, canvas: tuple[int, int]) -> int:
    """Numbers a candidate beside its box and objectness; 0 where the shape is not the family's."""
    if family == "fastestdet":
        return shape[1] - 5 if len(shape) == 4 else 0
    if len(shape) != 3:
        return 0
    _, a, b = shape
    grids = bool(yolox.strides_of(a, canvas))
    return {
        "yolox": b - 5 if grids else 0,
        "nanodet": b - 4 * nanodet.BINS if grids else 0,
        "yolov5": b - 5,
        "yolov8": a - 4,
        "finished": int(b == 6),
    }.get(family, 0)


def _head(card: ModelCard, family: str, columns: int, masks: int, canvas: tuple[int, int]) -> Head:
    """What the columns hold: classes, mask coefficients, key points."""
    if family in ("yolox", "fastestdet", "nanodet", "finished"):
        return Head(canvas, len(card.classes) if family == "finished" else columns)
    classes = len(card.classes) or (1 if card.task in ("pose", "face") else 0)
    rest = columns - masks
    if not classes:
        return _checked(card, Head(canvas, rest, 0, masks), columns)
    if card.task == "face" and family == "yolov5" and rest == classes + 2 * yolov5.LANDMARKS:
        return Head(canvas, classes, yolov5.LANDMARKS, masks)
    points = (rest - classes) // 3
    return _checked(card, Head(canvas, classes, points, masks), columns)


def _checked(card: ModelCard, head: Head, columns: int) -> Head:
    if head.classes <= 0 or head.points < 0 or head.classes + head.masks + 3 * head.points != columns:
        raise ModelError(
            f"the model {card.id!r} gives {columns} numbers a box, which are not "
            f"{len(card.classes)} classes, {head.masks} mask coefficients and key points of three numbers",
            hint="the list of classes of its card may be another model's",
        )
    return head
