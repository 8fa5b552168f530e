"""Shared test vectors: inputs by formula, expected hashes from a reference in whole numbers.

``python sdk/abi/vectors/make.py`` writes one JSON file for each example effect. Every SDK runs them:
fill the inputs by :func:`samples`, call the guest, hash the output by :func:`digest`. The references
say what the effects mean, in numpy; no guest had a part in the numbers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from kadr_sdk.frames import pixel_format
from kadr_sdk.testing.vectors import digest, picture, samples
from numpy.typing import NDArray

__all__ = ["EFFECTS", "digest", "picture", "samples", "vectors"]

FOLDER = Path(__file__).resolve().parent
Plane = NDArray[np.int64]
Planes = Sequence[Plane]
FORMATS = ("yuv420p", "yuv444p", "yuv422p10le", "yuva420p", "yuv444p16le")
SIZES = ((1, 1), (33, 18), (127, 5), (256, 32))


def invert(inputs: Sequence[Planes], case: Mapping[str, Any]) -> list[Plane]:
    """Every value mixed with its opposite by n/128; alpha stays."""
    depth = pixel_format(case["format"]).depth
    amount = int(case["values"]["amount"] * 128 + 0.5)
    made = []
    for index, plane in enumerate(inputs[0]):
        if index == 3:
            made.append(plane)
            continue
        total = 1 << depth if index in (1, 2) else (1 << depth) - 1
        if index == 0 and case["range"] == "tv":
            total = 251 << (depth - 8)
        opposite = np.maximum(total - plane, 0)
        mixed = (plane * (128 - amount) + opposite * amount + 64) >> 7
        made.append(np.minimum(mixed, (1 << depth) - 1))
    return made


def temporal_blur(inputs: Sequence[Planes], case: Mapping[str, Any]) -> list[Plane]:
    """Weights n/256 for the four neighbours, the rest for the picture itself."""
    other = int(case["values"]["strength"] * 51.2 + 0.5)
    return [
        (planes[2] * (256 - 4 * other) + (planes[0] + planes[1] + planes[3] + planes[4]) * other + 128) >> 8
        for planes in zip(*inputs, strict=True)
    ]


def wipe_soft(inputs: Sequence[Planes], case: Mapping[str, Any]) -> list[Plane]:
    """The next clip where the edge has passed, mixed by n/256 within the softness."""
    direction, softness = case["values"]["direction"], max(case["values"]["softness"], 1e-4)
    made = []
    for a, b in zip(*inputs, strict=True):
        upright = direction in ("up", "down")
        length = a.shape[0] if upright else a.shape[1]
        way = (np.arange(length) + 0.5) / length
        if direction in ("left", "up"):
            way = 1.0 - way
        part = np.clip((case["progress"] * (1.0 + softness) - way) / softness, 0.0, 1.0)
        mask = (part * 256.0 + 0.5).astype(np.int64)
        mask = mask[:, None] if upright else mask[None, :]
        made.append((a * (256 - mask) + b * mask + 128) >> 8)
    return made


def _averaged(plane: Plane, radius: int, axis: int) -> Plane:
    """The mean over 2 radius + 1 values of an axis, edges repeated, as ``sum * (65536 // n) >> 16``."""
    size, count = 2 * radius + 1, plane.shape[axis]
    places = np.clip(np.arange(-radius, count + radius), 0, count - 1)
    sums = np.cumsum(np.take(plane, places, axis), axis)
    sums = np.concatenate([np.zeros_like(np.take(sums, [0], axis)), sums], axis)
    high, low = np.arange(size, size + count), np.arange(count)
    return (np.take(sums, high, axis) - np.take(sums, low, axis)) * (65536 // size) >> 16


def glow(inputs: Sequence[Planes], case: Mapping[str, Any]) -> list[Plane]:
    """Luma above a threshold, averaged over a square, added n/256; the other planes stay."""
    top, values = (1 << pixel_format(case["format"]).depth) - 1, case["values"]
    radius = min(64, int(values["radius"] + 0.5))
    luma, threshold = inputs[0][0], int(values["threshold"] * top + 0.5)
    light = _averaged(_averaged(np.maximum(luma - threshold, 0), radius, 1), radius, 0)
    lit = luma + (light * int(values["strength"] * 256 + 0.5) >> 8)
    return [np.minimum(lit, top), *inputs[0][1:]]


def split_screen(inputs: Sequence[Planes], case: Mapping[str, Any]) -> list[Plane]:
    """Every picture cut to the middle of its cell; black between."""
    form = pixel_format(case["format"])
    width, height = case["width"], case["height"]
    shape, gap, count = case["values"]["arrangement"], case["values"]["gap"], len(inputs)
    columns = {"columns": count, "rows": 1}.get(shape, min(count, 2))
    rows = -(-count // columns)

    def stretch(whole: int, number: int, parts: int) -> tuple[int, int]:
        free = max(0, whole - gap * (parts - 1))
        return free * number // parts + gap * number, free * (number + 1) // parts + gap * number

    made = []
    for index, own in enumerate(inputs[0]):
        black = (1 << form.depth) - 1 if index == 3 else 1 << (form.depth - 1)
        if index == 0:
            black = 0 if case["range"] == "pc" else 16 << (form.depth - 8)
        out = np.full_like(own, black)
        tall, wide = own.shape
        for number, planes in enumerate(inputs):
            left, right = (x * wide // width for x in stretch(width, number % columns, columns))
            top, bottom = (y * tall // height for y in stretch(height, number // columns, rows))
            x, y = (wide - (right - left)) // 2, (tall - (bottom - top)) // 2
            part = planes[index][y : y + bottom - top, x : x + right - left]
            out[top:bottom, left:right] = part
        made.append(out)
    return made


EFFECTS: Mapping[str, tuple[Callable[..., list[Plane]], int, tuple[int, int], list[dict[str, Any]]]] = {
    "glow": (
        glow, 1, (0, 0),
        [
            {"radius": radius, "threshold": threshold, "strength": strength}
            for radius in (0.0, 3.0, 64.0)
            for threshold, strength in ((0.25, 1.0), (0.0, 4.0), (0.7, 0.33))
        ],
    ),
    "invert": (invert, 1, (0, 0), [{"amount": 1.0}, {"amount": 0.3}, {"amount": 0.0}]),
    "split_screen": (
        split_screen, 3, (0, 0),
        [{"arrangement": a, "gap": g} for a in ("columns", "rows", "grid") for g in (0, 3)],
    ),
    "temporal_blur": (temporal_blur, 1, (2, 2), [{"strength": 1.0}, {"strength": 0.37}]),
    "wipe_soft": (
        wipe_soft, 2, (0, 0),
        [{"direction": d, "softness": s} for d in ("left", "right", "up", "down") for s in (0.0, 0.2, 1.0)],
    ),
}  # fmt: skip
"""By name: the reference, how many inputs, the window, and sets of values."""


def vectors(name: str) -> list[dict[str, Any]]:
    """All cases of an effect with their expected hashes."""
    cases = []
    for number, (format, size) in enumerate((f, s) for f in FORMATS for s in SIZES):
        sets = EFFECTS[name][3]
        for step in range(2):
            case: dict[str, Any] = {
                "format": format, "width": size[0], "height": size[1],
                "range": "pc" if number % 3 == 0 else "tv", "frame": 5 * number + step,
                "progress": ((7 * number + 3 * step) % 11) / 10,
                "values": sets[(2 * number + step) % len(sets)],
            }  # fmt: skip
            cases.append(case | {"sha256": _expected(name, case)})
    return cases


def _expected(name: str, case: Mapping[str, Any]) -> str:
    reference, inputs, (before, after), _sets = EFFECTS[name]
    words = "<u2" if pixel_format(case["format"]).depth > 8 else "u1"
    frames = [
        [p.astype(np.int64) for p in picture(case["format"], case["width"], case["height"], i, at).planes]
        for i in range(inputs)
        for at in range(case["frame"] - before, case["frame"] + after + 1)
    ]
    return digest([p.astype(words) for p in reference(frames, case)])


def text(name: str) -> str:
    """The JSON file of an effect, one case a line."""
    rows = ",\n".join("  " + json.dumps(case, sort_keys=True) for case in vectors(name))
    return f"[\n{rows}\n]\n"


def main() -> None:
    """Write all files."""
    for name in EFFECTS:
        (FOLDER / f"{name}.json").write_text(text(name), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
