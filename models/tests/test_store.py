"""The store: taking models in, checking them, opening them; and the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from kadr_models.commands import run
from kadr_models.sessions import InnerSession, WorkerSession
from kadr_models.store import FileStore
from kadr_sdk.errors import InvalidParameterError, ModelError, NotFoundError
from kadr_sdk.models import ModelCard, Tensor
from onnx import TensorProto, helper

Stores = Callable[..., FileStore]
Cards = Callable[..., ModelCard]


def test_a_model_is_taken_in_and_runs_in_a_worker(makes: Any, store: Stores, card: Cards) -> None:
    taken = store().add(makes.doubling(), card())
    assert taken.inputs == (Tensor("x", "float32", (1, 3, 4, 4)),)
    again = store()
    assert again.card("m") == taken
    session = again.open("m")
    try:
        assert isinstance(session, WorkerSession)
        (found,) = session.run({"x": np.ones((1, 3, 4, 4), np.float32)})
        assert found.sum() == 96
    finally:
        session.close()


def test_weights_beside_the_model_come_with_it(makes: Any, store: Stores, card: Cards) -> None:
    tensor = TensorProto(data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL, name="w")
    tensor.external_data.add(key="location", value="w.bin")
    (makes.folder / "w.bin").write_bytes(np.float32(5).tobytes())
    path = makes.model([helper.make_node("Mul", ["x", "w"], ["y"])], [tensor])
    taken = store().add(path, card())
    assert [f.name for f in taken.files] == ["m.onnx", "w.bin"]
    session = store().open("m")
    assert session.run({"x": np.ones((1, 3, 4, 4), np.float32)})[0][0, 0, 0, 0] == 5
    session.close()
    weights = store().path(taken, taken.files[1])
    weights.write_bytes(np.float32(6).tobytes())
    with pytest.raises(ModelError, match="damaged"):
        store().open("m")


def test_a_model_that_kadr_knows_runs_here(
    makes: Any, store: Stores, card: Cards, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = store().add(makes.doubling(), card())
    found = store()
    monkeypatch.setattr(found, "card", lambda _name: replace(taken, trusted=True))
    session = found.open("m")
    assert isinstance(session, InnerSession)
    session.close()
    isolated = store(isolate=True)
    monkeypatch.setattr(isolated, "card", lambda _name: replace(taken, trusted=True))
    worker = isolated.open("m")
    assert isinstance(worker, WorkerSession)
    worker.close()


def test_refusals(makes: Any, store: Stores, card: Cards, tmp_path: Path) -> None:
    path = makes.doubling()
    with pytest.raises(ModelError, match="AGPL"):
        store().add(path, card(licence="AGPL-3.0"))
    store(allow_licenses="AGPL-3.0").add(path, card(licence="AGPL-3.0"))
    with pytest.raises(ModelError, match="AGPL"):
        store().open("m")
    with pytest.raises(ModelError, match="there is a model 'm' already"):
        store().add(path, card())
    with pytest.raises(ModelError, match="there is a model 'yolox-nano' already"):
        store().add(path, card("yolox-nano"))
    with pytest.raises(NotFoundError, match=r"unknown model 'yolox-nan'.*did you mean 'yolox-nano'"):
        store().open("yolox-nan")
    with pytest.raises(NotFoundError, match="kadr models add"):
        store().open("other.onnx")
    with pytest.raises(ModelError, match=r"not here.*kadr models fetch yolox-nano"):
        store().open("yolox-nano")
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no")
    with pytest.raises(ModelError, match="not a whole"):
        store().add(bad, card("bad"))
    assert not (tmp_path / "models" / "bad").exists()


def test_changed_on_disk(makes: Any, store: Stores, card: Cards) -> None:
    found = store()
    taken = found.add(makes.doubling(), card())
    path = found.path(taken)
    path.write_bytes(path.read_bytes() + b"\x08\x08")
    assert found.verify(taken) == ["m.onnx: the sha256 is not that of the card"]
    with pytest.raises(ModelError, match="damaged"):
        found.open("m")


def test_from_a_mirror_and_again(makes: Any, store: Stores, card: Cards, tmp_path: Path) -> None:
    taken = store().add(makes.doubling(), card())
    path = store().path(taken)
    path.unlink()
    with pytest.raises(ModelError, match="no such file"):
        store(mirror=tmp_path / "none").fetch(taken)
    assert store(mirror=tmp_path).fetch(taken) == [path]
    assert store(mirror=tmp_path).fetch(taken) == []
    path.write_bytes(b"damaged")
    assert store().fetch(taken, tmp_path) == [path]
    assert store().verify(taken) == []


def test_a_card_that_cannot_be_read_is_a_row(store: Stores, tmp_path: Path) -> None:
    for name, text in (("x", "id = 3"), ("y", "")):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "card.toml").write_text(text, "utf-8")
    assert [c.id for c in store().cards()] == ["fastestdet", "yolox-nano"]
    assert len(store().broken()) == 2


# -- the command -------------------------------------------------------------------------------


@pytest.fixture
def kadr(store: Stores, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs ``kadr models``; exit code and output."""

    def call(*argv: str, **settings: Any) -> tuple[int, str]:
        container = SimpleNamespace(get=lambda _kind: store(**settings))
        code = run(SimpleNamespace(container=container), argv)  # type: ignore[arg-type]  # a fake
        return code, capsys.readouterr().out

    return call


def test_the_command(kadr: Callable[..., tuple[int, str]], makes: Any, tmp_path: Path) -> None:
    assert "fastestdet  not here  detection  BSD-3-Clause" in kadr("list")[1]
    assert kadr("verify")[1] == "no model is here yet; see: kadr models list\n"
    (tmp_path / "names.txt").write_text("cat\ndog\n", "utf-8")
    path = str(makes.doubling("My Model.onnx"))
    with pytest.raises(ModelError, match="nobody has said"):
        kadr("add", path)
    assert kadr("add", path, "--licence", "MIT")[1].startswith("my-model: added, MIT, ")
    path = str(makes.doubling("mine.onnx"))
    code, out = kadr("add", path, "--licence", "MIT", "--classes", str(tmp_path / "names.txt"), "--json")
    assert code == 0
    assert json.loads(out)["classes"] == ["cat", "dog"]
    assert kadr("verify")[1] == "mine: whole\nmy-model: whole\n"
    assert "classes: 2: cat, dog" in kadr("info", "mine")[1]
    assert json.loads(kadr("info", "mine", "--json")[1])["state"] == "ready"
    (tmp_path / "models" / "mine" / "mine.onnx").write_bytes(b"x")
    assert kadr("verify", "mine") == (5, "mine: mine.onnx: the sha256 is not that of the card\n")
    assert kadr("fetch", "mine", "--from", str(tmp_path))[1] == "mine: fetched and checked; licence MIT\n"
    assert kadr("fetch", "mine", "--from", str(tmp_path))[1].startswith("mine: is here already")
    assert "Usage: kadr models" in kadr("--help")[1]
    with pytest.raises(InvalidParameterError, match="cannot be read"):
        kadr("add", path, "--id", "other", "--licence", "MIT", "--classes", str(tmp_path / "none"))
