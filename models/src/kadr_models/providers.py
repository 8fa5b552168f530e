"""Where models run: by what the installed runtime can really do, found by asking it."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from kadr_sdk.errors import DependencyMissingError, InvalidParameterError, NotSupportedError, did_you_mean

__all__ = ["PROVIDERS", "available", "candidates", "load_runtime", "name_of"]

PROVIDERS = {
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
"""Our names, the preferred first, and the runtime's."""
_ONLY_BY_NAME = ("tensorrt",)
"""Builds an engine for minutes before the first result: nobody gets that without asking."""


def load_runtime() -> ModuleType:
    """ONNX Runtime.

    Raises:
        DependencyMissingError: it is not installed, or its library cannot be loaded.
    """
    try:
        import onnxruntime  # type: ignore[import-untyped]  # it brings no types
    except ImportError as error:
        raise DependencyMissingError(
            "running models needs ONNX Runtime, which is not installed"
            if isinstance(error, ModuleNotFoundError)
            else f"ONNX Runtime cannot be loaded: {error}",
            hint="pip install 'kadr[recognition]' (onnxruntime-gpu instead of onnxruntime for CUDA)",
        ) from error
    onnxruntime.set_default_logger_severity(4)  # its lines would land between ours
    return onnxruntime  # type: ignore[no-any-return]  # the runtime has no types


def available(runtime: ModuleType) -> tuple[str, ...]:
    """Our names of the providers that this build has, the preferred first."""
    there = set(runtime.get_available_providers())
    return tuple(name for name, theirs in PROVIDERS.items() if theirs in there)


def name_of(theirs: str) -> str:
    """Our name of one of the runtime's providers."""
    return next((name for name, found in PROVIDERS.items() if found == theirs), theirs)


def candidates(wanted: str, there: Sequence[str], *, gpu: bool = True) -> tuple[str, ...]:
    """Providers to try in order; one alone where the user has named it.

    Args:
        gpu: graphics processors may be used.

    Raises:
        InvalidParameterError: no such provider.
        NotSupportedError: the installed runtime does not have it.
    """
    if wanted in ("", "auto"):
        return tuple(n for n in there if n == "cpu" or (gpu and n not in _ONLY_BY_NAME))
    if wanted not in PROVIDERS:
        hint = did_you_mean(wanted, ["auto", *PROVIDERS])
        raise InvalidParameterError(f"unknown provider {wanted!r}", path="provider", hint=hint)
    if wanted not in there:
        raise NotSupportedError(
            f"the installed ONNX Runtime cannot run models on {wanted}; it has {', '.join(there)}",
            hint="install its build for that device, such as onnxruntime-gpu",
        )
    return (wanted,)
