"""Files that are read before the runtime sees them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_models.onnxfile import read_onnx
from kadr_models.wire import WireError, fields
from kadr_sdk.errors import ModelError
from kadr_sdk.models import Tensor
from onnx import TensorProto, helper

X = Tensor("x", "float32", (1, 3, 4, 4))


def test_what_a_model_declares(makes: Any) -> None:
    facts = read_onnx(makes.doubling())
    assert facts.inputs == (X,)
    assert [t.name for t in facts.outputs] == ["y"]
    assert (facts.opset, facts.nodes, facts.external) == (13, 1, ())


def test_nodes_of_a_loop_count(makes: Any) -> None:
    assert read_onnx(makes.endless()).nodes == 3


def test_cut_off_anywhere_it_is_refused(makes: Any) -> None:
    whole = makes.doubling().read_bytes()
    path = makes.folder / "cut.onnx"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        try:
            facts = read_onnx(path)
        except ModelError:
            continue
        assert facts.inputs == (X,), "whatever is taken has its graph"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "not a whole ONNX model"),
        (b"<html>not found</html>", "not a whole ONNX model"),
        (b"\x08\x08", "no graph"),
        (b"\x08\x08\x3a\x00", "no inputs"),
        (b"\x08\x08\x3a\xff\xff\xff\xff\x0f", "are left"),
    ],
)
def test_other_files(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=words):
        read_onnx(tmp_path / "m.onnx")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        read_onnx(tmp_path / "none.onnx")


def _weight(makes: Any, tensor: Any) -> Path:
    tensor.name = "w"
    return Path(makes.model([helper.make_node("Mul", ["x", "w"], ["y"])], [tensor]))


def test_a_tensor_larger_than_its_data(makes: Any) -> None:
    tensor = TensorProto(data_type=TensorProto.FLOAT, dims=[1000, 1000], raw_data=b"\0" * 4)
    with pytest.raises(ModelError, match="needs 4000000 bytes and has 4"):
        read_onnx(_weight(makes, tensor))


@pytest.mark.parametrize("dims", [[1 << 40], [1 << 31, 1 << 31, 1 << 31], [-1]])
def test_a_tensor_beyond_all_limits(makes: Any, dims: list[int]) -> None:
    with pytest.raises(ModelError, match=r"more than 4 GiB|impossible shape"):
        read_onnx(_weight(makes, TensorProto(data_type=TensorProto.FLOAT, dims=dims)))


def _external(makes: Any, location: str) -> Path:
    tensor = TensorProto(data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return _weight(makes, tensor)


@pytest.mark.parametrize(
    "location",
    ["../w.bin", "/etc/passwd", "a/w.bin", "..\\w.bin", "C:\\w.bin", "C:w.bin", "..", "", "w\0.bin"],
)
def test_weights_outside_its_folder(makes: Any, location: str) -> None:
    with pytest.raises(ModelError, match="outside the model's folder"):
        read_onnx(_external(makes, location))


def test_weights_in_a_constant_of_a_loop_are_seen_too(makes: Any) -> None:
    tensor = TensorProto(data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../../secret")
    constant = helper.make_node("Constant", [], ["c"], value=tensor)
    with pytest.raises(ModelError, match="outside"):
        read_onnx(makes.model([constant, helper.make_node("Mul", ["x", "c"], ["y"])]))


def test_weights_beside_it_are_taken(makes: Any) -> None:
    path = _external(makes, "w.bin")
    with pytest.raises(ModelError, match="not beside it"):
        read_onnx(path)
    (makes.folder / "w.bin").write_bytes(b"\0\0\0\0")
    assert read_onnx(path).external == ("w.bin",)


def test_a_link_out_of_the_folder_is_no_file_beside_it(makes: Any, tmp_path_factory: Any) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "secret"
    elsewhere.write_bytes(b"\0\0\0\0")
    try:
        (makes.folder / "w.bin").symlink_to(elsewhere)
    except OSError:
        pytest.skip("this system makes no links")
    with pytest.raises(ModelError, match="not beside it"):
        read_onnx(_external(makes, "w.bin"))


def test_graphs_within_graphs_have_an_end(makes: Any) -> None:
    graph = helper.make_graph([], "g", [], [])
    for _ in range(20):
        inner = helper.make_node("If", ["c"], ["y"], then_branch=graph)
        graph = helper.make_graph([inner], "g", [], [])
    node = helper.make_node("If", ["x"], ["y"], then_branch=graph)
    with pytest.raises(ModelError, match="nested deeper"):
        read_onnx(makes.model([node]))


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with contextlib.suppress(WireError):
        assert sum(1 for _ in fields(memoryview(data))) <= len(data)
