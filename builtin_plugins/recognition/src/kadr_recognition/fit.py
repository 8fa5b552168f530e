"""How a picture lies in the input of a model, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from kadr_sdk.models import Preparation

from kadr_recognition.boxes import Array

__all__ = ["Fit", "fit_of", "tensor_of"]


@dataclass(frozen=True, slots=True)
class Fit:
    """A picture of ``picture`` pixels, scaled to ``inner`` pixels, at ``x, y`` of a canvas.

    Attributes:
        canvas, picture, inner: width and height.
        scale: pixels of the canvas per pixel of the picture, across and down.
    """

    canvas: tuple[int, int]
    picture: tuple[int, int]
    inner: tuple[int, int]
    x: int
    y: int
    scale: tuple[float, float]

    def back(self, points: Array) -> Array:
        """Points (…, 2) of the canvas in pixels of the picture."""
        found: Array = (points - np.array([self.x, self.y])) / np.array(self.scale)
        return found

    def boxes_back(self, boxes: Array) -> Array:
        """Corners (n, 4) in pixels of the picture, cut at its edges."""
        found = self.back(boxes.reshape(-1, 2, 2)).reshape(-1, 4)
        return np.clip(found, 0, np.array([*self.picture, *self.picture]))


def fit_of(kind: str, canvas: tuple[int, int], picture: tuple[int, int]) -> Fit:
    """How a picture is laid on a canvas.

    ``topleft`` rounds the inner size down and pads right and below, as YOLOX does; ``center``
    rounds it and pads around, the odd pixel below and right, as YOLOv5 and later do.
    """
    if kind == "stretch":
        scale = (canvas[0] / picture[0], canvas[1] / picture[1])
        return Fit(canvas, picture, canvas, 0, 0, scale)
    ratio = min(canvas[0] / picture[0], canvas[1] / picture[1])
    if kind == "topleft":
        inner = (max(1, int(picture[0] * ratio)), max(1, int(picture[1] * ratio)))
        return Fit(canvas, picture, inner, 0, 0, (ratio, ratio))
    inner = (max(1, round(picture[0] * ratio)), max(1, round(picture[1] * ratio)))
    x, y = ((canvas[0] - inner[0]) / 2, (canvas[1] - inner[1]) / 2)
    return Fit(canvas, picture, inner, round(x - 0.1), round(y - 0.1), (ratio, ratio))


def tensor_of(pictures: list[Array], fit: Fit, preparation: Preparation, dtype: str = "float32") -> Array:
    """The input of a model, (n, 3, height, width), of RGB pictures (height, width, 3) of the inner size."""
    width, height = fit.canvas
    canvas = np.full((len(pictures), height, width, 3), preparation.fill, np.uint8)
    for at, picture in enumerate(pictures):
        canvas[at, fit.y : fit.y + fit.inner[1], fit.x : fit.x + fit.inner[0]] = picture
    if preparation.order == "bgr":
        canvas = canvas[..., ::-1]
    kind = np.dtype(dtype)
    tensor = np.ascontiguousarray(
        canvas.transpose(0, 3, 1, 2), dtype=np.float32 if kind.kind == "f" else kind
    )
    if kind.kind != "f":
        return tensor  # a model of whole numbers scales by itself
    if preparation.scale != 1.0:
        tensor *= np.float32(preparation.scale)
    if any(preparation.mean) or preparation.std != (1.0, 1.0, 1.0):
        shape = (1, 3, 1, 1)
        tensor -= np.array(preparation.mean, np.float32).reshape(shape)
        tensor /= np.array(preparation.std, np.float32).reshape(shape)
    return tensor.astype(kind, copy=False)
