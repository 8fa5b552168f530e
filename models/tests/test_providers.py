"""Where a model runs: what the runtime has, what works, what the user wants."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kadr_models import runtime
from kadr_models.providers import available, candidates
from kadr_models.runtime import Wish, load
from kadr_sdk.errors import GpuError, InvalidParameterError, NotSupportedError

EVERY = ["AzureExecutionProvider", "CPUExecutionProvider", "TensorrtExecutionProvider"]
EVERY += ["CUDAExecutionProvider", "DmlExecutionProvider"]


class FakeRuntime:
    """Has all of them; those of ``dead`` fall back to the processor, as the real one does."""

    def __init__(self, dead: tuple[str, ...] = (), broken: tuple[str, ...] = ()) -> None:
        self.dead, self.broken = dead, broken

    def get_available_providers(self) -> list[str]:
        return EVERY

    def SessionOptions(self) -> Any:  # noqa: N802 - the runtime's name
        return SimpleNamespace(add_session_config_entry=lambda *_: None)

    def InferenceSession(  # noqa: N802 - the runtime's name
        self, _path: str, _options: Any, providers: list[str]
    ) -> Any:
        if providers[0] in self.broken:
            raise RuntimeError("no device")
        used = providers[1:] if providers[0] in self.dead else providers
        return SimpleNamespace(get_providers=lambda: used, get_inputs=list, get_outputs=list)


def test_preferred_first() -> None:
    assert available(FakeRuntime()) == ("cuda", "tensorrt", "directml", "cpu")  # type: ignore[arg-type]  # a fake


def test_candidates() -> None:
    there = ("cuda", "tensorrt", "cpu")
    assert candidates("", there) == candidates("auto", there) == ("cuda", "cpu")
    assert candidates("", there, gpu=False) == ("cpu",)
    assert candidates("tensorrt", there) == ("tensorrt",)
    with pytest.raises(InvalidParameterError, match="unknown provider 'cud'") as caught:
        candidates("cud", there)
    assert "'cuda'" in caught.value.hint
    with pytest.raises(NotSupportedError, match="cannot run models on coreml; it has cuda, tensorrt, cpu"):
        candidates("coreml", there)


@pytest.mark.parametrize(
    ("dead", "broken", "used"),
    [
        ((), (), "cuda"),
        (("CUDAExecutionProvider",), (), "directml"),
        (("CUDAExecutionProvider",), ("DmlExecutionProvider",), "cpu"),
    ],
)
def test_what_does_not_work_is_passed_over(
    dead: tuple[str, ...], broken: tuple[str, ...], used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "load_runtime", lambda: FakeRuntime(dead, broken))
    assert load(Wish("m.onnx")).provider == used


def test_what_was_named_must_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "load_runtime", lambda: FakeRuntime(("CUDAExecutionProvider",)))
    with pytest.raises(GpuError, match="cannot run on cuda"):
        load(Wish("m.onnx", "cuda"))
