"""Makes what the example needs: pictures of a ball and a kite, and a detector that knows both.

    python make.py [FOLDER]

The detector is an ONNX model of plain operators: what is red is a ball, what is yellow is a kite, and
the box of each is from the first to the last column and row in which it is. It stands in for a trained
one: everything after it is the same. Needs Pillow and onnx.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

from onnx import ModelProto, NodeProto, TensorProto, helper
from PIL import Image, ImageDraw

SIZE, RATE, SECONDS = (640, 360), 15, 8
INPUT = (256, 144)
CLASSES = ("ball", "kite")
FINE = 2  # drawn so many times larger, and made small

Colour = tuple[int, int, int]


def ball(time: float) -> tuple[float, float]:
    """The middle of the ball: across and back, a jump each second."""
    x = 320 + 270 * math.sin(2 * math.pi * (time / SECONDS - 0.25))
    return x, 285 - 110 * abs(math.sin(math.pi * time))


def kite(time: float) -> tuple[float, float] | None:
    """The middle of the kite, which is there for a while."""
    return (700 - 170 * (time - 2), 70 + 20 * math.sin(3 * time)) if 2 <= time < 6.5 else None


def sky() -> Image.Image:
    """What does not move."""
    width, height = SIZE[0] * FINE, SIZE[1] * FINE
    column = Image.new("RGB", (1, height))
    for y in range(height):
        part = y / height
        column.putpixel((0, y), (round(96 + 90 * part), round(140 + 70 * part), round(190 + 20 * part)))
    found = column.resize((width, height))
    draw = ImageDraw.Draw(found)
    for number, colour in enumerate(((104, 140, 128), (76, 116, 100), (52, 88, 76))):
        top = [(x, height * (0.62 + 0.11 * number) + 60 * math.sin(x / (190 + 40 * number) + 2 * number))
               for x in range(0, width + 20, 20)]  # fmt: skip
        draw.polygon([*top, (width, height), (0, height)], fill=colour)
    return found


def picture(back: Image.Image, time: float) -> Image.Image:
    """The picture at a time in seconds."""
    found = back.copy()
    draw = ImageDraw.Draw(found)
    if (place := kite(time)) is not None:
        x, y = (v * FINE for v in place)
        draw.line([(x, y), (x + 60 * FINE, y + 90 * FINE)], fill=(70, 70, 80), width=FINE)
        draw.polygon([(x, y - 52), (x + 40, y), (x, y + 60), (x - 40, y)], fill=(250, 214, 40))
    x, y = (v * FINE for v in ball(time))
    draw.ellipse([x - 56, y - 56, x + 56, y + 56], fill=(214, 44, 40))
    draw.ellipse([x - 34, y - 38, x - 12, y - 16], fill=(236, 96, 88))
    return found.resize(SIZE, Image.Resampling.LANCZOS)


def detector() -> ModelProto:
    """The model: input (1, 3, 144, 256) RGB from 0 to 1, output (1, 2, 6) corners, score, class."""
    nodes: list[NodeProto] = []
    width, height = INPUT

    def node(kind: str, inputs: list[str], name: str, **facts: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [name], **facts))
        return name

    def constant(name: str, *values: float) -> str:
        value = helper.make_tensor(name, TensorProto.FLOAT, [1, len(values)], values)
        return node("Constant", [], name, value=value)

    nodes.append(helper.make_node("Split", ["images"], ["r", "g", "b"], axis=1))
    node("Sub", ["r", node("Max", ["g", "b"], "cool")], "ball")
    node("Sub", [node("Min", ["r", "g"], "warm"), "b"], "kite")
    least, one = constant("least", 0.25), constant("one", 1)
    rows = []
    for number, name in enumerate(CLASSES):
        there = node("Cast", [node("Greater", [name, least], f"{name}?")], f"{name}_is", to=TensorProto.FLOAT)
        ends = []
        for side, axis in (("x", 2), ("y", 3)):
            line = node("ReduceMax", [there], f"{name}_{side}", axes=[1, axis], keepdims=0)
            for last in (0, 1):
                at = node("ArgMax", [line], f"{line}{last}", axis=1, select_last_index=last)
                ends.append(node("Cast", [at], f"{at}f", to=TensorProto.FLOAT))
        left, right, top, bottom = ends
        right, bottom = node("Add", [right, one], f"{right}+"), node("Add", [bottom, one], f"{bottom}+")
        most = [node("ReduceMax", [v], f"{v}_most", axes=[1, 2, 3], keepdims=0) for v in (name, there)]
        score = node("Unsqueeze", [node("Mul", most, f"{name}_score"), "first"], f"{name}_sure")
        parts = [left, top, right, bottom, score, constant(f"{name}_class", number)]
        rows.append(node("Concat", parts, f"{name}_row", axis=1))
    node("Unsqueeze", [node("Concat", rows, "both", axis=0), "zero"], "found")
    graph = helper.make_graph(
        nodes,
        "ball and kite",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, height, width])],
        [helper.make_tensor_value_info("found", TensorProto.FLOAT, [1, len(CLASSES), 6])],
        [helper.make_tensor(name, TensorProto.INT64, [1], [at]) for name, at in (("zero", 0), ("first", 1))],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def main(folder: Path) -> None:
    """Write ``pictures/``, ``blobs.onnx`` and ``classes.txt``."""
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    back = sky()
    for number in range(RATE * SECONDS):
        picture(back, number / RATE).save(pictures / f"{number:04d}.png", compress_level=1)
    (folder / "blobs.onnx").write_bytes(detector().SerializeToString())
    (folder / "classes.txt").write_text("\n".join(CLASSES) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
