"""Models that are wrong, cut off or hostile: one clear error each from the commands, and all else goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from onnx import TensorProto, helper
from PIL import Image

Kadr = Callable[..., tuple[int, str]]
SIDE = 64
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def value(name: str, shape: list[int] | None, kind: int = FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


PICTURE = value("images", [1, 3, SIDE, SIDE])
FOUND = value("found", [1, 6, 84])
ZERO = helper.make_tensor("zero", FLOAT, [1, 6, 84], [0.0] * 504)
NOTHING = helper.make_node("Identity", ["zero"], ["found"])


def model(
    nodes: Any = (NOTHING,), inputs: Any = (PICTURE,), outputs: Any = (FOUND,), weights: Any = (ZERO,)
) -> bytes:
    graph = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), list(weights))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(made.SerializeToString())


def number(name: str, shape: list[int], values: list[int], kind: int = INT64) -> Any:
    return helper.make_tensor(name, kind, shape, values)


def endless() -> bytes:
    """A loop of 2^62 turns."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Mul", ["v", "v"], ["w"])],
        "body",
        [value("i", [], INT64), value("go", [], TensorProto.BOOL), value("v", None)],
        [value("on", [], TensorProto.BOOL), value("w", None)],
    )
    loop = helper.make_node("Loop", ["turns", "yes", "zero"], ["found"], body=body)
    turns, yes = number("turns", [], [1 << 62]), number("yes", [], [1], TensorProto.BOOL)
    return model([loop], weights=[ZERO, turns, yes])


def huge() -> bytes:
    """A tensor of 64 GiB, made while the model runs."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["big"]),
        helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=0),
        helper.make_node("Add", ["zero", "sum"], ["found"]),
    ]
    return model(nodes, weights=[ZERO, number("shape", [2], [1 << 17, 1 << 17])])


def outside() -> bytes:
    """Weights that lie in a file of the system."""
    stolen = helper.make_tensor("zero", FLOAT, [1, 6, 84], [0.0] * 504)
    stolen.ClearField("float_data")
    stolen.data_location = TensorProto.EXTERNAL
    stolen.external_data.add(key="location", value="../../../etc/hostname")
    return model(weights=[stolen])


def claims() -> bytes:
    """A tensor that says to be larger than its data."""
    large = helper.make_tensor("zero", FLOAT, [1, 6, 84], [0.0] * 504)
    del large.dims[:]
    large.dims.extend([1 << 31, 6, 84])
    return model(weights=[large])


def strange() -> bytes:
    """Outputs that are laid out as those of no detector."""
    return model(
        outputs=[value("found", [1, 2, 3, 84])],
        weights=[helper.make_tensor("zero", FLOAT, [1, 2, 3, 84], [0.0] * 504)],
    )


HOSTILE = {
    "cut-off": (model()[:-900], "not a whole"),
    "random-bytes": (bytes(range(256)) * 40, "not a whole"),
    "text": (b"this is no model\n", "not a whole"),
    "empty": (b"", "empty"),
    "huge-tensor-declared": (claims(), "more than 4 GiB"),
    "huge-tensor-made": (huge(), "failed"),
    "endless-loop": (endless(), "took more than"),
    "weights-outside-its-folder": (outside(), "outside the model's folder"),
    "two-inputs": (model(inputs=[PICTURE, value("more", [1])]), "inputs"),
    "input-of-whole-numbers": (model(inputs=[value("images", [1, 3, SIDE, SIDE], INT64)]), "int64"),
    "input-without-channels": (
        model(inputs=[value("images", [1, SIDE * SIDE])]),
        "a detector takes pictures",
    ),
    "input-of-a-huge-picture": (model(inputs=[value("images", [1, 3, 1 << 20, 1 << 20])]), "has the shape"),
    "outputs-of-no-family": (strange(), "family"),
    "operator-that-does-not-exist": (model([helper.make_node("Steal", ["zero"], ["found"])]), "refuses"),
}


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    home = tmp_path_factory.mktemp("home")
    (home / "config").mkdir()
    with boot(environ={"KADR_HOME": str(home)}) as running:
        running.config.set("plugin.kadr.models.seconds", 2)
        running.config.set("plugin.kadr.models.memory_mb", 2048)
        yield running


@pytest.fixture
def kadr(kernel: Kernel, capfd: pytest.CaptureFixture[str]) -> Kadr:
    """Runs a command; exit code and errors."""

    def call(*argv: object) -> tuple[int, str]:
        code = kernel.catalogue.load("host", "cli").run(kernel, [str(a) for a in argv])
        return code, capfd.readouterr().err

    return call


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_meets_one_clear_error(name: str, kadr: Kadr, tmp_path: Path) -> None:
    data, words = HOSTILE[name]
    (tmp_path / f"{name}.onnx").write_bytes(data)
    Image.new("RGB", (SIDE, SIDE), "red").save(tmp_path / "a.png")
    code, said = kadr("models", "add", tmp_path / f"{name}.onnx", "--licence", "MIT")
    if code == 0:
        code, said = kadr("recognize", tmp_path / "a.png", "--model", name)
    assert code in (2, 3, 4, 7)
    assert said.count("error: ") == 1
    assert words in said


def test_the_host_goes_on(kadr: Kadr, tmp_path: Path) -> None:
    (tmp_path / "honest.onnx").write_bytes(model())
    Image.new("RGB", (SIDE, SIDE), "red").save(tmp_path / "a.png")
    (tmp_path / "bad.onnx").write_bytes(huge())
    for name, code in (("honest", 0), ("bad", 2), ("honest", 0)):
        kadr("models", "add", tmp_path / f"{name}.onnx", "--licence", "MIT")
        assert kadr("recognize", tmp_path / "a.png", "--model", name, "--no-cache")[0] == code
