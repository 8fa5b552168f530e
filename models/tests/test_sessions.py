"""Sessions in this process and in a worker, with models that mean well and others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from kadr_models import sessions
from kadr_models.runtime import Wish
from kadr_models.sessions import InnerSession, WorkerSession
from kadr_sdk.errors import ModelError, TimeoutExceededError
from kadr_sdk.models import ModelSession, Tensor

ONES = {"x": np.ones((1, 3, 4, 4), np.float32)}


@pytest.fixture
def worker() -> Iterator[Callable[..., WorkerSession]]:
    """Opens sessions, and closes them."""
    opened: list[WorkerSession] = []

    def open_(path: Any, seconds: float = 60, memory: int = 4 << 30) -> WorkerSession:
        opened.append(WorkerSession(Wish(str(path), "cpu"), seconds=seconds, memory=memory))
        return opened[-1]

    yield open_
    for session in opened:
        session.close()


def check(session: ModelSession) -> None:
    assert session.provider == "cpu"
    assert session.inputs == (Tensor("x", "float32", (1, 3, 4, 4)),)
    for _ in range(2):
        (found,) = session.run(ONES)
        np.testing.assert_array_equal(found, np.full((1, 3, 4, 4), 2, np.float32))
    for feeds, words in (
        ({}, "the model takes x"),
        ({"z": ONES["x"]}, "the model takes x, not z"),
        ({"x": ONES["x"][:, :2]}, r"\[1, 2, 4, 4\]"),
        ({"x": ONES["x"][0]}, r"not float32 \[3, 4, 4\]"),
        ({"x": ONES["x"].astype(np.float64)}, "not float64"),
    ):
        with pytest.raises(ModelError, match=words):
            session.run(feeds)
    np.testing.assert_array_equal(session.run(ONES)[0][0, 0, 0, 0], np.float32(2))
    session.close()
    session.close()
    with pytest.raises(ModelError):
        session.run(ONES)


def test_in_this_process(makes: Any) -> None:
    session = InnerSession(str(makes.doubling()), "", 2, gpu=False)
    assert session.parallel == 2
    check(session)


def test_in_a_worker(makes: Any, worker: Callable[..., WorkerSession]) -> None:
    check(worker(makes.doubling()))


def test_an_endless_loop_ends(makes: Any, worker: Callable[..., WorkerSession]) -> None:
    session = worker(makes.endless(), seconds=30)
    session._seconds = 0.5
    with pytest.raises(TimeoutExceededError, match=r"took more than 0\.5 s and was stopped"):
        session.run(ONES)
    with pytest.raises(ModelError, match="the process of the model ended"):
        session.run(ONES)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_a_huge_tensor_stays_in_its_limits(makes: Any, worker: Callable[..., WorkerSession]) -> None:
    session = worker(makes.huge(), memory=2 << 30)
    with pytest.raises(ModelError, match="the model failed"):
        session.run(ONES)


def test_a_file_that_the_runtime_refuses(makes: Any, worker: Callable[..., WorkerSession]) -> None:
    path = makes.doubling()
    path.write_bytes(path.read_bytes().replace(b"Mul", b"Mux"))
    with pytest.raises(ModelError, match="ONNX Runtime refuses the model"):
        worker(path)
    with pytest.raises(ModelError, match="ONNX Runtime refuses the model"):
        InnerSession(str(path), "cpu", 1, gpu=False)


def test_a_worker_that_says_something_else(
    makes: Any, worker: Callable[..., WorkerSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    for lie in ({"arrays": []}, {"inputs": 3, "outputs": [], "provider": "cpu", "arrays": []}):
        monkeypatch.setattr(sessions, "receive", lambda _pipe, lie=lie: (lie, []))
        with pytest.raises(ModelError, match="says nothing of the model"):
            worker(makes.doubling())


def test_without_the_runtime_the_extra_is_named(makes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(Exception, match="needs ONNX Runtime") as caught:
        InnerSession(str(makes.doubling()), "cpu", 1, gpu=False)
    assert "kadr[recognition]" in getattr(caught.value, "hint", "")
